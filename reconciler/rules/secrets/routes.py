"""Where secrets may travel: the rule that a pull request cannot steal a credential.

The premise: whoever can edit a manifest could point a known secret at a server of their own and wait for the plan to
log in. So a secret travels only a route that state has recorded for it, or that the project file grants.

A *journey* is all that one account would have one secret do: one route, or for OAuth2 the token endpoint and the
login with the token that it gives. A secret is *known* by its reference or by its value's fingerprint: the one that was
recorded, and the one that its reference has now, because a value may have been rotated at its source and not been
applied yet, or not been read when its route was recorded. So before a secret that state has never seen is let go, it is
compared with what every known reference holds now; what is not compared is not let go.

Such a secret may make one journey in a plan, unless ``secrets.firstUse`` is ``grant``. For that first journey
several user names at one and the same destination count as one: a password that eighty mailboxes of one server share
goes to that server only, whoever logs in. Once recorded, a user name is part of the route like everything else.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.secrets.references import normal_reference
from reconciler.model.secrets.routes import ordered_scope
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.model.text.globs import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from reconciler.model.project import Grant, GrantedRoute, GrantedToken, Secrets
    from reconciler.model.secrets.routes import Route, SecretRoute, TokenOrigin

_GRANTED_PORTS = frozenset({465, 587, 2525})


@dataclass(frozen=True, slots=True)
class Traveller:
    """An account of the plan with the secrets it would send and where to."""

    name: str
    manifest: str
    routes: tuple[SecretRoute, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may not travel, by account, and the grants that were needed for what may."""

    withheld: Mapping[str, tuple[SecretRoute, ...]]
    grants_used: tuple[str, ...]
    expired: tuple[str, ...] = ()
    """Grants that would have allowed something withheld, had they not expired, in words."""
    not_compared: frozenset[str] = frozenset()
    """References whose value now is not at hand, and for want of which something is withheld."""


class RouteRegister:
    """The routes that state knows, by reference and by value: the value recorded, and the value now."""

    def __init__(self, recorded: Iterable[SecretRoute], values: Mapping[str, str] | None = None) -> None:
        """Sort the routes that state has recorded; ``values`` are fingerprints as read now, by reference."""
        self._routes: dict[str, set[str]] = defaultdict(set)
        self._destinations: dict[str, set[str]] = defaultdict(set)
        self._compared: set[tuple[str, str]] = set()
        self._recorded_as: dict[str, set[str]] = defaultdict(set)
        self._held_by: dict[str, set[str]] = defaultdict(set)
        references = set()
        for each in recorded:
            secret = normal_reference(each.secret)
            references.add(secret)
            self._routes[secret].add(each.route.key)
            self._destinations[secret].add(_destination(each.route))
            if each.fingerprint:
                self._routes[each.fingerprint].add(each.route.key)
                self._recorded_as[each.fingerprint].add(secret)
                self._compared.add((secret, each.route.key))
        self.references = frozenset(references)
        """All references that state knows, in normal form."""
        for secret, fingerprint in (values or {}).items():
            if normal_reference(secret) in references:
                self._held_by[fingerprint].add(normal_reference(secret))

    def knows(self, travel: SecretRoute) -> bool:
        """Tell whether state has seen the secret, under this reference or any other."""
        known = travel.fingerprint in self._recorded_as or travel.fingerprint in self._held_by
        return known or travel.secret in self.references

    def keeps(self, travel: SecretRoute) -> bool:
        """Tell whether the secret is known and this is none of its routes."""
        return self.knows(travel) and not self.allows(travel)

    def allows(self, travel: SecretRoute) -> bool:
        """Tell whether state has recorded the route for this reference, or for one that has this value now or had it.

        Not where the reference has come to give another's value, as a file does that has become a link to another. And
        a route that was recorded without its secret's value having been read, as an offline apply does, counts only
        while the value does not turn out to be one that state knows under another reference, or that
        another reference holds which does not go there.
        """
        key, fingerprint = travel.route.key, travel.fingerprint or ""
        if self.has_compared(travel):
            return not self._is_anothers(travel)
        holders = self._held_by.get(fingerprint, set())
        return any(
            key in self._routes.get(secret, ())
            and not self._recorded_as.get(fingerprint, set()) - {secret}
            and all(key in self._routes[other] for other in holders)
            for secret in self._stand_ins(travel)
        )

    def has_compared(self, travel: SecretRoute) -> bool:
        """Tell whether state has recorded the route with the secret's value read, whatever the value was then."""
        key = travel.route.key
        return key in self._routes.get(travel.fingerprint or "", ()) or any(
            (secret, key) in self._compared for secret in self._stand_ins(travel)
        )

    def _is_anothers(self, travel: SecretRoute) -> bool:
        """Tell whether the value is one that another reference was recorded with, or has now, which does not go there.

        It goes there if the value was recorded for the route, or the other reference for the server, under any user
        name. Where both references once had one value, on these routes, they are rotated together. Variables are left
        out: a pull request brings files and links, and cannot exchange what the process was given.
        """
        fingerprint = travel.fingerprint
        is_variable = travel.secret.startswith("env:")
        if fingerprint is None or is_variable or travel.route.key in self._routes.get(fingerprint, ()):
            return False
        others = self._recorded_as.get(fingerprint, set()) | self._held_by.get(fingerprint, set())
        together = {
            secret
            for value, secrets in self._recorded_as.items()
            if travel.secret in secrets and travel.route.key in self._routes[value]
            for secret in secrets
        }
        destination = _destination(travel.route)
        return any(destination not in self._destinations[other] for other in others - together)

    def _stand_ins(self, travel: SecretRoute) -> set[str]:
        """Return the reference, and those known ones that hold the same value now."""
        return {travel.secret} | self._held_by.get(travel.fingerprint or "", set())


