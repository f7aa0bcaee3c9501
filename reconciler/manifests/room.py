"""Limits over all manifests together: each file may be within its own, and thousands of them still fill the memory."""

from __future__ import annotations

from reconciler.diagnostics import Diagnostic, Location, error

MAX_FILES = 20_000
MAX_ENTRIES = 200_000
"""Files and folders of any kind below the manifests folder."""
MAX_DEPTH = 100
"""Folders within each other."""
MAX_OCTETS = 128 * 1024 * 1024
MAX_WEIGHT = 3_000_000
"""Values of all documents; 100,000 accounts of 15 lines are two thirds of it, and all of it is about 1 GiB."""
MAX_ALL_PROBLEMS = 10_000

FILES = f"{MAX_FILES:,} files"
ENTRIES = f"{MAX_ENTRIES:,} files and folders"
OCTETS = f"{MAX_OCTETS // 1024 // 1024} MiB"
WEIGHT = f"{MAX_WEIGHT:,} values"
PROBLEMS = f"{MAX_ALL_PROBLEMS:,} problems"
_CURES = {PROBLEMS: "Mend those listed, then run again."}
_CURE = "Look for what does not belong there; accounts of separate teams can be projects of their own."


class NoRoom(Exception):
    """Reading goes no further; ``problem`` says which limit was reached, and where."""

    def __init__(self, problem: Diagnostic) -> None:
        """Keep the problem."""
        super().__init__(problem.detail)
        self.problem = problem


class Room:
    """What is left of the limits while files are read one after another."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self._octets = MAX_OCTETS
        self._weight = MAX_WEIGHT

    def take_octets(self, count: int, file: str) -> None:
        """Count the size of a file; raise ``NoRoom`` beyond the limit."""
        self._octets -= count
        if self._octets < 0:
            raise NoRoom(beyond(OCTETS, file))

    def take_weight(self, weight: int, file: str) -> None:
        """Count a document; raise ``NoRoom`` beyond the limit."""
        self._weight -= weight
        if self._weight < 0:
            raise NoRoom(beyond(WEIGHT, file))


def require_few_problems(count: int, file: str) -> None:
    """Raise ``NoRoom`` where there are more problems than anybody reads."""
    if count > MAX_ALL_PROBLEMS:
        raise NoRoom(beyond(PROBLEMS, file))


def beyond(limit: str, file: str) -> Diagnostic:
    """Return the problem of manifests beyond a limit; ``file`` is where reading stopped."""
    detail = (
        f"The manifests have more than {limit} together, and reading stopped here. What is not read would look like "
        f"deleted accounts, so nothing is planned. {_CURES.get(limit, _CURE)}"
    )
    return error("manifestsTooLarge", detail, location=Location(file))
