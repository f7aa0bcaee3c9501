"""Whether somebody who reads a text could read a secret in it, however the text writes it.

A server that echoes what it was sent may do so in hexadecimal or base64, with escapes or entities, backwards, letter by
letter, in part. So a text is read in the ways in which it can be read, each of them in those ways again, and in every
reading eight characters of a secret in a row give it away. That is a bound on echoes, not on a server that wants to
tell: it could agree with its reader on a cipher.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from reconciler.model.text.octets import FEWEST_TELLING, told_by
from reconciler.model.text.runs import Runs, has_run, has_run_anew, runs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    _Search = Callable[[str, Runs], bool]


RUN = 8
"""How many characters of a secret in a row give it away."""
_MIN_LENGTH, _MIN_DISGUISED = 4, 6
"""Shorter secrets are looked for whole: below four characters, and disguised below six, they are in half of all texts."""
_FOLDED_RUN = 10
"""How many characters of base64 without their case, or of base32, give away what they stand for."""
_EXACT_RUN = 5
"""How many characters of base85 do, which are four octets; they are compared as they are, and those of uuencode too."""
_MAX_DEPTH = 3
MAX_CHARACTERS = 64 * 1024
"""Of all readings together; a text with more of them is taken to hold the secret."""

_ESCAPE = re.compile(
    r"[%=](?P<octet>[0-9A-Fa-f]{2})|\\+x(?P<hex>[0-9A-Fa-f]{2})|(?:\\+[uUx]|%u|U\+|0x)\{?(?P<unit>[0-9A-Fa-f]{4,8})\b\}?"
    r"|(?:\\+u|%u)(?P<four>[0-9A-Fa-f]{4})|\\+[ux]\{(?P<braced>[0-9A-Fa-f]{1,8})\}|\\+(?P<octal>[0-7]{2,3})"
)
_MARK = re.compile(r"[%=&\\+]|0x")
"""What an escape begins with."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_SOFT_BREAK = re.compile(r"=[ \t]*\r?\n")
_HEX_MARK = re.compile(r"0[xX]|(?<=[0-9A-Fa-f]{2})[hH]\b")
_HEX_RUN = re.compile(r"[0-9A-Fa-f](?:[^0-9A-Za-z]{0,3}[0-9A-Fa-f]){7,}")
_FEWEST_DIGITS, _FEWEST_OF_NUMBERS = 8, 11
"""Of how many characters what is read as hexadecimal, and as numbers, must be."""
_UNMARKED = re.compile(r"[^%=&\\+x\x80-\U0010ffff]*")
"""Text in which no mark of an escape stands, wherever its letters are put."""
_NO_HEX = re.compile(r"[^0-9A-Fa-f]")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/]{6,}")
_NUMBERS = re.compile(r"[0-9]{2,8}(?:(?:[^0-9A-Za-z]{1,3}|[^0-9]{4,10})[0-9]{2,8}){3,}")
"""Numbers with little between them, or something of a program: ``chr(112)+chr(119)``."""
_JOINED = re.compile(r"[0-9]{21,}")
_JOINED_BY = ((8, 2), (7, 2), (3, 8), (3, 10))
"""How many digits a letter has, of which base, where numbers are written without anything between."""
_NUMBER = re.compile(r"[0-9]+")
_WORDLESS = re.compile(r"[\W_]+")
_SPELLED = re.compile(r"(?:[^\W_]{1,5}[\W_]{1,9}){2,}[^\W_]{1,5}")
"""What is spelled in short pieces. Longer ones are words: "client secret" is no echo of ``my/client+secret``."""
_SPACE = re.compile(r"\s+")
_TAG = re.compile("[\U000e0020-\U000e007e]")
_TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
"""Letters of ASCII as characters without a shape."""
_UUENCODED = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "".join(map(chr, (0x60, *range(0x21, 0x60))))
)
_ASCII85 = {each: 0x21 + digit for digit, each in enumerate(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
)}  # fmt: skip
"""From the letters of base85 to those of Ascii85, which write the same digits."""
_HIGHEST = 0x10FFFF
_OCTET = 0x100


class _Readings(NamedTuple):
    """A text in all ways of reading it, as secrets are looked for in it; a blank stands between two readings."""

    decoded: tuple[str, ...]
    squeezed: str
    """The keys of all readings, without their spaces."""
    spelled: str
    """What the keys spell in short pieces."""


