"""What doctor has found of the ground that everything stands on."""

from __future__ import annotations

from typing import Literal

from reconciler.classes import dataclass

Standing = Literal["ok", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at, how it stands, and what there is to say; no secret, and nobody's name."""

    topic: str
    standing: Standing
    told: str
