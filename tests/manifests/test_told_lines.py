"""Lines that a refusal tells to paste are valid where they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.manifests.wording import explain_missing, explain_refused
from reconciler.yamlsource import read_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMAS = Path(__file__).parents[2] / "schemas"
_Place = tuple[str | int, ...]
_DEEPEST = 8
"""Of how many steps a place is at most, so that a schema that holds itself has an end."""
_NAME = "some"
"""Stands where people choose a name."""


def _parts(schema: Any, root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schemas that a schema is made of, itself first."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    yield schema
    for each in (part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, [])):
        yield from _parts(each, root)


def _below(schema: dict[str, Any]) -> Iterator[tuple[str | int, Any]]:
    yield from schema.get("properties", {}).items()
    for named in (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()):
        yield _NAME, named
    yield 0, schema.get("items")


def _required(schema: Any, root: dict[str, Any], place: _Place = ()) -> Iterator[tuple[_Place, Any]]:
    """Yield the place of each field that cannot be left out, with its schema; ``kind`` of a manifest is asked for elsewhere."""
    for part in _parts(schema, root) if len(place) <= _DEEPEST else ():
        for field in part.get("required", ()):
            if field in part.get("properties", {}) and (*place, field) != ("kind",):
                yield (*place, field), part["properties"][field]
        for step, inner in _below(part):
            yield from _required(inner, root, (*place, step))


def _all_required() -> Iterator[tuple[str, _Place, Any, dict[str, Any]]]:
    project, account = (json.loads((_SCHEMAS / f"{name}.schema.json").read_text()) for name in ("project", "account"))
    yield "Project", ("kind",), project["properties"]["kind"], project
    kinds = {"Project": (project, project)} | {
        kind: (account["$defs"][kind], account) for kind in ("OwnAccount", "MarketingAccount", "MailServer")
    }
    for kind, (schema, root) in kinds.items():
        seen = set[_Place]()
        for place, field in _required(schema, root):
            if place not in seen:
                seen.add(place)
                yield kind, place, field, root


@pytest.mark.parametrize(
    ("kind", "place", "schema", "root"), [pytest.param(*each, id=f"{each[0]}: {each[1]}") for each in _all_required()]
)
def test_the_line_for_a_missing_field_is_valid_there(
    kind: str, place: _Place, schema: dict[str, Any], root: dict[str, Any]
) -> None:
    """Whatever cannot be left out, the line that is told may be pasted as it is."""
    line = explain_missing(place, kind=kind).rpartition("\n")[2].strip()
    [document] = read_documents(line.encode(), file="told.yaml").documents
    assert list(document.value) == [place[-1]]
    faults = list(Draft202012Validator({**schema, "$defs": root["$defs"]}).iter_errors(document.value[place[-1]]))
    assert not faults, line


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("string_type", ["env:SMTP_*"], '- "env:SMTP_*"'),
        ("string_type", False, '- "false"'),
        ("string_type", 5, '- "5"'),
        ("literal_error", ["auth"], "- auth"),
        ("list_type", "a", "- [a]"),
        ("int_type", "05", "- 5"),
        ("bool_type", "yes", "- true"),
    ],
)
def test_an_entry_of_a_list_is_told_with_its_hyphen(kind: str, value: object, told: str) -> None:
    """Its place in the list is no name of a field."""
    context: dict[str, object] = {"expected": "'auth' or 'connect'"}
    _, words = explain_refused(kind, "secrets.allow.0", value, context, is_secret=False)
    assert words.endswith(f"\n    {told}")
