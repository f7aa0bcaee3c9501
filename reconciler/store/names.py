"""The names that accounts had before they were renamed, from the index of what each revision changed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.store.sql import Connection

_RENAMES = (
    "SELECT a.name, a.previous_name, a.revision, r.at FROM revised_accounts a"
    " JOIN revisions r ON r.project = a.project AND r.revision = a.revision"
    " WHERE a.project = :project AND a.previous_name IS NOT NULL"
)
_GIVEN_AWAY = "SELECT revision, name FROM revised_accounts WHERE project = :project AND previous_name = :name ORDER BY revision DESC"
_TAKEN_SINCE = (
    "SELECT revision FROM revised_accounts WHERE project = :project AND name = :name AND revision > :revision"
)
_TOUCHED = "SELECT revision, previous_name FROM revised_accounts WHERE project = :project AND name = :name"


def read_earlier_names(
    connection: Connection, project: str, accounts: Mapping[str, RecordedAccount]
) -> dict[str, tuple[str, ...]]:
    """Return, for each account that was renamed, its earlier names, the latest first.

    Only renames since the account was created count: before, the same name may have been another account's.
    """
    renames: dict[str, list[tuple[int, str, str]]] = {}
    for name, previous, revision, at in connection.execute(_RENAMES, {"project": project}):
        renames.setdefault(name, []).append((revision, previous, at))
    earlier_names: dict[str, tuple[str, ...]] = {}
    for name in accounts.keys() & renames.keys():
        names: list[str] = []
        current, last = name, accounts[name].revision + 1
        while earlier := [
            each for each in renames.get(current, ()) if each[0] < last and _is_since(each[2], accounts[name])
        ]:
            last, current, _ = max(earlier)
            names.append(current)
        if names:
            earlier_names[name] = tuple(names)
    return earlier_names


def _is_since(at: str, account: RecordedAccount) -> bool:
    """Tell whether a revision was applied since the account was created; False where its time cannot be read."""
    try:
        return datetime.fromisoformat(at) >= account.created_at
    except (ValueError, TypeError):
        return False


def names_of(connection: Connection, project: str, *, name: str) -> dict[str, int | None]:
    """Return the name and its earlier names, each with the revision that renamed it away; None for the name itself."""
    _, followed = follow_names(connection, project, name)
    return followed


def renamed_to(connection: Connection, project: str, *, name: str) -> str | None:
    """Return the name that an account was renamed to, as long as no later account took the old name; else None."""
    values = {"project": project, "name": name}
    last = connection.execute(_GIVEN_AWAY, values).fetchone()
    if last is None:
        return None
    since = connection.execute(_TAKEN_SINCE, {**values, "revision": last[0]}).fetchone()
    return None if since is not None else str(last[1])


def follow_names(connection: Connection, project: str, name: str) -> tuple[set[int], dict[str, int | None]]:
    """Follow a name back through renames.

    Returns the revisions that touched the account under any of its names, and those names, each with the revision
    that gave it away: only revisions up to that one are the account's. None: the name itself, which has no such
    bound.
    """
    touching: set[int] = set()
    followed: dict[str, int | None] = {}
    names: list[tuple[str, int | None]] = [(name, None)]
    while names:
        current, last = names.pop()
        if current in followed:
            bound = followed[current]
            # In a circle of renames a name comes again; it is followed once more only where that reaches later.
            if bound is None or (last is not None and last <= bound):
                continue
        followed[current] = last
        read = connection.execute(_TOUCHED, {"project": project, "name": current})
        rows = [row for row in read if last is None or row[0] <= last]
        touching.update(revision for revision, _ in rows)
        # In the revision that gave the name away another account may have taken it, as in a swap.
        before = [row for row in rows if row[1] is not None and (last is None or row[0] < last)]
        names.extend((previous, revision) for revision, previous in before)
    return touching, followed
