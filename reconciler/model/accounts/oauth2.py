"""``OAuth2``: how an access token is got, as a manifest or the project file writes it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.characters import REFUSED_CHARACTER
from reconciler.model.fieldrules import Ruled, absent, excludes, given, needs, needs_one, only_one
from reconciler.model.secrets.references import Secret
from reconciler.model.text.placeholders import Unfilled

_TOKEN_URL_PATTERN = r"^https://[^\s/@?#\\{}]+([/?][^\s@#\\{}]*)?$(?!\n)"  # noqa: S105 - the form of an address
_TOKEN_URL = re.compile(_TOKEN_URL_PATTERN)
_TOKEN_URL_RULE = "is not an address such as https://login.example.com/token, without user name, spaces or braces"  # noqa: S105 - the same


def _check_token_url(text: str) -> str:
    if REFUSED_CHARACTER.search(text):
        raise PydanticCustomError("controlCharacter", "holds an invisible or control character")
    if not _TOKEN_URL.match(text):
        raise PydanticCustomError("invalidValue", _TOKEN_URL_RULE)
    return text


TokenUrl = Annotated[
    str,
    Field(max_length=2000),
    AfterValidator(_check_token_url),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _TOKEN_URL_PATTERN,
            "patternErrorMessage": f"This {_TOKEN_URL_RULE}.",
            "maxLength": 2000,
            "description": "An address that begins with https://.",
        }
    ),
]


class OAuth2(Ruled):
    """How an access token is got: by refresh token, by the client's own credentials, or for a service account (RFC 6749, 7523)."""

    token_url: TokenUrl = Field(
        description="The identity provider's token endpoint, such as https://login.example.com/oauth2/token. Only https is taken, and redirects are not followed."
    )
    client_id: Unfilled | None = Field(
        None,
        description="The client's id, as registered with the identity provider. It is required, but for a service account, whose key names it.",
    )
    client_secret: Secret | None = Field(
        None,
        description="The client's secret, by reference such as {env: SMTP_SALES_CLIENT_SECRET}. It is required where there is no refreshToken, clientCertificate or serviceAccount.",
    )
    client_certificate: Secret | None = Field(
        None,
        description="The client's certificate and its private key, one PEM text, by reference such as {file: secrets/client.pem}; instead of clientSecret. The key signs the request and is not sent (RFC 7523).",
    )
    service_account: Secret | None = Field(
        None,
        description="The JSON key file of a Google service account, by reference such as {file: secrets/google.json}, instead of other credentials. It signs the request, for the mailbox that username names (RFC 7523).",
    )
    refresh_token: Secret | None = Field(
        None,
        description="The refresh token, by reference such as {env: SMTP_SALES_REFRESH_TOKEN}. Without it the token is got by the client's own credentials.",
    )
    scope: Unfilled | None = Field(
        None, description="The scope to ask for, several separated by spaces; without it none is asked for."
    )

    rules = (
        needs_one(
            "refresh_token",
            "client_secret",
            "client_certificate",
            "service_account",
            words="needs refreshToken, clientSecret, clientCertificate or serviceAccount",
        ),
        only_one(
            "client_secret",
            "client_certificate",
            "service_account",
            words="clientSecret, clientCertificate and serviceAccount exclude each other; keep one",
        ),
        excludes(
            "refresh_token",
            when=given("service_account"),
            words="a service account needs no refreshToken; keep one of the two",
        ),
        needs("client_id", when=absent("service_account"), words="needs clientId"),
        needs(
            "scope",
            when=given("service_account"),
            words="needs scope beside serviceAccount, for Gmail https://mail.google.com/",
        ),
    )
