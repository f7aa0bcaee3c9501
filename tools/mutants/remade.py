"""What modules make while they are imported, made again in place from an altered constant or function.

Premise: to import everything anew for one row of a table takes seconds, and what has to be made again is a few values.
So the altered statement is run in its module, and after it every assignment, of that module and of those that import from
it, whose value the altered one goes into: by its name, or by a function that names it. Functions and classes stay the same
objects; they find the new values by their names.

What cannot be made again so is a class body, a decorator or a default that such a value went into. In the package it ends
the attempt (``Stuck``); a module of tests that holds one is told, so that its tests are left out.
"""

from __future__ import annotations
import __future__

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ROOTS = ("reconciler", "tests")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign)


class Stuck(Exception):
    """What an altered value went into cannot be made again in place."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A module that is imported already, with its source."""

    name: str
    file: str
    body: list[ast.stmt]
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Remaking:
    """The modules of the package and of its tests, each after those that it imports from."""

    modules: tuple[Imported, ...]

    def remake(self, module: str, altered: ast.stmt, body: list[ast.stmt]) -> frozenset[str]:
        """Make again what a statement of a module goes into; return the files of tests that hold what it made before.

        A function's code is exchanged by the caller. Raises Stuck, and whatever an altered expression raises: such a
        module could not be imported.
        """
        changed: dict[str, set[str]] = {}
        stale: set[str] = set()
        for each in self.modules:
            run = _Run(each, body if each.name == module else each.body, changed, may_be_stale=_is_of_tests(each.name))
            run.go(altered if each.name == module else None)
            if run.is_stale:
                stale.add(each.file)
        return frozenset(stale)


@dataclass(slots=True)
class _Run:
    """One module, while the statements are run again that something new goes into."""

    module: Imported
    body: list[ast.stmt]
    changed: dict[str, set[str]]
    """Of each module the names whose values are new, or are functions that use a new value."""
    may_be_stale: bool
    is_stale: bool = False
    new: set[str] = field(default_factory=set)

    def go(self, altered: ast.stmt | None) -> None:
        """Go through the module from top to bottom, as an import does."""
        for statement in self.body:
            if isinstance(statement, ast.ImportFrom):
                self._import(statement)
            elif statement is altered or (self.new and self.new & _names(statement)):
                self._again(statement)
        if self.new:
            self.changed[self.module.name] = self.new

    def _import(self, statement: ast.ImportFrom) -> None:
        source = statement.module or ""
        for alias in statement.names:
            name = alias.asname or alias.name
            if alias.name in self.changed.get(source, ()):
                self.module.variables[name] = vars(sys.modules[source])[alias.name]
                self.new.add(name)
            elif f"{source}.{alias.name}" in self.changed:
                self.new.add(name)  # the module as a whole, whose values are looked up when they are used

    def _again(self, statement: ast.stmt) -> None:
        if isinstance(statement, _ASSIGNMENTS):
            flags = __future__.annotations.compiler_flag
            tree = ast.fix_missing_locations(ast.Module([statement], []))
            exec(compile(tree, self.module.file, "exec", flags), self.module.variables)  # noqa: S102 - our own code
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            self.new |= {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
            return
        if not isinstance(statement, (*_FUNCTIONS, ast.ClassDef)) or self.new & _names_on_import(statement):
            if not self.may_be_stale:
                raise Stuck
            self.is_stale = True
        if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            self.new.add(statement.name)


def loaded(altered: Iterable[str]) -> Remaking:
    """Return, of the modules that are imported by now, those to alter and all that import from them."""
    names = [name for name in sys.modules if name.partition(".")[0] in _ROOTS]
    read = {name: _read(name) for name in names if getattr(sys.modules[name], "__file__", None)}
    kept: dict[str, Imported] = {}
    for each in _in_order(read):
        if each.name in altered or any(source in kept for source in _sources(each.body)):
            kept[each.name] = each
    return Remaking(tuple(kept.values()))


def _read(name: str) -> Imported:
    module = sys.modules[name]
    path = Path(str(module.__file__))
    return Imported(name, str(path), ast.parse(path.read_text(encoding="utf-8"), str(path)).body, vars(module))


def _in_order(modules: dict[str, Imported]) -> Iterator[Imported]:
    """Yield each module after those that it imports from."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[Imported]:
        if name in done or name not in modules:
            return
        done.add(name)
        for source in _sources(modules[name].body):
            yield from visit(source)
        yield modules[name]

    for name in modules:
        yield from visit(name)


def _sources(body: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _names_on_import(statement: ast.stmt) -> set[str]:
    """Return the names that are looked up where a function or class is made: all but what stands in functions."""
    if isinstance(statement, _FUNCTIONS):
        made = [*statement.decorator_list, *statement.args.defaults, *filter(None, statement.args.kw_defaults)]
        return {name for node in made for name in _names(node)}
    if isinstance(statement, ast.ClassDef):
        made = [*statement.decorator_list, *statement.bases, *(each.value for each in statement.keywords)]
        inside = {name for each in statement.body for name in _names_on_import(each)}
        return inside | {name for node in made for name in _names(node)}
    if isinstance(statement, ast.AnnAssign):
        return _names(statement.value) if statement.value is not None else set()
    return _names(statement)


def _is_of_tests(name: str) -> bool:
    return name.partition(".")[0] == "tests"
