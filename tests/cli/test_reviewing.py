"""What reviewers and CI systems get: the comment, the page, annotations at the line at fault, and a JUnit report."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from reconciler.cli.session import folder_in_repository
from tests.cli.project import VARIABLE, Project, marketing_account, own_account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

_MARKER = "<!-- reconciler plan: mail -->\n"


@pytest.fixture
def failing(project: Project, server: MailServer) -> Project:
    """Return a project with an account whose password is wrong."""
    project.set_variable(VARIABLE, "not-the-password")
    project.write_account("sales", own_account("sales", server))
    return project


def test_a_plan_is_a_comment(failing: Project) -> None:
    """The comment is all of stdout, the problems are told on stderr too, and the exit code is the plan's."""
    planned = failing.run("plan", "--format", "markdown")
    assert (3, True) == (planned.code, planned.out.startswith(_MARKER))
    assert "- sales: auth failed (permanent, credentialsRejected): `localhost:" in planned.out
    assert "reconciler plan --exclude=sales" in planned.out
    assert "[verificationFailed]" in planned.err


def test_a_failure_is_annotated_at_its_own_document(failing: Project, server: MailServer) -> None:
    """In a file of several accounts the annotation stands at the one that failed, not at the first."""
    first = marketing_account("news") + "---\n"
    failing.write_account("sales", first + own_account("sales", server))
    line = first.count("\n") + 1
    planned = failing.run("plan", "--out", "change.plan", "--format", "github")
    assert f"file=accounts.d/sales.yaml,line={line}," in planned.out
    assert planned.out == failing.run("show", "change.plan", "--format", "github").out


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "html", "github"])
def test_show_gives_what_plan_gave(failing: Project, format_: str) -> None:
    """A saved plan has the same renderings as when it was made; showing it is a success."""
    planned = failing.run("plan", "--out", "change.plan", "--format", format_)
    shown = failing.run("show", "change.plan", "--format", format_)
    assert 3 == planned.code
    assert 0 == shown.code
    assert planned.out == shown.out


def test_planning_again_gives_the_same_comment(project: Project, server: MailServer) -> None:
    """A second run, with evidence of the first or its own, updates the comment with the same text."""
    project.write_account("sales", own_account("sales", server))
    first = project.run_well("plan", "--format", "markdown").out
    again = project.run_well("plan", "--format", "markdown").out
    project.forget_evidence()
    anew = project.run_well("plan", "--format", "markdown").out
    assert [first, first] == [again, anew]
    assert f"Login at `localhost:{server.port}`, not encrypted gets `env:{VARIABLE}`" in first


def test_a_plan_is_a_page(failing: Project) -> None:
    """The page is all of stdout."""
    planned = failing.run("plan", "--format", "html")
    assert 3 == planned.code
    assert planned.out.startswith("<!DOCTYPE html>\n")
    assert planned.out.endswith("</html>\n")
    assert "[verificationFailed]" in planned.err


def test_a_failed_verification_is_annotated_at_its_manifest(failing: Project) -> None:
    """GitHub shows the failure in the file of the account; nothing else is printed."""
    planned = failing.run("plan", "--format", "github")
    assert (3, "") == (planned.code, planned.err)
    assert "::notice title=Plan::Plan: 1 to create," in planned.out
    assert "::error file=accounts.d/sales.yaml,line=1,title=Verification failed%3A sales [verif" in planned.out


def test_validate_annotates_the_line_at_fault(project: Project) -> None:
    """Each problem is a command with file, line and column, below the project's place in the repository."""
    (project.folder.parent / ".git").mkdir()
    project.write_account("news", marketing_account("news").replace("displayName: Example News", "displyName: x"))
    checked = project.run("validate", "--format", "github")
    assert (1, "") == (checked.code, checked.err)
    assert "::error file=mail/accounts.d/news.yaml,line=6,col=3,title=Unknown field" in checked.out
    assert [True] * checked.out.count("\n") == [line.startswith("::") for line in checked.out.splitlines()]


def test_places_are_told_within_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository around the project counts, or else GitHub's workspace, or the folder of the call."""
    folder = tmp_path / "checkout" / "teams" / "mail"
    folder.mkdir(parents=True)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path / "checkout")
    assert "teams/mail" == folder_in_repository("teams/mail")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert "checkout/teams/mail" == folder_in_repository(str(folder))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert folder.resolve().as_posix() == folder_in_repository(str(folder))
    (tmp_path / "checkout" / ".git").write_text("gitdir: /srv/worktrees/mail\n", encoding="utf-8")
    assert "teams/mail" == folder_in_repository(str(folder))


def test_what_is_valid_has_no_annotation(project: Project, server: MailServer) -> None:
    """Where nothing is wrong nothing is said, and the exit code is 0."""
    project.write_account("sales", own_account("sales", server))
    checked = project.run("validate", "--format", "github")
    assert 0 == checked.code
    assert "" == checked.out
    assert "" == checked.err


def test_a_manifest_cannot_annotate(project: Project) -> None:
    """Text of a manifest that looks like a command of GitHub's, escaped or not, stays within ours."""
    attack = '"x%0A::error file=reconciler.yaml,line=1::owned": x\n  displayName'
    project.write_account("news", marketing_account("news").replace("displayName", attack, 1))
    checked = project.run("validate", "--format=github")
    (line,) = [each for each in checked.out.splitlines() if "owned" in each]
    assert (1, "::error file=accounts.d/news.yaml") == (checked.code, line.split(",")[0])
    assert "x%250A::error file=reconciler.yaml,line=1::owned" in line.split("::", 2)[2]


def test_an_early_end_is_annotated_too(bare: Project) -> None:
    """Where there is no state to plan against, GitHub shows why."""
    for words in (("plan", "--format", "github"), ("plan", "--format=github")):
        ended = bare.run(*words)
        assert (1, "") == (ended.code, ended.err)
        assert ended.out.startswith("::error title=State is missing") or "[stateMissing]" in ended.out


def test_verification_is_a_report(failing: Project) -> None:
    """Each check is a case; what failed fails the report and the command."""
    verified = failing.run("verify", "--format", "junit")
    (suite,) = ET.fromstring(verified.out)  # noqa: S314 - our own text
    cases = {case.attrib["name"]: [each.tag for each in case] for case in suite}
    assert 3 == verified.code
    assert ["failure"] == cases["auth"]
    assert [] == cases["connect"]
    assert "[verificationFailed]" in verified.err


def test_an_early_end_is_a_report_too(bare: Project) -> None:
    """Whoever reads reports finds one also where nothing could be verified."""
    ended = bare.run("verify", "--recorded", "--format", "junit")
    (suite,) = ET.fromstring(ended.out)  # noqa: S314 - our own text
    assert 1 == ended.code
    assert "1" == suite.attrib["errors"]
    assert ["error"] == [each.tag for each in suite[0]]
    assert "error:" in ended.err
