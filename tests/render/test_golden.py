"""Every rendering looks as its golden file says; see ``golden`` for how to write the files anew."""

from __future__ import annotations

import pytest

from tests.render.golden import CASES, FOLDER


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
