"""Every way of not getting a token: its code, its class, and words that tell no secret.

A case is a row of the tables below; a newcomer adds one without writing a test.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.oauth2 import TokenCache, answers
from reconciler.oauth2.answers import judge
from reconciler.oauth2.request import endpoint_of
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.https import Answer
from reconciler.smtp.masking import CredentialMask
from reconciler.verification.sentences import sentence, template_of
from tests.oauth2.asking import CLIENT_SECRET, REFRESH_TOKEN, fault_of, make_request, token_of
from tests.support.certificates import TestCA
from tests.support.scripted import ScriptedServer
from tests.support.tokenserver import TokenServer, http_answer, in_turn, issue, refuse, say
from tests.verification.targets import make_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.scripted import Script, Wire
    from tests.support.tokenserver import Respond

"""Of processor time for one answer; a search gone wrong takes a minute."""
TOKEN = "ya29.access-token_0123456789"


def told(fault: SmtpFault) -> str:
    """Return the sentence of a fault, as it stands in the check; it never shows a secret, nor a brace left over."""
    text = sentence(fault, "auth", make_target(None))
    shown = f"{text} {fault} {fault.facts}"
    assert [] == [secret for secret in (CLIENT_SECRET, REFRESH_TOKEN, TOKEN) if secret in shown]
    assert "{" not in text
    assert text.isprintable()
    return text


@dataclass(frozen=True)
class Case:
    """What the endpoint does, and what becomes of it."""

    name: str
    respond: Respond
    code: str
    words: tuple[str, ...] = ()
    changes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 10


def _drip(octets: bytes) -> Respond:
    """Return what sends an answer one octet every tenth of a second, over and over."""

    def respond(wire: Wire, _form: dict[str, str]) -> None:
        while True:
            for octet in octets:
                wire.send(bytes([octet]))
                if wire.wait_for_stop(0.1):
                    return

    return respond


def _endless(octets: bytes, beginning: bytes = b"") -> Respond:
    """Return what never stops sending."""

    def respond(wire: Wire, _form: dict[str, str]) -> None:
        wire.send(beginning)
        while True:
            wire.send(octets)

    return respond


def _raw(octets: bytes) -> Respond:
    return lambda wire, _form: wire.send(octets)


_ISSUED = {"access_token": TOKEN, "token_type": "Bearer"}
_CASES = (
    # Refusals
    Case("grant", refuse("invalid_grant", "Token has been expired or revoked."), "tokenRefused", ("has expired", "invalid_grant: Token has been", "get a new refresh token", "localhost:")),
    Case("grant of a client", refuse("invalid_grant"), "tokenRefused", ("invalid_grant", "smtp.authentication.oauth2"), {"refresh_token": None}),
    Case("client", refuse("invalid_client", status=401), "tokenRefused", ("clientId", "clientSecret")),
    Case("client not allowed", refuse("unauthorized_client"), "tokenRefused", ("administrator",)),
    Case("scope", refuse("invalid_scope"), "tokenRefused", ("oauth2.scope",)),
    Case("grant type", refuse("unsupported_grant_type"), "tokenRefused", ("issues no tokens in this way",)),
    Case("request", refuse("invalid_request", "Missing parameter"), "tokenRefused", ("invalid_request: Missing parameter",)),
    Case("refused with 200", refuse("invalid_grant", status=200), "tokenRefused", ("refresh token",)),
    Case("unheard-of", refuse("x\x1b[31m" * 100, "y\r\n" * 9000), "tokenRefused", ("…",)),
    Case("Microsoft, expired secret", refuse("invalid_client", "AADSTS7000222: The provided client secret keys are expired."), "tokenRefused", ("secret has expired", "AADSTS7000222")),
    Case("Microsoft, consent", refuse("invalid_grant", "AADSTS65001: The user has not consented."), "tokenRefused", ("administrator consent",)),
    Case("Microsoft, policy", refuse("invalid_grant", "AADSTS50076: You must use multi-factor authentication."), "tokenRefused", ("policy",)),
    Case("Microsoft, tenant", refuse("invalid_request", "AADSTS90002: Tenant 'x' not found."), "tokenRefused", ("Correct the tenant",)),
    Case("Microsoft, another", refuse("invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity.\r\nTrace ID: 1234\r\nCorrelation ID: 5678"), "tokenRefused", ('inactivity.".', "Sign in anew")),
    # For now
    Case("busy", refuse("temporarily_unavailable"), "tokenUnavailable", ("later",)),
    Case("server error", refuse("server_error"), "tokenUnavailable"),
    Case("too many", say(b"slow down", status=429), "tokenUnavailable", ("HTTP status 429",)),
    Case("gateway", say(b"<html>Bad Gateway</html>", status=502), "tokenUnavailable", ("HTTP status 502",)),
    Case("broken, though it blames the grant", refuse("invalid_grant", status=500), "tokenUnavailable"),
    Case("closes", lambda wire, _form: wire.close(), "tokenEndpointUnreachable", ("closed the connection",)),
    Case("closes in the head", _raw(b"HTTP/1.1 200 OK\r\nContent-"), "tokenResponseInvalid"),
    Case("closes in the body", say(b'{"access', headers=["Content-Length: 100"]), "tokenEndpointUnreachable", ("closed the connection",)),
    Case("closes in a chunk", say(b'ff\r\n{"access', headers=["Transfer-Encoding: chunked"]), "tokenEndpointUnreachable"),
    Case("silent", lambda wire, _form: wire.wait_for_close(), "tokenEndpointUnreachable", ("time limit",), seconds=0.5),
    Case("drips its head", _drip(b"HTTP/1.1 200 OK\r\n"), "tokenEndpointUnreachable", ("time limit",), seconds=0.5),
    Case("drips its body", _drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), "tokenEndpointUnreachable", seconds=0.5),
    # No token endpoint
    Case("redirects", say(b"", status=302, headers=["Location: https://evil.example/x?y"]), "tokenRedirected", ("redirects to evil.example;", "oauth2.tokenUrl")),
    Case("redirects nowhere", say(b"", status=307), "tokenRedirected", ("another address",)),
    Case("redirects oddly", say(b"", status=308, headers=["Location: https://["]), "tokenRedirected", ("another address",)),
    Case("redirects with a token", say(dict(_ISSUED), status=301), "tokenRedirected"),
    Case("no such page", say(b"<html>", status=404), "tokenResponseInvalid", ("HTTP status 404", "oauth2.tokenUrl")),
    Case("created", say(dict(_ISSUED), status=201), "tokenResponseInvalid", ("HTTP status 201",)),
    Case("no content", _raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "tokenResponseInvalid"),
    Case("error of another kind", say({"error": {"code": 400}}, status=400), "tokenResponseInvalid", ("HTTP status 400",)),
    Case("a page", say(b"<html>Sign in</html>"), "tokenResponseInvalid", ("no JSON object",)),
    Case("a list", say(b"[]"), "tokenResponseInvalid", ("no JSON object",)),
    Case("a deep list", say(b"[" * 50_000), "tokenResponseInvalid", ("no JSON object",)),
    Case("a long number", say(b'{"expires_in": ' + b"9" * 20_000 + b"}"), "tokenResponseInvalid", ("no JSON object",)),
    Case("not UTF-8", say(b'{"access_token": "\xff"}'), "tokenResponseInvalid", ("no JSON object",)),
    Case("cut short by its length", say(b'{"access_token": "a"}', headers=["Content-Length: 9"]), "tokenResponseInvalid", ("no JSON object",)),
    Case("no token", issue(TOKEN, access_token=None), "tokenResponseInvalid", ("access_token",)),
    Case("empty token", issue(""), "tokenResponseInvalid", ("access_token",)),
    Case("token with a line break", issue("a\r\nMAIL FROM:<>"), "tokenResponseInvalid", ("access_token",)),
    Case("token with a separator", issue("a\x01b"), "tokenResponseInvalid", ("access_token",)),
    Case("token that is a number", issue(TOKEN, access_token=7), "tokenResponseInvalid", ("access_token",)),
    Case("no type", issue(TOKEN, token_type=None), "tokenResponseInvalid", ("token_type",)),
    Case("another type", issue(TOKEN, token_type="mac"), "tokenResponseInvalid", ("token_type",)),
    Case("compressed", say(b"\x1f\x8b\x08", headers=["Content-Encoding: gzip"]), "tokenResponseInvalid", ("compressed",)),
    Case("not HTTP", _raw(b"220 mail.example ESMTP\r\n"), "tokenResponseInvalid", ("does not follow HTTP",)),
    Case("binary", _raw(bytes(range(256)) * 40), "tokenResponseInvalid"),
    Case("a huge answer", _endless(b"x" * 100_000, b"HTTP/1.1 200 OK\r\n\r\n"), "tokenResponseInvalid", ("64 KiB",)),
    Case("a huge head", _endless(b"X-Header: yes\r\n", b"HTTP/1.1 200 OK\r\n"), "tokenResponseInvalid"),
    Case("a huge line", _endless(b"x" * 100_000, b"HTTP/1.1 200 "), "tokenResponseInvalid", ("64 KiB",)),
    Case("early hints for ever", _endless(b"HTTP/1.1 103 Early Hints\r\n\r\n"), "tokenResponseInvalid", ("64 KiB",)),
    Case("switches protocols", _raw(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), "tokenResponseInvalid", ("HTTP status 101",)),
    Case("early hints before a refusal", _raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + http_answer({"error": "invalid_grant"}, status=400)), "tokenRefused", ("refresh token",)),
    Case("goes on for ever", _endless(b"HTTP/1.1 100 Continue\r\n\r\n"), "tokenResponseInvalid", ("64 KiB",)),
    Case("endless chunks", _endless(b"1\r\nx\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "tokenResponseInvalid", ("64 KiB",)),
)  # fmt: skip


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_an_answer_without_a_token(ca: TestCA, case: Case) -> None:
    """Whatever an endpoint does, asking ends in time, with a code, its class, and what to do."""
    with TokenServer(ca.server_context(), case.respond) as endpoint:
        fault = fault_of(make_request(endpoint, **case.changes), seconds=case.seconds)
    assert (case.code, "auth") == (fault.code, fault.step)
    assert CHECK_CODES[case.code].failure_class == fault.failure_class
    assert [] == [word for word in case.words if word not in told(fault)]
    assert 1 == endpoint.connections


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints", "199 Whatever"])
@pytest.mark.parametrize("count", [1, 3])
def test_an_interim_answer_is_not_the_answer(ca: TestCA, interim: str, count: int) -> None:
    """Whatever 1xx comes first, once or several times, the token is in what follows (RFC 9110 section 15.2)."""
    octets = f"HTTP/1.1 {interim}\r\nLink: </style.css>; rel=preload\r\n\r\n".encode() * count + http_answer(
        dict(_ISSUED)
    )
    with TokenServer(ca.server_context(), _raw(octets)) as endpoint:
        assert TOKEN == token_of(make_request(endpoint))


def test_a_providers_words_are_shown_whole(ca: TestCA) -> None:
    """Up to 400 characters of what the provider says reach the sentence, since the cure often stands at its end."""
    said = (
        "AADSTS65002: Consent between first party application and resource must be configured. "
        + "x" * 270
        + " at the end"
    )
    with TokenServer(ca.server_context(), refuse("invalid_grant", said)) as endpoint:
        assert said in told(fault_of(make_request(endpoint)))


def test_longer_words_are_cut(ca: TestCA) -> None:
    """What is longer than 400 characters is cut, and says so."""
    with TokenServer(ca.server_context(), refuse("invalid_grant", "y" * 900)) as endpoint:
        text = told(fault_of(make_request(endpoint)))
    assert "y" * 300 in text
    assert "y" * 401 not in text
    assert "…" in text


def test_a_redirect_is_not_followed(ca: TestCA) -> None:
    """The place that an endpoint redirects to is not contacted."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as other:
        respond = say(b"", status=307, headers=[f"Location: {other.url}"])
        with TokenServer(ca.server_context(), respond) as endpoint:
            assert "tokenRedirected" == fault_of(make_request(endpoint)).code
        assert 0 == other.connections


