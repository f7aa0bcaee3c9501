"""A server's reply as a value: code, enhanced status code and cleaned text. RFC 5321 section 4.2, RFC 3463."""

from __future__ import annotations

import re
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_REPLY, UNSAFE_CHARACTER, clip
from reconciler.classes import dataclass
from reconciler.model.text.charsets import charset_of, text_of
from reconciler.smtp.masking import WITHHELD, Hearing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.smtp.masking import CredentialMask


REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?\Z", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |\Z)")


def clean(octets: bytes, *, max_characters: int = SHOWN_REPLY, charset: str | None = None) -> str:
    """Return foreign octets as text of one line, without control characters, cut to a length.

    In the charset that they most likely are in, unless it is known.
    """
    text = text_of(octets, charset or charset_of(octets))
    if not (text.isascii() and text.isprintable()):  # nearly every text is, and the table is slow to search
        text = UNSAFE_CHARACTER.sub(" ", text)
    return clip(text.strip(), max_characters)


def quoted(octets: bytes, masks: Sequence[CredentialMask], *, max_characters: int = SHOWN_REPLY) -> str:
    """Return foreign octets as ``clean`` does, credentials masked; or a sentence where one could be read all the same."""
    for mask in masks:
        octets = mask.apply(octets)
    text = clean(octets, max_characters=max_characters)
    return WITHHELD if Hearing(text, octets, masks).tells else text


@lru_cache(maxsize=64)
def legible(lines: tuple[bytes, ...]) -> tuple[tuple[str, ...], str]:
    """Return the masked texts of a reply cleaned, and as they are shown: a server says the same to each message."""
    cleaned = cleaned_lines(lines)
    return cleaned, joined(cleaned)


def cleaned_lines(lines: Sequence[bytes]) -> tuple[str, ...]:
    """Return the texts of a reply cleaned, all in one charset."""
    charset = charset_of(b"\n".join(lines))
    return tuple(clean(each, charset=charset) for each in lines)


def joined(lines: Sequence[str]) -> str:
    """Return lines of a reply as they are shown: on one line, cut to a length."""
    return clip(" ".join(line for line in lines if line), SHOWN_REPLY)


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply; ``lines`` are its texts without the codes, cleaned, credentials masked, and ``heard`` unmasked.

    What is shown, recorded or told is of the former; what a reply means is found in the latter. A secret may be a word of
    the protocol, and a server means the same by it whatever the secret is.
    """

    code: int
    lines: tuple[str, ...]
    challenge: bytes = field(default=b"", repr=False)
    """For 334 the text as it came, still in base64, for the mechanism alone; never shown."""
    hearing: Hearing | None = field(default=None, repr=False, compare=False)
    """What tells whether the words may be shown; None: they may."""
    unmasked: tuple[str, ...] | None = field(default=None, repr=False, compare=False)
    """The texts, cleaned, where a mask changed them; never shown. None: they are the lines."""

    @property
    def heard(self) -> tuple[str, ...]:
        """The texts as the server said them, cleaned; for judgement alone, never shown."""
        return self.lines if self.unmasked is None else self.unmasked

    @property
    def said(self) -> str:
        """Code and text on one line, as the server said them; for judgement alone, never shown."""
        return f"{self.code} {joined(self.heard)}".rstrip()

    @property
    def is_positive(self) -> bool:
        """Whether the server did what it was asked (2xx)."""
        return 200 <= self.code < 300  # noqa: PLR2004 - the classes of reply codes

    @property
    def is_intermediate(self) -> bool:
        """Whether the server waits for more (3xx)."""
        return 300 <= self.code < 400  # noqa: PLR2004 - the classes of reply codes

    @property
    def is_transient(self) -> bool:
        """Whether a later attempt may succeed (4xx)."""
        return 400 <= self.code < 500  # noqa: PLR2004 - the classes of reply codes

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code, such as 5.7.8; None where the reply has none. For judgement alone."""
        return _enhanced(self.heard)

    @property
    def words(self) -> str:
        """The text without the code, on one line, cut to a length; a sentence where a credential could be read in it."""
        return self._withheld if self.hearing is not None and self.hearing.tells else joined(self.lines)

    @property
    def words_on_taking(self) -> str:
        """The text of a reply that takes a message, as ``words`` has it; see ``Hearing.tells_beside_names``."""
        is_telling = self.hearing is not None and self.hearing.tells_beside_names
        return self._withheld if is_telling else joined(self.lines)

    @property
    def _withheld(self) -> str:
        enhanced = _enhanced(self.lines)
        return f"{enhanced} {WITHHELD}" if enhanced else WITHHELD

    def __str__(self) -> str:
        """Code and text, on one line."""
        return f"{self.code} {self.words}".rstrip()


def _enhanced(lines: Sequence[str]) -> str | None:
    found = _ENHANCED.match(lines[0]) if lines else None
    return found.group(1) if found else None
