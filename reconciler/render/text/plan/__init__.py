"""A plan as text: its head, and below it the details in groups, or everything.

The head is what fits a screen of 80 columns and 24 lines for a plan of any size, see ``rules.plan.summary``.
"""

from reconciler.render.text.plan.head import summary_line
from reconciler.render.text.plan.shown import View, plan_text

__all__ = ["View", "plan_text", "summary_line"]
