"""One test message for many accounts: all are verified up to the envelope, then one of each group sends a message.

One that passed so far is asked again to send it, so it logs in a second time. Where its message is not taken, the next of
the group is asked, up to a number; where none is, those that it was to stand for fail too: nothing is taken for proven
that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.step import Wanted
from reconciler.model.verification.evidence import Evidence
from reconciler.rules.verification.messages import alike_for_messages, represented, unrepresented

if TYPE_CHECKING:
    from reconciler.model.project import MessageMode

_MOST_TRIED = 3
"""So many accounts of a group are asked to send a message before the others count as failed."""

Converse = Callable[[Sequence[Wanted], Mapping[str, tuple[str, ...]]], dict[str, Evidence]]
"""Verifies steps, each to its depth; with the accounts that each one's test message stands for."""


def verify_with_few_messages(steps: Sequence[Wanted], mode: MessageMode, converse: Converse) -> dict[str, Evidence]:
    """Return evidence for every step, by name, with as few test messages as ``mode`` asks for."""
    sending = [step for step in steps if step.depth == "message"]
    sharing = {step.name for group in alike_for_messages(sending, mode) if len(group) > 1 for step in group}
    found = converse([replace(step, depth="envelope") if step.name in sharing else step for step in steps], {})
    passed = [step for step in sending if step.name in sharing and found[step.name].verification.status == "passed"]
    # They are grouped anew: only one that passed so far may stand for others, or be stood for.
    groups = alike_for_messages(passed, mode)
    open_groups = groups
    for turn in range(_MOST_TRIED):
        asked = [group[turn] for group in open_groups if turn < len(group)]
        if not asked:
            break
        others = {group[turn].name: _names(group, turn) for group in open_groups if turn < len(group)}
        found |= converse(asked, others)
        open_groups = [
            group
            for group in open_groups
            if turn < len(group) and found[group[turn].name].verification.status != "passed"
        ]
    for group in groups:
        found |= _settled(group, found)
    return found


def _names(group: Sequence[Wanted], turn: int) -> tuple[str, ...]:
    """Return the accounts that a message stands for: those whose turn is still to come."""
    return tuple(step.name for step in group[turn + 1 :])


def _settled(group: Sequence[Wanted], found: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """Return the evidence of those in a group that sent nothing themselves."""
    tried = group[:_MOST_TRIED]
    sent = [step for step in tried if found[step.name].verification.depth == "message"]
    if not sent:
        return {}
    last = sent[-1]
    outcome = found[last.name].verification
    rest = [step for step in group if step not in sent]
    if outcome.status == "passed":
        return {step.name: represented(found[step.name], last.name) for step in rest}
    return {step.name: unrepresented(found[step.name], last.name, outcome) for step in rest}
