"""validate of single files and of the standard input: what editors, pre-commit and generators call."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.cli.project import marketing_account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.project import Project

WRONG = marketing_account("news").replace("displayName:", "displayname:")


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Have the next command read a text from its standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_only_the_given_files_are_told(bare: Project) -> None:
    """Problems of other files are nobody's business here, and are no reason to fail."""
    bare.write_account("wrong", WRONG.replace("news", "wrong"))
    bare.write_account("right", marketing_account("right"))
    assert "Valid: 1 account." in bare.run_well("validate", "accounts.d/right.yaml").out
    outcome = bare.run("validate", "accounts.d/wrong.yaml", "accounts.d/right.yaml", "--format", "json")
    assert 1 == outcome.code
    assert {"accounts.d/wrong.yaml"} == {each["location"]["file"] for each in outcome.document["diagnostics"]}


def test_a_file_elsewhere_is_checked_with_the_project(bare: Project, tmp_path: Path) -> None:
    """What a generator has written outside the manifests folder knows the project's servers, and its places are its own."""
    bare.write_account(
        "office",
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\n"
        "spec: {host: smtp.example.com, encryption: starttls}\n",
    )
    made = tmp_path / "made.yaml"
    text = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales, owner: anna}\n"
        "spec: {email: sales@example.com, displayName: Sales, smtp: {server: office}}\n"
    )
    made.write_text(text, encoding="utf-8")
    assert "Valid: 1 account." in bare.run_well("validate", str(made)).out
    made.write_text(text.replace("server: office", "server: ofice"), encoding="utf-8")
    outcome = bare.run("validate", str(made), "--format", "json")
    assert (1, ["unknownServer"]) == (outcome.code, outcome.codes)
    assert str(made) == outcome.document["diagnostics"][0]["location"]["file"]


def test_what_another_file_does_to_the_given_one_is_told(bare: Project) -> None:
    """An account whose server is written wrongly elsewhere is not called valid; the mistake is told at its place."""
    bare.write_account(
        "office", "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\nspec: {hots: x}\n"
    )
    text = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales, owner: anna}\n"
        "spec: {email: sales@example.com, displayName: Sales, smtp: {server: office}}\n"
    )
    bare.write_account("sales", text)
    outcome = bare.run("validate", "accounts.d/sales.yaml", "--format", "json")
    assert 1 == outcome.code
    assert "accounts.d/office.yaml" in {each["location"]["file"] for each in outcome.document["diagnostics"]}


def test_the_standard_input_is_a_new_manifest_or_stands_for_one(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor's buffer takes the place of the file that it is of; without a name it is another file."""
    bare.write_account("news", marketing_account("news"))
    give(monkeypatch, WRONG)
    outcome = bare.run("validate", "-", "--stdin-filename", "accounts.d/news.yaml", "--format", "json")
    places = {each["location"]["file"] for each in outcome.document["diagnostics"]}
    assert (1, {"accounts.d/news.yaml"}) == (outcome.code, places)
    assert "unknownField" in outcome.codes
    give(monkeypatch, marketing_account("more"))
    assert "Valid: 1 account." in bare.run_well("validate", "-").out
    give(monkeypatch, marketing_account("news"))
    assert ["duplicateName"] == bare.run("validate", "-", "--format", "json").codes[:1]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("missing.yaml",), "fileUnreadable"),
        (("accounts.d",), "fileUnreadable"),
        (("-", "-"), "badUsage"),
        (("--stdin-filename", "x.yaml"), "badUsage"),
    ],
)
def test_what_cannot_be_read_is_told(bare: Project, words: tuple[str, ...], code: str) -> None:
    """A file that is not there, a folder, the standard input twice, a name for what is not read."""
    outcome = bare.run("validate", *words, "--format", "json")
    assert (1, [code]) == (outcome.code, outcome.codes)


def test_a_folder_is_told_what_validates_it(bare: Project) -> None:
    """The command without a file validates all of the manifests folder, and is told on a line of its own."""
    detail = bare.run("validate", "accounts.d", "--format", "json").document["diagnostics"][0]["detail"]
    assert "accounts.d is a folder." in detail
    bare.run_well(*detail.splitlines()[-1].split()[1:])


def test_colour_is_as_asked(bare: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """--color goes before what terminal and variables say, for one call."""
    bare.write_account("wrong", WRONG)
    assert "\x1b[" in bare.run("--color", "always", "validate").err
    assert "\x1b[" not in bare.run("validate").err
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in bare.run("validate").err
    assert "\x1b[" not in bare.run("--color", "never", "validate").err
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" in bare.run("--color=always", "validate").err


@pytest.mark.parametrize("form", ["sarif", "codequality", "junit"])
def test_findings_for_code_hosts(bare: Project, form: str) -> None:
    """Valid manifests and mistakes, and what ends the command early, are documents of the form that was asked for."""
    bare.write_account("news", marketing_account("news"))
    assert findings(bare.run_well("validate", "--format", form).out, form) <= {"noPlatformServer", "noReplyTo"}
    bare.write_account("wrong", WRONG.replace("news", "wrong"))
    outcome = bare.run("validate", "--format", form)
    assert 1 == outcome.code
    assert {"unknownField"} <= findings(outcome.out, form)
    (bare.folder / "reconciler.yaml").unlink()
    assert {"projectMissing"} == findings(bare.run("validate", "--format", form).out, form)


def findings(text: str, form: str) -> set[str]:
    """Return the codes in a document of the form."""
    if form == "junit":
        return {each.attrib["type"] for each in ET.fromstring(text).iter("error")}  # noqa: S314 - our own
    document = json.loads(text)
    if form == "codequality":
        return {each["check_name"] for each in document}
    return {each["ruleId"] for each in document["runs"][0]["results"]}


def test_a_file_that_looks_like_a_manifest_and_is_not_read_is_told(project: Project) -> None:
    """The account that it holds is in no plan, so validate names it, and still ends well."""
    project.write_account("news", marketing_account("news"))
    (project.folder / "accounts.d" / "press.json").write_text(marketing_account("press"), encoding="utf-8")
    told = project.run_well("validate", "--format", "json")
    assert "manifestNotRead" in told.codes
    project.remove_account("news")
    assert {"noManifests", "manifestNotRead"} <= set(project.run_well("validate", "--format", "json").codes)
