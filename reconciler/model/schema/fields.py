"""The fields of a model, read from its JSON Schema: rows of the reference, and what ``reconciler explain`` tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.model.canonical import JsonObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

Schema = JsonObject


class Field(FrozenByName):
    """One field: its path from the document's top, what it takes, what holds where it is absent, and what it means."""

    path: str
    takes: str
    default: str
    description: str


def fields_of(model: type[BaseModel]) -> list[Field]:
    """Return every field of a model and of the models inside it, in the order in which the model declares them.

    ``[]`` in a path stands for an entry of a list, ``KEY`` for a key that the author chooses.
    """
    schema = model.model_json_schema(by_alias=True)
    return list(_rows(schema, "", schema.get("$defs", {})))


def _rows(schema: Schema, prefix: str, definitions: dict[str, Schema]) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, declared in schema.get("properties", {}).items():
        path, taken = f"{prefix}{name}", _resolve(declared, definitions)
        yield Field(
            path=path,
            takes=_takes(taken, definitions),
            default="**required**" if name in required else _default(declared, taken),
            description=declared.get("description") or taken.get("description", ""),
        )
        for mark, inner in _inner_objects(taken, definitions):
            yield from _rows(inner, f"{path}{mark}.", definitions)


def _resolve(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Follow a reference, and leave out the null of an optional field."""
    if "$ref" in schema:
        return definitions[schema["$ref"].rpartition("/")[2]]
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return _resolve(choices[0], definitions) if len(choices) == 1 else schema


def _is_secret(schema: Schema) -> bool:
    return "env" in schema.get("properties", {}) and "propertyNames" in schema


def _inner_objects(schema: Schema, definitions: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    if _is_secret(schema):
        return
    if "properties" in schema:
        yield "", schema
    entry = schema.get("items", {})
    for choice in entry.get("anyOf", (entry,)):
        resolved = _resolve(choice, definitions)
        if "properties" in resolved:
            yield "[]", resolved
    values = list(schema.get("patternProperties", {}).values())
    additional = schema.get("additionalProperties")
    for value in [*values, additional] if isinstance(additional, dict) else values:
        resolved = _resolve(value, definitions)
        if "properties" in resolved:
            yield ".KEY", resolved


def _takes(schema: Schema, definitions: dict[str, Schema]) -> str:
    if _is_secret(schema):
        return "a secret's reference"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        choices = (_takes(_resolve(choice, definitions), definitions) for choice in schema["anyOf"])
        return " or ".join(dict.fromkeys(choices))
    return _takes_type(schema, definitions)


def _takes_type(schema: Schema, definitions: dict[str, Schema]) -> str:
    match schema.get("type"):
        case "integer":
            return _number(schema)
        case "boolean":
            return "`true`, `false`"
        case "array":
            return f"list of {_takes(_resolve(schema['items'], definitions), definitions)}"
        case "object":
            return "mapping"
        case "string":
            return "date" if schema.get("format") == "date" else "text"
        case _:
            return "any value"


def _number(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"number, {low} to {high}"
    return "number" if low is None else f"number, at least {low}"


def _default(declared: Schema, taken: Schema) -> str:
    default = declared.get("default")
    if default is None or default in ({}, []) or "properties" in taken:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)}`"
