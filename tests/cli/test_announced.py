"""Nobody is mailed unannounced: the plan says how many test messages go to whom, and the result how many went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import OPERATOR, Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

JSON = ("--format", "json")


def to_operator(count: int) -> list[dict[str, object]]:
    """Return so many messages as documents tell them."""
    return [{"to": OPERATOR, "count": count}] if count else []


@pytest.fixture
def two(project: Project, server: MailServer) -> Project:
    """Return a project with two accounts that a server takes, and one that the undeclared platform would send for."""
    for name in ("one", "two"):
        project.write_account(name, own_account(name, server))
    project.write_account("news", marketing_account("news"))
    return project


def test_plan_and_result_agree(two: Project, server: MailServer) -> None:
    """What the plan announces is what apply sends; a plan to the depth message has sent it already."""
    planned = two.run_well("plan", *JSON).document
    assert {"accounts": 2, "messages": to_operator(2)} == planned["applyVerifies"]
    assert "messagesSent" not in planned
    assert [] == server.messages
    deep = two.run_well("plan", "--depth", "message", "--out", "deep.plan", *JSON).document
    assert (to_operator(2), {"accounts": 0, "messages": []}) == (deep["messagesSent"], deep["applyVerifies"])
    assert 2 == len(server.messages)
    again = two.run_well("plan", "--depth", "message", *JSON).document
    assert "messagesSent" not in again
    assert [] == two.run_well("apply", "deep.plan", *JSON).document["messagesSent"]
    assert 2 == len(server.messages)


@pytest.mark.parametrize("way", ["saved", "auto-approve", "reviewed"])
def test_the_result_says_who_was_mailed(two: Project, server: MailServer, way: str) -> None:
    """Whether the plan was saved, or made for this, as text and as JSON."""
    two.run_well("plan", "--out", "x.plan")
    words = {"saved": ("x.plan",), "auto-approve": ("--auto-approve",), "reviewed": ("--reviewed", "x.plan")}[way]
    assert to_operator(2) == two.run_well("apply", *words, *JSON).document["messagesSent"]
    assert 2 == len(server.messages)
    two.write_account("two", own_account("two", server, email="changed@example.com"))
    two.run_well("plan", "--out", "x.plan")
    assert f"Sent 1 test message to {OPERATOR}.\n" in two.run_well("apply", *words).out


@pytest.mark.parametrize(
    ("depth", "accounts", "messages"), [("offline", 0, 0), ("connect", 2, 0), ("envelope", 2, 0), ("message", 2, 2)]
)
def test_the_depth_of_apply_decides(two: Project, depth: str, accounts: int, messages: int) -> None:
    """Only a verification down to the message sends one, and one without a connection contacts nobody."""
    two.write_project(f"verification: {{depth: {{apply: {depth}}}}}\n")
    planned = two.run_well("plan", "--depth", "offline", *JSON).document
    assert {"accounts": accounts, "messages": to_operator(messages)} == planned["applyVerifies"]


def test_a_refusal_says_what_was_sent_before(two: Project, server: MailServer) -> None:
    """Where one account fails at apply, the messages of the others have gone, and the refusal says so."""
    two.write_account("two", own_account("two", server, username="nobody@example.com"))
    two.run_well("plan", "--depth", "offline", "--out", "x.plan")
    refused = two.run("apply", "x.plan")
    assert 3 == refused.code
    assert f"Sent before that: 1 test message to {OPERATOR}.\nNothing was applied.\n" in refused.err
    assert 1 == len(server.messages)
