"""The text that tells what was withheld, and the one block of grants that would allow all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.route import Route, SecretRoute


def withheld_problem(withheld: Mapping[str, tuple[SecretRoute, ...]]) -> Diagnostic | None:
    """Return one error for all withheld credentials with a block of grants to paste; None without any."""
    if not withheld:
        return None
    travels = [f"{name}: {each.secret} to {each.route}" for name in sorted(withheld) for each in withheld[name]]
    lines = sorted({_grant_line(each) for refused in withheld.values() for each in refused})
    detail = (
        "These secrets would travel routes that neither state nor a grant allows, so no login was tried with them:\n"
        + "".join(f"- {travel}\n" for travel in travels)
        + "A pull request could point a known secret at another server; that is why this asks. If the routes are "
        "right, have the owner of the project file add under secrets:\n"
        + "    grants:\n"
        + "\n".join(f"      - {line}" for line in lines)
    )
    subject = next(iter(withheld)) if len(withheld) == 1 else None
    return error("credentialWithheld", detail, subject=subject)


def withheld_reason(refused: tuple[SecretRoute, ...]) -> str:
    """Return the sentence that stands in the check of an account whose credential was withheld."""
    travel = refused[0]
    return (
        f"{travel.secret} was not sent: {travel.route} is a route that neither state nor a grant allows for it. "
        "The plan lists the grants to add."
    )


def _grant_line(travel: SecretRoute) -> str:
    route = travel.route
    secret = canonical_json(travel.secret)
    if route.purpose == "smtp" and route.proxy is None and route.ca_digest is None and route.encryption != "none":
        return f"{{secret: {secret}, servers: [{canonical_json(f'{route.host}:{route.port}')}]}}"
    return f"{{secret: {secret}, route: {_route_block(route)}}}"


def _route_block(route: Route) -> str:
    values = route.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return "{" + ", ".join(f"{key}: {canonical_json(value)}" for key, value in values.items()) + "}"
