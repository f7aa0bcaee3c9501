"""Saved plans: written whole or not at all, and read with suspicion.

A plan file travels through places where others can write. So reading checks, in this order: that it can be read at all,
that its format is known, that its digest fits its content, and that it has the form of a plan. The digest finds
accidents and edits by hand; somebody who computes the digest anew is found by the seal alone, an HMAC under the key
of the fingerprints or under ``RECONCILER_PLAN_KEY``.

``file`` writes format 2.0 and tells the formats apart, ``lines`` is format 2.0, ``documents`` reads what earlier versions
wrote (1.x: one JSON document), ``parts`` takes of a part what a merge needs, ``reviews`` writes and reads what a comment has in the place of a file, ``seals`` makes and
checks seals. Nothing here knows where a plan comes from.
"""

from reconciler.planfile.file import MAX_BYTES, octets_of, plan_of, read_plan, write_plan
from reconciler.planfile.lines import packed
from reconciler.planfile.reviews import COMMENT, review_line, review_of_comment
from reconciler.planfile.seals import has_valid_seal, is_sealed_with, seal_plan

__all__ = [
    "COMMENT",
    "MAX_BYTES",
    "has_valid_seal",
    "is_sealed_with",
    "octets_of",
    "packed",
    "plan_of",
    "read_plan",
    "review_line",
    "review_of_comment",
    "seal_plan",
    "write_plan",
]
