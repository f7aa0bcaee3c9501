"""Care of the state: backup and restore, migration, and forgetting the routes of a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Diagnostic, error, warning
from reconciler.errors import InvalidInput
from reconciler.files import keep_out_of_git
from reconciler.model.globs import matches
from reconciler.model.references import normal_reference, spelling_problem
from reconciler.model.route import NOWHERE, SecretRoute
from reconciler.operations.spellings import absolute_spelling
from reconciler.planning.decisions import refuse_reason
from reconciler.secrets import STATE_FOLDER
from reconciler.store import MigrationOrder, RestoreOrder, back_up_state, migrate_state, restore_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from reconciler.model.recorded import Actor
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Copy, Migrated, Restored, Transaction
    from reconciler.store.rows import KnownRoute


def back_up(workspace: Workspace, target: Path, *, replaces: bool) -> tuple[Copy, list[Diagnostic]]:
    """Write a copy of the state and read it back; return it, and an error where its journal does not hold."""
    copy = back_up_state(
        workspace.trusted_state_url(),
        base=workspace.project_file.parent,
        project=workspace.project.metadata.name,
        target=target,
        replaces=replaces,
    )
    problems = [
        error("backupBroken", f"{target} was written, and its journal does not hold: {each}")
        for each in copy.journal.problems[:1]
    ]
    return copy, problems


@dataclass(frozen=True, kw_only=True)
class RestoreRequest:
    """Which backup to restore, and what may be lost."""

    source: Path
    actor: Actor
    replaces_foreign: bool = False
    goes_back: bool = False


def restore(workspace: Workspace, request: RestoreRequest) -> tuple[Restored, list[Diagnostic]]:
    """Put a backup in the place of what is recorded; return what came of it, and what to think of now."""
    _keep_copies_out_of_git(workspace)
    restored = restore_state(
        workspace.trusted_state_url(),
        base=workspace.project_file.parent,
        project=workspace.project.metadata.name,
        source=request.source,
        order=RestoreOrder(
            replaces_foreign=request.replaces_foreign,
            goes_back=request.goes_back,
            payload=_who(request.actor),
            at=workspace.now(),
        ),
    )
    return restored, [*_lost_redactions(restored), *_other_key(workspace, restored)]


def _keep_copies_out_of_git(workspace: Workspace) -> None:
    """Make the folder of copies where it is ours to make: beside a SQLite file, below the project for PostgreSQL."""
    state_file = workspace.state_file
    folder = state_file.parent if state_file is not None else workspace.project_file.parent / STATE_FOLDER
    if folder.name == STATE_FOLDER:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_out_of_git(folder)


def _lost_redactions(restored: Restored) -> Iterable[Diagnostic]:
    for name in restored.lost_redactions:
        detail = (
            f"Personal data of {name} had been erased, and the backup is older. Erase it again:\n"
            f"    reconciler journal redact {name}"
        )
        yield warning("redactionLost", detail, subject=name)


def _other_key(workspace: Workspace, restored: Restored) -> Iterable[Diagnostic]:
    if workspace.project.secrets.fingerprint_key is not None:
        return  # it may have to be read from somewhere; the next plan says so
    key = workspace.fingerprint_key(workspace.secret_reader())
    if restored.fingerprint_key_id is None or (key is not None and key.key_id == restored.fingerprint_key_id):
        return
    if workspace.state_file is None:
        yield from _unnamed_key(restored)
        return
    code = "fingerprintKeyMissing" if key is None else "fingerprintKeyChanged"
    detail = (
        f"The state that was restored was made with the fingerprint key {restored.fingerprint_key_id}, which is not "
        "beside it. Bring back the file fingerprint.key that belongs to the backup."
    )
    yield warning(code, detail)


def _unnamed_key(restored: Restored) -> Iterable[Diagnostic]:
    detail = (
        f"The state that was restored was made with the fingerprint key {restored.fingerprint_key_id}. Name a key in the "
        "project file:\n    secrets:\n      fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}\n"
        "If the state's own was a file beside a SQLite state, let the new one follow it:\n"
        "    reconciler state rekey --old-key-file .reconciler/fingerprint.key"
    )
    yield warning("fingerprintKeyMissing", detail)


def migrate(workspace: Workspace, actor: Actor) -> Migrated:
    """Bring the state to the format of this version, after a copy was kept beside it."""
    if workspace.state_file is None:
        _keep_copies_out_of_git(workspace)
    order = MigrationOrder(payload=_who(actor), at=workspace.now())
    return migrate_state(workspace.trusted_state_url(), base=workspace.project_file.parent, order=order)


@dataclass(frozen=True, kw_only=True)
class RevokeOrder:
    """Which secrets lose which routes, by whom and why."""

    secret: str
    """A glob over references."""
    server: str | None
    """``HOST:PORT``, for OAuth2 the token URL; None: every route."""
    actor: Actor
    reason: str | None = None
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Accounts to take as state has them although something else altered them, each with the reason."""


