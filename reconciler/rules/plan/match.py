"""Which desired account is which recorded one: the same name, or a rename by ``previousName``.

A rename *claims* the account that is recorded under the previous name. Nothing else can be meant where the new name is
not recorded; then the name before is given up, and another rename or a new account may take it in the same plan. Where
the new name is recorded, the rename is over, unless that account goes elsewhere itself: as a link of a chain, or of a
circle of renames (a swap) that state does not remember as done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, enumerated, error, warning
from reconciler.rules.accounts.select import Selectable
from reconciler.rules.plan.guards import changed_kind, looks_renamed, name_still_taken, rename_taken
from reconciler.rules.plan.wording import worded_as_recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState


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


def match(desired: Sequence[DesiredAccount], recorded: RecordedState) -> Matching:
    """Pair desired with recorded accounts, worded as recorded where they say the same.

    A pair that a guard refuses is left in, and its refusal told.
    """
    wanted = {account.name: account for account in desired}
    claims = _claims(wanted, recorded)
    given_up = frozenset(claims.values())
    refusals: dict[str, Diagnostic] = _unrecorded_circles(wanted, recorded)
    remarks: list[Diagnostic] = []
    over: list[DesiredAccount] = []
    pairs: list[Pair] = []
    for name in sorted(wanted):
        account, previous = wanted[name], wanted[name].previous_name
        before = recorded.accounts.get(claims.get(name, name)) if name in claims or name not in given_up else None
        if before is not None and before.kind != account.kind:
            refusals[name] = changed_kind(before.name, before.kind, account.kind)
        if name not in claims and previous in recorded.accounts:
            if previous in wanted or previous in recorded.earlier_names.get(name, ()):
                over.append(account)
            else:
                refusals[name] = rename_taken(previous, name)
        elif before is None and previous is not None and name not in refusals:
            remarks.append(_nothing_to_rename(account))
        pairs.append(Pair(before, account if before is None else worded_as_recorded(account, before)))
    taken = {pair.before.name for pair in pairs if pair.before is not None}
    pairs.extend(Pair(recorded.accounts[name], None) for name in recorded.accounts.keys() - taken)
    pairs.sort(key=lambda pair: pair.name)
    return Matching(tuple(pairs), refusals, (*remarks, *([_over(over)] if over else [])))


def _claims(wanted: Mapping[str, DesiredAccount], recorded: RecordedState) -> dict[str, str]:
    """Return the recorded name of each account that is renamed, by its new name."""
    asked = {
        name: account.previous_name
        for name, account in wanted.items()
        if account.previous_name is not None and account.previous_name in recorded.accounts
    }
    claims: dict[str, str] = {}
    for name in sorted(asked.keys() - recorded.accounts.keys()):
        claims |= _chain(name, asked, wanted, recorded)
    for name in sorted(asked.keys() - claims.keys()):
        circle = _circle(name, asked)
        if circle and not any(_is_remembered(each, asked[each], recorded) for each in circle):
            claims |= {each: asked[each] for each in circle}
    return claims


def _chain(
    name: str, asked: Mapping[str, str], wanted: Mapping[str, DesiredAccount], recorded: RecordedState
) -> Iterator[tuple[str, str]]:
    """Yield a rename, and each that takes the name which the one before gives up."""
    while name in asked:
        yield name, asked[name]
        name = asked[name]
        if name in asked and asked[name] in wanted and _is_remembered(name, asked[name], recorded):
            return  # what stands there is left over from a rename that was applied, and both names are in use


def _circle(name: str, asked: Mapping[str, str]) -> tuple[str, ...]:
    """Return the renames that come back to where they began; nothing where they do not."""
    passed = [name]
    while (following := asked.get(passed[-1])) is not None and following not in passed:
        passed.append(following)
    return tuple(passed) if following == name else ()


def _unrecorded_circles(wanted: Mapping[str, DesiredAccount], recorded: RecordedState) -> dict[str, Diagnostic]:
    """Return a refusal for each account of a circle that is not recorded: once it were, the next plan would turn it."""
    asked = {name: each.previous_name for name, each in wanted.items() if each.previous_name is not None}
    refusals: dict[str, Diagnostic] = {}
    for name in sorted(asked):
        circle = () if name in refusals else _circle(name, asked)
        if circle and recorded.accounts.keys().isdisjoint(circle):
            detail = (
                f"{enumerated(sorted(circle))} give each other's names as previousName, and none of them is recorded, so "
                "there is nothing to rename; once they were, the next plan would. Remove previousName from them."
            )
            found = error("previousNameUnknown", detail, subject=name, location=wanted[name].location)
            refusals |= dict.fromkeys(circle, found)
    return refusals


def _is_remembered(name: str, previous: str, recorded: RecordedState) -> bool:
    return previous in recorded.earlier_names.get(name, ())


def refused_names(selected: Sequence[Pair], recorded: RecordedState) -> list[Diagnostic]:
    """Return a refusal for each selected account whose new name is not given up by another selected one."""
    given_up = {each.before.name for each in selected if each.before is not None and each.before.name != each.name}
    given_up |= {each.before.name for each in selected if each.before is not None and each.after is None}
    return [
        name_still_taken(each.name)
        for each in selected
        if each.name in recorded.accounts
        and (each.before is None or each.before.name != each.name)
        and each.name not in given_up
    ]


def unmarked_renames(selected: Sequence[Pair], recorded: RecordedState) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Return refusals, and warnings, for what looks like a rename and does not say so.

    A deletion and a new account under a name that the deleted one had before are a rename taken back, as ``git revert``
    does it; as two they would lose approval, suspension and history. Where only the content is the same, nobody knows.
    """
    new = {each.name: each.after for each in selected if each.before is None and each.after is not None}
    refusals: list[Diagnostic] = []
    warnings: list[Diagnostic] = []
    for gone in [each.before for each in selected if each.after is None and each.before is not None]:
        alike = [name for name in sorted(new) if new[name].kind == gone.kind]
        back = [name for name in recorded.earlier_names.get(gone.name, ()) if name in alike]
        same = [name for name in alike if worded_as_recorded(new[name], gone).canonical == gone.canonical]
        if back:
            refusals.append(looks_renamed(gone.name, new[back[0]], is_remembered=True))
        elif same:
            warnings.append(looks_renamed(gone.name, new[same[0]], is_remembered=False))
        for name in (back or same)[:1]:
            del new[name]
    return refusals, warnings


def _nothing_to_rename(account: DesiredAccount) -> Diagnostic:
    return warning(
        "previousNameUnknown",
        f"No account is recorded as {account.previous_name}, so {account.name} is created. "
        "Remove previousName, or correct it.",
        subject=account.name,
        location=account.location,
    )


def _over(accounts: Sequence[DesiredAccount]) -> Diagnostic:
    """Return one warning for all renames that are over, whose previous names other accounts have by now."""
    told = [f"{each.name} (previousName: {each.previous_name})" for each in accounts]
    return warning(
        "previousNameOver",
        f"Both names are recorded, so nothing is renamed: {enumerated(told)}. Remove previousName there.",
        subject=accounts[0].name if len(accounts) == 1 else None,
        location=accounts[0].location,
    )
