"""Secrets that are not in the environment: asked for on the terminal, or taken from a file of variables."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, VARIABLE, Project, own_account
from tests.cli.test_recorded import in_terminal

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer


@pytest.fixture
def bereft(project: Project, server: MailServer) -> Project:
    """Return a project with an account, recorded, and another whose password is not at hand."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    project.write_account("help", own_account("help", server, secret="{env: SMTP_HELP}"))
    project.unset_variable(VARIABLE)
    return project


def test_plan_asks_for_what_the_changes_need_alone(bereft: Project, server: MailServer) -> None:
    """One question for the new account, none for the recorded one whose password is absent too."""
    asked = in_terminal(bereft, ("plan", "--ask-secrets"), PASSWORD)
    assert 0 == asked.code
    assert 1 == asked.out.count("Value of")
    assert "env:SMTP_HELP" in asked.out
    assert PASSWORD not in asked.out


def test_apply_asks_once_and_records(bereft: Project) -> None:
    """What was typed for the plan is what apply uses; state has its fingerprint, and nothing has the value."""
    asked = in_terminal(bereft, ("apply", "--ask-secrets", "--auto-approve"), PASSWORD)
    assert (0, 1) == (asked.code, asked.out.count("Value of")), asked
    assert {"help", "sales"} == set(bereft.statuses())


def test_a_saved_plan_is_applied_with_what_is_typed(bereft: Project) -> None:
    """Without an answer the account is missing its secret, as ever."""
    bereft.run_well("plan", "--depth", "offline", "--out", "help.plan")
    assert 3 == in_terminal(bereft, ("apply", "help.plan", "--ask-secrets"), "").code
    assert 0 == in_terminal(bereft, ("apply", "help.plan", "--ask-secrets"), PASSWORD).code


def test_nobody_is_asked_in_a_pipe(bereft: Project) -> None:
    """In a pipe nobody can answer, so it is bad usage."""
    for words in (("plan",), ("apply", "--auto-approve")):
        refused = bereft.run_process(*words, "--ask-secrets")
        assert (1, True) == (refused.code, "there is none" in refused.err)


@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve"), ("verify", "help"), ("apply", "help.plan")])
def test_a_file_of_variables_gives_secrets(bereft: Project, words: tuple[str, ...]) -> None:
    """``--env-file`` is enough for plan, apply and verify; the file is in none of the outputs."""
    if "help.plan" in words:
        bereft.run_well("plan", "--depth", "offline", "--out", "help.plan")
    (bereft.folder / ".env").write_text(f"SMTP_HELP='{PASSWORD}'\n{VARIABLE}={PASSWORD}\n", encoding="utf-8")
    done = bereft.run_well(*words, "--env-file", ".env")
    assert PASSWORD not in done.out + done.err


def test_the_environment_goes_before_the_file(bereft: Project) -> None:
    """A file does not take the place of what a job was given."""
    bereft.set_variable("SMTP_HELP", PASSWORD)
    (bereft.folder / ".env").write_text("SMTP_HELP=wrong\n", encoding="utf-8")
    bereft.run_well("verify", "help", "--env-file", ".env")


def test_the_file_settles_nothing_but_secrets(bereft: Project) -> None:
    """State, trust and operator are not taken from it, nor is the file itself a secret that a manifest may name."""
    text = f"SMTP_HELP={PASSWORD}\nRECONCILER_STATE=sqlite:///elsewhere.db\nRECONCILER_TRUST_PROJECT=always\n"
    (bereft.folder / "secrets").mkdir()
    (bereft.folder / "secrets" / "all.env").write_text(text, encoding="utf-8")
    bereft.run_well("verify", "help", "--env-file", "secrets/all.env")
    text = (bereft.folder / "accounts.d" / "help.yaml").read_text(encoding="utf-8")
    bereft.write_account("help", text.replace("{env: SMTP_HELP}", "{file: secrets/all.env}"))
    refused = bereft.run("plan", "--env-file", "secrets/all.env", "--format", "json")
    assert (1, True) == (refused.code, "secretNotAllowed" in refused.codes), refused


@pytest.mark.parametrize(
    ("octets", "code"),
    [(None, "fileUnreadable"), (b"no variables\n", "fileUnreadable"), (b"A=\xff\n", "notUtf8")],
)
def test_a_file_that_cannot_be_used_is_told(bereft: Project, octets: bytes | None, code: str) -> None:
    """Exit 1 with the file, and none of its text."""
    if octets is not None:
        (bereft.folder / ".env").write_bytes(octets)
    refused = bereft.run("plan", "--env-file", ".env", "--format", "json")
    assert (1, [code]) == (refused.code, refused.codes)
    assert "no variables" not in refused.out


def test_a_file_in_git_is_refused(bereft: Project) -> None:
    """What git tracks is published, and a pull request could have brought it."""
    (bereft.folder / ".env").write_text(f"SMTP_HELP={PASSWORD}\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=bereft.folder, check=True)
    subprocess.run(["git", "add", "-f", ".env"], cwd=bereft.folder, check=True)
    refused = bereft.run("plan", "--env-file", ".env", "--format", "json")
    assert (1, ["secretTracked"]) == (refused.code, refused.codes)
