"""The published JSON Schemas, generated from the models: for editors, for explaining, and for whoever reads plans.

The models decide. A schema says all that a schema can, and never refuses what the models accept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reconciler.model.manifest import MODELS
from reconciler.model.plan import Plan
from reconciler.model.project import Project
from reconciler.model.resolution import ResolutionDocument
from reconciler.model.sending import SendDocument

if TYPE_CHECKING:
    from collections.abc import Callable

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXCLUSIVE = (("password", "accessToken"), ("password", "oauth2"), ("accessToken", "oauth2"))
_GIVEN = {"not": {"type": "null"}}
_KEY_MARK = {"type": "string", "pattern": "\\{key\\}"}


def _has(*names: str) -> Schema:
    """Return the schema of an object that has these fields with a value other than null."""
    return {"required": list(names), "properties": dict.fromkeys(names, _GIVEN)}


def _exactly_one(*names: str) -> Schema:
    return {"oneOf": [_has(name) for name in names]}


_RULES: dict[str, list[Schema]] = {
    "Smtp": [
        {
            "$comment": "missingField: needs host, or server with the name of a MailServer",
            "anyOf": [_has("host"), _has("server")],
        },
    ],
    "OAuth2": [
        {
            "$comment": "missingField: needs refreshToken or clientSecret",
            "anyOf": [_has("refreshToken"), _has("clientSecret")],
        },
    ],
    "Authentication": [
        *(
            {
                "$comment": "contradiction: password, accessToken and oauth2 exclude each other; keep one",
                "not": _has(*pair),
            }
            for pair in _EXCLUSIVE
        ),
        {
            "if": {"required": ["mechanism"], "properties": {"mechanism": {"enum": ["xoauth2", "oauthbearer"]}}},
            "then": {
                "$comment": "contradiction: xoauth2 and oauthbearer take accessToken or oauth2, not a password",
                "not": _has("password"),
            },
        },
    ],
    "Proxy": [
        {
            "if": _has("password"),
            "then": {"$comment": "missingField: has a password but no username", **_has("username")},
        },
    ],
    "Override": [
        {
            "$comment": "missingField: needs emailDetail or displayNameDetail",
            "anyOf": [_has("emailDetail"), _has("displayNameDetail")],
        },
        {
            "if": {"required": ["pairing"], "properties": {"pairing": {"const": "together"}}},
            "then": {
                "$comment": "contradiction: pairing: together needs both emailDetail and displayNameDetail",
                **_has("emailDetail", "displayNameDetail"),
            },
        },
    ],
    "SecretSource": [
        {
            "$comment": "contradiction: needs exactly one of command, env and file",
            **_exactly_one("command", "env", "file"),
        },
        {
            "if": {"not": _has("command")},
            "then": {"$comment": "missingField: needs format: json or dotenv", **_has("format")},
        },
        {
            "$comment": "invalidValue: has {key} in the program; it belongs in an argument",
            "properties": {"command": {"prefixItems": [{"not": _KEY_MARK}]}},
        },
        {
            "if": _has("command", "format"),
            "then": {
                "$comment": "contradiction: has {key} and format; a command with format gives all keys at once",
                "properties": {"command": {"not": {"contains": _KEY_MARK}}},
            },
        },
        {
            "if": {"allOf": [_has("command"), {"not": _has("format")}]},
            "then": {
                "$comment": "missingField: needs {key} in an argument, or format for many secrets at once",
                "properties": {"command": {"contains": _KEY_MARK}},
            },
        },
    ],
    "Secrets": [
        {
            "$comment": "contradiction: declares a source called env or file, which exist already",
            "properties": {"sources": {"propertyNames": {"not": {"enum": ["env", "file"]}}}},
        },
    ],
    "Grant": [
        {"$comment": "contradiction: needs exactly one of servers and route", **_exactly_one("servers", "route")},
    ],
    "GuardException": [
        {
            "$comment": "contradiction: needs exactly one of delete, verification and scope",
            **_exactly_one("delete", "verification", "scope"),
        },
        {
            "$comment": "contradiction: depth goes with verification, and verification needs depth",
            "oneOf": [_has("verification", "depth"), {"not": {"anyOf": [_has("verification"), _has("depth")]}}],
        },
    ],
}
"""The rules over several fields that a schema can express, by model."""


@lru_cache(maxsize=1)
def account_schema() -> Schema:
    """Return the schema of one manifest document, chosen by ``kind``."""
    definitions: Schema = {}
    for name, model in MODELS.items():
        generated = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions.update(generated.pop("$defs", {}))
        definitions[name] = generated
    return _published(
        "account.schema.json",
        "A manifest of reconciler",
        {
            "type": "object",
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "properties": {
                "apiVersion": {"const": "reconciler/v1", "description": "The version of this format."},
                "kind": {"enum": sorted(MODELS), "description": "What the document declares."},
            },
            "allOf": [
                {
                    "if": {"required": ["kind"], "properties": {"kind": {"const": name}}},
                    "then": {"$ref": f"#/$defs/{name}"},
                }
                for name in sorted(MODELS)
            ],
            "$defs": definitions,
        },
    )


@lru_cache(maxsize=1)
def project_schema() -> Schema:
    """Return the schema of the project file."""
    generated = Project.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    return _published("project.schema.json", "The project file of reconciler", generated)


@lru_cache(maxsize=1)
def plan_schema() -> Schema:
    """Return the schema of what ``plan`` and ``show`` print as JSON, the document on error included."""
    return _published("plan.schema.json", "A plan of reconciler", _or_error("Plan", Plan))


@lru_cache(maxsize=1)
def resolution_schema() -> Schema:
    """Return the schema of what ``resolve`` prints as JSON, the document on error included.

    A line of ``--format jsonl`` is one ``Resolution`` of its definitions.
    """
    body = _or_error("Resolutions", ResolutionDocument)
    return _published("resolution.schema.json", "What resolve prints", body)


@lru_cache(maxsize=1)
def send_schema() -> Schema:
    """Return the schema of what ``send`` prints as JSON, the document on error included."""
    return _published("send.schema.json", "What send prints", _or_error("Sent", SendDocument))


def _or_error(name: str, document: type[Plan | ResolutionDocument | SendDocument]) -> Schema:
    """Return the schema of a model's document, or of what is printed where there is none."""
    generated = document.model_json_schema(by_alias=True, mode="serialization", ref_template="#/$defs/{model}")
    definitions = generated.pop("$defs")
    for model, descriptions in _DESCRIPTIONS.items():
        definitions[model]["additionalProperties"] = False
        for field, description in descriptions.items():
            definitions[model]["properties"][field]["description"] = description
    definitions[name] = generated
    definitions["Error"] = {
        "type": "object",
        "description": f"What is printed where {_NOTHING_MADE[name]}.",
        "additionalProperties": False,
        "required": ["formatVersion", "status", "diagnostics"],
        "properties": {
            "formatVersion": {"type": "string", "description": "A minor adds; an unknown major is refused."},
            "status": {"const": "invalid", "description": "Always invalid."},
            "diagnostics": {
                "type": "array",
                "items": {"$ref": "#/$defs/Diagnostic"},
                "description": "What is wrong.",
            },
        },
    }
    return {"anyOf": [{"$ref": f"#/$defs/{name}"}, {"$ref": "#/$defs/Error"}], "$defs": definitions}


