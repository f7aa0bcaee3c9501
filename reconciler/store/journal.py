"""The journal's hash chain (DESIGN 6.8) and the check that nothing was altered behind its back.

Premise: each entry's hash covers its sequence, time, event, payload digest and the hash before it, so no entry can
be changed, removed or swapped without all later hashes changing. Payloads carry digests of the rows that their
transaction wrote (``accountDigests``, ``revisionDigests``, ``routeDigests``), so rows altered directly are found too.
Whoever can rewrite the whole database can rewrite the whole chain; that is found only with a head noted elsewhere.

Payloads also carry the digest of each row as it was found before it was written over (``accountsBefore``). It has to be
the one that was recorded last: so a row that was altered, and then written over, is found for ever after, unless the
entry tells that somebody accepted it as it was (``acceptedAltered``). ``accountParts`` tells the columns apart, so that a
problem can name the one that differs. Entries of earlier versions lack these, and then what is there is compared.

A payload from which personal data was erased no longer has the digest that its entry holds. A later entry ``redact``
tells the digest before and after; it may itself be told of by one later still. So payloads are read from the last
entry backwards, and a payload counts as redacted only where an entry that holds says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.model.canonical import digest, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

ACCOUNT_DIGESTS = "accountDigests"
REVISION_DIGESTS = "revisionDigests"
ACCOUNTS_BEFORE = "accountsBefore"
ACCOUNT_PARTS = "accountParts"
ACCEPTED_ALTERED = "acceptedAltered"
PROJECT_ROW = "projectRow"
ROUTE_DIGESTS = "routeDigests"
FORGOTTEN_ROUTES = "forgottenRoutes"
REDACTED_PAYLOADS = "redactedPayloads"
KEY_ID = "fingerprintKeyId"
SALT = "salt"
"""The keys of a payload that the store adds to what it is told."""
REDACT = "redact"
"""The only event whose payload may tell of redacted payloads."""
THE_STATE = "@state"
"""Stands where an account's name stands, for the row of the project itself; no account is called so."""


@dataclass(frozen=True, slots=True)
class JournalReport:
    """What a check of the journal found: how many entries, the last hash, problems in sentences."""

    entries: int
    head: str
    problems: tuple[str, ...]
    redacted: Mapping[int, int] = field(default_factory=dict)
    """The entries whose payloads personal data was erased from, each with the last entry that tells so."""
    account_problems: Mapping[str, str] = field(default_factory=dict)
    """Of the problems those that are of one account alone, by its name."""
    state_problems: tuple[str, ...] = ()
    """Of the problems those of what else the tables hold; the rest are the journal's own."""


class Link(NamedTuple):
    """One entry as it is stored, its time as text."""

    sequence: int
    at: str
    event: str
    payload_digest: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDigests:
    """Digests of what the tables hold: accounts by name, revisions by number, routes; None for what cannot be read."""

    accounts: Mapping[str, str | None]
    revisions: Mapping[int, str | None]
    routes: frozenset[str | None]
    serial: int
    project_row: Mapping[str, str | None] = field(default_factory=dict)
    """Of the project's row what nothing else vouches for: creation time and id of the fingerprint key."""
    account_key_ids: frozenset[str] = frozenset()
    """The ids of the keys that the accounts' fingerprints were recorded with."""
    misplaced_routes: int = 0
    """How many rows of the register of routes lie under another digest than their own."""
    index_faults: frozenset[int] = frozenset()
    """Revisions whose changes the index of revised accounts does not tell as they are."""

    @property
    def key_id(self) -> str | None:
        """The id of the fingerprint key."""
        return self.project_row.get("fingerprint_key_id")


