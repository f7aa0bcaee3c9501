"""Reviews in comments: one hidden line, the second of a comment, which apply takes in the place of a plan file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.model.canonical import DuplicateKey, canonical_json, unique_keys
from reconciler.model.review import REVIEW_VERSION, Review
from reconciler.planfile.refusals import invalid, parts_of, require_known_format, validated

if TYPE_CHECKING:
    from pathlib import Path

COMMENT = b"<!--"
"""How a comment begins, and no plan file."""
_BEGINS, _ENDS = "<!-- reconciler review: ", " -->"
_PLAN_AGAIN = "Have the pull request planned again, and review the new comment; what is merged already, the next one's plan shows."


def review_line(review: Review) -> str:
    """Return the line of a comment that has a review. No ``>`` is in it, which could end the comment of HTML."""
    text = canonical_json(review.model_dump(mode="json")).replace(">", "\\u003e").replace("<", "\\u003c")
    return f"{_BEGINS}{text}{_ENDS}"


def review_of_comment(path: Path, content: bytes) -> Review:
    """Return the review that a comment has, seal and all; ``path`` is what messages call it.

    Raises ``InvalidInput`` (``planFileInvalid``) for a comment that has none, ``GuardRefused`` for one of another format.
    """
    lines = content.decode("utf-8", "replace").splitlines()
    line = lines[1].strip() if len(lines) > 1 else ""
    if not (line.startswith(_BEGINS) and line.endswith(_ENDS)):
        raise invalid(path, "its second line, which is hidden and says what was shown, is not there", cure=_PLAN_AGAIN)
    try:
        document = json.loads(line[len(_BEGINS) : -len(_ENDS)], object_pairs_hook=unique_keys)
        text = canonical_json(document)  # which no number without an end has
    except (DuplicateKey, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise invalid(path, "its second line, which is hidden, does not say what was shown", cure=_PLAN_AGAIN)
    minor = require_known_format(path, document, REVIEW_VERSION, read=REVIEW_VERSION)
    has_additions = minor > parts_of(REVIEW_VERSION)[1]
    return validated(path, Review, text, has_additions=has_additions)
