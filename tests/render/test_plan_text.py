"""What a plan says, and in which order."""

from __future__ import annotations

import re

import pytest

from reconciler.diagnostics import error
from reconciler.model.plan import Change, FieldChange, SavedPlan, Scalar, Summary
from reconciler.model.verification.evidence import Check, Verification
from reconciler.render.text import Style, plan_text
from reconciler.render.text.parts.fields import field_lines, scalar
from reconciler.render.text.parts.grouping import grouped
from tests.render import golden, saved, values
from tests.support.work import counted_work

STYLE = Style(width=100)


def headings(plan: SavedPlan) -> list[str]:
    """Return the lines that changes begin with."""
    lines = plan_text(plan, style=STYLE, view="full").partition("\n\n")[2].split("\n")
    return [line[2:] for line in lines if line[:2] == "  " and line[2:4] in {"+ ", "~ ", "- ", "→ "}]


def test_deletions_come_first_and_held_changes_last() -> None:
    """The destructive is seen first: delete, rename, update, create, and then what is held."""
    assert headings(golden.mixed_plan()) == [
        "- delete OwnAccount old-shop",
        "→ rename OwnAccount support to support-eu",
        "~ update OwnAccount sales-pl",
        "+ create MarketingAccount newsletter",
        "~ update OwnAccount billing (secret rotated) (held: left out, its verification failed)",
    ]


def test_order_of_changes_in_the_plan_does_not_matter() -> None:
    """The same changes in another order are the same text."""
    plan = golden.grouped_plan()
    turned = plan.model_copy(update={"changes": tuple(reversed(plan.changes))})

    assert plan_text(plan, style=STYLE, view="full") == plan_text(turned, style=STYLE, view="full")


def test_summary_counts_and_names_what_is_held() -> None:
    """The closing count has every action; held changes only where there are some."""
    with_held = plan_text(values.plan([values.HELD], summary=values.FULL_SUMMARY), style=STYLE, view="full")
    without = plan_text(values.plan([values.UPDATED], summary=Summary(update=1)), style=STYLE, view="full")

    assert with_held.endswith("Plan: 1 to create, 1 to update, 1 to rename, 1 to delete. 40 unchanged. 1 held.\n")
    assert without.endswith("Plan: 0 to create, 1 to update, 0 to rename, 0 to delete. 0 unchanged.\n")


@pytest.mark.parametrize(
    ("unchanged", "expected"),
    [
        (0, "No changes. No account is declared or recorded.\n"),
        (1, "No changes. The account is recorded as it is declared.\n"),
        (40, "No changes. All 40 accounts are recorded as they are declared.\n"),
    ],
)
def test_empty_plan_says_so_in_one_line(unchanged: int, expected: str) -> None:
    """An empty plan is one sentence."""
    assert (
        plan_text(values.plan(status="empty", summary=Summary(unchanged=unchanged)), style=STYLE, view="full")
        == expected
    )


def test_an_empty_plan_still_shows_what_it_holds() -> None:
    """A plan that is empty because its only change is held shows the change and its failure."""
    text = plan_text(values.plan([values.HELD], status="empty", summary=Summary(held=1)), style=STYLE, view="full")

    assert "billing" in text
    assert "badCredentials" in text
    assert "No changes" not in text


def test_first_plan_names_no_revision() -> None:
    """Against a state without revisions the heading says so; where state was not reached it says nothing."""
    first = values.plan([values.CREATED]).model_copy(update={"serial": 0})
    unreached = first.model_copy(update={"serial": None})

    assert plan_text(first, style=STYLE).startswith("Plan for mail, against a state without revisions: 40 unchanged.\n")
    assert plan_text(unreached, style=STYLE).startswith("Plan for mail: 40 unchanged.\n")


def test_a_blocked_plan_ends_with_what_blocks_it() -> None:
    """The last words of a blocked plan name each obstacle once, with a command to copy on a line of its own."""
    text = plan_text(golden.blocked_plan(), style=STYLE, view="full")
    closing = text[text.index("This plan is blocked") :]

    assert closing.count("courier") == 1
    assert "    reconciler plan --exclude relay\n" in closing
    assert "A guard refuses it: tooManyDeletes." in closing
    assert "Errors told with this plan must be mended first: unknownField." in closing


