"""What a step changes: the fields of its account that differ, rotated secrets, and whether that needs evidence.

Fields are compared in canonical form and shown as their authors wrote them.
"""

from __future__ import annotations

import re
from functools import lru_cache, reduce
from typing import TYPE_CHECKING

from reconciler.classes import replace
from reconciler.model.plan import FieldChange, Scalar
from reconciler.model.secrets.values import is_secret
from reconciler.model.step import Delete, Keep, Rename, Update
from reconciler.rules.secrets.scopes import move_field
from reconciler.rules.verification.settings import settings_digest, settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.canonical import JsonView
    from reconciler.model.step import Changed, Step
    from reconciler.rules.plan.policy import Policy

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
CA_CONTENT = "spec.smtp.caFile.sha256"
"""The path under which a changed content of the private CA is shown."""


def flatten(document: JsonView, *, ca_digest: str | None = None) -> dict[str, Scalar]:
    """Return path to value for every leaf; the content of a private CA counts as a leaf of its own.

    >>> flatten({"spec": {"smtp": {"host": "mail.example.com", "port": 587}}})
    {'spec.smtp.host': 'mail.example.com', 'spec.smtp.port': 587}
    """
    leaves: dict[str, Scalar] = {}
    _add_leaves(leaves, document, "")
    if ca_digest is not None:
        leaves[CA_CONTENT] = ca_digest.removeprefix("sha256:")
    return leaves


def _add_leaves(leaves: dict[str, Scalar], node: JsonView, prefix: str) -> None:
    for key, value in node.items():
        path = _joined(prefix, key)
        if isinstance(value, str):
            leaves[path] = value  # as nearly all are
        elif isinstance(value, dict):
            _add_leaves(leaves, value, path)
        elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
            for number, each in enumerate(value):
                _add_leaves(leaves, each, f"{path}.{number}")
        else:
            leaves[path] = value


@lru_cache(maxsize=4096)
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
    """Return the leaves that differ, by path; compared in canonical form, shown as their authors wrote them.

    >>> before, after = {"host": "xn--bcher-kva.example"}, {"host": "xn--bcher-kva.example", "port": 587}
    >>> written = {"host": "bücher.example"}
    >>> [each.path for each in field_changes(before, after, written_before={}, written_after=written)]
    ['port']
    >>> [(each.before, each.after) for each in field_changes({}, after, written_before={}, written_after=written)]
    [(None, 'bücher.example'), (None, 587)]
    """
    differing = differing_leaves(before, after, written_before=written_before, written_after=written_after)
    return tuple([FieldChange.of_leaves(path, *differing[path]) for path in sorted(differing)])


def differing_leaves(
    before: Mapping[str, Scalar],
    after: Mapping[str, Scalar],
    *,
    written_before: Mapping[str, str],
    written_after: Mapping[str, str],
) -> dict[str, tuple[Scalar, Scalar]]:
    """Return before and after of the leaves that differ, as their authors wrote them, by path; None where there is none.

    >>> differing_leaves({"port": 25, "host": "a"}, {"port": 587, "host": "a"}, written_before={}, written_after={})
    {'port': (25, 587)}
    """
    if not before:  # of a new account all do
        shown = {**after, **{path: written for path, written in written_after.items() if path in after}}
        return {path: (None, value) for path, value in shown.items()}
    return {
        path: (written_before.get(path, before.get(path)), written_after.get(path, after.get(path)))
        for path in before.keys() | after.keys()
        if path not in before or path not in after or before[path] != after[path]
    }


