"""report and send take selectors, as every command does that is about accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer


@pytest.fixture
def two(project: Project, server: MailServer) -> Project:
    """Return a project with two recorded accounts, of which one was relabelled by itself."""
    project.write_account("sales", own_account("sales", server, metadata="labels: {team: sales}"))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.write_account("news", marketing_account("news", metadata="labels: {team: news}"))
    project.run_well("apply", "--auto-approve")
    project.run_well("suspend", "news", "--reason", "leak")
    return project


@pytest.mark.parametrize("selector", ["sales", "sa*", "label:team=sales", "kind:own", "host:localhost"])
def test_a_report_of_some_accounts_holds_nothing_of_the_others(two: Project, selector: str) -> None:
    """Their pages, and the revisions and events that touched them; what concerns others alone is nowhere in it."""
    two.run_well("report", selector, "--out", "some")
    pages = {path.relative_to(two.folder / "some").as_posix() for path in (two.folder / "some").rglob("*.html")}
    text = "".join(path.read_text(encoding="utf-8") for path in (two.folder / "some").rglob("*.html"))
    assert any("sales" in page for page in pages)
    assert not any("news" in page for page in pages)
    assert "leak" not in text
    assert "news@example.com" not in text


def test_a_report_of_nothing_is_an_error(two: Project) -> None:
    """A selector that means no account is told, and no folder is written."""
    refused = two.run("report", "label:team=none", "--out", "some")
    assert (1, False) == (refused.code, (two.folder / "some").exists())


def test_one_account_sends_by_what_it_has(two: Project, server: MailServer) -> None:
    """A selector that means one account stands for its name; one that means several is refused before anything is sent."""
    (two.folder / "team.csv").write_text("email\nanna@example.com\n", encoding="utf-8")
    words = ("--contacts", "team.csv", "--subject", "Hello", "--body", "Text", "--yes")
    before = len(server.messages)
    two.run_well("send", "label:team=sales", *words)
    assert before + 1 == len(server.messages)
    refused = two.run("send", "*", *words)
    assert (1, True) == (refused.code, "means news, sales" in " ".join(refused.err.split()))
    assert before + 1 == len(server.messages)
