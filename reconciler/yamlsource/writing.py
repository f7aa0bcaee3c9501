"""Writes small documents as people write them: block style, two spaces, quotes only where they are needed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLAIN = re.compile(r"[^\W\d_](?:[\w .@/+()-]*[\w.@/+()-])?\Z")
"""Text that means itself without quotes, in braces too, in YAML 1.1 and 1.2 and whatever reads it."""
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_BLOCK_LEVELS = 2
"""Mappings on the first levels are written as blocks, even with one entry."""


def plain_or_quoted(text: str) -> str:
    """Return text as a scalar: as it is where no reader takes that for anything else, else in double quotes."""
    if _PLAIN.match(text) and text.lower() not in _RESERVED:
        return text
    return json.dumps(text, ensure_ascii=False)


def to_yaml(document: Mapping[str, Any]) -> str:
    """Return a document of mappings, text, numbers and booleans; it ends with a line feed."""
    return "".join(_lines(document, 0))


def _lines(mapping: Mapping[str, Any], level: int) -> Iterator[str]:
    indentation = "  " * level
    for key, value in mapping.items():
        written = plain_or_quoted(key)
        if not isinstance(value, dict):
            yield f"{indentation}{written}: {_scalar(value)}\n"
        elif (
            level + 1 >= _BLOCK_LEVELS
            and len(value) <= 1
            and not any(isinstance(each, dict) for each in value.values())
        ):
            inner = ", ".join(f"{plain_or_quoted(name)}: {_scalar(each)}" for name, each in value.items())
            yield f"{indentation}{written}: {{{inner}}}\n"
        else:
            yield f"{indentation}{written}:\n"
            yield from _lines(value, level + 1)


def _scalar(value: str | int | bool) -> str:  # noqa: FBT001 - any scalar
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else plain_or_quoted(value)
