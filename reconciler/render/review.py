"""A plan as reviewers read it: what goes first, what refuses it, and what would be sent where.

The comment of a pull request and the page show the same review in the same order. All text in it is safe already, see
``safe``; whoever writes it down still has to keep it text in its own language. Nothing in it depends on when the plan
was made or how long it took, so that the same plan reads the same.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from reconciler.diagnostics import MOST_NAMES, counted, enumerated
from reconciler.model.accounts.kinds import kind_of
from reconciler.render.safe import safe, safe_lines
from reconciler.render.text.parts.fields import field_action, field_labels, scalar
from reconciler.render.text.verification import verification_remarks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics import Diagnostic, Severity
    from reconciler.model.plan import Action, Change, FieldChange, SavedPlan, Scalar
    from reconciler.model.secrets.routes import Route
    from reconciler.model.verification.evidence import VerificationStatus
    from reconciler.render.text.parts.style import Symbol

SectionName = Literal["delete", "rename", "update", "create", "rotation", "held"]
_TITLES: dict[SectionName, tuple[str, str]] = {
    "delete": ("Deletions", ""),
    "rename": ("Renames", ""),
    "update": ("Updates", ""),
    "create": ("Creations", ""),
    "rotation": ("Rotated secrets", "Nothing in the manifests changed here: the value behind a reference did."),
    "held": ("Held", "Left out of this plan, because verification failed. These accounts stay as they are recorded."),
}
_OUTCOMES: dict[VerificationStatus, str] = {
    "failed": "failed",
    "withheld": "withheld",
    "skipped": "not verified",
    "passed": "passed",
    "unchanged": "not needed",
}
_VERDICTS = {
    "empty": "Nothing would change.",
    "ready": "Nothing refuses this plan.",
    "blocked": "This plan is blocked: apply would refuse it.",
    "invalid": "No plan could be made.",
}
_PURPOSES = {"smtp": "Login at", "proxy": "Login at the proxy", "oauth2": "Request for a token at"}
_OF_THE_MAKING = frozenset({"evidenceReused"})
"""What tells of one run rather than of the plan: a comment that is updated would change for nothing."""
_LONGEST_VALUE = 400
_LONGEST_NAME = 160
_LONGEST_SENTENCE = 1200
_PLATFORM = "the platform's server"


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """One field, before and after as text; None where it is absent. A rotated secret is the same reference twice."""

    action: Action
    label: str
    before: str | None
    after: str | None
    is_rotated: bool


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A sentence on an account, and its symbol."""

    symbol: Symbol | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One account of the plan."""

    action: Action
    kind: str
    name: str
    previous_name: str | None
    server: str | None
    fields: tuple[FieldRow, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """Entries that are told together, by name."""

    key: SectionName
    title: str
    explanation: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Lines of an advice: sentences, or where ``language`` is given, lines to copy as they stand."""

    lines: tuple[str, ...]
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One problem, and what to do about it."""

    severity: Severity
    summary: str
    code: str
    subject: str | None
    place: str | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A server that secrets go to: which of them, and as whom. ``is_withheld``: not as things are."""

    where: str
    secrets: tuple[tuple[str, str | None], ...]
    accounts: tuple[str, ...]
    is_withheld: bool


@dataclass(frozen=True, kw_only=True)
class Review:
    """A plan, put into the order in which it is read."""

    project: str
    status: str
    verdict: str
    against: str
    counts: tuple[tuple[str, int], ...]
    outcomes: tuple[tuple[str, int], ...]
    refusals: tuple[Advice, ...]
    sections: tuple[Section, ...]
    destinations: tuple[Destination, ...]
    messages: str | None
    lifted: tuple[tuple[str, str], ...]
    grants_used: tuple[str, ...]
    warnings: tuple[Advice, ...]
    digest: str


