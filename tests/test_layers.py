"""The shape of the package: what is imported, when, and by whom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from reconciler.model.accounts.kinds import KIND_WORDS, KINDS

_CHECKOUT = Path(__file__).parents[1]
_HEAVY = (
    "pydantic", "sqlite3", "psycopg", "rich", "jsonschema", "yaml", "email_validator", "idna", "socks", "dns", "jinja2",
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
    classes, characters, diagnostics, errors, *others, _entry = [
        set(layer.split(" | ")) for layer in reversed(contract["layers"])
    ]
    table, _, _ = (_CHECKOUT / "docs" / "architecture.md").read_text("utf-8").partition("\n## ")
    told = [set(re.findall(r"`(\w+)/?`", row)) for row in re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE)]
    assert [errors | diagnostics | characters | classes, *others] == told


def _places_to_edit() -> dict[str, list[str]]:
    """Return the paths that each row of "Where to add what" names, by what one wants."""
    page = (_CHECKOUT / "docs" / "architecture.md").read_text("utf-8")
    _, _, table = page.partition("## Where to add what")
    rows = re.findall(r"^\| ([^|]+) \| (.+) \|$", table.partition("\n## ")[0], re.MULTILINE)
    return {wanted: re.findall(r"`([\w./-]+(?:\.(?:py|csv)|/[\w/]*))`", where) for wanted, where in rows[1:]}


@pytest.mark.parametrize("wanted", _places_to_edit())
def test_every_place_to_edit_exists(wanted: str) -> None:
    """What the page says to edit is there: from the checkout or the package on, or beside what the row names before it."""
    around = [_CHECKOUT, _CHECKOUT / "reconciler"]
    missing = []
    for named in _places_to_edit()[wanted]:
        found = next((folder / named for folder in around if (folder / named).exists()), None)
        if found is None:
            missing.append(named)
        else:
            around.append(found if found.is_dir() else found.parent)
    assert [] == missing


def test_a_third_kind_of_account_is_few_files() -> None:
    """Who adds a kind edits at most a dozen files beside the generated ones, and the page counts them."""
    assert len(_places_to_edit()["a third kind of account"]) <= 12


def test_no_code_asks_what_a_kind_is_called() -> None:
    """What accounts of a kind do stands in its row: no code compares, or looks up, by the name of a kind or its word."""
    named = {*KINDS, *KIND_WORDS}
    asking = [
        f"{path.relative_to(_CHECKOUT)}:{node.lineno}"
        for path in sorted((_CHECKOUT / "reconciler").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Compare | ast.Subscript | ast.MatchValue)
        and path.name not in {"kinds.py", "manifest.py"}
        and any(each.value in named for each in ast.walk(node) if isinstance(each, ast.Constant))
    ]
    asking += [
        str(path.relative_to(_CHECKOUT))
        for path in sorted((_CHECKOUT / "reconciler").rglob("*.html"))
        if re.search(f"[=!]= *[\"'](?:{'|'.join(named)})[\"']", path.read_text("utf-8"))
    ]
    assert asking == []


@pytest.mark.parametrize("layer", ["rules", "operations"])
def test_a_room_of_rules_or_verbs_has_few_files(layer: str) -> None:
    """No folder of them has more than 14 files: beyond that nobody finds the one that is meant by its name."""
    root = _CHECKOUT / "reconciler" / layer
    folders = {file.parent for file in root.rglob("*.py")}
    full = {
        str(folder.relative_to(root)): count
        for folder in folders
        if (count := sum(file.name != "__init__.py" for file in folder.glob("*.py"))) > 14
    }
    assert {} == full
