"""Requests for the tests of tokens: Anna's client, whatever endpoint the test runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.oauth2 import TokenCache, TokenRequest
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from tests.support.tokenserver import TokenServer

CLIENT_SECRET = "hush/client+secret=8Q~zK"
REFRESH_TOKEN = "1//0Refresh-Token.of_Anna~0123456789"
SCOPE = "https://mail.example.com/.default offline_access"


def make_request(endpoint: TokenServer | None = None, **changes: Any) -> TokenRequest:
    """Return a request with client secret, refresh token and scope; ``changes`` name fields."""
    fields: dict[str, Any] = {
        "token_url": endpoint.url if endpoint else "https://login.example.com/token",
        "client_id": "anna-client",
        "client_secret": SecretValue(CLIENT_SECRET),
        "refresh_token": SecretValue(REFRESH_TOKEN),
        "scope": SCOPE,
        **changes,
    }
    return TokenRequest(**fields)


def token_of(request: TokenRequest, tokens: TokenCache | None = None, *, seconds: float = 10) -> str:
    """Return the token that is got, by a cache of its own if none is given."""
    return (tokens or TokenCache()).token(request, Deadline(seconds)).reveal()


def fault_of(request: TokenRequest, tokens: TokenCache | None = None, *, seconds: float = 10) -> SmtpFault:
    """Return the fault that asking ends in."""
    with pytest.raises(SmtpFault) as caught:
        (tokens or TokenCache()).token(request, Deadline(seconds))
    return caught.value
