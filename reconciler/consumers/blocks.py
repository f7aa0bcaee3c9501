"""Text files in blocks, one an account, each begun by a comment that names it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.consumers.form import Had
from reconciler.model.secrets.values import SecretValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_BEGIN = re.compile(r"# account: ([a-z0-9._-]+)")

_END = "# end of the accounts"


def joined(blocks: Iterable[tuple[str, Sequence[str]]], *, head: Sequence[str] = (), foot: Sequence[str] = ()) -> str:
    """Return a text of lines: the head, for each account its comment and its lines, and the foot."""
    lines = [*head]
    for name, block in blocks:
        lines += [f"# account: {name}", *block]
    if foot:
        lines += [_END, *foot]
    return "".join(f"{line}\n" for line in lines)


def split(text: str) -> Mapping[str, list[str]]:
    """Return the lines of each account, by name; head and foot are under "".

    Raises ``ValueError`` where an account stands there twice.
    """
    found: dict[str, list[str]] = {"": []}
    current = found[""]
    for line in text.split("\n"):
        if line == _END:
            current = found[""]
            continue
        begun = _BEGIN.fullmatch(line)
        if begun is None:
            if line:
                current.append(line)
            continue
        if begun[1] in found:
            raise ValueError("an account stands there twice")
        current = found[begun[1]] = []
    return found


def pulled(lines: Sequence[str], pattern: re.Pattern[str]) -> tuple[str, str | None]:
    """Return the lines as one text without the secret, and the secret; None where no line has one.

    The pattern has three groups: before the secret, the secret, and after it.
    """
    secret: str | None = None
    kept = []
    for line in lines:
        found = pattern.fullmatch(line)
        if found is not None and secret is None:
            secret = found[2]
            kept.append(f"{found[1]}{found[3]}")
        else:
            kept.append(line)
    return "\n".join(kept), secret


def held(text: str, password: re.Pattern[str]) -> Mapping[str, Had]:
    """Return what a text holds of each account, ``password`` pulled out of it as ``pulled`` has it."""
    blocks = {name: pulled(lines, password) for name, lines in split(text).items() if name}
    return {
        name: Had(shape=shape, secret=SecretValue(secret) if secret is not None else None)
        for name, (shape, secret) in blocks.items()
    }
