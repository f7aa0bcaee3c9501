"""The rows that the journal vouches for, held against what it told of them: every difference is a sentence.

Accounts and routes are gone through once, row by row: of a large state what was told is held, and no row.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.rules.journal.abridge import ChangeGrouping
    from reconciler.store.sql import LongText


class AccountDigest(NamedTuple):
    """The row of an account: its digest, and the id of the key that its fingerprints were recorded with."""

    name: str
    digest: str | None
    """None: an unreadable row."""
    key_id: str | None


class RouteDigest(NamedTuple):
    """A row of the register of routes: its digest, and the one that it lies under."""

    digest: str | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDigests:
    """Digests of what the tables hold; accounts and routes, of which there may be very many, are read row by row, once."""

    accounts: Iterable[AccountDigest]
    revisions: Mapping[int, str | None]
    """By number. None: an unreadable row."""
    routes: Iterable[RouteDigest]
    serial: int
    project_row: Mapping[str, str | None]
    """The columns of the project's row that nothing else vouches for: creation time and id of the fingerprint key."""
    index_faults: frozenset[int]
    """The revisions whose changed names the index of revised accounts does not tell as they are."""
    changes: Mapping[int, LongText] = field(default_factory=dict)
    """By number, the long texts of what revisions changed that were read and are JSON."""
    grouped: Mapping[int, ChangeGrouping] = field(default_factory=dict)
    """By number, what was read of what revisions changed, as short forms tell it."""

    @property
    def key_id(self) -> str | None:
        """The id of the fingerprint key."""
        return self.project_row.get("fingerprint_key_id")


def account_problems(
    told: dict[str, str | None], stored: Iterable[AccountDigest]
) -> tuple[dict[str, str], frozenset[str]]:
    """Return, by name, the problem of each account whose row is not what the journal last told of it, and all ids of keys.

    What was compared is taken out of ``told``.
    """
    problems: dict[str, str] = {}
    key_ids: set[str] = set()
    for name, found, key_id in stored:
        if key_id:
            key_ids.add(key_id)
        if name not in told:
            problems[name] = f"Account {name} is in state, but no entry of the journal recorded it."
            continue
        recorded = told.pop(name)
        if recorded is None:
            problems[name] = f"Account {name} is in state, although the journal says that it is there no more."
        elif recorded != found:
            problems[name] = f"Account {name} in state differs from what the journal last recorded of it."
    for name, recorded in told.items():
        if recorded is not None:
            problems[name] = (
                f"Account {name} is missing from state, although the journal recorded it and no deletion of it."
            )
    return dict(sorted(problems.items())), frozenset(key_ids)


def revision_problems(told: Mapping[int, str], stored: StoredDigests) -> Iterator[str]:
    """Yield what differs between the revisions that the journal told of and those in state, their index and the serial."""
    for number in sorted(told.keys() | stored.revisions.keys()):
        if number not in told:
            yield f"Revision {number} has no entry in the journal."
        elif number not in stored.revisions:
            yield f"Revision {number} is in the journal but missing from state."
        elif told[number] != stored.revisions[number]:
            yield f"Revision {number} in state differs from what the journal recorded of it."
    numbers = sorted(told.keys() | stored.revisions.keys())
    for expected, number in enumerate(numbers, 1):
        if number != expected:
            yield f"Before revision {number} there is no revision {number - 1}: the state's serial had been altered."
            break
    for number in sorted(stored.index_faults):
        yield f"Revision {number} is indexed under other names than it changed."
    last = numbers[-1] if numbers else 0
    if stored.serial != last:
        yield f"The state's serial is {stored.serial}, but the last revision is {last}."


def route_problems(told: Iterable[str], stored: Iterable[RouteDigest]) -> Iterator[str]:
    """Yield what differs between the routes that the journal told of and the register, in numbers."""
    is_there = dict.fromkeys(told, False)
    unexplained: set[str | None] = set()
    misplaced: dict[str, str | None] = {}
    for found, key in stored:
        if found != key:
            misplaced[key] = found
        elif key in is_there:
            is_there[key] = True
        else:
            unexplained.add(key)
    for each in misplaced.values():
        if each in is_there:
            is_there[each] = True
        else:
            unexplained.add(each)
    if unexplained:
        yield f"Routes of secrets are in state that the journal did not record, or otherwise: {len(unexplained)}."
    lost = sum(not found for found in is_there.values())
    if lost:
        yield f"Routes of secrets that the journal recorded are missing from state, or were altered: {lost}."
    # Two rows that changed places lie under a digest of a row each.
    elsewhere = len(misplaced.keys() - set(misplaced.values()))
    if elsewhere:
        yield f"Routes of secrets in state have another digest than their own: {elsewhere}."


def project_problems(
    told: Mapping[str, str | None] | None,
    stored: StoredDigests,
    *,
    told_key_ids: Sequence[str | None],
    account_key_ids: frozenset[str],
) -> Iterator[str]:
    """Yield what differs between the row of the project and what the journal last told of it.

    Of earlier versions there is no more than the ids of keys: those that were told, and those of the accounts.
    """
    wrong_key = "The id of the fingerprint key in state is not the one that the journal last recorded."
    if told is not None:
        if stored.project_row["created_at"] != told.get("created_at"):
            yield "The creation time of the state is not the one that the journal last recorded."
        if stored.key_id != told.get("fingerprint_key_id"):
            yield wrong_key
    elif told_key_ids and told_key_ids[-1] != stored.key_id:
        yield wrong_key
    elif account_key_ids - {stored.key_id}:
        yield "Accounts were recorded with another fingerprint key than the one whose id is in state."
