"""What a plan is asked for, and what of that decides whether a kept plan answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import SavedPlan
    from reconciler.model.review import Review
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.secrets import Ask
    from reconciler.rules.plan.shards import ReadPart, Shard


class PlanRequest(FrozenByName):
    """What a plan is asked for."""

    depth: Depth
    """How far to verify."""
    apply_depth: Depth | None = None
    """The depth that apply is to need; None: the project's."""
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    allow_deletes: int | None = None
    holds_failing: bool = False
    skips: frozenset[str] = frozenset()
    """Accounts that are not verified, because apply will override their verification."""
    accepts_altered: frozenset[str] = frozenset()
    """Accounts that apply will take as state has them, whatever the journal recorded of them."""
    reads_all_secrets: bool = False
    """Look for rotation also where each secret costs a command."""
    is_applied_at_once: bool = False
    """Nobody is asked before the plan is applied: where a guard refuses it, nobody is contacted for it."""
    ask: Ask | None = None
    """Asks a person for the secrets that the changes need and that cannot be read here."""
    shard: Shard | None = None
    """The part of the plan whose accounts are verified; None: all are."""
    parts: Mapping[str, ReadPart] | None = None
    """Sealed parts by the names of their files, whose evidence is taken in the place of any verification."""
    reviewed: SavedPlan | Review | None = None
    """The plan that people have reviewed, or what they were shown of it, where it is applied at once only as far as they have."""
    is_kept: bool = True
    """The plan is saved, applied or read by programs; one that is only looked at gets neither digests nor seal."""

    @property
    def kept_as(self) -> Asked | None:
        """Under what a plan for this is kept that changes nothing; None where accounts are chosen or ways round taken, which is rare."""
        if self.shard is not None or self.parts is not None or self.reviewed is not None:
            return None
        if self.targets or self.excludes or self.skips or self.accepts_altered:
            return None
        rest = f"{self.apply_depth} {self.allow_deletes} {self.holds_failing} {self.is_applied_at_once}"
        return Asked(depth=self.depth, rest=rest, reads_all_secrets=self.reads_all_secrets)


class Asked(FrozenByName):
    """What a plan was asked for, as far as a plan that changes nothing depends on it."""

    depth: str
    rest: str
    """All the rest, as text."""
    reads_all_secrets: bool
