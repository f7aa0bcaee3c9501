"""Commands work below a project too; what a stranger may have put above the folder is not picked up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.operations.whereabouts import find_project
from tests.cli.project import Project, marketing_account

if TYPE_CHECKING:
    from pathlib import Path


def test_commands_find_the_project_above(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sub-folder every command works on the project, and files in arguments are those of the sub-folder."""
    project.write_account("news", marketing_account("news"))
    below = project.folder / "notes" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert "Valid: 1 account" in project.run_well("validate").out
    project.run_well("plan", "--depth", "offline", "--out", "first.plan")
    assert (below / "first.plan").is_file()
    project.run_well("apply", "first.plan")
    assert "news" in project.run_well("accounts", "list").out
    project.run_well(
        "accounts", "add", "marketing", "more", "--email", "more@example.com", "--display-name", "More",
        "--file", "../../accounts.d/more.yaml",
    )  # fmt: skip
    assert (project.folder / "accounts.d" / "more.yaml").is_file()


@pytest.mark.parametrize("name", ["reconciler.yml", "Reconciler.Yaml", "RECONCILER.YAML", "reconciler.yaml.txt"])
def test_a_project_file_of_another_name_is_told(project: Project, name: str) -> None:
    """A file that is called nearly as the project file is not read, and is named, so that nobody looks for it elsewhere."""
    file = project.folder / "reconciler.yaml"
    file.rename(file.with_name(name))
    refused = project.run("--project-dir", ".", "validate")
    assert f"{name} is not read: if that is meant, call it reconciler.yaml." in " ".join(refused.err.split())


def test_a_named_folder_is_taken_as_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """--project-dir names the folder itself; nothing above it is looked at."""
    below = project.folder / "notes"
    below.mkdir()
    monkeypatch.chdir(below)
    outcome = project.run("--project-dir", ".", "validate", "--format", "json")
    assert (1, ["projectMissing"]) == (outcome.code, outcome.codes)
    assert 0 == project.run("--project-dir", "..", "validate").code


def test_a_project_file_in_the_checkout_is_not_trusted_in_ci_from_below_either(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To call a command in a sub-folder does not make the project file of a pull request one to be trusted."""
    (project.folder / ".git").mkdir()
    project.write_account(
        "sales",
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\nspec: {email: sales@example.com, "
        "displayName: Sales, smtp: {host: localhost, authentication: {username: sales, password: {env: SMTP_SALES_PASSWORD}}}}\n",
    )
    below = project.folder / "notes"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.setenv("CI", "true")
    outcome = project.run("plan", "--format", "json")
    assert 4 == outcome.code
    assert "projectNotTrusted" in outcome.codes


@pytest.mark.parametrize(
    ("project", "git", "home", "is_found"),
    [
        ("a", None, None, True),
        ("a/b", None, None, True),
        ("a/b/c", None, None, True),
        ("a", "a", None, True),
        ("a", "a/b", None, False),
        ("a", "a/b/c", None, False),
        ("a/b/c", "a/b/c", None, True),
        ("a", None, "a", False),
        ("a", None, "a/b", False),
        ("a/b", None, "a", True),
        ("a/b/c", None, "a/b/c", True),
        (None, None, None, False),
    ],
)
def test_where_the_search_ends(
    tmp_path: Path, project: str | None, git: str | None, home: str | None, *, is_found: bool
) -> None:
    """The nearest folder with a project file, no further than the repository, and below the home folder."""
    start = tmp_path / "a" / "b" / "c"
    start.mkdir(parents=True)
    (tmp_path / ".git").mkdir()  # nothing of the machine's own folders counts
    if project:
        (tmp_path / project / "reconciler.yaml").touch()
    if git:
        (tmp_path / git / ".git").touch()
    found = find_project(start, home=tmp_path / home if home else None)
    assert (tmp_path / project if project and is_found else None) == found.folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("is_link", [True, False])
def test_a_project_of_somebody_else_above_is_not_used(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, is_link: bool
) -> None:
    """It could name programs to run; the message says whose it is not, and how to use it all the same."""
    file = project.folder / "reconciler.yaml"
    if is_link:
        file.rename(project.folder / "theirs.yaml")
        file.symlink_to("theirs.yaml")
    os.chown(file, 12345, 12345)
    below = project.folder / "notes"
    below.mkdir()
    monkeypatch.chdir(below)
    outcome = project.run("validate")
    assert 1 == outcome.code
    assert "belongs to another user" in " ".join(outcome.err.split())
    assert f"reconciler --project-dir {project.folder} validate" in outcome.err
    assert 0 == project.run("--project-dir", "..", "validate").code
