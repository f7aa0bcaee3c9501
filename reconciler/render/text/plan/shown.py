"""A plan as text, as much of it as was asked for."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Literal

from reconciler.render.text.parts.layout import finish
from reconciler.render.text.plan.details import details_lines
from reconciler.render.text.plan.head import head_lines, summary_line
from reconciler.rules.plan.summary import summarised

if TYPE_CHECKING:
    from reconciler.model.plan import SavedPlan
    from reconciler.render.text.parts.style import Style

View = Literal["compact", "grouped", "full"]
"""The head alone; with the details in groups; with everything, field by field."""


def plan_text(plan: SavedPlan, *, style: Style, view: View = "grouped", planfile: str | None = None) -> str:
    """Return the plan: its head, and below it as much as ``view`` says.

    The plan's problems are not part of it: they are shown beside it, see ``diagnostics_text``. ``planfile`` is where
    the plan was saved; None: the commands in the head plan anew.
    """
    if plan.status == "invalid":
        return finish([style.paint("No plan could be made; the errors say why.", "bad")])
    if plan.status == "empty" and not plan.changes:
        return finish([summary_line(plan)])
    words = [shlex.quote(planfile)] if planfile else []
    details = "" if view == "full" else " ".join(["reconciler", "show" if planfile else "plan", *words, "--full"])
    follow = " ".join(["next: reconciler apply", *words]) if plan.status == "ready" else ""
    head = head_lines(summarised(plan), style=style, details=details, follow=follow)
    if view == "compact":
        return finish(head)
    if view == "full":
        from reconciler.render.text.plan.full import full_lines

        body = full_lines(plan, style=style)
    else:
        body = details_lines(plan, style=style)
    return finish([*head, *([] if body[:1] in ([], [""]) else [""]), *body])
