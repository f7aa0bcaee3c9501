"""What a write has done to a state since the last entry of the journal, and what the next entry tells of that."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.journal.keys import (
    ACCEPTED_ALTERED,
    ACCOUNT_DIGESTS,
    ACCOUNT_PARTS,
    ACCOUNTS_BEFORE,
    FORGOTTEN_ROUTES,
    KEY_ID,
    REDACTED_PAYLOADS,
    REVISION_DIGESTS,
    ROUTE_DIGESTS,
    ROUTE_REGISTER,
)
from reconciler.store.altered import account_parts

if TYPE_CHECKING:
    from reconciler.model.canonical import JsonObject, JsonView
    from reconciler.store.altered import Found
    from reconciler.store.digests import Row


@dataclass(kw_only=True)
class Touched:
    """The rows that were touched, each with its digest as it was left."""

    found: dict[str, Found] = field(default_factory=dict)
    """The rows of accounts as they were before."""
    accounts: dict[str, str | None] = field(default_factory=dict)
    """By name; None for an account that is gone."""
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Digests of the parts of an account's row, by its name."""
    accepted: dict[str, str] = field(default_factory=dict)
    """Accounts that may be written over although they were altered, each with the reason."""
    revisions: dict[str, str] = field(default_factory=dict)
    routes: list[str] = field(default_factory=list)
    forgotten_routes: set[str] = field(default_factory=set)
    redacted: dict[str, dict[str, str]] = field(default_factory=dict)
    """Digests of payloads before and after, by the entry's number."""
    key_id: str | None = None
    """The key of fingerprints that state is made with from now on."""

    has_settled_register: bool = False
    """The routes as they were found are accepted already."""

    def put(self, name: str, row: Row | None, digest: str | None) -> None:
        """Note the row of an account as it is left; None where it is gone."""
        self.accounts[name] = digest
        self.parts.pop(name, None)
        if row is not None and digest is not None:
            self.parts[name] = account_parts(row, digest)

    @property
    def needs_entry(self) -> bool:
        """Whether anything was changed that an entry of the journal has to tell."""
        changed = (self.accounts, self.revisions, self.routes, self.redacted, self.forgotten_routes)
        return any(changed) or self.key_id is not None

    def told_beside(self, payload: JsonView, *, register: str) -> JsonObject:
        """Return what an entry tells beside its payload; ``register`` is the digest of the register of routes."""
        told: JsonObject = {ROUTE_REGISTER: register}
        if self.accounts:
            # An erasure tells digests of its own; those of the rows written here go before them.
            told[ACCOUNT_DIGESTS] = {**payload.get(ACCOUNT_DIGESTS, {}), **self.accounts}
            told[ACCOUNTS_BEFORE] = {name: self.found[name].digest for name in self.accounts}
            told[ACCOUNT_PARTS] = {name: self.parts[name] for name in self.accounts if name in self.parts}
        if self.accepted:
            told[ACCEPTED_ALTERED] = self.accepted
        if self.revisions:
            told[REVISION_DIGESTS] = {**payload.get(REVISION_DIGESTS, {}), **self.revisions}
        if self.routes:
            told[ROUTE_DIGESTS] = sorted(self.routes)
        if self.forgotten_routes:
            told[FORGOTTEN_ROUTES] = sorted(self.forgotten_routes)
        if self.redacted:
            told[REDACTED_PAYLOADS] = self.redacted
        if self.key_id is not None:
            told[KEY_ID] = self.key_id
        return told
