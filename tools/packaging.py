"""What the index shows of a release: the README, its links leading to the published pages and sources.

hatchling loads this file by itself while it builds, so it needs nothing of the checkout but ``pyproject.toml`` and the
README beside it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"\]\((?![a-z]+:|#)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_PAGE = re.compile(r"docs/(?P<page>[^ ]+)\.md")


class ReadmeHook(MetadataHookInterface):
    """Fills in the field ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the text of the README with absolute links."""
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": with_absolute_links(text, metadata["urls"])}


def with_absolute_links(text: str, urls: dict[str, str]) -> str:
    """Return Markdown whose links to pages lead to the documentation, and those to other files to the sources."""

    def absolute(link: re.Match[str]) -> str:
        page = _PAGE.fullmatch(link["path"])
        address = f"{urls['Documentation']}{page['page']}.html" if page else f"{urls['Source']}/{link['path']}"
        return f"]({address}{link['anchor'] or ''})"

    return _LINK.sub(absolute, text)