def revoke(workspace: Workspace, order: RevokeOrder) -> tuple[SecretRoute, ...]:
    """Forget recorded routes of secrets, and return them: each secret stays known and needs a grant to go there again.

    The same value under another reference is the same secret and loses the route too. Raises ``InvalidInput`` where
    nothing of that kind is recorded.
    """
    spelling = spelling_problem(order.secret)
    if spelling is not None:
        raise InvalidInput(error("badUsage", f"SECRET_GLOB is {order.secret}, which {spelling}.", subject=order.secret))
    absolute = absolute_spelling(order.secret, workspace.root)
    if absolute is not None:
        raise InvalidInput(error("badUsage", f"SECRET_GLOB {absolute}", subject=order.secret))
    if order.reason is not None and (problem := refuse_reason(order.reason)) is not None:
        raise InvalidInput(problem)
    with workspace.open_store() as store, store.write() as transaction:
        transaction.accept_altered(order.accepted)
        transaction.require_whole()
        forgotten = _forget(transaction, order)
        payload: dict[str, Any] = {
            **_who(order.actor),
            "reason": order.reason,
            "secret": order.secret,
            "server": order.server,
            "routes": len(forgotten),
            "forgotten": [f"{each.secret} to {_place(each)}" for each in forgotten],
        }
        transaction.append_journal("revoke", payload, at=workspace.now())
    return forgotten


def _forget(transaction: Transaction, order: RevokeOrder) -> tuple[SecretRoute, ...]:
    rows = [row for row in transaction.routes() if row.known.route != NOWHERE]
    concerned = [row for row in rows if matches(order.secret, normal_reference(row.known.secret))]
    values = {row.known.fingerprint for row in concerned if row.known.fingerprint is not None}
    same = [row for row in rows if row in concerned or row.known.fingerprint in values]
    gone = [row for row in same if order.server is None or _place(row.known) == order.server]
    gone += _logins_by_lost_tokens(same, gone)
    if not gone:
        at_server = f" to {order.server}" if order.server is not None else ""
        detail = f"No route{at_server} is recorded for a secret that {order.secret} selects. Nothing was changed."
        raise InvalidInput(error("selectorMatchesNothing", detail, subject=order.secret))
    transaction.forget_routes([row.digest for row in gone])
    for row in gone:
        nowhere = SecretRoute(secret=row.known.secret, fingerprint=row.known.fingerprint, route=NOWHERE)
        transaction.put_routes(row.account, [nowhere])
    unique = {(each.known.secret, each.known.route.key): each.known for each in gone}
    return tuple(unique[key] for key in sorted(unique))


def _logins_by_lost_tokens(rows: list[KnownRoute], gone: list[KnownRoute]) -> list[KnownRoute]:
    """Return the logins of secrets whose last exchange for a token goes, where an earlier version recorded them.

    It did not tell of a token; without an exchange beside it such a login would pass for that of a password.
    """
    lost, kept = (
        {row.known.secret for row in part if row.known.route.purpose == "oauth2"}
        for part in (gone, [row for row in rows if row not in gone])
    )
    return [
        row
        for row in rows
        if row.known.secret in lost - kept
        and row not in gone
        and row.known.route.purpose == "smtp"
        and row.known.route.token is None
    ]


def _place(known: SecretRoute) -> str:
    """Return the server of a route as ``--route`` names it."""
    route = known.route
    return route.host if route.purpose == "oauth2" else f"{route.host}:{route.port}"


def _who(actor: Actor) -> dict[str, Any]:
    return {"actor": actor.name, "actorSource": actor.source}
