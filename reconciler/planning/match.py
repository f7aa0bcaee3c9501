"""Which desired account is which recorded one: the same name, or a rename by ``previousName``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, warning
from reconciler.planning.guards import changed_kind, rename_still_desired, rename_taken
from reconciler.planning.select import Selectable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.desired import DesiredAccount
    from reconciler.model.recorded import RecordedAccount


@dataclass(frozen=True, slots=True)
class Pair:
    """One account on both sides; ``before`` is None for a new one, ``after`` for one that is to go."""

    before: RecordedAccount | None
    after: DesiredAccount | None

    @property
    def name(self) -> str:
        """The name that the change goes by: the desired one, for a deletion the recorded one."""
        if self.after is not None:
            return self.after.name
        assert self.before is not None  # noqa: S101 - a pair has at least one side
        return self.before.name

    @property
    def selectable(self) -> Selectable:
        """What selectors look at: both names and both sets of labels."""
        sides = [side for side in (self.after, self.before) if side is not None]
        return Selectable(
            names=tuple(side.name for side in sides),
            labels=tuple(side.metadata.get("labels", {}) for side in sides),
        )


@dataclass(frozen=True, slots=True)
class Matching:
    """All accounts of both sides paired, by name, with what does not fit together by account."""

    pairs: tuple[Pair, ...]
    refusals: Mapping[str, Diagnostic]
    remarks: tuple[Diagnostic, ...]


def match(desired: Sequence[DesiredAccount], recorded: Mapping[str, RecordedAccount]) -> Matching:
    """Pair desired with recorded accounts; a pair that a guard refuses is left in and its refusal told."""
    wanted = {account.name: account for account in desired}
    refusals: dict[str, Diagnostic] = {}
    remarks: list[Diagnostic] = []
    pairs: list[Pair] = []
    for name in sorted(wanted):
        account = wanted[name]
        before = _counterpart(account, wanted, recorded, refusals)
        if before is not None and before.kind != account.kind:
            refusals.setdefault(name, changed_kind(before.name, before.kind, account.kind))
        if before is None and account.previous_name is not None and name not in refusals:
            remarks.append(_nothing_to_rename(account))
        pairs.append(Pair(before, account))
    taken = {pair.before.name for pair in pairs if pair.before is not None}
    pairs.extend(Pair(recorded[name], None) for name in recorded.keys() - taken)
    pairs.sort(key=lambda pair: pair.name)
    return Matching(tuple(pairs), refusals, tuple(remarks))


def _counterpart(
    account: DesiredAccount,
    wanted: Mapping[str, DesiredAccount],
    recorded: Mapping[str, RecordedAccount],
    refusals: dict[str, Diagnostic],
) -> RecordedAccount | None:
    """Return the recorded account that this one is; note a refusal where a rename does not fit."""
    previous = account.previous_name
    same = recorded.get(account.name)
    if previous is None or previous not in recorded:
        return same
    if previous in wanted:
        refusals[account.name] = rename_still_desired(previous, account.name)
        return same
    if same is not None:
        refusals[account.name] = rename_taken(previous, account.name)
        return same
    return recorded[previous]


def _nothing_to_rename(account: DesiredAccount) -> Diagnostic:
    return warning(
        "previousNameUnknown",
        f"No account is recorded as {account.previous_name}, so {account.name} is created. "
        "Remove previousName, or correct it.",
        subject=account.name,
        location=account.location,
    )
