"""A mark for each line of a contacts file of any length, in an octet a line."""

from __future__ import annotations

_GROWTH = 65_536


class LineMarks:
    """A small number for each line of a contacts file, 0 at first, in one octet a line."""

    def __init__(self) -> None:
        """Begin with 0 for every line."""
        self._octets = bytearray()

    def __getitem__(self, line: int) -> int:
        """Return a line's number."""
        return self._octets[line] if line < len(self._octets) else 0

    def __setitem__(self, line: int, mark: int) -> None:
        """Set a line's number, 0 to 255."""
        if line >= len(self._octets):
            self._octets.extend(bytes(line + _GROWTH - len(self._octets)))
        self._octets[line] = mark

    def count(self, mark: int) -> int:
        """Return how many lines have this number."""
        return self._octets.count(mark)
