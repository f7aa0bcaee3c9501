"""What docs/state.md says of the commands: which role may do what, and which use no state."""

from __future__ import annotations

import re


def rows_of_roles(page: str) -> dict[str, list[bool]]:
    """Return, by each command of the table, whether each of its roles may run it."""
    allowed: dict[str, list[bool]] = {}
    for names, cells in re.findall(r"^\| (`[^|]*) \| ((?:yes|\u2013) .*) \|$", page, re.MULTILINE):
        allowed |= {name: [cell == "yes" for cell in cells.split(" | ")] for name in re.findall(r"`(.*?)`", names)}
    return allowed


def without_state(page: str) -> list[str]:
    """Return the commands of which the page says that they use no state, and that which makes one, last."""
    (listed,) = re.findall(r"Of the others (.*? use no state; `init`) makes", page, re.DOTALL)
    return re.findall(r"`(.*?)`", listed)
