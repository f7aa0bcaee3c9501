"""What each kind of expression and statement is altered to: one small mistake that a programmer could make."""

from __future__ import annotations

import ast
from copy import copy
from typing import TYPE_CHECKING, Any

from tools.mutants.prose import alterations, is_prose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}
_METHODS = {
    "endswith": "startswith",
    "lower": "upper",
    "partition": "rpartition",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
    "rpartition": "partition",
    "rstrip": "lstrip",
    "startswith": "endswith",
    "upper": "lower",
}


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what to try in place of a node; it is left as it is, and shares its parts with what is yielded."""
    operator = _OPERATORS.get(type(node))
    if operator is not None:
        yield from operator(node)


def _with(node: ast.AST, **fields: Any) -> Any:
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _without_each(node: ast.AST, field: str) -> Iterator[Any]:
    parts = getattr(node, field)
    for index in range(len(parts)):
        yield _with(node, **{field: [*parts[:index], *parts[index + 1 :]]})


def _exchanged(parts: list[Any], index: int, part: Any) -> list[Any]:
    return [*parts[:index], part, *parts[index + 1 :]]


def _nothing(node: ast.AST) -> ast.Constant:
    return ast.copy_location(ast.Constant(None), node)


def _is_none(node: ast.AST | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            yield _with(node, ops=_exchanged(node.ops, index, other()))


def _bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for fewer in _without_each(node, "values"):
        yield fewer if len(fewer.values) > 1 else fewer.values[0]


def _unary_op(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _bin_op(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _ARITHMETIC:
        yield _with(node, op=_ARITHMETIC[type(node.op)]())
    yield node.left


def _if_exp(node: ast.IfExp) -> Iterator[ast.AST]:
    yield node.body
    yield node.orelse


def _if(node: ast.If) -> Iterator[ast.AST]:
    for verdict in (True, False):
        yield _with(node, test=ast.copy_location(ast.Constant(verdict), node.test))


def _comprehension(node: ast.comprehension) -> Iterator[ast.AST]:
    yield from _without_each(node, "ifs")
    for condition in node.ifs:
        yield _with(node, ifs=[ast.copy_location(ast.Constant(value=False), condition)])


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield _with(node, value=not node.value)
    elif isinstance(node.value, int | float):
        yield _with(node, value=node.value + 1)
    elif isinstance(node.value, str):
        for text in alterations(node.value, in_prose=is_prose(node.value)):
            yield _with(node, value=text)


def _joined_str(node: ast.JoinedStr) -> Iterator[ast.AST]:
    texts = [str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values]
    in_prose = is_prose("".join(texts))
    for index, part in enumerate(node.values):
        if isinstance(part, ast.Constant):
            for text in alterations(texts[index], in_prose=in_prose):
                yield _with(node, values=_exchanged(node.values, index, _with(part, value=text)))


def _call(node: ast.Call) -> Iterator[ast.AST]:
    func = node.func
    if isinstance(func, ast.Name) and func.id in _FUNCTIONS:
        yield _with(node, func=_with(func, id=_FUNCTIONS[func.id]))
    if isinstance(func, ast.Attribute) and func.attr in _METHODS:
        yield _with(node, func=_with(func, attr=_METHODS[func.attr]))
    for index, argument in enumerate(node.args):
        if not isinstance(argument, ast.Starred) and not _is_none(argument):
            yield _with(node, args=_exchanged(node.args, index, _nothing(argument)))
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None and not _is_none(keyword.value):
            changed = _with(keyword, value=_nothing(keyword.value))
            yield _with(node, keywords=_exchanged(node.keywords, index, changed))
    yield from _without_each(node, "keywords")


def _display(node: ast.Tuple | ast.List | ast.Set) -> Iterator[ast.AST]:
    if isinstance(getattr(node, "ctx", None), ast.Store):
        return
    for index, fewer in enumerate(_without_each(node, "elts")):
        if not isinstance(node.elts[index], ast.Constant) and (fewer.elts or not isinstance(node, ast.Set)):
            yield fewer


def _dict(node: ast.Dict) -> Iterator[ast.AST]:
    for index in range(len(node.keys)):
        kept = [other for other in range(len(node.keys)) if other != index]
        yield _with(node, keys=[node.keys[each] for each in kept], values=[node.values[each] for each in kept])


def _slice(node: ast.Slice) -> Iterator[ast.AST]:
    if node.lower is not None:
        yield _with(node, lower=None)
    if node.upper is not None:
        yield _with(node, upper=None)


def _value(node: ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.Yield) -> Iterator[ast.AST]:
    if not _is_none(node.value):
        yield _with(node, value=_nothing(node))


def _return(node: ast.Return) -> Iterator[ast.AST]:
    # Of True and False the other one is tried; None would mean the same as False to every caller.
    if not _is_none(node.value) and not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool)):
        yield _with(node, value=_nothing(node))


def _lambda(node: ast.Lambda) -> Iterator[ast.AST]:
    yield _with(node, body=_nothing(node.body))


def _aug_assign(node: ast.AugAssign) -> Iterator[ast.AST]:
    yield ast.copy_location(ast.Pass(), node)
    target = _with(node.target, ctx=ast.Store())
    yield ast.copy_location(ast.Assign(targets=[target], value=node.value), node)


def _left_out(node: ast.Expr | ast.Delete) -> Iterator[ast.AST]:
    yield ast.copy_location(ast.Pass(), node)


def _continue(node: ast.Continue) -> Iterator[ast.AST]:
    yield ast.copy_location(ast.Break(), node)


_OPERATORS: dict[type[ast.AST], Callable[[Any], Iterator[ast.AST]]] = {
    ast.AnnAssign: _value,
    ast.Assign: _value,
    ast.AugAssign: _aug_assign,
    ast.BinOp: _bin_op,
    ast.BoolOp: _bool_op,
    ast.Call: _call,
    ast.Compare: _compare,
    ast.Constant: _constant,
    ast.Continue: _continue,
    ast.Delete: _left_out,
    ast.Dict: _dict,
    ast.Expr: _left_out,
    ast.If: _if,
    ast.IfExp: _if_exp,
    ast.JoinedStr: _joined_str,
    ast.Lambda: _lambda,
    ast.List: _display,
    ast.NamedExpr: _value,
    ast.Return: _return,
    ast.Set: _display,
    ast.Slice: _slice,
    ast.Tuple: _display,
    ast.UnaryOp: _unary_op,
    ast.Yield: _value,
    ast.comprehension: _comprehension,
}
