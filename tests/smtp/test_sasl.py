"""The mechanisms against the RFCs' own examples, and against servers written from the RFCs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.secrets.values import SecretValue
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.sasl import MECHANISMS, Credential, Exchange, choose
from reconciler.smtp.sasl.saslprep import Prohibited, saslprep
from tests.support import sasl
from tests.support.sasl import ScramAccount, Verdict, play

_SECRET = "pencil"
_NONCE = "rOprNGfwEbeRWgbNEkqO"
_PASSWORDS = ["scram-sha-256", "plain", "login", "cram-md5"]
_TOKENS = ["oauthbearer", "xoauth2"]


def _exchange(mechanism: str, username: str = "user", secret: str = _SECRET, *, nonce: str = _NONCE) -> Exchange:
    credential = Credential(username, SecretValue(secret), is_token=mechanism in _TOKENS)
    return MECHANISMS[mechanism](credential, nonce=nonce)


def _fault(call: Any, *args: Any, **kwargs: Any) -> SmtpFault:
    with pytest.raises(SmtpFault) as caught:
        call(*args, **kwargs)
    assert caught.value.step == "auth"
    return caught.value


def test_the_example_of_rfc_2195() -> None:
    """CRAM-MD5 gives the digest of RFC 2195 section 2."""
    exchange = _exchange("cram-md5", "tim", "tanstaaftanstaaf")
    assert exchange.initial_response() is None
    challenge = base64.b64decode("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+")
    assert exchange.respond(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"
    assert exchange.derived_secrets() == (b"b913a602c7eda7a495b4e6e7334d3890",)


def test_the_example_of_rfc_7677() -> None:
    """SCRAM-SHA-256 gives the messages of RFC 7677 section 3, and believes the server's signature."""
    exchange = _exchange("scram-sha-256")
    assert exchange.initial_response() == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert exchange.respond(first) == final
    assert exchange.derived_secrets() == (b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",)
    assert exchange.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == b""
    exchange.require_success()


def test_the_example_of_googles_xoauth2() -> None:
    """XOAUTH2 gives the response of Google's page, "OAuth 2.0 Mechanism"."""
    exchange = _exchange("xoauth2", "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
    expected = (
        b"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZ"
        b"Mjl0Q2cBAQ=="
    )
    assert base64.b64encode(exchange.initial_response() or b"") == expected


def test_the_message_of_rfc_7628() -> None:
    """OAUTHBEARER begins with a GS2 header in which the user name is escaped, and leaves optional fields out."""
    exchange = _exchange("oauthbearer", "us=er,@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")
    expected = b"n,a=us=3Der=2C@example.com,\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    assert exchange.initial_response() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("I\u00adX", "IX"), ("user", "user"), ("USER", "USER"), ("\u00aa", "a"), ("\u2168", "IX"), ("a\u00a0b", "a b")],
)
def test_the_examples_of_rfc_4013(text: str, expected: str) -> None:
    """SASLprep maps as RFC 4013 section 3 shows."""
    assert expected == saslprep(text)


@pytest.mark.parametrize(
    "text",
    ["\x07", "\u06271", "a\u0627", "\u0627a\u0627", "\ue000", "\ufffd", "\u2028", "\U0001f600", "\u200e"],
)
def test_what_saslprep_prohibits(text: str) -> None:
    """Control, private, newer and direction-changing characters, and mixed directions of writing, are refused."""
    with pytest.raises(Prohibited):
        saslprep(text)


_prepared = st.text(st.characters(codec="utf-8", max_codepoint=0x17F, categories=["L", "N", "P"]), min_size=1).filter(
    lambda text: text == saslprep(text)
)
_words = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1)
_tokens = st.from_regex(r"[A-Za-z0-9._~+/-]{1,200}={0,2}", fullmatch=True)


@settings(max_examples=25, deadline=None)
@given(username=_prepared, password=_prepared, salt=st.binary(min_size=1, max_size=40), extra=st.integers(0, 50))
def test_scram_round_trip(username: str, password: str, salt: bytes, extra: int) -> None:
    """Any prepared user name and password log in, with any salt, and both sides are sure of each other."""
    account = ScramAccount(salt=salt, iterations=4096 + extra)
    exchange = _exchange("scram-sha-256", username, password)
    verdict = play(sasl.scram_sha_256({username: password}, account), exchange.initial_response(), exchange.respond)
    assert verdict == Verdict(username, is_right=True)
    exchange.require_success()


@settings(max_examples=50, deadline=None)
@given(username=_words, password=_words)
def test_cram_md5_round_trip(username: str, password: str) -> None:
    """Any user name and password log in, in UTF-8."""
    exchange = _exchange("cram-md5", username, password)
    assert play(sasl.cram_md5({username: password}), None, exchange.respond) == Verdict(username, is_right=True)


