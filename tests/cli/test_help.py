"""Help: every command has one with examples that are commands; and every command speaks JSON, in errors too."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest

from tests.cli.commandtree import Known, commands, examples, parse
from tests.cli.project import command as process_of
from tests.cli.project import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.project import Project

COMMANDS = commands()
LEAVES = [each for each in COMMANDS if not isinstance(each.command, click.Group)]
WITHOUT_JSON = {"reconciler completion", "reconciler help", "reconciler schema"}
"""Commands whose output is itself something for a program, a script or a schema, and help, which is for people."""


WITHOUT_PROJECT = {"reconciler explain", "reconciler init"}
"""Commands that need no project."""


def is_at(known: Known) -> str:
    """Return what a test of a command is called."""
    return known.path.replace(" ", "-")


@pytest.mark.parametrize("known", COMMANDS, ids=is_at)
def test_every_command_has_examples_that_are_commands(known: Known) -> None:
    """Each line below Examples calls the program, and its command line takes it; one of them shows this command.

    What stands behind a pipe is another program's.
    """
    shown = examples(known.command)
    assert shown
    assert {"reconciler"} == {line.split()[0] for line in shown}
    for line in shown:
        parse(line.partition(" | ")[0])
    assert [line for line in shown if f"{line} ".startswith(f"{known.path} ")]


@pytest.mark.parametrize("known", COMMANDS, ids=is_at)
@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_help_fits_the_terminal(known: Known, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any width help is wrapped to it; what is to be copied, and names that cannot be broken, may be longer."""
    monkeypatch.setenv("COLUMNS", str(columns))
    context = known.command.make_context(known.path, [], resilient_parsing=True)
    text = known.command.get_help(context)
    to_copy = {line.strip() for line in (known.command.help or "").splitlines()}
    too_long = [line for line in text.splitlines() if len(line.rstrip()) > columns]
    assert [] == [line for line in too_long if line.strip() not in to_copy and len(line.split()) > 2]
    assert [] == [line for line in too_long if columns >= 80]
    assert f"Usage: {known.path.split()[0]}" in text


def test_help_of_a_group_is_not_wider_than_the_terminal_in_a_process(tmp_path: Path) -> None:
    """The width is that of the terminal also where the command is imported on demand."""
    ended = subprocess.run(
        process_of("accounts", "--help"),
        cwd=tmp_path,
        env=environment({"COLUMNS": "40"}),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=30,
    )
    assert [] == [line for line in ended.stdout.splitlines() if len(line) > 40]


@pytest.mark.parametrize("line", ["reconciler plan --nope", "reconciler nope", "reconciler accounts show"])
def test_a_wrong_line_is_no_command(line: str) -> None:
    """What these tests hold examples to refuses a misspelt command, an unknown option, a missing argument."""
    with pytest.raises(click.UsageError):
        parse(line)


def test_redirections_are_the_shells() -> None:
    """What a shell takes from a line is not the program's."""
    _, contexts = parse("reconciler plan --format json 2> errors.txt >> plan.json  # as a comment")
    assert ("json", None) == (contexts[-1].params["format_"], contexts[-1].params["out"])


def test_every_command_speaks_json() -> None:
    """Each command but those whose output is for programs anyway takes --format json."""
    choices = {
        known.path: {
            value
            for each in known.command.params
            if each.name == "format_"
            for value in each.to_info_dict()["type"]["choices"]
        }
        for known in LEAVES
    }
    assert WITHOUT_JSON == {path for path, formats in choices.items() if "json" not in formats}


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from _keys(below)
    elif isinstance(value, list):
        for each in value:
            yield from _keys(each)


