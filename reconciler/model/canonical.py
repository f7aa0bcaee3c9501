"""Canonical JSON and digests: the same value always has the same bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys, no spaces and plain Unicode; NaN and infinity raise ``ValueError``."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_hex(text: str | bytes) -> str:
    """Return the SHA-256 of text (as UTF-8) or bytes, as 64 lower-case hexadecimal digits."""
    octets = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return hashlib.sha256(octets).hexdigest()


def digest(value: Any) -> str:
    """Return ``sha256:`` and the SHA-256 of the value's canonical JSON."""
    return "sha256:" + sha256_hex(canonical_json(value))
