"""Revisions, what else happened, and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import enumerated
from reconciler.model.journal.events import JournalEvent
from reconciler.model.plan import ACTIONS, FieldChange
from reconciler.render.text.apply import counted
from reconciler.render.text.parts.fields import field_lines, moment
from reconciler.render.text.parts.layout import finish, hang
from reconciler.render.text.parts.tables import Cell, table_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import EventAccount
    from reconciler.render.text.parts.style import Style


_COMMIT_DIGITS = 12
_MOST_CHANGES = 50
_TITLES = ("WHAT", "WHEN (UTC)", "BY", "CHANGES", "COMMIT", "REFERENCE")
_LEAST_COLUMNS = 4
"""Columns without which a table tells too little."""


def history_text(revisions: Iterable[Revision], *, events: Sequence[JournalEvent] = (), style: Style) -> str:
    """Return the revisions, newest first: number, time, who, from where, what changed, and which ways round.

    Among them stands what else happened, by its ``events``. Of one revision the first 50 changes are told, then how
    many more there are.
    """
    applies = {event.revision: event for event in events if event.revision is not None}
    blocks = [
        event_lines(what, style=style)
        if isinstance(what, JournalEvent)
        else _revision_lines(what, applies.get(what.revision), style)
        for what in _newest_first(revisions, events)
    ]
    lines = [line for block in blocks for line in (*block, "")]
    return finish(lines[:-1] if lines else ["Nothing has been applied yet."])


def history_table(revisions: Iterable[Revision], *, events: Sequence[JournalEvent] = (), style: Style) -> str:
    """Return the same as ``history_text`` in a row each: what and when, who, and what changed in a few words.

    A narrow terminal gets no reference and no commit; where even that does not fit, the text.
    """
    listed = list(revisions)
    rows = [_history_row(what, style) for what in _newest_first(listed, events)]
    if not rows:
        return finish(["Nothing has been applied yet."])
    used = [place for place in range(len(_TITLES)) if any(row[place].text for row in rows)]
    for most in range(len(_TITLES), _LEAST_COLUMNS - 1, -1):
        places = [place for place in used if place < most]
        kept = [[row[place] for place in places] for row in rows]
        titles = [_TITLES[place] for place in places]
        lines = table_lines(titles, kept, style=style, unbroken=style.width, whole=_TITLES[:2])
        if lines is not None:
            return finish(lines)
    return history_text(listed, events=events, style=style)


def _newest_first(revisions: Iterable[Revision], events: Sequence[JournalEvent]) -> Iterator[Revision | JournalEvent]:
    """Yield revisions and, among them, what else happened and is told; a revision stands where its apply does."""
    applies = {event.revision: event for event in events if event.revision is not None}
    waiting = [event for event in events if is_told(event)]
    for revision in revisions:
        applied = applies.get(revision.revision)
        while waiting and applied is not None and waiting[0].sequence > applied.sequence:
            yield waiting.pop(0)
        yield revision
    yield from waiting


def _history_row(what: Revision | JournalEvent, style: Style) -> list[Cell]:
    when = moment(what.at).removesuffix(" UTC")
    if isinstance(what, JournalEvent):
        facts = [what.event, when, what.actor or "", _event_in_short(what), "", ""]
    else:
        commit = (what.commit or "")[:_COMMIT_DIGITS]
        facts = [f"revision {what.revision}", when, what.actor, counted(what.summary), commit, what.reference or ""]
    return [Cell(style.show(fact)) for fact in facts]


def _event_in_short(event: JournalEvent) -> str:
    names = enumerated([account.name for account in event.accounts])
    return ": ".join(fact for fact in (names, event.reason) if fact)


_CURE = (
    "Something other than reconciler wrote to the state. Find out who did, and restore a backup from before:",
    "    reconciler state restore FILE",
    "Accounts in state that differ are refused by every write until then. To take one as it is, whatever writes it takes",
    "    --accept-altered NAME=REASON",
)
"""What to do where the journal does not hold."""


def journal_text(
    entries: int,
    head: str,
    *,
    problems: Sequence[str] = (),
    redacted: Mapping[int, int] | None = None,
    style: Style,
) -> str:
    """Return whether the journal holds, its last hash, which is what to note down, and what is wrong if it does not.

    ``redacted`` are the entries that personal data was erased from, each with the entry that tells so.
    """
    count = f"{entries} entr{'y' if entries == 1 else 'ies'}"
    notes = hang("", _redacted_text(redacted), width=style.width) if redacted else []
    if not problems:
        holds = style.paint(f"The journal holds: {count}.", "good")
        return finish([holds, *notes, f"head  {style.show(head)}"])
    lines = [style.paint(f"The journal does not hold ({count}).", "bad")]
    for problem in problems:
        lines += hang(f"  {style.symbol('failed')} ", style.show(problem), width=style.width)
    return finish([*lines, *notes, f"head  {style.show(head)}", *_CURE])


def _redacted_text(redacted: Mapping[int, int]) -> str:
    by = sorted(set(redacted.values()))
    payloads = f"{len(redacted)} payload{'' if len(redacted) == 1 else 's'}"
    return (
        f"Personal data was erased from {payloads}, as "
        f"entr{'y' if len(by) == 1 else 'ies'} {', '.join(map(str, by))} tell{'s' if len(by) == 1 else ''}."
    )


def _revision_lines(revision: Revision, applied: JournalEvent | None, style: Style) -> list[str]:
    lines = [style.paint(f"revision {revision.revision}", "strong") + f"  {moment(revision.at)}"]
    commit = revision.commit and f"commit {revision.commit[:_COMMIT_DIGITS]}"
    facts = [f"by {revision.actor} ({revision.actor_source})", commit, revision.reference]
    lines += hang("  ", style.show("  ".join(fact for fact in facts if fact)), width=style.width)
    lines += hang("  ", style.show(counted(revision.summary)), width=style.width)
    lines += apply_lines(applied, style=style) if applied is not None else []
    for change in revision.changes[:_MOST_CHANGES]:
        lines += _change_lines(change, style)
    more = len(revision.changes) - _MOST_CHANGES
    return [*lines, f"    and {more} more"] if more > 0 else lines


def _change_lines(change: dict[str, Any], style: Style) -> list[str]:
    action = next((known for known in ACTIONS if known == change["action"]), None)
    previous = change.get("previousName")
    subject = f"{previous} to {change['name']}" if previous else change["name"]
    said = style.show(f"{change['action']} {change['kind']} {subject}")
    mark = style.paint(style.symbol(action), action) if action else " "
    first, *rest = hang(" " * 6, said, width=style.width)
    lines = [f"    {mark} {first[6:]}", *rest]
    if action in {"create", "delete"}:
        return lines
    fields = [_field(field) for field in change.get("fields", ())]
    return [*lines, *field_lines(fields, style=style, indent=8)]


def _field(field: dict[str, Any]) -> FieldChange:
    rotated = bool(field.get("rotated", False))
    return FieldChange(path=field["path"], before=field.get("before"), after=field.get("after"), rotated=rotated)


_MOST_ACCOUNTS = 50
_QUIET = frozenset({"verify"})
"""Events that change nothing most of the time, and are told only where they changed something."""


def is_told(event: JournalEvent) -> bool:
    """Tell whether people are shown an event on its own; an apply is shown as its revision, a sending by its end."""
    is_quiet = event.event in _QUIET and not event.accounts and "acceptedAltered" not in event.details
    return event.revision is None and not is_quiet and not event.details.get("hasEnded")


def event_lines(event: JournalEvent, *, style: Style) -> list[str]:
    """Return an event: what and when, who and why, and what became of each account; of more than 50 the first."""
    lines = [style.paint(style.show(event.event), "strong") + f"  {moment(event.at)}"]
    facts = [_actor(event), event.reason and f"reason: {event.reason}", *_care(event), *_by_whose_word(event.details)]
    for fact in facts:
        if fact:
            lines += hang("  ", style.show(fact), width=style.width)
    for account in event.accounts[:_MOST_ACCOUNTS]:
        lines += hang("    ", style.show(_standing(account)), width=style.width, indent=8)
    more = len(event.accounts) - _MOST_ACCOUNTS
    return [*lines, f"    and {more} more"] if more > 0 else lines


def apply_lines(event: JournalEvent, *, style: Style) -> list[str]:
    """Return the ways round that an apply took, and what it did to approvals."""
    return [line for fact in _ways_round(event.details) for line in hang("  ", style.show(fact), width=style.width)]


def _actor(event: JournalEvent) -> str | None:
    if event.actor is None:
        return None
    return f"by {event.actor}" + (f" ({event.actor_source})" if event.actor_source else "")


def _standing(account: EventAccount) -> str:
    if account.before is None and account.after is None:
        return account.name
    if account.before == account.after:
        standing = f"{account.name} is still {account.after}"
    else:
        standing = f"{account.name}: {account.before or 'not recorded'} to {account.after or 'not recorded'}"
    return f"{standing} ({account.reason})" if account.reason else standing


def _care(event: JournalEvent) -> Iterator[str]:
    """Yield what events of the state's care tell in numbers."""
    told = event.details
    if event.event == "redact":
        yield f"personal data of {told.get('name')} erased: {told.get('payloads')} payloads, {told.get('revisions')} revisions"
    if event.event == "revoke":
        yield f"routes forgotten: {told.get('routes')} of {told.get('secret')}"
    if event.event == "rekey":
        yield f"fingerprints made with another key, {told.get('fingerprintKeyId')}"
        yield from _listed("kept without a fingerprint", told.get("unread"))
        yield from _listed("rotated and accepted", told.get("acceptedRotated"))
    if event.event == "restore":
        yield f"state restored as of revision {told.get('serial')}; entries given up: {told.get('lostEntries')}"
    if event.event == "send" and told.get("ending") == "begun":
        yield f"through {told.get('name')}: begun"
    if event.event == "send" and isinstance(did := told.get("thisRun"), dict):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in did.items() if count) or "nothing sent"
        yield f"through {told.get('name')}: {counts}; {told.get('ending')}"
    if event.event == "migrate":
        yield f"tables of version {told.get('before')} brought to version {told.get('after')}"


