"""A plan as reviewers read it: what goes first, what refuses it, and which secret would be sent where.

The comment of a pull request and the page show the same review in the same order. All text in it is safe already,
see ``safe``; whoever writes it down still has to keep it text in the language of the output. Nothing in it depends
on when the plan was made or how long that took, so that the same plan reads the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from reconciler.characters import SHOWN_NAME, SHOWN_PATH, SHOWN_SENTENCE
from reconciler.classes import FrozenByName
from reconciler.diagnostics import Location
from reconciler.model.accounts.kinds import kind_of
from reconciler.render.advice import Advice, advice_of, failures_of
from reconciler.render.entries import Entry, FieldRow, Member, Remark, together
from reconciler.render.links import NO_LINKS
from reconciler.render.safe import clipped, short, short_or_none
from reconciler.render.text.parts.fields import field_action, field_labels, scalar
from reconciler.render.text.plan.head import announced
from reconciler.render.text.verification import verification_remarks
from reconciler.rules.plan.defaults import is_default
from reconciler.rules.plan.summary import summarised

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.plan import Change, FieldChange, SavedPlan, Scalar
    from reconciler.model.secrets.routes import Route
    from reconciler.model.verification.evidence import VerificationStatus
    from reconciler.render.links import Links
    from reconciler.render.text.parts.style import Symbol
    from reconciler.rules.plan.summary import PlanSummary, RowKind, SummaryRow

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
"""Problems that speak of one run, not of the plan: with them an updated comment would change for nothing."""
PLATFORM = "the platform's server"
"""In place of an account's name: whose secret a destination gets."""
_ADDRESS = "spec.email"
_MOST_HEAD_FIELDS = 2
_HEAD_SYMBOLS: dict[RowKind, Symbol] = {
    "refused": "failed",
    "held": "skipped",
    "delete": "delete",
    "pending": "warned",
    "update": "update",
}


_TOLD_ABOVE = {
    "failed": Remark(symbol="failed", text="verification failed, as told above"),
    "withheld": Remark(symbol="failed", text="credential withheld, as told above"),
}
"""Of a reason that stands at the top, once for all accounts that it concerns."""


class Row(FrozenByName):
    """One line of the head: some accounts, and what is said of them, in words or as fields."""

    symbol: Symbol | None
    names: tuple[str, ...]
    text: str
    fields: tuple[tuple[str, str], ...]
    more_fields: int


class Section(FrozenByName):
    """Entries that are told together, by name."""

    key: SectionName
    title: str
    explanation: str
    entries: tuple[Entry, ...]

    @property
    def count(self) -> int:
        """How many accounts are in it."""
        return sum(len(entry.members) for entry in self.entries)


class Destination(FrozenByName):
    """A server that gets secrets: which secrets, as which user; ``is_withheld`` where none goes for now."""

    where: str
    secrets: tuple[tuple[str, str | None], ...]
    accounts: tuple[str, ...]
    is_withheld: bool


class Review(FrozenByName):
    """A plan in the order in which it is read."""

    project: str
    status: str
    verdict: str
    summary: PlanSummary
    """The head, as every form of the plan begins; its texts are foreign."""
    rows: tuple[Row, ...]
    """Its rows, as safe text."""
    announced: tuple[str, ...]
    """Whom apply contacts, in a sentence."""
    next_step: tuple[str, str]
    """How to go on, in a sentence, and the one command for it; each may be empty."""
    against: str
    counts: tuple[tuple[str, int], ...]
    outcomes: tuple[tuple[str, int], ...]
    refusals: tuple[Advice, ...]
    sections: tuple[Section, ...]
    destinations: tuple[Destination, ...]
    lifted: tuple[tuple[str, str], ...]
    grants_used: tuple[str, ...]
    warnings: tuple[Advice, ...]
    digest: str