_NOTHING_MADE = {
    "Plan": "no plan could be made at all",
    "Resolutions": "nothing could be resolved at all",
    "Sent": "nothing was sent at all",
}


_DESCRIPTIONS = {
    "Diagnostic": {
        "severity": "error stops the command; warning and note do not.",
        "code": "Stable code, explained in the reference.",
        "summary": "What is wrong, the same for every occurrence of the code.",
        "detail": "What, why it matters and what to do; lines indented by four spaces are to be copied.",
        "subject": "The account, secret or file concerned.",
        "location": "Where it is written.",
    },
    "Location": {
        "file": "The file, relative to the project folder.",
        "line": "The line, from 1.",
        "column": "The column, from 1.",
    },
}

SCHEMAS: dict[str, Callable[[], Schema]] = {
    "account.schema.json": account_schema,
    "plan.schema.json": plan_schema,
    "project.schema.json": project_schema,
    "resolution.schema.json": resolution_schema,
    "send.schema.json": send_schema,
}
"""File name to the function that makes its content."""


def _published(file: str, title: str, schema: Schema) -> Schema:
    cleaned = _cleaned(schema)
    for name, rules in _RULES.items():
        if name in cleaned.get("$defs", {}):
            cleaned["$defs"][name]["allOf"] = rules
    cleaned.pop("description", None)
    return {"$schema": _DIALECT, "$id": f"https://reconciler.example.com/schemas/{file}", "title": title, **cleaned}


def _cleaned(node: Any, *, is_mapping_of_names: bool = False) -> Any:
    """Return the schema without generated titles and null defaults; names of fields are left alone."""
    if isinstance(node, list):
        return [_cleaned(each) for each in node]
    if not isinstance(node, dict):
        return node
    if is_mapping_of_names:
        return {key: _cleaned(value) for key, value in node.items()}
    if "patternProperties" in node:
        node = {**node, "additionalProperties": False}
    cleaned = {
        key: _cleaned(value, is_mapping_of_names=key in {"properties", "patternProperties", "$defs"})
        for key, value in node.items()
        if key != "title" and not (key == "default" and value is None)
    }
    return _closed(cleaned)


def _closed(node: Schema) -> Schema:
    """Return the schema refusing keys of the wrong form, and text that ends with a line break.

    The models refuse both; what is generated from them leaves other keys open, and for some validators ``$`` also
    stands before a last line break.
    """
    if isinstance(node.get("pattern"), str):
        node["pattern"] = _to_the_end(node["pattern"])
    if isinstance(node.get("patternProperties"), dict):
        node["patternProperties"] = {_to_the_end(key): value for key, value in node["patternProperties"].items()}
        node.setdefault("additionalProperties", False)
    return node


def _to_the_end(pattern: str) -> str:
    return pattern + r"(?!\n)" if pattern.endswith("$") else pattern