@pytest.mark.parametrize(
    "echo",
    [
        lambda secret: secret,
        quote_plus,
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.b64encode(f"anna-client:{secret}".encode()).decode(),
        lambda secret: secret[:18],
        lambda secret: secret[3:],
        lambda secret: f"refresh_token={secret}&grant_type=refresh_token",
    ],
    ids=["plain", "form", "base64", "basic", "beginning", "end", "within"],
)
@pytest.mark.parametrize("secret", [REFRESH_TOKEN, CLIENT_SECRET], ids=["refresh token", "client secret"])
@pytest.mark.parametrize("place", ["error", "description", "redirect"])
def test_an_echoed_secret_is_masked(ca: TestCA, place: str, secret: str, echo: Callable[[str], str]) -> None:
    """An endpoint that repeats what it was sent, whole or in part, gets it into no message."""
    said = echo(secret)
    respond = {
        "error": refuse(f"no {said}"),
        "description": refuse("invalid_grant", f"The token '{said}' is malformed."),
        "redirect": say(b"", status=302, headers=[f"Location: https://{said.replace('/', '')}.example/"]),
    }[place]
    with TokenServer(ca.server_context(), respond) as endpoint:
        text = told(fault_of(make_request(endpoint)))
    pieces = {secret[start : start + 12].lower() for start in range(len(secret) - 11)}
    assert [] == [piece for piece in pieces if piece in text.lower()]
    assert said not in text


