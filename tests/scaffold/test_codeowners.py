"""The example of CODEOWNERS: both services read it, and what decides where secrets go belongs to few."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from reconciler.scaffold import write_project

if TYPE_CHECKING:
    from pathlib import Path

FEW = ["@example/mail-administrators"]
REVIEWERS = ["@example/mail-reviewers"]
_OWNER = re.compile(r"@[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_PATTERN = re.compile(r"\*|/?[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*/?")
"""What GitHub and GitLab both read in the same way: no negation, no character ranges, no escapes, no sections."""


@pytest.fixture(params=["github", "gitlab"])
def lines(tmp_path: Path, request: pytest.FixtureRequest) -> list[tuple[str, list[str]]]:
    """Return the rules of the example for a service: pattern and owners."""
    write_project(tmp_path, name="mail", operator=None, ci=request.param)
    text = (tmp_path / f".{request.param}" / "CODEOWNERS.example").read_text(encoding="utf-8")
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return [(pattern, owners) for pattern, *owners in rules]


def owners_of(path: str, rules: list[tuple[str, list[str]]]) -> list[str]:
    """Return who owns a file: the last rule that fits counts."""
    found: list[str] = []
    for pattern, owners in rules:
        anchored = pattern.startswith("/")
        plain = pattern.strip("/")
        inside = path.startswith(f"{plain}/") if anchored else f"/{plain}/" in f"/{path}"
        named = path == plain if anchored else fnmatchcase(path.rpartition("/")[2], plain)
        if inside or (named and not pattern.endswith("/")):
            found = owners
    return found


def test_every_line_can_be_read(lines: list[tuple[str, list[str]]]) -> None:
    """Each rule is a pattern that both services know, and names at least one team."""
    assert lines
    for pattern, owners in lines:
        assert _PATTERN.fullmatch(pattern), pattern
        assert owners
        assert all(_OWNER.fullmatch(owner) for owner in owners)


@pytest.mark.parametrize(
    "path",
    [
        "reconciler.yaml",
        ".github/workflows/reconciler.yml",
        ".github/workflows/another.yml",
        ".github/CODEOWNERS",
        ".gitlab/CODEOWNERS",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        ".gitlab-ci.yml",
        ".gitignore",
        ".gitattributes",
        "certs/internal.pem",
        "mail/reconciler.yaml",
        "mail/certs/internal.pem",
        "accounts.d/.gitignore",
        "mail/.gitattributes",
    ],
)
def test_few_own_what_decides(lines: list[tuple[str, list[str]]], path: str) -> None:
    """Few own the project file, which says where secrets come from and go, pipelines, private CAs, and this file."""
    assert FEW == owners_of(path, lines)


@pytest.mark.parametrize("path", ["accounts.d/sales.yaml", "accounts.d/sub/x.yaml", "README.md", "secrets/x"])
def test_everything_else_has_owners_too(lines: list[tuple[str, list[str]]], path: str) -> None:
    """Accounts, and whatever else a pull request brings, need somebody's review."""
    assert REVIEWERS == owners_of(path, lines)
