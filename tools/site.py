"""Builds the documentation as a site: ``python -m tools.site build/site``. A warning of MkDocs is an error.

MkDocs calls the functions ``on_…`` by their names, see ``mkdocs.yml``: they give it the navigation, lead links out of the
folder to the sources, and lay the schemas beside the pages. A site that would ask another host for anything is refused.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

CHECKOUT = Path(__file__).resolve().parent.parent
_HEADING = re.compile(r"^## (?P<heading>.+)$|^- \[(?P<title>[^]]+)\]\((?P<path>[^)#]+\.md)\)", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<path>(?:\.\./)+[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_ASKED = re.compile(
    r"<(?!a\b)[a-z]+\b(?![^>]*\brel=\"canonical\")[^>]*\s(?:src|srcset|href|poster|data|action)=[\"']?(?P<address>(?:[a-z]+:)?//[^\"'\s>]+)"
    r"|(?:@import\s+|url\()[\"']?(?P<style>(?:https?:)?//[^\"')\s]+)"
)
"""What a browser fetches from another host by itself: anything but a link to follow, and the page's own address."""
_OWN_PAGES = {"decisions/README.md": "decisions"}
"""Pages that list others of their folder."""


def navigation(home: str) -> list[dict[str, Any]]:
    """Return the navigation that the home page lists: its headings, and below each the first link of every line."""
    found: list[dict[str, Any]] = [{"Home": "README.md"}]
    for line in _HEADING.finditer(home):
        if line["heading"]:
            found.append({line["heading"]: []})
        else:
            (entries,) = found[-1].values()
            below = _OWN_PAGES.get(line["path"])
            entries.append({line["title"]: [line["path"], *_numbered(below)] if below else line["path"]})
    return found


def _numbered(folder: str) -> list[str]:
    return [f"{folder}/{each.name}" for each in sorted((CHECKOUT / "docs" / folder).glob("[0-9]*.md"))]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Set the navigation."""
    config.nav = navigation((CHECKOUT / "docs" / "README.md").read_text("utf-8"))
    return config


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs's signature
    """Return the page with its links to files beside ``docs`` leading to the sources."""
    sources = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Source"]
    folder = (CHECKOUT / "docs" / page.file.src_uri).parent

    def elsewhere(link: re.Match[str]) -> str:
        target = (folder / link["path"]).resolve()
        if target.is_relative_to(CHECKOUT / "docs"):
            return link[0]
        return f"]({sources}/{target.relative_to(CHECKOUT).as_posix()}{link['anchor'] or ''})"

    return _LINK.sub(elsewhere, markdown)


def on_post_build(config: MkDocsConfig) -> None:
    """Lay the schemas where their addresses say that they are."""
    shutil.copytree(CHECKOUT / "schemas", Path(config.site_dir) / "schemas", dirs_exist_ok=True)


def asked_elsewhere(folder: Path) -> list[str]:
    """Return which pages and style sheets of a site would have a browser ask another host, a line each."""
    texts = ((path, path.read_text("utf-8")) for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".css"))
    return [
        f"{path.relative_to(folder)}: {asked['address'] or asked['style']}"
        for path, text in texts
        for asked in _ASKED.finditer(text)
    ]


def main(arguments: list[str]) -> int:
    """Build the site into the folder named; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Name the folder to write: python -m tools.site build/site\n")
        return 1
    folder = Path(arguments[0]).resolve()
    command = (sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--site-dir", folder)
    built = subprocess.run(command, cwd=CHECKOUT, check=False, stderr=subprocess.PIPE, text=True)  # noqa: S603 - MkDocs
    if built.returncode:
        sys.stderr.write(built.stderr)
        return built.returncode
    asked = asked_elsewhere(folder)
    sys.stderr.write("".join(f"{each} would be asked for\n" for each in asked))
    return 1 if asked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
