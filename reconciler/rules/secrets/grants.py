"""The text that tells what was withheld, and the one block of grants that would allow all of it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.diagnostics import MOST_NAMES, Diagnostic, enumerated, error, warning
from reconciler.model.canonical import canonical_json
from reconciler.model.text.globs import is_glob
from reconciler.rules.secrets.routes import RouteRegister, grants_travel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from reconciler.model.project import Grant, Secrets
    from reconciler.model.secrets.routes import Route, SecretRoute
    from reconciler.rules.secrets.routes import Traveller


_MOST_LINES = 12
_MOST_GRANTS = 32
_SHOWN = 1
"""Of more routes or grants than these the first stands for all: a server that many accounts share has moved.

The block of grants is there to be pasted, so it is whole as long as a person can look through it.
"""


def withheld_problem(
    withheld: Mapping[str, tuple[SecretRoute, ...]],
    *,
    expired: tuple[str, ...] = (),
    not_compared: Mapping[str, str] = MappingProxyType({}),
    is_project_trusted: bool = True,
) -> Diagnostic | None:
    """Return one error for all withheld credentials with a block of grants to paste; None without any.

    ``expired`` names grants whose time is over, ``not_compared`` known secrets that a first use was not compared with,
    each with the reason. Where the project file is not trusted, grants would not help, and the
    error says what does.
    """
    if not withheld:
        return None
    if not is_project_trusted:
        return untrusted_project(withheld)
    lines = sorted({_grant_line(each) for refused in withheld.values() for each in refused})
    shown = lines if len(lines) <= _MOST_GRANTS else lines[:_SHOWN]
    detail = (
        "These secrets would travel routes that neither state nor a grant allows, so no login was tried with them:\n"
        + "".join(f"- {travel}\n" for travel in _travels(withheld))
        + _want_of_comparison(not_compared)
        + "A pull request could point a known secret at another server; that is why this asks. If the routes are "
        "right, have the owner of the project file add under secrets:\n"
        + "    grants:\n"
        + "\n".join(f"      - {line}" for line in shown)
    )
    if len(shown) < len(lines):
        detail += (
            f"\nand {len(lines) - len(shown)} more in the same way. One line grants many where its secret is a glob and its "
            "route has no username; let the glob cover no more than these."
        )
    if expired:
        detail += f"\nThese grants have expired and would have allowed some of it: {'; '.join(expired)}."
    subject = next(iter(withheld)) if len(withheld) == 1 else None
    return error("credentialWithheld", detail, subject=subject)


def _travels(withheld: Mapping[str, tuple[SecretRoute, ...]]) -> list[str]:
    """Return what would travel where, a line each; of many, a line for those that differ in user name and secret only."""
    travels = [(f"{name}: {each.secret}", each.route) for name in sorted(withheld) for each in withheld[name]]
    if len(travels) <= _MOST_LINES:
        return [f"{what} to {route}" for what, route in travels]
    alike: dict[str, list[str]] = {}
    for what, route in travels:
        alike.setdefault(str(route.model_copy(update={"username": None})), []).append(what)
    return [f"{enumerated(whats, most=_SHOWN)} to {where}" for where, whats in alike.items()]


def unread_reasons(secrets: Iterable[str], unreadable: Mapping[str, Diagnostic]) -> dict[str, str]:
    """Return why secrets could not be read, in one sentence each: the first of what is to be told of it."""
    return {
        secret: f"{unreadable[secret].detail.splitlines()[0].partition('. ')[0].removesuffix('.')}."
        if secret in unreadable
        else "It was not read."
        for secret in sorted(secrets)
    }


def _want_of_comparison(not_compared: Mapping[str, str]) -> str:
    """Return why a secret that state has never seen was not let go; nothing where each was compared."""
    if not not_compared:
        return ""
    shown = list(not_compared.items())[:MOST_NAMES]
    more = len(not_compared) - len(shown)
    return (
        "A value that state has never seen may be that of a secret that it knows, changed at its source since. So it "
        "goes anywhere only once it was compared with all secrets that state knows, and these could not be read:\n"
        + "".join(f"- {secret}: {reason}\n" for secret, reason in shown)
        + (f"- and {more} more\n" if more else "")
        + "Where all of them can be read, and hold something else, no grant is needed. "
    )


def untrusted_project(names: Iterable[str]) -> Diagnostic:
    """Return the error that in CI no secret is read by the word of a project file that a pull request may have changed."""
    listed = sorted(names)
    concerned = f" That concerns {enumerated(listed)}." if listed else ""
    detail = (
        "In CI, and where RECONCILER_TRUST_PROJECT=never is set, a project file in the checkout is not trusted with "
        "secrets: a pull request can change it, so what it allows and grants proves nothing. Without a .git around the "
        "project nothing tells where the checkout begins, and the highest folder around the project counts as it. So no "
        f"secret was read, and no login was tried.{concerned} Where pull requests are planned, take the project file from "
        "the protected branch, to a place outside the checkout:\n"
        '    git show origin/main:reconciler.yaml > "$RUNNER_TEMP/reconciler.yaml"\n'
        '    reconciler --project-file "$RUNNER_TEMP/reconciler.yaml" plan\n'
        "In a job that only the protected branch can start, and where that variable is not set, say so:\n"
        "    --trust-project"
    )
    return error("projectNotTrusted", detail)


def withheld_reason(refused: tuple[SecretRoute, ...], *, is_project_trusted: bool = True) -> str:
    """Return the sentence that stands in the check of an account whose credential was withheld."""
    travel = refused[0]
    if not is_project_trusted:
        return (
            f"{travel.secret} was not read: here a project file inside the checkout is not trusted with secrets. "
            "The plan tells the ways round."
        )
    return (
        f"{travel.secret} was not sent: {travel.route} is a route that neither state nor a grant allows for it. "
        "The error credentialWithheld lists the grants to add."
    )


def _grant_line(travel: SecretRoute) -> str:
    route = travel.route
    secret = canonical_json(travel.secret)
    is_plain = route.purpose == "smtp" and not (route.proxy or route.ca_digest) and route.encryption != "none"
    if is_plain and route.token is None:
        return f"{{secret: {secret}, servers: [{canonical_json(f'{route.host}:{route.port}')}]}}"
    # As with servers, one line covers all user names of a server.
    granted = route.model_copy(update={"username": None}) if is_plain else route
    return f"{{secret: {secret}, route: {_route_block(granted)}}}"


def _route_block(route: Route) -> str:
    values = route.model_dump(exclude_defaults=True)
    return "{" + ", ".join(f"{key}: {canonical_json(value)}" for key, value in values.items()) + "}"


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
