"""A pull request cannot steal a credential: secrets travel recorded or granted routes, and nothing else does."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PASSWORD, USER, Project, alter_plan, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def elsewhere() -> Iterator[MailServer]:
    """Run the server that a hostile manifest would point a secret at; it takes the password too."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as running:
        yield running


@pytest.fixture
def settled(project: Project, server: MailServer) -> Project:
    """Return a project whose account is applied, so that its secret is known with its route."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    return project


def grants_of(text: str) -> str:
    """Return the block of grants of a message as lines of a project file."""
    lines = text.splitlines()
    first = next(index for index, line in enumerate(lines) if line.strip() == "grants:")
    block = [lines[first].strip()]
    for line in lines[first + 1 :]:
        if not re.match(r"\s+- \{", line):
            break
        block.append("  " + line.strip())
    return "secrets:\n" + "".join(f"  {line}\n" for line in block)


@pytest.mark.parametrize("command", ["plan", "verify", "verify --recorded", "apply --auto-approve"])
def test_a_state_out_of_git_sends_no_secret_anywhere(settled: Project, server: MailServer, command: str) -> None:
    """A pull request could bring a state in which its own server is a recorded route; nothing is sent by its word."""
    for words in (("init", "-q"), ("add", "-f", ".reconciler")):
        subprocess.run(["git", *words], cwd=settled.folder, check=True)
    settled.write_account("sales", own_account("sales", server, display_name="Somebody else"))
    seen = (server.connections, server.login_attempts)
    refused = settled.run(*command.split())
    assert (4, seen) == (refused.code, (server.connections, server.login_attempts))
    assert "git rm -r --cached .reconciler" in refused.out + refused.err


def test_a_known_secret_is_withheld_from_a_new_server(settled: Project, elsewhere: MailServer) -> None:
    """Plan, apply and verify end with 4, the new server sees no login, and the grant of the message lets it pass."""
    settled.write_account("sales", own_account("sales", elsewhere))
    planned = settled.run("plan", "--out", "plan.json", "--format", "json")
    assert 4 == planned.code
    assert "blocked" == planned.document["status"]
    assert ["credentialWithheld"] == planned.codes
    assert "withheld" == planned.document["changes"][0]["verification"]["status"]
    for words in (("apply", "plan.json"), ("apply", "--auto-approve"), ("verify",)):
        assert 4 == settled.run(*words).code
    for words in (("--hold-failing",), ("--override-verification", "sales=because")):
        assert 4 == settled.run("apply", "--auto-approve", *words).code
    assert (0, []) == (elsewhere.login_attempts, elsewhere.messages)
    settled.write_project(grants_of(settled.run("plan").err))
    settled.run_well("apply", "--auto-approve")
    assert 1 == elsewhere.login_attempts


def test_an_exception_of_the_guards_lifts_no_withheld_credential(settled: Project, elsewhere: MailServer) -> None:
    """An account that need not be verified is refused on a new route all the same, so that none is recorded for later."""
    exception = "{verification: ['*'], depth: offline, until: 2999-01-31, reason: why}"
    settled.write_project(f"guards: {{exceptions: [{exception}]}}\n")
    settled.write_account("sales", own_account("sales", elsewhere))
    for words in (("plan", "--out", "plan.json"), ("apply", "plan.json"), ("apply", "--auto-approve")):
        refused = settled.run(*words, "--format", "json")
        assert (4, True) == (refused.code, "credentialWithheld" in refused.codes)
    assert (0, 1) == (elsewhere.connections, settled.serial())


def test_one_block_of_grants_covers_all_accounts(settled: Project, server: MailServer, elsewhere: MailServer) -> None:
    """Whatever is withheld of however many accounts, there is one message with one block, and it allows all of it."""
    moved = {name: own_account(name, elsewhere, email=f"{name}@example.com") for name in ("sales", "a", "b", "c")}
    for name, text in moved.items():
        settled.write_account(name, text)
    settled.write_account("right", own_account("right", server))
    for words in (("plan",), ("verify",)):
        refused = settled.run(*words, "--format", "json")
        assert (4, ["credentialWithheld"]) == (refused.code, refused.codes)
        (problem,) = refused.document["diagnostics"]
        assert (None, 1) == (problem["subject"], problem["detail"].count("grants:"))
        assert [f"- {name}: env:SMTP_SALES_PASSWORD to" in problem["detail"] for name in moved] == [True] * 4
    assert 0 == elsewhere.login_attempts
    settled.write_project(grants_of(settled.run("plan").err))
    settled.run_well("apply", "--auto-approve")
    assert 5 == len(settled.statuses())


def test_a_known_value_under_a_new_reference_is_withheld(settled: Project, elsewhere: MailServer) -> None:
    """Another variable with the same value is the same secret."""
    settled.set_variable("SMTP_OTHER_PASSWORD", PASSWORD)
    settled.write_account("other", own_account("other", elsewhere, secret="{env: SMTP_OTHER_PASSWORD}"))
    assert 4 == settled.run("plan").code
    assert 4 == settled.run("apply", "--auto-approve").code
    assert 0 == elsewhere.login_attempts


@pytest.mark.parametrize("flags", [(), ("--hold-failing",)], ids=["plain", "hold failing"])
def test_an_offline_plan_does_not_get_a_known_value_out(
    settled: Project, elsewhere: MailServer, flags: tuple[str, ...]
) -> None:
    """A plan that read no secrets is judged again by apply, once it has read them and before it sends any."""
    settled.set_variable("SMTP_OTHER_PASSWORD", PASSWORD)
    settled.write_account("other", own_account("other", elsewhere, secret="{env: SMTP_OTHER_PASSWORD}"))
    settled.run_well("plan", "--depth", "offline", "--out", "plan.json")
    refused = settled.run("apply", "plan.json", *flags, "--format", "json")
    assert (4, ["credentialWithheld"]) == (refused.code, refused.codes)
    assert (0, {"sales": "active"}) == (elsewhere.login_attempts, settled.statuses())


def test_a_new_secret_does_not_go_to_two_servers(project: Project, server: MailServer, elsewhere: MailServer) -> None:
    """Which of two first routes is right cannot be told, so neither server sees a login."""
    project.write_account("one", own_account("one", server))
    project.write_account("two", own_account("two", elsewhere))
    assert 4 == project.run("plan").code
    assert (0, 0) == (server.login_attempts, elsewhere.login_attempts)


def test_first_use_may_need_a_grant(project: Project, server: MailServer) -> None:
    """With firstUse: grant even a new secret is withheld until it is granted its route."""
    project.write_project("secrets: {firstUse: grant}\n")
    project.write_account("sales", own_account("sales", server))
    assert 4 == project.run("plan").code
    assert 0 == server.login_attempts


def test_another_user_name_is_another_route(settled: Project, server: MailServer) -> None:
    """A known secret is not tried with another user name."""
    attempts = server.login_attempts
    settled.write_account("sales", own_account("sales", server, username="boss@example.com"))
    assert 4 == settled.run("plan").code
    assert attempts == server.login_attempts


def test_deleting_the_account_does_not_forget_the_route(settled: Project, elsewhere: MailServer) -> None:
    """A secret stays known when the account that brought it has gone."""
    settled.remove_account("sales")
    settled.run_well("apply", "--auto-approve", "--allow-deletes", "1")
    settled.write_account("thief", own_account("thief", elsewhere))
    assert 4 == settled.run("plan").code
    assert 0 == elsewhere.login_attempts


@pytest.mark.parametrize(
    "secret",
    ["{env: HOME}", "{file: ../outside}", "{file: secrets/../reconciler.yaml}", "{file: .reconciler/fingerprint.key}"],
)
def test_a_secret_outside_allow_is_an_error(project: Project, server: MailServer, secret: str) -> None:
    """What secrets.allow does not cover is refused with 1 before anything is read or sent."""
    project.write_account("sales", own_account("sales", server, secret=secret))
    for words in (("validate",), ("plan",), ("verify",)):
        refused = project.run(*words, "--format", "json")
        assert (1, ["secretNotAllowed"]) == (refused.code, refused.codes)
    assert 0 == server.connections


@pytest.mark.parametrize("target", [".reconciler/fingerprint.key", "outside"])
def test_a_link_does_not_lead_to_what_is_not_allowed(project: Project, server: MailServer, target: str) -> None:
    """A link below an allowed folder is followed, and where it leads must be allowed too."""
    (project.folder.parent / "outside").write_text("a file of another project\n", encoding="utf-8")
    place = project.folder / target if target.startswith(".") else project.folder.parent / target
    (project.folder / "secrets").mkdir()
    (project.folder / "secrets" / "sales").symlink_to(place)
    project.write_account("sales", own_account("sales", server, secret="{file: secrets/sales}"))
    refused = project.run("plan", "--format", "json")
    assert (1, ["secretNotAllowed"]) == (refused.code, refused.codes)
    assert 0 == server.login_attempts


def test_file_secrets_are_read(project: Project, server: MailServer) -> None:
    """A secret of a file below an allowed folder logs in, through a link inside that folder too."""
    (project.folder / "secrets" / "..data").mkdir(parents=True)
    (project.folder / "secrets" / "..data" / "sales").write_text(PASSWORD + "\n", encoding="utf-8")
    (project.folder / "secrets" / "sales").symlink_to("..data/sales")
    project.write_account("sales", own_account("sales", server, secret="{file: secrets/sales}"))
    project.run_well("apply", "--auto-approve")
    assert {"sales": "active"} == project.statuses()


def test_an_unreadable_secret_of_a_changed_account_is_an_error(project: Project, server: MailServer) -> None:
    """A changed account whose secret cannot be read fails its verification, 3, without a connection."""
    project.unset_variable("SMTP_SALES_PASSWORD")
    project.write_account("sales", own_account("sales", server))
    for words in (("plan",), ("apply", "--auto-approve"), ("verify",)):
        refused = project.run(*words, "--format", "json")
        assert (3, ["secretMissing"]) == (refused.code, refused.codes)
    assert 0 == server.connections


def test_an_unreadable_secret_of_an_unchanged_account_is_a_warning(settled: Project) -> None:
    """An account that does not change does not block the plan when its secret is not at hand."""
    settled.unset_variable("SMTP_SALES_PASSWORD")
    planned = settled.run("plan", "--format", "json")
    assert (0, "empty") == (planned.code, planned.document["status"])
    assert [("warning", "secretMissing")] == [
        (problem["severity"], problem["code"]) for problem in planned.document["diagnostics"]
    ]


def test_another_fingerprint_key_shows_no_rotation(settled: Project, server: MailServer) -> None:
    """A plan with another key says that rotation was not checked; apply of a change refuses that key."""
    settled.key_file.write_text("00" * 32 + "\n", encoding="ascii")
    planned = settled.run("plan", "--format", "json")
    assert 0 == planned.code
    assert "empty" == planned.document["status"]
    assert ["fingerprintKeyChanged"] == planned.codes
    settled.write_account("sales", own_account("sales", server, display_name="Example Verkauf"))
    refused = settled.run("apply", "--auto-approve", "--format", "json")
    assert (1, ["fingerprintKeyChanged"]) == (refused.code, refused.codes)
    assert 1 == settled.serial()


def test_a_missing_fingerprint_key_shows_no_rotation(settled: Project, server: MailServer) -> None:
    """A plan without the key says so; apply of a change that must be verified refuses."""
    settled.key_file.unlink()
    planned = settled.run("plan", "--format", "json")
    assert 0 == planned.code
    assert "empty" == planned.document["status"]
    assert ["fingerprintKeyMissing"] == planned.codes
    settled.write_account("sales", own_account("sales", server, display_name="Example Verkauf"))
    refused = settled.run("apply", "--auto-approve", "--format", "json")
    assert (1, ["fingerprintKeyMissing"]) == (refused.code, refused.codes)
    assert not settled.key_file.exists()


def test_without_the_key_a_new_reference_may_hide_a_known_value(settled: Project, elsewhere: MailServer) -> None:
    """Where values cannot be compared with state, a reference that state has not seen is not sent anywhere."""
    settled.key_file.unlink()
    settled.set_variable("SMTP_OTHER_PASSWORD", PASSWORD)
    settled.write_account("other", own_account("other", elsewhere, secret="{env: SMTP_OTHER_PASSWORD}"))
    assert settled.run("plan").code in {1, 4}
    assert settled.run("verify", "other").code in {1, 4}
    assert 0 == elsewhere.login_attempts


def test_an_altered_plan_sends_no_other_secret(settled: Project, server: MailServer) -> None:
    """A plan that was altered, its seal stripped and its digest made to fit, cannot name a secret outside allow."""
    settled.write_account("second", own_account("second", server))
    settled.run_well("plan", "--out", "plan.json")

    def name_another_secret(document: dict[str, object]) -> None:
        document["seal"] = None
        account = document["inputs"]["accounts"]["second"]  # type: ignore[index]
        account["document"]["spec"]["smtp"]["authentication"]["password"] = "env:HOME"

    def show_it_too(document: dict[str, Any]) -> None:
        for shown in document["changes"][0]["fields"]:
            shown["after"] = "env:HOME" if shown["path"].endswith("password") else shown["after"]

    attempts = server.login_attempts
    alter_plan(settled.folder / "plan.json", name_another_secret, fits_digest=True)
    refused = settled.run("apply", "plan.json", "--format", "json")
    assert 4 == refused.code
    assert ["planAltered"] == refused.codes
    assert attempts == server.login_attempts
    alter_plan(settled.folder / "plan.json", show_it_too, fits_digest=True)
    refused = settled.run("apply", "plan.json", "--format", "json")
    assert 1 == refused.code
    assert ["secretNotAllowed"] == refused.codes
    assert attempts == server.login_attempts


@pytest.mark.parametrize("flags", [("--depth", "offline"), ("--override-verification", "other=no network")])
def test_a_value_that_was_not_read_is_compared_before_it_travels(
    settled: Project, elsewhere: MailServer, flags: tuple[str, ...]
) -> None:
    """An offline plan records a route unread, which the journal tells; a known value does not take it later."""
    settled.set_variable("SMTP_OTHER_PASSWORD", PASSWORD)
    settled.write_account("other", own_account("other", elsewhere, secret="{env: SMTP_OTHER_PASSWORD}"))
    settled.run_well("plan", "--depth", "offline", "--out", "plan.json")
    applied = settled.run_well("apply", "plan.json", *flags, "--format", "json")
    assert ["secretsNotCompared"] == applied.codes
    assert {"other": ["env:SMTP_OTHER_PASSWORD"]} == settled.journal()[-1][1]["secretsNotCompared"]
    for words in (("verify", "other"), ("verify", "other", "--recorded")):
        refused = settled.run(*words, "--format", "json")
        assert (4, ["credentialWithheld"]) == (refused.code, refused.codes)
    assert 0 == elsewhere.login_attempts
    settled.set_variable("SMTP_OTHER_PASSWORD", "another-value")
    elsewhere.users[USER] = "another-value"
    settled.run_well("verify", "other", "--recorded")
    assert (1, "active") == (elsewhere.login_attempts, settled.statuses()["other"])
    settled.set_variable("SMTP_OTHER_PASSWORD", PASSWORD)
    assert 3 == settled.run("verify", "other", "--recorded").code


def test_an_unsealed_plan_does_not_say_where_it_comes_from(settled: Project, server: MailServer) -> None:
    """A secret that is scoped to a folder is not used by the word of a plan that anybody could have made."""
    settled.write_project('secrets: {allow: ["env:SMTP_*", {secret: "env:A_*", manifests: "accounts.d/a*"}]}\n')
    settled.set_variable("A_PASSWORD", PASSWORD)
    settled.write_account("a", own_account("a", server, secret="{env: A_PASSWORD}"))
    settled.run_well("plan", "--out", "plan.json")
    attempts = server.login_attempts
    alter_plan(settled.folder / "plan.json", lambda document: document.update(seal=None), fits_digest=True)
    refused = settled.run("apply", "plan.json", "--format", "json")
    assert 1 == refused.code
    assert ["secretNotAllowed"] == refused.codes
    assert attempts == server.login_attempts


def test_grants_used_are_journaled(settled: Project, elsewhere: MailServer) -> None:
    """The journal tells which grants an apply needed, also where the plan did not know them yet."""
    settled.write_account("sales", own_account("sales", elsewhere))
    settled.write_project(grants_of(settled.run("plan").err))
    settled.run_well("plan", "--depth", "offline", "--out", "plan.json")
    settled.run_well("apply", "plan.json")
    assert [f"env:SMTP_SALES_PASSWORD to localhost:{elsewhere.port}"] == settled.journal()[-1][1]["grantsUsed"]
    told = settled.run_well("plan", "--format", "json")
    assert ["grantRedundant"] == [code for code in told.codes if code.startswith("grant")]