class Legible:
    """What gives secrets away, made once of them; ``in_text`` is asked for every text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the secrets; those of fewer than four characters are left out. Runs are known forwards and backwards."""
        self._plain, self._spelled = Runs(), Runs()
        self._whole: set[str] = set()
        self._folded = Runs({_FOLDED_RUN: set()})
        self._exact = Runs({_EXACT_RUN: set(), _FOLDED_RUN: set()})
        for secret in secrets:
            if len(secret) >= RUN:
                self._add_long(secret)
            elif len(secret) >= _MIN_LENGTH:
                self._whole.add(secret)
        for known in (self._plain, self._spelled, self._folded, self._exact):
            for runs in known.values():
                runs.update([run[::-1] for run in runs])
        self._shortest = min((*self._plain, *self._spelled, *map(len, self._whole)), default=RUN)
        """Of how many characters a reading must be for a secret to stand in it."""

    def in_text(self, text: str) -> bool:
        """Tell whether a secret can be read in a text, which may come again."""
        return self._is_written(text, has_run) or self._is_read(text, has_run)

    def is_read_in(self, text: str) -> bool:
        """Tell whether a secret stands in a text that is decoded, and decoded again; the text will not come again."""
        return self._is_read(text, has_run_anew)

    def is_written_in(self, text: str) -> bool:
        """Tell whether a secret stands in a text as it is, backwards, spaced, in another case, or in one encoding by itself.

        These are hexadecimal, base64, base32, base85 and uuencode. ``in_text`` looks at encodings of encodings too, and
        takes a hundred times as long for a text that it has not seen. The text will not come again.
        """
        return self._is_written(text, has_run_anew)

    def _is_read(self, text: str, has_run: _Search) -> bool:
        found = _all_readings(text, self._shortest)
        return found is None or self._is_in(found, has_run)

    def _is_written(self, text: str, has_run: _Search) -> bool:
        if has_run(_wordless_key(text), self._folded) or (self._whole and self._is_disguised_short(text)):
            return True
        if has_run(_spaceless(text), self._exact):
            return True
        decoded = tuple(_from_hex(text, self._shortest))
        return self._is_in(_in_this_way([_key(each) for each in (text, *decoded)], decoded), has_run)

    def _add_long(self, secret: str) -> None:
        for spelled in (secret, codecs.encode(secret, "rot13")):
            key = _key_made(spelled)
            for known, way in ((self._plain, _SPACE.sub("", key)), (self._spelled, _WORDLESS.sub("", key))):
                length = min(RUN, len(way))
                if length >= _MIN_DISGUISED:
                    known.setdefault(length, set()).update(way[at : at + length] for at in range(len(way) - length + 1))
        octets = secret.encode("utf-8", "surrogatepass")
        for fragment in _fragments(octets, base64.b64encode, of=3, bits=6):
            whole = _WORDLESS.sub("", fragment).replace("+", "").casefold()
            self._folded[_FOLDED_RUN].update(runs_of(whole, _FOLDED_RUN))
            self._exact[_FOLDED_RUN].update(runs_of(fragment.translate(_UUENCODED), _FOLDED_RUN))
        for encode in (base64.b32encode, base64.b32hexencode):
            for fragment in _fragments(octets, encode, of=5, bits=5):
                self._folded[_FOLDED_RUN].update(runs_of(fragment.casefold(), _FOLDED_RUN))
        groups = b"".join(octets[start : start + 4] for start in range(len(octets) - 3))
        written = base64.b85encode(groups).decode("ascii")
        for alphabet in (written, written.translate(_ASCII85)):
            self._exact[_EXACT_RUN].update(alphabet[at : at + _EXACT_RUN] for at in range(0, len(alphabet), _EXACT_RUN))

    def _is_in(self, found: _Readings, has_run: _Search) -> bool:
        if any(whole in text or whole in text[::-1] for whole in self._whole for text in found.decoded):
            return True
        return has_run(found.squeezed, self._plain) or has_run(found.spelled, self._spelled)

    def _is_disguised_short(self, text: str) -> bool:
        """Tell whether a secret of six or seven characters stands backwards, spaced, or in the other case."""
        key = _key(text)
        wholes = {_key_made(whole) for whole in self._whole if len(whole) >= _MIN_DISGUISED}
        return any(whole in way for whole in wholes for way in (key, key[::-1], _WORDLESS.sub("", key)))