def review_of(plan: SavedPlan, links: Links = NO_LINKS) -> Review:
    """Return the plan as reviewers read it; ``links`` lead to the files at the code host."""
    problems = [problem for problem in plan.diagnostics if problem.code not in _OF_THE_MAKING]
    errors = [each for each in problems if each.severity == "error" and each.code != "verificationFailed"]
    counts = plan.summary
    # What making the plan sent is another matter on the next run, and an updated comment would change for nothing.
    head = replace(summarised(plan), sent=())
    return Review(
        project=short(plan.project, SHOWN_NAME),
        status=plan.status,
        verdict=_VERDICTS[plan.status],
        summary=head,
        rows=tuple(map(_row, head.rows)),
        announced=tuple(short(text, SHOWN_SENTENCE) for text in announced(head)),
        next_step=_next_step(head),
        against=_against(plan),
        counts=(
            ("delete", counts.delete), ("rename", counts.rename), ("update", counts.update),
            ("create", counts.create), ("held", counts.held), ("unchanged", counts.unchanged),
        ),
        outcomes=_outcomes(plan.changes),
        refusals=(*(advice_of(each, links) for each in errors), *failures_of(plan.changes)),
        sections=_sections(plan, links),
        destinations=_destinations(plan),
        lifted=tuple((short(each.code, SHOWN_NAME), clipped(each.by)) for each in plan.lifted_guards),
        grants_used=tuple(clipped(grant) for grant in plan.inputs.grants_used),
        warnings=tuple(advice_of(each, links) for each in problems if each.severity != "error"),
        digest=short(plan.changes_digest, SHOWN_NAME),
    )  # fmt: skip


def _row(row: SummaryRow) -> Row:
    # What a server sees goes before titles and labels.
    shown = field_rows(sorted(row.fields, key=lambda field: field.path.startswith("metadata."))[:_MOST_HEAD_FIELDS])
    return Row(
        symbol=_HEAD_SYMBOLS[row.kind],
        names=tuple(short(name, SHOWN_NAME) for name in row.names),
        text=short(row.text, SHOWN_SENTENCE),
        fields=tuple((each.label, _in_words(each)) for each in shown),
        more_fields=len(row.fields) - len(shown),
    )


def _in_words(row: FieldRow) -> str:
    if row.is_rotated and row.before == row.after:
        return "(rotated)"
    if row.before is None or row.after is None:
        return f"{row.after} (new)" if row.before is None else "(gone)"
    return f"{row.before} → {row.after}"


def _next_step(head: PlanSummary) -> tuple[str, str]:
    """Return how to go on, in a sentence, and the one command for it."""
    if head.status == "ready":
        return (
            "Once it is agreed to, this records what is shown here and nothing else:",
            "reconciler apply --reviewed PLANFILE",
        )
    if head.status == "empty":
        return "", ""
    if head.mend:
        return "Mend what fails, or leave it out, and push: the plan is made anew.", short(head.mend, SHOWN_SENTENCE)
    return short(f"Mend {head.mend_code} first, and push: the plan is made anew.", SHOWN_SENTENCE), ""


def _against(plan: SavedPlan) -> str:
    if plan.serial is None:
        return ""
    return f"against revision {plan.serial}" if plan.serial else "against a state without revisions"


def _outcomes(changes: Iterable[Change]) -> tuple[tuple[str, int], ...]:
    found = [change.verification.status for change in changes if change.action != "delete"]
    return tuple((words, found.count(status)) for status, words in _OUTCOMES.items() if status in found)


def _sections(plan: SavedPlan, links: Links) -> tuple[Section, ...]:
    pending = frozenset(plan.would_be_pending)
    placed: dict[SectionName, list[Entry]] = {key: [] for key in _TITLES}
    for change in sorted(plan.changes, key=lambda each: each.name):
        place = _declared_at(plan, change, links)
        section: SectionName = "held" if change.held else "rotation" if change.cause == "rotation" else change.action
        placed[section].append(_entry(change, place, links, is_pending=change.name in pending))
    return tuple(
        Section(key=key, title=title, explanation=explanation, entries=together(placed[key]))
        for key, (title, explanation) in _TITLES.items()
        if placed[key]
    )


