"""Masking of a credential in what a server says: some echo the command that they refuse, whole or in part."""

from __future__ import annotations

import base64
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.secrets import SecretValue

_MASK = b"***"
_MIN_MASKED_ALONE = 4
_MIN_FRAGMENT = 8
_MIN_RUN = 12
"""How much of a form gives it away: a server may cut the command that it echoes."""
_FIRST_WHOLE_CHARACTER = (0, 2, 3)


class CredentialMask:
    """Masks a secret, and what a login made of it, in every form in which a server could say it again.

    As text, URL-encoded, and in base64: alone, within the PLAIN response, and at any offset of another blob. Forms of
    twelve octets and more are masked in part and in any case of letters too.
    """

    def __init__(self, username: str, secret: SecretValue) -> None:
        """Keep the wrapped secret; what to look for is made with the first reply, and lives as long as this."""
        self._username = username
        self._secret = secret
        self._derived: set[bytes] = set()
        self._runs: dict[int, set[bytes]] | None = None

    def is_of_the_same(self, other: CredentialMask) -> bool:
        """Tell whether both mask one credential, so that one of them suffices."""
        return self._username == other._username and self._secret.reveal() == other._secret.reveal()

    def hide(self, *derived: bytes) -> None:
        """Mask these octets too: digests and proofs made of the secret."""
        if not self._derived.issuperset(derived):
            self._derived.update(derived)
            self._runs = None

    def apply(self, octets: bytes) -> bytes:
        """Return the octets with every form of the secret replaced; all of them where the secret is tiny."""
        plain = self._secret.reveal().encode("utf-8", "surrogatepass")
        if len(plain) < _MIN_MASKED_ALONE and plain in octets:
            return _MASK
        if self._runs is None:
            self._runs = self._make_runs()
        return _without(octets, self._runs)

    def _make_runs(self) -> dict[int, set[bytes]]:
        forms = _forms(self._secret.reveal(), self._username)
        for derived in self._derived:
            forms |= _encodings(derived)
        return _runs(forms)


def _forms(text: str, username: str) -> set[bytes]:
    plain = text.encode("utf-8", "surrogatepass")
    blob = b"\0" + username.encode("utf-8", "surrogatepass") + b"\0" + plain
    forms = _encodings(plain) | _base64(blob) | {text.encode("latin-1", "replace")}
    return {form for form in forms if len(form) >= _MIN_MASKED_ALONE}


def _encodings(plain: bytes) -> set[bytes]:
    """Return the octets as they are, in base64 at any offset, and each of these URL-encoded."""
    forms = {plain} | _base64(plain)
    forms |= {fragment for offset in range(3) for fragment in _fragments(plain, offset)}
    return forms | {encode(form, safe="").encode("ascii") for form in forms for encode in (quote, quote_plus)}


def _base64(octets: bytes) -> set[bytes]:
    encoded = {base64.b64encode(octets), base64.urlsafe_b64encode(octets)}
    return encoded | {each.rstrip(b"=") for each in encoded}


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


def _runs(forms: Iterable[bytes]) -> dict[int, set[bytes]]:
    """Return what to look for, by length: short forms whole, of long ones every run of twelve octets, lower case."""
    runs: dict[int, set[bytes]] = defaultdict(set)
    for form in forms:
        if len(form) < _MIN_RUN:
            runs[len(form)].add(form)
            continue
        lowered = form.lower()
        runs[_MIN_RUN].update(lowered[start : start + _MIN_RUN] for start in range(len(form) - _MIN_RUN + 1))
    return runs


def _without(octets: bytes, runs: dict[int, set[bytes]]) -> bytes:
    is_hidden = bytearray(len(octets))
    for start, end in _found(octets, runs):
        is_hidden[start:end] = b"\1" * (end - start)
    if not any(is_hidden):
        return octets
    shown = bytearray()
    for position, octet in enumerate(octets):
        if not is_hidden[position]:
            shown.append(octet)
        elif position == 0 or not is_hidden[position - 1]:
            shown += _MASK
    return bytes(shown)


def _found(octets: bytes, runs: dict[int, set[bytes]]) -> Iterator[tuple[int, int]]:
    lowered = octets.lower()
    for length, wanted in runs.items():
        searched = lowered if length == _MIN_RUN else octets
        for start in range(len(octets) - length + 1):
            if searched[start : start + length] in wanted:
                yield start, start + length
