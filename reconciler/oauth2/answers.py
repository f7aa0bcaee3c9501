"""From a token endpoint's answer to a token or a fault. RFC 6749 sections 5.1 and 5.2.

An endpoint has seen the secrets and may repeat them, so its words are masked before they are cleaned and cut.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.characters import SHOWN_CODE, SHOWN_VALUE
from reconciler.classes import dataclass
from reconciler.model.secrets.values import SecretValue
from reconciler.oauth2.refusals import speaks_of_a_pause, variant_of
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.replies import quoted

if TYPE_CHECKING:
    from reconciler.oauth2.request import Endpoint, TokenRequest
    from reconciler.smtp.faults import SmtpFault
    from reconciler.smtp.https import Answer

_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500
_REDIRECTS = range(300, 400)
_TRANSIENT_ERRORS = frozenset({"temporarily_unavailable", "server_error", "slow_down", "rate_limit_exceeded"})
_TRACE = re.compile(r"\b(Trace ID|Correlation ID|Timestamp):.*", re.DOTALL)
_TOKEN = re.compile(r"[\x21-\x7e]+\Z")
_BEARER = "bearer"
_NAMES_OF_WORDS = (
    "message",
    "errorSummary",
    "error_description",
    "error_message",
    "errorMessage",
    "detail",
    "title",
    "reason",
)
"""Where endpoints that answer in a form of their own have their words."""
_MAX_READ = 2000
"""Of what an endpoint says beside that nothing is looked at: searching it all could take minutes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AccessToken:
    """A token as it was issued."""

    value: SecretValue
    lifetime_seconds: float | None
    """None: the endpoint does not say."""
    refresh_token: SecretValue | None
    """The refresh token to use from now on; None: the one there was."""


def judge(answer: Answer, request: TokenRequest, endpoint: Endpoint) -> AccessToken:
    """Return the token of an answer; raise ``SmtpFault`` of step auth for every other answer."""
    if answer.status in _REDIRECTS:
        place = _spoken(_host_of(answer.location), request, max_characters=SHOWN_CODE)
        raise endpoint.fault("tokenRedirected", place=place)
    document = _document(answer.content)
    # The status comes first: what fails with 429 or 5xx may pass, whatever error the body names, and is no refusal.
    if answer.status == _TOO_MANY or answer.status >= _SERVER_ERROR:
        raise _unavailable(endpoint, answer.status, _words(document, request))
    error = (document or {}).get("error")
    if isinstance(error, str) and error:
        raise _refusal(error, document or {}, request, endpoint)
    other = _as_said(_other_words(document or {}), request)
    if answer.status != _OK:
        raise _invalid(endpoint, f"it is HTTP status {answer.status} without an OAuth2 error", other)
    if document is None:
        raise _invalid(endpoint, "it is no JSON object")
    return _issued(document, other, endpoint)


def _issued(document: dict[str, object], other: str, endpoint: Endpoint) -> AccessToken:
    """Return the token of an answer that says of no error; raise ``SmtpFault`` where there is none to use."""
    token, kind, rotated = (document.get(name) for name in ("access_token", "token_type", "refresh_token"))
    if not isinstance(token, str) or not _TOKEN.match(token):
        raise _invalid(endpoint, "it has no usable access_token", other)
    if not isinstance(kind, str) or kind.lower() != _BEARER:
        raise _invalid(endpoint, "its token_type is not Bearer")
    return AccessToken(
        value=SecretValue(token),
        lifetime_seconds=_seconds(document.get("expires_in")),
        refresh_token=SecretValue(rotated) if isinstance(rotated, str) and _TOKEN.match(rotated) else None,
    )


def _other_words(document: dict[str, object]) -> str:
    """Return what an answer says in a form that is not OAuth's; empty where it says nothing in any form known here."""
    inner = document.get("error")
    places = (*([inner] if isinstance(inner, dict) else []), document)
    told = (place.get(name) for place in places for name in _NAMES_OF_WORDS)
    return next((each for each in told if isinstance(each, str) and each), "")


def _document(content: bytes) -> dict[str, object] | None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _seconds(written: Any) -> float | None:
    """Return a lifetime; some endpoints write the number as text. None for what is no number."""
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        return None
    try:
        seconds = float(written)
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _refusal(error: str, document: dict[str, object], request: TokenRequest, endpoint: Endpoint) -> SmtpFault:
    said = _words(document, request)
    description = str(document.get("error_description", ""))[:_MAX_READ]
    if error in _TRANSIENT_ERRORS or speaks_of_a_pause(description):
        return endpoint.fault("tokenUnavailable", said=said)
    return endpoint.fault(
        "tokenRefused", said=said, variant=variant_of(error, description, proven_by=request.proven_by)
    )


def _unavailable(endpoint: Endpoint, status: int, said: str) -> SmtpFault:
    return endpoint.fault("tokenUnavailable", said=said or f" It answered with HTTP status {status}.")


def _invalid(endpoint: Endpoint, reason: str, said: str = "") -> SmtpFault:
    return endpoint.fault("tokenResponseInvalid", reason=reason, said=said)


def _host_of(location: str | None) -> str:
    try:
        return (urlsplit(location).hostname if location else None) or "another address"
    except ValueError:
        return "another address"


def _words(document: dict[str, object] | None, request: TokenRequest) -> str:
    """Return what the endpoint said as the part of a sentence, without the numbers for its support; or nothing."""
    if document is None:
        return ""
    error, description = document.get("error"), document.get("error_description")
    parts = [_spoken(error, request, max_characters=SHOWN_CODE)] if isinstance(error, str) else []
    if isinstance(description, str):
        telling = _TRACE.sub("", description[:_MAX_READ])
        parts.append(_spoken(telling, request, max_characters=SHOWN_VALUE))
    return _as_said(": ".join(part for part in parts if part), request)  # again: a secret may be told in two parts


def _as_said(text: str, request: TokenRequest) -> str:
    spoken = _spoken(text, request, max_characters=SHOWN_VALUE)
    return f' It said: "{spoken}".' if spoken else ""


def _spoken(text: str, request: TokenRequest, *, max_characters: int) -> str:
    octets = text[:_MAX_READ].encode("utf-8", "replace")
    return quoted(octets, masks_of(request), max_characters=max_characters)


def masks_of(request: TokenRequest) -> list[CredentialMask]:
    """Return what masks the secrets of a request."""
    return [CredentialMask(request.client_id, secret) for secret in request.secrets]
