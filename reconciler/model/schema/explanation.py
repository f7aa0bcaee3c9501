"""What a word of reconciler means, as ``reconciler explain`` tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from reconciler.diagnostics.examples import Example

Subject = Literal["diagnostic", "check", "resolution", "status", "exit", "term", "field"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)
"""In the order in which they are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One meaning of a word; what does not apply to its subject is None."""

    subject: Subject
    name: str
    """The code, the number of the exit, the status, the term, or the field's path in its document."""
    summary: str
    cause: str | None = None
    cure: str | None = None
    example: Example | None = None
    occurs: tuple[str, ...] = ()
    """Of a check's code the checks; of a field the kinds of document that have it."""
    outcome: str | None = None
    """Of a check's code: passed, warned, failed or skipped, and for a failure whether it may pass by itself."""
    exit_code: int | None = None
    """Of a guard: the exit code that it means."""
    takes: str | None = None
    """Of a field: what it takes."""
    default: str | None = None
    """Of a field: what holds where it is absent; ``required`` where it must be there."""
