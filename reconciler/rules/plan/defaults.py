"""Which fields of a new account say only what would hold if they were not written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.plan import FieldChange, Scalar

DEFAULTS: dict[str, Scalar] = {
    "metadata.preventDelete": False,
    "metadata.title": "",
    "spec.shared": False,
    "spec.smtp.authentication.mechanism": "auto",
    "spec.proxy.remoteDns": True,
    **{
        f"spec.{override}.{field}": value
        for override in ("overrideFrom", "overrideTo")
        for field, value in (("onMissing", "fallback"), ("onInvalid", "fallback"), ("pairing", "perField"))
    },
}
"""Encryption and port are not among them: where a new account sends its secret is told, default or not."""


def is_default(field: FieldChange) -> bool:
    """Tell whether a field appears with the value that holds without it.

    >>> from reconciler.model.plan import FieldChange
    >>> is_default(FieldChange(path="spec.shared", before=None, after=False))
    True
    >>> is_default(FieldChange(path="spec.shared", before=True, after=False))
    False
    >>> is_default(FieldChange(path="spec.smtp.encryption", before=None, after="starttls"))
    False
    """
    if field.before is not None or field.path not in DEFAULTS:
        return False
    default = DEFAULTS[field.path]
    return field.after == default and type(field.after) is type(default)
