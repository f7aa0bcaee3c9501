"""What was recorded at a revision: shown, compared, and written as manifests again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, marketing_account, own_account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer


@pytest.fixture
def lived(project: Project, server: MailServer) -> Project:
    """Return a project of four revisions: created, changed, renamed with another deleted, relabelled."""
    project.write_account("sales", own_account("sales", server, metadata='labels: {team: sales, "a.b/c": x}'))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    changed = own_account("sales", server, metadata="labels: {team: mail}").replace("Example Sales", "Sales of Example")
    project.write_account("sales", changed)
    project.run_well("apply", "--auto-approve")
    project.run_well("state", "backup", "second.db")
    project.remove_account("news")
    renamed = changed.replace("metadata: {name: sales", "metadata: {name: vertrieb, previousName: sales")
    project.write_account("sales", renamed)
    project.run_well("apply", "--auto-approve")
    project.write_account("sales", renamed.replace("team: mail", "team: last"))
    project.run_well("apply", "--auto-approve")
    return project


def use(project: Project, folder: Path) -> None:
    """Have the project read its manifests from another folder."""
    file = project.folder / "reconciler.yaml"
    file.write_text(file.read_text(encoding="utf-8") + f"manifests: {folder.name}\n", encoding="utf-8")


def test_an_account_is_shown_as_it_was(lived: Project) -> None:
    """Its values of then, when it was changed last by then, and what it is called today."""
    shown = lived.run_well("accounts", "show", "sales", "--revision", "1", "--format", "json").document
    account = shown["accounts"][0]
    assert 1 == shown["revision"]
    assert 1 == account["revision"]
    assert "vertrieb" == account["nameToday"]
    assert ("Example Sales", {"team": "sales", "a.b/c": "x"}) == (
        account["spec"]["displayName"],
        account["metadata"]["labels"],
    )
    text = lived.run_well("accounts", "show", "sales", "--revision", "2").out
    assert "Sales of Example" in text
    assert "called vertrieb" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("accounts", "show", "vertrieb", "--revision", "1"),
            "It was called sales then: reconciler accounts show sales --revision 1",
        ),
        (("accounts", "show", "sales", "--revision", "9"), "the last one is 4"),
        (("accounts", "show", "sales", "--revision", "0"), "was recorded at revision 0"),
        (("diff", "1", "9"), "the last one is 4"),
        (("history", "restore", "9", "--to", "x"), "the last one is 4"),
        (("diff", "1", "second.plan"), "a revision, named by its number, with a revision"),
        (("history", "restore", "2", "no-such", "--to", "x"), "no-such"),
    ],
)
def test_what_was_not_there_is_told(lived: Project, words: tuple[str, ...], told: str) -> None:
    """A revision that there is not, an account that was not yet, under its name of today: exit 1."""
    refused = lived.run(*words)
    assert (1, True) == (refused.code, told in " ".join(refused.err.split())), refused


def test_two_revisions_are_compared(lived: Project) -> None:
    """Which accounts one of them alone has, and what others said before and after."""
    compared = lived.run_well("diff", "1", "2", "--format", "json").document
    assert [("sales", "changed")] == [(each["name"], each["difference"]) for each in compared["differences"]]
    fields = {each["path"]: (each["before"], each["after"]) for each in compared["differences"][0]["fields"]}
    assert ("Example Sales", "Sales of Example") == fields["spec.displayName"]
    assert 2 == lived.run("diff", "2", "3", "--detailed-exitcode").code
    assert 0 == lived.run("diff", "2", "2", "--detailed-exitcode").code
    assert ["added", "added"] == [
        each["difference"] for each in lived.run_well("diff", "0", "1", "--format", "json").document["differences"]
    ]


def test_restored_manifests_planned_against_their_revision_change_nothing(lived: Project) -> None:
    """Also against the state as it is now, for the last revision."""
    lived.run_well("history", "restore", "4", "--to", "now.d")
    use(lived, lived.folder / "now.d")
    assert "empty" == lived.run_well("plan", "--format", "json").document["status"]
    lived.run_well("history", "restore", "2", "--to", "then.d")
    use(lived, lived.folder / "then.d")
    text = (lived.folder / "reconciler.yaml").read_text(encoding="utf-8").replace("manifests: now.d\n", "")
    (lived.folder / "reconciler.yaml").write_text(text, encoding="utf-8")
    lived.run_well("state", "restore", "second.db", "--allow-older")
    assert "empty" == lived.run_well("plan", "--format", "json").document["status"]


def test_restored_manifests_bring_back_what_was(lived: Project) -> None:
    """An account under another name today is renamed back, one that was deleted is created; nothing is deleted."""
    lived.run_well("history", "restore", "2", "--to", "then.d")
    use(lived, lived.folder / "then.d")
    plan = lived.run_well("plan", "--format", "json").document
    assert [("news", "create"), ("sales", "rename")] == [(each["name"], each["action"]) for each in plan["changes"]]
    lived.run_well("apply", "--auto-approve")
    assert 0 == lived.run("diff", "2", "5", "--detailed-exitcode").code


def test_some_accounts_alone_and_nothing_over_what_is_there(lived: Project) -> None:
    """Selectors mean the accounts of then; a folder that holds one of the files is left alone."""
    lived.run_well("history", "restore", "1", "label:team=sales", "--to", "some.d")
    assert ["sales.yaml"] == [path.name for path in (lived.folder / "some.d").iterdir()]
    refused = lived.run("history", "restore", "1", "--to", "some.d")
    assert (1, True) == (refused.code, "folderUnusable" in refused.err)


def test_what_was_erased_is_not_restored(lived: Project) -> None:
    """Personal data that was erased from the past does not come back, and no manifest says [erased]."""
    lived.run_well("journal", "redact", "news")
    refused = lived.run("history", "restore", "1", "--to", "then.d")
    assert (1, True) == (refused.code, "revisionErased" in refused.err)
    lived.run_well("history", "restore", "1", "sales", "--to", "then.d")


def test_what_was_erased_is_not_told_to_be_the_same(lived: Project) -> None:
    """Two revisions that say [erased] of one account count as the same, and a note says that nobody can tell."""
    lived.run_well("journal", "redact", "vertrieb", "--past-only")
    compared = lived.run_well("diff", "1", "2", "--format", "json")
    assert (["revisionErased"], "sales" in compared.document["diagnostics"][0]["detail"]) == (compared.codes, True)
    assert "revisionErased" in lived.run_well("diff", "1", "2").err
    assert [] == lived.run_well("diff", "0", "1", "--format", "json").codes


def test_history_itself_is_as_it_was(lived: Project) -> None:
    """The command below it takes no selector of another name, and its options stand before or after accounts."""
    assert "revision 4" in lived.run_well("history").out.lower()
    assert (
        lived.run_well("history", "vertrieb", "--limit", "1").out
        == lived.run_well("history", "--limit", "1", "vertrieb").out
    )
    assert "restore" in lived.run_well("history", "--help").out


def test_a_rename_that_git_reverts_is_recognised_and_keeps_its_approval(project: Project) -> None:
    """The plan says that the two look like one rename and which line to write; with it the platform's approval stays."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "news")
    project.write_account("news", marketing_account("blog", metadata="previousName: news"))
    project.run_well("apply", "--auto-approve")
    project.write_account("news", marketing_account("news"))
    plan = project.run("plan", "--format", "json")
    told = " ".join(each["detail"] for each in plan.document["diagnostics"])
    assert "These two look like one rename" in told
    assert "previousName: blog" in told
    project.write_account("news", marketing_account("news", metadata="previousName: blog"))
    assert ["rename"] == [each["action"] for each in project.run_well("plan", "--format", "json").document["changes"]]
    project.run_well("apply", "--auto-approve")
    assert {"news": "active"} == project.statuses()
