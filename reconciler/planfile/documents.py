"""Plans of format 1.x: one JSON document, as earlier versions wrote it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.model.canonical import DuplicateKey, canonical_json, unique_keys
from reconciler.model.formats import FORMAT_VERSION
from reconciler.model.plan import SavedPlan
from reconciler.planfile.refusals import (
    altered,
    invalid,
    parts_of,
    refuse_constant,
    require_digest,
    require_known_format,
    validated,
)
from reconciler.rules.plan.digests import plan_document_digest

if TYPE_CHECKING:
    from pathlib import Path


def plan_of_document(path: Path, content: bytes, *, read: str) -> SavedPlan:
    """Return the plan of a file's content; refuse it as ``read_plan`` does. ``read`` names the formats that are read."""
    document = _document_of(path, content)
    minor = require_known_format(path, document, FORMAT_VERSION, read=read)
    require_digest(path, document.get("planDigest"), plan_document_digest(document))
    return validated(path, SavedPlan, canonical_json(document), has_additions=minor > parts_of(FORMAT_VERSION)[1])


def _document_of(path: Path, content: bytes) -> dict[str, object]:
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=unique_keys, parse_constant=refuse_constant)
        canonical_json(document)
    except DuplicateKey:
        raise altered(path, "A key stands in it twice, which reconciler never writes.") from None
    except (ValueError, MemoryError):
        raise invalid(path, "it is not JSON that reconciler wrote") from None
    if not isinstance(document, dict):
        raise invalid(path, "it holds JSON, but no object")
    return document
