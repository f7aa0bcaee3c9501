"""A login that a server rejects: what is told of the password and the mechanism, and when another mechanism is tried."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.secrets.values import SecretValue
from tests.support.scripted import CLOSE, ScriptedServer, polite
from tests.verification.cases import PLAIN
from tests.verification.targets import PASSWORD, Token, check_settings, failure

_REJECTED = {"AUTH": "535 5.7.8 Authentication credentials invalid"}
_OFFER = "250-test.example\r\n250 AUTH PLAIN LOGIN XOAUTH2"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ('"quoted-horse"', "quotation marks"),
        ("spaced-horse ", "a space stands at its end"),
        ("schrödinger", "sent as UTF-8"),
        ("${SMTP_HORSE}", "nothing has filled in"),
        ("abcd efgh ijkl mnop", "without the spaces"),
        ("anna", "same as the user name"),
    ],
)
def test_a_mistake_in_the_value_is_told_and_the_value_is_not(password: str, words: str) -> None:
    """The sentence tells how the value looks; of the value itself nothing stands in it, nor in what is kept."""
    with ScriptedServer(polite(_REJECTED)) as server:
        finding = check_settings(server, **PLAIN, password=SecretValue(password))
    assert words in failure(finding).message
    assert password == "anna" or password.strip('"') not in finding.verification.model_dump_json()
    assert (server.connections, server.received(b"AUTH")) == (1, 1)


def test_the_mechanism_and_the_others_are_told() -> None:
    """On 535 the sentence names the mechanism used, and those that the server offers besides."""
    with ScriptedServer(polite({**_REJECTED, "EHLO": _OFFER})) as server:
        message = failure(check_settings(server, **PLAIN)).message
    assert "It was sent by PLAIN; the server offers LOGIN, XOAUTH2 too." in message
    assert "Of the value" not in message
    assert PASSWORD not in message


def test_of_a_token_nothing_is_told() -> None:
    """Remarks are on passwords: a token is not what people type."""
    with ScriptedServer(polite({**_REJECTED, "EHLO": _OFFER})) as server:
        finding = check_settings(server, **PLAIN, password=None, token=Token("abc"))
    assert "It was sent by" not in failure(finding).message


_AT_FAULT = (
    "502 5.5.1 Command not implemented",
    "504 Unrecognized authentication type",
    "504 5.7.4 Unrecognized authentication type",
    "501 5.5.4 Invalid argument",
    "534 5.7.4 not with this mechanism",
)


@pytest.mark.parametrize("reply", _AT_FAULT)
def test_a_mechanism_at_fault_gives_way_to_the_next(reply: str) -> None:
    """A server that refuses the mechanism which it offered gets the password by the next one, on the same connection."""
    with ScriptedServer(polite({"AUTH": [reply, "334 VXNlcm5hbWU6"]})) as server:
        finding = check_settings(server, **PLAIN)
    assert finding.verification.status == "passed"
    assert finding.observed.mechanism == "LOGIN"
    assert [line.split()[1] for line in server.lines if line.startswith(b"AUTH")] == [b"PLAIN", b"LOGIN"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "reply",
    [
        "535 5.7.8 Authentication credentials invalid",
        "535 5.5.4 Invalid authentication mechanism",
        "535 5.7.4 no",
        "534 5.7.9 too weak",
        "550 5.7.1 no",
        "454 4.7.0 later",
        "421 4.3.2 closing",
        CLOSE,
    ],
)
def test_nothing_else_leads_to_a_second_login(reply: str) -> None:
    """After a refusal of the password, or of anything but the mechanism, no other mechanism is tried."""
    with ScriptedServer(polite({"AUTH": [reply, "235 welcome"]})) as server:
        finding = check_settings(server, **PLAIN)
    assert failure(finding).check == "auth"
    assert server.received(b"AUTH") == 1


def test_a_password_that_the_next_mechanism_rejects_is_rejected() -> None:
    """Once the next mechanism carried the password, its refusal is final, and named."""
    offer = "250-test.example\r\n250 AUTH PLAIN LOGIN CRAM-MD5"
    replies = ["504 5.5.4 no", "334 VXNlcm5hbWU6", "235 never"]
    with ScriptedServer(polite({"EHLO": offer, "AUTH": replies, "RESPONSE2": "535 5.7.8 wrong"})) as server:
        failed = failure(check_settings(server, **PLAIN))
    assert failed.code == "credentialsRejected"
    assert "It was sent by LOGIN" in failed.message
    assert server.received(b"AUTH") == 2


def test_when_all_are_at_fault_all_are_named() -> None:
    """Where every mechanism that was offered is refused, the sentence names them."""
    with ScriptedServer(polite({"AUTH": "504 5.5.4 no"})) as server:
        failed = failure(check_settings(server, **PLAIN))
    assert failed.code == "mechanismRefused"
    assert "PLAIN and LOGIN" in failed.message
    assert server.received(b"AUTH") == 2


@pytest.mark.parametrize("changes", [{"mechanism": "plain"}, {"password": None, "token": Token("abc")}])
def test_a_declared_mechanism_and_a_token_stay_alone(changes: dict[str, Any]) -> None:
    """Where the account names the mechanism, or has a token, there is one login by it."""
    offer = "250-test.example\r\n250 AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER"
    with ScriptedServer(polite({"EHLO": offer, "AUTH": "504 5.5.4 no"})) as server:
        failed = failure(check_settings(server, **{**PLAIN, **changes}))
    assert failed.code == "mechanismRefused"
    assert server.received(b"AUTH") == 1
