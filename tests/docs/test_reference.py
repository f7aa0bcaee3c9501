"""The reference is complete, and what is generated is up to date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from demo.example import CHECKOUT
from reconciler import errors
from reconciler.cli.app import reconciler
from reconciler.diagnostics import CODES
from reconciler.model.verification.codes import CHECK_CODES
from tools.commands import leaf_commands
from tools.generate import generated_files, out_of_date

if TYPE_CHECKING:
    from pathlib import Path

_REFERENCE = CHECKOUT / "docs" / "reference"
_EXIT_CODES = {0, 1, 2, 3, 4, 5, 130}


def _reference(name: str) -> str:
    return (_REFERENCE / name).read_text(encoding="utf-8")


def _commands() -> list[click.Context]:
    return list(leaf_commands(click.Context(reconciler, info_name="reconciler")))


def _exceptions() -> list[type[errors.ReconcilerError]]:
    found = [errors.ReconcilerError]
    for error in found:
        found.extend(error.__subclasses__())
    return found


def test_generated_files_are_up_to_date() -> None:
    """Schemas and reference pages are what the code makes now; `make generate` writes them anew."""
    assert out_of_date(generated_files()) == []


def test_a_changed_and_a_left_over_file_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that differs, one that is missing and one that nothing makes any more are each named."""
    monkeypatch.setattr("tools.generate.CHECKOUT", tmp_path)
    for name, text in (("same.md", "same"), ("changed.md", "old"), ("left.md", "left")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = {tmp_path / "same.md": "same", tmp_path / "changed.md": "new", tmp_path / "missing.md": "new"}
    expected = [
        "changed.md is out of date",
        "left.md is not generated any more",
        "missing.md is out of date",
    ]
    assert out_of_date(files) == expected


@pytest.mark.parametrize("command", [context.command_path for context in _commands()])
def test_every_command_is_documented(command: str) -> None:
    """Each command has a section in the reference and is named on a page that people write."""
    written = "\n".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "docs").glob("*.md"))
    written += (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert f"\n## {command}\n" in _reference("commands.md")
    assert command in written


def test_every_command_and_option_says_what_it_does() -> None:
    """No command and no option is without a help text."""
    silent = [context.command_path for context in _commands() if not context.command.help]
    silent += [
        f"{context.command_path} {parameter.opts[0]}"
        for context in _commands()
        for parameter in context.command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == []


def test_every_diagnostic_is_documented() -> None:
    """Each diagnostic code has a row with its cause and its cure."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| [^|]+ \|", _reference("diagnostics.md"), re.MULTILINE)
    assert sorted(rows) == sorted(CODES)


def test_every_check_code_is_documented() -> None:
    """Each code of a check has a row."""
    rows = re.findall(r"^\| `(\w+)` \|", _reference("checks.md"), re.MULTILINE)
    assert sorted(rows) == sorted(CHECK_CODES)


@pytest.mark.parametrize("error", _exceptions(), ids=lambda error: error.__name__)
def test_every_exception_has_an_exit_code(error: type[errors.ReconcilerError]) -> None:
    """Each exception of the tree has one of the documented exit codes and stands in the reference with it."""
    assert error.exit_code in _EXIT_CODES - {0, 2, 130}
    assert f"| {error.exit_code} | `{error.__name__}` |" in _reference("exit-codes.md")


def test_every_exception_of_the_module_is_in_the_tree() -> None:
    """Nothing in the module of exceptions stands outside the one tree."""
    defined = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert sorted(error.__name__ for error in defined) == sorted(error.__name__ for error in _exceptions())
