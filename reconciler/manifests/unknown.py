"""Unknown fields: what was probably meant, and where the field belongs. The field's value is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.manifests.answers import PROJECT, MisplacedField, Places, elsewhere, habit, value_at
from reconciler.manifests.suggesting import of_the_platform
from reconciler.manifests.wording import shown_path
from reconciler.model.accounts.kinds import KINDS
from reconciler.model.accounts.manifest import MODELS
from reconciler.model.canonical import JsonObject

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = JsonObject

_OVERRIDES = frozenset({"overrideFrom", "overrideTo"})
_MAX_DEPTH = 5


def explain_unknown(path: tuple[str | int, ...], document: Any, schema: Schema) -> tuple[str, str]:
    """Return the code and the words for a field that does not exist at its place."""
    field = str(path[-1])
    kind = str(document.get("kind"))  # of a project file it may be anything: a kind of another type is told beside this
    row = KINDS.get(kind)
    if field in _OVERRIDES and row is not None and not row.takes_overrides:
        return "overrideNotAllowed", (
            f"{field} exists on marketing accounts only: most providers refuse or rewrite a foreign sender through "
            "somebody's own mailbox. Remove it, or make the account a MarketingAccount."
        )
    root = schema.get("$defs", {}).get(kind, schema)
    known = sorted(_properties(_at(root, path[:-1], schema), schema))
    place = shown_path(path[:-1]) or "the document"
    name = one_line(field, limit=SHOWN_WORD) if field.strip() else "A name with nothing in it"
    hint = _hint(path, document, known, schema)
    return (
        "unknownField",
        f"{name.strip()} is not a field of {place}.{of_the_platform(hint) if kind == PROJECT else hint}",
    )


def is_unknown(path: tuple[str, ...], kind: str, schema: Schema) -> bool:
    """Tell whether a manifest of a kind has no field of that name there; below names that people choose it has every one."""
    return _at(schema.get("$defs", {}).get(kind, schema), path, schema) is False


def _hint(path: tuple[str | int, ...], document: Any, known: list[str], schema: Schema) -> str:
    field = str(path[-1])
    if len(field) > SHOWN_WORD:
        return _listed(known)
    spelt = field.replace("_", "").replace("-", "").lower()
    same = next((name for name in known if name.lower() == spelt), None)
    where = MisplacedField(
        path,
        kind=str(document.get("kind")),
        known=frozenset(known),
        of_kinds=_of_kinds(schema),
        name=_text_in(document, "metadata", "name"),
        email=_text_in(document, "spec", "email"),
    )
    if where.is_answered and (told := habit(where, value_at(document, path))):
        return told
    if same is not None:
        return f" Did you mean {same}?"
    if field.strip() in known:
        return f" Did you mean {field.strip()}, without the blanks around it?"
    near = did_you_mean(field, known)
    meant = next((path[-1] for path in where.places if path[-1].lower() == spelt), field)
    return near or elsewhere(meant, where) or _listed(known)


def _text_in(document: Any, part: str, field: str) -> str:
    """Return a text of a document; empty where there is none."""
    inner = document.get(part)
    text = inner.get(field) if isinstance(inner, dict) else None
    return text if isinstance(text, str) else ""


def _of_kinds(schema: Schema) -> dict[str, Places]:
    """Return where each field of each kind of document stands that a schema describes."""
    definitions = schema.get("$defs", {})
    roots = {kind: definitions[kind] for kind in MODELS if kind in definitions} or {PROJECT: schema}
    return {kind: dict.fromkeys(_places(root, schema, ())) for kind, root in roots.items()}


def _listed(known: list[str]) -> str:
    return f" The fields here are {', '.join(known)}." if known else ""


def _resolved(node: Any, schema: Schema) -> Schema:
    """Return a schema node with its reference followed; of several arms, the one that has fields."""
    if not isinstance(node, dict):
        return {}
    if "$ref" in node:
        return _resolved(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    arms = [_resolved(arm, schema) for arm in node.get("anyOf", [])]
    with_fields = [arm for arm in arms if "properties" in arm]
    return with_fields[0] if with_fields and "properties" not in node else node


def _properties(node: Any, schema: Schema) -> JsonObject:
    found: JsonObject = _resolved(node, schema).get("properties", {})
    return found


def _at(node: Any, path: tuple[str | int, ...], schema: Schema) -> Any:
    for step in path:
        node = _resolved(node, schema)
        if isinstance(step, int):
            node = node.get("items", {})
        else:
            free = next(iter(node.get("patternProperties", {}).values()), None)  # below names that people choose
            node = node.get("properties", {}).get(step) or free or node.get("additionalProperties", {})
    return node


def _places(node: Any, schema: Schema, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every field of a schema; those of one mapping before those inside them."""
    if len(path) >= _MAX_DEPTH:
        return
    properties = _properties(node, schema)
    for name in properties:
        yield (*path, name)
    for name, inner in properties.items():
        yield from _places(inner, schema, (*path, name))
