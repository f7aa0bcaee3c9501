"""Every alteration of a module, each with a name that outlives moved and reformatted code."""

from __future__ import annotations

import ast
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.mutants.operators import replacements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE_LEVEL = "(module)"
_CONTEXT = 40
_NOT_RUN = (ast.Import, ast.ImportFrom, ast.Assert)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NOT_RUN_FIELDS = frozenset({"annotation", "returns", "decorator_list", "ctx", "op", "ops"})


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """What a mutant is called: the function, and the code before and after, however it is laid out."""

    where: str
    """Module and function, ``routes.RouteRegister.allows``; of a constant ``routes.(module)``."""
    was: str
    becomes: str
    nth: int = 1
    """Which one, where the function holds the same code more than once."""

    def is_in(self, asked: str) -> bool:
        """Tell whether the mutant is in a room, a module, a class or a function of this name."""
        return f"{self.where}.".startswith((f"{asked}/", f"{asked}."))


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a node stands in its parent."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        """Put a node in the place."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True, slots=True)
class Mutant:
    """One alteration of one module."""

    identity: Identity
    module: Module
    function: str | None
    """Qualified name of the function that is altered; None where importing the module runs the altered code."""
    constant: ast.stmt | None
    """The statement that makes a constant of the module's own, where functions alone use it; else None."""
    lines: frozenset[int]
    """Where the altered code runs, of a constant where it is used; a test that runs none of them cannot notice."""
    slot: Slot
    node: ast.AST
    replacement: ast.AST

    @contextmanager
    def planted(self) -> Iterator[ast.Module]:
        """Give the module's tree with this alteration, for as long as it is wanted."""
        self.slot.put(self.replacement)
        try:
            yield self.module.tree
        finally:
            self.slot.put(self.node)


@dataclass(frozen=True, slots=True)
class Module:
    """A module to alter."""

    name: str
    title: str
    """Its path within the package, without its suffix: ``secrets/routes``."""
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder within the package that the module is in."""
        return self.title.partition("/")[0]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk is: what is around the node, from the module inwards."""

    names: tuple[str, ...] = ()
    function: str | None = None
    statement: ast.stmt | None = None


def read_module(path: Path, *, package: str, title: str) -> Module:
    """Return a module of a package from its source; the title is its path there, without its suffix."""
    return Module(
        f"{package}.{title.replace('/', '.')}", title, path, ast.parse(path.read_text(encoding="utf-8"), str(path))
    )


def is_run_on_import(mutant: Mutant) -> bool:
    """Tell whether importing the module may run the altered code: it stands there, or what it is in is used there."""
    if mutant.function is None:
        return True
    name = mutant.function.partition(".")[0]
    return any(
        place.function is None and isinstance(node, ast.Name) and node.id == name
        for _, node, place in _walk(mutant.module.tree, _Place())
    )


def mutants_of(module: Module) -> list[Mutant]:
    """Return every mutant of a module, in the order of its code."""
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for slot, node, place in _walk(module.tree, _Place()):
        for replacement in replacements(node):
            if place.function is None and isinstance(node, ast.Assign | ast.AnnAssign):
                continue  # a constant that is missing as a whole; its parts are altered one by one
            assert place.statement is not None  # noqa: S101 - the module itself is never altered
            was, becomes = _texts(slot, node, replacement, place.statement)
            if was == becomes:
                continue
            where = f"{module.title}.{'.'.join(place.names) or MODULE_LEVEL}"
            seen[where, was, becomes] += 1
            identity = Identity(where, was, becomes, seen[where, was, becomes])
            uses = _uses(module.tree, place.statement) if place.function is None else None
            lines = frozenset(_lines_of(place.statement)) if uses is None else uses
            constant = place.statement if uses is not None else None
            found.append(Mutant(identity, module, place.function, constant, lines, slot, node, replacement))
    return found


def _uses(tree: ast.Module, statement: ast.stmt) -> frozenset[int] | None:
    """Return the lines that use a private constant; None for anything else, and for one that other constants use."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if name.startswith("_"):
            users = [
                place
                for _, node, place in _walk(tree, _Place())
                if isinstance(node, ast.Name) and node.id == name and place.statement is not statement
            ]
            if all(place.function is not None for place in users):
                return frozenset(line for place in users if place.statement for line in _lines_of(place.statement))
    return None


def _walk(parent: ast.AST, place: _Place) -> Iterator[tuple[Slot, ast.AST, _Place]]:
    for field, value in ast.iter_fields(parent):
        if field in _NOT_RUN_FIELDS:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST) and _is_run(node, parent):
                inside = _entered(place, node)
                yield Slot(parent, field, index), node, inside
                yield from _walk(node, _named(inside, node))


def _is_run(node: ast.AST, parent: ast.AST) -> bool:
    """Tell whether a node does something: not so imports, assertions that narrow a type, docstrings and types."""
    if isinstance(node, _NOT_RUN):
        return False
    if isinstance(parent, ast.JoinedStr) and isinstance(node, ast.Constant):
        return False  # the whole text decides whether its parts are prose
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return False
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return False
    return not (isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal")


def _entered(place: _Place, node: ast.AST) -> _Place:
    return _Place(place.names, place.function, node) if isinstance(node, ast.stmt) else place


def _named(place: _Place, node: ast.AST) -> _Place:
    """Return the place within a function or class; a function's defaults are made where it is defined."""
    if isinstance(node, ast.ClassDef):
        return _Place((*place.names, node.name), place.function, place.statement)
    if isinstance(node, _FUNCTIONS):
        names = (*place.names, node.name)
        return _Place(names, place.function or ".".join(names), place.statement)
    if isinstance(node, ast.arguments):
        return _Place(place.names, None, place.statement)
    return place


def _texts(slot: Slot, node: ast.AST, replacement: ast.AST, statement: ast.stmt) -> tuple[str, str]:
    """Return the statement before and after, shortened to what differs and as much around it as tells what is meant."""
    if statement is node:
        return _shortened(_shown(node), _shown(replacement))
    was = _shown(statement)
    slot.put(replacement)
    try:
        return _shortened(was, _shown(statement))
    finally:
        slot.put(node)


def _shortened(was: str, becomes: str) -> tuple[str, str]:
    same = _same(was, becomes)
    start = max(0, same - _CONTEXT)
    rest, other = was[same:], becomes[same:]
    end = max(0, _same(rest[::-1], other[::-1]) - _CONTEXT)
    before, after = "…" if start else "", "…" if end else ""
    return before + was[start : len(was) - end] + after, before + becomes[start : len(becomes) - end] + after


def _same(one: str, other: str) -> int:
    """Return with how many characters two texts begin alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _shown(node: ast.AST) -> str:
    """Return a node's code on one line; of a statement with a body its head."""
    if isinstance(node, _FUNCTIONS):
        return f"def {node.name}({ast.unparse(node.args)})"
    lines = ast.unparse(node).splitlines()
    return lines[0] if hasattr(node, "body") and isinstance(node, ast.stmt) else " ".join(lines)


def _lines_of(statement: ast.stmt) -> range:
    """Return the lines that run when the statement does, without those of its body."""
    head: list[Any] = [statement]
    if isinstance(statement, ast.If | ast.While):
        head = [statement.test]
    elif isinstance(statement, ast.For):
        head = [statement.target, statement.iter]
    return range(min(each.lineno for each in head), max(each.end_lineno for each in head) + 1)
