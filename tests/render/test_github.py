"""Workflow commands of GitHub: one line a problem, at the line at fault, and none that somebody else wrote."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from reconciler.diagnostics import Location, error, note, warning
from reconciler.render.github import diagnostic_annotations, plan_annotations
from reconciler.render.safe import UNSAFE, safe_lines
from tests.render import saved, values
from tests.render.hostile import MARKUP, hostile_saved_plan
from tests.render.test_markdown import hostile_text

_COMMAND = re.compile(r"::(error|warning|notice) ((?:(?:file|line|col|title)=[^:,\r\n]*,?)+)::(.*)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Return the commands as GitHub's runner reads them: name, properties and message, both unescaped.

    Everything must be a command, and every command a line.
    """
    assert text.endswith("\n")
    found = []
    for line in text.removesuffix("\n").split("\n"):
        match = _COMMAND.fullmatch(line)
        assert match is not None, line
        pairs = (pair.split("=", 1) for pair in match[2].split(","))
        properties = {key: unescaped(value.replace("%3A", ":").replace("%2C", ",")) for key, value in pairs}
        found.append((match[1], properties, unescaped(match[3])))
    return found


def unescaped(text: str) -> str:
    """Return text without GitHub's escapes, the per cent sign's last, as the runner does."""
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_a_problem_is_shown_at_its_line() -> None:
    """File, line, column, a title and the whole detail reach GitHub."""
    expected = (
        "::error file=mail/accounts.d/sales.yaml,line=12,col=7,title=Unknown field%3A sales-pl [unknownField]::"
        "accounts.d/sales.yaml has the field prot under spec.smtp, which does not exist. Did you mean port? Write:"
        "%0A    port: 587%0A%0ANothing was read from the field.\n"
    )
    assert expected == diagnostic_annotations(values.DIAGNOSTICS[:1], folder="mail")


@pytest.mark.parametrize(
    ("folder", "file", "shown"),
    [
        ("", "accounts.d/a.yaml", "accounts.d/a.yaml"),
        (".", "accounts.d/a.yaml", "accounts.d/a.yaml"),
        ("teams/mail", "accounts.d/a.yaml", "teams/mail/accounts.d/a.yaml"),
        ("mail", "/srv/reconciler.yaml", "/srv/reconciler.yaml"),
        ("mail", "a,b:c%.yaml", "mail/a%2Cb%3Ac%25.yaml"),
    ],
)
def test_files_are_told_by_their_place_in_the_repository(folder: str, file: str, shown: str) -> None:
    """The project folder stands before a relative file, and what separates properties is escaped."""
    problem = replace(values.DIAGNOSTICS[1], location=Location(file))
    assert f"::warning file={shown},title=" in diagnostic_annotations([problem], folder=folder)


@pytest.mark.parametrize(
    "file",
    [
        "accounts.d/100%.yaml",
        "accounts.d/%0A%0D%25%3A.yaml",
        "accounts.d/a,line=1,title=x.yaml",
        "accounts.d/a::b:.yaml",
        "accounts.d/żółw 🐢.yaml",
        "accounts.d/::error file=x::y.yaml",
    ],
)
def test_a_hostile_file_name_comes_out_as_it_is(file: str) -> None:
    """GitHub reads the name that was meant, one property and no other, whatever separators it holds."""
    problem = replace(values.DIAGNOSTICS[0], location=Location(file, 3))
    ((name, properties, _),) = commands(diagnostic_annotations([problem]))
    assert "error" == name
    assert file == properties["file"]
    assert "3" == properties["line"]
    assert {"file", "line", "title"} == set(properties)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028"])
def test_a_line_end_in_a_file_name_is_shown(end: str) -> None:
    """A name that would end the command shows its line end escaped: such a file has no place on GitHub."""
    problem = replace(values.DIAGNOSTICS[0], location=Location(f"a{end}::set-env name=PATH::x", 3))
    text = diagnostic_annotations([problem])
    assert 1 == len(text.splitlines())
    assert len(commands(text)) == 1


