"""Which desired account is which recorded one: the same name, or a rename by ``previousName``.

A rename *claims* the account that is recorded under the previous name. Nothing else can be meant where the new name is
not recorded; then the name before is given up, and another rename or a new account may take it in the same plan. Where
the new name is recorded, the rename is over, unless that account goes elsewhere itself: as a link of a chain, or of a
circle of renames (a swap) that state does not remember as done.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reconciler.characters import composed
from reconciler.classes import Frozen
from reconciler.diagnostics import Diagnostic, enumerated, error, warning
from reconciler.model.step import Create, Delete, Rename, Update
from reconciler.rules.plan.guards import changed_kind, looks_renamed, name_still_taken, rename_taken

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.plan import Change
    from reconciler.model.step import Changed, Step
    from reconciler.rules.accounts.select import Sides


class Matching(Frozen):
    """A step for every account of both sides, by name, with what does not fit together by account."""

    steps: tuple[Changed, ...]
    """Each as if it changed; what differs nobody has looked at yet."""
    refusals: Mapping[str, Diagnostic]
    remarks: tuple[Diagnostic, ...]


def sides(step: Step) -> Sides:
    """Return what selectors look at: the account as it will be and as it was.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> [each.name for each in sides(Create(after=DesiredAccount(kind="OwnAccount", name="sales", document={})))]
    ['sales']
    """
    return [side for side in (step.after, step.before) if side is not None]


def match(desired: Sequence[DesiredAccount], recorded: RecordedState) -> Matching:
    """Return a step for each account, with desired ones worded as recorded where they say the same.

    One that a guard refuses is left in, and its refusal told.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.accounts.recorded import RecordedState
    >>> state = RecordedState(project="mail", lineage="1", serial=0, accounts={})
    >>> new = DesiredAccount(kind="OwnAccount", name="eu", document={}, previous_name="sales")
    >>> found = match([new], state)
    >>> [each.action for each in found.steps], [each.code for each in found.remarks]
    (['create'], ['previousNameUnknown'])
    """
    wanted = {account.name: account for account in desired}
    claims = _claims(wanted, recorded)
    given_up = frozenset(claims.values())
    refusals: dict[str, Diagnostic] = _unrecorded_circles(wanted, recorded)
    remarks: list[Diagnostic] = []
    over: list[DesiredAccount] = []
    steps: list[Changed] = []
    for name in sorted(wanted):
        account, previous = wanted[name], wanted[name].previous_name
        # What another account claims by its previous name is that one's past, even where this one has the name now.
        before = recorded.accounts.get(claims.get(name, name)) if name in claims or name not in given_up else None
        if before is not None and before.kind != account.kind:
            refusals[name] = changed_kind(before.name, before.kind, account.kind)
        if name not in claims and previous in recorded.accounts:
            # It could not be claimed: the rename was applied before, or somebody else took the name since.
            if previous in wanted or previous in recorded.earlier_names.get(name, ()):
                over.append(account)
            else:
                refusals[name] = rename_taken(previous, name)
        elif before is None and previous is not None and name not in refusals:
            remarks.append(_nothing_to_rename(account))
        steps.append(_step(before, account))
    taken = {step.before.name for step in steps if step.before is not None}
    steps.extend(Delete(before=recorded.accounts[name]) for name in recorded.accounts.keys() - taken)
    steps.sort(key=lambda step: step.name)
    return Matching(tuple(steps), refusals, (*remarks, *([_over(over)] if over else [])))


def _step(before: RecordedAccount | None, account: DesiredAccount) -> Create | Update:
    if before is None:
        return Create(after=account, manifest=account.file)
    from reconciler.rules.accounts.wording import worded_as_recorded

    made = Update if before.name == account.name else Rename
    return made(before=before, after=worded_as_recorded(account, before), manifest=account.file)


def _claims(wanted: Mapping[str, DesiredAccount], recorded: RecordedState) -> dict[str, str]:
    """Return the recorded name of each account that is renamed, by its new name."""
    asked = {
        name: account.previous_name
        for name, account in wanted.items()
        if account.previous_name is not None and account.previous_name in recorded.accounts
    }
    claims: dict[str, str] = {}
    for name in asked.keys() - recorded.accounts.keys():
        claims |= _chain(name, asked, wanted, recorded)
    for name in asked.keys() - claims.keys():
        circle = _circle(name, asked)
        if circle and not any(_is_done(wanted[each], asked[each], recorded) for each in circle):
            claims |= {each: asked[each] for each in circle}
    return claims


def _chain(
    name: str, asked: Mapping[str, str], wanted: Mapping[str, DesiredAccount], recorded: RecordedState
) -> Iterator[tuple[str, str]]:
    """Yield a rename, and each that takes the name which the one before gives up."""
    left = dict(asked)  # each rename is met once, so that what comes round to itself ends too
    while name in left:
        yield name, left[name]
        name = left.pop(name)
        if name in asked and asked[name] in wanted and _is_done(wanted[name], asked[name], recorded):
            return  # what stands there is left over from a rename that was applied, and both names are in use


def _circle(name: str, asked: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the renames that come back to where they began; nothing where they do not."""
    passed = [name]
    while (following := asked.get(passed[-1])) is not None and following not in passed:
        passed.append(following)
    return tuple(passed) if following == name else ()


