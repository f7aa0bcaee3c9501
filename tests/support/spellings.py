"""Ways in which somebody could write a secret so that another reads it; a server that echoes may use any of them."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _each(write: Callable[[int], str], between: str = "") -> Callable[[str], str]:
    return lambda text: between.join(write(octet) for octet in text.encode())


def _letters(write: Callable[[str], str], between: str = "") -> Callable[[str], str]:
    return lambda text: between.join(write(letter) for letter in text)


def _base64(text: str, offset: int = 0) -> str:
    return base64.b64encode(b"x" * offset + text.encode()).decode()


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "case swapped": str.swapcase,
    "hex": lambda text: text.encode().hex(),
    "hex, upper": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex with spaces": lambda text: text.encode().hex(" "),
    "hex with 0x": _each(lambda octet: f"0x{octet:02x}", ", "),
    "hex of UTF-16": lambda text: text.encode("utf-16-le").hex(),
    "base64": _base64,
    "base64, one on": lambda text: _base64(text, 1),
    "base64, two on": lambda text: _base64(text, 2),
    "base64, cut": lambda text: _base64("xyz" + text)[2:],
    "base64, bare": lambda text: _base64(text).rstrip("="),
    "base64, safe for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64, lower case": lambda text: _base64(text).lower(),
    "base64, spaced": lambda text: " ".join(_base64(text)),
    "base64, backwards": lambda text: _base64(text)[::-1],
    "base64 of base64": lambda text: _base64(_base64(text)),
    "base64 of hex": lambda text: _base64(text.encode().hex()),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-be")).decode(),
    "hex of base64": lambda text: _base64(text).encode().hex(),
    "PLAIN": lambda text: _base64(f"\0anna\0{text}"),
    "XOAUTH2": lambda text: _base64(f"user=anna\1auth=Bearer {text}\1\1"),
    "for a URL": lambda text: quote(text, safe=""),
    "for a URL, every letter": _each(lambda octet: f"%{octet:02X}"),
    "for a URL, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "quoted-printable": _each(lambda octet: f"={octet:02X}"),
    "quoted-printable, soft breaks": lambda text: "=\n".join((text[:4], text[4:8], text[8:])),
    "entities": _letters(lambda letter: f"&#{ord(letter)};"),
    "entities, hexadecimal": _letters(lambda letter: f"&#x{ord(letter):X};"),
    "entities, named": html.escape,
    r"\u escapes": _letters(lambda letter: f"\\u{ord(letter):04x}"),
    r"\u{} escapes": _letters(lambda letter: f"\\u{{{ord(letter):x}}}"),
    r"\U escapes": _letters(lambda letter: f"\\U{ord(letter):08x}"),
    r"\x escapes": _each(lambda octet: f"\\x{octet:02x}"),
    "octal escapes": _each(lambda octet: f"\\{octet:03o}"),
    "decimal numbers": _each(str, " "),
    "octal numbers": _each(lambda octet: f"{octet:o}", ","),
    "binary numbers": _each(lambda octet: f"{octet:08b}", " "),
    "binary numbers, joined": _each(lambda octet: f"{octet:08b}"),
    "octal numbers, joined": _each(lambda octet: f"{octet:03o}"),
    "decimal numbers, joined": _each(lambda octet: f"{octet:03d}"),
    "numbers of a program": _each(lambda octet: f"chr({octet})", "+"),
    "letters of a program": lambda text: str(list(text)),
    "hex with h": _each(lambda octet: f"{octet:02X}h", " "),
    "hex backwards": lambda text: text.encode().hex()[::-1],
    "hex of UTF-32": lambda text: text.encode("utf-32-be").hex(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32, lower case": lambda text: base64.b32encode(b"xy" + text.encode()).decode().lower(),
    "base32hex": lambda text: base64.b32hexencode(text.encode()).decode(),
    "base85": lambda text: base64.b85encode(text.encode()).decode(),
    "base85, one on": lambda text: base64.b85encode(b"x" + text.encode()).decode(),
    "ascii85": lambda text: base64.a85encode(text.encode()).decode(),
    "uuencode": lambda text: binascii.b2a_uu(text.encode(), backtick=True).decode().rstrip("\n"),
    "uuencode, with blanks": lambda text: binascii.b2a_uu(text.encode()).decode().rstrip("\n"),
    "in letters without a shape": _letters(lambda letter: chr(ord(letter) + 0xE0000) if letter < "\x7f" else letter),
    "backwards": lambda text: text[::-1],
    "spaced": " ".join,
    "dotted": ".".join,
    "dashed": "-".join,
    "with invisible marks": "\u200b".join,
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "in pieces": lambda text: "-".join(text[at : at + 3] for at in range(0, len(text), 3)),
    "in wide letters": _letters(lambda letter: chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter),
    "on two lines": lambda text: f"{text[: len(text) // 2]}\n{text[len(text) // 2 :]}",
}
"""By name; all of them for text of UTF-8."""
