"""Where an account's token comes from, by what it declares and which secrets could be read."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.secrets import SecretValue
from reconciler.oauth2 import TokenCache
from reconciler.operations.tokens import token_source
from reconciler.smtp.deadline import Deadline

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
    assert token_source(login, _SECRETS, TokenCache()) is None


def test_a_token_at_hand_is_known_and_given() -> None:
    """An accessToken by reference needs no endpoint."""
    source = token_source({"accessToken": "env:TOKEN"}, _SECRETS, TokenCache())
    assert source is not None
    known = source.known()
    assert ("ya29.token", "ya29.token") == (source(Deadline(1)).reveal(), known.reveal() if known else None)
