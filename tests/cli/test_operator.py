"""Who receives test messages: a plan says beforehand where apply would have nobody to send one to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import marketing_account, own_account

if TYPE_CHECKING:
    from tests.cli.project import Project
    from tests.support.mailserver import MailServer


@pytest.fixture
def nobody(project: Project, server: MailServer) -> Project:
    """Return a project of two accounts and no operator."""
    path = project.folder / "reconciler.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith("operator:")) + "\n", encoding="utf-8")
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    return project


def told(project: Project, *words: str) -> list[str | None]:
    """Return of which accounts a ready plan says that nobody receives their test message."""
    document = project.run_well("plan", "--format", "json", *words).document
    assert "ready" == document["status"]
    return [each["subject"] for each in document["diagnostics"] if each["code"] == "operatorUnknown"]


def test_a_plan_says_that_apply_will_need_an_operator(nobody: Project) -> None:
    """The plan is ready and warns of the own account, with the line to write; apply would refuse, as it says."""
    assert ["sales"] == told(nobody)
    shown = nobody.run_well("plan").err
    assert "\n        operator: {email: you@example.com}\n" in shown
    refused = nobody.run("apply", "--auto-approve", "--format", "json")
    assert (3, ["verificationFailed"]) == (refused.code, refused.codes)


def test_who_names_an_operator_is_not_warned(nobody: Project) -> None:
    """The flag, the variable and the project file each say who receives test messages."""
    assert [] == told(nobody, "--operator", "ops@example.com")
    nobody.set_variable("RECONCILER_OPERATOR", "ops@example.com")
    assert [] == told(nobody)


def test_where_apply_sends_nothing_nobody_is_needed(nobody: Project) -> None:
    """No warning for marketing accounts, for an account whose message was sent already, or where apply sends none."""
    assert [] == told(nobody, "--target", "news")
    assert ["sales"] == told(nobody, "--target", "sales")
    nobody.run_well("verify", "sales", "--depth", "message", "--operator", "ops@example.com")
    assert [] == told(nobody)
    nobody.forget_evidence()
    assert ["sales"] == told(nobody)
    path = nobody.folder / "reconciler.yaml"
    text = path.read_text(encoding="utf-8").replace("domainChecks: off", "domainChecks: off, depth: {apply: envelope}")
    path.write_text(text, encoding="utf-8")
    assert [] == told(nobody)


def test_many_accounts_are_one_warning(nobody: Project, server: MailServer) -> None:
    """Of a dozen accounts ten are named, and how many more there are."""
    for number in range(11):
        nobody.write_account(f"desk-{number:02}", own_account(f"desk-{number:02}", server))
    assert [None] == told(nobody)
    shown = " ".join(nobody.run_well("plan", "--depth", "offline").err.split())
    names = ", ".join(f"desk-{number:02}" for number in range(10))
    assert f"before it records {names}, and 2 more, and nobody is named" in shown
