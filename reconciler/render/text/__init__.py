"""What people read in a terminal: plans, problems, accounts, history, as plain text with optional colour.

Every function takes values and a ``Style`` and returns text that ends with a newline. The same value and style give
the same text. Nothing here prints, decides, or finds out what the terminal can do.

Each form is imported when it is first asked for: a command that prints one need not read all.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.render.text.account import account_in_full, account_text
    from reconciler.render.text.accounts import accounts_table
    from reconciler.render.text.apply import apply_text
    from reconciler.render.text.decisions import queue_text, ruled_text
    from reconciler.render.text.diagnostics import diagnostics_text
    from reconciler.render.text.history import history_table, history_text, journal_text
    from reconciler.render.text.parts.style import Style
    from reconciler.render.text.plan import plan_text
    from reconciler.render.text.resolution import resolution_summary_text, resolutions_text
    from reconciler.render.text.send import sent_text
    from reconciler.render.text.verification import verification_text

__all__ = [
    "Style",
    "account_in_full",
    "account_text",
    "accounts_table",
    "apply_text",
    "diagnostics_text",
    "history_table",
    "history_text",
    "journal_text",
    "plan_text",
    "queue_text",
    "resolution_summary_text",
    "resolutions_text",
    "ruled_text",
    "sent_text",
    "verification_text",
]

_PLACES = {
    "account_in_full": "reconciler.render.text.account",
    "account_text": "reconciler.render.text.account",
    "accounts_table": "reconciler.render.text.accounts",
    "apply_text": "reconciler.render.text.apply",
    "queue_text": "reconciler.render.text.decisions",
    "ruled_text": "reconciler.render.text.decisions",
    "diagnostics_text": "reconciler.render.text.diagnostics",
    "history_table": "reconciler.render.text.history",
    "history_text": "reconciler.render.text.history",
    "journal_text": "reconciler.render.text.history",
    "Style": "reconciler.render.text.parts.style",
    "plan_text": "reconciler.render.text.plan",
    "resolution_summary_text": "reconciler.render.text.resolution",
    "resolutions_text": "reconciler.render.text.resolution",
    "sent_text": "reconciler.render.text.send",
    "verification_text": "reconciler.render.text.verification",
}


def __getattr__(name: str) -> Any:
    """Return a form, importing what makes it."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(place), name)
