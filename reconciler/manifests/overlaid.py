"""A manifest's document with an overlay on it: a JSON merge patch (RFC 7386), with the place of each part kept.

An overlay's document names the manifest by kind and name; all else in it is the patch. A mapping is merged field by
field, null takes a field away, and anything else, a list too, takes the place of what was there.
"""

from __future__ import annotations

from dataclasses import field, fields
from typing import TYPE_CHECKING, Any

from reconciler.classes import Frozen, dataclass
from reconciler.yamlsource import YamlDocument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.located import Overlay

Identity = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlaidDocument(YamlDocument):
    """A document with an overlay on it: each part is found where it was written, in the one or the other."""

    overlay: Overlay
    base: Any = field(repr=False)
    """The value without the overlay."""

    def value_at(self, path: Sequence[str | int]) -> Location:
        """Return where the value at a path begins, in the overlay where that decides it."""
        return self.overlay.locator.value_at(path) if self._is_decided_there(path) else self._below().value_at(path)

    def key_at(self, path: Sequence[str | int]) -> Location:
        """Return where the last key of a path stands, in the overlay where that decides it."""
        return self.overlay.locator.key_at(path) if self._is_decided_there(path) else self._below().key_at(path)

    def taken_away_at(self, path: Sequence[str | int]) -> Location | None:
        """Return where the overlay takes away what would stand at a path, or a part around it; None where it does not."""
        patch: object = self.overlay.value
        for length, step in enumerate(path, start=1):
            if not isinstance(patch, dict) or step not in patch:
                return None
            patch = patch[step]
            if patch is None:
                return self.overlay.locator.key_at(path[:length])
        return None

    def taken_away_in_vain(self) -> list[tuple[str, ...]]:
        """Return the paths that the overlay takes away and the manifest does not have."""
        found: list[tuple[str, ...]] = []
        waiting: list[tuple[tuple[str, ...], object, object]] = [((), self.overlay.value, self.base)]
        while waiting:
            path, patch, below = waiting.pop()
            for key, value in patch.items() if isinstance(patch, dict) else ():
                inner = below.get(key) if isinstance(below, dict) else None
                if isinstance(value, dict):
                    waiting.append(((*path, key), value, inner))
                elif value is None and not (isinstance(below, dict) and key in below):
                    found.append((*path, key))
        return sorted(found)

    def added_at(self, path: Sequence[str | int]) -> Location | None:
        """Return where the overlay adds to the fields that the manifest has at a path; None where it does not."""
        patch: object = self.overlay.value
        for step in path:
            patch = patch.get(step) if isinstance(patch, dict) else None
        return self.overlay.locator.value_at(path) if isinstance(patch, dict) and patch else None

    def _below(self) -> YamlDocument:
        return YamlDocument(self.base, self.file, self.place, self.first_line, self.weight)

    def _is_decided_there(self, path: Sequence[str | int]) -> bool:
        """Tell whether the overlay says what stands at a path: it holds a value there, or at a place above that is none of fields."""
        patch: object = self.overlay.value
        below: object = self.base
        for step in path:
            if not isinstance(patch, dict):
                return True
            if step not in patch:
                return False
            patch = patch[step]
            below = below.get(step) if isinstance(below, dict) else None
        # Fields that take the place of what is none of fields, a text or a list, are not merged with it.
        return bool(path) and not (isinstance(below, dict) and isinstance(patch, dict))


class Overlays(Frozen):
    """The overlays of an environment, and which of them were laid on a document."""

    by_identity: Mapping[Identity, Overlay] = field(default_factory=dict)
    used: set[Identity] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    """The kind of each document that was met, by name."""
    renamed: dict[str, str] = field(default_factory=dict)
    """The name of each document that was met and had another one, by that."""

    def lay_on(self, document: YamlDocument) -> tuple[YamlDocument, Overlay | None]:
        """Return a document with the environment's overlay laid on it, and the overlay; unchanged, with None, where it has none."""
        identity = identity_of(document.value) if self.by_identity else None
        if identity is None:
            return document, None
        self.kinds.setdefault(identity[1], identity[0])
        previous = document.value["metadata"].get("previousName")
        if isinstance(previous, str):
            self.renamed.setdefault(previous, identity[1])
        overlay = self.by_identity.get(identity)
        if overlay is None:
            return document, None
        self.used.add(identity)
        own = {each.name: getattr(document, each.name) for each in fields(YamlDocument)}
        merged = merge(document.value, overlay.value)
        return OverlaidDocument(**{**own, "value": merged}, overlay=overlay, base=document.value), overlay


def identity_of(value: object) -> Identity | None:
    """Return the kind and name that a document gives itself; None where one is missing."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    kind = value.get("kind") if isinstance(value, dict) else None
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) else None


def merge(target: object, patch: object) -> object:
    """Return a value with a merge patch applied, as RFC 7386 section 2 has it; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged
