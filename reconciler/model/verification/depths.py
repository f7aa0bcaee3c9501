"""How deep a verification goes: the one list that manifests, plans and the command line read."""

from __future__ import annotations

from typing import Literal, get_args

Depth = Literal["offline", "connect", "auth", "envelope", "message"]
DEPTHS: tuple[Depth, ...] = get_args(Depth)
"""All depths; a verification to one makes the checks of those before it too."""
OF_PLANS: Depth = "envelope"
"""How far plans verify where the project file does not say it."""


def reaches(depth: Depth, wanted: Depth) -> bool:
    """Tell whether verification to ``depth`` covers what ``wanted`` asks."""
    return DEPTHS.index(depth) >= DEPTHS.index(wanted)
