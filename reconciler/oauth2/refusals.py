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

from reconciler.classes import dataclass

_MICROSOFT_CODE = re.compile(r"AADSTS([0-9]{4,8})\b")
_MICROSOFT = {
    code: variant
    for variant, codes in {
        "accountDisabled": "50057 500341 500342",
        "accountLocked": "50053",
        "accountOutside": "50020 50177 90072",
        "accountPasswordExpired": "50055 50125 50135 50144",
        "accountUnknown": "50034 51004",
        "assertionTime": "500133 700024",
        "certificateUnknown": "50013 700027 700030",
        "clientDisabled": "70001 7000112",
        "clientPublic": "700025 9002326 9002327",
        "clientSecretExpired": "7000222",
        "clientSecretMissing": "7000216 7000218",
        "clientSecretWrong": "7000215",
        "clientUnknown": "700016 7000229",
        "cloudOther": "90038 900382 900383 900384",
        "consentMissing": "65001 65004 90008 90094",
        "foreignApp": "65002",
        "grantExpired": "70008 70043 700081 700082 700084",
        "grantOfAnother": "70000 700005",
        "grantRevoked": "50132 50133 50173",
        "grantTypeForbidden": "70003 7000114",
        "notAssigned": "50105 501051",
        "permissionMissing": "65005 650057",
        "policy": (
            "50072 50074 50076 50078 50079 50097 50129 50131 50155 50158 50161 50187 53000 53001 53002 53003 53004 53009"
            " 53010 53011 500121 530002 530003 530032 530034 530035 700003"
        ),
        "requestInvalid": "90004 90014 90023 90100 900144 9002313",
        "scopeNotDefault": "1002012",
        "scopeUnknown": "28000 28003 70011 500011 650053 700022",
        "tenantCommon": "50059 50194 90019 90027 90124 90130 9001023",
        "tenantUnknown": "50128 90002 900023",
    }.items()
    for code in codes.split()
}
"""Codes of Microsoft Entra, by the sentence that says what they ask for."""
_OF_THE_CLIENT = frozenset({"50012", "70002"})
"""Those that say no more than that the client is not believed; often another code stands behind them."""
_TRANSIENT_MICROSOFT = frozenset(
    {
        "50000", "50033", "50087", "50166", "50196", "70012", "90006", "90012", "90024", "90025", "90033", "90036", "90055",
        "90090", "90091",
    }
)  # fmt: skip
"""Those that speak of the service's own trouble, or of too many requests."""
_PAUSE = re.compile(r"too many requests|try again (?:later|after|in)|temporarily unavailable", re.IGNORECASE)
_ALIASES = {
    "invalid_authorization_code": "invalid_grant",
    "invalid_client_credentials": "invalid_client",
    "invalid_client_id": "invalid_client",
    "invalid_client_secret": "invalid_client",
    "invalid_code": "invalid_grant",
    "invalid_refresh_token": "invalid_grant",
}
"""What Zoho, Yahoo and others call the errors of the standard."""
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
    """Words beside an error, or beside what a code stands for, that say more; an empty ``error`` stands for each."""

    error: str
    words: re.Pattern[str]
    variant: str

    def fits(self, error: str, description: str) -> bool:
        """Tell whether an error's description holds the words."""
        return self.error in {"", error} and bool(self.words.search(description))


def _sign(error: str, words: str, variant: str) -> _Sign:
    return _Sign(error, re.compile(words, re.IGNORECASE), variant)


