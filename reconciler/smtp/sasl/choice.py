"""The one list of mechanisms, and which of them logs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.sasl.bearer import OAuthBearer, XOAuth2
from reconciler.smtp.sasl.cram_md5 import CramMd5
from reconciler.smtp.sasl.password import Login, Plain
from reconciler.smtp.sasl.scram import ScramSha256

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.smtp.sasl.exchange import Credential, Exchange

AUTOMATIC = "auto"

MECHANISMS: dict[str, type[Exchange]] = {
    "scram-sha-256": ScramSha256,
    "plain": Plain,
    "login": Login,
    "cram-md5": CramMd5,
    "oauthbearer": OAuthBearer,
    "xoauth2": XOAuth2,
}
"""Mechanisms by their name in manifests; among those of one kind of secret, the strongest first.

CRAM-MD5 comes last of the passwords'. A login happens inside verified TLS (or within this machine), where PLAIN shows
the password to nobody but its server. CRAM-MD5 needs the password itself stored there, proves nothing about the
server, and is often offered by servers that keep password hashes and so cannot do it: it would fail for a password
that is right, and since a login is tried once, that failure would be the verdict. SCRAM comes first: it needs no
stored password, keeps ours here, and has the server prove itself.
OAUTHBEARER is the standard one of the two for tokens.
"""


def choose(declared: str, offered: Collection[str], credential: Credential, *, nonce: str) -> Exchange:
    """Return a login by the mechanism declared, or for ``auto`` by the strongest offered that can carry the credential.

    ``offered`` are wire names. Nothing is sent yet. Another mechanism is tried only where the server says that this
    one is at fault: see ``has_another``.
    Raise ``SmtpFault`` of step auth: authNotOffered, mechanismNotOffered, or credentialUnusable.
    """
    # The first mechanism that can carry the credential is taken: SCRAM, for one, knows no emoji.
    refusal: SmtpFault | None = None
    for mechanism in fitting(declared, offered, is_token=credential.is_token):
        try:
            return mechanism(credential, nonce=nonce)
        except SmtpFault as fault:
            refusal = refusal or fault
    raise refusal or SmtpFault("credentialUnusable", step="auth")


def has_another(declared: str, offered: Collection[str], credential: Credential) -> bool:
    """Tell whether a password may go by another mechanism: the choice is open, and one of those offered takes it.

    A token's mechanisms say the same in other words, so a second one would be a second login.
    """
    if declared != AUTOMATIC or credential.is_token:
        return False
    return any(each.wire_name in offered and _can_carry(each, credential) for each in _of_kind(is_token=False))


def _can_carry(mechanism: type[Exchange], credential: Credential) -> bool:
    try:
        mechanism(credential, nonce="")
    except SmtpFault:
        return False
    return True


def fitting(declared: str, offered: Collection[str], *, is_token: bool) -> list[type[Exchange]]:
    """Return the mechanisms that may log in, the strongest first, at least one; known before there is a credential.

    Raise ``SmtpFault`` of step auth: authNotOffered or mechanismNotOffered.
    """
    facts = {"offered": " ".join(sorted(offered)), "mechanism": declared.upper()}
    if not offered:
        raise SmtpFault("authNotOffered", step="auth", facts=facts)
    if declared != AUTOMATIC:
        mechanism = MECHANISMS[declared]
        if mechanism.wire_name not in offered:
            raise SmtpFault("mechanismNotOffered", step="auth", facts=facts)
        return [mechanism]
    found = [each for each in _of_kind(is_token=is_token) if each.wire_name in offered]
    if not found:
        variant = _variant(offered, is_token=is_token)
        raise SmtpFault("mechanismNotOffered", step="auth", facts={**facts, "variant": variant})
    return found


def _of_kind(*, is_token: bool) -> list[type[Exchange]]:
    return [mechanism for mechanism in MECHANISMS.values() if mechanism.takes_token == is_token]


def _variant(offered: Collection[str], *, is_token: bool) -> str:
    """Return which sentence to say where ``auto`` finds nothing: whether the other kind of secret would do."""
    would_do = any(each.wire_name in offered for each in _of_kind(is_token=not is_token))
    if is_token:
        return "passwordOnly" if would_do else AUTOMATIC
    return "tokenOnly" if would_do else AUTOMATIC
