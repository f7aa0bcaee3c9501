"""Whom apply will contact, and how many test messages that makes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.plan import Messages
from reconciler.model.step import Create, Delete
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.plan.announce import added, announcement, messages_in_words, messages_taken, messages_to
from tests.rules.single import SERVER, VALUES, news, own
from tests.rules.states import NOW, policy, project, state_of

if TYPE_CHECKING:
    from reconciler.model.step import Changed

OPS = "ops@example.com"
STEP = Create(after=own(), needs_evidence=True, settings_digest="d")
OTHER = Create(after=own("b", host="i.example"), needs_evidence=True, settings_digest="d")
THROUGH = Create(after=news(), needs_evidence=True, platform=SERVER)


def found(status: Any = "passed", depth: Any = "message", at: Any = NOW) -> Evidence:
    """Return evidence of the settings."""
    return Evidence(settings_digest="d", verification=Verification(status=status, depth=depth, checked_at=at))


def announced(*steps: Changed, depth: Any = None, operator: str | None = OPS, **rules: Any) -> tuple[int, int]:
    """Return how many accounts are contacted, and how many messages the operator gets."""
    told = announcement(steps, policy(project=project(**rules)), depth=depth, operator=operator, at=NOW)
    assert [each.to for each in told.messages] == [OPS] * len(told.messages)
    return told.accounts, sum(each.count for each in told.messages)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([STEP], (1, 1)),
        ([STEP, OTHER], (2, 2)),
        ([replace(STEP, held=True), OTHER], (1, 1)),
        ([replace(THROUGH, platform=None), OTHER], (1, 1)),
        ([THROUGH], (1, 1)),
        ([replace(THROUGH, platform=None)], (0, 0)),
        ([replace(STEP, held=True)], (0, 0)),
        ([replace(STEP, needs_evidence=False)], (0, 0)),
        ([Delete(before=state_of([own()], VALUES).accounts["a"])], (0, 0)),
        ([replace(STEP, evidence=found())], (0, 0)),
        ([replace(STEP, evidence=found("failed"))], (1, 1)),
        ([replace(STEP, evidence=found(depth="auth"))], (1, 1)),
        ([replace(STEP, evidence=found(at=NOW.replace(year=2025)))], (1, 1)),
        ([replace(STEP, evidence=found(), settings_digest="e")], (1, 1)),
    ],
    ids=[
        "a new account",
        "two",
        "one behind one that is held",
        "one behind one that nobody can verify",
        "through the platform",
        "without its server",
        "held",
        "nothing to verify",
        "deleted",
        "verified when the plan was made",
        "failed then",
        "verified less deep",
        "verified long ago",
        "verified with other settings",
    ],
)
def test_apply_contacts_whom_nothing_vouches_for(steps: list[Changed], expected: tuple[int, int]) -> None:
    """What failed counts: it is verified again once it is mended."""
    assert expected == announced(*steps)


EXCEPTION = {"verification": ["a"], "until": "2026-12-31", "reason": "r"}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"depth": "envelope"}, (2, 0)),
        ({"depth": "offline"}, (0, 0)),
        ({"verification": {"depth": {"apply": "auth"}}}, (2, 0)),
        ({"verification": {"depth": {"apply": "auth"}}, "depth": "message"}, (2, 2)),
        ({"operator": None}, (2, 0)),
        ({"guards": {"exceptions": [{**EXCEPTION, "depth": "offline"}]}}, (1, 1)),
        ({"guards": {"exceptions": [{**EXCEPTION, "depth": "auth"}]}}, (2, 1)),
        ({"guards": {"exceptions": [{**EXCEPTION, "depth": "offline", "until": "2026-08-31"}]}}, (2, 2)),
        ({"verification": {"message": "sample"}}, (2, 2)),
        ({"verification": {"evidenceTtlHours": 1}}, (2, 2)),
    ],
)
def test_how_deep_apply_verifies_decides_who_gets_mail(parts: dict[str, Any], expected: tuple[int, int]) -> None:
    """The depth that is asked for, else the project's, and an account's exception while it holds."""
    assert expected == announced(STEP, OTHER, **parts)


def test_one_message_that_stands_for_several_counts_once() -> None:
    """As the project file has it."""
    second = replace(STEP, after=own("c"))
    assert (2, 1) == announced(STEP, second, verification={"message": "sample"})
    assert (2, 2) == announced(STEP, second)


def test_messages_are_told_by_who_gets_them() -> None:
    """Those to one addressee together; none where there are none, or nobody to get them."""
    assert (Messages(to=OPS, count=2),) == messages_to(OPS, 2)
    assert ((), ()) == (messages_to(OPS, 0), messages_to(None, 2))
    counted = added([Messages(to="b", count=2), Messages(to="a", count=1), Messages(to="b", count=3)])
    assert (Messages(to="b", count=5), Messages(to="a", count=1)) == counted
    assert "5 test messages to b and 1 test message to a" == messages_in_words(counted)
    assert "" == messages_in_words(())


def test_a_message_was_sent_where_the_server_took_it() -> None:
    """One that stood for another was not."""

    def of(*checks: tuple[Any, Any]) -> Evidence:
        made = tuple(Check(check=check, status=status, code="ok", message="m") for check, status in checks)
        return Evidence(settings_digest="d", verification=Verification(status="passed", checks=made))

    taken = of(("auth", "passed"), ("message", "passed"), ("spf", "skipped"))
    told = [taken, of(("auth", "passed"), ("message", "skipped")), of(("auth", "passed")), taken]
    assert 2 == messages_taken(told)
