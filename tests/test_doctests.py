"""The examples in docstrings are run, so that none of them goes stale."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import reconciler

_ROOT = Path(reconciler.__file__).parent
_WITH_EXAMPLES = sorted(path for path in _ROOT.rglob("*.py") if "    >>> " in path.read_text(encoding="utf-8"))
_FUNCTIONS = [
    pytest.param(node, id=f"{path.relative_to(_ROOT).with_suffix('').as_posix()}.{node.name}")
    for package in ("envelope", "yamlsource")
    for path in sorted((_ROOT / package).rglob("*.py"))
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
]


@pytest.mark.parametrize("path", _WITH_EXAMPLES, ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_examples_hold(path: Path) -> None:
    """Each example in the docstrings of a module gives what stands below it."""
    name = ".".join(path.relative_to(_ROOT.parent).with_suffix("").parts)
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize("function", _FUNCTIONS)
def test_every_function_of_a_reader_of_text_has_an_example(function: ast.FunctionDef) -> None:
    """Whoever calls a public function of the YAML reader or the envelope finds in its docstring what it gives."""
    assert ">>>" in (ast.get_docstring(function) or "")
