"""Where an account's token comes from, by what it declares and which secrets could be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Login
from reconciler.oauth2 import TokenCache
from reconciler.operations.conversations.tokens import token_source
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault
from tests.support.certificates import TestCA
from tests.support.tokenserver import TokenServer

if TYPE_CHECKING:
    from pathlib import Path

_OAUTH2 = {"tokenUrl": "https://login.example.com/token", "clientId": "c"}
_SECRETS = {"env:TOKEN": SecretValue("ya29.token"), "env:REFRESH": SecretValue("refresh")}


@pytest.mark.parametrize(
    "login",
    [
        {},
        {"password": "env:TOKEN"},
        {"accessToken": "env:ABSENT"},
        {"oauth2": {**_OAUTH2, "refreshToken": "env:ABSENT"}},
        {"oauth2": {**_OAUTH2, "refreshToken": "env:REFRESH", "clientSecret": "env:ABSENT"}},
    ],
    ids=["no login", "password", "token absent", "refresh token absent", "client secret absent"],
)
def test_there_is_no_source(login: dict[str, Any]) -> None:
    """Without a declared token, or with one of its secrets unread, there is none; nothing is asked in part."""
    assert token_source(Login.model_validate(login), _SECRETS, TokenCache()) is None


def test_a_token_at_hand_is_known_and_given() -> None:
    """An accessToken by reference needs no endpoint."""
    source = token_source(Login(access_token="env:TOKEN"), _SECRETS, TokenCache())
    assert source is not None
    known = source.known()
    assert ("ya29.token", "ya29.token") == (source(Deadline(1)).reveal(), known.reveal() if known else None)


def test_an_endpoint_leaves_the_mail_server_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that does not come in half of the time fails: else the mail server would seem to be what hangs."""
    authority = TestCA()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.write_pem(tmp_path / "ca.pem")))
    given: list[float] = []

    class Noting(Deadline):
        def sooner(self, seconds: float) -> Deadline:
            given.append(seconds)
            return super().sooner(0.3)

    deadline = Noting(60, clock=lambda: 0.0)
    with TokenServer(authority.server_context(), lambda wire, _form: wire.wait_for_close()) as endpoint:
        login = {"oauth2": {**_OAUTH2, "tokenUrl": endpoint.url, "refreshToken": "env:REFRESH"}}
        source = token_source(Login.model_validate(login), _SECRETS, TokenCache())
        assert source is not None
        with pytest.raises(SmtpFault) as raised:
            source(deadline)
    assert ("tokenEndpointUnreachable", [30.0]) == (raised.value.code, given)


def test_without_time_no_endpoint_is_asked() -> None:
    """Where nothing is left of the account's time, the fault is the endpoint's, as it is with little time."""
    login = {"oauth2": {**_OAUTH2, "refreshToken": "env:REFRESH"}}
    source = token_source(Login.model_validate(login), _SECRETS, TokenCache())
    assert source is not None
    with pytest.raises(SmtpFault) as raised:
        source(Deadline(0))
    assert "tokenEndpointUnreachable" == raised.value.code
