"""An apply of very many accounts in short, as people are told it. Pure.

The premise: nobody reads 100,000 names. Changes that are alike are one group, of which the first ranges of names are told, and the
rest are counted. The short form is kept in the payload of the journal beside the whole, so that history need not read that; it
holds nothing that a redaction erases, so one that needs such values is not made. What it is must never change: ``journal
check`` makes it anew from the whole and compares. Another rule is another ``VERSION``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.model.canonical import canonical_json
from reconciler.model.journal.abridged import Abridged, Alike, Groups, Names
from reconciler.model.journal.keys import ABRIDGED, ACCEPTED_ALTERED
from reconciler.model.text.ranges import first_ranges_of
from reconciler.rules.journal.erasure import ERASED, is_personal

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from reconciler.model.canonical import JsonObject, JsonView

VERSION = 1
LEAST_CHANGES = 501
"""So many changes are told in short; of fewer the whole is read in no time."""
_MOST_GROUPS = 50
_MOST_EACH = 4
"""More accounts that are alike are one group; fewer stand alone."""
MOST_NAMES = 40
_WHO = ("actor", "actorSource")
_WHOLE = ("depth", "holdsFailing", "isDirty", "liftedGuards", "reviewed", "trustsProject")
_OF_REVISION = ("revision", "actor", "actorSource")
_LISTS = ("excludes", "grantsUsed", "held", "targets")
_NOT_IN_SHORT = ("accounts", "name", "overrides", "reason", ACCEPTED_ALTERED)
"""Where one of these is told, reasons are, which can be erased."""
PARTS = frozenset({ABRIDGED, "revision", *_WHO, *_WHOLE, *_LISTS, *_NOT_IN_SHORT, "approvals", "secretsNotCompared"})
"""All of a payload that the short form is made of, beside the changes of the revision, and itself."""
_BARE = frozenset({"create", "delete"})
"""Actions of which no fields are told."""


class Grouping:
    """Accounts one after the other, put together where they are alike; names of the first groups alone are held."""

    def __init__(self) -> None:
        """Begin without any."""
        self._groups: dict[Hashable, tuple[Any, list[str]]] = {}
        self._more = 0

    def add(self, name: str, value: Any, *, likeness: Hashable) -> None:
        """Add an account with what is told of it."""
        if self.has_added(name, likeness):
            return
        if len(self._groups) < _MOST_GROUPS:
            self._groups[likeness] = (value, [name])
        else:
            self._more += 1

    def has_added(self, name: str, likeness: Hashable) -> bool:
        """Add an account where there are some that are alike; tell whether there are."""
        found = self._groups.get(likeness)
        if found is None:
            return False
        found[1].append(name)
        return True

    @property
    def values(self) -> Iterator[Any]:
        """What is told of the first groups."""
        return (value for value, _ in self._groups.values())

    def groups(self) -> Groups:
        """Return the groups: more than a few accounts that are alike as one, others alone."""
        told = [
            (value, each)
            for value, names in self._groups.values()
            for each in ([names] if len(names) > _MOST_EACH else [[name] for name in names])
        ]
        return Groups(
            first=tuple(
                Alike(value=value, count=len(names), names=_names(names)) for value, names in told[:_MOST_GROUPS]
            ),
            more=self._more + sum(len(names) for _, names in told[_MOST_GROUPS:]),
        )


class ChangeGrouping(Grouping):
    """The changes of a revision, put together where all that is told of them but their names is the same."""

    def add_change(self, change: JsonView) -> None:
        """Add a change."""
        is_bare = change["action"] in _BARE
        fields = () if is_bare else change.get("fields", ())
        previous = change.get("previousName")
        likeness = (change["action"], change["kind"], previous, "" if is_bare else canonical_json(fields))
        if self.has_added(change["name"], likeness):
            return
        value = {"action": change["action"], "kind": change["kind"]}
        value |= {"previousName": previous} if previous is not None else {}
        value |= {"fields": list(fields)} if fields else {}
        self.add(change["name"], value, likeness=likeness)


def grouped_changes(changes: Iterable[JsonView]) -> Groups:
    """Return the changes of a revision as groups that are alike.

    >>> changes = [{"action": "create", "kind": "OwnAccount", "name": f"desk-{number}"} for number in range(1, 6)]
    >>> [(each.count, each.names.runs, each.value) for each in grouped_changes(changes).first]
    [(5, (('desk-1', 'desk-5'),), {'action': 'create', 'kind': 'OwnAccount'})]
    """
    grouping = ChangeGrouping()
    for change in changes:
        grouping.add_change(change)
    return grouping.groups()


def grouped_accounts(told: Iterable[tuple[str, Any]], likeness: Callable[[Any], Hashable]) -> Groups:
    """Return accounts, each with what is told of it, as groups that are alike, by name."""
    grouping = Grouping()
    for name, value in sorted(told, key=lambda each: each[0]):
        grouping.add(name, value, likeness=likeness(value))
    return grouping.groups()


def secrets_by_account(told: JsonView) -> Groups:
    """Return accounts whose secrets were not compared, each with their references, as groups."""
    grouping = Grouping()
    for name in sorted(told):  # and not what is told of each: that would be held as long as it is sorted
        if each := told[name]:
            grouping.add(name, list(each), likeness=", ".join(each))
    return grouping.groups()


def approvals_by_account(told: JsonView) -> Groups:
    """Return accounts whose approval changed, each with the decision before and after, as groups."""
    sides = ((name, {side: _decision(change, side) for side in ("before", "after")}) for name, change in told.items())
    return grouped_accounts(sides, lambda change: (change["before"], change["after"]))


def _decision(change: JsonView, side: str) -> str | None:
    decision = (change.get(side) or {}).get("decision")
    return decision if isinstance(decision, str) else None


_BY_ACCOUNT: dict[str, Callable[[JsonView], Groups]] = {
    "approvals": approvals_by_account,
    "secretsNotCompared": secrets_by_account,
}


def _names(names: list[str]) -> Names:
    if len(names) == 1:
        return Names(runs=((names[0],),), more=0)
    runs, more = first_ranges_of(names, MOST_NAMES)
    return Names(runs=tuple((run[0], run[-1]) if len(run) > 1 else (run[0],) for run in runs), more=more)


def with_abridged(payload: JsonObject) -> JsonObject:
    """Return a payload with its short form, where it is of very many accounts and nothing told of it can be erased."""
    whole = {key: part for key, part in payload.items() if key != ABRIDGED}
    revision = payload.get("revision")
    changes = revision.get("changes") if isinstance(revision, dict) else None
    if not isinstance(changes, list) or len(changes) < LEAST_CHANGES:
        return whole
    grouping = ChangeGrouping()
    for change in changes:
        grouping.add_change(change)
    short = abridged(whole, grouping)
    return whole if short is None else {ABRIDGED: short, **whole}


def abridged(payload: JsonView, changes: ChangeGrouping) -> JsonObject | None:
    """Return the short form of a payload, whose changes have been grouped; None where it would hold what can be erased."""
    if any(payload.get(key) for key in _NOT_IN_SHORT) or any(map(_has_personal_data, changes.values)):
        return None
    revision = payload["revision"]
    who = {"revision": {key: revision[key] for key in _OF_REVISION if key in revision}}
    who |= {key: payload[key] for key in _WHO if key in payload}
    lists = {key: payload[key] for key in _LISTS if key in payload}
    told = {key: payload[key] for key in _WHOLE if key in payload} | {key: lists[key][:MOST_NAMES] for key in lists}
    short = Abridged(
        version=VERSION,
        changes=changes.groups(),
        accounts={key: grouped(payload[key]) for key, grouped in _BY_ACCOUNT.items() if payload.get(key)},
        told=told | who,
        more={key: len(each) - MOST_NAMES for key, each in lists.items() if len(each) > MOST_NAMES},
    )
    document = short.model_dump(mode="json")
    # An actor stays whatever is erased.
    return None if _may_be_erased([document["accounts"], told]) else document


def is_abridged(payload: JsonView, changes: ChangeGrouping) -> bool:
    """Tell whether a payload's short form is what the rule makes of the whole; one of another version nobody reads."""
    found = payload[ABRIDGED]
    if read_abridged(found) is None:
        return True
    try:
        return bool(found == abridged(payload, changes))
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def _has_personal_data(change: JsonView) -> bool:
    fields = change.get("fields", ())
    return any(is_personal(field["path"]) for field in fields) or _may_be_erased(list(fields))


def _may_be_erased(told: Any) -> bool:
    """Tell whether an address stands in something, which an erasure looks for everywhere, or something was erased."""
    text = canonical_json(told)
    return "@" in text or ERASED in text


def read_abridged(value: object) -> Abridged | None:
    """Return a short form; None where it is none of this version, so that the whole has to be read.

    >>> read_abridged({"version": 2}) is None
    True
    """
    try:
        short = Abridged.model_validate(value, by_alias=True, by_name=False)
    except ValidationError:
        return None
    return short if short.version == VERSION else None
