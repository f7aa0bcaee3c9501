"""A plan before verification: every change with what it needs, and what refuses the plan already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import kind_of

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.plan import Change, LiftedGuard
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.rules.plan.policy import Policy
    from reconciler.rules.verification.missing import Missing


@dataclass(frozen=True, kw_only=True)
class DraftChange:
    """One change, not verified yet."""

    change: Change
    before: RecordedAccount | None
    after: DesiredAccount | None
    fingerprints: dict[str, str]
    """Secret reference to fingerprint, as far as known."""
    settings_digest: str | None
    """Digest of the settings to verify; None where a fingerprint is missing."""
    needs_evidence: bool
    withheld: tuple[SecretRoute, ...] = ()
    missing: tuple[Missing, ...] = ()
    """What its verification needs and cannot have: it fails."""

    @property
    def sends_through_platform(self) -> bool:
        """Whether the account uses the platform's server and login."""
        return kind_of(self.change).sends_through_platform


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The changes, by name, the number of accounts that stay as they are, and all that was found."""

    policy: Policy
    recorded: RecordedState
    changes: tuple[DraftChange, ...]
    unchanged: int
    problems: tuple[Diagnostic, ...]
    lifted_guards: tuple[LiftedGuard, ...] = ()
    grants_used: tuple[str, ...] = ()
    platform_routes: tuple[SecretRoute, ...] = ()
    """Where the platform's own secrets travel for this plan; none where no marketing account needs evidence."""
    not_compared: frozenset[str] = frozenset()
    """References that state knows and whose values, not at hand, decide what is withheld."""

    @property
    def to_verify(self) -> tuple[DraftChange, ...]:
        """The changes that need evidence."""
        return tuple(change for change in self.changes if change.needs_evidence)
