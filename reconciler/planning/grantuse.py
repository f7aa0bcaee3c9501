"""Grants that nobody needs any more: each is a route that stays open after it has been revoked in state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, warning
from reconciler.model.globs import is_glob
from reconciler.planning.routes import RouteRegister, grants_travel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from reconciler.model.project import Grant, Secrets
    from reconciler.model.route import SecretRoute
    from reconciler.planning.routes import Traveller


def redundant_grants(
    travellers: Sequence[Traveller],
    recorded: Iterable[SecretRoute],
    *,
    secrets: Secrets,
    today: date,
    values: Mapping[str, str],
) -> list[Diagnostic]:
    """Return a warning for each grant that allows nothing of what ``travellers``, all accounts, need beyond state.

    ``values`` are fingerprints as read now, by reference. A grant over many secrets by a glob speaks of accounts to come, too; it is told only where it speaks of none.
    """
    if not secrets.grants:
        return []
    register = RouteRegister(recorded, values)
    return [
        warning("grantRedundant", f"{reason} Remove it from secrets.grants in the project file:\n    {_shown(grant)}")
        for grant in secrets.grants
        if (grant.expires is None or today <= grant.expires)
        and (reason := _reason(grant, travellers, register)) is not None
    ]


def _reason(grant: Grant, travellers: Sequence[Traveller], register: RouteRegister) -> str | None:
    covered = [
        travel
        for traveller in travellers
        for travel in traveller.routes
        if grants_travel(grant, travel, traveller.manifest)
    ]
    if not covered:
        return "A grant covers no secret on a route that an account has."
    if not is_glob(grant.secret) and all(register.has_compared(travel) for travel in covered):
        return "A grant allows only what state has recorded already."
    return None


def _shown(grant: Grant) -> str:
    if grant.route is not None:
        return f"{{secret: {grant.secret}, route: {{host: {grant.route.host}, …}}}}"
    return f"{{secret: {grant.secret}, servers: [{', '.join(grant.servers or ())}]}}"
