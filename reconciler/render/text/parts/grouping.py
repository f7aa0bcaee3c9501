"""Changes that are the same for several accounts, told once: "80 accounts through office365".

The premise: accounts that share a MailServer get the same host, port, encryption and mechanism from it, while user
names and secrets are filled in for each. So changes of one action through one server are alike when they agree on what
the server gives; the fields that all of them agree on are *common*, the rest are each account's *own*. Changes without
a server, or that concern nothing of the server, are alike only when all their fields are the same, but that secrets
rotated behind references of their own are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from reconciler.model.plan import Change, FieldChange

_FROM_SERVER = ("spec.smtp.", "spec.proxy.")
_EACH_ITS_OWN = ("username", "password", "accessToken", "clientSecret", "refreshToken", "clientId")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Changes told together, by name; one alone is a group of one whose fields are all common."""

    changes: tuple[Change, ...]
    common: tuple[FieldChange, ...]

    def own_fields(self, change: Change) -> tuple[FieldChange, ...]:
        """Return the fields of one of the changes that are not common to all."""
        shared = set(self.common)
        return tuple(field for field in change.fields if field not in shared)

    def only_rotated(self) -> dict[tuple[str, ...], list[str]]:
        """Return the names of the changes whose own fields are rotated secrets alone, by the paths of these."""
        rotated: dict[tuple[str, ...], list[str]] = {}
        for change in self.changes:
            own = self.own_fields(change)
            if own and all(map(_is_rotated, own)):
                rotated.setdefault(tuple(field.path for field in own), []).append(change.name)
        return rotated


def grouped(changes: Iterable[Change]) -> tuple[Group, ...]:
    """Return the changes in groups, ordered by the first name in each."""
    alike: dict[Hashable, list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.name):
        alike.setdefault(_likeness(change), []).append(change)
    return tuple(_group(members) for members in alike.values())


def _likeness(change: Change) -> Hashable:
    fields: tuple[object, ...] = _given_by_server(change) or change.fields
    if change.fields and all(map(_is_rotated, change.fields)):
        fields = tuple(field.path for field in change.fields)
    if change.action == "rename" or not fields:
        return change.name
    return change.action, change.kind, change.cause, change.held, change.server, fields


def _is_rotated(field: FieldChange) -> bool:
    return field.rotated and field.before == field.after


def _given_by_server(change: Change) -> tuple[FieldChange, ...]:
    if change.server is None:
        return ()
    return tuple(
        field
        for field in change.fields
        if field.path.startswith(_FROM_SERVER) and not field.path.endswith(_EACH_ITS_OWN)
    )


def _group(members: list[Change]) -> Group:
    shared = set(members[0].fields).intersection(*(change.fields for change in members))
    common = tuple(field for field in members[0].fields if field in shared)
    return Group(changes=tuple(members), common=common)
