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
from typing import TYPE_CHECKING, Protocol

from reconciler.classes import dataclass
from reconciler.model.secrets.spelling import normal_reference
from reconciler.rules.secrets.granted import grants_travel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from reconciler.model.grants import Secrets
    from reconciler.model.secrets.routes import Route, SecretRoute


class HasRoutes(Protocol):
    """An account, or the platform's server, with the secrets it would send and where to."""

    @property
    def name(self) -> str:
        """Whose secrets they are."""
        ...

    @property
    def manifest(self) -> str:
        """The file that vouches for it; empty where nothing does."""
        ...

    @property
    def routes(self) -> tuple[SecretRoute, ...]:
        """Every secret and each of its routes, with fingerprints where known."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may not travel, by account, and the grants that were needed for what may."""

    withheld: Mapping[str, tuple[SecretRoute, ...]]
    grants_used: tuple[str, ...]
    expired: tuple[str, ...] = ()
    """Grants that would have allowed something withheld, had they not expired, in words."""
    not_compared: frozenset[str] = frozenset()
    """References whose value now is not at hand, and for want of which something is withheld."""
    to_compare: frozenset[str] = frozenset()
    """These, and those to be compared as far as they can be read before a recorded reference's new value is let go."""


class RouteRegister:
    """The routes that state knows, by reference and by value: the value recorded, and the value now."""

    def __init__(self, recorded: Iterable[SecretRoute], values: Mapping[str, str] | None = None) -> None:
        """Sort the routes that state has recorded; ``values`` are fingerprints as read now, by reference."""
        # By reference and by value; a value that was not read has none.
        self._routes: dict[str | None, set[str]] = defaultdict(set)
        self._destinations: dict[str, set[str]] = defaultdict(set)
        self._compared: set[tuple[str, str]] = set()
        self._recorded_as: dict[str | None, set[str]] = defaultdict(set)
        self._held_by: dict[str | None, set[str]] = defaultdict(set)
        references = set()
        for each in recorded:
            secret = normal_reference(each.secret)
            references.add(secret)
            self._routes[secret].add(each.route.key)
            self._destinations[secret].add(each.route.destination)
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
        return bool(self._holders(travel.fingerprint)) or travel.secret in self.references

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
        if self.has_compared(travel):
            return not self._is_anothers(travel)
        key, fingerprint = travel.route.key, travel.fingerprint
        holders = self._held_by.get(fingerprint, set())
        return any(
            key in self._routes[secret]
            and not self._recorded_as.get(fingerprint, set()) - {secret}
            and all(key in self._routes[other] for other in holders)
            for secret in self._stand_ins(travel)
        )

    def has_compared(self, travel: SecretRoute) -> bool:
        """Tell whether state has recorded the route with the secret's value read, whatever the value was then."""
        return self.has_recorded_value(travel) or any(
            (secret, travel.route.key) in self._compared for secret in self._stand_ins(travel)
        )

    def has_recorded_value(self, travel: SecretRoute) -> bool:
        """Tell whether state has recorded this very value for the route."""
        known = self._routes.get(travel.fingerprint)
        return known is not None and travel.route.key in known

    def claims(self, travel: SecretRoute, recorded: RouteRegister) -> bool:
        """Tell whether the secret is one of this register's, by value or by reference, and would go to none of its servers.

        What ``recorded`` says of the traveller's own reference does not count then, also of a variable: it may have been
        recorded before the reference came to give this value. It counts where state has recorded the value itself for
        the route, or one value for the route and for one of this register's: those two are rotated together.
        """
        if travel.fingerprint is None:
            return False  # it was not read, so it is not sent
        holders = self._holders(travel.fingerprint) | ({travel.secret} & self.references)
        destination = travel.route.destination
        if not holders or any(destination in self._destinations[holder] for holder in holders):
            return False
        own = {key for holder in holders for key in self._routes[holder]}
        return not recorded.has_recorded_value(travel) and not any(
            travel.secret in secrets
            and travel.route.key in recorded._routes[value]
            and not own.isdisjoint(recorded._routes[value])
            for value, secrets in recorded._recorded_as.items()
        )

    def _holders(self, fingerprint: str | None) -> set[str]:
        """Return the references that a value was recorded with, or that have it now."""
        return self._recorded_as.get(fingerprint, set()) | self._held_by.get(fingerprint, set())

    def _is_anothers(self, travel: SecretRoute) -> bool:
        """Tell whether the value is one that another reference was recorded with, or has now, which does not go there.

        It goes there if the value was recorded for the route, or the other reference for the server, under any user
        name. Where both references once had one value, on these routes, they are rotated together. Variables are left
        out: a pull request brings files and links, and cannot exchange what the process was given.
        """
        is_variable = travel.secret.startswith("env:")
        if is_variable or self.has_recorded_value(travel):
            return False
        others = self._holders(travel.fingerprint)
        together = {
            secret
            for value, secrets in self._recorded_as.items()
            if travel.secret in secrets and travel.route.key in self._routes[value]
            for secret in secrets
        }
        destination = travel.route.destination
        return any(destination not in self._destinations[other] for other in others - together)

    def _stand_ins(self, travel: SecretRoute) -> set[str]:
        """Return the reference, and those known ones that hold the same value now."""
        return {travel.secret} | self._held_by.get(travel.fingerprint, set())


