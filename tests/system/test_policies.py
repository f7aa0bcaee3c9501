"""The rules of docs/policies.md, as they stand there, by an evaluator of Rego, on plans that commands print."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from regopy import Interpreter

from tests.cli.project import CHECKOUT, Project

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (CHECKOUT / "docs" / "policies.md").read_text(encoding="utf-8")
_RULES = re.findall(r"^```rego\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def denied(document: Any) -> list[str]:
    """Return what the rules of the page say against a document, sorted."""
    (rules,) = _RULES
    evaluator = Interpreter()
    evaluator.add_module("accounts.rego", rules)
    evaluator.set_input(document)
    (answer,) = json.loads(str(evaluator.query("data.main.deny")))["expressions"]
    return sorted(answer)


def own(**parts: str) -> str:
    """Return the manifest of an own account that keeps every rule but for these parts."""
    given = {
        "metadata": "{name: sales, owner: anna@example.com, labels: {team: sales}}",
        "email": "sales@example.com",
        "host": "smtp.example.com",
        "encryption": "starttls",
    } | parts
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {given['metadata']}\n"
        f"spec: {{email: {given['email']}, displayName: Example Sales, "
        f"smtp: {{host: {given['host']}, encryption: {given['encryption']}}}}}\n"
    )


def marketing(**parts: str) -> str:
    """Return the manifest of a marketing account that keeps every rule but for these parts."""
    given = {"metadata": "{name: news, owner: anna@example.com, labels: {team: news}}", "email": "news@example.com"}
    given |= parts
    return (
        f"apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {given['metadata']}\n"
        f"spec: {{email: {given['email']}, displayName: Example News}}\n"
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """Return a project with a state and no account."""
    made = Project(tmp_path / "mail", monkeypatch, capsys)
    made.init()
    return made


def planned(project: Project) -> tuple[Any, Any]:
    """Return the JSON of an offline plan as ``plan`` prints it, and as ``show`` prints it of the saved plan."""
    shown = project.run_well("plan", "--depth", "offline", "--out", "change.plan", "--format", "json").document
    return shown, project.run_well("show", "change.plan", "--format", "json").document


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (own(), []),
        (own(encryption="tls"), []),
        (own(email="sales@Sales.Example.COM"), []),
        (marketing(), []),
        (own(encryption="none"), ["sales: connects without TLS"]),
        (own(email="ceo@example.net"), ["sales: sends as ceo@example.net"]),
        (own(email="ceo@other.example.com"), ["sales: sends as ceo@other.example.com"]),
        (own(metadata="{name: sales, labels: {team: sales}}"), ["sales: has no owner, or no label team"]),
        (own(metadata="{name: sales, owner: anna@example.com}"), ["sales: has no owner, or no label team"]),
        (own(host="smtp.example.net"), ["sales: goes through smtp.example.net"]),
        (own(host="smtp.example.com.example.net"), ["sales: goes through smtp.example.com.example.net"]),
        (marketing(metadata="{name: news}"), ["news: has no owner, or no label team"]),
        (marketing(email="news@example.org"), ["news: sends as news@example.org"]),
        (
            own(metadata="{name: sales}", email="a@example.net", host="x.example.net", encryption="none"),
            [
                "sales: connects without TLS",
                "sales: goes through x.example.net",
                "sales: has no owner, or no label team",
                "sales: sends as a@example.net",
            ],
        ),
    ],
)
def test_a_plan_keeps_the_rules_or_is_told_which_it_breaks(project: Project, manifest: str, said: list[str]) -> None:
    """Of a plan as it is made, and as it is shown from its file."""
    project.write_account("account", manifest)
    assert [said, said] == [denied(document) for document in planned(project)]


def test_a_server_that_accounts_share_counts_as_theirs(project: Project) -> None:
    """What a MailServer gives stands in the plan at each account."""
    server = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\nspec: {host: mail.example.net, encryption: none}\n"
    account = own().replace("smtp: {host: smtp.example.com, encryption: starttls}", "smtp: {server: office}")
    project.write_account("account", f"{server}---\n{account}")
    said = ["sales: connects without TLS", "sales: goes through mail.example.net"]
    assert [said, said] == [denied(document) for document in planned(project)]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("team: news", ["news: is deleted without the label retired"]),
        ("team: news, retired: 'no'", ["news: is deleted without the label retired"]),
        ("team: news, retired: 'yes'", []),
    ],
)
def test_a_deletion_needs_its_label(project: Project, labels: str, said: list[str]) -> None:
    """The label counts that was recorded before; what is deleted is asked nothing else."""
    metadata = f"{{name: news, owner: anna@example.com, labels: {{{labels}}}}}"
    project.write_account("news", marketing(metadata=metadata))
    project.write_account("stays", marketing().replace("name: news", "name: stays").replace("news@", "stays@"))
    project.run_well("apply", "--auto-approve")
    project.remove_account("news")
    assert [said, said] == [denied(document) for document in planned(project)]


def test_a_rename_and_an_update_are_asked_too(project: Project) -> None:
    """Whatever would be recorded counts, by whichever action."""
    project.write_account("news", marketing())
    project.run_well("apply", "--auto-approve")
    project.write_account(
        "news", marketing(metadata="{name: letter, previousName: news, owner: anna@example.com, labels: {team: news}}")
    )
    assert [[], []] == [denied(document) for document in planned(project)]
    project.write_account("news", marketing(metadata="{name: news, owner: anna@example.com}"))
    assert ["news: has no owner, or no label team"] == denied(planned(project)[0])


def test_what_is_no_plan_keeps_no_rule(project: Project) -> None:
    """An error's document, and anything else, is refused and not passed."""
    project.write_account("broken", "kind: [\n")
    error = project.run("plan", "--depth", "offline", "--format", "json")
    assert 1 == error.code
    said = ["this is not the JSON of a plan"]
    others: list[Any] = [error.document, {}, [], {"changes": []}]
    assert [said] * 4 == [denied(document) for document in others]
