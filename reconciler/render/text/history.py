"""Revisions, what else happened, and the journal."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import enumerated, several
from reconciler.model.journal.abridged import Groups
from reconciler.model.journal.events import JournalEvent
from reconciler.model.journal.payloads import (
    ApplyPayload,
    MigratePayload,
    PublishPayload,
    RedactPayload,
    RekeyPayload,
    RestorePayload,
    RevokePayload,
    SendPayload,
)
from reconciler.model.plan import ACTIONS, FieldChange
from reconciler.render.text.apply import counted
from reconciler.render.text.parts.fields import field_lines
from reconciler.render.text.parts.layout import finish, hang
from reconciler.render.text.parts.names import listed_ranges
from reconciler.render.text.parts.tables import Cell, table_lines
from reconciler.render.times import moment
from reconciler.rules.journal.abridge import (
    MOST_NAMES,
    approvals_by_account,
    grouped_accounts,
    grouped_changes,
    read_abridged,
    secrets_by_account,
)
from reconciler.rules.journal.choose import is_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reconciler.model.canonical import JsonObject
    from reconciler.model.journal.abridged import Abridged, Alike
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import EventAccount
    from reconciler.model.journal.payloads import Payload
    from reconciler.render.text.parts.style import Style

NOTHING_APPLIED = "Nothing has been applied yet."
_COMMIT_DIGITS = 12
_NOBODY = Groups(first=(), more=0)
_TITLES = ("WHAT", "WHEN (UTC)", "BY", "CHANGES", "COMMIT", "REFERENCE")
_LEAST_COLUMNS = 4
"""A table with fewer columns tells too little."""

_CURE = (
    "Something other than reconciler wrote to the state. Find out who did, and restore a backup from before:",
    "    reconciler state restore FILE",
    "Accounts in state that differ are refused by every write until then. To take one that can be read as it is, whatever writes it takes",
    "    --accept-altered NAME=REASON",
)
"""The closing words where the journal does not hold."""


def history_text(
    revisions: Iterable[Revision], *, events: Sequence[JournalEvent] = (), style: Style, nothing: str = NOTHING_APPLIED
) -> str:
    """Return the revisions, newest first: number, time, who, from where, what changed, and what was overridden.

    The other ``events`` of the journal stand among them. Of one revision the first 50 changes are told, then how
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
    return finish(lines[:-1] if lines else [nothing])


def history_table(
    revisions: Iterable[Revision], *, events: Sequence[JournalEvent] = (), style: Style, nothing: str = NOTHING_APPLIED
) -> str:
    """Return revisions and events in a row each: what and when, who, and the changes in a few words.

    A narrow terminal gets no reference and no commit, and where even that does not fit, ``history_text``.
    """
    listed = list(revisions)
    applies: dict[int | None, JournalEvent] = {event.revision: event for event in events if event.revision is not None}
    rows = [_history_row(what, applies.get(what.revision), style) for what in _newest_first(listed, events)]
    if not rows:
        return finish([nothing])
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
    """Yield revisions and told events, newest first; a revision stands where the event of its apply does."""
    applies = {event.revision: event for event in events if event.revision is not None}
    waiting = [event for event in events if is_told(event)]
    for revision in revisions:
        applied = applies.get(revision.revision)
        while waiting and applied is not None and waiting[0].sequence > applied.sequence:
            yield waiting.pop(0)
        yield revision
    yield from waiting


def _history_row(what: Revision | JournalEvent, applied: JournalEvent | None, style: Style) -> list[Cell]:
    when = moment(what.at).removesuffix(" UTC")
    if isinstance(what, JournalEvent):
        names = enumerated([account.name for account in what.accounts])
        changes = ": ".join(fact for fact in (names, what.reason) if fact)
        facts = [what.event, when, what.actor or "", changes, "", ""]
    else:
        commit = (what.commit or "")[:_COMMIT_DIGITS] + ("+" if what.commit and _uncommitted(applied) else "")
        facts = [f"revision {what.revision}", when, what.actor, counted(what.summary), commit, what.reference or ""]
    return [Cell(style.show(fact)) for fact in facts]


def journal_text(
    entries: int,
    head: str,
    *,
    problems: Sequence[str] = (),
    redacted: Mapping[int, int] | None = None,
    style: Style,
) -> str:
    """Return whether the journal holds, its last hash, to be noted down, and the problems.

    ``redacted`` are the entries from which personal data was erased, each with the entry that tells so.
    """
    count = several(entries, "entry", "entries")
    notes = hang("", _redacted_text(redacted), width=style.width) if redacted else []
    if not problems:
        holds = style.paint(f"The journal holds: {count}.", "good")
        return finish([holds, *notes, f"head  {style.show(head)}"])
    lines = [style.paint(f"The journal does not hold ({count}).", "bad")]
    for problem in problems:
        lines += hang(f"  {style.symbol('failed')} ", style.show(problem), width=style.width)
    cure = [told for line in _CURE for told in ([line] if line.startswith(" ") else hang("", line, width=style.width))]
    return finish([*lines, *notes, f"head  {style.show(head)}", *cure])


