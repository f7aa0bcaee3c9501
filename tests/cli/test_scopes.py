"""Folders with secrets of their own: a MailServer lends nothing across them, neither to a plan nor to a saved one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PASSWORD, USER, alter_plan

if TYPE_CHECKING:
    from tests.cli.project import Project
    from tests.support.mailserver import MailServer

SCOPES = {"a": "accounts.d/a/**", "b": "accounts.d/b/**"}


def declare(project: Project, **scopes: str) -> None:
    """Write the project file, each client's secret allowed to the manifests given."""
    entries = "".join(
        f'{{secret: "env:CLIENT_{client.upper()}_*", manifests: "{glob}"}}, ' for client, glob in scopes.items()
    )
    project.write_project(f"secrets: {{allow: [{entries}'env:SMTP_*']}}\n")


def write(project: Project, path: str, text: str) -> None:
    """Write a manifest file below a folder of its own."""
    place = project.folder / "accounts.d" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def write_server(project: Project, path: str, server: MailServer, variable: str) -> None:
    """Write a MailServer with a credential."""
    login = f"{{username: {USER}, password: {{env: {variable}}}}}"
    write(
        project,
        path,
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\n"
        f"spec: {{host: localhost, port: {server.port}, encryption: none, authentication: {login}}}\n",
    )


def write_account(project: Project, path: str, *, display_name: str = "Example", login: str = "") -> None:
    """Write an account that uses the MailServer."""
    write(
        project,
        path,
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\n"
        f"spec: {{email: {USER}, displayName: {display_name}, shared: true, smtp: {{server: shared{login}}}}}\n",
    )


@pytest.fixture
def scoped(project: Project) -> Project:
    """Return a project with two clients' folders, the secrets of both at hand."""
    declare(project, **SCOPES)
    for variable in ("CLIENT_A_PASSWORD", "CLIENT_B_PASSWORD"):
        project.set_variable(variable, PASSWORD)
    return project


@pytest.mark.parametrize("folder", ["a", "b"])
def test_a_server_of_another_client_lends_no_secret(scoped: Project, server: MailServer, folder: str) -> None:
    """An account of client A reaches B's secret by no MailServer, be it B's own or one in A's folder that names it."""
    write_server(scoped, f"{folder}/server.yaml", server, "CLIENT_B_PASSWORD")
    write_account(scoped, "a/sales.yaml")
    for words in (("validate",), ("plan",), ("verify",), ("apply", "--auto-approve")):
        refused = scoped.run(*words, "--format", "json")
        assert (1, ["secretNotAllowed"]) == (refused.code, refused.codes)
    assert 0 == server.connections


def test_a_server_of_another_client_names_no_secret_of_ours(scoped: Project, server: MailServer) -> None:
    """Whoever writes B's folder cannot have A's secret logged in with by offering a MailServer that names it."""
    write_server(scoped, "b/server.yaml", server, "CLIENT_A_PASSWORD")
    write_account(scoped, "a/sales.yaml")
    refused = scoped.run("plan", "--format", "json")
    assert 1 == refused.code
    assert ["secretNotAllowed"] == refused.codes
    assert 0 == server.connections
    assert "accounts.d/b/server.yaml names env:CLIENT_A_PASSWORD" in refused.document["diagnostics"][0]["detail"]


@pytest.mark.parametrize(
    ("scopes", "is_refused"),
    [
        ({"a": "accounts.d/a/**"}, True),
        ({"a": "accounts.d/servers/**"}, True),
        ({"a": "accounts.d/[as]*/**"}, True),
        ({"a": "accounts.d/**"}, False),
    ],
    ids=["the server's no more", "the account's no more", "no such glob", "both"],
)
@pytest.mark.parametrize("depth", ["envelope", "offline"])
def test_a_saved_plan_is_asked_again(
    scoped: Project, server: MailServer, depth: str, scopes: dict[str, str], *, is_refused: bool
) -> None:
    """What the project file allows when a plan is applied counts for the server's manifest as for the account's."""
    declare(scoped, a="accounts.d/**")
    write_server(scoped, "servers/shared.yaml", server, "CLIENT_A_PASSWORD")
    write_account(scoped, "a/sales.yaml")
    scoped.run_well("plan", "--depth", depth, "--out", "plan.json")
    seen = server.login_attempts
    declare(scoped, **scopes)
    outcome = scoped.run("apply", "plan.json", "--format", "json")
    if is_refused:
        assert 1 == outcome.code
        assert ["secretNotAllowed"] == outcome.codes
        assert seen == server.login_attempts
    else:
        assert (0, {"sales": "active"}) == (outcome.code, scoped.statuses())


def test_its_own_credential_asks_nobody_else(scoped: Project, server: MailServer) -> None:
    """An account that brings its own password may use a MailServer of any folder, at plan and at apply."""
    write_server(scoped, "b/server.yaml", server, "CLIENT_B_PASSWORD")
    write_account(scoped, "a/sales.yaml", login=", authentication: {password: {env: CLIENT_A_PASSWORD}}")
    scoped.run_well("plan", "--out", "plan.json")
    scoped.run_well("apply", "plan.json")
    assert {"sales": "active"} == scoped.statuses()


def test_an_unsealed_plan_brings_no_scoped_secret(scoped: Project, server: MailServer) -> None:
    """What such a plan says of manifests is not believed: a secret of a folder stays with the account that has it."""
    write_server(scoped, "a/server.yaml", server, "SMTP_SHARED_PASSWORD")
    scoped.set_variable("SMTP_SHARED_PASSWORD", PASSWORD)
    write_account(scoped, "a/sales.yaml")
    scoped.run_well("apply", "--auto-approve")

    def strip(document: dict[str, Any]) -> None:
        document["seal"] = None
        document["inputs"]["accounts"]["sales"].update(serverManifest=None, serverSecrets=[])

    write_server(scoped, "a/server.yaml", server, "CLIENT_A_PASSWORD")
    scoped.run_well("plan", "--out", "plan.json")
    alter_plan(scoped.folder / "plan.json", strip, fits_digest=True)
    refused = scoped.run("apply", "plan.json", "--format", "json")
    assert (1, ["secretNotAllowed"]) == (refused.code, refused.codes)
    scoped.run_well("plan", "--out", "plan.json")
    scoped.run_well("apply", "plan.json")
    write_account(scoped, "a/sales.yaml", display_name="Other")
    scoped.run_well("plan", "--out", "plan.json")
    alter_plan(scoped.folder / "plan.json", strip, fits_digest=True)
    scoped.run_well("apply", "plan.json")


def test_a_narrowed_scope_counts_for_what_is_recorded(scoped: Project, server: MailServer) -> None:
    """A secret that the account's folder may name no more is not read: not to verify it, not to send."""
    write_server(scoped, "a/server.yaml", server, "CLIENT_A_PASSWORD")
    write_account(scoped, "a/sales.yaml")
    scoped.run_well("apply", "--auto-approve")
    seen = server.connections
    declare(scoped, a="accounts.d/b/**")
    (scoped.folder / "contacts.csv").write_text("email\none@example.net\n", encoding="utf-8")
    for words in (
        ("verify", "--recorded"),
        ("send", "sales", "--contacts", "contacts.csv", "--subject", "June", "--body", "Hello."),
    ):
        refused = scoped.run(*words, "--format", "json")
        assert 1 == refused.code
        assert ["secretNotAllowed"] == refused.codes
        assert seen == server.connections