def review_of(plan: SavedPlan) -> Review:
    """Return the plan as reviewers read it."""
    problems = [problem for problem in plan.diagnostics if problem.code not in _OF_THE_MAKING]
    errors = [each for each in problems if each.severity == "error" and each.code != "verificationFailed"]
    counts = plan.summary
    return Review(
        project=_short(plan.project, _LONGEST_NAME),
        status=plan.status,
        verdict=_VERDICTS[plan.status],
        against=_against(plan),
        counts=(
            ("delete", counts.delete), ("rename", counts.rename), ("update", counts.update),
            ("create", counts.create), ("held", counts.held), ("unchanged", counts.unchanged),
        ),
        outcomes=_outcomes(plan.changes),
        refusals=(*map(_advice, errors), *_failures(plan.changes)),
        sections=_sections(plan),
        destinations=_destinations(plan),
        messages=_messages(plan),
        lifted=tuple((_short(each.code, _LONGEST_NAME), _clipped(each.by)) for each in plan.lifted_guards),
        grants_used=tuple(_clipped(grant) for grant in plan.inputs.grants_used),
        warnings=tuple(_advice(each) for each in problems if each.severity != "error"),
        digest=_short(plan.changes_digest, _LONGEST_NAME),
    )  # fmt: skip


def _against(plan: SavedPlan) -> str:
    if plan.serial is None:
        return ""
    return f"against revision {plan.serial}" if plan.serial else "against a state without revisions"


def _outcomes(changes: Iterable[Change]) -> tuple[tuple[str, int], ...]:
    found = [change.verification.status for change in changes if change.action != "delete"]
    return tuple((words, found.count(status)) for status, words in _OUTCOMES.items() if status in found)


def _sections(plan: SavedPlan) -> tuple[Section, ...]:
    pending = frozenset(plan.would_be_pending)
    placed: dict[SectionName, list[Entry]] = {key: [] for key in _TITLES}
    for change in sorted(plan.changes, key=lambda each: each.name):
        placed[_section_of(change)].append(_entry(change, is_pending=change.name in pending))
    return tuple(
        Section(key=key, title=title, explanation=explanation, entries=tuple(placed[key]))
        for key, (title, explanation) in _TITLES.items()
        if placed[key]
    )


def _section_of(change: Change) -> SectionName:
    if change.held:
        return "held"
    return "rotation" if change.cause == "rotation" else change.action


def _entry(change: Change, *, is_pending: bool) -> Entry:
    found = [] if change.action == "delete" else verification_remarks(change.verification)
    remarks = [Remark(symbol=symbol, text=_short(text, _LONGEST_SENTENCE)) for symbol, text in found]
    if is_pending:
        waits = "will be pending: no sending until the platform accepts"
        remarks.insert(0, Remark(symbol="warned", text=waits))
    return Entry(
        action=change.action,
        kind=change.kind,
        name=_short(change.name, _LONGEST_NAME),
        previous_name=_optional(change.previous_name),
        server=_optional(change.server),
        fields=field_rows(change.fields),
        remarks=tuple(remarks),
    )


def _optional(text: str | None) -> str | None:
    return None if text is None else _short(text, _LONGEST_NAME)


def field_rows(fields: Sequence[FieldChange]) -> tuple[FieldRow, ...]:
    """Return the fields of one change as they are shown, in the order given."""
    return tuple(
        FieldRow(
            action=field_action(field),
            label=_short(label, _LONGEST_NAME),
            before=_value(field.before),
            after=_value(field.after),
            is_rotated=field.rotated,
        )
        for field, label in zip(fields, field_labels(fields), strict=True)
    )


def _value(value: Scalar) -> str | None:
    return None if value is None else _clipped(scalar(value))


def _clipped(text: str) -> str:
    """Return text made safe; of a long one its beginning and how much more there is."""
    more = len(text) - _LONGEST_VALUE
    shown = _short(text[:_LONGEST_VALUE], _LONGEST_VALUE)
    return f"{shown}… ({more:,} characters more)" if more > 0 else shown


def _short(text: str, limit: int) -> str:
    """Return text made safe, in no more characters than the limit, although escaping makes it longer."""
    return safe(safe(text, limit=limit), limit=limit)


def _failures(changes: Iterable[Change]) -> tuple[Advice, ...]:
    """Return one advice for all accounts whose verification failed; what failed stands with each account."""
    names = [change.name for change in changes if change.verification.status == "failed" and not change.held]
    if not names:
        return ()
    listed = enumerated(names)
    them = "it" if len(names) == 1 else "them"
    words = f"Verification failed for {listed}. Mend what the checks say and plan again, or leave {them} out:"
    command = shlex.join(["reconciler", "plan", *(f"--exclude={name}" for name in names[:MOST_NAMES])])
    parts = (
        Part(lines=(_short(words, _LONGEST_SENTENCE),)),
        Part(lines=(safe(command) + (" …" if len(names) > MOST_NAMES else ""),), language="sh"),
    )
    return (
        Advice(severity="error", summary="Verification failed", code="verificationFailed", subject=None, place=None,
               parts=parts),
    )  # fmt: skip