def _redacted_text(redacted: Mapping[int, int]) -> str:
    by = sorted(set(redacted.values()))
    payloads = several(len(redacted), "payload")
    return (
        f"Personal data was erased from {payloads}, as "
        f"entr{'y' if len(by) == 1 else 'ies'} {', '.join(map(str, by))} tell{'s' if len(by) == 1 else ''}."
    )


def _revision_lines(revision: Revision, applied: JournalEvent | None, style: Style) -> list[str]:
    lines = [style.paint(f"revision {revision.revision}", "strong") + f"  {moment(revision.at)}"]
    commit = revision.commit and f"commit {revision.commit[:_COMMIT_DIGITS]}{_uncommitted(applied)}"
    facts = [f"by {revision.actor} ({revision.actor_source})", commit, revision.reference]
    lines += hang("  ", style.show("  ".join(fact for fact in facts if fact)), width=style.width)
    lines += hang("  ", style.show(counted(revision.summary)), width=style.width)
    lines += apply_lines(applied, style=style) if applied is not None else []
    short = _abridged(applied)
    changes = short.changes if short is not None else grouped_changes(revision.changes)
    for alike in changes.first:
        lines += _change_lines(alike, style)
    return [*lines, f"    and {changes.more} more"] if changes.more > 0 else lines


def _abridged(applied: JournalEvent | None) -> Abridged | None:
    """Return the short form of an apply that was read in short."""
    told = applied.told if applied is not None else None
    return read_abridged(told.abridged) if isinstance(told, ApplyPayload) and told.abridged is not None else None


def _uncommitted(applied: JournalEvent | None) -> str:
    """Return what to add to a commit that is not all of what was applied."""
    told = applied.told if applied is not None else None
    return " + uncommitted changes" if isinstance(told, ApplyPayload) and told.is_dirty else ""


def _change_lines(alike: Alike, style: Style) -> list[str]:
    change = dict(alike.value)
    action = next((known for known in ACTIONS if known == change["action"]), None)
    previous = change.get("previousName")
    name = _named(alike)
    subject = f"{previous} to {name}" if previous else name
    subject = f"{several(alike.count, change['kind'])}: {name}" if alike.count > 1 else f"{change['kind']} {subject}"
    said = style.show(f"{change['action']} {subject}")
    mark = style.paint(style.symbol(action), action) if action else " "
    first, *rest = hang(" " * 6, said, width=style.width)
    lines = [f"    {mark} {first[6:]}", *rest]
    if action in {"create", "delete"}:
        return lines
    fields = [_field(field) for field in change.get("fields", ())]
    return [*lines, *field_lines(fields, style=style, indent=8)]


def _named(alike: Alike) -> str:
    return listed_ranges(alike.names.runs, more=alike.names.more)


def _field(field: JsonObject) -> FieldChange:
    rotated = bool(field.get("rotated", False))
    return FieldChange(path=field["path"], before=field.get("before"), after=field.get("after"), rotated=rotated)


def event_lines(event: JournalEvent, *, style: Style) -> list[str]:
    """Return an event: what and when, who and why, and its first 50 accounts with what became of each."""
    lines = [style.paint(style.show(event.event), "strong") + f"  {moment(event.at)}"]
    source = f" ({event.actor_source})" if event.actor_source else ""
    facts = [event.actor and f"by {event.actor}{source}", event.reason and f"reason: {event.reason}"]
    facts += [*_care(event.told), *_by_whose_word(event.told)]
    for fact in facts:
        if fact:
            lines += hang("  ", style.show(fact), width=style.width)
    nameless = ((each.name, each.model_copy(update={"name": ""})) for each in event.accounts)
    accounts = grouped_accounts(nameless, lambda account: account)
    for alike in accounts.first:
        said = _standing(alike.value.model_copy(update={"name": _named(alike)}))
        lines += hang("    ", style.show(said), width=style.width, indent=8)
    return [*lines, f"    and {accounts.more} more"] if accounts.more > 0 else lines


def apply_lines(event: JournalEvent, *, style: Style) -> list[str]:
    """Return what an apply overrode, lifted or left out, and what it did to approvals."""
    told = event.told
    facts = _ways_round(told) if isinstance(told, ApplyPayload) else ()
    return [line for fact in facts for line in hang("  ", style.show(fact), width=style.width)]


def _standing(account: EventAccount) -> str:
    rotated = f"; rotated: {', '.join(account.rotated)}" if account.rotated else ""
    return f"{_status(account)}{rotated}"


