"""Masking of a credential in what a server says: some echo the command that they refuse, whole or in part.

What is recognised octet by octet is masked where it stands, so that the rest of the words still helps. Words in which
the credential could be read all the same, in whatever spelling, are not shown at all. Nor are those in which a mask would
give it away: servers say the same sentences to everybody, so a gap in one of them tells a password that is a word or a
number, wherever it stands: ``virtual ***box``.
"""

from __future__ import annotations

import base64
import re
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from reconciler.model.text.charsets import UTF_8, charset_of
from reconciler.model.text.legible import Legible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.model.secrets.values import SecretValue

WITHHELD = "[the words are not shown: they hold part of a secret]"
"""What stands in place of words in which a credential could be read."""
_MASK = b"***"
_STATUS = re.compile(r"\b[245]\.[0-9]{1,3}\.[0-9]{1,3}\b")
_MADE_ANEW = re.compile(r"\S*[0-9]\S*")
_PLAIN_IN_URLS = re.compile(rb"[A-Za-z0-9_.~-]*")
"""What stays as it is in a URL, as most forms do. RFC 3986 section 2.3."""
_BLANK = re.compile(rb"[\x00-\x20]+")
_WORD_OR_NUMBER = re.compile(r"(?=.{1,24}\Z)(?:[^\W\d_]+(?:[ '_-][^\W\d_]+)?|[0-9]+(?:[.:-][0-9]+)*)")
"""One word or two, or a number: what a sentence of a server may hold of itself, without having heard it from us."""
_MAX_OCTETS_OF_CHARACTER = 4
_MIN_MASKED_ALONE = 4
_MIN_FRAGMENT = 8
_MIN_RUN = 12
"""How much of a form gives it away: a server may cut the command that it echoes."""
_WINDOW = 4
_STRIDE = _MIN_RUN - _WINDOW + 1
"""Windows at this distance from each other: every run holds one of them whole."""
_MOST_TOLD, _MOST_KEPT_OCTETS = 64, 512
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
        self._sought: _Sought | None = None
        self._legible: Legible | None = None
        self._told: dict[str, bool] = {}
        """What was found out of texts: a server says the same to each message."""
        self._applied: dict[bytes, bytes] = {}
        """What lines of replies are once they are masked, for the same reason."""

    def is_of_the_same(self, other: CredentialMask) -> bool:
        """Tell whether both mask one credential, so that one of them suffices."""
        return self._username == other._username and self._secret.reveal() == other._secret.reveal()

    def hide(self, *derived: bytes) -> None:
        """Mask these octets too: digests and proofs made of the secret."""
        if not self._derived.issuperset(derived):
            self._derived.update(derived)
            self._sought = self._legible = None
            self._told.clear()
            self._applied.clear()

    def tells(self, text: str) -> bool:
        """Tell whether a masked text still shows the secret, or what a login made of it."""
        if text not in self._told:
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told[text] = self._made_legible().in_text(text)
        return self._told[text]

    def is_written_in(self, text: str) -> bool:
        """Tell whether a text shows the secret as it is, or in one encoding: nobody would write it otherwise there."""
        return self._made_legible().is_written_in(text)

    def is_read_in(self, text: str) -> bool:
        """Tell whether a text that will not come again shows it once it is decoded, in whatever way."""
        return self._made_legible().is_read_in(text)

    def betrays(self, text: str) -> bool:
        """Tell whether a mask in a text gives the secret away by what stands around it: it is a word, or a number."""
        return self._is_word_or_number and _MASK.decode() in text

    @cached_property
    def _is_word_or_number(self) -> bool:
        return _WORD_OR_NUMBER.fullmatch(self._secret.reveal()) is not None

    def apply(self, octets: bytes) -> bytes:
        """Return the octets with every form of the secret replaced; all of them where the secret is tiny."""
        masked = self._applied.get(octets)
        if masked is None:
            masked = self._masked(octets)
            if len(octets) <= _MOST_KEPT_OCTETS:
                if len(self._applied) >= _MOST_TOLD:
                    self._applied.clear()
                self._applied[octets] = masked
        return masked

    def _masked(self, octets: bytes) -> bytes:
        plain = self._secret.reveal().encode("utf-8", "surrogatepass")
        if len(plain) < _MIN_MASKED_ALONE and plain in octets:
            return _MASK
        if self._sought is None:
            forms = _forms(self._secret.reveal(), self._username)
            for derived in self._derived:
                forms |= _encodings(derived)
            self._sought = _Sought(forms)
        places = list(self._sought.places(octets))
        return _without(octets, places) if places else octets

    def _made_legible(self) -> Legible:
        if self._legible is None:
            derived = (each.decode("utf-8", "replace") for each in self._derived)
            self._legible = Legible((self._secret.reveal(), *derived))
        return self._legible