def test_problems_are_told_beside_the_plan() -> None:
    """The text of a plan names no more than the codes of its errors: whoever shows it tells the problems once."""
    text = plan_text(golden.blocked_plan(), style=STYLE, view="full")
    details = [line for problem in golden.blocked_plan().diagnostics for line in problem.detail.split("\n") if line]

    assert [detail for detail in details if detail in text] == []


def test_a_plan_that_could_not_be_made_says_so() -> None:
    """An invalid plan is one sentence that points to the errors."""
    text = plan_text(values.plan(status="invalid", diagnostics=values.DIAGNOSTICS), style=STYLE, view="full")

    assert text == "No plan could be made; the errors say why.\n"


def test_a_held_failure_does_not_block() -> None:
    """What is held is not among the obstacles, and is not suggested for --exclude."""
    text = plan_text(values.plan([values.HELD, values.BLOCKING], status="blocked"), style=STYLE, view="full")

    assert "Verification failed for relay." in text


def test_many_obstacles_are_counted() -> None:
    """Of many failing accounts ten are named, and two guards are told as two."""
    failing = [values.BLOCKING.model_copy(update={"name": f"desk-{number:02}"}) for number in range(12)]
    guards = [values.TOO_MANY_DELETES, error("protectedAccount", "It is protected.", subject="desk-00")]
    text = plan_text(values.plan(failing, status="blocked", diagnostics=guards), style=Style(width=400), view="full")

    assert "desk-08, desk-09 and 2 more. Mend what the checks say, and plan again:\n        reconciler plan\n" in text
    assert "Or leave them out for now:\n        reconciler plan --hold-failing\n" in text
    assert "2 guards refuse it: protectedAccount, tooManyDeletes." in text


@pytest.mark.parametrize(("accounts", "told"), [(1, ["V0"]), (3, ["V0", "V1", "V2"]), (4, [])])
def test_a_rejected_password_leads_to_its_variable(accounts: int, told: list[str]) -> None:
    """Where a server rejects a password that comes from a variable, the line to set it anew is given; of many not."""
    check = Check(check="auth", status="failed", class_="permanent", code="credentialsRejected", message="No.")
    found = Verification(status="failed", depth="envelope", checks=(check,))
    password = "spec.smtp.authentication.password"
    changes = [
        values.BLOCKING.model_copy(
            update={
                "name": f"desk-{n}",
                "verification": found,
                "fields": (values.changed(password, None, f"env:V{n}"), values.changed("spec.email", None, "env:NO")),
            }
        )
        for n in range(accounts)
    ]
    text = plan_text(values.plan(changes, status="blocked"), style=STYLE, view="full")
    assert told == re.findall(r"^        export (\w+)=…$", text, re.MULTILINE)

    for reference in ("file:x", "env:x; reboot", None):
        other = (values.changed(password, "env:OLD", reference),)
        elsewhere = [change.model_copy(update={"fields": other}) for change in changes]
        assert "export" not in plan_text(values.plan(elsewhere, status="blocked"), style=STYLE, view="full")


def test_a_guard_told_by_the_checks_is_not_told_twice() -> None:
    """The diagnostic of a withheld credential or a failed verification adds no obstacle to that of the account."""
    problems = [error("credentialWithheld", "A grant is needed."), error("verificationFailed", "It failed.")]
    text = plan_text(values.plan([values.WITHHELD], status="blocked", diagnostics=problems), style=STYLE, view="full")

    assert text[text.index("This plan is blocked") :].count("  * ") == 1


def test_pending_is_said_of_the_accounts_concerned_only() -> None:
    """An account that apply would leave waiting for the platform is marked, and another one is not."""
    accounts = {"newsletter": saved.prepared("newsletter", awaits_approval=True)}
    text = plan_text(saved.saved(values.plan([values.CREATED, values.UPDATED]), accounts), style=STYLE, view="full")

    assert text.count("will be pending") == 1
    assert text.index("create MarketingAccount newsletter") < text.index("will be pending")


def test_accounts_through_one_server_are_told_once() -> None:
    """The settings that eighty new accounts take from one MailServer stand there once, with their number."""
    changes = [values.through_server(f"desk-{number:02}", values.passed()) for number in range(80)]
    text = plan_text(values.plan(changes), style=STYLE, view="full")

    assert "+ create 80 OwnAccounts through office365\n" in text
    assert text.count("smtp.office365.com") == 1
    assert text.count("verified in ") == 1
    assert [name for name in (change.name for change in changes) if name not in text] == []