def _ways_round(told: dict[str, Any]) -> Iterator[str]:
    overrides = told.get("overrides")
    if isinstance(overrides, dict):
        yield from (f"override of verification: {name} ({reason})" for name, reason in sorted(overrides.items()))
    guards = told.get("liftedGuards")
    if isinstance(guards, list):
        yield from (
            f"guard lifted: {each.get('code')}, by {each.get('by')}" for each in guards if isinstance(each, dict)
        )
    reviewed = told.get("reviewed")
    if isinstance(reviewed, dict):
        yield f"held to the reviewed plan {reviewed.get('planDigest')}"
    yield from _listed("limited to", told.get("targets"))
    yield from _listed("left out", told.get("excludes"))
    if told.get("holdsFailing"):
        yield "accounts that fail verification were to be held"
    yield from _listed("held", told.get("held"))
    yield from _by_whose_word(told)
    uncompared = told.get("secretsNotCompared")
    if isinstance(uncompared, dict):
        for name, secrets in sorted(uncompared.items()):
            yield from _listed(f"secrets of {name} not compared with those known", secrets)
    approvals = told.get("approvals")
    if isinstance(approvals, dict):
        yield from (f"approval of {name}: {_change_of(each)}" for name, each in sorted(approvals.items()))


def _by_whose_word(told: dict[str, Any]) -> Iterator[str]:
    """Yield what let secrets travel beside the routes that state has."""
    yield from _listed("grants used", told.get("grantsUsed"))
    if told.get("trustsProject"):
        yield "the project file was declared trusted"
    accepted = told.get("acceptedAltered")
    if isinstance(accepted, dict):
        yield from (f"taken as it was altered: {name} ({reason})" for name, reason in sorted(accepted.items()))


def _listed(what: str, told: Any) -> Iterator[str]:
    if isinstance(told, list) and told:
        yield f"{what}: {', '.join(str(each) for each in told)}"


def _change_of(approval: Any) -> str:
    decisions = (
        [
            part.get("decision") if isinstance(part, dict) else None
            for part in (approval.get("before"), approval.get("after"))
        ]
        if isinstance(approval, dict)
        else [None, None]
    )
    before, after = (decision or "awaited" for decision in decisions)
    return f"{before} to {after}"