class _Step(NamedTuple):
    """One redaction of one payload: its digest before and after, and the entry that tells so."""

    before: str
    after: str
    told_by: int


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload as far as it can be believed: what it tells, or else what is wrong."""

    tells: dict[str, Any] | None
    problem: str | None = None
    redacted_by: int | None = None


@dataclass(slots=True)
class _Told:
    """What the payloads, read in order, say that the tables hold."""

    accounts: dict[str, str | None] = field(default_factory=dict)
    revisions: dict[int, str] = field(default_factory=dict)
    routes: set[str] = field(default_factory=set)
    key_ids: list[str | None] = field(default_factory=list)
    project_row: Mapping[str, str | None] | None = None

    def add(self, link: Link, payload: dict[str, Any]) -> list[str]:
        """Note what one payload says, and return where it found other than was told; raise for one of another form."""
        revisions = payload.get(REVISION_DIGESTS, {})
        problems = [*self._altered_before(link.sequence, payload)]
        if link.event != REDACT:  # a redaction tells of revisions in place of the entries that recorded them
            again = sorted(self.revisions.keys() & {int(number) for number in revisions})
            problems += [
                f"Entry {link.sequence} recorded revision {number}, which there was before." for number in again
            ]
        self.accounts.update(payload.get(ACCOUNT_DIGESTS, {}))
        self.revisions.update((int(number), revision) for number, revision in revisions.items())
        self.routes.difference_update(payload.get(FORGOTTEN_ROUTES, ()))
        self.routes.update(payload.get(ROUTE_DIGESTS, ()))
        if KEY_ID in payload:
            self.key_ids.append(payload[KEY_ID])
        self.project_row = payload.get(PROJECT_ROW, self.project_row)
        return problems

    def _altered_before(self, sequence: int, payload: dict[str, Any]) -> Iterator[str]:
        accepted = payload.get(ACCEPTED_ALTERED, {})
        for name, found in sorted(payload.get(ACCOUNTS_BEFORE, {}).items()):
            if found != self.accounts.get(name) and name not in accepted:
                yield (
                    f"Entry {sequence} wrote over account {name}, which was not what the journal had last recorded of "
                    "it: it had been altered before."
                )
        last, now = self.project_row, payload.get(PROJECT_ROW)
        if last is not None and now is not None and THE_STATE not in accepted:
            changed = {column for column in now if now[column] != last.get(column)}
            if changed - ({"fingerprint_key_id"} if KEY_ID in payload else set()):
                yield f"Before entry {sequence} the state's creation time or the id of its fingerprint key was altered."


def genesis_hash(project: str, lineage: str) -> str:
    """Return the hash that the first entry of a journal follows."""
    return digest({"genesis": "reconciler journal", "project": project, "lineage": lineage})


def payload_text_digest(text: str) -> str:
    """Return the digest of a payload's canonical JSON text."""
    return "sha256:" + sha256_hex(text)


def link_hash(sequence: int, at: str, *, event: str, payload_digest: str, previous: str) -> str:
    """Return the hash of an entry; ``at`` is text as it is stored."""
    return digest(
        {"sequence": sequence, "at": at, "event": event, "payloadDigest": payload_digest, "previous": previous}
    )


def check_links(
    links: Sequence[Link], payloads: Mapping[int, str], *, genesis: str, stored: StoredDigests, head: str | None
) -> JournalReport:
    """Return what is wrong with a journal; ``payloads`` by sequence; ``head`` is a hash noted earlier."""
    told = _Told()
    backwards = ((link, payloads.get(link.sequence)) for link in reversed(links))
    read = {link.sequence: payload for link, payload in read_backwards(backwards)}
    problems = [*_chain_problems(links, read, genesis=genesis, told=told)]
    problems += _orphan_payloads(links, payloads)
    accounts = dict(_account_problems(told.accounts, stored.accounts))
    others = (
        *_revision_problems(told.revisions, stored), *_route_problems(told.routes, stored), *_project_problems(told, stored)
    )  # fmt: skip
    problems += [*accounts.values(), *others]
    if head is not None and head != genesis and all(link.hash != head for link in links):
        problems.append("The noted head is not in the chain: the journal was cut off, rewritten, or is another one.")
    redacted = {sequence: each.redacted_by for sequence, each in sorted(read.items()) if each.redacted_by is not None}
    return JournalReport(
        entries=len(links),
        head=links[-1].hash if links else genesis,
        problems=tuple(problems),
        account_problems=accounts,
        state_problems=others,
        redacted=redacted,
    )


def read_backwards(
    entries: Iterable[tuple[Link, str | None]], *, is_wanted: Callable[[str], bool] = lambda _: True
) -> Iterator[tuple[Link, Payload]]:
    """Yield what each payload tells, the last entry's first, because later ones say what became of earlier ones.

    ``entries`` are in that order too, each with the text of its payload, None where it is missing. A payload whose text
    is not wanted tells nothing, if it holds.
    """
    steps: dict[int, list[_Step]] = {}
    for link, text in entries:
        earlier_first = steps.get(link.sequence, [])[::-1]
        payload = _read_payload(link, text, earlier_first, is_wanted=is_wanted)
        if link.event == REDACT and payload.tells is not None:
            try:
                told = [(int(number), _Step(each["before"], each["after"], link.sequence))
                        for number, each in payload.tells.get(REDACTED_PAYLOADS, {}).items()]  # fmt: skip
            except (ValueError, TypeError, AttributeError, KeyError):
                payload, told = _foreign(link), []
            for number, step in told:
                steps.setdefault(number, []).append(step)
        yield link, payload


