"""Unknown fields: what was probably meant, and where the field belongs. The field's value is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import MOST_SHOWN, one_line
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.manifests.wording import shown_path
from reconciler.model.accounts.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

_MEANT = {
    "user": "username",
    "login": "username",
    "pass": "password",
    "passwd": "password",
    "auth": "authentication",
    "from": "email",
    "mail": "email",
    "address": "email",
    "hostname": "host",
    "helo": "heloName",
    "ehlo": "heloName",
    "ca": "caFile",
    "cafile": "caFile",
    "fromname": "displayName",
    "tokenurl": "tokenUrl",
}
_TICK_BOXES = {
    "tls": "encryption: starttls (or encryption: tls for implicit TLS)",
    "starttls": "encryption: starttls",
    "ssl": "encryption: tls",
    "secure": "encryption: tls",
}
_OVERRIDES = frozenset({"overrideFrom", "overrideTo"})
_MAX_DEPTH = 5


def explain_unknown(path: tuple[str | int, ...], document: Any, schema: Schema) -> tuple[str, str]:
    """Return the code and the words for a field that does not exist at its place."""
    field = str(path[-1])
    kind = document.get("kind") if isinstance(document, dict) else None
    row = KINDS.get(str(kind))
    if field in _OVERRIDES and row is not None and not row.takes_overrides:
        return "overrideNotAllowed", (
            f"{field} exists on marketing accounts only: most providers refuse or rewrite a foreign sender through "
            "somebody's own mailbox. Remove it, or make the account a MarketingAccount."
        )
    root = schema.get("$defs", {}).get(kind, schema)
    known = sorted(_properties(_at(root, path[:-1], schema), schema))
    place = shown_path(path[:-1]) or "the document"
    return (
        "unknownField",
        f"{one_line(field, limit=MOST_SHOWN)} is not a field of {place}.{_hint(field, known, root, schema)}",
    )


def _hint(field: str, known: list[str], root: Schema, schema: Schema) -> str:
    lowered = field.replace("_", "").replace("-", "").lower()
    if lowered in _TICK_BOXES:
        under = "" if "encryption" in known else _under("encryption", root, schema)
        return f"{under} Write\n    {_TICK_BOXES[lowered]}" if under or "encryption" in known else _listed(known)
    meant = _MEANT.get(lowered) or next((name for name in known if name.lower() == lowered), field)
    if meant in known:
        return f" Did you mean {meant}?"
    near = did_you_mean(field, known) if len(field) <= MOST_SHOWN else ""
    return near or _under(meant, root, schema) or _listed(known)


def _under(field: str, root: Schema, schema: Schema) -> str:
    """Return where a field belongs that exists elsewhere; nothing where it exists nowhere."""
    place = next((place for place in _places(root, schema, ()) if place[-1] == field), None)
    return "" if place is None else f" {field} belongs under {'.'.join(place[:-1])}."


def _listed(known: list[str]) -> str:
    return f" The fields here are {', '.join(known)}." if known else ""


def _resolved(node: Any, schema: Schema) -> Schema:
    """Return a node with its reference followed; of a choice, the arm that has fields."""
    if not isinstance(node, dict):
        return {}
    if "$ref" in node:
        return _resolved(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    arms = [_resolved(arm, schema) for arm in node.get("anyOf", [])]
    with_fields = [arm for arm in arms if "properties" in arm]
    return with_fields[0] if with_fields and "properties" not in node else node


def _properties(node: Any, schema: Schema) -> dict[str, Any]:
    found: dict[str, Any] = _resolved(node, schema).get("properties", {})
    return found


def _at(node: Any, path: tuple[str | int, ...], schema: Schema) -> Any:
    for step in path:
        node = _resolved(node, schema)
        if isinstance(step, int):
            node = node.get("items", {})
        else:
            node = node.get("properties", {}).get(step) or node.get("additionalProperties", {})
    return node


def _places(node: Any, schema: Schema, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every field, the shallow ones first."""
    if len(path) >= _MAX_DEPTH:
        return
    properties = _properties(node, schema)
    for name in properties:
        yield (*path, name)
    for name, inner in properties.items():
        yield from _places(inner, schema, (*path, name))