def test_a_refresh_token_that_replaced_another_is_masked_too(ca: TestCA) -> None:
    """What the endpoint issued within the run is a secret like the one that was declared."""
    rotated = "rotated-refresh-token-9876543210"
    respond = in_turn(issue(TOKEN, refresh_token=rotated, expires_in=0), refuse("invalid_grant", f"no {rotated}"))
    with TokenServer(ca.server_context(), respond) as endpoint:
        tokens = TokenCache()
        assert TOKEN == token_of(make_request(endpoint), tokens)
        assert 'It said: "invalid_grant: no ***".' in told(fault_of(make_request(endpoint), tokens))


_CERTIFICATES: dict[str, tuple[Callable[[TestCA], Any], str]] = {
    "expired": (lambda ca: ca.server_context(not_after=datetime.now(UTC) - timedelta(days=2)), "has ended"),
    "another name": (lambda ca: ca.server_context("login.example.com"), "it is for another name"),
    "unknown issuer": (lambda _ca: TestCA().server_context(), "nobody whom this machine trusts"),
    "for clients": (lambda ca: ca.client_only_context("localhost"), "not made for servers"),
}


@pytest.mark.parametrize("name", _CERTIFICATES)
def test_a_certificate_that_does_not_hold(ca: TestCA, name: str) -> None:
    """Nothing is sent to an endpoint whose certificate is refused, and the sentence says why it is."""
    make_context, word = _CERTIFICATES[name]
    with TokenServer(make_context(ca), issue(TOKEN)) as endpoint:
        fault = fault_of(make_request(endpoint))
    assert ("tokenCertificateInvalid", "permanent") == (fault.code, fault.failure_class)
    assert word in told(fault)
    assert [] == endpoint.forms


