"""The shape of the package: what is imported, when, and by whom."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = ("pydantic", "sqlalchemy", "rich", "jsonschema", "yaml", "email_validator", "idna", "socks", "dns")
_START = {
    "import reconciler": "import reconciler",
    "import reconciler.cli.app": "import reconciler.cli.app",
    "reconciler --help": "from reconciler.cli.edge import run; run(['--help'])",
}


@pytest.mark.parametrize("start", _START)
def test_start_up_is_light(start: str) -> None:
    """Neither importing the package nor --help loads a library that only some commands need."""
    report = (
        "import contextlib, io, sys\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    {_START[start]}\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    finished = subprocess.run([sys.executable, "-c", report], capture_output=True, check=True, encoding="utf-8")
    assert sorted(set(finished.stdout.split()) & set(_HEAVY)) == []
    assert "reconciler" in finished.stdout.split()
