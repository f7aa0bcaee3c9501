"""What apply did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.plan import ACTIONS
from reconciler.render.text.parts.layout import finish, hang
from reconciler.render.text.parts.names import listed
from reconciler.rules.plan.announce import messages_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.plan import Action, Messages, Summary
    from reconciler.render.text.parts.style import Style

_MOST_NAMES = 10
_DONE: dict[Action, str] = {"create": "created", "update": "updated", "rename": "renamed", "delete": "deleted"}


def counted(summary: Mapping[str, int]) -> str:
    """Return the counts in words, ``2 created, 1 updated``, without those that are 0."""
    counts = [(summary.get(action, 0), _DONE[action]) for action in ACTIONS]
    return ", ".join(f"{count} {done}" for count, done in counts if count) or "nothing changed"


def apply_text(
    revision: int | None,
    summary: Summary,
    *,
    style: Style,
    pending: Sequence[str] = (),
    messages: Sequence[Messages] = (),
) -> str:
    """Return what apply recorded; ``revision`` is None where there was nothing to record.

    ``pending`` names the accounts that now wait for the platform's decision, ``messages`` are the test messages that
    were sent for it.
    """
    if revision is None:
        return finish([style.paint("Nothing to apply.", "good")])
    done = f"Recorded as revision {revision}: {counted(summary.model_dump())}."
    said = ["Apply records what senders read; it created nothing at a mail provider."]
    if summary.held:
        said.append(f"{summary.held} held: left out because the verification failed.")
    if messages:
        said.append(f"Sent {messages_in_words(messages)}.")
    if pending:
        verb = "awaits" if len(pending) == 1 else "await"
        said.append(f"{listed(pending, most=_MOST_NAMES)} {verb} the platform's decision and cannot send before it.")
    lines = [line for text in said for line in hang("", style.show(text), width=style.width)]
    return finish([*(style.paint(line, "good") for line in hang("", done, width=style.width)), *lines])
