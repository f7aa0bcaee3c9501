"""Settings as their author wrote them: state keeps domains in canonical form, and beside them how they were written."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.settings import Document


def as_written(spec: Document, written: Mapping[str, str]) -> Document:
    """Return settings with the texts of ``written``, by path from ``spec`` on, in the place of what they became."""
    shown: Document = copy.deepcopy(spec)
    for path, text in written.items():
        root, *steps = path.split(".")
        if root == "spec" and steps:
            place: Any = shown
            for step in steps[:-1]:
                place = _inner(place, step)
            if isinstance(place, dict) and isinstance(place.get(steps[-1]), str):
                place[steps[-1]] = text
    return shown


def _inner(place: Any, step: str) -> Any:
    if isinstance(place, list):
        return place[int(step)] if step.isdecimal() and int(step) < len(place) else None
    return place.get(step) if isinstance(place, dict) else None