def _declared_at(plan: SavedPlan, change: Change, links: Links) -> Location | None:
    """Return where an account is declared, at its line where that is known of the very file that the plan was made of."""
    account = plan.inputs.accounts.get(change.name)
    if account is None or not account.manifest:
        return None
    known = links.places.get(change.name)
    line = known.line if known is not None and known.file == account.manifest else None
    return Location(account.manifest, line)


def _entry(change: Change, place: Location | None, links: Links, *, is_pending: bool) -> Entry:
    found = [] if change.action == "delete" else verification_remarks(change.verification)
    remarks = [Remark(symbol=symbol, text=short(text, SHOWN_SENTENCE)) for symbol, text in found]
    told_above = _TOLD_ABOVE.get(change.verification.status)
    if told_above is not None and not change.held:
        remarks = [told_above, *(each for each in remarks if each.symbol == "warned")]
    if is_pending:
        waits = "will be pending: no sending until the platform accepts"
        remarks.insert(0, Remark(symbol="warned", text=waits))
    return Entry(
        action=change.action,
        kind=change.kind,
        members=(_member(change, place, links),),
        previous_name=short_or_none(change.previous_name),
        server=short_or_none(change.server),
        fields=field_rows([field for field in change.fields if _is_told(change, field)]),
        remarks=tuple(remarks),
    )


def _member(change: Change, place: Location | None, links: Links) -> Member:
    return Member(
        name=short(change.name, SHOWN_NAME),
        place=None if place is None else short(str(place), SHOWN_PATH),
        file=None if place is None else short(place.file, SHOWN_PATH),
        address=None if place is None else links.to(place),
    )


def _is_told(change: Change, field: FieldChange) -> bool:
    """Tell whether a field is shown. A deleted account shows its address alone, a new one leaves out defaults."""
    if change.action == "delete":
        return field.path == _ADDRESS
    return change.action != "create" or not is_default(field)


def field_rows(fields: Sequence[FieldChange]) -> tuple[FieldRow, ...]:
    """Return the fields of one change as they are shown, in the order given."""
    return tuple(
        FieldRow(
            action=field_action(field),
            label=short(label, SHOWN_NAME),
            before=_value(field.before),
            after=_value(field.after),
            is_rotated=field.rotated,
            origin=None if field.origin is None else short(field.origin, SHOWN_PATH),
        )
        for field, label in zip(fields, field_labels(fields), strict=True)
    )


def _value(value: Scalar) -> str | None:
    return None if value is None else clipped(scalar(value))


def _destinations(plan: SavedPlan) -> tuple[Destination, ...]:
    """Return the servers that get secrets when the plan is verified and applied; withheld ones first."""
    secrets_by_place: dict[tuple[bool, str], dict[tuple[str, str | None], set[str]]] = {}
    for is_withheld, account, secret, route in _travels(plan):
        # The user stands beside the secret, so that one server is one line, whoever logs in there.
        anybody = route.model_copy(update={"username": None})
        where = f"{_PURPOSES[route.purpose]} {clipped(str(anybody))}"
        user = None if route.username is None else clipped(route.username)
        going = secrets_by_place.setdefault((not is_withheld, where), {})
        going.setdefault((clipped(secret), user), set()).add(account)
    return tuple(
        Destination(
            where=where,
            secrets=tuple(sorted(going, key=lambda pair: (pair[0], pair[1] or ""))),
            accounts=tuple(sorted(set().union(*going.values()))),
            is_withheld=not is_allowed,
        )
        for (is_allowed, where), going in sorted(secrets_by_place.items())
    )


def _travels(plan: SavedPlan) -> Iterable[tuple[bool, str, str, Route]]:
    changes = {change.name: change for change in plan.changes if not change.held}
    for name, account in sorted(plan.inputs.accounts.items()):
        if name not in changes or not account.needs_evidence:
            continue
        is_withheld = changes[name].verification.status == "withheld"
        for each in account.secret_routes:
            yield is_withheld, short(name, SHOWN_NAME), each.secret, each.route
    hosted = [change for change in changes.values() if kind_of(change).sends_through_platform]
    is_withheld = any(change.verification.status == "withheld" for change in hosted)
    for each in plan.inputs.platform_routes:
        yield is_withheld, PLATFORM, each.secret, each.route
