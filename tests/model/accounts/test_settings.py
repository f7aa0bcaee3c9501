"""The typed settings of an account: read from its document and written back, with not one octet changed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from reconciler.model.accounts.recorded import approval_digest
from reconciler.model.accounts.settings import Settings
from reconciler.model.canonical import canonical_json
from reconciler.model.secrets.routes import routes_of
from reconciler.model.servers.server import Server
from reconciler.model.servers.terms import ENCRYPTIONS, MECHANISMS, PROXY_TYPES
from reconciler.rules.accounts.desired import ca_paths, resolve
from reconciler.rules.verification.settings import settings_digest
from tests.kept import FIRST, KEPT
from tests.rules.states import ca_files, located

_TESTS = Path(__file__).parents[2]
_BEFORE: list[dict[str, Any]] = json.loads((FIRST / "settings.json").read_text(encoding="utf-8"))
"""Documents with what the version before the typed settings made of them."""


def documents_of_states() -> list[Any]:
    """Return every whole document of the states of earlier versions that tests keep."""
    texts = [
        (path, text)
        for path in sorted(KEPT.rglob("*.sql"))
        for text in re.findall(r"'(\{\"metadata\":.*?\})'[,)]", path.read_text(encoding="utf-8"))
    ]
    return [
        pytest.param(text.replace("''", "'"), id=f"{path.stem}-{number}")
        for number, (path, text) in enumerate(texts)
        if '"displayName"' in text  # views have never taken a document without one
    ]


@pytest.mark.parametrize("canonical", documents_of_states())
def test_documents_of_earlier_states_come_back_octet_by_octet(canonical: str) -> None:
    """What earlier versions have recorded is what is read and written."""
    document = json.loads(canonical)
    document["spec"] = Settings.model_validate(document["spec"]).to_document()
    assert canonical == canonical_json(document)


@pytest.mark.parametrize("known", _BEFORE)
def test_documents_come_to_what_they_came_to_before(known: dict[str, Any]) -> None:
    """Document, routes, approval and digest of the settings are those that the version before made of it."""
    document, read = known["document"], Settings.model_validate(known["document"]["spec"])
    routes = routes_of(read.server, known["caDigest"])
    fingerprints = {each.secret: f"hmac-sha256:{each.secret}" for each in routes}
    digest = settings_digest(known["kind"], read, ca_digest=known["caDigest"], fingerprints=fingerprints, platform=None)
    assert known["canonical"] == canonical_json({**document, "spec": read.to_document()})
    assert known["routes"] == [[each.secret, each.route.key] for each in routes]
    assert known["approval"] == approval_digest(known["kind"], read)
    assert known["settings"] == digest


def folders_of_manifests() -> list[Path]:
    """Return the folder of the example project, and those of every planner case."""
    cases = _TESTS / "rules" / "plan" / "cases"
    return [_TESTS.parent / "accounts.d", *sorted(each for each in cases.glob("*/*/") if each.is_dir())]


@pytest.mark.parametrize("folder", folders_of_manifests(), ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_manifests_come_to_documents_that_come_back(folder: Path) -> None:
    """What is resolved from manifests is in the document what the typed settings say, octet by octet."""
    manifests = [each for path in sorted(folder.rglob("*.yaml")) for each in located(path.read_text(encoding="utf-8"))]
    found = resolve(manifests, ca_files(dict.fromkeys(ca_paths(manifests), "a CA")))
    assert found.accounts or not manifests
    for account in found.accounts:
        assert account.canonical == canonical_json({**account.document, "spec": account.settings.to_document()})


_TEXT = st.text(min_size=1, max_size=12)
_SECRET = _TEXT.map("env:{}".format)
_HOST = st.sampled_from(["smtp.example.com", "xn--w-uga1v8h.example", "::1", "192.0.2.1"])
_OAUTH2 = st.fixed_dictionaries(
    {"tokenUrl": _TEXT},
    optional={"clientId": _TEXT, "clientSecret": _SECRET, "refreshToken": _SECRET, "scope": _TEXT},
)
_LOGIN = st.fixed_dictionaries(
    {},
    optional={
        "mechanism": st.sampled_from(MECHANISMS),
        "username": _TEXT,
        "password": _SECRET,
        "accessToken": _SECRET,
        "oauth2": _OAUTH2,
    },
)
_SMTP = st.fixed_dictionaries(
    {"host": _HOST, "port": st.integers(1, 65535), "encryption": st.sampled_from(ENCRYPTIONS)},
    optional={
        "heloName": _HOST,
        "caFile": _TEXT,
        "certificate": _TEXT,
        "authentication": _LOGIN,
        "settingOfALaterVersion": _TEXT,
    },
)
_PROXY = st.fixed_dictionaries(
    {"type": st.sampled_from(PROXY_TYPES), "host": _HOST, "port": st.integers(1, 65535)},
    optional={"username": _TEXT, "password": _SECRET, "remoteDns": st.booleans()},
)
_ON_PROBLEM = st.sampled_from(["fallback", "skip"])
_OVERRIDE = st.fixed_dictionaries(
    {},
    optional={
        "emailDetail": _TEXT,
        "displayNameDetail": _TEXT,
        "onMissing": _ON_PROBLEM,
        "onInvalid": _ON_PROBLEM,
        "pairing": st.sampled_from(["perField", "together"]),
    },
)
_SPEC = st.fixed_dictionaries(
    {"email": _TEXT, "displayName": _TEXT},
    optional={
        "replyTo": st.fixed_dictionaries({}, optional={"email": _TEXT, "displayName": _TEXT}),
        "shared": st.booleans(),
        "smtp": _SMTP,
        "proxy": _PROXY,
        "overrideFrom": _OVERRIDE,
        "overrideTo": _OVERRIDE,
    },
)


@given(spec=_SPEC)
@settings(max_examples=300, deadline=None)
def test_what_is_read_is_written(spec: dict[str, Any]) -> None:
    """Whatever stands in a document, its absent parts and those of a later version too, comes back as it is."""
    assert canonical_json(spec) == canonical_json(Settings.model_validate(spec).to_document())


@given(spec=_SPEC)
@settings(max_examples=100, deadline=None)
def test_two_documents_that_differ_are_two_settings(spec: dict[str, Any]) -> None:
    """What is compared typed differs wherever the documents do."""
    read = Settings.model_validate(spec)
    assert read == Settings.model_validate(json.loads(canonical_json(spec)))
    assert read != Settings.model_validate({**spec, "email": spec["email"] + "x"})


def test_the_server_has_the_proxy_on_the_way() -> None:
    """The document has them side by side; the server written alone is the server alone."""
    smtp = {"host": "smtp.example.com", "port": 587, "encryption": "starttls"}
    proxy = {"type": "http", "host": "proxy.example.com", "port": 8080}
    found = Settings.model_validate({"email": "a@example.com", "displayName": "A", "smtp": smtp, "proxy": proxy})
    assert ("smtp.example.com", "proxy.example.com") == found.own_server.hosts
    assert smtp == found.own_server.to_document()
    assert Server(host="smtp.example.com", port=587, encryption="starttls") == found.smtp


def test_an_account_of_the_platform_has_no_server_of_its_own() -> None:
    """Whoever asks for it all the same has made a mistake."""
    hosted = Settings(email="a@example.com", display_name="A")
    assert hosted.server is None
    with pytest.raises(ValueError, match="names no server"):
        _ = hosted.own_server


@pytest.mark.parametrize(
    "spec",
    [{}, {"email": 1, "displayName": "A"}, {"email": "a", "displayName": "A", "smtp": {"host": "h", "port": "25"}}],
    ids=["absent", "number", "port as text"],
)
def test_what_is_no_account_is_refused(spec: dict[str, Any]) -> None:
    """Nothing is converted in silence: a state that was altered is found out."""
    with pytest.raises(ValidationError):
        Settings.model_validate(spec)
