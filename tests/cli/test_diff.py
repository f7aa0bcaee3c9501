"""``diff``: two saved plans compared; and - in place of a plan's file."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, command, environment, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer


def plans(project: Project, server: MailServer) -> None:
    """Save two plans: one account is in both alike, one in each alone, and one has another name and another verdict."""
    for name in ("alike", "gone", "other"):
        project.write_account(name, own_account(name, server))
    project.run_well("plan", "--out", "first.plan")
    project.remove_account("gone")
    project.write_account("new", own_account("new", server))
    project.write_account("other", own_account("other", server, display_name="Other", secret="{env: SMTP_WRONG}"))
    project.set_variable("SMTP_WRONG", "not-the-password")
    assert 3 == project.run("plan", "--out", "second.plan").code


def test_two_plans_are_compared_account_by_account(project: Project, server: MailServer) -> None:
    """What one plan alone concerns, and each value that is otherwise, verdicts too; what is alike is counted."""
    plans(project, server)
    compared = project.run("diff", "first.plan", "second.plan", "--detailed-exitcode", "--format", "json")
    assert 2 == compared.code
    document = compared.document
    assert [("gone", "removed"), ("new", "added"), ("other", "changed")] == [
        (each["name"], each["difference"]) for each in document["differences"]
    ]
    (other,) = [each["fields"] for each in document["differences"] if each["name"] == "other"]
    assert {
        "spec.displayName": ("Example Sales", "Other"),
        "spec.smtp.authentication.password": ("env:SMTP_SALES_PASSWORD", "env:SMTP_WRONG"),
        "verification": ("passed", "failed (auth: credentialsRejected)"),
    } == {each["path"]: (each["before"], each["after"]) for each in other}
    assert 1 == document["same"]
    text = project.run_well("diff", "first.plan", "second.plan").out
    assert "1 only in the first, 1 only in the second, 1 otherwise, 1 the same." in text
    assert "plan first.plan (against revision 0, ready)" in text
    assert "plan second.plan (against revision 0, blocked)" in text
    assert "passed → failed (auth: credentialsRejected)" in text


def test_a_plan_does_not_differ_from_itself(project: Project, server: MailServer) -> None:
    """Nothing is listed, and the exit code is 0."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan", "--out", "a.plan")
    outcome = project.run_well("diff", "a.plan", "a.plan", "--detailed-exitcode")
    assert "No differences. 1 the same." in outcome.out


def test_a_file_that_is_no_plan_is_refused(project: Project) -> None:
    """As show refuses it, by its name; nothing is compared."""
    (project.folder / "a.plan").write_text("{}", encoding="utf-8")
    assert 1 == project.run("diff", "a.plan", "a.plan").code
    assert 1 == project.run("diff", "nowhere.plan", "a.plan").code


def test_a_plan_goes_through_a_pipe(project: Project, server: MailServer) -> None:
    """``plan --out -`` writes the file to stdout and what there is to see to stderr; ``show``, ``diff`` and ``apply`` take it."""
    project.write_account("sales", own_account("sales", server))
    made = _run(project, ("plan", "--out", "-"), b"")
    assert "sales" in made.err.decode()
    assert "sales" in _run(project, ("show", "-", "--full"), made.out).out.decode()
    project.run_well("plan", "--out", "a.plan")
    assert b"No differences." in _run(project, ("diff", "-", "a.plan"), made.out).out
    assert b"revision 1" in _run(project, ("apply", "-"), made.out).out


class _Ran:
    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code, self.out, self.err = code, out, err


def _run(project: Project, words: tuple[str, ...], given: bytes) -> _Ran:
    """Run a command as a process with octets as its standard input."""
    import subprocess

    ran = subprocess.run(
        command(*words), cwd=project.folder, env=environment(), input=given, capture_output=True, check=False
    )
    assert 0 == ran.returncode, ran
    return _Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize(
    "words", [("diff", "-", "-"), ("plan", "--out", "-", "--format", "json")], ids=["both", "two documents"]
)
def test_what_cannot_both_be_standard_is_told(project: Project, words: tuple[str, ...]) -> None:
    """One standard input is one plan, and one standard output one document."""
    refused = project.run(*words)
    assert 1 == refused.code
    assert "tandard" in refused.out + refused.err


def test_a_terminal_is_not_waited_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """With - and nothing piped in, the message says so."""
    stdin = io.TextIOWrapper(io.BytesIO(b""))
    monkeypatch.setattr(stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "which is a terminal" in " ".join(project.run("show", "-").err.split())
