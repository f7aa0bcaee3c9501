"""The published JSON Schemas, generated from the models: for editors, for explaining, and for whoever reads plans.

The models decide. A schema says all that a schema can, and never refuses what the models accept.
"""

from __future__ import annotations

import inspect
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reconciler import DOCUMENTATION
from reconciler.diagnostics import Diagnostic, Location
from reconciler.model.accounts.manifest import API_VERSION, MODELS
from reconciler.model.accounts.overview import Overview
from reconciler.model.canonical import JsonObject
from reconciler.model.defaults import ACCOUNT_SCHEMA, OVERLAY_SCHEMA, PROJECT_SCHEMA
from reconciler.model.event import LoggedEvent
from reconciler.model.mail.resolution import Mailbox, Reason, Resolution, ResolutionDocument
from reconciler.model.mail.sending import SendDocument
from reconciler.model.project import Project
from reconciler.model.schema.hints import DOCUMENT_SNIPPETS, with_hints
from reconciler.model.schema.overlays import as_patch
from reconciler.model.schema.rules import RULES
from reconciler.model.shownplan import ShownPlan
from reconciler.model.verification.evidence import Check, Observed, Verification

if TYPE_CHECKING:
    from collections.abc import Callable

Schema = JsonObject

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


_WITHOUT_KIND: Schema = {
    "additionalProperties": False,
    "properties": {
        "apiVersion": True,
        "kind": True,
        "metadata": {
            "type": "object",
            "description": "What the account or mail server is called, and what it is chosen by.",
        },
        "spec": {"type": "object", "description": "The settings. Which fields there are is decided by kind."},
    },
    "defaultSnippets": DOCUMENT_SNIPPETS,
}
"""What is known of a document before its kind is: so that editors offer what may come, and no more once it is chosen."""


@lru_cache(maxsize=1)
def account_schema() -> Schema:
    """Return the schema of one manifest document, chosen by ``kind``."""
    definitions: Schema = {}
    for name, model in MODELS.items():
        generated = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions.update(generated.pop("$defs", {}))
        definitions[name] = generated
    return _input(
        ACCOUNT_SCHEMA,
        "A manifest of reconciler",
        {
            "type": "object",
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "properties": {
                "apiVersion": {"const": API_VERSION, "description": "The version of this format: reconciler/v1."},
                "kind": {
                    "enum": list(MODELS),
                    "description": "What the document declares. It decides which fields there are under spec.",
                },
            },
            "allOf": [
                *(
                    {
                        "if": {"type": "object", "required": ["kind"], "properties": {"kind": {"const": name}}},
                        "then": {"$ref": f"#/$defs/{name}"},
                    }
                    for name in sorted(MODELS)
                ),
                {"if": {"type": "object", "required": ["kind"]}, "else": _WITHOUT_KIND},
            ],
            "$defs": definitions,
        },
    )


@lru_cache(maxsize=1)
def overlay_schema() -> Schema:
    """Return the schema of one document of an environment's overlays: any part of a manifest, and null for what goes."""
    head = {"$id": f"{DOCUMENTATION}/schemas/{OVERLAY_SCHEMA}", "title": "An overlay of reconciler"}
    return {**as_patch(account_schema()), **head}


@lru_cache(maxsize=1)
def project_schema() -> Schema:
    """Return the schema of the project file."""
    generated = Project.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    return _input(PROJECT_SCHEMA, "The project file of reconciler", generated)


@lru_cache(maxsize=1)
def plan_schema() -> Schema:
    """Return the schema of what ``plan`` and ``show`` print as JSON, the document on error included."""
    return _published("plan.schema.json", "A plan of reconciler", _or_error("Plan", ShownPlan))


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


@lru_cache(maxsize=1)
def status_schema() -> Schema:
    """Return the schema of what ``status`` prints as JSON, the document on error included."""
    return _published("status.schema.json", "What status prints", _or_error("Status", Overview))


@lru_cache(maxsize=1)
def log_schema() -> Schema:
    """Return the schema of a line of ``--log-format json``."""
    generated = LoggedEvent.model_json_schema(by_alias=True, mode="serialization", ref_template="#/$defs/{model}")
    return _published("log.schema.json", "A line of the log", generated)


def _or_error(name: str, document: type[ShownPlan | ResolutionDocument | SendDocument | Overview]) -> Schema:
    """Return the schema of a model's document, or of what is printed where there is none."""
    for default in (Observed, Verification):  # pydantic 2.12 writes a default only where its class has been built
        default.model_rebuild()
    generated = document.model_json_schema(by_alias=True, mode="serialization", ref_template="#/$defs/{model}")
    definitions = generated.pop("$defs")
    for described in (each for each in (*_DESCRIPTIONS, *_DESCRIBED) if each.__name__ in definitions):
        definition = definitions[described.__name__]
        for field, description in _DESCRIPTIONS.get(described, {}).items():
            definition["properties"][field]["description"] = description
        # What pydantic itself says of a class that is no model differs between its releases.
        said: Schema = {"additionalProperties": False, "description": inspect.cleandoc(described.__doc__ or "")}
        definitions[described.__name__] = dict(sorted({**definition, **said}.items()))
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
    "Status": "state could not be read",
}


_DESCRIBED = (Check, Mailbox, Reason, Resolution)
"""Classes that are no models, whose fields have their descriptions with them."""
_DESCRIPTIONS: dict[type, dict[str, str]] = {
    Diagnostic: {
        "severity": "error stops the command; warning and note do not.",
        "code": "Stable code, explained in the reference.",
        "summary": "What is wrong, the same for every occurrence of the code.",
        "detail": "What, why it matters and what to do; lines indented by four spaces are to be copied.",
        "subject": "The account, secret or file concerned; null where there is none, or several.",
        "subjects": "All accounts or secrets that share the cause, by name; empty where subject is all.",
        "location": "Where it is written.",
    },
    Location: {
        "file": "The file, relative to the project folder.",
        "line": "The line, from 1.",
        "column": "The column, from 1.",
    },
}

SCHEMAS: dict[str, Callable[[], Schema]] = {
    ACCOUNT_SCHEMA: account_schema,
    "log.schema.json": log_schema,
    OVERLAY_SCHEMA: overlay_schema,
    "plan.schema.json": plan_schema,
    PROJECT_SCHEMA: project_schema,
    "resolution.schema.json": resolution_schema,
    "send.schema.json": send_schema,
    "status.schema.json": status_schema,
}
"""File name to the function that makes its content."""


def schema_text(file: str) -> str:
    """Return the content of a schema's file, by its name in ``SCHEMAS``."""
    return json.dumps(SCHEMAS[file](), indent=2, ensure_ascii=False) + "\n"


def _published(file: str, title: str, schema: Schema) -> Schema:
    cleaned = _cleaned(schema)
    for name, rules in RULES.items():
        if name in cleaned.get("$defs", {}):
            cleaned["$defs"][name]["allOf"] = rules
    cleaned.pop("description", None)
    return {"$schema": _DIALECT, "$id": f"{DOCUMENTATION}/schemas/{file}", "title": title, **cleaned}


def _input(file: str, title: str, schema: Schema) -> Schema:
    """Return the schema of what people write: published, and with what editors want."""
    return with_hints(_published(file, title, schema))


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
