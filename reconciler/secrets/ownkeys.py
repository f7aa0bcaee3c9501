"""What no secret of a manifest may be: reconciler's own keys, and what its own variables hold.

Own keys are known by their values. The names under which they go are kept from manifests by rule, but one value can be
reached in many ways: by a second source that runs the same command, by a store that holds a copy, by a file that holds
the key's octets in base64. So what was read is compared with them, however it is written.
"""

from __future__ import annotations

import base64
import codecs
import contextlib
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reconciler.model.text.legible import readings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.model.secrets.values import FingerprintKey

OWN_PREFIX = "RECONCILER_"
_NOT_SECRET = frozenset(
    {"RECONCILER_OPERATOR", "RECONCILER_TRUST_PROJECT", "RECONCILER_HOME", "RECONCILER_PACKAGE", "RECONCILER_VERSION"}
)
_ADDRESS = "RECONCILER_STATE"
_MIN_LENGTH = 8
"""A shorter text is no secret of ours: it could be anybody's word."""
_UNMISTAKABLE = 24
"""A key of so many characters is also looked for within a longer text: by chance it stands nowhere."""
_DEEPEST = 2
"""How many times a value is decoded; the forms of a key hold it encoded once more."""
_ENCODINGS = (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, base64.b32hexencode, base64.b85encode)
_SEPARATORS = re.compile(r"[\s:._/+=,;\"'-]+")


class OwnKeys:
    """Reconciler's own keys in every form, made once and compared with every value that is read."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        """Take the keys and our other secrets, as octets."""
        forms = {form for key in keys for form in _forms(key)}
        self._within = {form for form in forms if len(form) >= _UNMISTAKABLE}
        self._whole = {form for form in forms if len(form) >= _MIN_LENGTH} - self._within
        self._shortest = min(map(len, forms), default=0)

    def is_in(self, value: str) -> bool:
        """Tell whether a value is one of the keys, or holds one, in any way in which it can be written."""
        if not self._shortest or len(value) < self._shortest:  # no way of writing them is shorter
            return False
        for reading in readings(value, deepest=_DEEPEST):
            text = _bare(reading)
            for way in (text, text[::-1]):
                if way in self._whole or any(form in way for form in self._within):
                    return True
        return False


def own_secrets(environ: Mapping[str, str], key: FingerprintKey | None) -> Iterator[bytes]:
    """Yield what no secret may be: what our own variables hold, and the key of fingerprints as far as there is one."""
    yield from own_variables(environ)
    if key is not None:
        yield key.octets


def own_variables(environ: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the secret values of reconciler's own variables; of the state's address only its password is one."""
    for name, text in environ.items():
        if not name.startswith(OWN_PREFIX) or name in _NOT_SECRET:
            continue
        secret = text if name != _ADDRESS else _password_of(text)
        if secret is not None and len(secret) >= _MIN_LENGTH:
            yield secret.encode("utf-8", "surrogateescape")


def _password_of(address: str) -> str | None:
    with contextlib.suppress(ValueError):
        password = urlsplit(address).password
        return unquote(password) if password else None
    return None


def _forms(key: bytes) -> Iterator[str]:
    """Yield the ways in which a key is written: as text, where it is text, and encoded.

    A value is decoded only as long as that gives text, and a key's octets need not be text. So the encoded forms
    are made here, to be found in the value as it stands.
    """
    with contextlib.suppress(UnicodeDecodeError):
        text = key.decode("utf-8")
        yield from _turned(text)
        with contextlib.suppress(ValueError):
            yield from _encoded(bytes.fromhex(text))
    yield from _encoded(key)


def _encoded(octets: bytes) -> Iterator[str]:
    yield _bare(octets.decode("latin-1"))
    for text in (octets.hex(), *(encode(octets).decode() for encode in _ENCODINGS)):
        yield from _turned(text)


def _turned(text: str) -> tuple[str, str]:
    return _bare(text), _bare(codecs.encode(text, "rot13"))


def _bare(text: str) -> str:
    """Return a text in small letters without separators, in which the same key reads the same."""
    return _SEPARATORS.sub("", text).casefold()
