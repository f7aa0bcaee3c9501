"""Secrets as references, and the wrapper in which a value travels from its source to the server.

A reference is text of the form ``SOURCE:KEY``: ``env:SMTP_SALES_PASSWORD``, ``file:secrets/sales``.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, NoReturn

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET_PLACES = frozenset(
    {
        ("authentication", "password"),
        ("authentication", "accessToken"),
        ("oauth2", "clientSecret"),
        ("oauth2", "refreshToken"),
        ("oauth2", "clientCertificate"),
        ("oauth2", "serviceAccount"),
        ("clientCertificate", "key"),
        ("proxy", "password"),
    }
)
"""The manifest fields whose value is a secret reference, each with the field that it stands in: a name alone does not
tell, since ``clientCertificate`` is a secret of ``oauth2`` and a mapping with one under ``smtp``."""


def is_secret(path: Sequence[str | int]) -> bool:
    """Tell whether the field at a path, keys and indexes from wherever, is one whose value is a secret reference."""
    return tuple(path[-2:]) in SECRET_PLACES


class SecretValue:
    """A secret's value: shown, compared, hashed, copied and pickled by nobody; ``reveal`` is the only way in."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        """Wrap the text."""
        self.__text = text

    def reveal(self) -> str:
        """Return the text, to be handed to the server at once and kept nowhere."""
        return self.__text

    def fingerprint(self, key: FingerprintKey) -> str:
        """Return the keyed fingerprint: HMAC-SHA256, as ``hmac-sha256:`` and 64 hexadecimal digits."""
        octets = self.__text.encode("utf-8", "surrogatepass")
        return "hmac-sha256:" + hmac.new(key.octets, octets, hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        """Show that there is a secret, and nothing of it."""
        return "SecretValue(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Show that there is a secret, and nothing of it."""
        return repr(self)

    def __eq__(self, other: object) -> NoReturn:
        """Refuse: comparing would tell values apart."""
        raise TypeError("a secret value cannot be compared; compare fingerprints")

    def __hash__(self) -> int:
        """Refuse: a hash would tell values apart."""
        raise TypeError("a secret value cannot be hashed")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse: a secret value is not written anywhere."""
        raise TypeError("a secret value cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class FingerprintKey:
    """The key of the fingerprints; ``key_id`` names it in state without telling it."""

    octets: bytes

    @property
    def key_id(self) -> str:
        """The first 16 hexadecimal digits of an HMAC of a fixed text under the key."""
        return hmac.new(self.octets, b"reconciler key id", hashlib.sha256).hexdigest()[:16]

    def seal(self, text: str) -> str:
        """Return an HMAC-SHA256 of text under a key derived for sealing plans and evidence."""
        sealing_key = hmac.new(self.octets, b"reconciler seal", hashlib.sha256).digest()
        return "hmac-sha256:" + hmac.new(sealing_key, text.encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        """Show the key's id only."""
        return f"FingerprintKey(id={self.key_id})"