def _fragments(octets: bytes, encode: Callable[[bytes], bytes], *, of: int, bits: int) -> Iterator[str]:
    """Yield, for each place in a group ``of`` octets where a secret may begin, the characters that it alone decides."""
    for offset in range(of):
        first = -(-offset * 8 // bits)
        yield encode(b"\0" * offset + octets).decode("ascii")[first : (offset + len(octets)) * 8 // bits]


@lru_cache(maxsize=64)
def _all_readings(text: str, shortest: int) -> _Readings | None:
    """Return a text in all ways of reading it that leave ``shortest`` characters; None where they are too many for words.

    Kept for a while: a server says the same few sentences to everybody, and this does not depend on whose secret it is.
    """
    left = MAX_CHARACTERS
    keys, decoded = list[str](), list[str]()
    for depth, reading, key in _readings(text, shortest=shortest):
        left -= len(reading)
        if left < 0:
            return None
        keys.append(key)
        if depth:
            decoded.append(reading)
    return _in_this_way(keys, decoded)


def _in_this_way(keys: Sequence[str], decoded: Iterable[str]) -> _Readings:
    """Return ways in which a text was read, by their keys, ready to be looked through."""
    spelled = [_WORDLESS.sub("", each) for key in keys if not key.isalnum() for each in _SPELLED.findall(key)]
    return _Readings(tuple(decoded), " ".join(["".join(key.split()) for key in keys]), " ".join(spelled))


def readings(text: str, *, deepest: int) -> Iterator[str]:
    """Yield a text in all ways of reading it, the text itself first, decoded up to ``deepest`` times.

    No more than ``MAX_CHARACTERS`` beyond the text.
    """
    left = MAX_CHARACTERS
    for depth, reading, _ in _readings(text, deepest=deepest):
        left -= len(reading) if depth else 0
        if left < 0:
            return
        yield reading


def _readings(text: str, *, deepest: int = _MAX_DEPTH, shortest: int = 1) -> Iterator[tuple[int, str, str]]:
    """Yield a text in all ways of reading it, the text itself first, each once, with its key and how often it was decoded.

    Of what was decoded, what is shorter than ``shortest`` is left out: decoded again it becomes shorter still, and most
    of what is decoded was never encoded. Letters that stand for several count as these, and an escape may be one.
    """
    once, is_more = list[str](), not _has_hex_alone(text, shortest)
    for turned in (text[::-1], codecs.encode(text, "rot13"), text.swapcase()) if is_more else ():
        once += _from_letters(turned, shortest)
    once += _from_hex(text[::-1], shortest)
    once += [text[start::step] for step in (2, 3) for start in range(step)] if is_more else ()
    seen = {text}
    waiting = [(0, text, _key(text))]
    waiting += [(1, reading, _key_made(reading)) for reading in once]
    waiting[1:] = [each for each in waiting[1:] if _may_hold(*each[1:], shortest)]
    for depth, reading, key in waiting:
        yield depth, reading, key
        for decoded in _decodings(reading, shortest) if depth < deepest else ():
            if decoded not in seen:
                seen.add(decoded)
                found = _key_made(decoded)
                if _may_hold(decoded, found, shortest):
                    waiting.append((depth + 1, decoded, found))


def _may_hold(reading: str, key: str, shortest: int) -> bool:
    return len(key) >= shortest or _MARK.search(reading) is not None


def _has_hex_alone(text: str, shortest: int) -> bool:
    """Tell whether a text is so short that as much as a secret has can come of it as hexadecimal alone, if at all."""
    size = len(text)
    return (
        size < _FEWEST_OF_NUMBERS
        and size * 6 // 8 < shortest
        and (size + 1) // 2 < shortest
        and _UNMARKED.fullmatch(text) is not None
    )


def _decodings(text: str, shortest: int) -> Iterator[str]:
    if _has_hex_alone(text, shortest):
        yield from _from_hex(text, shortest)
        return
    if _MARK.search(text):
        import html  # which makes a table of two thousand names

        unescaped = _SOFT_BREAK.sub("", html.unescape(text))
        if _ESCAPE.search(unescaped) or _SURROGATE.search(unescaped):
            for is_utf8 in (True, False):
                yield _without_escapes(unescaped, is_utf8=is_utf8)
        else:
            yield unescaped
    yield from _from_hex(text, shortest)
    yield from _from_numbers(text)
    yield from _from_letters(text, shortest)


def _from_letters(text: str, shortest: int) -> Iterator[str]:
    """Yield what a text's base64 says, wherever in it a group of four begins: a server may cut what it echoes.

    Nothing where that is fewer octets than a secret has.
    """
    if len(text) * 6 // 8 < shortest:
        return
    letters = _spaceless(text)
    for each in (letters,) if letters.isalnum() else {letters, _WORDLESS.sub("", text)}:
        runs = _BASE64_RUN.findall(each.replace("-", "+").replace("_", "/"))
        if runs and sum([len(run) * 6 // 8 for run in runs]) >= shortest:
            for offset in range(4):
                yield from told_by([_base64(run[offset:]) for run in runs], shortest=shortest)


def _without_escapes(text: str, *, is_utf8: bool) -> str:
    """Return a text with its escapes resolved; those of octets are taken for UTF-8, or each for a letter of Latin-1."""

    def resolved(found: re.Match[str]) -> str:
        digits = next(group for group in found.groups() if group is not None)
        number = int(digits, 8 if found["octal"] else 16)
        is_octet = number < _OCTET and (found["octet"] or found["hex"] or found["octal"])
        if number > _HIGHEST:
            return found.group()
        return chr(0xDC00 + number) if is_octet and is_utf8 and number >= 0x80 else chr(number)  # noqa: PLR2004 - ASCII

    resolved_text = _ESCAPE.sub(resolved, text)
    if not is_utf8:
        return resolved_text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _octets_of(resolved_text).decode("utf-8", "replace")


def _octets_of(text: str) -> bytes:
    """Return a text in UTF-8, where octets from 128 on are written as ``surrogateescape`` has them."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # there are other surrogates
        return b"".join(
            each.encode("utf-8", "surrogateescape" if "\udc80" <= each <= "\udcff" else "surrogatepass")
            for each in text
        )


def _from_hex(text: str, shortest: int) -> Iterator[str]:
    runs = _HEX_RUN.findall(_HEX_MARK.sub("", text)) if len(text) >= _FEWEST_DIGITS else ()
    if runs:
        digits = [_NO_HEX.sub("", run) for run in runs]
        for offset in range(2) if len(digits) > 1 or len(digits[0]) > 2 * FEWEST_TELLING else (0,):
            octets = [bytes.fromhex(run[offset : (len(run) - offset) // 2 * 2 + offset]) for run in digits]
            yield from told_by(octets, shortest=shortest)


def _from_numbers(text: str) -> Iterator[str]:
    """Yield lists of numbers, decimal, octal and binary, as the characters and as the octets that they are."""
    if len(text) < _FEWEST_OF_NUMBERS:
        return
    lists = list(map(_NUMBER.findall, _NUMBERS.findall(text)))
    for base in (10, 8, 2) if lists else ():
        highest = str(base - 1)
        usable = [[int(each, base) for each in numbers if max(each) <= highest] for numbers in lists]
        # As characters too, for a number above 255 is a letter and no octet.
        yield "\n".join("".join(chr(each) for each in numbers if each <= _HIGHEST) for numbers in usable)
        yield from told_by([bytes(each for each in numbers if each < _OCTET) for numbers in usable])
    joined = _JOINED.findall(text)
    for width, base in _JOINED_BY if joined else ():
        # A server may cut what it echoes, so the first digit may be any of a number's.
        for offset in range(width):
            cut = [[run[at : at + width] for at in range(offset, len(run) - width + 1, width)] for run in joined]
            numbers = [[int(each, base) for each in run if int(max(each)) < base] for run in cut]
            yield from told_by([bytes(each for each in run if each < _OCTET) for run in numbers])


def _base64(run: str) -> bytes:
    """Return what a run of base64 says; a single character behind the last group says nothing."""
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return binascii.a2b_base64(whole + "=" * (-len(whole) % 4))


@lru_cache(maxsize=64)
def _wordless_key(text: str) -> str:
    return _WORDLESS.sub("", _key(text))


def _spaceless(text: str) -> str:
    return "".join(text.split())


def _key(text: str) -> str:
    return text.lower() if text.isascii() else _kept_key(text)


def _key_made(text: str) -> str:
    """Return a text's key, and keep neither: of a secret nothing outlives whoever looks for it."""
    if text.isascii():
        return text.lower()
    shown = text.translate(_TAGS) if _TAG.search(text) else text
    return unicodedata.normalize("NFKC", shown).casefold()


_kept_key = lru_cache(maxsize=64)(_key_made)
"""Of texts that servers say, which come again."""
