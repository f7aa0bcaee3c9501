"""``consumers conform``: the conformance suite of the exec protocol, run on a command; needs no project and no state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.consumers.command import CommandTarget
from reconciler.consumers.conformance import conformance
from reconciler.consumers.target import Machine
from reconciler.diagnostics import error
from reconciler.model.consumers.settings import Consumer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.diagnostics import Diagnostic

_NO_CHECKOUT = Path("/nonexistent")
"""Whoever tries a command by hand has it where it is being written."""


class Tried(FrozenByName):
    """What came of the suite."""

    steps: tuple[tuple[str, str | None], ...]
    """What has to hold, and why it does not; None where it does."""
    problem: Diagnostic | None
    """The error for a command that does not keep the protocol."""


def conform(command: Sequence[str], environment: Sequence[str], environ: Mapping[str, str]) -> Tried:
    """Return what came of each step of the suite, up to the first that does not hold."""
    consumer = Consumer(
        type="exec", command=tuple(command), environment=tuple(environment), accounts=("*",), timeout_seconds=30
    )
    target = CommandTarget(consumer, "conformance", Machine(environ=environ, checkout=_NO_CHECKOUT))
    steps = tuple(conformance(target))
    why = next((f"{sentence}: {problem}" for sentence, problem in steps if problem is not None), None)
    if why is None:
        return Tried(steps=steps, problem=None)
    detail = (
        f"It has to hold that {why} Nothing that the command writes is shown. See docs/publishing.md for the protocol."
    )
    return Tried(steps=steps, problem=error("consumerDoesNotConform", detail, subject=target.place))
