"""What many lines of a plan say in the same words, checked once and read once.

Nine tenths of a line are what was verified, and many accounts have the same. So a line is taken apart: the *member* that
says it, and the *rest* of the line, in which a short text stands for it.

Premise: within a text of JSON a quote has a backslash before it, so ``,"KEY":`` is nothing but a key and its colon, and a
value stands behind it. So a line is canonical JSON where its rest and its member are, each by itself; and where the rest
has that key once, the member belongs where the rest has its stand-in. Whatever is not surely so is read whole.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from reconciler.classes import dataclass
from reconciler.model.canonical import canonical_json
from reconciler.model.plan import Change, PreparedAccount
from reconciler.model.verification.evidence import Evidence, Verification
from reconciler.planfile.refusals import refuse_constant

if TYPE_CHECKING:
    from collections.abc import Callable

Part = TypeVar("Part", Change, PreparedAccount)
_MOST_KEPT = 64
"""Of the members that were met last; where every account has another, no more are held."""
_STRICT = json.JSONDecoder(parse_constant=refuse_constant)


class NotCanonical(ValueError):
    """A text is JSON, and not written as reconciler writes it."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Where lines of one kind say what was verified."""

    key: str
    model: type[Evidence | Verification]
    behind: str
    """What follows the member in a line that this version wrote."""
    stand_in: str
    """A short text that may stand there instead."""

    def of(self, line: str) -> tuple[str, str] | None:
        """Return rest and member of a line; None for a line that has no such member."""
        before = f',"{self.key}":'
        at, end = line.find(before + "{"), line.rfind(self.behind)
        if at < 0 or end < at:
            return None
        start = at + len(before)
        return f"{line[:start]}{self.stand_in}{line[end:]}", line[start:end]


IN_CHANGE = Apart("verification", Verification, "}", '{"status":"unchanged"}')
IN_ACCOUNT = Apart("evidence", Evidence, ',"fingerprints":', "null")


class _Met:
    """The members that were met last: only one that comes again is worth a look of its own, beside that at its line."""

    def __init__(self) -> None:
        """Begin with none."""
        self._members: dict[str, None] = {}

    def again(self, member: str) -> bool:
        """Tell whether a member was met before, and note that it is met now."""
        if member in self._members:
            return True
        if len(self._members) >= _MOST_KEPT:
            self._members.clear()
        self._members[member] = None
        return False


_CHECKED, _READ = _Met(), _Met()


def canonical_value(text: str) -> object:
    """Return the value of canonical JSON; raise ``NotCanonical`` for other JSON, ``ValueError`` for what is none."""
    value: object = _STRICT.decode(text)
    if canonical_json(value) != text:  # so no key stands in it twice either
        raise NotCanonical
    return value


def value_of_rest(line: str, apart: Apart) -> object:
    """Return the value of a line's rest, where rest and member show that the line is canonical; None where they do not."""
    taken = apart.of(line)
    if taken is None or not _CHECKED.again(taken[1]):
        return None
    rest, member = taken
    try:
        _require_canonical(member)
        return canonical_value(rest)
    except ValueError:
        return None


@lru_cache(maxsize=_MOST_KEPT)
def _require_canonical(member: str) -> None:
    canonical_value(member)


def part_of(line: str, apart: Apart, read: Callable[[str], Part]) -> Part:
    """Return what ``read`` makes of a line that is known to be canonical; lines with the same member share its value."""
    taken = apart.of(line)
    found = value_of_member(taken[1], apart.model) if taken is not None and _READ.again(taken[1]) else None
    if taken is None or found is None or taken[0].count(f'"{apart.key}":') != 1:
        return read(line)
    part = read(taken[0])
    if apart.key not in part.model_fields_set:
        return read(line)
    part.__dict__[apart.key] = found  # nobody else has the part yet
    return part


@lru_cache(maxsize=_MOST_KEPT)
def value_of_member(member: str, model: type[Evidence | Verification]) -> Evidence | Verification | None:
    """Return what a member says; None where it has not its form, which reading the whole line tells."""
    try:
        return model.model_validate_json(member, by_alias=True, by_name=False)
    except ValidationError:
        return None
