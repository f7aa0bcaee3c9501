"""Tokens by a signed request: the key stays here, and an endpoint that checks the signature issues a token."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from reconciler.model.secrets.values import SecretValue
from reconciler.oauth2 import TokenCache
from reconciler.verification.sentences import sentence
from tests.oauth2.asking import fault_of, make_request, token_of
from tests.support.assertions import ISSUER, SigningKey, checking, parts_of, pem_of
from tests.support.tokenserver import TokenServer, issue, refuse
from tests.verification.targets import make_target

if TYPE_CHECKING:
    from reconciler.oauth2 import TokenRequest
    from tests.support.certificates import TestCA

TOKEN = "ya29.signed-for_0123456789"
KEY = SigningKey.rsa()
CERTIFICATE = KEY.certificate()
MAILBOX = "sales@example.com"


def by_service_account(
    endpoint: TokenServer | None = None, *, key: str = KEY.service_account(), **more: Any
) -> TokenRequest:
    """Return a request of a service account."""
    return make_request(
        endpoint,
        client_id="",
        client_secret=None,
        refresh_token=None,
        service_account=SecretValue(key),
        **{"subject": MAILBOX, "scope": "https://mail.example.com/", **more},
    )


def by_certificate(endpoint: TokenServer | None = None, *, pem: str | None = None, **more: Any) -> TokenRequest:
    """Return a request of a client that has a certificate."""
    held = pem if pem is not None else pem_of(CERTIFICATE) + KEY.pem
    parts = {"client_secret": None, "refresh_token": None, **more}
    return make_request(endpoint, client_certificate=SecretValue(held), **parts)


def checking_server(ca: TestCA, *, key: SigningKey = KEY, issuer: str) -> TokenServer:
    """Return an endpoint that issues tokens for requests that this key has signed for it."""
    respond = checking(key.key.public_key(), audience=lambda: endpoint.url, issuer=issuer, token=TOKEN)
    endpoint = TokenServer(ca.server_context(), respond)
    return endpoint


def test_a_service_account_gets_a_token(ca: TestCA) -> None:
    """Signature, audience, issuer and time hold; the request names mailbox, scope and key, and nothing else is sent."""
    with checking_server(ca, issuer=ISSUER) as endpoint:
        assert TOKEN == token_of(by_service_account(endpoint))
    (form,) = endpoint.forms
    head, claims = parts_of(form["assertion"])
    assert {"grant_type", "assertion"} == form.keys()
    assert {"alg": "RS256", "typ": "JWT", "kid": "0a1b2c"} == head
    assert (MAILBOX, "https://mail.example.com/") == (claims["sub"], claims["scope"])
    assert {"iss", "sub", "scope", "aud", "iat", "exp"} == claims.keys()


def test_a_clients_certificate_gets_a_token(ca: TestCA) -> None:
    """The client proves itself by its certificate's key in place of a secret (RFC 7523 section 2.2)."""
    with checking_server(ca, issuer="anna-client") as endpoint:
        assert TOKEN == token_of(by_certificate(endpoint))
    (form,) = endpoint.forms
    head, claims = parts_of(form["client_assertion"])
    thumbprint = hashlib.sha256(CERTIFICATE.public_bytes(Encoding.DER)).digest()
    assert ("client_credentials", "anna-client") == (form["grant_type"], form["client_id"])
    assert {"alg": "PS256", "typ": "JWT"} == {name: head[name] for name in ("alg", "typ")}
    assert thumbprint == base64.urlsafe_b64decode(head["x5t#S256"] + "=")
    assert "anna-client" == claims["sub"]
    assert "client_secret" not in form


def test_a_certificate_goes_with_a_refresh_token(ca: TestCA) -> None:
    """A confidential client proves itself by its certificate when it exchanges a person's refresh token."""
    with checking_server(ca, issuer="anna-client") as endpoint:
        assert TOKEN == token_of(by_certificate(endpoint, refresh_token=SecretValue("1//refresh")))
    assert ("refresh_token", "1//refresh") == (endpoint.forms[0]["grant_type"], endpoint.forms[0]["refresh_token"])


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_a_certificate_of_a_curve_signs(ca: TestCA, curve: ec.EllipticCurve) -> None:
    """Keys of the curves of RFC 7518 section 3.4 sign by the algorithm of the curve."""
    key = SigningKey.curve(curve)
    with checking_server(ca, key=key, issuer="anna-client") as endpoint:
        assert TOKEN == token_of(by_certificate(endpoint, pem=key.pem + pem_of(key.certificate())))


@pytest.mark.parametrize(
    "pem",
    [
        KEY.pem + pem_of(CERTIFICATE),
        pem_of(SigningKey.rsa().certificate()) + pem_of(CERTIFICATE) + KEY.pem,
        pem_of(CERTIFICATE) + KEY.traditional_pem,
        (pem_of(CERTIFICATE) + KEY.pem).replace("\n", "\r\n"),
        "Bag Attributes\n" + pem_of(CERTIFICATE) + "Key Attributes\n" + KEY.pem,
    ],
    ids=["key first", "chain", "older form", "CR LF", "as openssl pkcs12 prints it"],
)
def test_a_certificate_is_found_in_whatever_order(ca: TestCA, pem: str) -> None:
    """Key and certificates may stand in any order; the one that belongs to the key is named."""
    with checking_server(ca, issuer="anna-client") as endpoint:
        assert TOKEN == token_of(by_certificate(endpoint, pem=pem))


def test_another_key_is_refused(ca: TestCA) -> None:
    """The endpoint of the tests does check: a request that another key has signed gets no token."""
    with checking_server(ca, key=SigningKey.rsa(), issuer=ISSUER) as endpoint:
        fault = fault_of(by_service_account(endpoint))
    assert ("tokenRefused", "keyUnknown") == (fault.code, fault.facts["variant"])


