"""What each event of the journal keeps: one class for each, written by the verbs, read by history, report and pages.

Premise: the hash chain covers a payload's canonical text, so a payload holds what it was given and nothing else. A part
that was not given is absent from the text, which is not the same as null: a verb names each part that it wants kept.
Payloads of earlier versions lack parts, and those of later ones have parts that are not known here: ``read_payload``
takes both, and ``document`` gives back what was read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypedDict

from pydantic import ConfigDict, Field, ValidationError

from reconciler.model.base import Value
from reconciler.model.canonical import canonical_json, without
from reconciler.model.journal.keys import APPLY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.canonical import JsonObject
    from reconciler.model.journal.entries import Actor

Source = Literal["flag", "ci", "login"]
Strings = Annotated[tuple[str, ...], Field(strict=False)]
Document = dict[str, object]
"""A part that nobody looks into: it is kept, and shown as it is."""
Decision = Literal["approve", "reject", "suspend", "resume"]

BEGUN = "begun"
"""The ending of a sending that goes on, or that was killed before it could tell how it ended."""


class PayloadPart(Value):
    """A part of a payload. Whatever it may lack, it lacks in the text as well; what is not known here is kept."""

    model_config = ConfigDict(extra="allow")


class Standing(PayloadPart):
    """How an account stood, before or after an event."""

    status: str | None = None
    reason: str | None = None
    approval: Document | None = None
    suspension: Document | None = None


class AccountTold(PayloadPart):
    """What an event did to one account."""

    revision: int | None = None
    """The revision that a decision was made on."""
    subject_digest: str | None = None
    """Of what a decision belongs to."""
    before: Standing | None = None
    after: Standing | None = None
    rotated: Strings = ()
    """The references of its secrets whose values were others than recorded."""


class Payload(PayloadPart):
    """What the payloads have in common: who acted and why, by whose word secrets travelled, and which accounts.

    An event that is not known here has no more than that.
    """

    actor: str | None = None
    """A claim, not a proof."""
    actor_source: Source | None = None
    reason: str | None = None
    trusts_project: bool = False
    """Whether somebody said that the project file is the protected branch's."""
    grants_used: Strings = ()
    accounts: dict[str, AccountTold] = Field({})
    """By name, the accounts whose standing changed."""
    name: str | None = None
    """The one account that the event is about."""
    accepted_altered: dict[str, str] = Field({})
    """By name, the accounts that were taken as state had them although something else altered them, and why."""
    absent_where_empty: ClassVar[frozenset[str]] = frozenset()
    """The parts, by key, that the text lacks where there is nothing to tell."""

    def document(self) -> JsonObject:
        """Return what was given or read, as the store writes it."""
        return self._document_without({})

    def _document_without(self, left_out: Mapping[str, set[str]]) -> JsonObject:
        told = self.model_dump(mode="json", exclude_unset=True, exclude=dict(left_out))
        return {key: part for key, part in told.items() if part or key not in self.absent_where_empty}

    @property
    def acted(self) -> tuple[str | None, Source | None]:
        """Who acted, and where that name was taken from."""
        return self.actor, self.actor_source


class Who(TypedDict):
    """The parts of a payload that say who acted."""

    actor: str
    actor_source: Source


def who(actor: Actor) -> Who:
    """Return the parts of a payload that say who acted."""
    return Who(actor=actor.name, actor_source=actor.source)


class LiftedGuardTold(PayloadPart):
    """A guard that was lifted on purpose."""

    code: str | None = None
    by: str | None = None
    """The flag or the line of the project file that lifted it."""


class ReviewedTold(PayloadPart):
    """The plan that people had reviewed."""

    plan_digest: str | None = None
    changes_digest: str | None = None


class ApprovalTold(PayloadPart):
    """The platform's decision, as far as history tells it; the rest of it is kept beside."""

    decision: str | None = None


class ApprovalChange(PayloadPart):
    """What an apply did to an approval; a side is null where no decision was recorded."""

    before: ApprovalTold | None = None
    after: ApprovalTold | None = None


class RevisionTold(PayloadPart):
    """The revision that an apply made."""

    revision: int | None = None
    actor: str | None = None
    actor_source: Source | None = None
    changes: Annotated[tuple[object, ...], Field(strict=False)] = ()
    """As the revision has them. There may be thousands, so nobody looks into them but who asks for ``names``."""

    @property
    def names(self) -> frozenset[str]:
        """The names that the changes touch: of a rename both."""
        changes = (change for change in self.changes if isinstance(change, dict))
        told = (change.get(key) for change in changes for key in ("name", "previousName"))
        return frozenset(name for name in told if isinstance(name, str))


