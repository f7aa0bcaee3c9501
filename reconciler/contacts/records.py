"""The octets of a contacts file as numbered lines of bounded length, with a way back to an earlier line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_RECORD_OCTETS = 131_072
"""The longest card, in octets: the limit of Python's csv module for one field, and far more than a card needs."""

_FREE_OCTETS_TO_REREAD = 4 * 1024 * 1024
_TIMES_REREAD = 2


class Line(NamedTuple):
    """One line with its end, or a piece of one that is longer than a record may be."""

    number: int
    """From 1."""
    octets: bytes
    is_whole: bool
    """False for a piece of a longer line, whose rest follows as further pieces."""


class Lines:
    """The lines of a seekable file, read one at a time."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin where the file stands."""
        self._file = file
        self._number = 0
        self._is_inside_line = False
        self._furthest = 0
        self._reread = 0

    def next(self) -> Line | None:
        """Return the next line, or the next piece of a long one; None at the end."""
        octets = self._file.readline(MAX_RECORD_OCTETS)
        if not octets:
            return None
        if not self._is_inside_line:
            self._number += 1
        is_whole = octets.endswith(b"\n") or len(octets) < MAX_RECORD_OCTETS
        self._is_inside_line = not is_whole
        return Line(self._number, octets, is_whole)

    def skip_rest_of_line(self) -> None:
        """Go to the beginning of the next line."""
        while self._is_inside_line and self.next() is not None:
            pass

    def place(self) -> tuple[int, int]:
        """Return the place of the next line, for ``go_back``; may be called between lines only."""
        return self._file.tell(), self._number

    def go_back(self, place: tuple[int, int]) -> bool:
        """Go back to a place; return False, without going, once too much was read twice.

        So reading a file takes time in proportion to its size, whatever is in it.
        """
        offset, number = place
        here = self._file.tell()
        self._furthest = max(self._furthest, here)
        again = here - offset
        # Small files may be read over and over; of a large one only a multiple of what was read.
        if self._reread + again > _FREE_OCTETS_TO_REREAD + _TIMES_REREAD * self._furthest:
            return False
        self._reread += again
        self._file.seek(offset)
        self._number = number
        self._is_inside_line = False
        return True
