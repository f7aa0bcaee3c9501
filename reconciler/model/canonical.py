"""Canonical JSON and digests: the same value always has the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

JsonObject = dict[str, Any]
"""An object of JSON as it is written or was read: only whoever knows its format looks into it."""
JsonView = Mapping[str, Any]
"""The same, only to be read."""


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class DuplicateKey(ValueError):
    """A key stands twice in one object of JSON, so what one reader sees another does not."""

    def __init__(self, key: str) -> None:
        """Take the key."""
        super().__init__(f"the key {key} stands twice")
        self.key = key


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, object]:
    """Return an object of JSON, as ``object_pairs_hook``; raise ``DuplicateKey`` for the key that stands most often."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateKey(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return found


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys, no spaces and plain Unicode; NaN and infinity raise ``ValueError``."""
    return _CANONICAL.encode(value)


def with_member(document: JsonView, key: str, text: str) -> str:
    """Return the canonical JSON of a document with a member that it lacks, whose canonical JSON is at hand.

    >>> with_member({"a": 1, "c": 3}, "b", "[2]")
    '{"a":1,"b":[2],"c":3}'
    """
    before = canonical_json({name: value for name, value in document.items() if name < key})[1:-1]
    behind = canonical_json({name: value for name, value in document.items() if name > key})[1:-1]
    return "{" + ",".join(part for part in (before, f"{canonical_json(key)}:{text}", behind) if part) + "}"


def without(document: Mapping[str, object], places: Iterable[tuple[int | str, ...]]) -> dict[str, object]:
    """Return a copy of a document of JSON without what stands at these places: keys and positions from its top.

    >>> without({"a": [1, 2, 3], "b": {"c": 4}}, [("a", 0), ("a", 1), ("b", "c")])
    {'a': [3], 'b': {}}
    """
    kept = deepcopy(dict(document))
    # Of a list the last ones go first, so that the places of the others stay true.
    for *way, last in sorted(places, key=lambda place: [(isinstance(step, str), step) for step in place], reverse=True):
        whole: Any = kept
        for step in way:
            whole = whole[step]
        del whole[last]
    return kept


def sha256_hex(text: str | bytes) -> str:
    """Return the SHA-256 of text (as UTF-8) or bytes, as 64 lower-case hexadecimal digits."""
    octets = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return hashlib.sha256(octets).hexdigest()


def digest_of_pieces(pieces: Iterable[str]) -> str:
    """Return ``sha256:`` and the SHA-256 of a text (as UTF-8) that comes in pieces.

    >>> digest_of_pieces(["1", "2"]) == digest(12)
    True
    """
    hashed = hashlib.sha256()
    for piece in pieces:
        hashed.update(piece.encode("utf-8", "surrogatepass"))
    return "sha256:" + hashed.hexdigest()


def digest(value: Any) -> str:
    """Return ``sha256:`` and the SHA-256 of the value's canonical JSON."""
    return "sha256:" + sha256_hex(canonical_json(value))
