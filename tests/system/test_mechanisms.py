"""Logins at Postfix, where Dovecot decides: every mechanism, over both kinds of TLS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.system.accounts import MECHANISMS, PASSWORD_MECHANISMS, TOKEN_MECHANISMS, check_account, secret_of, sender
from tests.system.support.users import OPERATOR, POLISH, POLISH_LOGIN, SALES, User
from tests.verification.targets import failure, outcome

if TYPE_CHECKING:
    from tests.system.support.keys import Keys
    from tests.system.support.postfix import Postfix

_ENCRYPTIONS = ("starttls", "tls")
_STRONGEST = "SCRAM-SHA-256"


def _wire_name(mechanism: str) -> str:
    return _STRONGEST if mechanism == "auto" else mechanism.upper()


@pytest.mark.parametrize("user", [SALES, POLISH], ids=["ascii", "polish"])
@pytest.mark.parametrize("encryption", _ENCRYPTIONS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_right_credential_logs_in(postfix: Postfix, keys: Keys, mechanism: str, encryption: str, user: User) -> None:
    """The mechanism that is declared is used, the test message arrives, and Postfix tells the same of it."""
    finding = check_account(
        postfix.ports[encryption], user=user, mechanism=mechanism, encryption=encryption, ca_pem=keys.ca_pem
    )
    assert {"ok", "notDeclared"} == set(outcome(finding).values())
    assert (_wire_name(mechanism), "TLSv1.3") == (finding.observed.mechanism, finding.observed.tls_version)
    queue_id = _queue_id(finding.observed.queue_id)
    message = postfix.message(OPERATOR, queue_id)
    assert user.name == message["From"].addresses[0].addr_spec
    assert [f"sasl_method={_wire_name(mechanism)}, sasl_username={user.name}"] == re.findall(
        rf"{queue_id}: client=[^,]*, (sasl_method=[^,]*, sasl_username=\S+)", postfix.log
    )


@pytest.mark.parametrize("encryption", _ENCRYPTIONS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_credential_is_tried_once(postfix: Postfix, keys: Keys, mechanism: str, encryption: str) -> None:
    """A wrong password or token fails the auth check, permanently, and Postfix has seen one login."""
    before = postfix.log.count("authentication failed")
    finding = check_account(
        postfix.ports[encryption],
        mechanism=mechanism,
        encryption=encryption,
        ca_pem=keys.ca_pem,
        has_right_secret=False,
    )
    failed = failure(finding)
    code = "accessTokenRejected" if mechanism in TOKEN_MECHANISMS else "credentialsRejected"
    assert "auth" == failed.check
    assert code == failed.code
    assert "permanent" == failed.class_
    assert "535 5.7.8" in failed.message
    assert 1 == postfix.log.count("authentication failed") - before


@pytest.mark.parametrize("mechanism", PASSWORD_MECHANISMS)
def test_a_password_beyond_ascii_that_is_wrong_is_refused(postfix: Postfix, keys: Keys, mechanism: str) -> None:
    """Letters beyond ASCII in a wrong password end as any wrong password does."""
    finding = check_account(
        postfix.ports["tls"],
        mechanism=mechanism,
        encryption="tls",
        ca_pem=keys.ca_pem,
        password=secret_of(POLISH, mechanism),
    )
    assert "credentialsRejected" == failure(finding).code


@pytest.mark.parametrize("mechanism", PASSWORD_MECHANISMS)
def test_a_user_name_beyond_ascii_logs_in(postfix: Postfix, keys: Keys, mechanism: str) -> None:
    """Letters beyond ASCII in the user name go through every mechanism with a password."""
    finding = check_account(
        postfix.ports["starttls"],
        user=POLISH,
        mechanism=mechanism,
        username=POLISH_LOGIN,
        ca_pem=keys.ca_pem,
        depth="auth",
    )
    assert "passed" == finding.verification.status


@pytest.mark.parametrize("mechanism", ["cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"])
def test_a_mechanism_that_is_not_offered_is_not_tried(postfix: Postfix, keys: Keys, mechanism: str) -> None:
    """A server with PLAIN and LOGIN only gets no other login, and the message names what it offers."""
    finding = check_account(postfix.ports["plainMechanismsOnly"], mechanism=mechanism, ca_pem=keys.ca_pem)
    failed = failure(finding)
    assert ("auth", "mechanismNotOffered") == (failed.check, failed.code)
    assert "LOGIN PLAIN" in failed.message


def test_auto_takes_what_there_is(postfix: Postfix, keys: Keys) -> None:
    """Where only PLAIN and LOGIN are offered, auto uses PLAIN."""
    finding = check_account(postfix.ports["plainMechanismsOnly"], ca_pem=keys.ca_pem, depth="auth")
    assert ("PLAIN", "passed") == (finding.observed.mechanism, finding.verification.status)


def test_an_unknown_user_is_refused_like_a_wrong_password(postfix: Postfix, keys: Keys) -> None:
    """A user that the server does not know gives the same code as a wrong password."""
    finding = check_account(
        postfix.ports["starttls"], username="nobody@example.com", senders=(sender(SALES.name),), ca_pem=keys.ca_pem
    )
    assert "credentialsRejected" == failure(finding).code


def _queue_id(words: str | None) -> str:
    match = re.search(r"queued as (\w+)", words or "")
    assert match, words
    return match[1]
