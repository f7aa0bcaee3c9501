"""Logging in with a token: when it is asked for, what goes over the wire, and what is never asked."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.oauth2 import TokenCache, TokenRequest
from reconciler.smtp.faults import SmtpFault
from tests.support.scripted import ScriptedServer, polite
from tests.support.tokenserver import TokenServer, issue, refuse
from tests.verification.cases import Case, assert_failed
from tests.verification.targets import Elsewhere, check_settings, failure, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.smtp.deadline import Deadline
    from tests.support.certificates import TestCA

TOKEN = "ya29.access-token_0123456789"
_OFFER = "250-test.example\r\n250 AUTH PLAIN LOGIN XOAUTH2"
_REPLIES = {"EHLO": _OFFER, "AUTH": "235 2.7.0 welcome"}
_RESPONSES = {
    "xoauth2": f"user=anna\x01auth=Bearer {TOKEN}\x01\x01",
    "oauthbearer": f"n,a=anna,\x01auth=Bearer {TOKEN}\x01\x01",
}


class Source:
    """A source of tokens that counts how often it is asked; with a fault it raises that."""

    def __init__(self, fault: SmtpFault | None = None, *, times: int = 99, is_known: bool = False) -> None:
        """Keep what to do; the fault comes the first ``times``."""
        self.asked = 0
        self._fault = fault
        self._times = times
        self._is_known = is_known

    def __call__(self, deadline: Deadline, /) -> SecretValue:
        """Return the token."""
        self.asked += 1
        assert deadline.remaining_seconds() <= 5
        if self._fault is not None and self.asked <= self._times:
            raise self._fault
        return SecretValue(TOKEN)

    def known(self) -> SecretValue | None:
        """Return the token if it is to be known beforehand."""
        return SecretValue(TOKEN) if self._is_known else None


def account(source: Source | Any, **changes: Any) -> dict[str, Any]:
    """Return what an account with a token declares, on a server without TLS on this machine."""
    return {"encryption": "none", "password": None, "token": source, **changes}


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
@pytest.mark.parametrize("declares", ["the mechanism", "auto"])
def test_the_token_logs_in(mechanism: str, declares: str) -> None:
    """The response holds user name and token as the mechanism wants them, and only token mechanisms carry it."""
    source = Source()
    offer = f"250-test.example\r\n250 AUTH PLAIN {mechanism.upper()}"
    with ScriptedServer(polite({"EHLO": offer})) as server:
        chosen = "auto" if declares == "auto" else mechanism
        finding = check_settings(server, **account(source, mechanism=chosen))
    response = base64.b64encode(_RESPONSES[mechanism].encode()).decode()
    assert [f"AUTH {mechanism.upper()} {response}".encode()] == [
        line for line in server.lines if line.startswith(b"AUTH")
    ]
    assert "passed" == finding.verification.status
    assert mechanism.upper() == finding.observed.mechanism
    assert 1 == source.asked


def test_the_token_is_got_after_tls(ca: TestCA) -> None:
    """With STARTTLS the endpoint is asked once the connection is encrypted, and the token travels inside."""
    source = Source()
    replies = {"EHLO": "250-test.example\r\n250-STARTTLS\r\n250 AUTH XOAUTH2"}
    with ScriptedServer(polite(replies, tls_context=ca.server_context())) as server:
        finding = check_settings(server, **account(source, encryption="starttls", host="localhost", ca_pem=ca.pem))
    assert ("passed", 1) == (finding.verification.status, source.asked)


_NEVER: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "withheld": ({"EHLO": _OFFER}, {"withheld": "The route is new."}, "withheld"),
    "unencrypted": ({"EHLO": _OFFER}, {"make_dialer": Elsewhere}, "withheld"),
    "not offered": ({}, {}, "mechanismNotOffered"),
    "declared and not offered": ({}, {"mechanism": "xoauth2"}, "mechanismNotOffered"),
    "no login": ({"EHLO": "250 test.example"}, {}, "authNotOffered"),
    "no user name": ({"EHLO": _OFFER}, {"username": None}, "credentialMissing"),
    "beyond the depth": ({"EHLO": _OFFER}, {"depth": "connect"}, "beyondDepth"),
}


@pytest.mark.parametrize("name", _NEVER)
def test_a_token_that_is_of_no_use_is_not_asked_for(name: str) -> None:
    """No token is asked for before it is known that it may travel and that the server would take it."""
    replies, changes, code = _NEVER[name]
    source = Source()
    with ScriptedServer(polite(replies)) as server:
        finding = check_settings(server, **account(source, **changes))
    assert code == outcome(finding)["auth"]
    assert 0 == source.asked
    assert 0 == server.received(b"AUTH")


def test_a_token_that_is_missing_is_a_missing_credential() -> None:
    """A mechanism for tokens without any source of one fails; nothing is sent."""
    with ScriptedServer(polite(_REPLIES)) as server:
        finding = check_settings(server, **account(None, mechanism="xoauth2"))
    assert_failed(finding, Case("credentialMissing", "auth", "permanent"))


def test_a_source_alone_declares_a_login() -> None:
    """A token without mechanism and user name is not passed over as if no login were declared."""
    with ScriptedServer(polite(_REPLIES)) as server:
        finding = check_settings(server, **account(Source(), mechanism=None, username=None))
    assert_failed(finding, Case("credentialMissing", "auth", "permanent"))


def test_a_fault_of_the_source_is_the_failed_check() -> None:
    """What went wrong at the endpoint is told under auth, and no login is tried."""
    fault = SmtpFault("tokenHostNotFound", step="auth", facts={"token_host": "login.example.com"})
    with ScriptedServer(polite(_REPLIES)) as server:
        finding = check_settings(server, **account(Source(fault)))
    assert_failed(finding, Case("tokenHostNotFound", "auth", "permanent", words=("login.example.com",)))
    assert 0 == server.received(b"AUTH")


def test_a_refused_token_is_tried_once() -> None:
    """A token that the server does not take is neither asked for nor sent a second time."""
    source = Source()
    with ScriptedServer(polite({**_REPLIES, "AUTH": "535 5.7.8 bad token " + TOKEN})) as server:
        finding = check_settings(server, **account(source))
    assert ("auth", "failed") == (failure(finding).check, finding.verification.status)
    assert (1, 1) == (source.asked, server.received(b"AUTH"))
    assert TOKEN not in finding.verification.model_dump_json()


def test_an_endpoint_that_is_unavailable_is_asked_again() -> None:
    """What may pass by itself is tried again, since no login was tried yet."""
    source = Source(SmtpFault("tokenUnavailable", step="auth", facts={"token_host": "login.example.com"}), times=1)
    with ScriptedServer(polite(_REPLIES)) as server:
        finding = check_settings(server, **account(source))
    assert "passed" == finding.verification.status
    assert 2 == source.asked
    assert 1 == server.received(b"AUTH")


def test_a_known_token_is_masked_from_the_first_word_on() -> None:
    """A server that learned the token from another account cannot say it before the login."""
    with ScriptedServer(polite({"GREETING": f"554 5.7.1 not for {TOKEN}"})) as server:
        finding = check_settings(server, **account(Source(is_known=True)))
    assert "not for ***" in failure(finding).message
    assert TOKEN not in finding.verification.model_dump_json()


@pytest.fixture
def _trusted(ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the CA in place of the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.write_pem(tmp_path / "ca.pem")))


@pytest.mark.usefixtures("_trusted")
def test_a_token_comes_from_an_endpoint(ca: TestCA) -> None:
    """The whole way: a refresh token is exchanged, and the mail server sees the access token."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint, ScriptedServer(polite(_REPLIES)) as server:
        request = TokenRequest(token_url=endpoint.url, client_id="c", refresh_token=SecretValue("refresh-me"))
        finding = check_settings(server, **account(TokenCache().source(request)))
    response = base64.b64encode(_RESPONSES["xoauth2"].encode())
    assert ("passed", 1) == (finding.verification.status, server.received(b"AUTH XOAUTH2 " + response))
    assert [{"grant_type": "refresh_token", "refresh_token": "refresh-me", "client_id": "c"}] == endpoint.forms


@pytest.mark.usefixtures("_trusted")
def test_a_refused_refresh_token_is_told(ca: TestCA) -> None:
    """The sentence names the endpoint and what to do; it does not repeat the refresh token."""
    respond = refuse("invalid_grant", "refresh-me-not is no token")
    with TokenServer(ca.server_context(), respond) as endpoint, ScriptedServer(polite(_REPLIES)) as server:
        request = TokenRequest(token_url=endpoint.url, client_id="c", refresh_token=SecretValue("refresh-me-not"))
        finding = check_settings(server, **account(TokenCache().source(request)))
    words = ("localhost", "Get a new refresh token", "*** is no token")
    assert_failed(finding, Case("tokenRefused", "auth", "permanent", words=words))