_MICROSOFT_WORDS = (
    _sign("requestInvalid", r"public client|single-page", "clientPublic"),
    _sign("requestInvalid", r"\bscope\b", "scopeMissing"),
    _sign("grantOfAnother", r"must sign in again", "grantExpired"),
    _sign("grantOfAnother", r"grant the client", "consentMissing"),
    _sign("", r"not enabled for consumers", "clientNotForConsumers"),
)
"""Microsoft's words beside its codes; the first column is the sentence that the code alone would get."""
_WORDS = (
    _sign("invalid_grant", r"\b(?:invalid_rapt|rapt_required)\b|reauth related error", "invalid_rapt"),
    _sign("invalid_grant", r"\AToken has been expired or revoked", "googleGrant"),
    *(
        _sign(
            error,
            r"(?:account|user)\b.{0,20}\b(?:deleted|disabled|deactivated|suspended|restricted|locked)",
            "accountDisabled",
        )
        for error in ("invalid_grant", "access_denied")
    ),
    _sign("invalid_grant", r"account not found", "accountDisabled"),
    _sign("invalid_grant", r"user (?:does not exist|not found)|(?:unknown|no such) user", "subjectUnknown"),
    _sign("invalid_grant", r"invalid jwt.{0,20}signature", "keyUnknown"),
    _sign("invalid_grant", r"invalid jwt.{0,60}(?:short-lived|timeframe|\biat\b|\bexp\b)", "assertionTime"),
    _sign("invalid_grant", r"(?:invalid|not a valid) email or user id", "subjectUnknown"),
    _sign("unauthorized_client", r"not authorized for any of the scopes|using this method", "delegationMissing"),
    _sign("unauthorized_client", r"client credentials", "invalid_client"),
    _sign("unauthorized_client", r"\Aunauthorized\Z", "grantOfAnother"),
    _sign("invalid_client", r"client was not found", "clientUnknown"),
    _sign("invalid_client", r"client was deleted", "deleted_client"),
    _sign("invalid_client", r"client was disabled", "disabled_client"),
    _sign("invalid_request", r"client_secret is missing", "clientSecretMissing"),
    _sign("access_denied", r"service account", "delegationMissing"),
    _sign("", r"realm (?:does not exist|not found)", "tenantUnknown"),
)
"""Words of Google, Keycloak and others. Unlike a code they are no provider's own: a sentence about one provider needs
words that nobody else says."""


def variant_of(error: str, description: str, *, proven_by: str) -> str:
    """Return which sentence a refusal calls for; empty for the general one.

    ``proven_by`` says what was exchanged: ``refreshToken``, ``clientSecret``, ``clientCertificate`` or
    ``serviceAccount``. A sentence about what was not sent is none that helps. Microsoft's errors of the standard say
    less than its codes: under one that is not known nothing is told of the cause but its words.
    """
    error = _ALIASES.get(error.casefold(), error)
    codes = _MICROSOFT_CODE.findall(description)
    if codes:
        variant = next((_MICROSOFT[each] for each in codes if each in _MICROSOFT), "")
        variant = next((each.variant for each in _MICROSOFT_WORDS if each.fits(variant, description)), variant)
        return variant or (_plain(error, proven_by) if _OF_THE_CLIENT.issuperset(codes) else "")
    return _by_words(error, description, proven_by) or _plain(error, proven_by)


def speaks_of_a_pause(description: str) -> bool:
    """Tell whether a refusal says that the service has trouble of its own for now."""
    codes = _MICROSOFT_CODE.findall(description)
    return any(each in _TRANSIENT_MICROSOFT for each in codes) if codes else bool(_PAUSE.search(description))


def _by_words(error: str, description: str, proven_by: str) -> str:
    has_grant = proven_by == "refreshToken"
    fitting = (sign.variant for sign in _WORDS if sign.fits(error, description) or sign.fits(error, error))
    variant = next(fitting, "")
    if variant == "subjectUnknown" and has_grant:
        return "accountDisabled"
    return "" if variant == "grantOfAnother" and not has_grant else variant


def _plain(error: str, proven_by: str) -> str:
    if error not in _TOLD_APART:
        return ""
    if proven_by == "serviceAccount" and error in {"invalid_grant", "invalid_client"}:
        return "serviceAccount"
    if proven_by == "clientCertificate" and error == "invalid_client":
        return "certificateUnknown"
    return "" if error == "invalid_grant" and proven_by != "refreshToken" else error
