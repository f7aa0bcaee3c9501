"""Processes that a test measures."""

from __future__ import annotations

import os


def without_coverage() -> dict[str, str]:
    """Return the environment without what makes a process count its branches.

    That costs more than the work measured, and a process that is killed would leave a broken file of it behind.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}
