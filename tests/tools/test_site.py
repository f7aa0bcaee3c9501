"""The site's navigation is what the home page lists, and nothing on it is asked of another host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reconciler import DOCUMENTATION
from tools.generate import schema_catalog
from tools.site import asked_elsewhere, navigation
from tools.uv import CHECKOUT, project

if TYPE_CHECKING:
    from pathlib import Path

ASKS = [
    '<script src="https://cdn.invalid/a.js"></script>',
    "<img alt='' src='//cdn.invalid/a.png'>",
    '<link rel="stylesheet" href="https://cdn.invalid/a.css">',
    '<link href="https://fonts.invalid" rel="preconnect">',
    '<video controls poster="https://cdn.invalid/a.png">',
    '<form method="get" action="https://search.invalid/">',
    "<style>@import 'https://cdn.invalid/a.css';</style>",
    "<style>body {background: url(//cdn.invalid/a.png)}</style>",
]
HARMLESS = [
    '<a href="https://git.invalid/">sources</a>',
    '<link rel="canonical" href="https://reconciler.example.com/guide.html">',
    '<script src="js/base.js"></script>',
    "<code>&lt;img src=https://cdn.invalid&gt;</code>",
]


@pytest.mark.parametrize("text", ASKS)
def test_what_a_browser_would_fetch_from_elsewhere_is_named(tmp_path: Path, text: str) -> None:
    """Scripts, pictures, styles, fonts and forms of another host are found in pages."""
    (tmp_path / "page.html").write_text(f"<html>{text}</html>", encoding="utf-8")
    assert 1 == len(asked_elsewhere(tmp_path))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_it_would_not_fetch_is_not(tmp_path: Path, text: str) -> None:
    """Links that somebody has to follow, the page's own address and files of the site are left alone."""
    (tmp_path / "page.html").write_text(f"<html>{text}</html>", encoding="utf-8")
    assert [] == asked_elsewhere(tmp_path)


def test_the_navigation_has_four_parts_with_every_page() -> None:
    """Tutorial, how-to, reference and explanation: each page of the folder stands in one of them, once."""
    parts = navigation((CHECKOUT / "docs" / "README.md").read_text("utf-8"))
    assert ["Home", "Tutorial", "How-to", "Reference", "Explanation"] == [name for part in parts for name in part]
    assert {"Home": "README.md"} == parts[0]
    entries = [path for part in parts[1:] for listed in part.values() for entry in listed for path in entry.values()]
    listed_paths = [path for entry in entries for path in (entry if isinstance(entry, list) else [entry])]
    folder = CHECKOUT / "docs"
    present = {each.relative_to(folder).as_posix() for each in folder.rglob("*.md")} - {"README.md"}
    assert sorted(present) == sorted(listed_paths)


def test_the_catalog_gives_editors_the_schemas_at_their_addresses() -> None:
    """What schemastore would take: each schema for people's files, at the address that it says of itself."""
    catalog = json.loads(schema_catalog())
    for entry in catalog["schemas"]:
        name = entry["url"].rpartition("/")[2]
        schema = json.loads((CHECKOUT / "schemas" / name).read_text("utf-8"))
        assert schema["$id"] == entry["url"]
        assert entry["fileMatch"]
        assert entry["description"].endswith(".")
    assert {"account.schema.json", "overlay.schema.json", "project.schema.json"} == {
        each["url"].rpartition("/")[2] for each in catalog["schemas"]
    }


def test_every_address_of_ours_is_of_the_one_place() -> None:
    """What the index shows, and the site's own address, begin as `reconciler.DOCUMENTATION` does."""
    urls = project()["project"]["urls"].values()
    assert [] == [url for url in urls if not f"{url}/".startswith(f"{DOCUMENTATION}/")]
    assert f"site_url: {DOCUMENTATION}/\n" in (CHECKOUT / "mkdocs.yml").read_text("utf-8")