def judge_routes(
    accounts: Sequence[HasRoutes],
    recorded: Iterable[SecretRoute],
    *,
    secrets: Secrets,
    today: date,
    values: Mapping[str, str] | None,
    reserved: Iterable[SecretRoute] = (),
) -> Verdict:
    """Return by account which secrets are withheld; the order of the accounts makes no difference.

    ``values`` are fingerprints of what references hold now: all that state knows are needed before a secret that was
    read takes a route first, or one recorded unread. None: nothing is read here, and nothing is sent by this verdict.

    ``reserved`` are the routes that the project file itself declares. Their secrets go to their own servers alone,
    whatever route state has recorded for another reference that gives one of them, read or not; and they have no first
    use elsewhere, also where state has never seen them: a manifest could otherwise borrow the platform's credential.
    """
    register, declared = RouteRegister(recorded, values), RouteRegister(reserved, values)
    judge = _Judge(register, declared, secrets, today, _crowded_secrets(accounts), values)
    withheld: dict[str, tuple[SecretRoute, ...]] = {}
    for account in accounts:
        refused = tuple(each for each in account.routes if not judge.lets_go(each, account.manifest))
        if refused:
            withheld[account.name] = refused
    return Verdict(
        withheld,
        tuple(sorted(judge.grants)),
        tuple(sorted(judge.expired)),
        not_compared=frozenset(judge.not_compared),
        to_compare=frozenset(judge.not_compared | judge.to_compare),
    )


class _Judge:
    """Decides of one secret on one route after the other, and notes what it took to decide."""

    def __init__(
        self,
        register: RouteRegister,
        declared: RouteRegister,
        secrets: Secrets,
        today: date,
        crowded: frozenset[str],
        values: Mapping[str, str] | None,
    ) -> None:
        self._register = register
        self._declared = declared
        self._secrets = secrets
        self._today = today
        self._crowded = crowded
        self._unread = frozenset() if values is None else (register.references | declared.references) - values.keys()
        self.grants: set[str] = set()
        self.expired: set[str] = set()
        self.not_compared: set[str] = set()
        self.to_compare: set[str] = set()

    def lets_go(self, travel: SecretRoute, manifest: str) -> bool:
        """Tell whether the secret may take the route: as state has recorded it, by a grant, or for the first time."""
        is_recorded = self._register.allows(travel) and not self._declared.claims(travel, self._register)
        if is_recorded and self._register.has_compared(travel):
            self._note_new_value(travel)
            return True
        others = _others(travel, self._unread)
        if is_recorded and not others:
            return True
        # Asked only where state alone does not let the secret go, so that a grant nobody needs can be told.
        granting = [each for each in self._secrets.grants if grants_travel(each, travel, manifest)]
        grant = next((each for each in granting if each.expires is None or self._today <= each.expires), None)
        if grant is not None:
            to = travel.route.delivery or f"{travel.route.host}:{travel.route.port}"
            self.grants.add(f"{grant.secret} to {to}")
            return True
        if is_recorded or not self._is_kept(travel):
            if not others:
                return True
            self.not_compared |= others
        self.expired |= {f"{each.secret} until {each.expires}" for each in granting}
        return False

    def _note_new_value(self, travel: SecretRoute) -> None:
        """Ask for a comparison where a recorded reference has another value now: it may be a copy of another's, rotated.

        What cannot be read does not stand against it: nobody could have copied it here. No pull request exchanges a
        variable, so that is compared with what the project file declares, and nothing is run for it.
        """
        if not self._register.has_recorded_value(travel):
            others = _others(travel, self._unread)
            is_variable = travel.secret.startswith("env:")
            self.to_compare |= others & self._declared.references if is_variable else others

    def _is_kept(self, travel: SecretRoute) -> bool:
        """Tell whether a secret that state has not recorded for the route needs a grant for it, whatever is compared."""
        is_known = self._register.knows(travel) or self._declared.keeps(travel)
        is_barred = self._secrets.bars_first_use(travel.secret) or _identity(travel) in self._crowded
        # A consumer keeps what it is given, for whoever reads it there: no first use is let pass without a grant.
        return is_known or is_barred or travel.route.delivery is not None


def _others(travel: SecretRoute, unread: frozenset[str]) -> frozenset[str]:
    """Return the references of ``unread`` that a secret is to be compared with: none where its own value was not read.

    It is not sent then, so there is nothing to compare.
    """
    return unread - {travel.secret} if travel.fingerprint is not None else frozenset()


def every_route(accounts: Iterable[HasRoutes]) -> dict[str, tuple[SecretRoute, ...]]:
    """Return all that would travel, by account: what is withheld where the project file itself is not trusted."""
    return {account.name: account.routes for account in accounts if account.routes}


def _identity(travel: SecretRoute) -> str:
    return travel.fingerprint or travel.secret


def _crowded_secrets(accounts: Sequence[HasRoutes]) -> frozenset[str]:
    """Return the secrets that would make more than one journey; of a new secret nobody can tell which one is right.

    Known ones are counted too. Their value may be one that state has not seen, once it was rotated or where it was not
    read when it was recorded; under another reference it would else pass for a new secret.
    """
    journeys: dict[str, set[frozenset[str]]] = defaultdict(set)
    for account in accounts:
        legs: dict[str, list[Route]] = defaultdict(list)
        for travel in account.routes:
            legs[_identity(travel)].append(travel.route)
        for identity, routes in legs.items():
            journeys[identity].update(_journeys(routes))
    return frozenset(identity for identity, taken in journeys.items() if len(taken) > 1)


def _journeys(routes: Sequence[Route]) -> set[frozenset[str]]:
    """Return one journey for a token endpoint with the login that inherits its token, else one for each route."""
    purposes = {route.purpose for route in routes}
    if "oauth2" in purposes and "proxy" not in purposes:
        return {frozenset(route.destination for route in routes)}
    return {frozenset({route.destination}) for route in routes}