def test_a_request_is_of_no_use_elsewhere(ca: TestCA) -> None:
    """The audience is the declared endpoint, whatever the key's file says, so another one would refuse it."""
    respond = checking(
        KEY.key.public_key(), audience=lambda: "https://oauth2.example.com/token", issuer=ISSUER, token=TOKEN
    )
    with TokenServer(ca.server_context(), respond) as endpoint:
        assert "tokenRefused" == fault_of(by_service_account(endpoint)).code
    assert endpoint.url == parts_of(endpoint.forms[0]["assertion"])[1]["aud"]


@pytest.mark.parametrize("hours", [-2, 2], ids=["slow", "fast"])
def test_a_wrong_clock_is_told(ca: TestCA, hours: int) -> None:
    """A request of another time is refused, and the sentence says that this machine's clock is wrong."""
    tokens = TokenCache(now=lambda: time.time() + hours * 3600)
    with checking_server(ca, issuer=ISSUER) as endpoint:
        fault = fault_of(by_service_account(endpoint), tokens)
    assert "Set this machine's clock." in sentence(fault, "auth", make_target(None))


def test_every_request_is_signed_anew(ca: TestCA) -> None:
    """An identifier is never used twice, so an endpoint that remembers them issues a second token."""
    tokens = TokenCache()
    with checking_server(ca, issuer="anna-client") as endpoint:
        for scope in ("a", "b"):
            token_of(by_certificate(endpoint, scope=scope), tokens)
    first, second = (parts_of(form["client_assertion"])[1]["jti"] for form in endpoint.forms)
    assert first != second


def test_mailboxes_of_one_service_account_have_tokens_of_their_own(ca: TestCA) -> None:
    """One key serves many mailboxes, and each is asked for by itself."""
    tokens = TokenCache()
    with checking_server(ca, issuer=ISSUER) as endpoint:
        for subject in ("a@example.com", "b@example.com", "a@example.com"):
            token_of(by_service_account(endpoint, subject=subject), tokens)
    asked = [parts_of(form["assertion"])[1]["sub"] for form in endpoint.forms]
    assert ["a@example.com", "b@example.com"] == asked


_ENCRYPTED = KEY.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")).decode()
_ED25519 = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
_NO_ACCOUNTS = {
    "a password": "hunter2",
    "no object": "[1]",
    "deep": "[" * 100_000,
    "no key": KEY.service_account(private_key=None),
    "no address": KEY.service_account(client_email=None),
    "a number for a key": KEY.service_account(private_key=7),
    "a broken key": KEY.service_account(private_key="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    "an encrypted key": KEY.service_account(private_key=_ENCRYPTED),
    "a key of a curve": KEY.service_account(private_key=SigningKey.curve(ec.SECP256R1()).pem),
    "another kind of key": KEY.service_account(private_key=_ED25519),
    "letters beyond ASCII": KEY.service_account(private_key="ż" * 9),
    "of a person": '{"type": "authorized_user", "client_id": "x", "refresh_token": "y"}',
}
_NO_CERTIFICATES = {
    "a password": "hunter2",
    "no key": pem_of(CERTIFICATE),
    "no certificate": KEY.pem,
    "another's certificate": pem_of(SigningKey.rsa().certificate()) + KEY.pem,
    "an encrypted key": pem_of(CERTIFICATE) + _ENCRYPTED,
    "another kind of key": pem_of(CERTIFICATE) + _ED25519,
    "a curve that no algorithm has": pem_of(CERTIFICATE) + SigningKey.curve(ec.SECP256K1()).pem,
    "letters beyond ASCII": "ż",
    "broken": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + KEY.pem,
}


@pytest.mark.parametrize("name", _NO_ACCOUNTS)
def test_a_value_that_is_no_service_account(name: str) -> None:
    """Nothing is sent, and the sentence says what the value has to be, and nothing of what it is."""
    value = _NO_ACCOUNTS[name]
    fault = fault_of(by_service_account(key=value))
    text = sentence(fault, "auth", make_target(None))
    assert ("credentialUnusable", "serviceAccount") == (fault.code, fault.facts["variant"])
    assert "client_email and private_key" in text
    assert value[:60] not in text


@pytest.mark.parametrize("name", _NO_CERTIFICATES)
def test_a_value_that_is_no_certificate_with_its_key(name: str) -> None:
    """The same of certificates: the key has to be there, has to belong to one of them, and be one that can sign."""
    fault = fault_of(by_certificate(pem=_NO_CERTIFICATES[name]))
    assert ("credentialUnusable", "clientCertificate") == (fault.code, fault.facts["variant"])
    assert "BEGIN CERTIFICATE" in sentence(fault, "auth", make_target(None))


def test_a_key_is_not_sent_as_a_clients_secret(ca: TestCA) -> None:
    """A text of several lines is a key or a file, and no secret that goes over the wire as it is."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        fault = fault_of(make_request(endpoint, client_secret=SecretValue(KEY.pem)))
        assert ("credentialUnusable", 0) == (fault.code, endpoint.connections)


def test_an_echoed_request_is_masked(ca: TestCA) -> None:
    """An endpoint that repeats the signed request gets it into no message: it would do for minutes."""

    def respond(wire: Any, form: dict[str, str]) -> None:
        refuse("invalid_client", f"no {form['client_assertion']}")(wire, form)

    with TokenServer(ca.server_context(), respond) as endpoint:
        fault = fault_of(by_certificate(endpoint))
    text = sentence(fault, "auth", make_target(None))
    assertion = endpoint.forms[0]["client_assertion"]
    assert [] == [start for start in range(0, len(assertion) - 24, 8) if assertion[start : start + 24] in text]
