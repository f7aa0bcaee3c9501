"""What an identity provider's refusal asks for: rows of known errors, each with what only that provider says.

The first row that fits decides; where none does, the OAuth error (RFC 6749 section 5.2) has a sentence of its own. The
sentences stand in ``verification.tokensentences``, by the row's ``variant``.

Sources: Microsoft, "Microsoft Entra authentication and authorization error codes" (learn.microsoft.com, reference-
error-codes; each code is also told by login.microsoftonline.com/error?code=N). Google, "Using OAuth 2.0 to Access
Google APIs", section "Refresh token expiration", and "Using OAuth 2.0 for Server to Server Applications", section
"JWT error codes" (developers.google.com/identity/protocols/oauth2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MICROSOFT_CODE = re.compile(r"AADSTS([0-9]{4,8})\b")
_MICROSOFT = {
    "50020": "accountOutside",
    "50034": "accountUnknown",
    "50053": "policy",
    "50055": "policy",
    "50057": "accountDisabled",
    "50072": "policy",
    "50074": "policy",
    "50076": "policy",
    "50079": "policy",
    "50105": "notAssigned",
    "50158": "policy",
    "50173": "grantRevoked",
    "50194": "tenantCommon",
    "53000": "policy",
    "53001": "policy",
    "53002": "policy",
    "53003": "policy",
    "53004": "policy",
    "65001": "consentMissing",
    "65002": "foreignApp",
    "65004": "consentMissing",
    "70000": "grantOfAnother",
    "70008": "grantExpired",
    "70011": "scopeUnknown",
    "70043": "grantExpired",
    "90002": "tenantUnknown",
    "90023": "requestInvalid",
    "90027": "tenantCommon",
    "500011": "scopeUnknown",
    "501051": "notAssigned",
    "530003": "policy",
    "700003": "policy",
    "700016": "clientUnknown",
    "700024": "assertionTime",
    "700025": "clientPublic",
    "700027": "certificateUnknown",
    "700030": "certificateUnknown",
    "700082": "grantExpired",
    "700084": "grantExpired",
    "900023": "tenantUnknown",
    "1002012": "scopeNotDefault",
    "7000112": "clientDisabled",
    "7000114": "grantTypeForbidden",
    "7000215": "clientSecretWrong",
    "7000216": "clientSecretMissing",
    "7000218": "clientSecretMissing",
    "7000222": "clientSecretExpired",
    "9002313": "requestInvalid",
    "9002326": "clientPublic",
    "9002327": "clientPublic",
}
"""Codes of Microsoft Entra, by the sentence that says what they ask for."""
_TRANSIENT_MICROSOFT = frozenset({"50196", "90024", "90033", "90036", "90038", "90055", "90056", "90100", "700005"})
"""Those that speak of the service's own trouble, or of too many requests."""
_TOLD_APART = frozenset(
    {
        "invalid_grant",
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
        "unsupported_grant_type",
        "admin_policy_enforced",
        "org_internal",
        "deleted_client",
        "disabled_client",
        "invalid_rapt",
        "access_denied",
    }
)
"""OAuth errors, and Google's own ones, that have a sentence under their name."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """Words beside an error that one provider alone says."""

    error: str
    words: re.Pattern[str]
    variant: str


def _sign(error: str, words: str, variant: str) -> _Sign:
    return _Sign(error, re.compile(words, re.IGNORECASE), variant)


_GOOGLE = (
    _sign("invalid_grant", r"\binvalid_rapt\b|reauth related error", "invalid_rapt"),
    _sign("invalid_grant", r"expired or revoked", "googleGrant"),
    _sign("invalid_grant", r"account (?:has been )?(?:deleted|disabled)|account not found", "accountDisabled"),
    _sign("invalid_grant", r"invalid jwt.{0,20}signature", "keyUnknown"),
    _sign("invalid_grant", r"invalid jwt.{0,60}(?:short-lived|timeframe|\biat\b|\bexp\b)", "assertionTime"),
    _sign("invalid_grant", r"(?:invalid|not a valid) email or user id", "subjectUnknown"),
    _sign("unauthorized_client", r"not authorized for any of the scopes|using this method", "delegationMissing"),
    _sign("invalid_client", r"client was not found", "clientUnknown"),
    _sign("access_denied", r"service account", "delegationMissing"),
)
"""Google's words."""


def variant_of(error: str, description: str, *, proven_by: str) -> str:
    """Return which sentence a refusal calls for; empty for the general one.

    ``proven_by`` says what was exchanged: ``refreshToken``, ``clientSecret``, ``clientCertificate`` or
    ``serviceAccount``. A sentence about what was not sent is none that helps.
    """
    found = _MICROSOFT_CODE.search(description)
    variant = _MICROSOFT.get(found.group(1), "") if found is not None else _words_of_google(error, description)
    if variant == "requestInvalid" and re.search(r"public client|single-page", description, re.IGNORECASE):
        variant = "clientPublic"
    return variant or _plain(error, proven_by)


def speaks_of_a_pause(description: str) -> bool:
    """Tell whether a refusal says that the service has trouble of its own for now."""
    found = _MICROSOFT_CODE.search(description)
    return found is not None and found.group(1) in _TRANSIENT_MICROSOFT


def _words_of_google(error: str, description: str) -> str:
    fitting = (sign.variant for sign in _GOOGLE if sign.error == error and sign.words.search(description))
    return next(fitting, "")


def _plain(error: str, proven_by: str) -> str:
    if error not in _TOLD_APART:
        return ""
    if proven_by == "serviceAccount" and error in {"invalid_grant", "invalid_client"}:
        return "serviceAccount"
    if proven_by == "clientCertificate" and error == "invalid_client":
        return "certificateUnknown"
    return "" if error == "invalid_grant" and proven_by != "refreshToken" else error