class Hearing:
    """Words as they were heard, after those before them; whether they may be shown is found out once it is asked.

    Most replies are never shown, and to read one in every way takes as long as all else that is done with it.
    """

    def __init__(self, text: str, octets: bytes, masks: Sequence[CredentialMask], *, before: str = "") -> None:
        """Keep the words as they would be shown and as they came, masked, and the masks of credentials.

        ``before`` are earlier words: a secret may be told in two replies.
        """
        self._before, self._own_text, self._octets = before, text, octets
        self._masks = tuple(masks)

    @cached_property
    def tells(self) -> bool:
        """Whether a credential could be read in the words, or guessed by where one is masked."""
        return any(
            mask.betrays(self._own_text) or any(mask.tells(text) for text in self._texts()) for mask in self._masks
        )

    @cached_property
    def tells_beside_names(self) -> bool:
        """Whether a credential could be read in the words by which a server takes a message, or guessed by a mask.

        Of many messages the words of each are read, so not all of them are read in every way.
        What holds a digit there is a name, a time or a number that the server has made for this message. It is read in
        every way by itself, and so is what is between, the same each time, with what came before; the whole is looked
        through for what stands in it as it is or in one encoding.
        """
        if self._may_be_misread:
            return self.tells
        between = _MADE_ANEW.sub("", self._words)
        names = " ".join(_MADE_ANEW.findall(_STATUS.sub("", self._own_text)))
        return any(
            mask.betrays(self._own_text)
            or mask.is_written_in(self._own_text)
            or mask.is_read_in(names)
            or mask.tells(between)
            for mask in self._masks
        )

    @property
    def _words(self) -> str:
        return f"{self._before}\n{self._own_text}"

    @property
    def _may_be_misread(self) -> bool:
        return charset_of(self._octets) != UTF_8 or "\N{REPLACEMENT CHARACTER}" in self._own_text

    def _texts(self) -> Iterator[str]:
        """Yield the words in every way in which they are to be read."""
        words = self._words
        yield words
        yield from {_STATUS.sub("", words)} - {words}  # a status code begins every line of a reply
        if self._may_be_misread:
            squeezed = _BLANK.sub(b" ", self._octets)[: _MAX_OCTETS_OF_CHARACTER * len(self._own_text)]
            yield squeezed.decode("latin-1")
            yield squeezed.decode(UTF_8, "replace")


class _Sought:
    """What to look for, in any case of letters: short forms whole, and every run of twelve octets of a long form.

    A token of 2,000 characters has 10,000 runs, which take milliseconds to collect, and hardly any reply holds one. So
    they are collected only once a reply holds one of their windows, which are nine times fewer.
    """

    def __init__(self, forms: Iterable[bytes]) -> None:
        every = [form for form in forms if len(form) >= _MIN_MASKED_ALONE]
        self._short = [form for form in every if len(form) < _MIN_RUN]
        self._long = [form.lower() for form in every if len(form) >= _MIN_RUN]
        self._windows = frozenset(
            form[start : start + _WINDOW] for form in self._long for start in range(0, len(form) - _WINDOW + 1, _STRIDE)
        )

    @cached_property
    def _runs(self) -> frozenset[bytes]:
        return frozenset(
            form[start : start + _MIN_RUN] for form in self._long for start in range(len(form) - _MIN_RUN + 1)
        )

    def places(self, octets: bytes) -> Iterator[tuple[int, int]]:
        """Yield begin and end of everything found; the places may overlap, and come in no order."""
        for form in self._short:
            start = octets.find(form)
            while start >= 0:
                yield start, start + len(form)
                start = octets.find(form, start + 1)
        lowered = octets.lower()
        if self._windows.isdisjoint([lowered[at : at + _WINDOW] for at in range(len(lowered) - _WINDOW + 1)]):
            return
        for place in range(len(lowered) - _WINDOW + 1):
            if lowered[place : place + _WINDOW] not in self._windows:
                continue
            for start in range(max(0, place - _STRIDE + 1), place + 1):
                if lowered[start : start + _MIN_RUN] in self._runs:
                    yield start, start + _MIN_RUN


def _forms(text: str, username: str) -> set[bytes]:
    plain = text.encode("utf-8", "surrogatepass")
    blob = b"\0" + username.encode("utf-8", "surrogatepass") + b"\0" + plain
    return _encodings(plain) | _base64(blob) | {text.encode("latin-1", "replace")}


def _encodings(plain: bytes) -> set[bytes]:
    """Return the octets as they are, in base64 at any offset, and each of these URL-encoded."""
    forms = {plain} | _base64(plain)
    forms |= {fragment for offset in range(3) for fragment in _fragments(plain, offset)}
    return forms | {
        encode(form, safe="").encode("ascii")
        for form in forms
        if _PLAIN_IN_URLS.fullmatch(form) is None
        for encode in (quote, quote_plus)
    }


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


def _without(octets: bytes, places: Iterable[tuple[int, int]]) -> bytes:
    """Return the octets with a mask for each place, and one for those that overlap or touch."""
    shown, shown_to = bytearray(), 0
    for start, end in sorted(places):
        if start > shown_to or not shown:
            shown += octets[shown_to:start] + _MASK
        shown_to = max(shown_to, end)
    return bytes(shown + octets[shown_to:])
