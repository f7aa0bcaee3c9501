"""A plan as one self-contained page, with the same content in the same order as the comment of a pull request."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from reconciler.render.review import review_of
from reconciler.render.text.layout import finish

if TYPE_CHECKING:
    from reconciler.model.plan import SavedPlan

_STYLE = "style.css"
_SYMBOLS = {"passed": "✓", "failed": "✗", "warned": "!", "skipped": "○"}
_IN_WORDS = {"passed": "Passed", "failed": "Failed", "warned": "Warning", "skipped": "Not made"}
_MARKS = {"create": "+", "delete": "-", "update": "~", "rename": "→"}
_SEVERITIES = {"error": "Error", "warning": "Warning", "note": "Note"}


def plan_page(plan: SavedPlan) -> str:
    """Return the plan as an HTML page, whole, the same for the same plan."""
    environment = _environment()
    page = environment.get_template("plan.html").render(
        review=review_of(plan),
        style=_STYLE,
        style_hash=_hash(environment.get_template(_STYLE).render()),
        symbols=_SYMBOLS,
        in_words=_IN_WORDS,
        marks=_MARKS,
        severities=_SEVERITIES,
    )
    return finish(line for line in page.split("\n") if line.strip())


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reconciler.render.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _hash(style: str) -> str:
    """Return the hash by which the page's policy knows its own style and refuses every other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"