def test_an_account_with_a_value_of_its_own_stays_alone() -> None:
    """An account whose own port differs from the server's is not told with the others."""
    own = values.through_server("own", values.passed())
    fields = (*own.fields[:-1], values.changed("spec.smtp.port", None, 2525))
    changes = [
        values.through_server("anna", values.passed()),
        values.through_server("bob", values.passed()),
        own.model_copy(update={"fields": fields}),
    ]

    assert [[change.name for change in group.changes] for group in grouped(changes)] == [["anna", "bob"], ["own"]]


def test_the_same_change_without_a_server_is_told_once() -> None:
    """Accounts that get the very same change are told together; renames and those without fields stay alone."""
    label = (values.changed("metadata.labels.team", "a", "b"),)
    changes = [values.UPDATED.model_copy(update={"name": name, "fields": label}) for name in ("c", "b")]
    bare = [Change(action="delete", kind="OwnAccount", name=name) for name in ("x", "y")]
    renames = [values.RENAMED.model_copy(update={"name": name, "fields": label}) for name in ("m", "n")]

    named = [[change.name for change in group.changes] for group in grouped([*changes, *bare, *renames])]

    assert named == [["b", "c"], ["m"], ["n"], ["x"], ["y"]]


def test_deletions_in_a_group_are_all_named() -> None:
    """Deleted accounts that look the same are each named, and no verification is said of them."""
    deleted = [values.DELETED.model_copy(update={"name": name}) for name in ("one", "two")]
    text = plan_text(values.plan(deleted), style=STYLE, view="full")

    assert "- delete 2 OwnAccounts\n      one, two\n" in text
    assert "verification" not in text


@pytest.mark.parametrize(
    ("before", "after", "rotated", "expected"),
    [
        (None, "a", False, "+ email  a"),
        ("a", None, False, "- email  a"),
        ("a", "b", False, "~ email  a → b"),
        (587, 465, False, "~ email  587 → 465"),
        ("587", 587, False, '~ email  "587" → 587'),
        (False, True, False, "~ email  false → true"),
        (1, True, False, "~ email  1 → true"),
        ("env:A", "env:A", True, "~ email  env:A (rotated)"),
        ("env:A", "env:B", True, "~ email  env:A → env:B (rotated)"),
    ],
)
def test_a_field_tells_before_and_after(before: Scalar, after: Scalar, rotated: bool, expected: str) -> None:  # noqa: FBT001
    """Absent is no value but a symbol: + for what is added, - for what goes, ~ with an arrow for what changes."""
    field = FieldChange(path="spec.email", before=before, after=after, rotated=rotated)

    assert field_lines([field], style=STYLE, indent=0) == [expected]


def test_paths_that_would_read_the_same_keep_their_prefix() -> None:
    """The first part of a path, spec or metadata, is left out only where that leaves no doubt."""
    fields = [values.changed(path, None, "x") for path in ("metadata.note", "spec.note", "spec.email")]

    assert field_lines(fields, style=STYLE, indent=0) == [
        "+ metadata.note  x",
        "+ spec.note      x",
        "+ email          x",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", '""'),
        (" padded", '" padded"'),
        ("true", '"true"'),
        ("12", '"12"'),
        ("1e3", '"1e3"'),
        ("absent", '"absent"'),
        ("a → b", '"a → b"'),
        ("env:A (rotated)", '"env:A (rotated)"'),
        ('"a" \\ b', '"\\"a\\" \\\\ b"'),
        ("127.0.0.1", "127.0.0.1"),
        ("Example Sales", "Example Sales"),
        (None, "absent"),
    ],
)
def test_text_that_reads_like_something_else_is_quoted(value: Scalar, expected: str) -> None:
    """Text that could be taken for a number, a truth value, nothing, or for our own marks, is put in quotes."""
    assert scalar(value) == expected


def test_telling_a_plan_grows_with_its_changes() -> None:
    """Four times the changes take four times the work, not sixteen times."""

    def work(count: int) -> int:
        changes = [values.UPDATED.model_copy(update={"name": f"desk-{number}"}) for number in range(count)]
        changes += [values.through_server(f"shop-{number}", values.passed()) for number in range(count)]
        plan = values.plan(changes)
        with counted_work() as counted:
            plan_text(plan, style=STYLE, view="full")
        return counted.calls

    work(1)  # imports
    assert work(400) < 5 * work(100)
