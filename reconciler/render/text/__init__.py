"""What people read in a terminal: plans, problems, accounts, history, as plain text with optional colour.

Every function takes values and a ``Style`` and returns text that ends with a newline. The same value and style give
the same text. Nothing here prints, decides, or finds out what the terminal can do.
"""

from reconciler.render.text.accounts import account_text, accounts_table
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