def _unrecorded_circles(wanted: Mapping[str, DesiredAccount], recorded: RecordedState) -> dict[str, Diagnostic]:
    """Return a refusal for each account of a circle that is not recorded: once it were, the next plan would turn it."""
    asked = {name: each.previous_name for name, each in wanted.items()}
    refusals: dict[str, Diagnostic] = {}
    for name in sorted(asked):
        circle = () if name in refusals else _circle(name, asked)
        if circle and recorded.accounts.keys().isdisjoint(circle):
            detail = (
                f"{enumerated(sorted(circle))} give each other's names as previousName, and none of them is recorded, so "
                "there is nothing to rename; once they were, the next plan would. Remove previousName from them."
            )
            found = error(
                "previousNameUnknown", detail, subject=name, location=wanted[name].place_of("metadata", "previousName")
            )
            refusals |= dict.fromkeys(circle, found)
    return refusals


def _is_done(account: DesiredAccount, previous: str, recorded: RecordedState) -> bool:
    """Tell whether state remembers the rename as applied.

    Not where the kinds tell that the account is the one recorded under the previous name: no account changes its kind,
    so the names are passed on once more, as where a swap is taken straight back.
    """
    before = recorded.accounts[account.name]
    if before.kind != account.kind == recorded.accounts[previous].kind:
        return False
    return previous in recorded.earlier_names.get(account.name, ())


def refused_names(selected: Sequence[Step], recorded: RecordedState) -> list[Diagnostic]:
    """Return a refusal for each selected account whose new name is not given up by another selected one.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> state = RecordedState(project="mail", lineage="1", serial=3, accounts={"eu": eu})
    >>> new = Create(after=DesiredAccount(kind="OwnAccount", name="eu", document={}))
    >>> [each.code for each in refused_names([new], state)], refused_names([new, Delete(before=eu)], state)
    (['nameStillTaken'], [])
    """
    given_up = {each.before.name for each in selected if isinstance(each, Rename | Delete)}
    return [
        name_still_taken(each.name)
        for each in selected
        if isinstance(each, Create | Rename) and each.name in recorded.accounts and each.name not in given_up
    ]


def unmarked_renames(selected: Sequence[Step], recorded: RecordedState) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Return refusals, and warnings, for what looks like a rename and does not say so.

    A deletion and a new account under a name that the deleted one had before are a rename taken back, as ``git revert``
    does it; as two they would lose approval, suspension and history. Where only the content is the same, nobody knows.
    """
    new = {each.name: each.after for each in selected if isinstance(each, Create)}
    deleted = [each.before for each in selected if isinstance(each, Delete)]
    if not new or not deleted:
        return [], []
    from reconciler.rules.accounts.wording import worded_as_recorded

    by_address: dict[str, list[str]] = defaultdict(list)  # each of thousands is compared with few
    for name, account in new.items():
        by_address[composed(account.settings.email)].append(name)
    remembered: list[tuple[str, DesiredAccount]] = []
    alike: list[tuple[str, DesiredAccount]] = []
    for gone in deleted:
        back = [
            name for name in recorded.earlier_names.get(gone.name, ()) if name in new and new[name].kind == gone.kind
        ]
        same = [
            name
            for name in by_address[composed(gone.settings.email)]
            if name in new
            and new[name].kind == gone.kind
            and worded_as_recorded(new[name], gone).canonical == gone.canonical
        ]
        # Each that comes is the other half of one that goes: it is taken out, so that no second deletion claims it.
        if back:
            remembered.append((gone.name, new.pop(back[0])))
        elif same:
            alike.append((gone.name, new.pop(same[0])))
    return looks_renamed(remembered, is_remembered=True), looks_renamed(alike, is_remembered=False)


def _nothing_to_rename(account: DesiredAccount) -> Diagnostic:
    return warning(
        "previousNameUnknown",
        f"No account is recorded as {account.previous_name}, so {account.name} is created. "
        "Remove previousName, or correct it.",
        subject=account.name,
        location=account.place_of("metadata", "previousName"),
    )


def _over(accounts: Sequence[DesiredAccount]) -> Diagnostic:
    """Return one warning for all renames that are over, whose previous names other accounts have by now."""
    told = [f"{each.name} (previousName: {each.previous_name})" for each in accounts]
    return warning(
        "previousNameOver",
        f"Both names are recorded, so nothing is renamed: {enumerated(told)}. Remove previousName there.",
        subject=accounts[0].name if len(accounts) == 1 else None,
        location=accounts[0].place_of("metadata", "previousName"),
    )


def held_with(changes: Iterable[Change], held: Collection[str]) -> dict[str, str]:
    """Return the changes that have to be held too, by name, each with the held change that keeps its name.

    Where nothing is held, ``changes`` is not looked at, and so need not be made.

    >>> from reconciler.model.plan import Change
    >>> give = Change(action="rename", kind="OwnAccount", name="office", previous_name="sales")
    >>> take = Change(action="create", kind="OwnAccount", name="sales")
    >>> held_with([give, take], {"office"}), held_with([give, take], {"sales"})
    ({'sales': 'office'}, {})
    """
    if not held:
        return {}
    all_changes = tuple(changes)
    takers: dict[str | None, Change] = {
        change.takes: change for change in all_changes if change.takes is not None and change.name not in held
    }
    keepers = [change for change in all_changes if change.name in held]
    found: dict[str, str] = {}
    for keeper in keepers:  # more while it goes on: each taker is met once, so a ring of renames comes to an end too
        taker = takers.pop(keeper.gives_up, None)
        if taker is not None:
            found[taker.name] = keeper.name
            keepers.append(taker)
    return found


def why_held_with(name: str, keeper: str) -> str:
    """Return why a change is held because another one is.

    >>> why_held_with("news", "sales")
    'news is left out too: it takes a name that sales gives up, and that change is held.'
    """
    return f"{name} is left out too: it takes a name that {keeper} gives up, and that change is held."
