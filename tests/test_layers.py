"""The shape of the package: what is imported, when, and by whom."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).parents[1]
_HEAVY = (
    "pydantic", "sqlalchemy", "psycopg", "rich", "jsonschema", "yaml", "email_validator", "idna", "socks", "dns", "jinja2",
)  # fmt: skip
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


def test_the_page_has_the_layers_that_are_enforced() -> None:
    """The table of docs/architecture.md names, layer by layer, what the contract in pyproject.toml does."""
    settings = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text("utf-8"))
    (contract,) = [
        each for each in settings["tool"]["importlinter"]["contracts"] if each.get("containers") == ["reconciler"]
    ]
    characters, diagnostics, errors, *others, _entry = [
        set(layer.split(" | ")) for layer in reversed(contract["layers"])
    ]
    table, _, _ = (_CHECKOUT / "docs" / "architecture.md").read_text("utf-8").partition("\n## ")
    told = [set(re.findall(r"`(\w+)/?`", row)) for row in re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE)]
    assert [errors | diagnostics | characters, *others] == told
