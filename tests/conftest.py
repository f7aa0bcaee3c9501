"""What holds for every test, whatever it is started from."""

from __future__ import annotations

import importlib.util
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_SYSTEM = Path(__file__).parent / "system"
_OF_THE_SYSTEM_EXTRA = "playwright"


def pytest_configure() -> None:
    """Let Ctrl-C reach the tests' programs, also where the tests were started in the background with it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Say what is left out, and how to have it."""
    return [] if _has_system_extra() else ["tests/system is left out: `make test-system` installs what it needs"]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the system tests where they are not wanted, or what they import was never installed."""
    if collection_path != _SYSTEM:
        return None
    is_unwanted = config.option.markexpr == "not system"
    return is_unwanted or not _has_system_extra() or None


def _has_system_extra() -> bool:
    """Tell whether the system tests' packages are there; where CI is set, missing ones are an error of the import."""
    return "CI" in os.environ or importlib.util.find_spec(_OF_THE_SYSTEM_EXTRA) is not None
