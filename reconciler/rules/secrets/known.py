"""The routes that state knows, also where an earlier version recorded them: what secrets are judged by.

Earlier versions recorded the login with a token as if the secret itself had logged in, and the exchange of the secret
for the token beside it: which token went where was not told. Where a recorded account, or the project file's own server,
has an exchange and a login that were both recorded so, they belong together, and the login is known with that token.
What is left of such logins allows nothing: it could be any token, or the secret itself. The secret stays known.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reconciler.model.secrets.routes import NOWHERE, SecretRoute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.accounts.recorded import RecordedState


def known_routes(recorded: RecordedState, declared: Iterable[SecretRoute] = ()) -> tuple[SecretRoute, ...]:
    """Return every route that state knows; ``declared`` are those that the project file itself names.

    >>> from dataclasses import replace
    >>> from reconciler.model.accounts.recorded import RecordedState
    >>> from reconciler.model.secrets.routes import Route
    >>> login = SecretRoute(secret="env:SMTP_A", route=Route(host="smtp.example.com", port=465, encryption="tls"))
    >>> state = RecordedState(project="mail", lineage="1", serial=3, accounts={}, routes=(login,))
    >>> known_routes(state) == (login,)
    True
    >>> exchange = login.model_copy(update={"route": login.route.model_copy(update={"purpose": "oauth2"})})
    >>> known_routes(replace(state, routes=(login, exchange)))[0].route == NOWHERE
    True
    """
    exchanges = {(each.secret, each.route.key) for each in recorded.routes if each.route.purpose == "oauth2"}
    exchanged = {secret for secret, _ in exchanges}
    # Most states have none of these, and thousands of routes, which are handed on as they are.
    if not needs_accounts(recorded.routes):
        return recorded.routes
    taken = [*(each for account in recorded.accounts.values() for each in account.secret_routes), *declared]
    direct = {(each.secret, each.route.key) for each in taken}
    with_token: dict[tuple[str, str], set[SecretRoute]] = defaultdict(set)
    for each in taken:
        token = each.route.token
        if token is not None and (each.secret, token.exchange.key) in exchanges:
            with_token[each.secret, each.route.without_token.key].add(each)

    def known() -> Iterator[SecretRoute]:
        for each in recorded.routes:
            place = each.secret, each.route.key
            if not _is_bare_login(each, exchanged) or place in direct:
                yield each
            else:
                yield each.model_copy(update={"route": NOWHERE})
            for login in sorted(with_token.get(place, ()), key=lambda found: found.route.key):
                yield login.model_copy(update={"fingerprint": each.fingerprint})

    return tuple(known())


def needs_accounts(routes: Iterable[SecretRoute]) -> bool:
    """Tell whether an earlier version recorded a login of which only the accounts tell what it was."""
    known = tuple(routes)
    exchanged = {each.secret for each in known if each.route.purpose == "oauth2"}
    return bool(exchanged) and any(_is_bare_login(each, exchanged) for each in known)


def _is_bare_login(known: SecretRoute, exchanged: set[str]) -> bool:
    """Tell whether a secret that is exchanged for tokens is recorded as if it logged in itself."""
    route = known.route
    return known.secret in exchanged and route.purpose == "smtp" and route.token is None and route.proof is None