def compared(step: Changed, recorded: RecordedState, policy: Policy) -> Step:
    """Return a step with all that it changes, and ``Keep`` where that is nothing."""
    if isinstance(step, Delete):
        leaves = flatten(step.before.document, ca_digest=step.before.ca_digest)
        fields = field_changes(leaves, {}, written_before=step.before.written, written_after={})
        return replace(step, fields=fields)
    read = policy.secrets.comparable_with(recorded.fingerprint_key_id)
    before, after = step.before, step.after
    rotated = (
        _rotated_secrets(before, after, read) if before is not None and recorded.fingerprint_key_id else frozenset()
    )
    moved = move_field(before, after.file, policy.project) if before is not None else ()
    is_altered = before is None or before.canonical != after.canonical or before.ca_digest != after.ca_digest
    # A rename is a change even of the same document: state has to give up the earlier name.
    if not (is_altered or rotated or moved or isinstance(step, Rename)):
        return Keep(before=before, after=after, manifest=step.manifest)
    fingerprints = _fingerprints(before, after, read)
    platform = policy.platform if step.sends_through_platform else None
    digest = settings_digest(
        after.kind, after.settings, ca_digest=after.ca_digest, fingerprints={**read, **fingerprints}, platform=platform
    )
    found = replace(
        step,
        fields=(*moved, *_fields(before, after, rotated)),
        fingerprints=fingerprints,
        platform=platform,
        settings_digest=digest,
        needs_evidence=bool(rotated) or before is None or not _has_same_settings(before, after, digest),
    )
    if isinstance(found, Update) and not (is_altered or moved or isinstance(found, Rename)):
        return replace(found, cause="rotation")
    return found


def _fields(before: RecordedAccount | None, after: DesiredAccount, rotated: frozenset[str]) -> tuple[FieldChange, ...]:
    leaves_before = flatten(before.document, ca_digest=before.ca_digest) if before is not None else {}
    leaves_after = flatten(after.document, ca_digest=after.ca_digest)
    changed = field_changes(
        leaves_before,
        leaves_after,
        written_before=before.written if before is not None else {},
        written_after=after.written,
    )
    if not (rotated or after.overlaid):
        return changed
    behind = [
        FieldChange(path=path, before=value, after=value, rotated=True)
        for path, value in leaves_after.items()
        if value in rotated and leaves_before.get(path) == value and is_secret(path.split("."))
    ]
    return tuple(_with_origin(each, after) for each in sorted((*changed, *behind), key=lambda change: change.path))


def _with_origin(field: FieldChange, after: DesiredAccount) -> FieldChange:
    """Return a field with the place of the overlay that gave its value, if one did.

    The overlay may write the field itself, a mapping around it, or a part of it.
    """
    said = {reduce(_joined, path, ""): f"{place.file}:{place.line}" for path, place in after.overlaid.items()}
    above = [place for path, place in said.items() if f"{field.path}.".startswith(f"{path}.")]
    below = [place for path, place in said.items() if path.startswith(f"{field.path}.")]
    origin = next(iter((*above, *below)), None)
    return replace(field, origin=origin) if origin is not None else field


def _rotated_secrets(before: RecordedAccount, after: DesiredAccount, read: Mapping[str, str]) -> frozenset[str]:
    """Return the references whose value is another than recorded; ``read`` are fingerprints made with state's key."""
    wanted = {each.secret for each in after.secret_routes}
    return frozenset(
        secret
        for secret, fingerprint in before.fingerprints.items()
        if secret in wanted and read.get(secret, fingerprint) != fingerprint
    )


def _fingerprints(before: RecordedAccount | None, after: DesiredAccount, read: Mapping[str, str]) -> dict[str, str]:
    """Return the fingerprints of the account's secrets: as read, else as recorded for the same reference."""
    known = {**(before.fingerprints if before is not None else {}), **read}
    if not known:
        return {}
    wanted = {each.secret for each in after.secret_routes}
    return {secret: fingerprint for secret, fingerprint in sorted(known.items()) if secret in wanted}


def _has_same_settings(before: RecordedAccount, after: DesiredAccount, digest: str | None) -> bool:
    """Tell whether what was verified still stands; the digests tell of the platform's server too, where known."""
    if settings_of(before.settings, before.ca_digest) != settings_of(after.settings, after.ca_digest):
        return False
    return None in {before.settings_digest, digest} or before.settings_digest == digest
