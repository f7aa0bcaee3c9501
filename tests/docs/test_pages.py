"""What the documentation shows is what happens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from demo.example import CHECKOUT
from tests.docs.console import PAGES, Shown, normalised, run_page, steps_of, with_outputs

if TYPE_CHECKING:
    from pathlib import Path

_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
_MARKDOWN = sorted(
    path.relative_to(CHECKOUT).as_posix() for path in (*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"))
)
_README_LINES = 25


@pytest.mark.parametrize("name", PAGES)
def test_shown_outputs(name: str, tmp_path: Path) -> None:
    """Every command of a page, run in order, prints what the page shows; `make generate` writes outputs anew."""
    steps = steps_of((CHECKOUT / name).read_text(encoding="utf-8"))
    shown = [step for step in steps if isinstance(step, Shown)]
    assert shown

    ran = run_page(steps, tmp_path / "mail")

    expected = [f"$ {step.command}\n{normalised(step.output)}" for step in shown]
    assert [f"$ {step.command}\n{normalised(step.output)}" for step in ran] == expected


@pytest.mark.parametrize("name", _MARKDOWN)
def test_links(name: str) -> None:
    """Every relative link of a page leads to a file or folder that exists."""
    page = CHECKOUT / name
    targets = [match[1] for match in _LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_every_page_is_listed(folder: str) -> None:
    """The README of a folder of documentation leads to each page beside it."""
    readme = CHECKOUT / folder / "README.md"
    beside = {path.name for path in readme.parent.glob("*.md")} - {readme.name}
    assert beside
    assert set() == beside - {match[1] for match in _LINK.finditer(readme.read_text(encoding="utf-8"))}


def test_readme_begins_with_what_to_run() -> None:
    """The two commands that a newcomer needs stand within the README's first lines."""
    first_lines = (CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()[:_README_LINES]
    assert [command for command in ("make demo", "make test") if command not in "\n".join(first_lines)] == []


def test_steps_are_found() -> None:
    """Commands, continued commands, their outputs and files are read from a page; other blocks are left alone."""
    page = (
        "```sh\nnot run\n```\n"
        "```yaml\n# file: a/b.yaml\nx: 1\n```\n"
        "```yaml\ny: 2\n```\n"
        "```console\n$ one\nfirst\n\nsecond\n$ two \\\n> more\n```\n"
    )
    steps = steps_of(page)
    assert [(step.command, step.output) for step in steps if isinstance(step, Shown)] == [
        ("one", "first\n\nsecond\n"),
        ("two \\\nmore", ""),
    ]
    assert len(steps) == 3


def test_outputs_are_replaced_only_where_they_differ() -> None:
    """An output with another time stays as it stands; one with another text is replaced."""
    page = "```console\n$ one\nat 2026-01-02T03:04:05Z\n$ two\nold\n```\n"
    ran = [Shown("one", "at 2027-01-02T03:04:05Z\n"), Shown("two", "new\n")]
    expected = "```console\n$ one\nat 2026-01-02T03:04:05Z\n$ two\nnew\n```\n"
    assert with_outputs(page, ran) == expected
