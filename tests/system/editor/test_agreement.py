"""The editor and ``reconciler validate`` are of one mind."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project
from tests.system.editor.editor import ACCOUNT_LINE, OVERLAY_LINE, PROJECT_LINE
from tests.system.editor.test_errors import GOOD, PROJECT, WRONG, WRONG_PROJECTS

if TYPE_CHECKING:
    from tests.system.editor.editor import Editor

_CHECKOUT = Path(__file__).parents[3]
_EXAMPLES = sorted(path.relative_to(_CHECKOUT).as_posix() for path in (_CHECKOUT / "accounts.d").rglob("*.yaml"))
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DOCUMENTS = sorted(
    (page.relative_to(_CHECKOUT).as_posix(), block)
    for page in (_CHECKOUT / "README.md", *(_CHECKOUT / "docs").rglob("*.md"))
    for block in _BLOCK.findall(page.read_text(encoding="utf-8"))
    if re.search(r"^apiVersion: ", block, re.MULTILINE) and re.search(r"^kind: ", block, re.MULTILINE)
)
"""The whole documents of the documentation."""
_SCHEMA_KNOWS = {"missingField", "unknownField", "literalSecret"}
_MISTAKEN = "password: hunter2"
"""What stands in the one document that the guide shows for its mistakes."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """Return an empty project for the command line."""
    return Project(tmp_path / "mail", monkeypatch, capsys)


@pytest.mark.parametrize("what", WRONG)
def test_what_the_editor_refuses_validate_refuses(project: Project, what: str) -> None:
    """Every mistake that the editor shows in a manifest is an error of validate, in the same file."""
    project.write_account("wrong", WRONG[what][0])
    outcome = project.run("validate", "--format", "json")
    assert 1 == outcome.code
    places = [each["location"]["file"] for each in outcome.document["diagnostics"] if each["severity"] == "error"]
    assert places
    assert {"accounts.d/wrong.yaml"} == set(places)


@pytest.mark.parametrize("what", WRONG_PROJECTS)
def test_project_files_that_the_editor_refuses(project: Project, what: str) -> None:
    """Every mistake that the editor shows in the project file stops every command."""
    (project.folder / "reconciler.yaml").write_text(WRONG_PROJECTS[what][0], encoding="utf-8")
    assert 1 == project.run("validate").code


def test_what_both_take(project: Project, editor: Editor) -> None:
    """The good manifest and the good project file, with the editor's line in them, are good for validate too."""
    project.write_account("good", ACCOUNT_LINE + GOOD)
    (project.folder / "reconciler.yaml").write_text(PROJECT_LINE + PROJECT, encoding="utf-8")
    project.run_well("validate")
    assert ([], []) == (editor.problems(GOOD), editor.problems(PROJECT, line=PROJECT_LINE))


@pytest.mark.parametrize("path", _EXAMPLES)
def test_the_examples_are_good(editor: Editor, path: str) -> None:
    """Every manifest of the example project is without errors, where the settings tell its schema."""
    text = (_CHECKOUT / path).read_text(encoding="utf-8")
    assert [] == editor.problems(text, line="", path=f"settings/{path}")
    assert [] != editor.problems(f"{text}colour: red\n", line="", path=f"settings/accounts.d/again/{Path(path).name}")


def test_the_example_project_file_is_good(editor: Editor) -> None:
    """The project file of the example project is without errors."""
    text = (_CHECKOUT / "reconciler.yaml").read_text(encoding="utf-8")
    assert [] == editor.problems(text, line="", path="settings/reconciler.yaml")


@pytest.mark.parametrize(("page", "text"), [each for each in _DOCUMENTS if _MISTAKEN not in each[1]])
def test_the_documentation_is_good(editor: Editor, page: str, text: str) -> None:
    """Every whole document that a page shows is without errors."""
    line = PROJECT_LINE if re.search(r"^kind: Project", text, re.MULTILINE) else ACCOUNT_LINE
    line = OVERLAY_LINE if text.startswith("# overlays/") else line
    whole = text.replace("\n---\n", f"\n---\n{line}")
    assert [] == editor.problems(whole, line=line), page


def test_the_mistakes_of_the_guide(project: Project, editor: Editor) -> None:
    """Of the document that the guide gives to validate, the editor underlines the lines that validate tells."""
    (text,) = [text for _, text in _DOCUMENTS if _MISTAKEN in text]
    project.write_account("press", text)
    document = project.run("validate", "--format", "json").document
    told = {each["location"]["line"] for each in document["diagnostics"] if each["code"] in _SCHEMA_KNOWS}
    lines = text.splitlines()
    assert {lines[number - 1].strip() for number in told} == {each.line for each in editor.problems(text)}


def test_the_settings_of_the_page(editor: Editor) -> None:
    """What the page on editing gives for the settings of VS Code names the files that init writes."""
    page = (_CHECKOUT / "docs" / "editing.md").read_text(encoding="utf-8")
    (settings,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert {
        ".schemas/account.schema.json": "accounts.d/**/*.yaml",
        ".schemas/project.schema.json": "reconciler.yaml",
    } == json.loads(settings)["yaml.schemas"]
    assert all((editor.folder / path).is_file() for path in json.loads(settings)["yaml.schemas"])


def test_added_accounts_name_their_schema(editor: Editor, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the project has the schemas, accounts add writes the line, from the folder that the file is in."""
    shutil.copytree(editor.folder / ".schemas", project.folder / ".schemas")
    monkeypatch.chdir(project.folder)
    words = ("accounts", "add", "marketing", "news", "--email", "news@example.com", "--display-name", "News")
    project.run_well(*words, "--file", "accounts.d/a/b/news.yaml")
    project.run_well(*(each.replace("news", "more") for each in words), "--file", "accounts.d/a/b/news.yaml")
    text = (project.folder / "accounts.d/a/b/news.yaml").read_text(encoding="utf-8")
    line = "# yaml-language-server: $schema=../../../.schemas/account.schema.json\n"
    assert [line, line] == [each + "\n" for each in text.splitlines() if each.startswith("#")]
    assert [] == editor.problems(text, line="", path="accounts.d/a/b/news.yaml")
    wrong = text.replace("kind: MarketingAccount", "kind: Nobody")
    assert 2 == len(editor.problems(wrong, line="", path="accounts.d/a/b/wrong.yaml"))
