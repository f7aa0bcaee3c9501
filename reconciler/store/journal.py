"""The journal's hash chain (DESIGN 6.8) and the check that nothing was altered behind its back.

Premise: each entry's hash covers its sequence, time, event, payload digest and the hash before it, so no entry can
be changed, removed or swapped without all later hashes changing. Payloads carry digests of the rows that their
transaction wrote (``accountDigests``, ``revisionDigests``, ``routeDigests``), so rows altered directly are found too.
Whoever can rewrite the whole database can rewrite the whole chain; that is found only with a head noted elsewhere.

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
    from collections.abc import Iterator, Mapping, Sequence

ACCOUNT_DIGESTS = "accountDigests"
REVISION_DIGESTS = "revisionDigests"
ROUTE_DIGESTS = "routeDigests"
FORGOTTEN_ROUTES = "forgottenRoutes"
REDACTED_PAYLOADS = "redactedPayloads"
KEY_ID = "fingerprintKeyId"
SALT = "salt"
"""The keys of a payload that the store adds to what it is told."""
REDACT = "redact"
"""The only event whose payload may tell of redacted payloads."""


@dataclass(frozen=True, slots=True)
class JournalReport:
    """What a check of the journal found: how many entries, the last hash, problems in sentences."""

    entries: int
    head: str
    problems: tuple[str, ...]
    redacted: Mapping[int, int] = field(default_factory=dict)
    """The entries whose payloads personal data was erased from, each with the last entry that tells so."""


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
    key_id: str | None = None
    """The id of the fingerprint key."""
    index_faults: frozenset[int] = frozenset()
    """Revisions whose changes the index of revised accounts does not tell as they are."""


class _Step(NamedTuple):
    """One redaction of one payload: its digest before and after, and the entry that tells so."""

    before: str
    after: str
    told_by: int


@dataclass(frozen=True, slots=True)
class _Payload:
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

    def add(self, payload: dict[str, Any]) -> None:
        """Note what one payload says; raise for one of another form."""
        revisions = payload.get(REVISION_DIGESTS, {})
        self.accounts.update(payload.get(ACCOUNT_DIGESTS, {}))
        self.revisions.update((int(number), revision) for number, revision in revisions.items())
        self.routes.difference_update(payload.get(FORGOTTEN_ROUTES, ()))
        self.routes.update(payload.get(ROUTE_DIGESTS, ()))
        if KEY_ID in payload:
            self.key_ids.append(payload[KEY_ID])


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
    read = _read_payloads(links, payloads)
    problems = [*_chain_problems(links, read, genesis=genesis, told=told)]
    problems += _orphan_payloads(links, payloads)
    problems += _account_problems(told.accounts, stored.accounts)
    problems += _revision_problems(told.revisions, stored)
    problems += _route_problems(told.routes, stored.routes)
    if told.key_ids and told.key_ids[-1] != stored.key_id:
        problems.append("The id of the fingerprint key in state is not the one that the journal last recorded.")
    if head is not None and head != genesis and all(link.hash != head for link in links):
        problems.append("The noted head is not in the chain: the journal was cut off, rewritten, or is another one.")
    redacted = {sequence: each.redacted_by for sequence, each in sorted(read.items()) if each.redacted_by is not None}
    return JournalReport(len(links), links[-1].hash if links else genesis, tuple(problems), redacted)


def _read_payloads(links: Sequence[Link], payloads: Mapping[int, str]) -> dict[int, _Payload]:
    """Return what each payload tells, the last entry's first, because later ones say what became of earlier ones."""
    read: dict[int, _Payload] = {}
    steps: dict[int, list[_Step]] = {}
    for link in reversed(links):
        earlier_first = steps.get(link.sequence, [])[::-1]
        read[link.sequence] = _read_payload(link, payloads.get(link.sequence), earlier_first)
        tells = read[link.sequence].tells
        if link.event != REDACT or tells is None:
            continue
        try:
            told = [(int(number), _Step(each["before"], each["after"], link.sequence))
                    for number, each in tells.get(REDACTED_PAYLOADS, {}).items()]  # fmt: skip
        except (ValueError, TypeError, AttributeError, KeyError):
            read[link.sequence] = _foreign(link)
            continue
        for number, step in told:
            steps.setdefault(number, []).append(step)
    return read