def _advice(problem: Diagnostic) -> Advice:
    return Advice(
        severity=problem.severity,
        summary=_short(problem.summary, _LONGEST_NAME),
        code=_short(problem.code, _LONGEST_NAME),
        subject=_optional(problem.subject or counted(problem.subjects) or None),
        place=_optional(str(problem.location)) if problem.location else None,
        parts=(*_concerned(problem), *_parts(problem.detail)),
    )


def _concerned(problem: Diagnostic) -> Iterable[Part]:
    """Yield a sentence on what hangs on the problem's subject, where anything does."""
    if problem.subject and problem.subjects:
        yield Part(lines=(_short(f"This concerns {counted(problem.subjects)}.", _LONGEST_SENTENCE),))


def _parts(detail: str) -> Iterable[Part]:
    """Yield a detail's sentences and what it has to copy, see ``Diagnostic``; the latter without its indentation."""
    for is_to_copy, run in groupby(safe_lines(detail.strip("\n")), key=lambda line: line.startswith("    ")):
        lines = [line.removeprefix("    ") for line in run]
        if is_to_copy:
            yield Part(lines=tuple(lines), language=_language(lines[0]))
        elif any(line.strip() for line in lines):
            yield Part(lines=tuple(_short(line.strip(), _LONGEST_SENTENCE) for line in lines if line.strip()))


def _language(line: str) -> str:
    first = line.split(" ", 1)[0]
    if first in {"reconciler", "git"}:
        return "sh"
    return "yaml" if first.endswith(":") or first == "-" else "text"


def _destinations(plan: SavedPlan) -> tuple[Destination, ...]:
    """Return where secrets go when the plan is verified and applied, by server; what is withheld first."""
    found: dict[tuple[bool, str], dict[tuple[str, str | None], set[str]]] = {}
    for is_withheld, account, secret, route in _travels(plan):
        anybody = route.model_copy(update={"username": None})
        where = f"{_PURPOSES[route.purpose]} {_clipped(str(anybody))}"
        user = None if route.username is None else _clipped(route.username)
        going = found.setdefault((not is_withheld, where), {})
        going.setdefault((_clipped(secret), user), set()).add(account)
    return tuple(
        Destination(
            where=where,
            secrets=tuple(sorted(going, key=lambda pair: (pair[0], pair[1] or ""))),
            accounts=tuple(sorted(set().union(*going.values()))),
            is_withheld=not is_allowed,
        )
        for (is_allowed, where), going in sorted(found.items())
    )


def _travels(plan: SavedPlan) -> Iterable[tuple[bool, str, str, Route]]:
    changes = {change.name: change for change in plan.changes if not change.held}
    for name, account in sorted(plan.inputs.accounts.items()):
        if name not in changes or not account.needs_evidence:
            continue
        is_withheld = changes[name].verification.status == "withheld"
        for each in account.secret_routes:
            yield is_withheld, _short(name, _LONGEST_NAME), each.secret, each.route
    hosted = [change for change in changes.values() if kind_of(change).sends_through_platform]
    is_withheld = any(change.verification.status == "withheld" for change in hosted)
    for each in plan.inputs.platform_routes:
        yield is_withheld, _PLATFORM, each.secret, each.route


def _messages(plan: SavedPlan) -> str | None:
    """Return what becomes of test messages; None where no account needs evidence."""
    held = {change.name for change in plan.changes if change.held}
    count = sum(account.needs_evidence for name, account in plan.inputs.accounts.items() if name not in held)
    if not count:
        return None
    whose = "the account whose settings change" if count == 1 else f"the {count:,} accounts whose settings change"
    depth = plan.inputs.depth
    if depth is not None and depth != "message":
        return f"Apply verifies {whose} to the depth {depth}: it sends no test message."
    return (
        f"Apply verifies {whose}. Where the project's depth for apply is message, which is the default, a test message "
        "of each goes to the operator and to nobody else."
    )
