"""Texts that hold every field that a schema knows, with the place and the description of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]
_KEY = "key"


@dataclass(frozen=True)
class Place:
    """Where a field stands in the text, line and column from 0, its path, and what is to be shown there."""

    line: int
    column: int
    path: str
    description: str


def whole_text(schema: Schema, root: Schema) -> tuple[str, list[Place]]:
    """Return a text with every field of a mapping at every depth; values are of the right type and nothing more."""
    lines: list[str] = []
    places: list[Place] = []
    for text, place in _fields(schema, root["$defs"], 0, ""):
        if place is not None:
            path, description = place
            column = len(text) - len(text.lstrip(" -"))
            places.append(Place(len(lines), column, path, description))
        lines.append(text)
    return "\n".join(lines) + "\n", places


def _fields(
    schema: Schema, definitions: Schema, indent: int, path: str
) -> Iterator[tuple[str, tuple[str, str] | None]]:
    for name, declared in _named(schema).items():
        field = _resolved(declared, definitions)
        here = f"{path}.{name}" if path else name
        place = (here, field.get("description", ""))
        blanks = " " * indent
        if _is_mapping(field):
            yield f"{blanks}{name}:", place
            yield from _fields(field, definitions, indent + 2, here)
        elif "items" in field:
            yield f"{blanks}{name}:", place
            yield from _entry(field["items"], definitions, indent, here)
        else:
            yield f"{blanks}{name}: {_value(field)}", place


def _resolved(declared: Schema, definitions: Schema) -> Schema:
    """Return what a field may be: the definition that it names, in its own words, or in the words of its first shape."""
    if "anyOf" in declared:
        return {**declared, **_resolved(declared["anyOf"][0], definitions)}
    return {**definitions[declared["$ref"].rpartition("/")[2]], **declared} if "$ref" in declared else declared


def _entry(items: Schema, definitions: Schema, indent: int, path: str) -> Iterator[tuple[str, tuple[str, str] | None]]:
    arms = [
        definitions[arm["$ref"].rpartition("/")[2]] if "$ref" in arm else arm for arm in items.get("anyOf", [items])
    ]
    for arm in arms:
        if not _is_mapping(arm):
            yield f"{' ' * indent}  - {_value(arm)}", None
            continue
        for number, (text, place) in enumerate(_fields(arm, definitions, indent + 4, f"{path}[]")):
            yield (text if number else f"{text[: indent + 2]}- {text[indent + 4 :]}"), place


def _named(schema: Schema) -> dict[str, Schema]:
    free = list(schema.get("patternProperties", {}).values())
    if isinstance(schema.get("additionalProperties"), dict):
        free.append(schema["additionalProperties"])
    named: dict[str, Schema] = schema.get("properties", {})
    return named | ({_KEY: free[0]} if free else {})


def _is_mapping(field: Schema) -> bool:
    return bool(_named(field))


def _value(field: Schema) -> str:
    if "const" in field:
        return str(field["const"])
    if "enum" in field:
        return str(field["enum"][0])
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return {"string": "text", "integer": "1", "boolean": "true", "object": "{}"}.get(kinds[0], json.dumps(None))
