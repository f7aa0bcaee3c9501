"""The published schemas: well-formed, described, up to date, and of the same mind as the models."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from reconciler.model.accounts.manifest import MODELS
from reconciler.model.project import Project
from reconciler.model.schema.schemas import SCHEMAS, account_schema, project_schema
from tools.generate import generated_files

Document = dict[str, Any]

ONLY_MODELS_KNOW = {
    "a text of blanks only",
    "IDNA2008 and the lengths of the parts of a host name or address",
    "the characters of a local part",
    "previousName other than the name",
    "days that the calendar does not have",
}
"""The rules that no schema expresses; see ``_MODELS_ONLY`` for a document that breaks each."""

_SECRET = {"env": "SMTP_SALES"}
_OWN: Document = {
    "apiVersion": "reconciler/v1",
    "kind": "OwnAccount",
    "metadata": {"name": "sales", "title": "S", "owner": "o", "labels": {"team": "a"}, "annotations": {"k": "v"}},
    "spec": {
        "email": "sales@example.com",
        "displayName": "Sales",
        "replyTo": {"email": "help@example.com"},
        "shared": True,
        "smtp": {
            "host": "smtp.example.com",
            "port": 587,
            "encryption": "starttls",
            "authentication": {"mechanism": "auto", "username": "{email}", "password": _SECRET},
        },
        "proxy": {"type": "http", "host": "p.example", "port": 1, "username": "u", "password": _SECRET},
    },
}
_MARKETING: Document = {
    "apiVersion": "reconciler/v1",
    "kind": "MarketingAccount",
    "metadata": {"name": "news", "previousName": "old", "preventDelete": True},
    "spec": {
        "email": "news@example.com",
        "displayName": "News",
        "overrideFrom": {"emailDetail": "a", "displayNameDetail": "b", "pairing": "together"},
        "overrideTo": {"emailDetail": "c", "onInvalid": "skip"},
    },
}
_OAUTH2 = {"tokenUrl": "https://login.example.com/token", "clientId": "a", "clientSecret": _SECRET}
_SERVER: Document = {
    "apiVersion": "reconciler/v1",
    "kind": "MailServer",
    "metadata": {"name": "server"},
    "spec": {"host": "h.example", "authentication": {"mechanism": "xoauth2", "oauth2": _OAUTH2}},
}
_PROJECT: Document = {
    "apiVersion": "reconciler/v1",
    "kind": "Project",
    "metadata": {"name": "mail"},
    "operator": {"email": "ops@example.com"},
    "platform": {"smtp": {"host": "h.example"}},
    "secrets": {
        "allow": ["env:A", {"secret": "env:B", "manifests": "x"}],
        "sources": {"vault": {"command": ["vault", "{key}"]}, "bulk": {"env": "X", "format": "json"}},
        "grants": [{"secret": "env:A", "servers": ["h"], "expires": "2027-01-31"}],
    },
    "verification": {"depth": {"plan": "auth"}, "concurrency": 3, "nameservers": ["192.0.2.1"]},
    "guards": {"exceptions": [{"verification": ["a"], "depth": "auth", "until": "2027-01-31", "reason": "r"}]},
    "environments": {},
}
_WRONG: tuple[Any, ...] = (
    None, True, 0, -1, 70_000, "", "x", "x\n", "a\u202eb", "no such word", [], ["x"], {}, {"x": "y"}, {"env": "A"},
    {"env": "A", "file": "b"}, {"env": "1!"}, {"team\n": "x"}, "starttls", "xoauth2", "message", "x" * 1001,
)  # fmt: skip


def _is_accepted(document: Document) -> bool:
    model = Project if document.get("kind") == "Project" else MODELS[document["kind"]]
    try:
        model.model_validate(document, by_name=False)
    except ValidationError:
        return False
    return True


def _schema_accepts(document: Document) -> bool:
    schema = project_schema() if document.get("kind") == "Project" else account_schema()
    return bool(Draft202012Validator(schema).is_valid(document))


def _containers(value: Any) -> list[Any]:
    found = [value] if isinstance(value, (dict, list)) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found + [each for one in inner for each in _containers(one)]


@st.composite
def _documents(draw: st.DrawFn) -> Document:
    """Draw a good document with up to three fields dropped, added or given another value."""
    document: Document = copy.deepcopy(draw(st.sampled_from([_OWN, _MARKETING, _SERVER, _PROJECT])))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(_containers(document)))
        keys = list(range(len(place))) if isinstance(place, list) else sorted(set(place) - {"kind"} | {"extra"})
        if not keys:
            continue
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()) and (isinstance(place, list) or key in place):
            del place[key]
        else:
            place[key] = copy.deepcopy(draw(st.sampled_from(_WRONG)))
    return document


@given(_documents())
@settings(max_examples=400, deadline=None)
def test_schema_and_models_give_the_same_verdict(document: Document) -> None:
    """Whatever a schema can express is refused by the schema exactly where the models refuse it."""
    metadata = document.get("metadata")
    names = [metadata.get(key) for key in ("name", "previousName")] if isinstance(metadata, dict) else []
    assume(not names or names[0] != names[1])  # one of ONLY_MODELS_KNOW
    assert _is_accepted(document) == _schema_accepts(document)


@pytest.mark.parametrize(
    "document",
    [_OWN, _MARKETING, _SERVER, _PROJECT, {**_OWN, "metadata": {"name": "a", "annotations": {"a": "x\n\ty\n"}}}],
)
def test_the_documents_to_begin_from_are_good(document: Document) -> None:
    """Models and schemas accept the documents that the property alters."""
    assert (True, True) == (_is_accepted(document), _schema_accepts(document))


def _with(document: Document, path: tuple[str | int, ...], value: Any) -> Document:
    altered = copy.deepcopy(document)
    place: Any = altered
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return altered


_MODELS_ONLY = [
    _with(_OWN, ("spec", "displayName"), "  "),
    _with(_OWN, ("spec", "smtp", "host"), "-a-"),
    _with(_OWN, ("spec", "email"), "a..b@example.com"),
    _with(_OWN, ("metadata", "previousName"), "sales"),
    _with(_PROJECT, ("guards", "exceptions", 0, "until"), "2027-02-30"),
]


def test_the_rules_that_only_the_models_know_are_these() -> None:
    """For each rule listed there is a document that the models refuse and the schema lets pass."""
    assert len(ONLY_MODELS_KNOW) == len(_MODELS_ONLY)
    assert [(False, True)] * len(_MODELS_ONLY) == [(_is_accepted(each), _schema_accepts(each)) for each in _MODELS_ONLY]


@pytest.mark.parametrize(
    "document",
    [
        _with(_OWN, ("metadata", "labels"), {"team ": "x"}),
        _with(_OWN, ("metadata", "labels"), {"team\n": "x"}),
        _with(_PROJECT, ("secrets", "sources"), {"Vault": {"command": ["x", "{key}"]}}),
        _with(_PROJECT, ("secrets", "sources"), {"env": {"command": ["x", "{key}"]}}),
        _with(_PROJECT, ("secrets", "sources", "vault", "command"), ["x"]),
        _with(_PROJECT, ("secrets", "sources", "vault", "command"), ["x{key}", "{key}"]),
        _with(_PROJECT, ("secrets", "sources", "vault", "format"), "json"),
        _with(_PROJECT, ("guards", "exceptions", 0, "scope"), ["x"]),
        _with(_PROJECT, ("secrets", "sources", "bulk", "env"), "X\n"),
        _with(_OWN, ("metadata", "name"), "sales\n"),
        _with(_OWN, ("metadata", "annotations"), {"a": "x\n\u202e\n"}),
        _with(_OWN, ("spec", "proxy", "password"), {"file": "a\u202eb"}),
        {**_OWN, "metadata": {"name": True}},
    ],
)
def test_keys_and_texts_of_the_wrong_form_are_refused_by_both(document: Document) -> None:
    """Keys of mappings, line ends at the end of a text, and true in place of text are refused by both."""
    assert (False, False) == (_is_accepted(document), _schema_accepts(document))


@pytest.mark.parametrize("name", ["clientSecret", "refreshToken"])
def test_one_secret_suffices_to_get_a_token(name: str) -> None:
    """Models and schemas want a refresh token or a client secret under oauth2, and are content with either."""
    path = ("spec", "authentication", "oauth2")
    client = {"tokenUrl": "https://login.example.com/token", "clientId": "a"}
    good, lacking = _with(_SERVER, path, {**client, name: _SECRET}), _with(_SERVER, path, {**client, name: None})
    assert (True, True) == (_is_accepted(good), _schema_accepts(good))
    assert (False, False) == (_is_accepted(lacking), _schema_accepts(lacking))


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_well_formed(name: str) -> None:
    """Each schema is valid under draft 2020-12."""
    Draft202012Validator.check_schema(SCHEMAS[name]())


def _undescribed(node: Any, place: str) -> list[str]:
    if isinstance(node, list):
        return [each for index, inner in enumerate(node) for each in _undescribed(inner, f"{place}/{index}")]
    if not isinstance(node, dict):
        return []
    fields = node.get("properties", {})
    missing = [f"{place}/{name}" for name, field in fields.items() if not field.get("description")]
    inner = {key: value for key, value in node.items() if key not in {"allOf", "if", "then", "not", "oneOf", "default"}}
    return missing + [each for key, value in inner.items() for each in _undescribed(value, f"{place}/{key}")]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_described(name: str) -> None:
    """Editors show a description for every field of every schema."""
    assert [] == _undescribed(SCHEMAS[name](), "")


def test_the_schema_files_are_those_of_the_code() -> None:
    """What stands in schemas/ is what the models give."""
    files = {path: text for path, text in generated_files().items() if path.parent.name == "schemas"}
    assert {*SCHEMAS, "catalog.json"} == {path.name for path in files}
    assert files == {path: path.read_text(encoding="utf-8") for path in files}
