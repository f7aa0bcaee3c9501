"""A plan as a value: what would change, what was verified, what refuses; and what apply needs beside it."""

from dataclasses import replace
from functools import cached_property, lru_cache
from operator import not_
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass as written

from reconciler.diagnostics import Diagnostic
from reconciler.model.accounts.kinds import Kind
from reconciler.model.accounts.settings import Document, Documented
from reconciler.model.base import SLOTTED, Value, is_none
from reconciler.model.consumers.view import ConsumerView
from reconciler.model.formats import FORMAT_VERSION
from reconciler.model.secrets.routes import SecretRoute, routes_of, with_fingerprints
from reconciler.model.verification.depths import Depth
from reconciler.model.verification.evidence import UNCHANGED, Evidence, Instant, Verification

Action = Literal["create", "update", "rename", "delete"]
ACTIONS: tuple[Action, ...] = ("create", "update", "rename", "delete")
Cause = Literal["manifest", "rotation"]
PlanStatus = Literal["empty", "ready", "blocked", "invalid"]
Scalar = str | int | bool | None


@written(frozen=True, slots=True, kw_only=True, config=SLOTTED)
class FieldChange:
    """One field of one account, before and after; null where the field is absent."""

    path: str = Field(description="The field as in the manifest: spec.smtp.port, metadata.labels.team.")
    before: Scalar = Field(description="The recorded value; a secret as its reference.")
    after: Scalar = Field(description="The desired value; a secret as its reference.")
    rotated: bool = Field(
        default=False, exclude_if=not_, description="The secret's value changed behind the reference."
    )
    origin: str | None = Field(
        default=None,
        exclude_if=is_none,
        description="FILE:LINE of the environment's overlay that the desired value comes from; absent for what the manifest says.",
    )

    @classmethod
    @lru_cache(maxsize=4096, typed=True)  # typed: 1 is no True
    def of_leaves(cls, path: str, before: Scalar, after: Scalar) -> Self:
        """Return the change of a field from documents that were looked at before, in a third of the time of a look at it.

        It is one value for all accounts that it is the same for.
        """
        made = object.__new__(cls)
        object.__setattr__(made, "path", path)
        object.__setattr__(made, "before", before)
        object.__setattr__(made, "after", after)
        object.__setattr__(made, "rotated", False)
        object.__setattr__(made, "origin", None)
        return made

    @property
    def without_origin(self) -> Self:
        """The change alone: the same whichever line of which file says so."""
        return replace(self, origin=None) if self.origin is not None else self


class Change(Value):
    """One create, update, rename or delete of one account."""

    action: Action = Field(description="create, update, rename or delete.")
    kind: Kind = Field(description="The account's kind.")
    name: str = Field(description="The account's name; after a rename the new one.")
    previous_name: str | None = Field(None, exclude_if=is_none, description="The name before a rename.")
    cause: Cause = Field("manifest", description="A change of the manifest, or of a secret's value.")
    held: bool = Field(default=False, exclude_if=not_, description="Left out of this plan because verification failed.")
    server: str | None = Field(None, exclude_if=is_none, description="The MailServer that the settings come through.")
    base_revision: int | None = Field(
        None, description="The revision that last changed the account; null: must not exist."
    )
    fields: Annotated[tuple[FieldChange, ...], Field(strict=False)] = Field(
        (), description="The fields that change, by path."
    )
    verification: Verification = Field(UNCHANGED, description="What verification found.")

    @property
    def recorded_name(self) -> str | None:
        """The name under which state has the account; None for one that is created, also where its name is given up."""
        return None if self.action == "create" else self.previous_name or self.name

    @property
    def gives_up(self) -> str | None:
        """The name that a rename or a deletion leaves free; None for a change that keeps its name."""
        return self.recorded_name if self.action in {"rename", "delete"} else None

    @property
    def takes(self) -> str | None:
        """The name that a creation or a rename takes; None for a change that takes no new name."""
        return self.name if self.action in {"create", "rename"} else None


class Summary(Value):
    """How many accounts a plan concerns, by what happens to them."""

    create: int = Field(0, description="Accounts created.")
    update: int = Field(0, description="Accounts updated.")
    rename: int = Field(0, description="Accounts renamed.")
    delete: int = Field(0, description="Accounts deleted.")
    unchanged: int = Field(0, description="Accounts left as they are.")
    held: int = Field(0, description="Changes left out because their verification failed.")


class LiftedGuard(Value):
    """A guard that would have refused and was lifted on purpose."""

    code: str = Field(description="The guard's diagnostic code.")
    by: str = Field(description="The flag or project file line that lifted it.")


class Messages(Value):
    """Test messages to one address."""

    to: str = Field(description="Who receives them.")
    count: int = Field(description="How many.")


class Announcement(Value):
    """Whom apply contacts before it records anything, so that nobody is mailed unannounced."""

    accounts: int = Field(description="The accounts that apply verifies.")
    messages: Annotated[tuple[Messages, ...], Field(strict=False)] = Field(
        (), description="The test messages that it sends, by addressee."
    )