def _read_payload(link: Link, text: str | None, steps: Sequence[_Step]) -> _Payload:
    """Return what a payload tells; ``steps`` are the redactions of it, in their order."""
    if text is None:
        return _Payload(None, f"The payload of entry {link.sequence} is missing.")
    if payload_text_digest(text) != _expected_digest(link, steps):
        after = f" as entry {steps[-1].told_by}, which redacted it, left it" if steps else ""
        fault = f"is not{after}" if after else "was altered: its digest does not fit"
        return _Payload(None, f"The payload of entry {link.sequence} {fault}.")
    try:
        tells = json.loads(text)
    except (ValueError, RecursionError):
        return _foreign(link)
    if not isinstance(tells, dict):
        return _foreign(link)
    return _Payload(tells, redacted_by=steps[-1].told_by if steps else None)


def _expected_digest(link: Link, steps: Sequence[_Step]) -> str | None:
    """Return the digest that the payload has after all redactions; None where those do not follow from each other."""
    expected = link.payload_digest
    for step in steps:
        if step.before != expected:
            return None
        expected = step.after
    return expected


def _foreign(link: Link) -> _Payload:
    return _Payload(None, f"The payload of entry {link.sequence} was not written by reconciler.")


def _chain_problems(links: Sequence[Link], read: Mapping[int, _Payload], *, genesis: str, told: _Told) -> Iterator[str]:
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
        if link.hash != _hash_of(link):
            yield f"Entry {link.sequence} was altered: its hash does not fit its content."
        yield from _payload_problems(link, read[link.sequence], told)
        expected_sequence, expected_previous = link.sequence + 1, link.hash


def _hash_of(link: Link) -> str:
    return link_hash(
        link.sequence, link.at, event=link.event, payload_digest=link.payload_digest, previous=link.previous
    )


def _payload_problems(link: Link, payload: _Payload, told: _Told) -> Iterator[str]:
    if payload.problem is not None:
        yield payload.problem
    if payload.tells is None:
        return
    try:
        told.add(payload.tells)
    except (ValueError, TypeError, AttributeError):
        yield f"The payload of entry {link.sequence} was not written by reconciler."


def _orphan_payloads(links: Sequence[Link], payloads: Mapping[int, str]) -> Iterator[str]:
    for sequence in sorted(payloads.keys() - {link.sequence for link in links}):
        yield f"There is a payload of entry {sequence}, but the journal has no such entry: it was removed."


def _account_problems(told: Mapping[str, str | None], stored: Mapping[str, str | None]) -> Iterator[str]:
    for name in sorted(told.keys() | stored.keys()):
        if name not in told:
            yield f"Account {name} is in state, but no entry of the journal recorded it."
        elif told[name] is None and name in stored:
            yield f"Account {name} is in state, although the journal says that it is there no more."
        elif told[name] is not None and name not in stored:
            yield f"Account {name} is missing from state, although the journal recorded it and no deletion of it."
        elif told[name] != stored.get(name):
            yield f"Account {name} in state differs from what the journal last recorded of it."


def _revision_problems(told: Mapping[int, str], stored: StoredDigests) -> Iterator[str]:
    for number in sorted(told.keys() | stored.revisions.keys()):
        if number not in told:
            yield f"Revision {number} has no entry in the journal."
        elif number not in stored.revisions:
            yield f"Revision {number} is in the journal but missing from state."
        elif told[number] != stored.revisions[number]:
            yield f"Revision {number} in state differs from what the journal recorded of it."
    for number in sorted(stored.index_faults):
        yield f"Revision {number} is indexed under other names than it changed."
    last = max(told.keys() | stored.revisions.keys(), default=0)
    if stored.serial != last:
        yield f"The state's serial is {stored.serial}, but the last revision is {last}."


def _route_problems(told: set[str], stored: frozenset[str | None]) -> Iterator[str]:
    unexplained, lost = len(stored - told), len(told - stored)
    if unexplained:
        yield f"Routes of secrets are in state that the journal did not record, or otherwise: {unexplained}."
    if lost:
        yield f"Routes of secrets that the journal recorded are missing from state, or were altered: {lost}."
