"""Writes small documents as people write them: block style, two spaces, quotes only where they are needed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Node: TypeAlias = "str | int | bool | Sequence[Mapping[str, Node]] | Mapping[str, Node]"
"""A value of a document to be written: text, a number, a boolean, a list of mappings, a mapping."""
_PLAIN = re.compile(r"[^\W\d_](?:[\w .@/+()-]*[\w.@/+()-])?\Z")
"""Text that needs no quotes: it means itself in braces too, in YAML 1.1 and 1.2."""
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_BLOCK_LEVELS = 2
"""Mappings on so many levels are written as blocks, even with one entry."""


def plain_or_quoted(text: str) -> str:
    """Return text as a scalar: without quotes where every reader takes it for that text, else in double quotes.

    >>> plain_or_quoted("Example Sales"), plain_or_quoted("no"), plain_or_quoted("a: b")
    ('Example Sales', '"no"', '"a: b"')
    """
    if _PLAIN.match(text) and text.lower() not in _RESERVED:
        return text
    return json.dumps(text, ensure_ascii=False)


def to_yaml(document: Mapping[str, Node]) -> str:
    """Return a document of mappings, text, numbers, booleans and lists of small mappings as YAML, with a line feed at its end.

    >>> print(to_yaml({"kind": "OwnAccount", "spec": {"smtp": {"port": 587}}}), end="")
    kind: OwnAccount
    spec:
      smtp: {port: 587}
    """
    return "".join(_lines(document, 0))


def _lines(mapping: Mapping[str, Node], level: int) -> Iterator[str]:
    indentation = "  " * level
    for key, value in mapping.items():
        written = plain_or_quoted(key)
        if isinstance(value, Mapping) and not _fits_on_a_line(value, level + 1):
            yield f"{indentation}{written}:\n"
            yield from _lines(value, level + 1)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield f"{indentation}{written}:\n"
            yield from (f"{indentation}  - {_in_line(each)}\n" for each in value)
        else:
            yield f"{indentation}{written}: {_in_line(value)}\n"


def _fits_on_a_line(mapping: Mapping[str, Node], level: int) -> bool:
    has_mappings = any(isinstance(each, Mapping) for each in mapping.values())
    return level >= _BLOCK_LEVELS and len(mapping) <= 1 and not has_mappings


def _in_line(value: Node) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{plain_or_quoted(name)}: {_in_line(each)}" for name, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_in_line, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else plain_or_quoted(value)
