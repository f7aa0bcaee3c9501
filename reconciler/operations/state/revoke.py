"""`state revoke`: a secret loses routes."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.model.journal.payloads import RevokePayload, who
from reconciler.model.secrets.routes import NOWHERE, SecretRoute
from reconciler.model.secrets.spelling import normal_reference, spelling_problem
from reconciler.model.text.globs import matches
from reconciler.operations.spellings import absolute_spelling
from reconciler.operations.state.backup import _logins_by_lost_tokens
from reconciler.rules.accounts.decisions import refuse_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.journal.entries import Actor
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Transaction


class RevokeOrder(FrozenByName):
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
        payload = RevokePayload(
            **who(order.actor),
            reason=order.reason,
            secret=order.secret,
            server=order.server,
            routes=len(forgotten),
            forgotten=tuple(f"{each.secret} to {_place(each)}" for each in forgotten),
        )
        transaction.append_journal("revoke", payload.document(), at=workspace.now())
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
    # Without any route a secret would pass for one that state has never seen, and have a first use again.
    for row in gone:
        nowhere = SecretRoute(secret=row.known.secret, fingerprint=row.known.fingerprint, route=NOWHERE)
        transaction.put_routes(row.account, [nowhere])
    unique = {(each.known.secret, each.known.route.key): each.known for each in gone}
    return tuple(unique[key] for key in sorted(unique))


def _place(known: SecretRoute) -> str:
    """Return the server of a route as ``--route`` names it."""
    route = known.route
    return route.host if route.purpose == "oauth2" else f"{route.host}:{route.port}"
