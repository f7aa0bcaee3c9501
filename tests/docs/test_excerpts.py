"""What the documentation shows of the files that ``init`` writes is what it writes."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Literal

import pytest

from demo.example import CHECKOUT
from reconciler.scaffold import write_project

if TYPE_CHECKING:
    from pathlib import Path

_EXCERPT = re.compile(r"^( *)```[a-z]*\n *# from (\S+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_OF_GITLAB = (".gitlab-ci.yml", ".gitlab/CODEOWNERS.example")
_EXPECTED = {
    "ci.md": [
        ".github/workflows/reconciler.yml",
        ".github/CODEOWNERS.example",
        ".github/workflows/reconciler.yml",
        ".gitlab-ci.yml",
    ],
}


def excerpts(page: str) -> list[tuple[str, str]]:
    """Return the excerpts of a page: of which file, and the text without its indentation."""
    return [(match[2], textwrap.dedent(match[3])) for match in _EXCERPT.finditer(page)]


@pytest.mark.parametrize("name", _EXPECTED)
def test_excerpts_stand_in_what_init_writes(name: str, tmp_path: Path) -> None:
    """Each block that says from which file it is stands there, line by line, at some indentation."""
    found = excerpts((CHECKOUT / "docs" / name).read_text(encoding="utf-8"))
    assert _EXPECTED[name] == [file for file, _ in found]
    services: tuple[Literal["github", "gitlab"], ...] = ("github", "gitlab")
    for ci in services:
        write_project(tmp_path / ci, name="mail", operator=None, ci=ci)
    for file, text in found:
        written = (tmp_path / ("gitlab" if file in _OF_GITLAB else "github") / file).read_text(encoding="utf-8")
        shown = [line.strip() for line in text.splitlines()]
        lines = [line.strip() for line in written.splitlines()]
        assert shown
        assert any(lines[at : at + len(shown)] == shown for at in range(len(lines))), (name, file, text)


def test_an_excerpt_is_found() -> None:
    """A block says with its first line from which file it is; others are left alone."""
    page = "```sh\nls\n```\n   ```yaml\n   # from a/b.yml\n   x:\n     y: 1\n   ```\n```\n# from c\nz\n```\n"
    assert [("a/b.yml", "x:\n  y: 1\n"), ("c", "z\n")] == excerpts(page)
