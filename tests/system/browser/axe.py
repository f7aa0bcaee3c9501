"""What axe-core finds wrong with a page: https://github.com/dequelabs/axe-core, installed below ``tests/system/node``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.system.support.processes import missing

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SOURCE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = "axe.run({resultTypes: ['violations'], preload: false})"  # it would fetch the style sheets anew
_LONGEST = 300


def violations(page: Page) -> list[str]:
    """Return what every rule of axe-core, its best practices among them, finds wrong with the page as it stands.

    The page's policy stays in force: what a debugger evaluates is not subject to it.
    """
    page.evaluate(_source())
    found = page.evaluate(_RUN)
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:_LONGEST]} {node.get('failureSummary', '')}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@cache
def _source() -> str:
    if not _SOURCE.is_file():
        missing("axe-core is not installed; `make test-system` installs it")
    return _SOURCE.read_text(encoding="utf-8")
