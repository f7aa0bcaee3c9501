"""The schema of overlays, made of that of manifests: nothing is needed but kind and name, and null takes a field away."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_OVER_SEVERAL_FIELDS = frozenset(
    {"required", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "defaultSnippets"}
)
"""What a schema says of several fields together: of a part of them it is not true."""
_HEAD = ("apiVersion", "kind", "metadata")


def as_patch(manifest: Schema) -> Schema:
    """Return the schema of merge patches for what a schema of manifests describes.

    A list takes the place of another as a whole, so what it holds is held to the rules of manifests.
    """
    # Definitions that stand in lists stand whole, with those that these use.
    definitions = manifest["$defs"]
    found: set[str] = set()
    waiting = [each for definition in definitions.values() for each in _references(definition, is_in_list=False)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(definitions[name], is_in_list=True)
    whole = frozenset(found)
    definitions = {
        name: each if name in whole else _partly(each) if "properties" in each else each
        for name, each in manifest["$defs"].items()
    }
    for name, each in definitions.items():
        metadata = each.get("properties", {}).get("metadata")
        if metadata is not None:
            each["required"] = list(_HEAD)
            each["properties"] = {**each["properties"], "metadata": _named(metadata)}
            definitions[name] = each
    return {**manifest, "required": list(_HEAD), "$defs": definitions}


def _partly(definition: Schema) -> Schema:
    kept = {key: value for key, value in definition.items() if key not in _OVER_SEVERAL_FIELDS}
    return {**kept, "properties": {name: _nullable(each) for name, each in definition["properties"].items()}}


def _nullable(field: Schema) -> Schema:
    """Return the schema of a field that may also be taken away; what editors show of it stays at its top."""
    if "const" in field:
        return field
    shown: Schema = {key: field[key] for key in ("description", "title") if key in field}
    field = {**field}
    if "patternProperties" in field:  # a map, such as labels: an entry of it is taken away in the same way
        field["patternProperties"] = {name: _nullable(each) for name, each in field["patternProperties"].items()}
    return {**shown, "anyOf": [field, {"type": "null", "description": "Takes the field away.", "doNotSuggest": True}]}


def _named(metadata: Schema) -> Schema:
    """Return the schema of metadata, which an overlay needs for the name."""
    field: Schema = metadata["anyOf"][0]
    return {"description": field["description"], "allOf": [field, {"type": "object", "required": ["name"]}]}


def _references(node: object, *, is_in_list: bool) -> list[str]:
    if isinstance(node, list):
        return [each for part in node for each in _references(part, is_in_list=is_in_list)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"].rpartition("/")[2]] if is_in_list and isinstance(node.get("$ref"), str) else []
    inner = ((value, is_in_list or key in {"items", "prefixItems"}) for key, value in node.items())
    return [*own, *(each for value, inside in inner for each in _references(value, is_in_list=inside))]
