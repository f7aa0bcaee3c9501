"""Every rendering looks as its golden file says; see ``golden`` for how to write the files anew."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

from reconciler.render import text
from reconciler.render.text import Style
from tests.render.golden import CASES, FOLDER
from tests.render.outputs import ELSEWHERE, OUTPUTS


@pytest.mark.parametrize("name", sorted(CASES))
def test_rendering_is_golden(name: str) -> None:
    """A rendering is byte for byte what its golden file holds."""
    expected = (FOLDER / name).read_bytes().decode()

    assert expected == CASES[name]()


def test_every_golden_file_has_a_case() -> None:
    """No golden file is left over from a case that is gone."""
    assert sorted(CASES) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("name", sorted(CASES))
def test_rendering_ends_with_one_newline(name: str) -> None:
    """Output ends its last line and leaves no empty one behind, nor spaces at the end of a line of text."""
    text = CASES[name]()

    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    if name.endswith(".txt"):
        assert [line for line in text.split("\n") if line != line.rstrip()] == []


def test_every_text_has_its_golden_files() -> None:
    """Whatever a command prints as text stands there at 80 and at 120 columns, or another test holds it."""
    made = {
        name
        for module in pkgutil.iter_modules(text.__path__)
        if not module.ispkg
        for name, function in inspect.getmembers(importlib.import_module(f"{text.__name__}.{module.name}"), inspect.isfunction)
        if name.endswith(("_text", "_table", "_list", "_in_full")) and not name.startswith("_")
        and "style" in inspect.signature(function).parameters
    }  # fmt: skip
    assert sorted(made) == sorted({name.partition(".")[0] for name in (*OUTPUTS, *ELSEWHERE)})


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", OUTPUTS)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    """What is no line to copy fits: a terminal would break it in the middle of a word."""
    lines = OUTPUTS[name](Style(width=width)).splitlines()
    assert [] == [line for line in lines if len(line) > width and not line.startswith("    ")]
