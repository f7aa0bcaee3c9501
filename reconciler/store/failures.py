"""What to tell where there is no state, or one of another format; the same for every database."""

from __future__ import annotations

from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, StateMissing, StateUnavailable

MAX_SHOWN = 200


def missing(fact: str, *, subject: str | None = None) -> StateMissing:
    """Return the failure to raise where there is no state."""
    detail = (
        f"{fact} A missing state is never taken for an empty one, from which every account would be created again. "
        "If this project has a state elsewhere, name it with --state. If it never had one, make it once:\n"
        "    reconciler state init"
    )
    return StateMissing(error("stateMissing", detail, subject=subject))


def older(shown: str, version: int, *, known: int) -> StateUnavailable:
    """Return the failure to raise for a state of an earlier format."""
    detail = (
        f"The state {shown} has the format {version}, and this version of reconciler works with format {known}. "
        "Nothing was changed. This keeps a copy and brings it up to date:\n    reconciler state migrate"
    )
    return StateUnavailable(error("stateOlder", detail))


def newer(shown: str, version: int, *, known: int) -> GuardRefused:
    """Return the failure to raise for a state of a later format."""
    detail = (
        f"The state {shown} has the format {version}, and this version of reconciler knows formats up to {known}. "
        "An older version would misread or damage it. Use the version of reconciler that wrote it, or a later one."
    )
    return GuardRefused(error("stateNewer", detail))


def unavailable(shown: str, sentence: str) -> StateUnavailable:
    """Return the failure to raise, naming the database."""
    return StateUnavailable(error("stateUnavailable", f"The state {shown} {sentence}"))


def clipped(text: str) -> str:
    """Return the end of a long name, which tells more than its beginning."""
    return text if len(text) <= MAX_SHOWN else "…" + text[-MAX_SHOWN:]
