"""Every field that cannot be left out: where it is missing, the line to add is one that is taken there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.manifests.wording import explain_missing
from reconciler.model.accounts.manifest import MODELS
from reconciler.model.defaults import ACCOUNT_SCHEMA, PROJECT_SCHEMA
from reconciler.model.schema.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]
_DEEPEST = 12


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node


def _required(
    node: dict[str, Any], schema: dict[str, Any], path: Path = (), depth: int = 0
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the path of every field that a schema demands, with the schema of its value; ``name`` for what people name."""
    node = _resolved(node, schema)
    if depth > _DEEPEST:
        return
    fields = node.get("properties", {})
    for field in node.get("required", []):
        if field in fields:
            yield (*path, field), fields[field]
    inner = [(path, arm) for arm in node.get("anyOf", [])]
    inner += [((*path, name), value) for name, value in fields.items()]
    inner += [((*path, "name"), value) for value in node.get("patternProperties", {}).values()]
    inner += [((*path, "name"), each) for each in (node.get("additionalProperties"),) if isinstance(each, dict)]
    inner += [((*path, 0), node["items"])] if "items" in node else []
    for below, each in inner:
        yield from _required(each, schema, below, depth + 1)


def _all() -> Iterator[tuple[str, Path, dict[str, Any], dict[str, Any]]]:
    accounts, project = SCHEMAS[ACCOUNT_SCHEMA](), SCHEMAS[PROJECT_SCHEMA]()
    for kind in MODELS:
        for path, value in _required(accounts["$defs"][kind], accounts):
            if path[0] not in {"kind", "apiVersion"}:  # which is told before the kind's own fields are looked at
                yield kind, path, value, accounts
    for path, value in _required(project, project):
        yield "Project", path, value, project


@pytest.mark.parametrize(
    ("path", "value", "schema"),
    [
        pytest.param(path, value, schema, id=f"{kind}.{'.'.join(map(str, path))}")
        for kind, path, value, schema in _all()
    ],
)
def test_the_line_to_add_is_taken(path: Path, value: dict[str, Any], schema: dict[str, Any]) -> None:
    """No dots to fill in, and no value of a field that is called the same elsewhere."""
    told = explain_missing(path)
    (line,) = told.splitlines()[1:]
    written = json.loads(json.dumps(yaml.safe_load(line), default=str))  # a date is text in manifests
    assert [path[-1]] == list(written)
    if path[-1] == "spec":  # whose own fields are told next
        return
    if path[-1] == "smtp":
        assert written["smtp"]["host"]
    refused = list(Draft202012Validator({**value, "$defs": schema["$defs"]}).iter_errors(written[path[-1]]))
    if path == ("metadata",):
        refused = [each for each in refused if list(each.path) != ["name"]]
    assert [] == refused, told
