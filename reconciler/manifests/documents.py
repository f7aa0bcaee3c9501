"""From one YAML document to a manifest: its kind first, then the model of that kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.diagnostics import Diagnostic, error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.manifests.overlaid import OverlaidDocument
from reconciler.manifests.validated import validated
from reconciler.model.accounts.located import RefusedDocument
from reconciler.model.accounts.manifest import API_VERSION, MODELS
from reconciler.model.defaults import ACCOUNT_SCHEMA
from reconciler.model.text.types import NAME

if TYPE_CHECKING:
    from reconciler.model.accounts.manifest import Manifest
    from reconciler.yamlsource import YamlDocument

_BEGIN = "Begin the document with\n    apiVersion: reconciler/v1\n    kind: OwnAccount"


def read_document(document: YamlDocument) -> tuple[Manifest | None, list[Diagnostic]]:
    """Return the manifest of a document, or every problem of it."""
    refusals = identity_problems(document)
    if refusals:
        return None, refusals
    value = document.value
    manifest, problems = validated(document, MODELS[value["kind"]], ACCOUNT_SCHEMA, subject=_name_of(value))
    misspelt = _taken_away_of_another_name(document) if isinstance(document, OverlaidDocument) else []
    return (None, [*problems, *misspelt]) if misspelt else (manifest, problems)


def _taken_away_of_another_name(document: OverlaidDocument) -> list[Diagnostic]:
    """Return an error for each field that the overlay takes away and that does not exist: what is meant would stay."""
    in_vain = document.taken_away_in_vain()
    if not in_vain:
        return []
    from reconciler.manifests.unknown import explain_unknown, is_unknown
    from reconciler.model.schema.schemas import SCHEMAS

    schema, patch = SCHEMAS[ACCOUNT_SCHEMA](), document.overlay.value
    told = [(path, explain_unknown(path, patch, schema)) for path in in_vain if is_unknown(path, patch["kind"], schema)]
    return [
        error(code, words, subject=_name_of(document.value), location=document.overlay.locator.key_at(path))
        for path, (code, words) in told
    ]


def identity_problems(document: YamlDocument) -> list[Diagnostic]:
    """Return the problems of a document's head: that it is no mapping, or names another version or an unknown kind."""
    value = document.value
    if not isinstance(value, dict):
        detail = f"A manifest is a mapping of fields, and this is {_what(value)}. {_BEGIN}"
        return [error("notAMapping", detail, location=document.location)]
    refusals = [_refuse_version(value, document), _refuse_kind(value, document)]
    return [refusal for refusal in refusals if refusal is not None]


def refused_document(document: YamlDocument) -> RefusedDocument:
    """Return the kind, name and server that a refused document was to declare; None for each that cannot be told."""
    value = document.value
    if not isinstance(value, dict):
        return RefusedDocument(kind=None, name=None)
    kind, name = value.get("kind"), _inner(value, "metadata", "name")
    server = _inner(value, "spec", "smtp", "server")
    return RefusedDocument(
        kind=kind if isinstance(kind, str) and kind in MODELS else None,
        name=name if isinstance(name, str) and NAME.match(name) else None,
        server=server if isinstance(server, str) else None,
        value=value,
        locator=document,
    )


def _inner(value: object, *steps: str) -> object:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _refuse_version(value: dict[str, object], document: YamlDocument) -> Diagnostic | None:
    version = value.get("apiVersion")
    if version == API_VERSION:
        return None
    found = f"apiVersion is {_shown(version)}" if "apiVersion" in value else _missing(value, "apiVersion")
    detail = f"{found}; this version reads {API_VERSION}. Write\n    apiVersion: {API_VERSION}"
    return error("unknownApiVersion", detail, subject=_name_of(value), location=document.value_at(("apiVersion",)))


def _refuse_kind(value: dict[str, object], document: YamlDocument) -> Diagnostic | None:
    kind = value.get("kind")
    if isinstance(kind, str) and kind in MODELS:
        return None
    known = ", ".join(sorted(MODELS))
    found = f"kind is {_shown(kind)}" if "kind" in value else _missing(value, "kind")
    hint = did_you_mean(kind, MODELS) if isinstance(kind, str) else ""
    detail = f"{found}; it is one of {known}.{hint}"
    if kind == "Project":
        detail = "The project file does not belong among the manifests; it is reconciler.yaml in the project folder."
    return error("unknownKind", detail, subject=_name_of(value), location=document.value_at(("kind",)))


def _missing(value: dict[str, object], field: str) -> str:
    """Return that a field is missing, and where it is there in other capitals, how it is written."""
    other = next((key for key in value if key.lower() == field.lower()), None)
    return f"{field} is missing" if other is None else f"{other} is written {field}"


def _name_of(value: dict[str, object]) -> str | None:
    """Return the name that a document gives itself; None where it gives none."""
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name[:SHOWN_WORD] if isinstance(name, str) else None


def _shown(value: object) -> str:
    return one_line(value, limit=SHOWN_WORD) if isinstance(value, str) else _what(value)


def _what(value: object) -> str:
    if value is None:
        return "empty"
    names = {dict: "a mapping", list: "a list", bool: "true or false", int: "a number", str: "text"}
    return next(name for kind, name in names.items() if isinstance(value, kind))
