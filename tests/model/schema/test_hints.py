"""What the schemas hold for editors: no more is accepted, nothing is left without words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.schema.hints import ENUM_TEXTS, TITLES, modeline
from reconciler.model.schema.rules import RULES
from reconciler.model.schema.schemas import SCHEMAS, account_schema, project_schema, schema_text
from reconciler.model.secrets.values import SECRET_PLACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Schema = dict[str, Any]
_INPUTS = [account_schema, project_schema]


def _nodes(node: Any, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield every part of a schema but the rules over several fields."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if key != "allOf":
                yield from _nodes(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _nodes(value, f"{path}/{index}")


@pytest.mark.parametrize("make", _INPUTS)
def test_every_value_of_an_enumeration_is_explained(make: Callable[[], Schema]) -> None:
    """Each enumeration has a sentence for each of its values, null among them."""
    enumerations = {path: node for path, node in _nodes(make()) if "enum" in node}
    assert enumerations
    unexplained = [
        path for path, node in enumerations.items() if len(node.get("enumDescriptions", ())) != len(node["enum"])
    ]
    assert [] == unexplained
    assert all(text.endswith(".") for node in enumerations.values() for text in node["enumDescriptions"])


def test_no_explanation_is_left_over() -> None:
    """Every enumeration, heading and rule that has words exists in a schema."""
    nodes = [node for make in _INPUTS for _, node in _nodes(make())]
    enumerations = {tuple(each for each in node["enum"] if each is not None) for node in nodes if "enum" in node}
    definitions = {name for make in _INPUTS for name in make()["$defs"]}
    assert enumerations == set(ENUM_TEXTS)
    assert definitions == set(TITLES)
    assert definitions >= set(RULES)


@pytest.mark.parametrize("make", _INPUTS)
def test_every_pattern_has_words(make: Callable[[], Schema]) -> None:
    """No editor shows a regular expression to somebody who mistyped a value."""
    assert [] == [path for path, node in _nodes(make()) if "pattern" in node and "patternErrorMessage" not in node]


@pytest.mark.parametrize("make", _INPUTS)
def test_no_default_is_offered_unasked(make: Callable[[], Schema]) -> None:
    """No default is in the schemas, since editors write them into every mapping; a number's is a snippet."""
    assert [] == [path for path, node in _nodes(make()) if "default" in node]
    timeout = project_schema()["$defs"]["VerificationPolicy"]["properties"]["timeoutSeconds"]
    assert [{"label": "30", "description": "The default.", "body": 30}] == timeout["defaultSnippets"]


@pytest.mark.parametrize("make", _INPUTS)
def test_every_secret_is_offered_as_a_reference(make: Callable[[], Schema]) -> None:
    """Wherever a secret belongs, references are offered, and a literal one is answered with how to write one."""
    secrets = [node for _, node in _nodes(make()) if {"env", "file"} == set(node.get("properties", {}))]
    assert len(secrets) >= 5
    for node in secrets:
        assert ["env", "file", "${1:vault}"] == [source for each in node["defaultSnippets"] for source in each["body"]]
        assert "never the secret itself" in node["errorMessage"]


def test_a_field_that_may_be_null_is_no_choice() -> None:
    """Fields that may be left empty have their type and null, not a choice whose arms editors would show instead."""
    smtp = account_schema()["$defs"]["Smtp"]["properties"]
    assert ["string", "null"] == smtp["host"]["type"]
    assert ["starttls", "tls", "none", None] == smtp["encryption"]["enum"]
    assert "#/$defs/Authentication" == smtp["authentication"]["$ref"]
    assert ["object", "null"] == account_schema()["$defs"]["Authentication"]["type"]
    assert "object" == account_schema()["$defs"]["Smtp"]["type"]


def test_the_line_for_editors() -> None:
    """The comment has the form that yaml-language-server documents."""
    assert "# yaml-language-server: $schema=a/b.json" == modeline("a/b.json")


@pytest.mark.parametrize("file", SCHEMAS)
def test_the_text_of_a_schema(file: str) -> None:
    """A schema's text is its JSON, ending with a line end."""
    assert SCHEMAS[file]() == json.loads(schema_text(file))
    assert schema_text(file).endswith("}\n")


def test_every_secret_of_a_manifest_is_known_by_its_place() -> None:
    """What holds a reference in the schema is what readers of documents take for one, and nothing else is."""
    definitions = account_schema()["$defs"]
    found = {
        (f"{name[0].lower()}{name[1:]}".replace("oAuth2", "oauth2"), field)
        for name, definition in definitions.items()
        for field, node in definition.get("properties", {}).items()
        if any("env" in str(each.get("body")) for each in node.get("defaultSnippets", ()))
    }
    assert found == SECRET_PLACES
