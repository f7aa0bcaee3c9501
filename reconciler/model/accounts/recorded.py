"""What state holds: accounts with approval, verification and suspension apart, revisions, journal entries."""

import json
from collections.abc import Mapping
from dataclasses import field, fields
from datetime import datetime
from functools import cached_property
from operator import not_
from typing import Literal

from pydantic import Field

from reconciler.characters import one_line
from reconciler.classes import dataclass
from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.accounts.kinds import KINDS, Kind, kind_of
from reconciler.model.accounts.settings import Document, Documented, Settings
from reconciler.model.accounts.statuses import Status
from reconciler.model.base import Value, is_none
from reconciler.model.canonical import digest
from reconciler.model.secrets.routes import SecretRoute
from reconciler.model.verification.depths import Depth
from reconciler.model.verification.evidence import Evidence, Instant


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

    def covers(self, kind: Kind, settings: Settings) -> bool:
        """Tell whether the decision was made on these settings, as far as it belongs to them."""
        return self.subject_digest == approval_digest(kind, settings)


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
        0, exclude_if=not_, description="Transient failures in a row since, which have not changed the outcome yet."
    )
    passed_at: Instant | None = Field(
        None,
        exclude_if=is_none,
        description="When it last passed, where that was before; absent where it is not known.",
    )

    @property
    def last_passed(self) -> datetime | None:
        """When the account last passed; None where it never did, or that is not known."""
        return self.checked_at if self.outcome == "passed" else self.passed_at


@dataclass(frozen=True, kw_only=True)
class RecordedAccount(Documented):
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
    server: str | None = None
    """The MailServer that the settings came through; None where the account has them itself, or that is unknown."""
    ca_pem: str | None = None
    """The private CA itself, PEM, which ``ca_digest`` is the digest of; None where none is named or it was not kept."""

    @cached_property
    def document(self) -> Document:
        """The document, parsed."""
        return json.loads(self.canonical)  # type: ignore[no-any-return]

    @cached_property
    def as_desired(self) -> DesiredAccount:
        """The account as manifests would want it to stay as it is."""
        return DesiredAccount(
            kind=self.kind,
            name=self.name,
            document=self.document,
            written=self.written,
            ca_digest=self.ca_digest,
            file=self.manifest or "",
        )

    @property
    def content(self) -> tuple[object, ...]:
        """All that is recorded of it, to tell whether anything of it has changed."""
        return tuple(getattr(self, each.name) for each in fields(self))

    @property
    def approval_as_seen(self) -> str | None:
        """Its approval as a plan has seen it; None where the platform has not decided."""
        return self.approval.as_seen if self.approval is not None else None

    @property
    def certificate_ends(self) -> datetime | None:
        """When the certificate of its server ends, as the last evidence saw it; None where none was seen."""
        return self.evidence.observed.certificate_not_after if self.evidence is not None else None

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
    def last_passed(self) -> datetime | None:
        """When the account last passed a verification; None where it never did, or that is not known."""
        return self.verification.last_passed if self.verification is not None else None

    @property
    def last_failed(self) -> datetime | None:
        """When the last attempt was made, where it failed; also one that may pass by itself and does not count yet."""
        found = self.evidence.verification if self.evidence is not None else None
        if found is not None and found.status == "failed":
            return found.checked_at
        failed = self.verification is not None and self.verification.outcome == "failed"
        return self.verification.checked_at if failed and self.verification is not None else None

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


def approval_subject(kind: Kind, settings: Settings) -> Document | None:
    """Return the settings that an approval covers; None for a kind that the platform does not decide on."""
    covered = KINDS[kind].approval_covers
    return {**dict.fromkeys(covered), **settings.parts(covered)} if covered else None


def approval_digest(kind: Kind, settings: Settings) -> str | None:
    """Return the digest of the settings that an approval covers; None for a kind that needs no approval."""
    subject = approval_subject(kind, settings)
    return None if subject is None else digest(subject)
