"""``Wire``: what is said over one connection, told line by line to whoever listens. Nothing is told unmasked.

What goes out in a login is not told at all, masked or not, but for its mechanism; whoever sends it says what to show in
its place. Everything else, both ways, is masked as replies are, and what came in which a credential could be read all
the same is withheld.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from typing import TYPE_CHECKING

from reconciler.characters import UNSAFE_CHARACTER, clip
from reconciler.events import somebody_listens, tell
from reconciler.smtp.masking import WITHHELD, Hearing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.event import Speaker
    from reconciler.smtp.certificate import Certificate
    from reconciler.smtp.masking import CredentialMask

MASKED = "***"
_MOST_LINES = 200
"""Of one message: the beginning tells what a mail administrator asks for."""
_MOST_CHARACTERS = 1000
_MOST_REMEMBERED = 120
_CODE = 4
"""How many characters of a reply's line its code and mark are."""
_PROMPTS = re.compile(rb"user ?name:?\0?|password:?\0?|\{.*\}", re.IGNORECASE | re.DOTALL)
"""What a challenge may say that helps whoever breaks in nowhere: the prompts of LOGIN, the JSON that refuses a token."""
_SIGNATURE = re.compile(r"\bdj0[A-Za-z0-9+/]{8,}={0,2}")
"""A base64 word that begins with ``v=``: how a server proves by SCRAM that it knows the password."""
_numbers = itertools.count(1)


class Wire:
    """One connection, under a number of its own; ``masks`` is the list that whoever owns it adds to."""

    def __init__(self, place: str = "") -> None:
        """Give the connection to a place, host and port, its number."""
        self.place = place
        self.number = next(_numbers)
        self.masks: Sequence[CredentialMask] = ()
        self.is_encrypted = False
        self._is_closed = False
        self._heard = ""

    def note(self, text: str) -> None:
        """Tell something of the connection; foreign words in it must be clean."""
        if somebody_listens():
            self._tell("note", [self._masked(text.encode("utf-8", "replace"))])

    def sent(self, octets: bytes, *, shown: str | None = None) -> None:
        """Tell what goes out, or what is ``shown`` in its place."""
        if somebody_listens():
            self._tell("client", [shown] if shown is not None else self._lines(octets))

    def heard(self, octets: bytes) -> None:
        """Tell what came, a line each."""
        if somebody_listens():
            lines = self._lines(octets)
            self._tell("server", [WITHHELD] if self._is_telling(lines, octets) else lines)

    def heard_reply(self, lines: Sequence[bytes], *, is_challenge: bool) -> None:
        """Tell the lines of a reply; a challenge of a login only where it helps nobody to guess the password."""
        if not somebody_listens():
            return
        shown = [_SIGNATURE.sub(MASKED, each) for each in self._lines(b"\r\n".join(lines))]
        if is_challenge and not _is_harmless(lines[-1][_CODE:]):
            shown = [f"{shown[-1][:_CODE]}{MASKED}"]
        elif self._is_telling([each[_CODE:] for each in shown], b"\n".join(each[_CODE:] for each in lines)):
            shown = [f"{shown[-1][:_CODE]}{WITHHELD}"]
        self._tell("server", shown)

    def agreed(self, version: str, cipher: str, chain: Sequence[Certificate]) -> None:
        """Tell what a handshake came to, with the certificates."""
        self.is_encrypted = True
        if not somebody_listens():
            return
        self.note(f"TLS: {version}, {cipher}")
        for number, each in enumerate(chain):
            names = ", ".join(each.names[:10])
            until = f"{each.not_before:%Y-%m-%d} to {each.not_after:%Y-%m-%d}"
            self.note(f"certificate {number}: {each.subject}, issued by {each.issuer}, {until}, {names}")
            self.note(f"certificate {number}: {each.fingerprint_in_words}")

    def close(self) -> None:
        """Tell, once, that nothing follows."""
        if not self._is_closed and somebody_listens():
            self._is_closed = True
            self._tell("note", ["closed"], is_end=True)

    def _lines(self, octets: bytes) -> list[str]:
        lines = octets.removesuffix(b"\r\n").split(b"\r\n")
        shown = [self._masked(line) for line in lines[:_MOST_LINES]]
        if len(lines) > _MOST_LINES:
            shown.append(f"[{len(lines) - _MOST_LINES:,} more lines are not shown]")
        return shown

    def _masked(self, octets: bytes) -> str:
        for mask in self.masks:
            octets = mask.apply(octets)
        return clip(UNSAFE_CHARACTER.sub(" ", octets.decode("utf-8", "replace")), _MOST_CHARACTERS)

    def _is_telling(self, lines: Sequence[str], octets: bytes) -> bool:
        """Tell whether a credential could be read in what came, with what came before it, though it was masked."""
        text = " ".join(lines)
        for mask in self.masks:
            octets = mask.apply(octets)
        hearing = Hearing(text, octets, self.masks, before=self._heard)
        self._heard = f"{self._heard}\n{text}"[-_MOST_REMEMBERED:]
        return hearing.tells

    def _tell(self, speaker: Speaker, lines: Sequence[str], *, is_end: bool | None = None) -> None:
        for text in lines:
            tell(
                "said",
                connection=self.number,
                server=self.place,
                speaker=speaker,
                is_encrypted=self.is_encrypted,
                text=text,
                is_end=is_end,
            )


def _is_harmless(challenge: bytes) -> bool:
    """Tell whether a challenge is a prompt, a provider's JSON, or nothing; salts, nonces and signatures are not."""
    try:
        plain = base64.b64decode(challenge.strip(), validate=True)
    except (binascii.Error, ValueError):
        return True  # words, which are masked as others are
    return not plain or _PROMPTS.fullmatch(plain) is not None
