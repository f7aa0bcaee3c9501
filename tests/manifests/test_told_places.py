"""Each field of each kind of manifest, in each place where it does not exist: every sentence that is told is true.

What is told names places, kinds, or lines to write. All three are looked up in the published schema, for the kind of the
document that is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reconciler.manifests.unknown import explain_unknown
from reconciler.model.accounts.manifest import MODELS
from reconciler.model.defaults import ACCOUNT_SCHEMA, PROJECT_SCHEMA
from reconciler.model.schema.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str, ...]
PROJECT = "Project"
_UNDER = re.compile(r"(\w+) belongs under ([\w., ]+)\.(?:\s|$)")
_AT_TOP = re.compile(r"(\w+) belongs at the top")
_OF_KINDS = re.compile(r"(\w+) is a field (of .+)\. An? (\w+) has none")
_VALUES = {"shared": True, "port": 587, "server": "office", "certificate": "sha256:00"}


def _node(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return _node(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    arms = [_node(arm, schema) for arm in node.get("anyOf", [])]
    return next((arm for arm in arms if "properties" in arm), node)


def _paths(node: dict[str, Any], schema: dict[str, Any], above: Path = ()) -> Iterator[Path]:
    for name, inner in _node(node, schema).get("properties", {}).items():
        yield (*above, name)
        yield from _paths(inner, schema, (*above, name))


@lru_cache(maxsize=1)
def _fields() -> dict[str, frozenset[Path]]:
    """Return every path of every kind of document."""
    accounts, project = SCHEMAS[ACCOUNT_SCHEMA](), SCHEMAS[PROJECT_SCHEMA]()
    kinds = {kind: frozenset(_paths(accounts["$defs"][kind], accounts)) for kind in MODELS}
    return {**kinds, PROJECT: frozenset(_paths(project, project))}


def _mappings(kind: str) -> list[Path]:
    """Return the places that fields stand in."""
    return sorted({path[:-1] for path in _fields()[kind]})


def _told(kind: str, path: Path, value: object) -> str:
    document: dict[str, Any] = {"apiVersion": "reconciler/v1", "kind": kind}
    inner = document
    for step in path[:-1]:
        inner = inner.setdefault(step, {})
    inner[path[-1]] = value
    schema = SCHEMAS[PROJECT_SCHEMA if kind == PROJECT else ACCOUNT_SCHEMA]()
    return explain_unknown(path, document, schema)[1]


def _places(text: str) -> list[Path]:
    words = re.split(r", | or ", text.removesuffix(" and the like"))
    return [tuple(word.split(".")) for word in words]


def _written(value: object, above: Path = ()) -> Iterator[Path]:
    """Yield the paths of the fields that lines to write hold; what people name themselves is no field."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield (*above, key)
        if key not in {"labels", "annotations", "domains"}:
            yield from _written(inner, (*above, key))


def _lies(kind: str, path: Path, told: str) -> Iterator[str]:
    """Yield what is not so in an answer."""
    fields = _fields()
    for field, places in _UNDER.findall(told):
        yield from (f"not under {place}" for place in _places(places) if (*place, field) not in fields[kind])
        if field == path[-1] and path[:-1] in _places(places):
            yield "where it stands already"
    for field in _AT_TOP.findall(told):
        if (field,) not in fields[kind]:
            yield f"{field} is not at the top"
    for field, words, lacking in _OF_KINDS.findall(told):
        if lacking != kind or any(each[-1] == field for each in fields[kind]):
            yield f"{kind} has {field}"
        for part in words.split("; "):
            kinds, _, places = part.removeprefix("of ").partition(" under ")
            yield from (
                f"{each} lacks {place}.{field}"
                for each in kinds.split(" and ")
                for place in _places(places)
                if (*place, field) not in fields[each]
            )
    if told.count("\n") and "    reconciler " not in told and "    kind: " not in told:
        value = yaml.safe_load("\n".join(line.removeprefix("    ") for line in told.splitlines()[1:]))
        is_of_project = "reconciler.yaml" in told or "in the project file" in told
        above = path[:-1] if "Did you mean" in told else ()
        known = fields[PROJECT if is_of_project else kind]
        yield from (f"no {'.'.join(each)} to write" for each in _written(value, above) if each not in known)


@pytest.mark.parametrize("kind", [*MODELS, PROJECT])
def test_every_place_that_is_told_is_true(kind: str) -> None:
    """Where a field belongs, which kinds have it, and what to write, is so for this kind of document."""
    known = _fields()[kind]
    names = sorted({path[-1] for kind in MODELS for path in _fields()[kind]} - {"apiVersion", "kind"})
    sorts = [(), ("platform",), ("platform", "smtp"), ("platform", "smtp", "authentication")]
    untrue = []
    for place in sorts if kind == PROJECT else _mappings(kind):
        for name in names:
            path = (*place, name)
            if path in known:
                continue
            for value in ("smtp.example.com", _VALUES.get(name, "office"), {"a": "b"}):
                told = _told(kind, path, value)
                untrue += [(".".join(path), lie, told) for lie in _lies(kind, path, told)]
    assert untrue == []


@pytest.mark.parametrize(
    ("kind", "path", "value", "says"),
    [
        ("MarketingAccount", "spec.shared", True, "Every user sees a marketing account, so there is nothing to share."),
        ("MarketingAccount", "spec.smtp", {}, "through the platform's server"),
        ("MarketingAccount", "spec.remoteDns", True, "through the platform's server"),
        ("MarketingAccount", "spec.service", "gmail", "through the platform's server"),
        ("MarketingAccount", "spec.aliases", [], "reconciler accounts add marketing"),
        ("OwnAccount", "spec.onMissing", "skip", "a field of MarketingAccount under spec.overrideFrom or spec.overrideTo"),
        ("OwnAccount", "spec.server", "office", "server belongs under spec.smtp."),
        ("OwnAccount", "spec.server", "smtp.example.com", "host belongs under spec.smtp."),
        ("OwnAccount", "spec.certificate", "sha256:00", "certificate belongs under spec.smtp."),
        ("OwnAccount", "spec.certificate", "client.pem", "clientCertificate:"),
        ("OwnAccount", "spec.smtp.key", "x", "key belongs under spec.smtp.clientCertificate."),
        ("OwnAccount", "spec.prevent_delete", True, "preventDelete belongs under metadata."),
        ("OwnAccount", "spec.proxy.client_secret", "x", "{env: SMTP_NAME_SECRET}"),
        ("MailServer", "spec.email", "a@example.com", "a field of OwnAccount and MarketingAccount under spec"),
        ("MailServer", "spec.smtp", {}, "stands in a MailServer under spec itself"),
        ("MailServer", "metadata.owner", "x", "A MailServer has none; remove the line."),
        ("MailServer", "spec.protected", True, "A MailServer has none; remove the line."),
        ("MailServer", "spec.description", "x", "annotations: {note: text}"),
    ],
)  # fmt: skip
def test_a_field_of_another_kind_is_told_to_be_of_that_kind(kind: str, path: str, value: object, says: str) -> None:
    """What belongs to another kind is told so, and no place is named where this kind has none."""
    assert says in _told(kind, tuple(path.split(".")), value)
