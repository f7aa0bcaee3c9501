"""Updates that are the same for several accounts, once: each field's change with all accounts that have it.

The premise: two accounts need not change in all the same ways to share a change. So not accounts are compared but
single changes of a field, and those that the very same accounts have are told together. Every change of a field is
told once, with every account that it concerns. A secret that was rotated behind its reference is the same change for
all accounts whose field it is, though each has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Change, FieldChange


class Shared(FrozenByName):
    """Changes of fields that the same accounts have."""

    names: tuple[str, ...]
    """The accounts, by name."""
    fields: tuple[FieldChange, ...]
    """The changes, by path; rotations that several accounts have stand apart, and the first account's for all."""
    server: str | None
    """The MailServer that all of them are set up through; None where there is none, or not one for all."""

    @property
    def is_rotation(self) -> bool:
        """Whether nothing changes but values behind references."""
        return all(map(is_rotated_only, self.fields))


def shared_changes(changes: Iterable[Change]) -> tuple[Shared, ...]:
    """Return the changes of fields, each with all its accounts: those of most accounts first, else by name.

    >>> from reconciler.model.plan import Change, FieldChange
    >>> moved = FieldChange(path="spec.smtp.host", before="old.example.com", after="new.example.com")
    >>> changes = [Change(action="update", kind="OwnAccount", name=name, fields=(moved,)) for name in ("sales", "news")]
    >>> [(each.names, [field.path for field in each.fields]) for each in shared_changes(changes)]
    [(('news', 'sales'), ['spec.smtp.host'])]
    """
    listed = sorted(changes, key=lambda change: change.name)
    servers = {change.name: change.server for change in listed}
    names: dict[tuple[object, ...], list[str]] = {}
    found: dict[tuple[object, ...], FieldChange] = {}
    for change in listed:
        for field in change.fields:
            key = (field.path,) if is_rotated_only(field) else _key(field)
            names.setdefault(key, []).append(change.name)
            found.setdefault(key, field)
    alike: dict[tuple[tuple[str, ...], bool], list[FieldChange]] = {}
    for key, concerned in names.items():
        is_apart = is_rotated_only(found[key]) and len(concerned) > 1
        alike.setdefault((tuple(concerned), is_apart), []).append(found[key])
    bundles = [_shared(concerned, fields, servers) for (concerned, _), fields in alike.items()]
    return tuple(sorted(bundles, key=lambda each: (-len(each.names), each.names, each.is_rotation)))


def is_rotated_only(field: FieldChange) -> bool:
    """Tell whether a field's value is the same reference, and only what stands behind it has changed.

    >>> from reconciler.model.plan import FieldChange
    >>> is_rotated_only(FieldChange(path="password", before="env:SMTP_A", after="env:SMTP_A", rotated=True))
    True
    >>> is_rotated_only(FieldChange(path="password", before="env:SMTP_A", after="env:SMTP_B"))
    False
    """
    return field.rotated and field.before == field.after


def _key(field: FieldChange) -> tuple[object, ...]:
    """Return what two accounts must have alike; before and after are told apart by type too, since 1 is not true."""
    return (field.path, type(field.before), field.before, type(field.after), field.after, field.rotated, field.origin)


def _shared(names: tuple[str, ...], fields: list[FieldChange], servers: dict[str, str | None]) -> Shared:
    through = {servers[name] for name in names}
    return Shared(
        names=names,
        fields=tuple(sorted(fields, key=lambda field: field.path)),
        server=through.pop() if len(through) == 1 else None,
    )