def _close_after_hello(wire: Wire) -> None:
    wire.read_octets(5)


_CLEAR_TEXT: dict[str, tuple[Script, str, float]] = {
    "web server": (lambda wire: wire.send("HTTP/1.1 400 Bad Request"), "tokenTlsFailed", 10),
    "closes": (_close_after_hello, "tokenEndpointUnreachable", 10),
    "silent": (lambda wire: wire.wait_for_close(), "tokenEndpointUnreachable", 0.5),
}


@pytest.mark.parametrize("name", _CLEAR_TEXT)
def test_a_port_without_tls(name: str) -> None:
    """No secret is sent where there is no TLS, and a handshake that does not come is not waited for."""
    script, code, seconds = _CLEAR_TEXT[name]
    with ScriptedServer(script) as server:
        url = f"https://localhost:{server.port}/token"
        fault = fault_of(make_request(token_url=url), seconds=seconds)
    assert code == fault.code
    assert told(fault)


def _failing(code: int) -> Callable[[str], tuple[str, ...]]:
    def resolver(_host: str) -> tuple[str, ...]:
        raise socket.gaierror(code, "no")

    return resolver


_RESOLVERS: dict[str, tuple[Callable[[str], tuple[str, ...]], str, str]] = {
    "no such name": (_failing(socket.EAI_NONAME), "tokenHostNotFound", "does not exist"),
    "no name server": (_failing(socket.EAI_AGAIN), "tokenEndpointUnreachable", "name servers"),
    "link-local": (lambda _host: ("169.254.169.254", "fe80::1"), "tokenHostForbidden", "169.254.169.254"),
    "unreachable": (lambda _host: ("127.255.255.255",), "tokenEndpointUnreachable", "no way through"),
}


@pytest.mark.parametrize("name", _RESOLVERS)
def test_a_host_that_is_not_reached(name: str) -> None:
    """The rules of every connection hold for this one too; link-local addresses are never contacted."""
    resolver, code, word = _RESOLVERS[name]
    fault = fault_of(make_request(), TokenCache(resolver=resolver))
    assert code == fault.code
    assert word in told(fault)
    assert "login.example.com" in told(fault)


def test_a_port_that_nobody_listens_on() -> None:
    """A refused connection is told as one."""
    fault = fault_of(make_request(token_url="https://127.0.0.1:1/token"))
    assert ("tokenEndpointUnreachable", "transient") == (fault.code, fault.failure_class)
    assert "refused the connection" in told(fault)


