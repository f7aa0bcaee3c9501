"""``consumers list`` and ``show``: what state says of each consumer. Nothing is read there, and no command is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.consumers.command import CommandTarget
from reconciler.diagnostics import error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.operations.consumers.observe import candidates_of, wanted_of
from reconciler.operations.consumers.places import open_targets
from reconciler.operations.manifests import read_platform
from reconciler.rules.consumers.senders import selected

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.consumers.target import Target
    from reconciler.model.consumers.publication import Publication
    from reconciler.model.consumers.sender import Candidate
    from reconciler.operations.workspace import Workspace


class AccountAt(FrozenByName):
    """One account at one consumer."""

    account: str
    is_wanted: bool
    """The consumer is to have it."""
    is_published: bool
    """It was given what it is to have, or nothing where it is to have nothing."""
    since: datetime | None
    """When it was given what it has."""
    reason: str | None
    """Why it is not to have it, or has not been given it."""
    attempts: int = 0


class ConsumerState(FrozenByName):
    """One consumer as state knows it."""

    name: str
    type: str
    place: str
    secrets: str
    accounts: tuple[AccountAt, ...]
    problem: str | None = None
    """Why nothing can be published to it."""

    @property
    def waiting(self) -> int:
        """How many accounts it was not brought to."""
        return sum(not each.is_published for each in self.accounts)


def view_consumers(workspace: Workspace, name: str | None = None) -> tuple[ConsumerState, ...]:
    """Return every consumer of the project file, or the one of a name; raise ``InvalidInput`` for an unknown one."""
    declared = workspace.project.consumers
    if name is not None and name not in declared:
        detail = (
            f"The project file declares no consumer called {name}.{did_you_mean(name, declared)} See\n"
            "    reconciler consumers list"
        )
        raise InvalidInput(error("unknownConsumer", detail, subject=name))
    with workspace.open_store() as store:
        recorded, rows = store.read_state(), store.publications()
    platform, _ = read_platform(workspace)
    candidates = candidates_of(recorded, platform, workspace)
    targets = open_targets(workspace)
    shown = []
    for each in sorted(declared) if name is None else [name]:
        problem = targets.problems.get(each)
        target = targets.usable.get(each)
        place = target.place if target is not None else declared[each].path or ""
        own = {row.account: row.at(place) for row in rows if row.consumer == each}
        shown.append(
            ConsumerState(
                name=each,
                type=declared[each].format or declared[each].type,
                place=place,
                secrets=declared[each].secrets,
                accounts=_accounts(target, candidates, own, workspace) if target is not None else (),
                problem=problem.detail if problem is not None else None,
            )
        )
    return tuple(shown)


def _accounts(
    target: Target, candidates: dict[str, Candidate], rows: dict[str, Publication], workspace: Workspace
) -> tuple[AccountAt, ...]:
    names = sorted({*selected(target.consumer, candidates), *rows})
    digests: dict[str, str | None] = {}
    reasons: dict[str, str] = {}
    if isinstance(target, CommandTarget):  # what it can carry is not asked here: what was noted last counts
        digests = {name: row.wanted for name, row in rows.items() if row.wanted is not None}
    else:
        wanted = wanted_of(target, candidates, workspace)
        digests = dict(wanted.digests)
        reasons = {each.account: f"limit {each.limit}: {each.reason}" for each in reversed(wanted.refused)}
    return tuple(
        _account(name, candidates.get(name), rows.get(name), digests.get(name), reasons.get(name)) for name in names
    )


def _account(
    name: str, candidate: Candidate | None, row: Publication | None, digest: str | None, refused: str | None
) -> AccountAt:
    published = row.published if row is not None else None
    # Without a row nothing was ever written there: right for an account that is to be there no more, or not at all.
    is_published = refused is None and (digest is None if row is None else row.is_known_to_have(digest))
    reason = refused or (row.last_error if row is not None else None)
    if reason is None and digest is None:
        reason = "no account of this name is recorded" if candidate is None else f"the account is {candidate.status}"
    if reason is None and not is_published:
        reason = "not published yet"
    return AccountAt(
        account=name,
        is_wanted=digest is not None,
        is_published=is_published,
        since=row.since if row is not None and published is not None else None,
        reason=reason,
        attempts=row.attempts if row is not None else 0,
    )
