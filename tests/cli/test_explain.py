"""Every code, status and field is explained from the package alone, with cause, cure and example."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import typing

import pytest

from reconciler import errors
from reconciler.diagnostics import CODES
from reconciler.diagnostics.examples import EXAMPLES
from reconciler.diagnostics.exits import EXIT_CODES
from reconciler.diagnostics.terms import TERMS
from reconciler.model.accounts.statuses import STATUSES
from reconciler.model.mail.resolution import ReasonCode
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.operations.explain import codes, explain, fields
from tests.cli.commandtree import parse
from tests.cli.project import command, environment

if typing.TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.project import Project

_EXITS = {
    0,
    2,
    6,
    129,
    130,
    143,
    *(each.exit_code for _, each in inspect.getmembers(errors, inspect.isclass) if hasattr(each, "exit_code")),
}
WORDS = [*CODES, *CHECK_CODES, *STATUSES, *typing.get_args(ReasonCode), *map(str, sorted(_EXITS))]


@pytest.mark.parametrize("word", sorted(set(WORDS)))
def test_every_code_is_explained(word: str) -> None:
    """Each code of a message, a check, a resolution or an exit, and each status, has a cause, a cure and an example."""
    found = [each for each in explain(word) if each.subject != "term"]
    assert found
    for each in found:
        assert each.cause
        assert each.cure
        assert each.example is not None
        assert each.example.met


def test_the_examples_are_those_of_codes_that_exist() -> None:
    """No example is left over, and no exit code that no command has."""
    assert CODES.keys() == EXAMPLES.keys()
    assert _EXITS == EXIT_CODES.keys()


def _commands(text: str) -> list[str]:
    bare = (re.sub(r"^[A-Z_]+=\S+ ", "", line.partition(" < ")[0]) for line in text.split("\n"))
    return [line for line in bare if line.startswith("reconciler ")]


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_commands_of_examples_are_commands(code: str) -> None:
    """What an example tells to run is a command line that the program takes; what was met may be the mistake."""
    mended = _commands(EXAMPLES[code].mended)
    met = _commands(EXAMPLES[code].met) if code != "badUsage" else []
    for line in (*met, *mended):
        if "--help" not in shlex.split(line, comments=True) and "--version" not in line:
            parse(line)


@pytest.mark.parametrize("name", sorted(TERMS))
def test_every_term_is_explained(name: str) -> None:
    """A term has a meaning, a purpose and an example, whose commands are commands, and is found by each of its words."""
    term = TERMS[name]
    for word in (name, name.upper(), name.replace(" ", "-"), *term.also):
        assert [name] == [each.name for each in explain(word) if each.subject == "term"], word
    assert term.meaning
    assert not term.meaning.endswith(".")
    assert term.purpose.endswith(".")
    assert term.met
    for line in _commands(term.met):
        parse(line)


def test_the_words_of_the_design_are_terms(bare: Project) -> None:
    """What a newcomer meets in messages is found, in several words too; those that are statuses or codes are both."""
    for word in (
        "envelope",
        "evidence",
        "fingerprint",
        "route",
        "grant",
        "guard",
        "revision",
        "journal",
        "change",
        "check",
    ):
        assert f"{word}: a term\n" in bare.run_well("explain", word).out
    assert "fingerprint key: a term\n" in bare.run_well("explain", "fingerprint", "key").out
    assert {"term", "check"} == {each.subject for each in explain("withheld")}


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("portMismatch", ["portMismatch"]),
        ("PORTMISMATCH", ["portMismatch"]),
        ("[portMismatch]", ["portMismatch"]),
        ("4", ["4"]),
        ("pending", ["pending"]),
        ("smtp.port", ["platform.smtp.port", "spec.smtp.port"]),
        ("guards.maxDeletes.count", ["guards.maxDeletes.count"]),
        ("guards.exceptions[].until", ["guards.exceptions[].until"]),
        ("exceptions.until", ["guards.exceptions[].until"]),
    ],
)
def test_words_are_found(word: str, names: list[str]) -> None:
    """Codes in any case and as messages show them; fields by the end of their path."""
    found = [each.name for each in explain(word)]
    assert names == [name for name in found if name in names]


@pytest.mark.parametrize(
    ("word", "suggested"),
    [
        ("portMissmatch", "portMismatch"),
        ("smpt.port", "smtp.port"),
        ("pendign", "pending"),
        ("import", None),
        ("qqq", None),
    ],
)
def test_an_unknown_word_gets_what_is_near(bare: Project, word: str, suggested: str | None) -> None:
    """Nothing is suggested that is not near; the list of all words is named in any case."""
    outcome = bare.run("explain", word)
    assert (1, "") == (outcome.code, outcome.out)
    assert "[unknownWord]" in outcome.err
    assert "    reconciler explain\n" in outcome.err
    assert (f"Did you mean {suggested}?" in outcome.err) if suggested else ("Did you mean" not in outcome.err)


def test_alone_it_lists_all(bare: Project) -> None:
    """Without a word every word is listed with its summary, as text and as JSON."""
    listed = bare.run_well("explain").out
    entries = bare.run_well("explain", "--format", "json").document["explanations"]
    names = [each.name for each in (*codes(), *fields())]
    assert names == [entry["name"] for entry in entries]
    assert [] == [name for name in names if f"\n  {name} " not in listed]
    assert {"subject", "name", "summary", "cause", "cure", "example"} <= entries[0].keys()


def test_it_needs_neither_project_nor_network(tmp_path: Path) -> None:
    """In an empty folder, in a process of its own."""
    ended = subprocess.run(
        command("explain", "credentialsRejected"),
        cwd=tmp_path, env=environment({}), capture_output=True, encoding="utf-8", check=True, timeout=60,
    )  # fmt: skip
    assert "535" in ended.stdout


def test_help_points_to_it(bare: Project) -> None:
    """Whoever reads the help learns of it, and where the documentation is."""
    from reconciler import DOCUMENTATION

    told = " ".join(bare.run_well("--help").out.split())
    assert "reconciler explain WORD" in told
    assert DOCUMENTATION in told