def judge_routes(
    travellers: Sequence[Traveller],
    recorded: Iterable[SecretRoute],
    *,
    secrets: Secrets,
    today: date,
    values: Mapping[str, str] | None,
    reserved: Iterable[SecretRoute] = (),
) -> Verdict:
    """Return which secrets of which accounts are withheld, whatever the order of the accounts.

    ``values`` are fingerprints of what references hold now; those of all that state knows are needed before a secret
    whose value was read is let go for the first time, also where its route was recorded unread. None: nothing is read here, and nothing is sent by this verdict.

    ``reserved`` are the routes that the project file itself declares. Their secrets have no first use elsewhere, also
    where state has never seen them: a manifest could otherwise borrow the platform's credential before its first use.
    """
    register, declared = RouteRegister(recorded, values), RouteRegister(reserved, values)
    unread = (register.references | declared.references) - values.keys() if values is not None else frozenset()
    crowded = _crowded_secrets(travellers)
    withheld: dict[str, tuple[SecretRoute, ...]] = {}
    grants: set[str] = set()
    expired: set[str] = set()
    not_compared: set[str] = set()
    for traveller in travellers:
        refused = []
        for travel in traveller.routes:
            others = frozenset() if register.has_compared(travel) else _others(travel, unread)
            is_allowed = register.allows(travel)
            if is_allowed and not others:
                continue
            granting = [each for each in secrets.grants if grants_travel(each, travel, traveller.manifest)]
            grant = next((each for each in granting if _holds(each, today)), None)
            if grant is not None:
                grants.add(f"{grant.secret} to {travel.route.host}:{travel.route.port}")
                continue
            if is_allowed or not (
                register.knows(travel) or declared.keeps(travel) or _is_barred(travel, crowded, secrets)
            ):
                if not others:
                    continue
                not_compared |= others
            refused.append(travel)
            expired |= {f"{each.secret} until {each.expires}" for each in granting}
        if refused:
            withheld[traveller.name] = tuple(refused)
    return Verdict(
        withheld,
        tuple(sorted(grants)),
        tuple(sorted(expired)),
        not_compared=frozenset(not_compared),
    )


def _others(travel: SecretRoute, unread: frozenset[str]) -> frozenset[str]:
    """Return the references of ``unread`` that a secret is to be compared with: none where its own value was not read.

    It is not sent then, so there is nothing to compare.
    """
    return unread - {travel.secret} if travel.fingerprint is not None else frozenset()


