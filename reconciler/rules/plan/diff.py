"""Field-level differences between two documents of one account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reconciler.model.plan import FieldChange, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
CA_CONTENT = "spec.smtp.caFile.sha256"
"""The path under which a changed content of the private CA is shown."""


def flatten(document: Mapping[str, Any], *, ca_digest: str | None = None) -> dict[str, Scalar]:
    """Return path to value for every leaf; the content of a private CA counts as a leaf of its own."""
    leaves = dict(_leaves(document))
    if ca_digest is not None:
        leaves[CA_CONTENT] = ca_digest.removeprefix("sha256:")
    return leaves


def _leaves(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    for key, value in node.items():
        path = _joined(prefix, key)
        if isinstance(value, dict):
            yield from _leaves(value, path)
        else:
            yield path, value


def _joined(prefix: str, key: str) -> str:
    if not prefix:
        return key
    return f"{prefix}.{key}" if _PLAIN_KEY.match(key) else f'{prefix}["{key}"]'


def field_changes(
    before: Mapping[str, Scalar],
    after: Mapping[str, Scalar],
    *,
    written_before: Mapping[str, str],
    written_after: Mapping[str, str],
) -> tuple[FieldChange, ...]:
    """Return the leaves that differ, by path; compared in canonical form, shown as their authors wrote them."""
    return tuple(
        FieldChange(
            path=path,
            before=written_before.get(path, before.get(path)),
            after=written_after.get(path, after.get(path)),
        )
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path) or (path in before) != (path in after)
    )
