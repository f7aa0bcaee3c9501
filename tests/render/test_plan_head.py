"""The head of a plan: what matters first, on one screen of 80 columns and 24 lines, for a plan of any size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diagnostics import error
from reconciler.model.plan import Announcement, Change, Messages, Summary
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.evidence import Check, CheckName, Verification
from reconciler.render.text import Style, plan_text
from reconciler.render.text.parts.layout import cells
from tests.render import golden, saved, values
from tests.support.work import counted_work

SCREEN = Style(width=80)


def rejected(code: str = "credentialsRejected", check: CheckName = "auth") -> Verification:
    """Return a verification in which a check failed with a code."""
    wrong = Check(check=check, status="failed", class_="permanent", code=code, message="No. It is so.")
    return Verification(status="failed", depth="envelope", checked_at=values.NOON, checks=(wrong,))


def head(*changes: Change, width: int = 80, **facts: object) -> list[str]:
    """Return the lines of the head of a plan of these changes."""
    plan = values.plan(changes, **{"status": "ready", **facts})  # type: ignore[arg-type]
    accounts = {change.name: saved.prepared(change.name) for change in changes if change.action != "delete"}
    return plan_text(saved.saved(plan, accounts), style=Style(width=width), view="compact").splitlines()


def test_the_head_is_the_published_one() -> None:
    """Counts and verdict, what fails by its reason, deletions, the platform, the common update, who is mailed, what next."""
    moved = tuple(
        Change(action="update", kind="OwnAccount", name=f"desk-{number:02}", server="office", verification=values.passed(),
               fields=(values.changed("spec.smtp.port", 25, 587),))
        for number in range(29)
    )  # fmt: skip
    failing = tuple(values.BLOCKING.model_copy(update={"name": name, "action": "create", "verification": rejected()})
                    for name in ("sales-bad", "sales-ten"))  # fmt: skip
    gone = tuple(values.DELETED.model_copy(update={"name": name}) for name in ("support-031", "support-036"))
    news = values.CREATED.model_copy(update={"name": "news-014", "action": "update", "verification": values.passed(),
                                             "fields": (values.changed("spec.displayName", "a", "b"),)})  # fmt: skip
    plan = values.plan(
        [*moved, *failing, *gone, news, values.RENAMED],
        status="blocked",
        project="fleet",
        summary=Summary(create=2, update=30, rename=1, delete=2, unchanged=34),
        verifies=Announcement(accounts=6, messages=(Messages(to="ops@example.com", count=6),)),
    ).model_copy(update={"serial": 41})
    accounts = {each.name: saved.prepared(each.name, host="relay.example.com") for each in failing}
    accounts["news-014"] = saved.prepared("news-014", awaits_approval=True)
    text = plan_text(saved.saved(plan, accounts), style=Style(width=110), view="compact", planfile="first.plan")

    assert text.splitlines() == [
        "Plan for fleet, against revision 41: 2 create, 30 update, 1 rename, 2 delete, 34 unchanged.   BLOCKED",
        "  ✗ sales-bad, sales-ten      auth: password rejected by relay.example.com:587",
        "  - support-031, support-036  deleted",
        "  ! news-014                  must be accepted by the platform again",
        "  ~ 29 accounts               smtp.port 25 → 587 (through office)",
        "  ~ news-014                  displayName a → b",
        "  apply verifies 6 accounts and sends 6 test messages to ops@example.com",
        "  details: reconciler show first.plan --full        mend: reconciler verify sales-bad sales-ten",
    ]


def many(count: int) -> list[Change]:
    """Return changes of every kind, ``count`` of each, each with a reason or a value of its own."""
    made: list[Change] = []
    for number in range(count):
        failed = replace(rejected().checks[0], message=f"reason {number} " * 9, code="x")
        found = Verification(status="failed", depth="envelope", checked_at=values.NOON, checks=(failed,))
        own = (values.changed("spec.displayName", "a" * 90, f"{number}" * 90),)
        made += [
            values.BLOCKING.model_copy(update={"name": f"failing-{number}", "verification": found}),
            values.UPDATED.model_copy(update={"name": f"updated-{number}", "fields": own}),
            values.DELETED.model_copy(update={"name": f"deleted-{number}"}),
            values.HELD.model_copy(update={"name": f"held-{number}"}),
            values.CREATED.model_copy(update={"name": f"created-{number}"}),
            values.RENAMED.model_copy(update={"name": f"renamed-{number}", "previous_name": f"before-{number}"}),
        ]
    return made


@pytest.mark.parametrize("count", [1, 7, 300])
def test_the_head_fits_a_screen(count: int) -> None:
    """However many changes, reasons and guards there are: at most 24 lines of 80 columns."""
    guards = [error(code, "It is so.", subject=f"failing-{number}") for number, code in enumerate((
        "tooManyDeletes", "protectedAccount", "nameStillTaken", "stateTracked", "planStale"))]  # fmt: skip
    verifies = Announcement(accounts=count, messages=(Messages(to="ops@example.com", count=count),))
    counts = Summary(create=count, update=count * 2, rename=count, delete=count, held=count, unchanged=count)
    lines = head(*many(count), status="blocked", diagnostics=guards, verifies=verifies, summary=counts)

    assert len(lines) <= 24
    assert [line for line in lines if cells(line) > 80] == []
    assert "BLOCKED" in "".join(lines[:2])
    assert "mend: see " in lines[-1]


def test_each_reason_is_told_once_with_all_its_accounts() -> None:
    """Accounts that fail alike are one row; those that were not tried stand with those of their server that were."""
    failing = [values.BLOCKING.model_copy(update={"name": f"desk-{n}", "verification": rejected("connectionRefused", "connect")})
               for n in range(3)]  # fmt: skip
    untried = values.BLOCKING.model_copy(update={"name": "desk-9", "verification": values.server_down()})

    (row,) = [line for line in head(*failing, untried, status="blocked") if "✗" in line]
    assert row == "  ✗ 4 accounts  connect: nothing listens at smtp.example.com:587"


def test_the_same_field_changed_by_many_is_one_row() -> None:
    """Where each account has another value before, what all come to is told; where they come to different ones, that."""
    for after, told in (("env:ONE", "smtp.host becomes env:ONE"), (None, "smtp.host, each to a value of its own")):
        changes = [
            values.UPDATED.model_copy(
                update={
                    "name": f"desk-{n}",
                    "fields": (values.changed("spec.smtp.host", f"old-{n}", after or f"new-{n}"),),
                }
            )
            for n in range(9)
        ]
        (row,) = [line for line in head(*changes) if line.startswith("  ~")]
        assert row == f"  ~ 9 accounts  {told}"


@pytest.mark.parametrize("code", sorted(code for code, each in CHECK_CODES.items() if each.kind == "failed"))
def test_every_failure_has_a_few_words(code: str) -> None:
    """Whatever fails is told in words of its own, which fit two lines of a screen, and not as its bare code."""
    check = CHECK_CODES[code].checks[0]
    lines = head(values.BLOCKING.model_copy(update={"verification": rejected(code, check)}), status="blocked")
    told = " ".join(line.strip() for line in lines[1:3])

    assert f"{check}: " in told
    assert code not in told
    assert "No." not in told


def test_what_no_check_tells_is_told_by_its_summary() -> None:
    """A guard, a fault of the input and an untrusted project are rows with their codes, each once for all accounts."""
    problems = [error("protectedAccount", "Why.", subject=name) for name in ("a", "b")]
    problems += [error("verificationFailed", "auth: No.", subject="relay"), error("projectNotTrusted", "Why.")]
    lines = head(values.BLOCKING, values.WITHHELD, status="blocked", diagnostics=problems)

    assert sum("[protectedAccount]" in line for line in lines) == 1
    assert any(line.startswith("  ✗ a, b ") and "[protectedAccount]" in line for line in lines)
    assert any(line.startswith("  ✗ courier ") and "[projectNotTrusted]" in line for line in lines)
    assert not any("[verificationFailed]" in line for line in lines)


def test_without_the_characters_the_head_is_ascii() -> None:
    """Where the terminal's encoding lacks ✗ and →, letters of ASCII stand for them."""
    text = plan_text(golden.blocked_plan(), style=Style(width=80, unicode=False), view="compact")

    assert text.isascii()
    assert "\n  x relay " in text


@pytest.mark.parametrize(
    ("verifies", "told"),
    [
        (Announcement(accounts=0), "apply verifies no account and sends no test message"),
        (Announcement(accounts=1), "apply verifies 1 account and sends no test message"),
        (
            Announcement(accounts=1, messages=(Messages(to="ops@example.com", count=1),)),
            "apply verifies 1 account and sends 1 test message to ops@example.com",
        ),
        (
            Announcement(
                accounts=3,
                messages=(Messages(to="a@example.com", count=2), Messages(to="b@example.com", count=1)),
            ),
            "apply verifies 3 accounts and sends 2 test messages to a@example.com and 1 test message to b@example.com",
        ),
    ],
)
def test_nobody_is_mailed_unannounced(verifies: Announcement, told: str) -> None:
    """The head says how many accounts apply verifies, and how many test messages go to whom."""
    assert f"  {told}" in head(values.UPDATED, verifies=verifies, width=160)


def test_a_plan_of_an_earlier_version_announces_nothing() -> None:
    """A plan that was saved before says nothing of messages, rather than something that may not be so."""
    assert not any("apply verifies" in line for line in head(values.UPDATED))


def test_what_the_plan_itself_sent_is_told() -> None:
    """A plan to the depth message has sent test messages already."""
    plan = values.plan([values.UPDATED]).model_copy(
        update={"messages_sent": (Messages(to="ops@example.com", count=1),)}
    )
    assert "making this plan sent 1 test message to ops@example.com\n" in plan_text(plan, style=SCREEN)


def test_the_head_grows_with_its_changes() -> None:
    """Four times the changes take four times the work, not sixteen times."""

    def work(count: int) -> int:
        plan = values.plan(many(count), status="blocked")
        with counted_work() as counted:
            plan_text(plan, style=SCREEN, view="compact")
        return counted.calls

    work(1)  # imports
    assert work(400) < 5 * work(100)
