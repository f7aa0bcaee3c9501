"""What octets say that were decoded from a text: as far as it can be text at all, in every charset that it may be in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FEWEST_TELLING = 4
"""Of how many characters in a row there must be text, for them to tell anything."""
_TELLING = re.compile(rf"[^\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]{{{FEWEST_TELLING},}}")
_FEWEST_OF_WIDE = 8
"""Of how many octets UTF-16 and 32 must be to tell anything."""
_MAY_TELL = re.compile(rb"(?:[\t-\r -~]|[\xc2-\xf4][\x80-\xbf]{1,3}|[\xa0-\xff]){%d}" % FEWEST_TELLING)
"""Octets without which neither UTF-8 nor Latin-1 tells anything."""
_MAY_GROW = re.compile(rb"[%=&\\+x\x80-\xff]")
"""Octets that may stand for more letters than they are: an escape, or a letter that stands for several."""


def told_by(pieces: Sequence[bytes], *, shortest: int = 1) -> Iterator[str]:
    """Yield what decoded octets say, without what cannot be text: most of what is decoded was never encoded.

    Few octets that surely stand for fewer than ``shortest`` letters may be left out.
    """
    octets = b"\n".join(pieces)
    size = len(octets)
    if size < FEWEST_TELLING:
        return
    if size < _FEWEST_OF_WIDE:
        may_grow = size >= shortest or _MAY_GROW.search(octets) is not None
        if not may_grow or _MAY_TELL.search(octets) is None:
            return
    for text in texts_of(octets, shortest=FEWEST_TELLING):
        telling = " ".join(_TELLING.findall(text))
        if telling:
            yield telling


def texts_of(octets: bytes, *, shortest: int = 1) -> Iterator[str]:
    """Yield what octets say: as UTF-8, and where they are none as Latin-1 and UTF-16 or 32.

    What has fewer than ``shortest`` characters may be left out.
    """
    text = octets.decode("utf-8", "replace")
    yield text
    if "\N{REPLACEMENT CHARACTER}" in text:
        yield octets.decode("latin-1")
    if b"\0" in octets:
        for name, width in (("utf-16-le", 2), ("utf-16-be", 2), ("utf-32-le", 4), ("utf-32-be", 4)):
            if len(octets) >= width * shortest:
                yield from (octets[at:].decode(name, "replace") for at in range(width))