def _read_payload(link: Link, text: str | None, steps: Sequence[_Step], *, is_wanted: Callable[[str], bool]) -> Payload:
    """Return what a payload tells; ``steps`` are the redactions of it, in their order."""
    if text is None:
        return Payload(None, f"The payload of entry {link.sequence} is missing.")
    if payload_text_digest(text) != _expected_digest(link, steps):
        after = f" as entry {steps[-1].told_by}, which redacted it, left it" if steps else ""
        fault = f"is not{after}" if after else "was altered: its digest does not fit"
        return Payload(None, f"The payload of entry {link.sequence} {fault}.")
    if link.event != REDACT and not is_wanted(text):
        return Payload({})
    try:
        tells = json.loads(text)
    except (ValueError, RecursionError):
        return _foreign(link)
    if not isinstance(tells, dict):
        return _foreign(link)
    return Payload(tells, redacted_by=steps[-1].told_by if steps else None)


def _expected_digest(link: Link, steps: Sequence[_Step]) -> str | None:
    """Return the digest that the payload has after all redactions; None where those do not follow from each other."""
    expected = link.payload_digest
    for step in steps:
        if step.before != expected:
            return None
        expected = step.after
    return expected


def _foreign(link: Link) -> Payload:
    return Payload(None, f"The payload of entry {link.sequence} was not written by reconciler.")


def _chain_problems(links: Sequence[Link], read: Mapping[int, Payload], *, genesis: str, told: _Told) -> Iterator[str]:
    """Yield what does not hold along the chain, and note into ``told`` what the payloads say."""
    expected_sequence, expected_previous = 1, genesis
    for link in links:
        if link.sequence != expected_sequence:
            yield f"Before entry {link.sequence} the journal has a gap: entry {expected_sequence} is missing."
        if link.previous != expected_previous:
            yield (
                f"Entry {link.sequence} does not follow the "
                + ("state's lineage." if expected_previous == genesis else "entry before it.")
                + " An entry was altered, removed or swapped."
            )
        if not is_intact(link):
            yield f"Entry {link.sequence} was altered: its hash does not fit its content."
        yield from _payload_problems(link, read[link.sequence], told)
        expected_sequence, expected_previous = link.sequence + 1, link.hash


def is_intact(link: Link) -> bool:
    """Tell whether an entry's hash fits its content."""
    return link.hash == link_hash(
        link.sequence, link.at, event=link.event, payload_digest=link.payload_digest, previous=link.previous
    )


def _payload_problems(link: Link, payload: Payload, told: _Told) -> Iterator[str]:
    if payload.problem is not None:
        yield payload.problem
    if payload.tells is None:
        return
    try:
        yield from told.add(link, payload.tells)
    except (ValueError, TypeError, AttributeError):
        yield f"The payload of entry {link.sequence} was not written by reconciler."


def _orphan_payloads(links: Sequence[Link], payloads: Mapping[int, str]) -> Iterator[str]:
    for sequence in sorted(payloads.keys() - {link.sequence for link in links}):
        yield f"There is a payload of entry {sequence}, but the journal has no such entry: it was removed."


def _account_problems(told: Mapping[str, str | None], stored: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield the name of each account that differs, with what is wrong with it."""
    for name in sorted(told.keys() | stored.keys()):
        if name not in told:
            yield name, f"Account {name} is in state, but no entry of the journal recorded it."
        elif told[name] is None and name in stored:
            yield name, f"Account {name} is in state, although the journal says that it is there no more."
        elif told[name] is not None and name not in stored:
            yield name, f"Account {name} is missing from state, although the journal recorded it and no deletion of it."
        elif told[name] != stored.get(name):
            yield name, f"Account {name} in state differs from what the journal last recorded of it."


def _revision_problems(told: Mapping[int, str], stored: StoredDigests) -> Iterator[str]:
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


def _route_problems(told: set[str], stored: StoredDigests) -> Iterator[str]:
    unexplained, lost = len(stored.routes - told), len(told - stored.routes)
    if unexplained:
        yield f"Routes of secrets are in state that the journal did not record, or otherwise: {unexplained}."
    if lost:
        yield f"Routes of secrets that the journal recorded are missing from state, or were altered: {lost}."
    if stored.misplaced_routes:
        yield f"Routes of secrets in state have another digest than their own: {stored.misplaced_routes}."


def _project_problems(told: _Told, stored: StoredDigests) -> Iterator[str]:
    wrong_key = "The id of the fingerprint key in state is not the one that the journal last recorded."
    if told.project_row is not None:
        if stored.project_row["created_at"] != told.project_row.get("created_at"):
            yield "The creation time of the state is not the one that the journal last recorded."
        if stored.key_id != told.project_row.get("fingerprint_key_id"):
            yield wrong_key
    elif told.key_ids and told.key_ids[-1] != stored.key_id:
        yield wrong_key
    elif stored.account_key_ids - {stored.key_id}:
        yield "Accounts were recorded with another fingerprint key than the one whose id is in state."
