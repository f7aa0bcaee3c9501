"""What tests do to have a disk full leaves nothing behind for other tests."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.limits import files_limited_to

if TYPE_CHECKING:
    import pytest

_TESTS = Path(__file__).parent


def test_no_module_is_cut_off_in_its_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is imported for the first time under the limit has no bytecode written, cut off or whole."""
    (tmp_path / "imported_under_a_limit.py").write_text("TEXT = '" + "x" * 10_000 + "'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    with files_limited_to(100):
        importlib.import_module("imported_under_a_limit")
    assert not sys.dont_write_bytecode
    assert ["imported_under_a_limit.py"] == [path.name for path in tmp_path.iterdir()]


def test_whoever_limits_files_writes_no_bytecode() -> None:
    """Each place that sets the limit stands beside a line that says so, in whatever process it is."""
    setting = re.compile(r"setrlimit\(\s*resource\.RLIMIT_FSIZE")
    texts = {path: path.read_text(encoding="utf-8") for path in _TESTS.rglob("*.py")}
    found = {path.name for path, text in texts.items() if setting.search(text)}
    assert {"limits.py", "forked.py"} <= found
    assert not {
        path.name for path, text in texts.items() if setting.search(text) and "dont_write_bytecode = " not in text
    }
