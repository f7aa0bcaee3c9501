"""Masking of a credential in what a server says: some echo the command that they refuse."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.secrets import SecretValue

_MASK = b"***"
_MIN_MASKED_ALONE = 4
_MIN_FRAGMENT = 8
_FIRST_WHOLE_CHARACTER = (0, 2, 3)


class CredentialMask:
    """Masks a secret as text and in base64, alone, within the PLAIN response, and at any offset of another blob."""

    def __init__(self, username: str, secret: SecretValue) -> None:
        """Keep the wrapped secret; its forms are made when a reply is masked and kept nowhere."""
        self._username = username
        self._secret = secret

    def apply(self, octets: bytes) -> bytes:
        """Return the octets with every form of the secret replaced; all of them where the secret is tiny."""
        text = self._secret.reveal()
        plain = text.encode("utf-8", "surrogatepass")
        if len(plain) < _MIN_MASKED_ALONE and plain in octets:
            return _MASK
        for form in sorted(_forms(text, self._username), key=len, reverse=True):
            octets = octets.replace(form, _MASK)
        return octets


def _forms(text: str, username: str) -> set[bytes]:
    plain = text.encode("utf-8", "surrogatepass")
    blob = b"\0" + username.encode("utf-8", "surrogatepass") + b"\0" + plain
    forms = {plain, text.encode("latin-1", "replace")}
    for octets in (plain, blob):
        for encoded in (base64.b64encode(octets), base64.urlsafe_b64encode(octets)):
            forms |= {encoded, encoded.rstrip(b"=")}
    forms |= {fragment for offset in range(3) for fragment in _fragments(plain, offset)}
    return {form for form in forms if len(form) >= _MIN_MASKED_ALONE}


def _fragments(plain: bytes, offset: int) -> set[bytes]:
    """Return the base64 characters that the secret alone decides when it begins ``offset`` octets into a group."""
    shifted = b"\0" * offset + plain
    whole_characters = len(shifted) * 8 // 6
    found = set()
    for encoded in (base64.b64encode(shifted), base64.urlsafe_b64encode(shifted)):
        fragment = encoded[_FIRST_WHOLE_CHARACTER[offset] : whole_characters]
        if len(fragment) >= _MIN_FRAGMENT:
            found.add(fragment)
    return found
