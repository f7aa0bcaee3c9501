"""Golden renderings: what each example looks like, kept as files in ``golden/``.

``python -m tests.render.golden`` writes the files anew; look at the difference before committing it.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.plan import Announcement, LiftedGuard, Messages, Summary
from reconciler.render import csv
from reconciler.render.github import diagnostic_annotations, plan_annotations
from reconciler.render.html import plan_page
from reconciler.render.json import documents
from reconciler.render.json.history import history_document
from reconciler.render.junit import verification_report
from reconciler.render.markdown import plan_comment
from reconciler.render.text import (
    Style,
    account_in_full,
    account_text,
    accounts_table,
    apply_text,
    diagnostics_text,
    history_table,
    history_text,
    journal_text,
    plan_text,
    queue_text,
    ruled_text,
    verification_text,
)
from tests.render import resolutions, saved, values
from tests.render.outputs import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.plan import SavedPlan
    from reconciler.render.text.plan import View

FOLDER = Path(__file__).parent / "golden"
WIDE = Style(width=100)
NARROW = Style(width=40)
ASCII = Style(width=80, unicode=False)
COLOUR = Style(width=100, colour=True)
VIEWS: tuple[View, ...] = ("compact", "grouped", "full")
PIPE = Style(width=100, is_terminal=False)


def mixed_plan() -> SavedPlan:
    """Return a plan with a change of every action and one that is held."""
    changes = [values.HELD, values.CREATED, values.DELETED, values.UPDATED, values.RENAMED]
    lifted = [LiftedGuard(code="tooManyDeletes", by="--allow-deletes 1")]
    verifies = Announcement(accounts=2, messages=(Messages(to="ops@example.com", count=2),))
    plan = values.plan(
        changes, summary=values.FULL_SUMMARY, lifted=lifted, diagnostics=values.DIAGNOSTICS[1:], verifies=verifies
    )
    return saved.saved(plan, {"newsletter": saved.prepared("newsletter", awaits_approval=True)})


def blocked_plan() -> SavedPlan:
    """Return a plan that verification, a withheld credential, a guard and an error block."""
    return values.plan(
        [values.BLOCKING, values.WITHHELD],
        status="blocked",
        summary=Summary(update=2, unchanged=3),
        diagnostics=[values.DIAGNOSTICS[0], values.TOO_MANY_DELETES],
    )


def grouped_plan() -> SavedPlan:
    """Return a plan of accounts that share a server."""
    found = {"anna": values.passed(seconds=0.3), "bob": values.passed(seconds=0.62), "carol": values.failed()}
    created = [values.through_server(name, verification) for name, verification in found.items()]
    moved = [values.moved_server(f"desk-{number:02}", values.passed(seconds=number / 10)) for number in range(1, 31)]
    return values.plan([*created, *moved], status="blocked", summary=Summary(create=3, update=30))


def many_verified(style: Style) -> str:
    """Return what ``verify`` tells of accounts that ended in every way, two of them alike."""
    findings = {
        "sales-pl": values.passed(),
        "relay": values.failed(),
        "relay-2": values.failed(),
        "courier": values.withheld(),
        "newsletter": values.warned(),
        "desk": values.server_down(),
        "quiet": values.offline(),
    }
    return verification_text(findings, dict.fromkeys(findings, "OwnAccount"), style=style)


CASES: dict[str, Callable[[], str]] = {
    **{
        f"{name.replace('_', '-')}-{width}.txt": partial(render, Style(width=width))
        for name, render in OUTPUTS.items()
        for width in (80, 120)
    },
    **{
        f"plan-{name}-{view}{ending}.txt": partial(plan_text, plan(), style=style, view=view)
        for name, plan in (("mixed", mixed_plan), ("blocked", blocked_plan), ("grouped", grouped_plan))
        for view in VIEWS
        for ending, style in (("", Style(width=120)), ("-80", Style(width=80)))
    },
    "plan-mixed.txt": lambda: plan_text(mixed_plan(), style=WIDE, planfile="first.plan"),
    "plan-mixed-narrow.txt": lambda: plan_text(mixed_plan(), style=NARROW),
    "plan-mixed-ascii.txt": lambda: plan_text(mixed_plan(), style=ASCII),
    "plan-mixed-colour.txt": lambda: plan_text(mixed_plan(), style=COLOUR),
    "plan-mixed.json": lambda: documents.to_json(documents.plan_document(mixed_plan())),
    "plan-empty.txt": lambda: plan_text(values.plan(status="empty"), style=WIDE),
    "plan-invalid.txt": lambda: plan_text(values.plan(status="invalid", diagnostics=values.DIAGNOSTICS), style=WIDE),
    "diagnostics.txt": lambda: diagnostics_text(values.DIAGNOSTICS, style=WIDE),
    "diagnostics-narrow.txt": lambda: diagnostics_text(values.DIAGNOSTICS, style=NARROW),
    "error.json": lambda: documents.to_json(documents.error_document(values.DIAGNOSTICS)),
    "verify-one.txt": lambda: verification_text({"relay": values.failed()}, {"relay": "OwnAccount"}, style=WIDE),
    "verify-many.txt": lambda: many_verified(WIDE),
    "verify-many-narrow.txt": lambda: many_verified(NARROW),
    "verify-many-colour.txt": lambda: many_verified(COLOUR),
    "verify.json": lambda: documents.to_json(
        documents.verify_document({"relay": values.failed()}, {"relay": "OwnAccount"})
    ),
    "accounts.txt": lambda: accounts_table(values.ACCOUNTS, style=Style(width=120)),
    "accounts-80.txt": lambda: accounts_table(values.ACCOUNTS, style=Style(width=80)),
    "accounts-narrow.txt": lambda: accounts_table(values.ACCOUNTS, style=NARROW),
    "accounts-60.txt": lambda: accounts_table(values.ACCOUNTS, style=Style(width=60)),
    "accounts-ascii.txt": lambda: accounts_table(values.ACCOUNTS, style=Style(width=130, unicode=False)),
    "accounts-pipe.txt": lambda: accounts_table(values.ACCOUNTS, style=PIPE),
    "accounts-colour.txt": lambda: accounts_table(values.ACCOUNTS, style=Style(width=120, colour=True)),
    "accounts.json": lambda: documents.to_json(documents.accounts_document(values.ACCOUNTS)),
    "accounts.csv": lambda: csv.accounts_csv(values.ACCOUNTS),
    "account.txt": lambda: account_text(values.ACTIVE, style=WIDE),
    "account-80.txt": lambda: account_text(values.ACTIVE, style=Style(width=80)),
    "account-full.txt": lambda: account_in_full(values.ACTIVE, style=WIDE),
    "account-rejected.txt": lambda: account_text(values.REJECTED, style=WIDE),
    "account.json": lambda: documents.to_json(documents.account_document(values.ACTIVE)),
    "queue.txt": lambda: queue_text(values.WAITING, style=WIDE),
    "queue-narrow.txt": lambda: queue_text(values.WAITING, style=NARROW),
    "queue-empty.txt": lambda: queue_text([], style=WIDE),
    "ruled-rejected.txt": lambda: ruled_text("reject", [values.REJECTED], style=WIDE),
    "ruled-suspended.txt": lambda: ruled_text("suspend", [values.SUSPENDED], style=WIDE),
    "ruled-resumed.txt": lambda: ruled_text("resume", [values.ACTIVE, values.FAILING], style=WIDE),
    "history.txt": lambda: history_text(values.REVISIONS, style=WIDE),
    "history-table.txt": lambda: history_table(values.REVISIONS, style=Style(width=120)),
    "history-table-narrow.txt": lambda: history_table(values.REVISIONS, style=Style(width=60)),
    "history.json": lambda: "".join(history_document(values.REVISIONS)),
    "history.csv": lambda: csv.history_csv(values.REVISIONS),
    "journal-holds.txt": lambda: journal_text(12, "ab" * 32, style=WIDE),
    "journal-broken.txt": lambda: journal_text(12, "ab" * 32, problems=["Entry 5 was altered."], style=WIDE),
    "journal.json": lambda: documents.to_json(
        documents.journal_document(12, "ab" * 32, problems=["Entry 5 was altered."])
    ),
    "apply.txt": lambda: apply_text(7, values.FULL_SUMMARY, style=WIDE, pending=["newsletter"]),
    "comment-mixed.md": lambda: plan_comment(saved.reviewed_plan()),
    "comment-empty.md": lambda: plan_comment(saved.empty_plan()),
    "comment-invalid.md": lambda: plan_comment(saved.invalid_plan()),
    "page-mixed.html": lambda: plan_page(saved.reviewed_plan()),
    "annotations-plan.txt": lambda: plan_annotations(saved.reviewed_plan(), folder="mail"),
    "annotations.txt": lambda: diagnostic_annotations(values.DIAGNOSTICS, folder="mail"),
    "verify.xml": lambda: verification_report(
        {"newsletter": values.offline(), "relay": values.failed(), "sales-pl": values.warned()},
        diagnostics=[values.TOO_MANY_DELETES],
    ),
    "resolve.txt": lambda: resolutions.as_text(WIDE),
    "resolve-narrow.txt": lambda: resolutions.as_text(NARROW),
    "resolve-ascii.txt": lambda: resolutions.as_text(ASCII),
    "resolve.json": resolutions.as_json,
    "resolve.jsonl": resolutions.as_lines,
    "resolve.csv": resolutions.as_csv,
    "apply.json": lambda: documents.to_json(documents.apply_document("applied", 7, summary=values.FULL_SUMMARY)),
}
"""File name to the rendering that it holds."""


def write_all() -> None:
    """Write every golden file, and remove those that have no case any more."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        if path.name not in CASES:
            path.unlink()
    for name, render in CASES.items():
        (FOLDER / name).write_bytes(render().encode())


if __name__ == "__main__":
    write_all()
