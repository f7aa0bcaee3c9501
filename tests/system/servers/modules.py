"""Where the packages of npm lie that the system tests run."""

from __future__ import annotations

from pathlib import Path

from tests.system.support.processes import missing

MODULES = Path(__file__).parents[1] / "node"


def required(name: str) -> Path:
    """Return a package's folder; without it the test is skipped, or fails where CI is set."""
    found = MODULES / "node_modules" / name
    if not found.is_dir():
        missing(f"{found} is missing (make test-system installs it)")
    return found