@pytest.mark.parametrize(("mechanism", "server"), [("oauthbearer", sasl.oauthbearer), ("xoauth2", sasl.xoauth2)])
@settings(max_examples=50, deadline=None)
@given(username=st.emails(), token=_tokens)
def test_token_round_trip(mechanism: str, server: Any, username: str, token: str) -> None:
    """Any token logs in its user."""
    exchange = _exchange(mechanism, username, token)
    verdict = play(server({username: token}), exchange.initial_response(), exchange.respond)
    assert verdict == Verdict(username, is_right=True)


@pytest.mark.parametrize("name", ["cram-md5", "scram-sha-256", *_TOKENS])
def test_a_wrong_secret_is_refused(name: str) -> None:
    """A wrong secret leads to the server's refusal, and what it told on the way is kept."""
    exchange = _exchange(name, "user", "wrong")
    login = sasl.MECHANISMS[name.upper()]({"user": "pencil"})
    assert play(login, exchange.initial_response(), exchange.respond) == Verdict("user", is_right=False)
    expected: dict[str, dict[str, str]] = {"cram-md5": {}, "scram-sha-256": {"error": "invalid-proof"}}
    assert exchange.told() == expected.get(name, {"status": "invalid_token", "scope": "mail.send"})


def test_a_server_that_accepts_without_proof_is_not_believed() -> None:
    """A SCRAM server that never signs is not authentic, however much it welcomes."""
    exchange = _exchange("scram-sha-256")
    account = ScramAccount(change_final=lambda _: b"")
    play(sasl.scram_sha_256({"user": "pencil"}, account), exchange.initial_response(), exchange.respond)
    assert _fault(exchange.require_success).code == "serverNotAuthentic"


def test_a_server_with_another_signature_is_not_believed() -> None:
    """A SCRAM server that does not know the password cannot sign."""
    exchange = _exchange("scram-sha-256")
    account = ScramAccount(change_final=lambda _: b"v=" + base64.b64encode(bytes(32)))
    login = sasl.scram_sha_256({"user": "pencil"}, account)
    assert _fault(play, login, exchange.initial_response(), exchange.respond).code == "serverNotAuthentic"


@pytest.mark.parametrize(
    ("first", "word"),
    [
        (b"r=" + _NONCE.encode() + b",s=c2FsdA==,i=4096", "nonce"),
        (b"r=other-nonce,s=c2FsdA==,i=4096", "nonce"),
        (b"r=" + _NONCE.encode() + b"x,s=c2FsdA==,i=4095", "4095 iterations"),
        (b"r=" + _NONCE.encode() + b"x,s=c2FsdA==,i=1000001", "1000001 iterations"),
        (b"r=" + _NONCE.encode() + b"x,s=c2FsdA==,i=" + b"9" * 500, "RFC 5802"),
        (b"r=" + _NONCE.encode() + b"x,s=c2FsdA==,i=-1", "RFC 5802"),
        (b"r=" + _NONCE.encode() + b"x,s=====,i=4096", "RFC 5802"),
        (b"r=" + _NONCE.encode() + b"x,i=4096", "RFC 5802"),
        (b"m=must,r=" + _NONCE.encode() + b"x,s=c2FsdA==,i=4096", "RFC 5802"),
        (b"\xff\0", "RFC 5802"),
        (b"", "RFC 5802"),
        (None, "base64"),
    ],
)
def test_a_broken_scram_challenge_is_refused(first: bytes | None, word: str) -> None:
    """A server-first-message that does not hold gets no proof, and no unbounded work."""
    exchange = _exchange("scram-sha-256")
    exchange.initial_response()
    fault = _fault(exchange.respond, first)
    assert (fault.code, exchange.derived_secrets()) == ("unexpectedChallenge", ())
    assert word in fault.facts["reason"]


@settings(max_examples=200, deadline=None)
@given(
    challenges=st.lists(st.none() | st.binary(max_size=60), min_size=4, max_size=4),
    name=st.sampled_from(sorted(MECHANISMS)),
)
def test_no_server_can_go_on_asking(name: str, challenges: list[bytes | None]) -> None:
    """Whatever a server sends, a mechanism answers at most three times, and ends in a fault of its own."""
    exchange = _exchange(name)

    def ask() -> None:
        for challenge in challenges:
            exchange.respond(challenge)

    assert _fault(ask).code in {"unexpectedChallenge", "serverNotAuthentic"}


@pytest.mark.parametrize("name", _TOKENS)
@pytest.mark.parametrize(
    ("challenge", "expected"),
    [
        (json.dumps({"status": 400, "scope": "s", "schemes": "Bearer"}).encode(), {"status": "400", "scope": "s"}),
        (b'{"status": {"a": 1}, "scope": null}', {}),
        (b"[" * 3000, {}),
        (b"[]", {}),
        (b"\xff\xfe", {}),
        (b"", {}),
        (None, {}),
    ],
)
def test_the_refusal_of_a_token_is_answered_whatever_it_says(
    name: str, challenge: bytes | None, expected: dict[str, str]
) -> None:
    """JSON or not, the challenge is answered so that the reply comes; a second one is refused."""
    exchange = _exchange(name)
    assert exchange.respond(challenge) == {"oauthbearer": b"\x01", "xoauth2": b""}[name]
    assert exchange.told() == expected
    assert _fault(exchange.respond, challenge).code == "unexpectedChallenge"