@settings(max_examples=100, deadline=None)
@given(hostile_text, hostile_text)
def test_a_message_comes_out_as_it_went_in(detail: str, subject: str) -> None:
    """Of any detail GitHub reads what the text form shows, and of any subject a title."""
    problem = replace(values.DIAGNOSTICS[0], detail=f"begin {detail} end", subject=subject)
    ((_, properties, message),) = commands(diagnostic_annotations([problem]))
    assert "\n".join(safe_lines(f"begin {detail} end")) == message
    assert properties["title"].startswith("Unknown field")


@pytest.mark.parametrize(
    ("errors", "warnings", "told"),
    [
        (10, 10, None),
        (11, 10, "There are 11 errors. GitHub shows 10 of each; the log of this step has all."),
        (12, 30, "There are 12 errors and 30 warnings. GitHub shows 10 of each; the log of this step has all."),
    ],
)
def test_more_than_github_shows_is_told_first(errors: int, warnings: int, told: str | None) -> None:
    """GitHub shows ten of each kind of a step; where there are more, the first notice says how many."""
    problems = [warning("noReplyTo", f"w{number}.") for number in range(warnings)]
    problems += [error("unknownField", f"e{number}.") for number in range(errors)]
    found = commands(diagnostic_annotations(problems))
    first = [] if told is None else [("notice", {"title": "More than is shown"}, told)]
    assert first == found[: len(found) - errors - warnings]
    assert ["error"] * errors == [name for name, _, _ in found[len(first) :]][:errors]


def test_errors_come_before_warnings_and_notes() -> None:
    """GitHub shows only so many of each step, so what is worse comes first."""
    problems = [note("unusedServer", "c."), warning("noReplyTo", "b."), error("unknownField", "a.")]
    names = [name for name, _, _ in commands(diagnostic_annotations(problems))]
    assert ["error", "warning", "notice"] == names


def test_without_problems_there_is_no_command() -> None:
    """Where nothing is wrong nothing is said."""
    assert "" == diagnostic_annotations([])


def test_a_failed_verification_is_shown_at_the_manifest() -> None:
    """A failure has no line of its own, so it stands at the head of the account's file."""
    found = {properties["title"]: properties for _, properties, _ in commands(plan_annotations(saved.reviewed_plan()))}
    failed = found["Verification failed: relay [verificationFailed]"]
    assert ("accounts.d/relay.yaml", "1") == (failed["file"], failed["line"])
    assert "file" not in found["Too many deletions [tooManyDeletes]"]


def test_a_plan_tells_its_counts_first() -> None:
    """The counts of a plan are the first of its commands; a plan that could not be made has none."""
    first, *_ = commands(plan_annotations(saved.reviewed_plan()))
    told = "Plan: 2 to create, 4 to update, 1 to rename, 1 to delete. 40 unchanged. 1 held."
    assert ("notice", {"title": "Plan"}, told) == first
    assert "No plan could be made" in commands(plan_annotations(saved.invalid_plan()))[0][2]


@pytest.mark.parametrize("attack", MARKUP)
def test_no_attack_starts_a_command(attack: str) -> None:
    """Each line is a command of ours, with the properties that we gave it, whatever stands in them."""
    text = plan_annotations(hostile_saved_plan(attack), folder=".")
    assert {"error", "warning", "notice"} >= {name for name, _, _ in commands(text)}
    assert [] == UNSAFE.findall(text.replace("\n", ""))
    assert "##vso[" not in text


@settings(max_examples=60, deadline=None)
@given(hostile_text)
def test_no_text_whatever_starts_a_command(text: str) -> None:
    """For any text there are as many commands as problems, and one for the counts."""
    plan = hostile_saved_plan(text)
    assert len(commands(plan_annotations(plan))) <= 1 + len(plan.diagnostics)