def _is_barred(travel: SecretRoute, crowded: frozenset[str], secrets: Secrets) -> bool:
    """Tell whether a secret that nobody knows may not travel, whatever it is."""
    return secrets.first_use == "grant" or _identity(travel) in crowded


def every_route(travellers: Iterable[Traveller]) -> dict[str, tuple[SecretRoute, ...]]:
    """Return all that would travel, by account: what is withheld where the project file itself is not trusted."""
    return {traveller.name: traveller.routes for traveller in travellers if traveller.routes}


def _identity(travel: SecretRoute) -> str:
    return travel.fingerprint or travel.secret


def _crowded_secrets(travellers: Sequence[Traveller]) -> frozenset[str]:
    """Return the secrets that would make more than one journey; of new ones it cannot be told which is right.

    Known ones are counted too. Their value may be one that state has not seen, once it was rotated or where it was not
    read when it was recorded; under another reference it would else pass for a new secret.
    """
    journeys: dict[str, set[frozenset[str]]] = defaultdict(set)
    for traveller in travellers:
        legs: dict[str, list[Route]] = defaultdict(list)
        for travel in traveller.routes:
            legs[_identity(travel)].append(travel.route)
        for identity, routes in legs.items():
            journeys[identity].update(_journeys(routes))
    return frozenset(identity for identity, taken in journeys.items() if len(taken) > 1)


def _journeys(routes: Sequence[Route]) -> set[frozenset[str]]:
    """Return one journey for a token endpoint with the login that inherits its token, else one for each route."""
    if any(route.purpose == "oauth2" for route in routes) and all(route.purpose != "proxy" for route in routes):
        return {frozenset(_destination(route) for route in routes)}
    return {frozenset({_destination(route)}) for route in routes}


def _destination(route: Route) -> str:
    return route.model_copy(update={"username": None}).key


def grants_travel(grant: Grant, travel: SecretRoute, manifest: str) -> bool:
    """Tell whether a grant speaks of this secret on this route, named by this manifest, whether or not it has expired."""
    return (
        matches(grant.secret, travel.secret)
        and (grant.manifests is None or matches(grant.manifests, manifest))
        and _covers(grant, travel.route)
    )


def _holds(grant: Grant, today: date) -> bool:
    return grant.expires is None or today <= grant.expires


def _covers(grant: Grant, route: Route) -> bool:
    if grant.route is not None:
        return _is_route(grant.route, route)
    is_plain = route.purpose == "smtp" and not (route.proxy or route.ca_digest or route.token)
    if not is_plain or route.encryption == "none":
        return False
    return any(_is_server(server, route) for server in grant.servers or ())


def _is_server(granted: str, route: Route) -> bool:
    if _is_host(granted, route.host):
        return route.port in _GRANTED_PORTS
    host, _, port = granted.rpartition(":")
    return port == str(route.port) and _is_host(host, route.host)


def _is_host(granted: str, host: str) -> bool:
    """Tell whether a grant's host is the route's, however its letters are written; a token URL only as it stands."""
    if granted == host:
        return True
    try:
        return host_to_ascii(granted) == host
    except NotADomain:
        return False


def _is_route(granted: GrantedRoute, route: Route) -> bool:
    return (
        _is_host(granted.host, route.host)
        and granted.port == route.port
        and granted.encryption == route.encryption
        and granted.username in {None, route.username}
        and (granted.ca_digest == route.ca_digest)
        and (granted.proxy == route.proxy)
        and (granted.purpose == route.purpose)
        and ordered_scope(granted.scope) == route.scope
        and _is_token(granted.token, route.token)
    )


def _is_token(granted: GrantedToken | None, token: TokenOrigin | None) -> bool:
    if granted is None or token is None:
        return granted is None and token is None
    return (
        granted.url == token.url
        and granted.client_id in {None, token.client_id}
        and ordered_scope(granted.scope) == token.scope
        and granted.grant_type == token.grant_type
    )
