"""Which system tests run in one process, so that what is costly is made once for all that share it.

xdist's own groups are names that it puts behind the tests' node IDs, where pytest 9.2 does not look for them: with
these two every test was a group of its own, nothing was told, and each process wrote the browser's large site.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

_BROWSER = "tests/system/browser/"
_CRASHES = "tests/system/test_crashes.py"
_FIRST = (_CRASHES, "tests/system/store/test_crashes.py", _BROWSER, "tests/system/test_scale.py")
"""The longest, in this order: begun last they would outlast all others."""


class Grouped(LoadScopeScheduling):  # type: ignore[misc] # published without types
    """Gives each process whole groups."""

    def _split_scope(self, nodeid: str) -> str:
        """Return a test's group; xdist has no public name for what a scheduler differs in."""
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """Return the test's file; of the browser's tests their folder, whose large site is written once for all.

    Each test of the crashes is a group of its own: they share nothing, and one after the other they outlast all others.
    """
    file, _, _ = nodeid.partition("::")
    if file.startswith(_BROWSER):
        return _BROWSER
    return nodeid if file == _CRASHES else file


def turn_of(nodeid: str) -> int:
    """Return the test's place in the order in which groups are handed out; those of one place keep theirs."""
    return next((turn for turn, place in enumerate(_FIRST) if nodeid.startswith(place)), len(_FIRST))
