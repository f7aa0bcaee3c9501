"""The pages that tell of reserved names hold what the table in the code holds."""

from __future__ import annotations

from pathlib import Path

from reconciler.model.secrets.reserved import RESERVED

DOCS = Path(__file__).parents[2] / "docs"


def told(globs: tuple[str, ...]) -> str:
    """Return globs as a cell of a table."""
    return " ".join(f"`{glob}`" for glob in globs)


def test_every_reserved_name_is_documented() -> None:
    """``docs/secrets.md`` has a row for each entry: whose they are, the variables and the files, in the table's order."""
    rows = [f"| {each.title} | {told(each.env)} | {told(each.file)} |".replace("  |", " |") for each in RESERVED]
    page = (DOCS / "secrets.md").read_text(encoding="utf-8").splitlines()
    assert rows == [line for line in page if line.startswith("| ") and line.split(" | ")[0][2:] in titles()]


def titles() -> set[str]:
    """Return whose the reserved names are."""
    return {each.title for each in RESERVED}


def test_the_security_page_tells_whose_names_are_reserved() -> None:
    """``docs/security.md`` names every group that the promise is about."""
    (row,) = [
        line for line in (DOCS / "security.md").read_text(encoding="utf-8").splitlines() if "reserved name" in line
    ]
    assert [] == [title for title in titles() if title not in row]
