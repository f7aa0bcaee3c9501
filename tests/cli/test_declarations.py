"""``scopes`` on the command line: a team's folder declares what it may, in manifests and in saved plans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import USER, Project, alter_plan, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

SCOPE = 'scopes: [{manifests: "accounts.d/sales/**", senders: ["*@example.com"], servers: ["host:localhost"]}]\n'


@pytest.fixture
def team(project: Project) -> Project:
    """Return a project whose folder accounts.d/sales has a scope."""
    project.write_project(SCOPE)
    (project.folder / "accounts.d" / "sales").mkdir()
    return project


def declare(team: Project, server: MailServer, email: str, *, metadata: str = "") -> None:
    """Write the account of the sales folder."""
    text = own_account("sales", server, email=email, username=USER, metadata=metadata)
    (team.folder / "accounts.d" / "sales" / "sales.yaml").write_text(text, encoding="utf-8")


def test_another_teams_sender_is_refused_before_anything_is_contacted(team: Project, server: MailServer) -> None:
    """Validate and plan tell the place, the rule and who can change it; nobody is logged in."""
    declare(team, server, "ceo@example.org")
    for words in (("validate",), ("plan",)):
        refused = team.run(*words)
        assert 1 == refused.code
        assert "accounts.d/sales/sales.yaml declares the sender ceo@example.org" in " ".join(
            refused.err.split() + refused.out.split()
        )
    assert 0 == server.connections
    declare(team, server, USER)
    team.run_well("apply", "--auto-approve")


def test_a_folder_does_not_take_over_an_account(team: Project, server: MailServer) -> None:
    """An account recorded from elsewhere is not taken into the folder by its name or as previousName."""
    team.write_account("boss", own_account("boss", server))
    team.run_well("apply", "--auto-approve")
    team.remove_account("boss")
    declare(team, server, USER, metadata="previousName: boss")
    refused = team.run("plan", "--format", "json")
    assert 4 == refused.code
    assert "changedScope" in refused.codes


@pytest.mark.parametrize("email", ["ceo@example.org", USER])
def test_a_plan_without_a_seal_keeps_to_every_scope(team: Project, server: MailServer, email: str) -> None:
    """A sender painted into an unsealed plan is refused at apply, whatever manifest the plan names; exit 4."""
    declare(team, server, USER)
    plan = team.folder / "first.plan"
    team.run_well("plan", "--out", str(plan))

    def paint(document: dict[str, Any]) -> None:
        painted = json.loads(json.dumps(document).replace(USER, email))
        document.clear()
        document.update(painted)
        document.pop("seal", None)
        for prepared in document["inputs"]["accounts"].values():
            prepared["manifest"] = "accounts.d/elsewhere.yaml"

    alter_plan(plan, paint, fits_digest=True)
    outcome = team.run("apply", str(plan), "--format", "json")
    assert ("outOfScope" in outcome.codes) == (email != USER)
    assert {} == team.statuses() or email == USER


def test_a_scope_over_nothing_is_a_warning(team: Project, server: MailServer) -> None:
    """A glob that covers no manifest is told with its place, and refuses nothing."""
    team.write_account("help", own_account("help", server))
    told = team.run_well("validate", "--format", "json").document["diagnostics"]
    assert ["scopeCoversNothing"] == [each["code"] for each in told]
    assert "reconciler.yaml" in told[0]["location"]["file"]


@pytest.mark.parametrize("wrong", ["emial: x", "email: [", "email: not an address"])
def test_a_scope_whose_manifests_are_refused_covers_them(team: Project, server: MailServer, wrong: str) -> None:
    """That it covers nothing would be untrue, and would only follow from what is wrong there."""
    declare(team, server, USER)
    (path,) = (team.folder / "accounts.d").rglob("*.yaml")
    text = path.read_text(encoding="utf-8")
    assert f"email: {USER}" in text
    path.write_text(text.replace(f"email: {USER}", wrong), encoding="utf-8")
    refused = team.run("validate", "--format", "json")
    assert (1, False) == (refused.code, "scopeCoversNothing" in refused.codes)