def test_a_name_that_is_never_resolved_is_bounded() -> None:
    """The resolver cannot be interrupted, so it is left behind when the time is up."""
    answered = threading.Event()

    def resolver(_host: str) -> tuple[str, ...]:
        answered.wait(20)
        return ()

    fault = fault_of(make_request(), TokenCache(resolver=resolver), seconds=0.2)
    answered.set()
    assert "tokenEndpointUnreachable" == fault.code
    assert "time limit" in told(fault)


@pytest.mark.parametrize("globs", [("smtp.example.com", "*.example.org"), ()])
def test_an_unlisted_host_is_not_contacted(ca: TestCA, globs: tuple[str, ...]) -> None:
    """verification.servers holds for token endpoints as it does for mail servers."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        fault = fault_of(make_request(endpoint), TokenCache(allowed_hosts=globs))
        assert 0 == endpoint.connections
    assert "tokenHostForbidden" == fault.code
    assert "verification.servers" in told(fault)


@pytest.mark.parametrize("globs", [("smtp.example.com", "LOCAL*"), ("localhost",), ("*",)])
def test_a_listed_host_is_contacted(ca: TestCA, globs: tuple[str, ...]) -> None:
    """Globs match in any case, and the default allows every host."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint:
        assert TOKEN == token_of(make_request(endpoint), TokenCache(allowed_hosts=globs))


_BAD_ADDRESSES = (
    "http://login.example.com/token",
    "https://login.example.com:99999/token",
    "https://:secret-in-address@login.example.com/token",
    "https://[::1/token",
    "https://-bad-.example/token",
    "https:///token",
    "ftp://login.example.com",
    "http://login.example.com/\x1b[31m" + "x" * 500,
)


@pytest.mark.parametrize("url", _BAD_ADDRESSES)
def test_an_address_that_is_none(url: str) -> None:
    """Only https is spoken, and an address of no use is said to be one."""
    fault = fault_of(make_request(token_url=url))
    assert "tokenUrlInvalid" == fault.code
    assert "oauth2.tokenUrl" in told(fault)
    assert "secret-in-address" not in told(fault)


def test_a_client_without_any_secret_is_not_tried() -> None:
    """Without client secret and refresh token there is nothing to get a token by."""
    fault = fault_of(make_request(client_secret=None, refresh_token=None))
    assert "credentialMissing" == fault.code
    assert "Write refreshToken, clientSecret, clientCertificate or serviceAccount" in told(fault)


def test_a_secret_that_is_no_text_is_not_sent() -> None:
    """Bytes of a variable that are no Unicode end in a fault, not in a traceback."""
    assert "credentialUnusable" == fault_of(make_request(refresh_token=SecretValue("a\udcff"))).code


REACHED = {case.code for case in _CASES} | {code for _, code, _ in _RESOLVERS.values()} | {
    "tokenCertificateInvalid", "tokenTlsFailed", "tokenUrlInvalid",
}  # fmt: skip
"""The codes of ``model.check_codes`` that the tests of this module reach, beside those of other modules."""


def test_every_code_is_explained() -> None:
    """Each code has a sentence, a cause and a cure, and occurs at the login alone."""
    assert [] == [name for name in sorted(REACHED) if template_of(name) is None]
    assert {("auth",)} == {CHECK_CODES[name].checks for name in REACHED}


@pytest.mark.parametrize("filler", [" ", "\t\n", "Trace ID", ": "])
def test_an_endless_description_is_not_searched(filler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a description of the greatest size only the beginning is searched, whatever it is made of."""
    searched: list[int] = []

    class Noting(CredentialMask):
        def apply(self, octets: bytes) -> bytes:
            searched.append(len(octets))
            return super().apply(octets)

    trace = answers._TRACE  # noqa: SLF001 - the search whose cost grows with the square of the text

    class Pattern:
        def sub(self, replacement: str, text: str) -> str:
            searched.append(len(text))
            return trace.sub(replacement, text)

    monkeypatch.setattr(answers, "CredentialMask", Noting)
    monkeypatch.setattr(answers, "_TRACE", Pattern())
    description = (filler * 60_000)[:60_000] + "x"
    content = json.dumps({"error": "invalid_grant", "error_description": description}).encode()
    request = make_request()
    with pytest.raises(SmtpFault) as refused:
        judge(Answer(status=400, content=content), request, endpoint_of(request.token_url))
    assert "tokenRefused" == refused.value.code
    assert searched
    assert max(searched) <= 2_000