def _status(account: EventAccount) -> str:
    if account.before is None and account.after is None:
        return account.name
    if account.before == account.after:
        standing = f"{account.name}: still {account.after}"
    else:
        standing = f"{account.name}: {account.before or 'not recorded'} to {account.after or 'not recorded'}"
    return f"{standing} ({account.reason})" if account.reason else standing


def _care(told: Payload) -> Iterator[str]:
    """Yield what an event did, with its numbers: to the state, in a sending, at consumers."""
    match told:
        case RedactPayload():
            counts = f"{several(told.payloads or 0, 'payload')}, {several(told.revisions or 0, 'revision')}"
            yield f"personal data of {told.name} erased: {counts}"
        case RevokePayload():
            yield f"routes forgotten: {told.routes} of {told.secret}"
        case RekeyPayload():
            yield f"fingerprints made with another key, {told.fingerprint_key_id}"
            yield from _listed("kept without a fingerprint", told.unread)
            yield from _listed("rotated and accepted", told.accepted_rotated)
        case RestorePayload():
            yield f"state restored as of revision {told.serial}; entries given up: {told.lost_entries}"
        case SendPayload(ending="begun"):
            yield f"through {told.name}: begun"
        case SendPayload(this_run=dict(did)):
            counts = ", ".join(f"{count} {outcome}" for outcome, count in did.items() if count) or "nothing sent"
            yield f"through {told.name}: {counts}; {told.ending}"
        case PublishPayload():
            accounts = grouped_accounts(told.published.items(), str)
            done = [f"{_named(each)} {each.value}" for each in accounts.first]
            done += [several(accounts.more, "more", "more")] if accounts.more else []
            yield f"published to {told.consumer} at {told.place}: {', '.join(done) or 'nothing of it had to change'}"
        case MigratePayload(made_anew=tuple(altered)) if altered:
            yield f"what guards the state was made anew: {' '.join(altered)}"
        case MigratePayload():
            yield f"tables of version {told.before} brought to version {told.after}"
        case _:
            pass


def _ways_round(told: ApplyPayload) -> Iterator[str]:
    short = read_abridged(told.abridged) if told.abridged is not None else None
    more = short.more if short is not None else {}
    yield from _with_reasons("override of verification:", told.overrides)
    yield from (f"guard lifted: {guard.code}, by {guard.by}" for guard in told.lifted_guards)
    if told.reviewed is not None:
        yield f"held to the reviewed plan {told.reviewed.plan_digest}"
    yield from _listed("limited to", told.targets, more=more.get("targets", 0))
    yield from _listed("left out", told.excludes, more=more.get("excludes", 0))
    if told.holds_failing:
        yield "accounts that fail verification were to be held"
    yield from _listed("held", told.held, more=more.get("held", 0))
    yield from _by_whose_word(told, more=more.get("grantsUsed", 0))
    if short is not None:
        secrets, decisions = (short.accounts.get(key, _NOBODY) for key in ("secretsNotCompared", "approvals"))
    else:
        secrets = secrets_by_account(told.secrets_not_compared)
        approvals = told.approvals.items()
        decisions = approvals_by_account({name: each.model_dump(mode="json") for name, each in approvals})
    yield from _of_accounts("secrets of", secrets, lambda its: f" not compared with those known: {', '.join(its)}")
    yield from _of_accounts("approval of", decisions, _decisions)


def _decisions(change: Any) -> str:
    return f": {change['before'] or 'awaited'} to {change['after'] or 'awaited'}"


def _with_reasons(what: str, reasons: Mapping[str, str]) -> Iterator[str]:
    told = grouped_accounts(((name, (reason,)) for name, reason in reasons.items()), itemgetter(0))
    yield from _of_accounts(what, told, lambda reason: f" ({reason[0]})")


def _of_accounts(what: str, told: Groups, ending: Callable[[Any], str]) -> Iterator[str]:
    """Yield what is told of accounts, of each in a line, where more than a few are alike in one; then how many more there are."""
    for each in told.first:
        yield f"{what} {_named(each)}{ending(each.value)}"
    if told.more:
        yield f"{what} {several(told.more, 'more', 'more')}"


def _by_whose_word(told: Payload, *, more: int = 0) -> Iterator[str]:
    """Yield by whose word secrets travelled beyond the routes that state has."""
    yield from _listed("grants used", told.grants_used, more=more)
    if told.trusts_project:
        yield "the project file was declared trusted"
    yield from _with_reasons("taken as it was altered:", told.accepted_altered)


def _listed(what: str, names: Sequence[str], *, more: int = 0) -> Iterator[str]:
    if names:
        left_out = len(names) - MOST_NAMES + more
        told = f" and {several(left_out, 'more', 'more')}" if left_out > 0 else ""
        yield f"{what}: {', '.join(names[:MOST_NAMES])}{told}"
