"""The head of a plan: what it would do, why it is refused, whom apply contacts, and what comes next, on one screen.

Text, comment, page and the question of ``apply`` all begin with it. It has few rows for a plan of any size: what fails
is told by its reason, with all accounts, and an update that several accounts share is told once.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName
from reconciler.diagnostics import CODES
from reconciler.rules.plan.alike import shared_changes
from reconciler.rules.plan.finish import FAILED_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.plan import Announcement, Change, FieldChange, Messages, PlanStatus, SavedPlan
    from reconciler.model.verification.evidence import Check

RowKind = Literal["refused", "held", "delete", "pending", "update"]
_MOST_REFUSALS = 6
_MOST_UPDATES = 4
_MOST_NAMED = 3
"""The most accounts that a command names."""
_TOLD_BY_VERIFICATION = FAILED_CODES | {"verificationIncomplete"}
_WITHHELD = frozenset({"credentialWithheld", "projectNotTrusted"})
_LONGEST_REASON = 100


class SummaryRow(FrozenByName):
    """One line: what is said of some accounts. Text is foreign in part: whoever shows it makes it safe."""

    kind: RowKind
    names: tuple[str, ...]
    """The accounts, by name; none where it concerns the plan as a whole."""
    text: str = ""
    """What is said of them; empty for an update, which is told by its fields."""
    fields: tuple[FieldChange, ...] = ()
    server: str | None = None
    """The MailServer that all of them are set up through."""


class PlanSummary(FrozenByName):
    """What matters of a plan, in the order in which it is told."""

    project: str
    serial: int | None
    status: PlanStatus
    counts: tuple[tuple[str, int], ...]
    """How many accounts by what happens to them, in words, without those that are 0."""
    rows: tuple[SummaryRow, ...]
    verifies: Announcement | None
    """Whom apply contacts; None where nothing would change, and in plans of earlier versions."""
    sent: tuple[Messages, ...]
    """The test messages that making the plan sent."""
    mend: str
    """The command that shows what to mend in a plan that is refused; empty where an error tells it."""
    mend_code: str
    """The code of the error that tells what to mend first; empty where there is none."""


def summarised(plan: SavedPlan) -> PlanSummary:
    """Return the head of a plan."""
    counts, code = plan.summary, _first_error(plan)
    listed = (
        ("create", counts.create), ("update", counts.update), ("rename", counts.rename), ("delete", counts.delete),
        ("held", counts.held), ("unchanged", counts.unchanged),
    )  # fmt: skip
    return PlanSummary(
        project=plan.project,
        serial=plan.serial,
        status=plan.status,
        counts=tuple((word, count) for word, count in listed if count),
        rows=tuple(_rows(plan)),
        verifies=plan.apply_verifies if any(not change.held for change in plan.changes) else None,
        sent=plan.messages_sent,
        mend=_mend(plan) if not code else "",
        mend_code=code,
    )


def _rows(plan: SavedPlan) -> Iterator[SummaryRow]:
    yield from _fitting([*_refusals(plan), *_failures(plan)], _MOST_REFUSALS, "for other reasons")
    held = tuple(sorted(change.name for change in plan.changes if change.held))
    if held:
        yield SummaryRow(kind="held", names=held, text="left out, because verification failed")
    deleted = _names(change for change in plan.changes if change.action == "delete")
    if deleted:
        yield SummaryRow(kind="delete", names=deleted, text="deleted")
    # Who waits for the platform once the plan is applied: accounts that it knows, then new ones.
    waiting = frozenset(plan.would_be_pending)
    for is_new, told in ((False, "must be accepted by the platform again"), (True, "must be accepted by the platform")):
        names = _names(each for each in plan.changes if each.name in waiting and (each.action == "create") == is_new)
        if names:
            yield SummaryRow(kind="pending", names=names, text=told)
    updated = [change for change in plan.changes if change.action == "update" and not change.held]
    yield from _fitting(_updates(updated), _MOST_UPDATES, "changed otherwise")


def _names(changes: Iterable[Change]) -> tuple[str, ...]:
    return tuple(sorted(change.name for change in changes if not change.held))


def _fitting(rows: Sequence[SummaryRow], most: int, others: str) -> Iterator[SummaryRow]:
    """Yield the rows, or of too many the first ones and one that stands for the rest."""
    shown = list(rows) if len(rows) <= most else list(rows[: most - 1])
    yield from shown
    rest = rows[len(shown) :]
    if rest:
        names = tuple(sorted({name for row in rest for name in row.names}))
        yield SummaryRow(kind=rest[0].kind, names=names, text=others)


def _refusals(plan: SavedPlan) -> list[SummaryRow]:
    """Return a row for each kind of error that no verification tells better: guards, credentials, faulty input."""
    failing = {change.name for change in plan.changes if change.verification.status in {"failed", "withheld"}}
    rows: dict[str, SummaryRow] = {}
    for problem in plan.diagnostics:
        is_told = problem.code in _TOLD_BY_VERIFICATION and failing.issuperset(problem.concerned)
        if problem.severity != "error" or is_told:
            continue
        names = problem.concerned
        if problem.code in _WITHHELD:
            names = _names(change for change in plan.changes if change.verification.status == "withheld") or names
        row = rows.setdefault(problem.code, SummaryRow(kind="refused", names=(), text=_in_short(problem)))
        rows[problem.code] = replace(row, names=tuple(sorted({*row.names, *names})))
    return list(rows.values())


def _in_short(problem: Diagnostic) -> str:
    return f"{problem.summary[:1].lower()}{problem.summary[1:]} [{problem.code}]"


def _failures(plan: SavedPlan) -> list[SummaryRow]:
    """Return a row for each reason for which verification failed, that of most accounts first."""
    reasons: dict[str, list[str]] = {}
    met: dict[str, str] = {}
    untried: list[tuple[str, str, str]] = []
    for change in plan.changes:
        if change.held or change.verification.status != "failed":
            continue
        check = next((each for each in change.verification.checks if each.status == "failed"), None)
        if check is None:
            check = next((each for each in change.verification.checks if each.code != "notDeclared"), None)
        host, place = _place(plan, change)
        reason = _reason(check, host, place)
        if check is not None and check.code == "serverDown":
            untried.append((change.name, place, reason))
            continue
        reasons.setdefault(reason, []).append(change.name)
        met.setdefault(place, reason)
    for name, place, reason in untried:
        # Its server was down already for others, whose reason is its own.
        reasons.setdefault(met.get(place, reason), []).append(name)
    rows = [SummaryRow(kind="refused", names=tuple(sorted(names)), text=told) for told, names in reasons.items()]
    return sorted(rows, key=lambda row: (-len(row.names), row.names))


def _reason(check: Check | None, host: str, place: str) -> str:
    if check is None:
        return "not verified"
    from reconciler.model.verification.briefly import briefly

    words = briefly(check.code, host=host, place=place) or check.message.split(". ")[0].rstrip(".")
    told = words if len(words) <= _LONGEST_REASON else f"{words[:_LONGEST_REASON]}…"
    return f"{check.check}: {told}"


def _place(plan: SavedPlan, change: Change) -> tuple[str, str]:
    """Return the host, and host and port, that an account is verified with; empty where that is not known."""
    account = plan.inputs.accounts.get(change.name)
    server = account.settings.server if account is not None else None
    if account is not None and server is not None:
        host = account.written.get("spec.smtp.host", server.host)
        return host, server.model_copy(update={"host": host}).place
    platform = next((each.route for each in plan.inputs.platform_routes if each.route.purpose == "smtp"), None)
    return (platform.host, f"{platform.host}:{platform.port}") if platform is not None else ("", "")


def _updates(changes: Sequence[Change]) -> list[SummaryRow]:
    """Return a row for each update that several share, one for many with the same fields, one for each other account."""
    own: dict[str, SummaryRow] = {}
    rows = []
    for shared in shared_changes(changes):
        row = SummaryRow(kind="update", names=shared.names, fields=shared.fields, server=shared.server)
        if len(shared.names) > 1:
            rows.append(row)
        else:
            own[shared.names[0]] = row
    by_fields: dict[tuple[str, ...], list[SummaryRow]] = {}
    for row in own.values():
        by_fields.setdefault(tuple(field.path for field in row.fields), []).append(row)
    many = [alike for alike in by_fields.values() if len(alike) > _MOST_NAMED]
    few = [row for alike in by_fields.values() if len(alike) <= _MOST_NAMED for row in alike]
    return [*rows, *map(_each_its_own, many), *sorted(few, key=lambda row: row.names)]


def _each_its_own(alike: Sequence[SummaryRow]) -> SummaryRow:
    """Return the row of accounts that change the same fields: what all of them come to, where that is the same."""
    told = []
    for at, field in enumerate(alike[0].fields):
        values = {row.fields[at].after for row in alike}
        name = field.path.removeprefix("spec.").removeprefix("metadata.")
        is_one = len(values) == 1 and field.after is not None
        told.append(f"{name} becomes {field.after}" if is_one else f"{name}, each to a value of its own")
    names = tuple(sorted(name for row in alike for name in row.names))
    return SummaryRow(kind="update", names=names, text="; ".join(told))


def _first_error(plan: SavedPlan) -> str:
    """Return the code of the error that is mended first: faulty input, a guard, then a credential that is withheld."""
    errors = {problem.code for problem in plan.diagnostics if problem.severity == "error"}
    failing = any(change.verification.status == "failed" and not change.held for change in plan.changes)
    told = errors - _TOLD_BY_VERIFICATION if failing else errors
    return min(told, key=lambda code: (code in _WITHHELD, code not in CODES or CODES[code].is_guard, code), default="")


def _mend(plan: SavedPlan) -> str:
    """Return the command to go on with: it tells more of a few failing accounts, and leaves many of them out."""
    failing = _names(change for change in plan.changes if change.verification.status == "failed")
    if len(failing) > _MOST_NAMED:
        return "reconciler plan --hold-failing"
    return shlex.join(["reconciler", "verify", *failing]) if failing else ""
