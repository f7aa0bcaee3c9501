"""What state holds: accounts with approval, verification and suspension apart, revisions, journal entries."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - dataclasses of this module are inspected at run time
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - dataclasses of this module are inspected at run time
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from reconciler.diagnostics import one_line
from reconciler.model.accounts.kinds import KINDS, Kind, kind_of
from reconciler.model.accounts.statuses import Status  # noqa: TC001 - dataclasses of this module are inspected at run time
from reconciler.model.base import Value
from reconciler.model.canonical import digest
from reconciler.model.secrets.routes import SecretRoute, routes_of
from reconciler.model.verification.depths import Depth
from reconciler.model.verification.evidence import Evidence, Instant


def _is_zero(value: object) -> bool:
    return value == 0


class Approval(Value):
    """The platform's decision on a marketing account; it belongs to what ``subject_digest`` covers."""

    decision: Literal["approved", "rejected"] = Field(description="What the platform decided.")
    actor: str = Field(description="Who decided.")
    at: Instant = Field(description="When.")
    reason: str | None = Field(None, description="Why, for a rejection.")
    subject_digest: str = Field(description="Digest of e-mail, display name, reply-to and overrides as approved.")

    @property
    def as_seen(self) -> str:
        """The decision and what it belongs to, as a plan notes it to tell later whether it was decided anew."""
        return f"{self.decision} {self.subject_digest}"

    def covers(self, kind: Kind, spec: dict[str, Any]) -> bool:
        """Tell whether the decision was made on these settings, as far as it belongs to them."""
        return self.subject_digest == approval_digest(kind, spec)


class Suspension(Value):
    """The emergency stop of an account."""

    reason: str = Field(description="Why.")
    actor: str = Field(description="Who stopped it.")
    at: Instant = Field(description="When.")


class RecordedVerification(Value):
    """The last verification of an account. ``overridden``: applied although it was not verified."""

    outcome: Literal["passed", "failed", "skipped", "overridden"] = Field(description="What it came to.")
    checked_at: Instant | None = Field(None, description="When; null where nothing was checked.")
    depth: Depth | None = Field(None, description="How far it went.")
    reason: str | None = Field(None, description="Why it failed, was skipped or overridden.")
    transient_failures: int = Field(
        0, exclude_if=_is_zero, description="Transient failures in a row since, which have not changed the outcome yet."
    )


@dataclass(frozen=True, kw_only=True)
class RecordedAccount:
    """One account as state has it."""

    kind: Kind
    name: str
    canonical: str
    """Canonical JSON of the document, see ``desired``."""
    written: dict[str, str] = field(default_factory=dict)
    revision: int
    """The revision that last changed the account."""
    created_at: datetime
    updated_at: datetime
    settings_digest: str | None = None
    """Digest of the settings that were last verified; None where secrets were not read."""
    ca_digest: str | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)
    """Secret reference to keyed fingerprint."""
    fingerprint_key_id: str | None = None
    approval: Approval | None = None
    verification: RecordedVerification | None = None
    suspension: Suspension | None = None
    evidence: Evidence | None = None
    manifest: str | None = None
    """The file that the account was last recorded from, relative to the project folder; None where that is unknown."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document, parsed."""
        return json.loads(self.canonical)  # type: ignore[no-any-return]

    @property
    def spec(self) -> dict[str, Any]:
        """The recorded settings."""
        return self.document["spec"]  # type: ignore[no-any-return]

    @property
    def metadata(self) -> dict[str, Any]:
        """Title, owner, labels, annotations, protection."""
        return self.document["metadata"]  # type: ignore[no-any-return]

    @cached_property
    def secret_routes(self) -> tuple[SecretRoute, ...]:
        """Every secret and where it travels."""
        return routes_of(self.spec, self.ca_digest)

    @property
    def status(self) -> Status:
        """The first that holds of suspended, rejected, pending, failing, unverified, active."""
        if self.suspension is not None:
            return "suspended"
        if kind_of(self).is_accepted_by_platform and self.approval is None:
            return "pending"
        if self.approval is not None and self.approval.decision == "rejected":
            return "rejected"
        return self._verified_status

    @property
    def _verified_status(self) -> Status:
        outcome = self.verification.outcome if self.verification else "skipped"
        if outcome == "failed":
            return "failing"
        if outcome == "overridden" or (outcome == "skipped" and kind_of(self).needs_verification):
            return "unverified"
        return "active"

    @property
    def status_reason(self) -> str | None:
        """Why the account is not active, in one sentence; None for an active one."""
        status = self.status
        if status == "suspended" and self.suspension:
            return self.suspension.reason
        if status == "rejected" and self.approval:
            return self.approval.reason
        if status == "pending":
            return "awaits the platform's decision"
        if status in {"failing", "unverified"}:
            return (self.verification and self.verification.reason) or "was never verified"
        return None

    @property
    def status_sentence(self) -> str:
        """Name, status and its reason, where there is one, as one sentence."""
        reason = f": {one_line(self.status_reason.removesuffix('.'))}" if self.status_reason else ""
        return f"{self.name} is {self.status}{reason}."


@dataclass(frozen=True, kw_only=True)
class RecordedState:
    """All that a plan needs to know of state."""

    project: str
    lineage: str
    """Identity of this state, made by ``state init``."""
    serial: int
    """The number of the last revision; 0 before the first."""
    accounts: dict[str, RecordedAccount]
    routes: tuple[SecretRoute, ...] = ()
    """Every route that any secret has been recorded with, deleted accounts included."""
    earlier_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The names that accounts had before they were renamed, the latest first, by the name that they have now."""
    fingerprint_key_id: str | None = None

    def is_keyed_with(self, key_id: str | None) -> bool:
        """Tell whether fingerprints of this key can be compared with those recorded; nothing recorded bars no key."""
        return self.fingerprint_key_id in {None, key_id}


def approval_subject(kind: Kind, spec: dict[str, Any]) -> dict[str, Any] | None:
    """Return the settings that an approval covers; None for a kind that the platform does not decide on."""
    covered = KINDS[kind].approval_covers
    return {name: spec.get(name) for name in covered} if covered else None


def approval_digest(kind: Kind, spec: dict[str, Any]) -> str | None:
    """Return the digest of what an approval covers; None for a kind that the platform does not decide on."""
    subject = approval_subject(kind, spec)
    return None if subject is None else digest(subject)