@pytest.mark.parametrize("name", _PASSWORDS)
@pytest.mark.parametrize(("username", "password"), [("a\0b", "secret"), ("anna", "se\0cret"), ("anna", "\ud800")])
def test_a_credential_that_cannot_be_carried_is_refused(name: str, username: str, password: str) -> None:
    """NUL and lone surrogates end in a clear fault before anything is sent."""
    assert _fault(_exchange, name, username, password).code == "credentialUnusable"


@pytest.mark.parametrize("name", _TOKENS)
@pytest.mark.parametrize(
    ("username", "token"),
    [("anna", "two words"), ("anna", ""), ("anna", "tok\x01en"), ("anna", "żeton"), ("a\x01", "t")],
)
def test_a_token_that_is_none_is_refused(name: str, username: str, token: str) -> None:
    """What could break the message apart, or is no token at all, is not sent."""
    assert _fault(_exchange, name, username, token).code == "credentialUnusable"


@pytest.mark.parametrize(
    ("username", "password"), [("\u00ad", "secret"), ("anna", "\U0001f600"), ("\u06271", "secret")]
)
def test_scram_refuses_what_saslprep_prohibits(username: str, password: str) -> None:
    """A prohibited character is a fault that names the rule."""
    fault = _fault(_exchange, "scram-sha-256", username, password)
    assert (fault.code, fault.facts["variant"]) == ("credentialUnusable", "prohibited")


def _chosen(declared: str, offered: set[str], *, secret: str = _SECRET, is_token: bool = False) -> str:
    credential = Credential("user", SecretValue(secret), is_token=is_token)
    return choose(declared, offered, credential, nonce=_NONCE).wire_name


_ALL = {mechanism.wire_name for mechanism in MECHANISMS.values()}


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (_ALL, "SCRAM-SHA-256"),
        ({"LOGIN", "PLAIN", "CRAM-MD5"}, "PLAIN"),
        ({"LOGIN", "CRAM-MD5", "XOAUTH2"}, "LOGIN"),
        ({"CRAM-MD5", "XOAUTH2", "GSSAPI"}, "CRAM-MD5"),
    ],
)
def test_the_strongest_for_a_password(offered: set[str], expected: str) -> None:
    """With a password, auto takes the strongest offered, and never a mechanism for tokens."""
    assert expected == _chosen("auto", offered)


@pytest.mark.parametrize(("offered", "expected"), [(_ALL, "OAUTHBEARER"), ({"XOAUTH2", "PLAIN"}, "XOAUTH2")])
def test_the_strongest_for_a_token(offered: set[str], expected: str) -> None:
    """With a token, auto takes the standard mechanism first, and never one for passwords."""
    assert expected == _chosen("auto", offered, is_token=True)


def test_auto_passes_over_what_cannot_carry_the_password() -> None:
    """SCRAM knows no emoji; where PLAIN is offered too, auto takes that, before anything is sent."""
    assert _chosen("auto", _ALL, secret="\U0001f600-secret") == "PLAIN"
    assert _fault(_chosen, "auto", {"SCRAM-SHA-256"}, secret="\U0001f600").code == "credentialUnusable"


@pytest.mark.parametrize("name", sorted(MECHANISMS))
def test_a_declared_mechanism_is_taken(name: str) -> None:
    """What is declared is used, however strong the others are."""
    assert _chosen(name, _ALL, is_token=name in _TOKENS) == name.upper()


@pytest.mark.parametrize(
    ("declared", "offered", "is_token", "expected"),
    [
        ("auto", set[str](), False, ("authNotOffered", None)),
        ("auto", {"GSSAPI"}, False, ("mechanismNotOffered", "auto")),
        ("auto", {"XOAUTH2"}, False, ("mechanismNotOffered", "tokenOnly")),
        ("auto", {"PLAIN"}, True, ("mechanismNotOffered", "passwordOnly")),
        ("auto", {"GSSAPI"}, True, ("mechanismNotOffered", "auto")),
        ("login", {"PLAIN"}, False, ("mechanismNotOffered", None)),
        ("plain", {"PLAIN"}, True, ("credentialUnusable", "token")),
        ("xoauth2", {"XOAUTH2"}, False, ("credentialUnusable", "password")),
    ],
)
def test_a_mechanism_that_cannot_be_used_is_named(
    declared: str,
    offered: set[str],
    is_token: bool,  # noqa: FBT001 - a table's column
    expected: tuple[str, str | None],
) -> None:
    """There is no silent fallback: to another mechanism, to the other kind of secret, or to no login."""
    fault = _fault(_chosen, declared, offered, is_token=is_token)
    assert expected == (fault.code, fault.facts.get("variant"))
