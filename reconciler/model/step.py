"""Step: one account on its way from what is desired and recorded to what is recorded next, with all that is learned of it.

``rules.plan.match`` makes it; the diff adds what changes, the judge what may not travel, verification its evidence,
settlement what it is recorded with. Each returns a new step with more in it, and asks the step itself what was recorded
before. Verification without a plan, and sending, go through the same judge and the same servers with ``Keep``.
"""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from reconciler.classes import FrozenByName
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.plan import Change
from reconciler.model.secrets.routes import with_fingerprints
from reconciler.model.verification.evidence import UNCHANGED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedVerification
    from reconciler.model.plan import Action, Cause, FieldChange
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence, Verification
    from reconciler.model.verification.missing import Missing


class _Wanted(FrozenByName):
    """An account that is to be, with what is known of it so far."""

    after: DesiredAccount
    """The account as it is to be; where nothing changes, as it is."""
    manifest: str = ""
    """The file that vouches for the account, which rules for some manifests are asked about; empty: nothing does."""
    platform: PlatformServer | None = None
    """The platform's server, where the account sends through it and the project file declares one."""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Of the account's own secrets by reference, as far as known: as read, or as recorded for the same reference."""
    settings_digest: str | None = None
    """Digest of the settings to verify; None where the fingerprint of a secret is missing."""
    needs_evidence: bool = False
    """Nothing that is recorded vouches for these settings."""
    depth: Depth = "message"
    """How far to verify."""
    missing: tuple[Missing, ...] = ()
    """What its verification needs and cannot have: it fails."""
    withheld: tuple[SecretRoute, ...] = ()
    """The routes that its verification needs and that its secrets, or the platform's, may not take."""
    evidence: Evidence | None = None
    """What verification found of these settings."""
    outcome: RecordedVerification | None = None
    """What is recorded of its verification; None: what is recorded stays."""
    awaits_approval: bool = False
    """Once it is recorded, the account waits for the platform's decision."""

    @property
    def name(self) -> str:
        """The account's name; of a rename the new one."""
        return self.after.name

    @property
    def names(self) -> frozenset[str]:
        """The names that are touched: of a rename both."""
        return frozenset({self.name})

    @property
    def kind(self) -> Kind:
        """The account's kind."""
        return self.after.kind

    @property
    def sends_through_platform(self) -> bool:
        """Whether the account uses the platform's server and login."""
        return kind_of(self.after).sends_through_platform

    @cached_property
    def routes(self) -> tuple[SecretRoute, ...]:
        """The account's own secrets and where they travel."""
        return with_fingerprints(self.after.secret_routes, self.fingerprints)

    @property
    def routes_needed(self) -> tuple[SecretRoute, ...]:
        """All routes that its verification needs: a marketing account logs in as the platform."""
        return (*self.after.secret_routes, *(self.platform.secret_routes if self.platform is not None else ()))


class _Changed(FrozenByName):
    """What is shown of a change."""

    fields: tuple[FieldChange, ...] = ()
    """The fields that change, by path."""
    verification: Verification = UNCHANGED
    held: bool = False
    """Left out of the plan because its verification failed, or another's that keeps its name."""


class Create(_Wanted, _Changed):
    """An account that is not recorded."""

    action: ClassVar[Action] = "create"
    cause: ClassVar[Cause] = "manifest"
    before: ClassVar[None] = None

    @cached_property
    def change(self) -> Change:
        """The change as plans show it."""
        return _change(self)


class Update(_Wanted, _Changed):
    """An account that is recorded under its name, and is to be otherwise."""

    action: ClassVar[Action] = "update"
    before: RecordedAccount
    cause: Cause = "manifest"
    """A change of the manifest, or of a secret's value alone."""

    @cached_property
    def change(self) -> Change:
        """The change as plans show it."""
        return _change(self)


class Rename(Update):
    """An account that is recorded under another name, which it gives up."""

    action: ClassVar[Action] = "rename"

    @property
    def names(self) -> frozenset[str]:
        """Both its names."""
        return frozenset({self.name, self.before.name})


class Delete(_Changed):
    """A recorded account that nobody declares any more. It is not verified, and its secrets travel nowhere."""

    action: ClassVar[Action] = "delete"
    cause: ClassVar[Cause] = "manifest"
    before: RecordedAccount
    after: ClassVar[None] = None
    needs_evidence: ClassVar[Literal[False]] = False
    missing: ClassVar[tuple[Missing, ...]] = ()
    withheld: ClassVar[tuple[SecretRoute, ...]] = ()

    @property
    def name(self) -> str:
        """The account's name."""
        return self.before.name

    @property
    def names(self) -> frozenset[str]:
        """That name."""
        return frozenset({self.name})

    @property
    def kind(self) -> Kind:
        """The account's kind."""
        return self.before.kind

    @cached_property
    def change(self) -> Change:
        """The change as plans show it."""
        return _change(self)


def _change(step: Create | Update | Delete) -> Change:
    before, after = step.before, step.after
    return Change.of_fields(  # of what was looked at before
        action=step.action,
        kind=step.kind,
        name=step.name,
        previous_name=before.name if before is not None and step.action == "rename" else None,
        cause=step.cause,
        server=after.server if after is not None else None,
        base_revision=before.revision if before is not None else None,
        fields=step.fields,
        verification=step.verification,
        held=step.held,
    )


class Keep(_Wanted):
    """An account without a change: it stays as it is, or is verified or sent through as it stands."""

    before: RecordedAccount | None = None
    """None where the manifests alone were asked."""


class PlatformStep(FrozenByName):
    """The platform's server, as the judge sees it beside the accounts: its own secrets travel, and nothing changes."""

    server: PlatformServer
    fingerprints: Mapping[str, str]
    name: ClassVar[str] = PLATFORM
    manifest: ClassVar[str] = ""

    @property
    def routes(self) -> tuple[SecretRoute, ...]:
        """The platform's own secrets and where they travel."""
        return self.server.routes(self.fingerprints)


Wanted = Create | Update | Keep
"""A step of an account that is to be."""
Changed = Create | Update | Delete
"""A step that changes what is recorded."""
Step = Create | Update | Delete | Keep
"""Any step; ``Rename`` is an ``Update`` under another name."""
