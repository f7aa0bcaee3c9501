"""The list of survivors that are known, each with the reason why no test can or need tell it from the code."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.mutants.mutants import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a run found beside what the list says."""

    unexplained: tuple[Identity, ...]
    stale: tuple[Identity, ...]
    """In the list, and killed by now, or no mutant any more."""


def read_explained(path: Path) -> dict[Identity, str]:
    """Return each listed survivor with its reason; ValueError for one without, or listed twice."""
    listed: dict[Identity, str] = {}
    for group in tomllib.loads(path.read_text(encoding="utf-8")).get("explained", []):
        why = group["why"].strip()
        for mutant in group["mutants"]:
            identity = Identity(group["in"], mutant["was"], mutant["becomes"], mutant.get("nth", 1))
            if not why or identity in listed:
                raise ValueError(f"{path}: {identity} has no reason, or is listed twice")
            listed[identity] = why
    return listed


def compare(survivors: Iterable[Identity], explained: Mapping[Identity, str], *, where: Sequence[str]) -> Comparison:
    """Compare survivors with the list, as far as it speaks of these places; of all it says where there are none."""
    found = set(survivors)
    concerned = {each for each in explained if not where or any(each.is_in(one) for one in where)}
    return Comparison(tuple(sorted(found - explained.keys())), tuple(sorted(concerned - found)))


def as_toml(identities: Iterable[Identity]) -> str:
    """Return entries to paste, with the reason left to write."""
    by_place: dict[str, list[Identity]] = {}
    for each in identities:
        by_place.setdefault(each.where, []).append(each)
    return "\n".join(_group(where, mutants) for where, mutants in by_place.items())


def _group(where: str, mutants: Iterable[Identity]) -> str:
    lines = [f'[[explained]]\nin = "{where}"\nwhy = ""\nmutants = [']
    for each in mutants:
        nth = f", nth = {each.nth}" if each.nth > 1 else ""
        lines.append(f"    {{ was = {_quoted(each.was)}, becomes = {_quoted(each.becomes)}{nth} }},")
    return "\n".join([*lines, "]", ""])


def _quoted(text: str) -> str:
    """Return a TOML string: as it stands where it can."""
    if "'" not in text:
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