@pytest.mark.parametrize("known", [each for each in LEAVES if each.path not in WITHOUT_JSON], ids=is_at)
def test_an_error_of_any_command_is_one_document(
    known: Known, bare: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a folder without a project each example, asked for JSON, prints one document that says what is wrong."""
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    monkeypatch.chdir(nowhere)
    for line in examples(known.command):
        if not f"{line} ".startswith(f"{known.path} ") or "--format" in line or "--ask-secrets" in line:
            continue
        words = shlex.split(re.sub(r" > \S+", "", line))[1:]
        outcome = bare.run(*words, "--format", "json")
        document = outcome.document
        assert "" == outcome.err
        assert "1.1" == document["formatVersion"]
        assert [] == [key for key in _keys(document) if not re.fullmatch(r"[a-z][A-Za-z0-9]*", key)]
        if known.path not in WITHOUT_PROJECT:
            assert (1, True) == (outcome.code, bool(document["diagnostics"])), line
            assert all(problem["severity"] == "error" for problem in document["diagnostics"])


def test_making_the_state_in_json(bare: Project) -> None:
    """The command state init tells as a document whether it made a state, and which."""
    first = bare.run_well("state", "init", "--format", "json").document
    second = bare.run_well("state", "init", "--format", "json").document
    assert (True, False) == (first["stateMade"], second["stateMade"])
    assert first["lineage"] == second["lineage"]
    assert ["formatVersion", "stateMade", "lineage", "diagnostics"] == list(first)


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-2"])
@pytest.mark.parametrize("format_", ["json", "markdown", "html"])
def test_documents_are_utf8_in_any_locale(project: Project, encoding: str, format_: str) -> None:
    """What is written for programs does not depend on what the terminal can show."""
    title = "Sprzedaż 日本"
    project.write_account(
        "news",
        "apiVersion: reconciler/v1\nkind: MarketingAccount\n"
        f"metadata: {{name: news, title: {title}}}\nspec: {{email: news@example.com, displayName: News}}\n",
    )
    ended = subprocess.run(
        process_of("plan", "--depth", "offline", "--format", format_),
        cwd=project.folder,
        env=environment({"PYTHONIOENCODING": encoding}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    text = ended.stdout.decode("utf-8")
    assert 0 == ended.returncode, ended.stderr
    if format_ == "json":
        assert title in [field["after"] for field in json.loads(text)["changes"][0]["fields"]]
    else:
        assert title in text


@pytest.mark.parametrize("words", [("accounts", "show", "żółw"), ("żółw",), ("plan", "--target", "日本")])
def test_what_the_locale_lacks_is_no_crash(project: Project, words: tuple[str, ...]) -> None:
    """A word that the terminal's encoding lacks is told with escapes."""
    project.run_well("validate")
    outcome = project.run_process(*words, variables={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert 0 != outcome.code
    assert "fault in reconciler" not in outcome.err
    assert outcome.err.isascii()


@pytest.mark.parametrize("known", COMMANDS, ids=is_at)
def test_help_breaks_no_word(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options, paths and codes stay whole at any width: every word of a narrow help stands in a wide one too."""
    shown: dict[int, set[str]] = {}
    for columns in (50, 64, 1000):
        monkeypatch.setenv("COLUMNS", str(columns))
        context = known.command.make_context(known.path, [], resilient_parsing=True)
        shown[columns] = set(known.command.get_help(context).split())
    assert set() == (shown[50] | shown[64]) - shown[1000]


@pytest.mark.parametrize("known", [each for each in COMMANDS if isinstance(each.command, click.Group)], ids=is_at)
def test_the_help_of_a_group_is_not_cut(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command is told in a whole sentence."""
    monkeypatch.setenv("COLUMNS", "80")
    context = known.command.make_context(known.path, [], resilient_parsing=True)
    assert "..." not in known.command.get_help(context).replace("SEL...", "").replace("[ARGS]...", "")


def test_help_of_a_command_by_its_name(bare: Project) -> None:
    """The command help shows what --help shows, and names the nearest of a misspelt command."""
    for words in ((), ("plan",), ("accounts",), ("accounts", "add", "own"), ("state", "init")):
        assert bare.run_well(*words, "--help").out == bare.run_well("help", *words).out
    for words, meant in ((("pln",), "plan"), (("accounts", "lsit"), "list")):
        outcome = bare.run("help", *words)
        assert 1 == outcome.code
        assert f"Did you mean {meant}?" in outcome.err


def test_json_as_a_flag_is_answered_with_what_there_is(bare: Project) -> None:
    """The usual --json of other tools names the option that does it here."""
    told = bare.run("accounts", "list", "--json").err
    assert "    reconciler accounts list --format json\n" in told
    assert "Did you mean --depth?" in bare.run("plan", "--dpeth", "auth").err


@pytest.mark.parametrize(
    ("known", "option"),
    [
        pytest.param(known, option, id=f"{is_at(known)}-{option}")
        for known in LEAVES
        for option in ("--project-dir", "--project-file", "--env", "--state", "--color")
        if not any(option in each.opts for each in known.command.params)
    ],
)
def test_an_option_of_the_program_behind_a_command_is_told_where_it_stands(
    bare: Project, known: Known, option: str
) -> None:
    """Where the command has none of that name, the line to copy has it before the command."""
    words = known.path.split()[1:]
    refused = bare.run(*words, option, "x")
    assert 1 == refused.code
    assert f"{option} stands before the command." in " ".join(refused.err.split())
    assert re.search(rf"^ +reconciler {option} \S+ {' '.join(words)}$", refused.err, re.MULTILINE)
    assert "Did you mean" not in bare.run("plan", "--quick").err
