"""What is told of a project file that is wrong: everything, and no password that somebody wrote into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.manifests.habits import ALIASES, SAID

if TYPE_CHECKING:
    from tests.cli.project import Project

_CANARY = "canary-Project-77"


@pytest.mark.parametrize(
    "more",
    [
        "manifests: VALUE\n",
        "platform: {approval: VALUE}\n",
        "platform: {smtp: {host: VALUE}}\n",
        "platform: {smtp: {host: smtp.example.com, encryption: VALUE}}\n",
        "secrets: {allow: [VALUE]}\n",
        "secrets: {firstUse: VALUE}\n",
        "secrets: {grants: [{secret: VALUE, servers: [office]}]}\n",
        "secrets: {sources: {vault: {command: [vault, '{key}'], format: VALUE}}}\n",
        "scopes: [{manifests: VALUE, secrets: [VALUE], servers: [VALUE], senders: [VALUE]}]\n",
        "consumers: {web: {type: VALUE, accounts: [VALUE]}}\n",
        "consumers: {web: {type: files, format: VALUE, accounts: ['*']}}\n",
        "guards: {exceptions: [{until: VALUE, reason: why, scope: [VALUE]}]}\n",
        "guards: {maxDeletes: VALUE}\n",
        "verification: {depth: {plan: VALUE}, timeoutSeconds: VALUE}\n",
        "domains: {example.com: VALUE}\n",
        "environments: {prod: {state: 'sqlite:///x.db', overlay: VALUE}}\n",
        "VALUE\n",
    ],
)
def test_an_address_with_a_password_in_any_field_is_not_repeated(project: Project, more: str) -> None:
    """Whichever field of the project file somebody wrote it into, the message shows the address without it."""
    address = f'"smtp://anna:{_CANARY}@smtp.example.com"'
    project.write_project(more.replace("VALUE", address) if more != "VALUE\n" else f"{address}: 1\n")
    told = project.run("validate")
    assert _CANARY not in told.out + told.err


@pytest.mark.parametrize("kind", ["[Project]", "{Project: 1}", "true", "", "5", "Projekt", '""'])
def test_a_project_file_of_another_kind_is_told_beside_its_unknown_fields(project: Project, kind: str) -> None:
    """Whatever stands as its kind, nothing else that is wrong is lost."""
    head = f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: mail}}\n"
    (project.folder / "reconciler.yaml").write_text(f"{head}manifest: accounts.d\n", encoding="utf-8")
    told = project.run("validate")
    assert (1, True) == (told.code, "manifest is not a field of the document. Did you mean manifests?" in told.err)
    assert "Project" in told.err.partition("error: Unknown field")[0]


@pytest.mark.parametrize("value", ["anna", "true", "{user: anna, pass: '${SMTP_PASS}'}", "[plain]"])
@pytest.mark.parametrize("at", ["", "platform", "platform.smtp", "platform.smtp.authentication"])
def test_no_line_for_the_platform_has_a_placeholder(project: Project, at: str, value: str) -> None:
    """Its server is one for all accounts, so a line with an account's address could not be pasted there."""
    wrong = dict.fromkeys(sorted({*ALIASES, *SAID, "authentication", "username"}), value)
    text = "\n".join(f"{field}: {value}" for field in wrong)
    for step in reversed(at.split(".") if at else []):
        text = f"{step}:\n" + "\n".join(f"  {line}" for line in text.splitlines())
    project.write_project(f"{text}\n")
    told = project.run("validate")
    assert (1, False) == (told.code, "{email}" in told.err), told.err


@pytest.mark.parametrize("place", ["platform", "environments.prod.platform"])
def test_a_literal_password_of_the_platform_gets_the_platforms_variable(project: Project, place: str) -> None:
    """Of an environment's own platform too."""
    text = "smtp: {host: smtp.example.com, authentication: {username: a, password: hush-hush-1}}"
    for step in reversed(place.split(".")):
        text = f"{step}: {{{text}}}"
    project.write_project(f"{text}\n")
    told = project.run("validate")
    assert (1, True) == (told.code, "password: {env: SMTP_PLATFORM_PASSWORD}" in told.err), told.err
