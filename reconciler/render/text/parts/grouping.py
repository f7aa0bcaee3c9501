"""Changes that are the same for several accounts, told once: "80 accounts through office365".

The premise: accounts that share a MailServer get the same host, port, encryption and mechanism from it, while user
names and secrets are each account's. So changes of one action through one server are alike when they agree on the
fields that the server gives; the fields that all of them agree on are *common*, the rest each account's *own*.
Changes without a server, or of other fields only, are alike when all their fields are the same; so are changes that
do nothing but rotate secrets of the same fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.rules.plan.alike import is_rotated_only

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from reconciler.model.plan import Change, FieldChange

_FROM_SERVER = ("spec.smtp.", "spec.proxy.")
_EACH_ITS_OWN = (
    "username",
    "password",
    "accessToken",
    "clientSecret",
    "refreshToken",
    "clientCertificate",
    "serviceAccount",
    "clientId",
)


class Group(FrozenByName):
    """Changes that are told together, by name; of a single change all fields are common."""

    changes: tuple[Change, ...]
    common: tuple[FieldChange, ...]

    def own_fields(self, change: Change) -> tuple[FieldChange, ...]:
        """Return the fields of one of the changes that not all of them have."""
        shared = set(self.common)
        return tuple(field for field in change.fields if field not in shared)

    def only_rotated(self) -> dict[tuple[str, ...], list[str]]:
        """Return, by the paths of the rotated secrets, the names of the changes whose own fields are rotations only."""
        rotated: dict[tuple[str, ...], list[str]] = {}
        for change in self.changes:
            own = self.own_fields(change)
            if own and all(map(is_rotated_only, own)):
                rotated.setdefault(tuple(field.path for field in own), []).append(change.name)
        return rotated


def grouped(changes: Iterable[Change]) -> tuple[Group, ...]:
    """Return the changes in groups, ordered by the first name in each."""
    alike: dict[Hashable, list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.name):
        alike.setdefault(_likeness(change), []).append(change)
    groups = []
    for members in alike.values():
        shared = set(members[0].fields).intersection(*(change.fields for change in members))
        common = tuple(field for field in members[0].fields if field in shared)
        groups.append(Group(changes=tuple(members), common=common))
    return tuple(groups)


def _likeness(change: Change) -> Hashable:
    fields: tuple[object, ...] = _given_by_server(change) or change.fields
    if change.fields and all(map(is_rotated_only, change.fields)):
        fields = tuple(field.path for field in change.fields)
    if change.action == "rename" or not fields:
        return change.name
    return change.action, change.kind, change.cause, change.held, change.server, fields


def _given_by_server(change: Change) -> tuple[FieldChange, ...]:
    if change.server is None:
        return ()
    return tuple(
        field
        for field in change.fields
        if field.path.startswith(_FROM_SERVER) and not field.path.endswith(_EACH_ITS_OWN)
    )