class ApplyPayload(Payload):
    """``apply``: the revision, what it was proven with, and what let it happen. Its revision says who applied."""

    revision: RevisionTold | None = None
    is_dirty: bool = False
    """Whether the manifests had changes that were not committed."""
    changes_digest: str | None = None
    lifted_guards: Annotated[tuple[LiftedGuardTold, ...], Field(strict=False)] = ()
    overrides: dict[str, str] = Field({})
    """By name, the accounts that were not verified, and why."""
    depth: str | None = None
    """How deep accounts were verified; null where it is as deep as the project says."""
    held: Strings = ()
    """The accounts whose changes were left out because their verification failed."""
    verification: dict[str, Document] = Field({})
    holds_failing: bool = False
    targets: Strings = ()
    excludes: Strings = ()
    reviewed: ReviewedTold | None = None
    secrets_not_compared: dict[str, Strings] = Field({})
    """By account, the secrets whose values nobody had read."""
    approvals: dict[str, ApprovalChange] = Field({})
    abridged: Document | None = None
    """What people are told of the accounts, where the apply was read in short; the parts by account are then absent."""
    absent_where_empty = frozenset({"targets", "excludes", "reviewed", "secretsNotCompared"})

    def document(self) -> JsonObject:
        """Return what was given or read; the revision's changes, of which there may be thousands, are not copied."""
        told = self._document_without({"revision": {"changes"}})
        if self.revision is not None and "changes" in self.revision.model_fields_set:
            told["revision"]["changes"] = list(self.revision.changes)
        return told

    @property
    def acted(self) -> tuple[str | None, Source | None]:
        """Who applied."""
        made = self.revision or RevisionTold()
        return self.actor or made.actor, self.actor_source or made.actor_source


class DecisionPayload(Payload):
    """``approve``, ``reject``, ``suspend`` and ``resume``."""

    seen_revision: int | None = None
    """The last revision that whoever decided had looked at; null where it was not said."""


class VerifyPayload(Payload):
    """``verify``: a new verification of recorded accounts."""

    commit: str | None = None
    depth: str | None = None
    verified: int | None = None
    """How many accounts were verified, also those whose standing stayed."""


class SendPayload(Payload):
    """``send``: that a run begins, and another entry on how it ended; by counts and digests, without personal data."""

    account_revision: int | None = None
    run: str | None = None
    """The random id of the results file."""
    message_digest: str | None = None
    contacts_digest: str | None = None
    ending: str | None = None
    """``begun``, and then how it ended."""
    this_run: dict[str, int] | None = None
    total: dict[str, int] | None = None
    has_ended: bool = False
    """Of a beginning, whether its end is told too. Never written: history finds it."""
    absent_where_empty = frozenset({"thisRun", "total"})


class PublishPayload(Payload):
    """``publish``: a consumer was brought to what it is to have."""

    consumer: str | None = None
    consumer_type: str | None = None
    place: str | None = None
    """The path, or the command."""
    published: dict[str, str] = Field({})
    """By account, what was done: new, changed, removed, edited (a hand edit was replaced) or secret."""


class RedactPayload(Payload):
    """``redact``: what was erased of an account's past."""

    names: Strings = ()
    """The account's name and its earlier ones."""
    past_only: bool = False
    payloads: int | None = None
    revisions: int | None = None
    routes: int | None = None


class RevokePayload(Payload):
    """``revoke``: the routes that secrets lost."""

    secret: str | None = None
    """The glob over references."""
    server: str | None = None
    routes: int | None = None
    forgotten: Strings = ()


class RekeyPayload(Payload):
    """``rekey``: the key of fingerprints became another one, whose id the store adds."""

    previous_key_id: str | None = None
    fingerprint_key_id: str | None = None
    rekeyed: int | None = None
    """How many accounts' secrets have fingerprints of the new key."""
    unread: Strings = ()
    """References that are kept without a fingerprint."""
    accepted_rotated: Strings = ()


class RestorePayload(Payload):
    """``restore``: a backup took the place of what was recorded."""

    serial: int | None = None
    """The last revision of the backup."""
    lost_entries: int | None = None
    lost_head: str | None = None
    """The hash of the last entry that was given up."""


class MigratePayload(Payload):
    """``migrate``: tables of one version became those of another, or what guards them was made anew."""

    before: int | None = None
    after: int | None = None
    made_anew: Strings = ()
    """What had been altered of what stands beside the tables, as sentences."""


PAYLOADS: Mapping[str, type[Payload]] = {
    APPLY: ApplyPayload,
    "approve": DecisionPayload,
    "reject": DecisionPayload,
    "suspend": DecisionPayload,
    "resume": DecisionPayload,
    "verify": VerifyPayload,
    "send": SendPayload,
    "publish": PublishPayload,
    "redact": RedactPayload,
    "revoke": RevokePayload,
    "rekey": RekeyPayload,
    "restore": RestorePayload,
    "migrate": MigratePayload,
}
"""By event."""


def read_payload(event: str, told: Mapping[str, object]) -> Payload:
    """Return a payload as its event's class; a part of another type than it is written with is left out.

    >>> read_payload("suspend", {"actor": "anna", "reason": 7, "later": True}).document()
    {'actor': 'anna', 'later': True}
    """
    payload = PAYLOADS.get(event, Payload)
    try:
        return payload.model_validate(told, by_alias=True, by_name=False)
    except ValidationError:
        # Half a character (a lone surrogate) is no text to pydantic, which names its place otherwise than it is called.
        legible = json.loads(canonical_json(told).encode("utf-8", "replace"))
    try:
        return payload.model_validate(legible, by_alias=True, by_name=False)
    except ValidationError as refused:
        faults = [each["loc"] for each in refused.errors(include_url=False, include_context=False, include_input=False)]
        return payload.model_validate(without(legible, faults), by_alias=True, by_name=False)
