"""The text that tells what was withheld, and the one block of grants that would allow all of it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.diagnostics import MOST_NAMES, Diagnostic, enumerated, error, warning
from reconciler.model.text.globs import is_glob
from reconciler.rules.secrets.granted import grants_travel
from reconciler.rules.secrets.routes import RouteRegister

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from reconciler.model.granted import Grant
    from reconciler.model.grants import Secrets
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.rules.secrets.causes import Cause, CauseExplainer
    from reconciler.rules.secrets.routes import HasRoutes


_MOST_LINES = 12
_SHOWN = 1
"""Of more routes than these the first stands for all: a server that many accounts share has moved."""


def withheld_problem(
    withheld: Mapping[str, tuple[SecretRoute, ...]],
    *,
    explanation: CauseExplainer | None = None,
    expired: tuple[str, ...] = (),
    not_compared: Mapping[str, str] = MappingProxyType({}),
    is_project_trusted: bool = True,
    known: Iterable[str] = (),
    holder: str = "secrets",
) -> Diagnostic | None:
    """Return one error for all withheld credentials: each cause once, with its routes and the two ways on; None without any.

    Where the project file is not trusted, grants would not help, and the error says what does.

    No line of the grants covers a reference of ``known`` that is not withheld for its route. ``expired`` names grants
    whose time is over. ``not_compared`` has the secrets that a first use could not be compared with, each with the
    reason. ``holder`` is the path in the project file below which grants are written.

    >>> from reconciler.model.secrets.routes import Route, SecretRoute
    >>> travel = SecretRoute(secret="env:SMTP_A", route=Route(host="smtp.example.org", port=465, encryption="tls"))
    >>> withheld_problem({"sales": (travel,)}).detail.splitlines()[-1].strip()
    '- {secret: "env:SMTP_A", servers: ["smtp.example.org:465"]}'
    >>> withheld_problem({}), withheld_problem({"sales": (travel,)}, is_project_trusted=False).code
    (None, 'projectNotTrusted')
    """
    if not withheld:
        return None
    if not is_project_trusted:
        return untrusted_project(withheld)
    from reconciler.rules.secrets.causes import CAUSES, NOTHING_KNOWN

    causes = explanation or NOTHING_KNOWN
    found: dict[Cause, dict[str, list[SecretRoute]]] = {cause: {} for cause in CAUSES}
    for name, refused in withheld.items():
        for each in refused:
            found[causes.of(each)].setdefault(name, []).append(each)
    found = {cause: by_name for cause, by_name in found.items() if by_name}
    told = (
        "".join(f"{cause.why}\n{_routes_told(by_name)}" for cause, by_name in found.items())
        + _want_of_comparison(not_compared)
        + "A pull request could point a known secret at another server; that is why this asks. "
        + "".join(f"{cause.instead} " for cause in found)
        + "If the routes are right, "
    )
    return _with_grants(told, withheld, expired=expired, known=known, holder=holder)


def undelivered_problem(
    withheld: Mapping[str, tuple[SecretRoute, ...]],
    *,
    expired: tuple[str, ...] = (),
    known: Iterable[str] = (),
    holder: str = "secrets",
) -> Diagnostic | None:
    """Return one error for all secrets that may not be written to consumers, with a block of grants; None without any.

    >>> from reconciler.model.secrets.routes import Delivery, SecretRoute, route_to
    >>> travel = SecretRoute(secret="env:SMTP_A", route=route_to(Delivery(name="mailhost", path="/etc/mail.env")))
    >>> undelivered_problem({"sales": (travel,)}).detail.splitlines()[-1].strip()
    '- {secret: "env:SMTP_A", consumer: {"name":"mailhost","path":"/etc/mail.env"}}'
    """
    if not withheld:
        return None
    told = (
        "These secrets would be written to consumers to which neither state nor a grant lets them go, so they are not "
        f"written there:\n{_routes_told(withheld)}A pull request could add an account to a consumer by a label; that is why "
        "this asks for each secret, consumer, path and command. If it is right, "
    )
    return _with_grants(told, withheld, expired=expired, known=known, holder=holder)


def _with_grants(
    told: str,
    withheld: Mapping[str, tuple[SecretRoute, ...]],
    *,
    expired: tuple[str, ...],
    known: Iterable[str],
    holder: str,
) -> Diagnostic:
    """Return the error for withheld secrets, with the block of grants that would allow them all."""
    from reconciler.rules.secrets.grantblock import grant_lines

    travels = [each for refused in withheld.values() for each in refused]
    lines = grant_lines(travels, {*known, *(each.secret for each in travels)})
    block = "\n".join(f"      - {line}" for line in lines)
    detail = f"{told}have the owner of the project file add under {holder}:\n    grants:\n{block}"
    if any(is_glob(line.partition(",")[0]) for line in lines):
        detail += "\nA line with * covers no other secret known by now, later ones that fit, and any user name."
    if expired:
        detail += f"\nThese grants have expired and would have allowed some of it: {'; '.join(expired)}."
    subject = next(iter(withheld)) if len(withheld) == 1 else None
    return error("credentialWithheld", detail, subject=subject)


def _routes_told(withheld: Mapping[str, Sequence[SecretRoute]]) -> str:
    """Return a line for each secret and where it would travel; many that differ only in user name and secret share a line."""
    travels = [(f"{name}: {each.secret}", each.route) for name in sorted(withheld) for each in withheld[name]]
    if len(travels) <= _MOST_LINES:
        lines = [f"{what} to {route}" for what, route in travels]
    else:
        alike: dict[str, list[str]] = {}
        for what, route in travels:
            alike.setdefault(str(route.model_copy(update={"username": None})), []).append(what)
        lines = [f"{enumerated(whats, most=_SHOWN)} to {where}" for where, whats in alike.items()]
    return "".join(f"- {line}\n" for line in lines)


def unread_reasons(secrets: Iterable[str], unreadable: Mapping[str, Diagnostic]) -> dict[str, str]:
    """Return for each secret why it could not be read: the first sentence of its problem.

    >>> unread_reasons(["env:A", "env:B"], {"env:A": error("secretMissing", "A is not set. Set it.")})
    {'env:A': 'A is not set.', 'env:B': 'It was not read.'}
    """
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
    """Return the error that in CI no secret is read by the word of a project file that a pull request may have changed.

    >>> untrusted_project(["sales"]).code
    'projectNotTrusted'
    """
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
    """Return the sentence that stands in the check of an account whose credential was withheld.

    >>> from reconciler.model.secrets.routes import Route, SecretRoute
    >>> travel = SecretRoute(secret="env:SMTP_A", route=Route(host="smtp.example.org", port=465, encryption="tls"))
    >>> withheld_reason((travel,)).partition(". ")[0]
    'env:SMTP_A was not sent: smtp.example.org:465, tls is a route that neither state nor a grant allows for it'
    >>> withheld_reason((travel,), is_project_trusted=False).partition(". ")[0]
    'env:SMTP_A was not read: here a project file inside the checkout is not trusted with secrets'
    """
    travel = refused[0]
    if not is_project_trusted:
        return (
            f"{travel.secret} was not read: here a project file inside the checkout is not trusted with secrets. "
            "The plan tells the ways round."
        )
    return (
        f"{travel.secret} was not {'sent' if travel.route.proof is None else 'used'}: {travel.route} is a route that neither state nor a grant allows for it. "
        "The error credentialWithheld lists the grants to add."
    )


def redundant_grants(
    accounts: Sequence[HasRoutes],
    recorded: Iterable[SecretRoute],
    *,
    secrets: Secrets,
    today: date,
    values: Mapping[str, str],
) -> list[Diagnostic]:
    """Return a warning for each grant that no account needs: ``accounts`` are all that are declared.

    A grant for many secrets by a glob is meant for accounts to come, too, so it is told only where it covers nothing at
    all. ``values`` are fingerprints as read now, by reference.
    """
    register = RouteRegister(recorded, values)
    return [
        warning(
            "grantRedundant",
            f"{reason} Remove it from {secrets.holder_of('grants')}.grants in the project file:\n    {_shown(grant)}",
        )
        for grant in secrets.grants
        if grant.consumer is None  # an account's routes are those to servers
        and (grant.expires is None or today <= grant.expires)
        and (reason := _reason(grant, accounts, register)) is not None
    ]


def _reason(grant: Grant, accounts: Sequence[HasRoutes], register: RouteRegister) -> str | None:
    covered = [
        travel for account in accounts for travel in account.routes if grants_travel(grant, travel, account.manifest)
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
