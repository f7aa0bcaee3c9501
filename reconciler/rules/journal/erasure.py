"""What is erased of an account from past records, and what stays. Pure.

Erased: e-mail, display name, reply-to, title, owner, annotations, user names, reasons, whatever else of the account
holds one of its addresses, and the digests from which these could be guessed; and in what an entry says of no account,
such as the selectors of an apply and its reference, each text that holds one of them. Kept: names, servers, ports, secret references, times,
revisions, statuses, labels, and who acted: an actor is the record's own, not the account's. What stands with another
account is that one's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reconciler.characters import folded
from reconciler.classes import FrozenByName
from reconciler.model.journal.keys import OF_THE_CHAIN
from reconciler.model.text.domains import domain_spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.canonical import JsonObject, JsonView

_ESCAPED = re.compile(r"(?:%[0-9a-f]{2})+")
"""A run of octets as a link writes them (RFC 3986 section 2.1), in small letters."""
_DEEPEST = 2
"""How many times a text is decoded: a link may stand, encoded, in another."""
ERASED = "[erased]"
"""Stands where something was."""

_FIELDS = frozenset({"spec.email", "spec.displayName", "metadata.title", "metadata.owner"})
_BRANCHES = ("spec.replyTo.", "metadata.annotations.")
_LAST_STEP = ".username"
_OF_THE_RECORD = OF_THE_CHAIN | {"actor", "actorSource", "revision"}
"""The parts of a payload that prove or say who acted, and the changes, which are looked at one by one."""
_KEYS = frozenset(
    {"reason", "email", "displayName", "username", "title", "owner", "replyTo", "annotations", "subjectDigest"}
)


class Erasure(FrozenByName):
    """Whose data goes: an account's names, and the addresses by which it is found in other text."""

    names: Mapping[str, int | None]
    """Its name, and each earlier name with the revision that renamed it away: from there on it may be another's."""
    addresses: frozenset[str] = frozenset()

    def concerns(self, name: str, serial: int) -> bool:
        """Tell whether the name was this account's when the last revision was ``serial``."""
        if name not in self.names:
            return False
        until = self.names[name]
        return until is None or serial < until

    def is_named_in(self, text: str) -> bool:
        """Tell whether a text holds one of the addresses, in any case and composition, and as a link writes it.

        >>> Erasure(names={}, addresses=frozenset({"anna@example.com"})).is_named_in("https://x.example/?to=Anna%40Example.com")
        True
        """
        spellings = [folded(text)]
        while "%" in spellings[-1] and len(spellings) <= _DEEPEST:
            spellings.append(folded(_ESCAPED.sub(_decoded, spellings[-1])))
        return any(address in spelled for spelled in spellings for address in self.addresses)

    def reaches(self, name: str, revision: int) -> bool:
        """Tell whether the name was this account's up to this revision, the one that renamed it away among them."""
        if name not in self.names:
            return False
        until = self.names[name]
        return until is None or revision <= until


def is_personal(path: str) -> bool:
    """Tell whether a field of an account holds personal data.

    >>> is_personal("spec.email"), is_personal("spec.smtp.port")
    (True, False)
    """
    return path in _FIELDS or path.startswith(_BRANCHES) or path.endswith(_LAST_STEP)


def addresses_of(changes: Iterable[tuple[int, Iterable[JsonView]]], erasure: Erasure) -> frozenset[str]:
    """Return the addresses that the account had, in every spelling of their domains; ``changes`` by revision.

    >>> fields = [{"path": "spec.email", "before": None, "after": "Sales@example.com"}]
    >>> changes = [(3, [{"name": "sales", "fields": fields}])]
    >>> addresses_of(changes, Erasure(names={"sales": None})), addresses_of(changes, Erasure(names={"sales": 2}))
    (frozenset({'sales@example.com'}), frozenset())
    """
    values = (
        value
        for serial, each in changes
        for change in each
        if erasure.concerns(change["name"], serial)
        for field in change.get("fields", ())
        if is_personal(field["path"])
        for value in (field.get("before"), field.get("after"))
    )
    return frozenset(
        spelling for value in values if isinstance(value, str) and "@" in value for spelling in _spellings(value)
    )


def _decoded(escaped: re.Match[str]) -> str:
    return bytes.fromhex(escaped[0].replace("%", "")).decode("utf-8", "replace")


