"""The examples in docstrings are run, so that none of them goes stale."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import reconciler
from reconciler.yamlsource import building, layout, reading, splicing, syntax, text, writing

_ROOT = Path(reconciler.__file__).parent
_WITH_EXAMPLES = sorted(path for path in _ROOT.rglob("*.py") if "    >>> " in path.read_text(encoding="utf-8"))
_YAML_MODULES = [building, layout, reading, splicing, syntax, text, writing]
_YAML_FUNCTIONS = [
    function
    for module in _YAML_MODULES
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if not name.startswith("_") and function.__module__ == module.__name__
]


@pytest.mark.parametrize("path", _WITH_EXAMPLES, ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_examples_hold(path: Path) -> None:
    """Each example in the docstrings of a module gives what stands below it."""
    name = ".".join(path.relative_to(_ROOT.parent).with_suffix("").parts)
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize("function", _YAML_FUNCTIONS, ids=lambda function: function.__name__)
def test_every_function_of_the_yaml_reader_has_an_example(function: object) -> None:
    """Whoever calls a public function of the YAML reader finds in its docstring what it gives."""
    assert ">>>" in (inspect.getdoc(function) or "")
