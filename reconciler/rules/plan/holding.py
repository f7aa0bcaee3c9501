"""What cannot be applied because another change is held: its name is not free. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from reconciler.model.plan import Change


def held_with(changes: Iterable[Change], held: Collection[str]) -> dict[str, str]:
    """Return the changes that have to be held too, by name, each with the held change that keeps its name."""
    left = [change for change in changes if change.name not in held]
    keepers = {change.gives_up: change.name for change in changes if change.gives_up is not None}
    found: dict[str, str] = {}
    while True:
        more = {
            change.name: keepers[change.name]
            for change in left
            if change.takes in keepers and change.name not in found and keepers[change.name] in {*held, *found}
        }
        if not more:
            return found
        found |= more


def why_held_with(name: str, keeper: str) -> str:
    """Return why a change is held because another one is."""
    return f"{name} is left out too: it takes a name that {keeper} gives up, and that change is held."
