"""Why a check failed, in a few words: for a line that names several accounts, where the sentence has no room.

``{place}`` is host and port, ``{host}`` the host alone. A code that has no words here is told by its cause.
"""

from __future__ import annotations

from reconciler.model.verification.codes import CHECK_CODES

_WORDS = {
    "credentialsRejected": "password rejected by {place}",
    "accessTokenRejected": "access token rejected by {place}",
    "appPasswordNeeded": "{place} takes an app password only",
    "basicAuthDisabled": "login by password is turned off at {place}",
    "smtpAuthDisabled": "login over SMTP is turned off at {place}",
    "authNotOffered": "{place} offers no login",
    "mechanismNotOffered": "{place} does not offer the mechanism",
    "encryptionRequired": "{place} wants encryption first",
    "authenticationRequired": "{place} wants a login first",
    "authUnavailable": "{place} cannot check logins now",
    "secretMissing": "a secret is missing here",
    "secretInvalid": "a secret cannot be used as it is",
    "secretSourceFailed": "a source of secrets gave nothing",
    "timedOut": "no answer from {place}",
    "connectionLost": "{place} hung up",
    "connectionRefused": "nothing listens at {place}",
    "unreachable": "no way to {place}",
    "hostNotFound": "{host} does not exist",
    "nameLookupFailed": "{host} could not be looked up",
    "forbiddenAddress": "{host} leads where nothing is ever contacted",
    "serverDown": "{place} did not answer others",
    "unknownDestination": "{host} is not in verification.servers",
    "deadline": "the time of the run was used up",
    "serverBusy": "{place} is busy",
    "serverRefused": "{place} does not serve this machine",
    "blockListed": "{place} refuses by a block list",
    "rateLimited": "{place} limits how much it takes",
    "notSmtp": "{place} is no mail server",
    "implicitTlsPort": "{place} expects TLS at once",
    "starttlsNotOffered": "{place} offers no STARTTLS",
    "plainPort": "{place} begins in clear text",
    "certificateExpired": "the certificate of {place} has ended",
    "certificateNotYetValid": "the certificate of {place} is not valid yet",
    "certificateUnknownIssuer": "nobody trusted issued the certificate of {place}",
    "certificateWrongName": "the certificate of {place} is for another name",
    "certificateNotPinned": "{place} presents another certificate than is pinned",
    "senderRefused": "{place} does not take the sender",
    "recipientRefused": "{place} does not take the recipient",
    "operatorMissing": "nobody is named to receive the test message",
    "withheld": "the credential was withheld",
}


def briefly(code: str, *, host: str, place: str) -> str:
    """Return the words for a code; empty for one that is not known. ``place`` empty: the server is not named."""
    words = _WORDS.get(code)
    if words is not None:
        return words.format(host=host or "the host", place=place or "the server")
    if code not in CHECK_CODES:
        return ""
    cause = CHECK_CODES[code].cause.split(". ")[0].split(" (")[0].split(": ")[0].rstrip(".")
    told = cause[:1].lower() + cause[1:]
    return f"{told} ({place})" if place else told
