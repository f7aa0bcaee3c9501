"""The tests anew, with every module that could hold something of a mutant's imported again."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence
    from types import ModuleType

_KEPT = ("reconciler.model", "reconciler.diagnostics", "reconciler.errors")
"""What the planner itself is made from; it holds nothing of the planner's, and takes long to import."""


OPTIONS = (
    *("-s", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts="),
    "--deselect=tests/rules/plan/test_properties.py::test_hash_seeds_and_order",
)
"""Of pytest: that a test fails is all that matters; to explain it takes longer than to run it.

Left out is what starts processes of its own: they read the code from the disk, where it is unaltered.
"""


_EXAMPLES = 20


class SameExamples:
    """A pytest plugin: properties are tried with the same examples in every process, however slow the machine is.

    They are few, unless a property asks for a number of its own: what only a rare example would notice survives, and so
    is held by a plain test.
    """

    def pytest_configure(self, config: pytest.Config) -> None:
        """Settle it before any test is imported, and that failures are told in the shortest way."""
        config.option.tbstyle = "native"
        # Not above: pytest wants to have rewritten its assertions before.
        from hypothesis import settings

        settings.register_profile("mutants", derandomize=True, database=None, deadline=None, max_examples=_EXAMPLES)
        settings.load_profile("mutants")


@dataclass(frozen=True, slots=True)
class _QuickFirst:
    """A pytest plugin: what took least time goes first."""

    seconds: Mapping[str, float]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Order the tests."""
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0.0))


class _Planter(MetaPathFinder, Loader):
    """Finds one module, and gives it another content."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._module = module
        self._tree = tree

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self._module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, "<mutant>", "exec"), vars(module))  # noqa: S102 - our own code, altered


def is_noticed(module: str, tree: ast.Module, tests: Sequence[str], *, seconds: Mapping[str, float]) -> bool:
    """Tell whether the tests fail with a module as ``tree`` has it; nothing in this process is as before afterwards."""
    for name in [*sys.modules]:
        if name.startswith(("reconciler.", "tests.")) and not name.startswith(_KEPT):
            del sys.modules[name]
    sys.meta_path.insert(0, _Planter(module, tree))
    return pytest.main(["-x", *OPTIONS, *tests], plugins=[SameExamples(), _QuickFirst(seconds)]) != pytest.ExitCode.OK