class Plan(Value):
    """The plan itself, without what apply needs beside it."""

    format_version: str = Field(FORMAT_VERSION, description="A minor adds; an unknown major is refused.")
    tool: str = Field(description="The program and version that made the plan.")
    created_at: Instant = Field(description="When the plan was made.")
    project: str = Field(description="The project's name.")
    lineage: str | None = Field(None, description="The state's identity; null where state was not reached.")
    serial: int | None = Field(None, description="The state's last revision when the plan was made.")
    status: PlanStatus = Field(description="empty, ready, blocked or invalid.")
    changes_digest: str = Field(description="Digest of actions, fields, base revisions and lifted guards.")
    plan_digest: str = Field(description="Digest of the whole plan file but for this field and the seal.")
    summary: Summary = Field(description="Counts.")
    changes: Annotated[tuple[Change, ...], Field(strict=False)] = Field(description="The changes, by name.")
    lifted_guards: Annotated[tuple[LiftedGuard, ...], Field(strict=False)] = Field((), description="Guards lifted.")
    consumers: Annotated[tuple[ConsumerView, ...], Field(strict=False)] = Field(
        (), exclude_if=not_, description="What publishing would change, by consumer; absent where none is declared."
    )
    diagnostics: Annotated[tuple[Diagnostic, ...], Field(strict=False)] = Field((), description="Problems and remarks.")
    apply_verifies: Announcement | None = Field(
        None, exclude_if=is_none, description="Whom apply will contact; absent in plans of earlier versions."
    )
    messages_sent: Annotated[tuple[Messages, ...], Field(strict=False)] = Field(
        (), exclude_if=not_, description="The test messages that making the plan sent; absent where it sent none."
    )


class PreparedAccount(Value, Documented):
    """What apply needs to record one account. Deletions have none: the change itself says all there is."""

    document: Document = Field(description="The resolved document to record.")
    written: dict[str, str] = Field({}, description="Domains as the author wrote them, by path.")
    ca_digest: str | None = Field(None, description="SHA-256 of the private CA.")
    fingerprints: dict[str, str] = Field(
        {}, description="Secret reference to keyed fingerprint; absent where not read."
    )
    settings_digest: str | None = Field(None, description="Digest of the settings; null where secrets were not read.")
    needs_evidence: bool = Field(description="Apply needs evidence of these settings.")
    manifest: str | None = Field(None, description="The manifest file, relative to the project folder.")
    server_manifest: str | None = Field(
        None, description="The manifest file of the MailServer that the settings come through."
    )
    server_secrets: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="The references that the MailServer names for the account."
    )
    leaves_server: bool = Field(
        default=False, description="The account says itself where it connects, beside the MailServer that it names."
    )
    evidence: Evidence | None = Field(None, description="What the plan's verification found.")
    awaits_approval: bool = Field(default=False, description="Apply will leave the account to the platform's decision.")

    @model_validator(mode="after")
    def _check_document(self) -> Self:
        """Refuse a document that is none, as somebody may have written it into a plan."""
        try:
            _ = self.metadata, self.settings  # both are kept for whoever asks next
        except (KeyError, ValidationError) as refusal:
            raise ValueError("the document says what no manifest can say") from refusal
        return self

    @cached_property
    def secret_routes(self) -> tuple[SecretRoute, ...]:
        """Every secret and where it would travel, with fingerprints where known."""
        return with_fingerprints(routes_of(self.settings.server, self.ca_digest), self.fingerprints)


class Part(Value):
    """Which part of a plan a file is, and what it was asked for: all parts are asked the same."""

    index: int = Field(description="Which part, from 1.")
    count: int = Field(description="Of how many.")
    depth: Depth = Field(description="How far it was to verify.")
    reads_all_secrets: bool = Field(description="Whether rotation was looked for in every secret.")


class ApplyInputs(Value):
    """What a saved plan holds beyond what it shows."""

    fingerprint_key_id: str | None = Field(None, description="The id of the key of the fingerprints.")
    accounts: dict[str, PreparedAccount] = Field(description="By the name of the change; deletes have none.")
    approvals: dict[str, str | None] = Field({}, description="Name to digest of the approval that the plan saw.")
    depth: Depth | None = Field(
        None, description="The depth that apply needs when it was told another one; null: the project's."
    )
    allow_deletes: int | None = Field(None, description="The --allow-deletes that the plan was made with.")
    targets: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="The selectors that the plan was limited to."
    )
    excludes: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="The selectors of what the plan leaves out."
    )
    holds_failing: bool = Field(default=False, description="The plan holds what fails, where it would block otherwise.")
    grants_used: Annotated[tuple[str, ...], Field(strict=False)] = Field((), description="Grants that routes needed.")
    platform_routes: Annotated[tuple[SecretRoute, ...], Field(strict=False)] = Field(
        (), description="Where the platform's own secrets travelled while marketing accounts were verified."
    )
    part: Part | None = Field(
        None, exclude_if=is_none, description="Which part of a plan this is; absent in a whole one."
    )


class SavedPlan(Plan):
    """A plan file: the plan, what apply needs, and a seal."""

    inputs: ApplyInputs = Field(description="What apply needs beside what is shown.")
    seal: str | None = Field(None, description="HMAC over the plan digest; null where no key was at hand.")

    @property
    def sealed_text(self) -> str:
        """What the seal is over."""
        return self.plan_digest

    @property
    def would_be_pending(self) -> tuple[str, ...]:
        """The accounts that apply would leave waiting for the platform's decision."""
        held = {change.name for change in self.changes if change.held}
        awaiting = (name for name, account in self.inputs.accounts.items() if account.awaits_approval)
        return tuple(name for name in awaiting if name not in held)
