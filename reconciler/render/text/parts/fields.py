"""The changes of an account's fields, aligned: what is added, what goes, what was and what will be."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from reconciler.render.text.parts.layout import cells, hang, pad

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.plan import Action, FieldChange, Scalar
    from reconciler.render.text.parts.style import Style

_PREFIX = re.compile(r"\A(?:spec|metadata)\.")
_NUMBER = r"[-+]?\.?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?"
_NEEDS_QUOTES = re.compile(
    rf"""\A(?:|\s.*|.*\s|['"].*|true|false|null|absent|{_NUMBER}|.*(?:→|->|\(rotated\)).*)\Z""", re.DOTALL
)
_LEAST_VALUE_ROOM = 24


def field_lines(fields: Iterable[FieldChange], *, style: Style, indent: int) -> list[str]:
    """Return one aligned line for each field, with longer values wrapped below themselves.

    The paths have no ``spec.`` or ``metadata.`` unless two fields would then read the same. Where the values would
    get less than 24 columns, each stands below its path.
    """
    listed = list(fields)
    labels = [style.show(label) for label in field_labels(listed)]
    widest = max(map(cells, labels), default=0)
    has_columns = style.width - (indent + 2 + widest + 2) >= _LEAST_VALUE_ROOM
    lines: list[str] = []
    for field, label in zip(listed, labels, strict=True):
        action = field_action(field)
        value = field_value(field, style)
        if has_columns:
            told = hang(" " * (indent + 2) + pad(label, widest) + "  ", value, width=style.width)
        else:
            told = hang(" " * (indent + 2), label, width=style.width)
            told += hang(" " * (indent + 4), value, width=style.width)
        mark = style.paint(style.symbol(action), action)
        lines += [" " * indent + mark + told[0][indent + 1 :], *told[1:]]
    return lines


def scalar(value: Scalar) -> str:
    """Return a value as text; text that reads like a number, true or nothing is put in quotes."""
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _NEEDS_QUOTES.match(value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def field_labels(fields: Sequence[FieldChange]) -> list[str]:
    """Return the paths without ``spec.`` and ``metadata.``, unless two fields would then read the same."""
    return labels_of([field.path for field in fields])


def labels_of(paths: Sequence[str]) -> list[str]:
    """Return the same of paths by themselves.

    >>> labels_of(["spec.email", "metadata.title", "spec.title"])
    ['email', 'metadata.title', 'spec.title']
    """
    short = [_PREFIX.sub("", path) for path in paths]
    seen = Counter(short)
    return [label if seen[label] == 1 else path for path, label in zip(paths, short, strict=True)]


def field_action(field: FieldChange) -> Action:
    """Return create for a value that appears, delete for one that goes, update for any other change."""
    if field.before is None and field.after is not None:
        return "create"
    if field.after is None and field.before is not None:
        return "delete"
    return "update"


def field_value(field: FieldChange, style: Style) -> str:
    """Return the values of one field as safe text: ``25 → 587``, or the one that appears or goes."""
    rotated = " (rotated)" if field.rotated else ""
    origin = f"  ({style.show(field.origin)})" if field.origin is not None else ""
    return f"{_values(field, rotated, style)}{origin}"


def _values(field: FieldChange, rotated: str, style: Style) -> str:
    before, after = style.show(scalar(field.before)), style.show(scalar(field.after))
    if field.before is None or (field.rotated and field.before == field.after):
        return after + rotated
    if field.after is None:
        return before
    return f"{before} {style.symbol('arrow')} {after}{rotated}"
