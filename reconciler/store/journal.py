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
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.classes import Frozen, dataclass
from reconciler.model.canonical import digest, digest_of_pieces, sha256_hex
from reconciler.model.journal.keys import (
    ABRIDGED,
    ACCEPTED_ALTERED,
    ACCOUNT_DIGESTS,
    ACCOUNTS_BEFORE,
    FORGOTTEN_ROUTES,
    KEY_ID,
    PROJECT_ROW,
    REDACTED_PAYLOADS,
    REVISION_DIGESTS,
    ROUTE_DIGESTS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reconciler.model.canonical import JsonObject
    from reconciler.store.sql import LongText
    from reconciler.store.vouched import StoredDigests

    Text = str | LongText

REDACT = "redact"
"""The only event whose payload may tell of redacted payloads."""
THE_ROUTES = "@routes"
"""Stands where an account's name stands, for the register of routes; no account is called so."""
THE_STATE = "@state"
"""Stands where an account's name stands, for the row of the project itself; no account is called so."""
_CHECKED = frozenset(
    {
        ACCEPTED_ALTERED, ACCOUNT_DIGESTS, ACCOUNTS_BEFORE, FORGOTTEN_ROUTES, KEY_ID, PROJECT_ROW, REDACTED_PAYLOADS,
        REVISION_DIGESTS, ROUTE_DIGESTS,
    }
)  # fmt: skip
"""The keys of a payload by which tables and other payloads are checked."""
_NOTED = _CHECKED - {ACCEPTED_ALTERED}
"""Those of them that the short form is not made of."""
CHANGES = {"revision": ("changes",)}
"""Where a payload has most of what an apply tells."""


class JournalReport(Frozen):
    """What a check of the journal found. ``head`` is the last hash; problems are full sentences."""

    entries: int
    head: str
    problems: tuple[str, ...]
    redacted: Mapping[int, int] = field(default_factory=dict)
    """The entries from whose payloads personal data was erased, each with the last entry that tells so."""
    account_problems: Mapping[str, str] = field(default_factory=dict)
    """By name, the problem of a single account: it is one of ``problems``, and can be accepted."""
    state_problems: tuple[str, ...] = ()
    """The problems of the other tables, also among ``problems``; the rest of those are the journal's own."""
    unguarded: tuple[str, ...] = ()
    """What guards the journal and does not stand as it was made, as full sentences; none of ``problems``."""
    acceptable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Those of them that can be accepted, by the name that stands for their table: ``THE_ROUTES`` and ``THE_STATE``."""


class Link(NamedTuple):
    """One entry of the chain as it is stored; the time is text, because the hash covers the text."""

    sequence: int
    at: str
    event: str
    payload_digest: str
    previous: str
    hash: str


class _Step(NamedTuple):
    """One redaction of one payload: its digest before and after, and the entry that tells of it."""

    before: str
    after: str
    told_by: int


class _Texts(NamedTuple):
    """What was written: payloads by sequence, and what the tables hold."""

    payloads: Mapping[int, Text]
    stored: StoredDigests


@dataclass(frozen=True, slots=True)
class ReadPayload:
    """One payload as far as it can be believed: what it tells, or the problem that leaves ``tells`` None."""

    tells: JsonObject | None
    problem: str | None = None
    redacted_by: int | None = None


@dataclass(slots=True)
class _Told:
    """What the tables must hold by all payloads that were added so far, in the order of the journal."""

    accounts: dict[str, str | None] = field(default_factory=dict)
    revisions: dict[int, str] = field(default_factory=dict)
    routes: set[str] = field(default_factory=set)
    key_ids: list[str | None] = field(default_factory=list)
    project_row: Mapping[str, str | None] | None = None
    foreign: set[int] = field(default_factory=set)
    """The entries whose payloads were not written by reconciler."""

    def add(self, link: Link, payload: JsonObject) -> list[str]:
        """Note what one payload recorded; return the problems of what it says was there before.

        Raises ``ValueError``, ``TypeError`` or ``AttributeError`` for a payload of another form.
        """
        revisions = payload.get(REVISION_DIGESTS, {})
        problems = [*self._altered_before(link.sequence, payload)]
        if link.event != REDACT:  # a redaction tells of revisions in place of the entries that recorded them
            # Otherwise a revision could be put in the place of another under the same number, and the digests would
            # fit.
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

    def _altered_before(self, sequence: int, payload: JsonObject) -> Iterator[str]:
        accepted = payload.get(ACCEPTED_ALTERED, {})
        for name, found in sorted(payload.get(ACCOUNTS_BEFORE, {}).items()):
            if found != self.accounts.get(name) and name not in accepted:
                yield (
                    f"Entry {sequence} wrote over account {name}, which was not what the journal had last recorded of "
                    "it: it had been altered before."
                )
        last, now = self.project_row, payload.get(PROJECT_ROW)
        if last is not None and now is not None and THE_STATE not in accepted:
            # A rekey changes the id of the key and says so by KEY_ID; the creation time never changes.
            changed = {column for column in now if now[column] != last.get(column)}
            if changed - ({"fingerprint_key_id"} if KEY_ID in payload else set()):
                yield f"Before entry {sequence} the state's creation time or the id of its fingerprint key was altered."


def genesis_hash(project: str, lineage: str) -> str:
    """Return the hash that the first entry of a journal follows: it ties the chain to project and lineage."""
    return digest({"genesis": "reconciler journal", "project": project, "lineage": lineage})


def payload_text_digest(text: str) -> str:
    """Return the digest of a payload's canonical JSON text."""
    return "sha256:" + sha256_hex(text)


def _text_digest(text: Text) -> str:
    return payload_text_digest(text) if isinstance(text, str | bytes) else digest_of_pieces(text.pieces())


def link_hash(sequence: int, at: str, *, event: str, payload_digest: str, previous: str) -> str:
    """Return the hash of an entry; ``at`` is text as it is stored."""
    return digest(
        {"sequence": sequence, "at": at, "event": event, "payloadDigest": payload_digest, "previous": previous}
    )


def check_links(
    links: Sequence[Link], payloads: Mapping[int, Text], *, genesis: str, stored: StoredDigests, head: str | None
) -> JournalReport:
    """Check a whole journal against the tables, and return the report.

    ``links`` are in their order, ``payloads`` texts by sequence; ``head`` is a hash that was noted earlier, or
    None.
    """
    from reconciler.store.vouched import account_problems, project_problems, revision_problems, route_problems

    told = _Told()
    # Twice through the journal: redactions are understood from the end, the chain is told from the beginning. What a
    # payload tells is parsed the second time, so that one of them is held at a time.
    backwards = ((link, payloads.get(link.sequence)) for link in reversed(links))
    read = {link.sequence: payload for link, payload in read_backwards(backwards, is_wanted=lambda _: False)}
    texts = _Texts(payloads, stored)
    problems = [*_chain_problems(links, read, texts, genesis=genesis, told=told)]
    problems += [
        f"There is a payload of entry {sequence}, but the journal has no such entry: it was removed."
        for sequence in sorted(payloads.keys() - {link.sequence for link in links})
    ]
    accounts, key_ids = account_problems(told.accounts, stored.accounts)
    routes = tuple(route_problems(told.routes, stored.routes))
    of_project = project_problems(told.project_row, stored, told_key_ids=told.key_ids, account_key_ids=key_ids)
    its_row = tuple(of_project)
    others = (*revision_problems(told.revisions, stored), *routes, *its_row)
    problems += [*accounts.values(), *others]
    if head is not None and head != genesis and all(link.hash != head for link in links):
        problems.append("The noted head is not in the chain: the journal was cut off, rewritten, or is another one.")
    redacted = {
        sequence: each.redacted_by
        for sequence, each in sorted(read.items())
        if each.redacted_by is not None and sequence not in told.foreign
    }
    return JournalReport(
        entries=len(links),
        head=links[-1].hash if links else genesis,
        problems=tuple(problems),
        account_problems=accounts,
        state_problems=others,
        acceptable={name: found for name, found in ((THE_ROUTES, routes), (THE_STATE, its_row)) if found},
        redacted=redacted,
    )


def read_backwards(
    entries: Iterable[tuple[Link, Text | None]], *, is_wanted: Callable[[Any], bool] = lambda _: True
) -> Iterator[tuple[Link, ReadPayload]]:
    """Yield each entry with what its payload tells, newest first: later entries say how earlier ones were redacted.

    ``entries`` come newest first too, each with the text of its payload, None where that is missing. A payload
    whose text is not wanted is only compared with its digest; where it fits, it is given as one that tells nothing.
    """
    steps: dict[int, list[_Step]] = {}
    for link, text in entries:
        # They were met from the last redaction to the first.
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


def _read_payload(
    link: Link, text: Text | None, steps: Sequence[_Step], *, is_wanted: Callable[[Any], bool]
) -> ReadPayload:
    """Return what a payload tells; ``steps`` are its redactions, the earliest first."""
    if text is None:
        return ReadPayload(None, f"The payload of entry {link.sequence} is missing.")
    if _text_digest(text) != _expected_digest(link, steps):
        after = f" as entry {steps[-1].told_by}, which redacted it, left it" if steps else ""
        fault = f"is not{after}" if after else "was altered: its digest does not fit"
        return ReadPayload(None, f"The payload of entry {link.sequence} {fault}.")
    # A redaction is always parsed: the entries before it cannot be read without it.
    if link.event != REDACT and not is_wanted(text):
        return ReadPayload({}, redacted_by=steps[-1].told_by if steps else None)
    return replace(_parsed(link, text), redacted_by=steps[-1].told_by if steps else None)


def _parsed(link: Link, text: Text, changes: LongText | None = None) -> ReadPayload:
    """Return what the text of a payload tells, whatever vouches for it; of a long one what is checked by it.

    ``changes`` are a list of JSON that a long one probably has in it: then they are only compared.
    """
    if not isinstance(text, str | bytes):
        from reconciler.rules.journal.abridge import PARTS
        from reconciler.store.jsonpieces import OtherForm, read_object

        for known in (changes, None) if changes is not None else (None,):
            try:
                pieces = known.pieces() if known is not None else None
                return ReadPayload(read_object(text.pieces(), only=_CHECKED | PARTS, but=CHANGES, known=pieces))
            except OtherForm:
                continue
        text = text.whole()
    try:
        tells = json.loads(text)
    except (ValueError, RecursionError):
        return _foreign(link)
    return ReadPayload(tells) if isinstance(tells, dict) else _foreign(link)


def _expected_digest(link: Link, steps: Sequence[_Step]) -> str | None:
    """Return the digest that the payload must have after all redactions; None where they do not follow each other."""
    expected = link.payload_digest
    for step in steps:
        if step.before != expected:
            return None
        expected = step.after
    return expected


def _foreign(link: Link) -> ReadPayload:
    return ReadPayload(None, f"The payload of entry {link.sequence} was not written by reconciler.")


def _chain_problems(
    links: Sequence[Link], read: Mapping[int, ReadPayload], texts: _Texts, *, genesis: str, told: _Told
) -> Iterator[str]:
    """Yield each fault of the chain, and add the payloads to ``told`` on the way, in the order of the journal."""
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
        yield from _payload_problems(link, read[link.sequence], texts, told)
        expected_sequence, expected_previous = link.sequence + 1, link.hash


def is_intact(link: Link) -> bool:
    """Tell whether an entry's hash fits its content."""
    return link.hash == link_hash(
        link.sequence, link.at, event=link.event, payload_digest=link.payload_digest, previous=link.previous
    )


def _payload_problems(link: Link, payload: ReadPayload, texts: _Texts, told: _Told) -> Iterator[str]:
    if payload.problem is not None:
        yield payload.problem
    if payload.tells is None:
        return
    text = texts.payloads[link.sequence]
    # Whatever an apply changed, its revision has in the same words; it is the next of those told so far.
    is_long = not isinstance(text, str | bytes)
    changes = texts.stored.changes.get(max(told.revisions, default=0) + 1) if is_long else None
    understood = _parsed(link, text, changes)
    if understood.tells is None:
        told.foreign.add(link.sequence)
        yield str(understood.problem)
        return
    try:
        yield from told.add(link, understood.tells)
    except (ValueError, TypeError, AttributeError):
        yield str(_foreign(link).problem)
    # What was noted need not be held twice.
    for key in _NOTED:
        understood.tells.pop(key, None)
    if ABRIDGED in understood.tells:
        yield from _short_form_problems(link, understood.tells, texts.stored)


def _short_form_problems(link: Link, payload: JsonObject, stored: StoredDigests) -> Iterator[str]:
    """Yield that the short form of an apply, which history tells, is not what the whole comes to."""
    from reconciler.rules.journal.abridge import ChangeGrouping, is_abridged

    revision = payload.get("revision")
    number = revision.get("revision") if isinstance(revision, dict) else None
    changes = stored.grouped.get(number) if isinstance(number, int) else None
    if not is_abridged(payload, changes or ChangeGrouping()):
        yield f"Entry {link.sequence} tells in short otherwise what it did than in full."
