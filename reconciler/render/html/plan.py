"""A plan as one self-contained page, with the same content in the same order as the comment of a pull request."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from reconciler.render.links import NO_LINKS
from reconciler.render.review import PLATFORM, review_of
from reconciler.render.text.parts.layout import finish
from reconciler.render.text.parts.style import Style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import SavedPlan
    from reconciler.render.links import Links
    from reconciler.render.review import Review

_STYLE = "style.css"
_IN_WORDS = {
    "passed": "Passed", "failed": "Failed", "warned": "Warning", "skipped": "Not made", "delete": "Deletion",
    "update": "Update",
}  # fmt: skip
_SEVERITIES = {"error": "Error", "warning": "Warning", "note": "Note"}
_TITLES = {
    "refusals": "Why it is refused, and what to do",
    "sent": "What is sent where",
    "lifted": "Guards lifted and grants used",
    "warnings": "Warnings and notes",
}
_NO_PLAN = {"refusals": "What is wrong"}


def plan_page(plan: SavedPlan, links: Links = NO_LINKS) -> str:
    """Return the plan as one HTML page; the same plan and links always give the same page."""
    environment = _environment()
    review = review_of(plan, links)
    titles = _TITLES | _NO_PLAN if review.status == "invalid" else _TITLES
    style = environment.get_template(_STYLE).render()
    page = environment.get_template("plan.html").render(
        review=review,
        links=links,
        titles=titles,
        contents=_contents(review, titles),
        style=_STYLE,
        # The page's policy allows its own style sheet, and no other.
        style_hash=f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}",
        in_words=_IN_WORDS,
        symbol=Style().symbol,
        severities=_SEVERITIES,
        platform=PLATFORM,
    )
    return finish(line for line in page.split("\n") if line.strip())


def _contents(review: Review, titles: Mapping[str, str]) -> tuple[tuple[str, str, int], ...]:
    """Return key, title and number of accounts of each section, in the page's order; 0 for one without accounts."""
    parts = [("refusals", titles["refusals"], 0)] if review.refusals else []
    parts += [(section.key, section.title, section.count) for section in review.sections]
    later = {
        "sent": review.destinations,
        "lifted": review.lifted or review.grants_used,
        "warnings": review.warnings,
    }
    return (*parts, *((key, titles[key], 0) for key, shown in later.items() if shown))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reconciler.render.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