def _spellings(address: str) -> set[str]:
    """Return how an address may be written: a server answers with A-labels what a person wrote with letters, and back."""
    local_part, _, domain = address.rpartition("@")
    return {folded(address), *(folded(f"{local_part}@{spelling}") for spelling in domain_spellings(domain))}


def erase_from_changes(changes: Iterable[JsonView], erasure: Erasure, *, serial: int) -> tuple[JsonObject, ...]:
    """Return a revision's changes without the account's data.

    >>> values = {"spec.email": "sales@example.com", "spec.smtp.port": 587}
    >>> fields = [{"path": path, "before": None, "after": value} for path, value in values.items()]
    >>> (erased,) = erase_from_changes([{"name": "sales", "fields": fields}], Erasure(names={"sales": None}), serial=3)
    >>> [field["after"] for field in erased["fields"]]
    ['[erased]', 587]
    """
    return tuple(
        {**change, "fields": [_without_values(field, erasure) for field in change.get("fields", ())]}
        if erasure.concerns(change["name"], serial)
        else dict(change)
        for change in changes
    )


def _without_values(field: JsonView, erasure: Erasure) -> JsonObject:
    path = field["path"]
    values = {side: field.get(side) for side in ("before", "after")}
    return {**field, **{side: _erased(value, erasure, always=is_personal(path)) for side, value in values.items()}}


def _erased(value: Any, erasure: Erasure, *, always: bool) -> Any:
    """Return what stays of a value; what is absent stays absent."""
    if value is None:
        return None
    if always or (isinstance(value, str) and erasure.is_named_in(value)):
        return ERASED
    return value


def erase_from_payload(payload: JsonView, erasure: Erasure, *, serial: int) -> JsonObject:
    """Return what the journal's payload tells without the account's data; equal to it where there was none.

    ``serial`` is the last revision when the entry was written, its own counted.

    >>> payload = {"actor": "anna", "reason": "Spam", "accounts": {"sales": {"after": {"reason": "Spam"}}}}
    >>> erase_from_payload(payload, Erasure(names={"sales": None}), serial=3)
    {'actor': 'anna', 'reason': '[erased]', 'accounts': {'sales': {'after': {'reason': '[erased]'}}}}
    >>> erase_from_payload(payload, Erasure(names={"news": None}), serial=3) == payload
    True
    """
    kept = {key: _without_parts(key, value, erasure, serial) for key, value in payload.items()}
    concerned = _named(payload.get("accounts"), erasure, serial)
    if concerned and payload.get("reason") is not None:
        kept["reason"] = ERASED
    revision = payload.get("revision")
    if isinstance(revision, dict):
        kept["revision"] = erased = {**revision}
        if "reference" in revision:
            erased["reference"] = erase_from_reference(revision["reference"], erasure)
        if isinstance(revision.get("changes"), list):
            erased["changes"] = list(erase_from_changes(revision["changes"], erasure, serial=serial))
            if erased["changes"] != revision["changes"]:
                kept["changesDigest"] = ERASED
    return kept


def erase_from_reference(reference: Any, erasure: Erasure) -> Any:
    """Return what stays of the reference of an apply: it is a text of whoever applied, and says of no account.

    >>> erase_from_reference("ticket of Anna@example.com", Erasure(names={}, addresses=frozenset({"anna@example.com"})))
    '[erased]'
    """
    return _erased(reference, erasure, always=False)


def _without_parts(key: str, value: Any, erasure: Erasure, serial: int) -> Any:
    """Return a part of a payload: kept by account, what belongs to this one is erased; else, texts that hold an address."""
    if key in _OF_THE_RECORD:
        return value
    if not isinstance(value, dict):
        return _scrubbed(value, erasure, always=False)
    return {
        name: _scrubbed(part, erasure, always=isinstance(part, str)) if erasure.concerns(name, serial) else part
        for name, part in value.items()
    }


def _named(part: Any, erasure: Erasure, serial: int) -> bool:
    return isinstance(part, dict) and any(erasure.concerns(name, serial) for name in part)


def _scrubbed(value: Any, erasure: Erasure, *, always: bool) -> Any:
    if isinstance(value, dict):
        return {key: _scrubbed(each, erasure, always=always or key in _KEYS) for key, each in value.items()}
    if isinstance(value, list):
        return [_scrubbed(each, erasure, always=always) for each in value]
    return _erased(value, erasure, always=always)
