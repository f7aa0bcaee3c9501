"""What a review says of accounts: each change once, with all accounts that it is the same for.

The premise: whoever reviews 36 equal updates reads none of them. So accounts that change alike are one entry, and so are
those that change the same fields, each to a value of its own: these values are a table, an account a row. Nothing is left
out by that: every value of every account stands in its entry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from reconciler.model.plan import Action
    from reconciler.render.text.parts.style import Symbol

_MOST_COLUMNS = 8
"""With more fields of its own an account is told alone: nobody reads so wide a table."""
_NOT_IN_TABLES = frozenset("|\\\n")
"""What tables of Markdown give a meaning to, within code too."""


class FieldRow(FrozenByName):
    """One field as text before and after, None where it is absent; a rotated secret has the same reference twice."""

    action: Action
    label: str
    before: str | None
    after: str | None
    is_rotated: bool
    origin: str | None = None
    """FILE:LINE of the overlay that the value comes from."""

    @property
    def text(self) -> str:
        """The values in a line: ``25 → 587``, or the one that appears or goes."""
        rotated = " (rotated)" if self.is_rotated else ""
        origin = f"  ({self.origin})" if self.origin is not None else ""
        if self.before is None or self.before == self.after:
            return f"{self.after}{rotated}{origin}"
        return f"{self.before}{origin}" if self.after is None else f"{self.before} → {self.after}{rotated}{origin}"


class Remark(FrozenByName):
    """A sentence on an account, with a symbol."""

    symbol: Symbol | None
    text: str


class Member(FrozenByName):
    """One account of an entry."""

    name: str
    place: str | None = None
    """File and line of its manifest; None where the file is not known."""
    file: str | None = None
    address: str | None = None
    """Where that can be looked at."""
    own: tuple[FieldRow, ...] = ()
    """What it has for itself, in the order of the entry's columns."""


class Entry(FrozenByName):
    """One account of the plan, or several that change alike."""

    action: Action
    kind: str
    members: tuple[Member, ...]
    """By name."""
    previous_name: str | None
    server: str | None
    fields: tuple[FieldRow, ...]
    """What all of them have."""
    remarks: tuple[Remark, ...]

    @property
    def first(self) -> Member:
        """The only account, or the first by name."""
        return self.members[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields that each has for itself."""
        return tuple(row.label for row in self.first.own)

    @property
    def file(self) -> str | None:
        """The manifest that all of them stand in; None where there are several, or it is not known."""
        files = {member.file for member in self.members}
        return files.pop() if len(files) == 1 else None

    def parted(self) -> tuple[Entry, Entry]:
        """Return two entries of half the accounts each; what one account has for itself becomes its fields again."""
        half = len(self.members) // 2
        return _of(self, self.members[:half]), _of(self, self.members[half:])


def _of(entry: Entry, members: tuple[Member, ...]) -> Entry:
    if len(members) > 1:
        return replace(entry, members=members)
    fields = tuple(sorted((*entry.fields, *members[0].own), key=lambda row: row.label))
    return replace(entry, members=(replace(members[0], own=()),), fields=fields)


def together(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return entries of one account each as entries of those that change alike, by the name of the first."""
    told: list[Entry] = []
    apart: list[Entry] = []
    for alike in _grouped(entries, lambda entry: (*_subject(entry), entry.fields)):
        if len(alike) > 1 and alike[0].previous_name is None:
            told.append(replace(alike[0], members=tuple(entry.first for entry in alike)))
        else:
            apart += alike
    for alike in _grouped(apart, lambda entry: (*_subject(entry), tuple(row.label for row in entry.fields))):
        told += [_as_table(alike)] if _is_table(alike) else alike
    return tuple(sorted(told, key=lambda entry: entry.first.name))


def _grouped(entries: Iterable[Entry], key: Callable[[Entry], Hashable]) -> list[list[Entry]]:
    found: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        found.setdefault(key(entry), []).append(entry)
    return list(found.values())


def _subject(entry: Entry) -> tuple[Hashable, ...]:
    return entry.action, entry.kind, entry.server, entry.previous_name, entry.remarks


def _is_table(alike: Sequence[Entry]) -> bool:
    if len(alike) == 1 or alike[0].previous_name is not None:
        return False
    columns = _own_columns(alike)
    texts = [text for entry in alike for at in columns for text in (entry.fields[at].label, entry.fields[at].text)]
    texts += [entry.first.name for entry in alike]
    return len(columns) <= _MOST_COLUMNS and not any(_NOT_IN_TABLES.intersection(text) for text in texts)


def _own_columns(alike: Sequence[Entry]) -> list[int]:
    return [at for at, row in enumerate(alike[0].fields) if any(entry.fields[at] != row for entry in alike)]


def _as_table(alike: Sequence[Entry]) -> Entry:
    columns = _own_columns(alike)
    first = alike[0]
    return replace(
        first,
        members=tuple(replace(each.first, own=tuple(each.fields[at] for at in columns)) for each in alike),
        fields=tuple(row for at, row in enumerate(first.fields) if at not in columns),
    )
