"""The block of grants to paste: whole for any number of accounts, and granting nothing but what is withheld.

The premise: whoever pastes the block into the project file looks through it first. A dozen lines name each secret by
itself. Of more, secrets that go to the same server share a line where a glob of what they have in common covers no other
secret that is known; where it would, they are parted by the letter in which they first differ, down to a line each. As
``servers`` does, a line for several secrets or user names leaves the user name open: whoever logs in, what is sent goes
to that server.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reconciler.model.canonical import canonical_json
from reconciler.model.text.globs import is_glob, matches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from reconciler.model.secrets.routes import Route, SecretRoute

_MOST_IN_FULL = 12
_SHORTEST_BEGINNING = 4
"""A shorter common beginning of keys would cover secrets that nobody thought of."""


def grant_lines(withheld: Iterable[SecretRoute], known: Collection[str]) -> list[str]:
    """Return the entries of ``secrets.grants``, in order, that allow all these and no other of the ``known`` secrets.

    >>> from reconciler.model.secrets.routes import Route, SecretRoute
    >>> route = Route(username="anna", host="smtp.example.com", port=465, encryption="tls")
    >>> grant_lines([SecretRoute(secret="env:SMTP_A", route=route)], known=())
    ['{secret: "env:SMTP_A", servers: ["smtp.example.com:465"]}']
    >>> many = [SecretRoute(secret=f"env:SMTP_EU_{n}", route=route) for n in range(13)]
    >>> grant_lines(many, known={"env:SMTP_US"})
    ['{secret: "env:SMTP_EU_*", servers: ["smtp.example.com:465"]}']
    """
    travels = {(each.secret, each.route) for each in withheld}
    in_full = _lines((secret, _for_any_user(route) if _is_direct(route) else route) for secret, route in travels)
    if len(in_full) <= _MOST_IN_FULL:
        return in_full
    routes: dict[Route, dict[str, set[Route]]] = defaultdict(lambda: defaultdict(set))
    for secret, route in travels:
        routes[_for_any_user(route)][secret].add(route)
    return _lines(
        (secret, next(iter(own)) if len(own := by_secret.get(secret, ())) == 1 and not _is_direct(way) else way)
        for way, by_secret in routes.items()
        for secret in _as_globs(by_secret.keys(), frozenset(known) - by_secret.keys())
    )


def _for_any_user(route: Route) -> Route:
    """Return the route as it is granted to several at once; the client of a token endpoint is never left open."""
    return route if route.purpose == "oauth2" else route.for_any_user


def _is_direct(route: Route) -> bool:
    """Tell whether this is a login, also with a token, over a direct connection with TLS that the system trusts."""
    trusts_system = not (route.ca_digest or route.certificate)
    return route.purpose == "smtp" and not route.proxy and trusts_system and route.encryption != "none"


def _as_globs(secrets: Collection[str], others: Collection[str]) -> Iterator[str]:
    """Yield globs, or single secrets, that together cover exactly these secrets and none of the others."""
    waiting = [(sorted(secrets), [*others])]
    while waiting:
        alike, strangers = waiting.pop()
        beginning = _common_beginning(alike)
        strangers = [each for each in strangers if each.startswith(beginning)]
        glob = _glob_over(alike, beginning)
        if glob is not None and not any(matches(glob, each) for each in strangers):
            yield glob
        elif len(alike) == 1:
            yield alike[0]
        else:
            parts: dict[str, list[str]] = defaultdict(list)
            for each in alike:
                parts[each[: len(beginning) + 1]].append(each)
            waiting.extend((part, strangers) for part in parts.values())


def _common_beginning(texts: list[str]) -> str:
    """Return the beginning that sorted texts share; a single text is shared whole."""
    first, last = texts[0], texts[-1]
    differing = (place for place, letter in enumerate(first) if last[place : place + 1] != letter)
    return first[: next(differing, None)]


def _glob_over(secrets: list[str], beginning: str) -> str | None:
    """Return the narrowest glob of beginning and ending over several secrets; None where it would be too wide."""
    if len(secrets) == 1 or len(beginning.partition(":")[2]) < _SHORTEST_BEGINNING:
        return None
    rests = [secret[len(beginning) :] for secret in secrets]
    ending = _common_beginning(sorted(rest[::-1] for rest in rests))[::-1]
    middles = [rest[: len(rest) - len(ending)] for rest in rests]
    if is_glob(beginning + ending):
        return None
    return f"{beginning}{'**' if any('/' in middle for middle in middles) else '*'}{ending}"


def _lines(granted: Iterable[tuple[str, Route]]) -> list[str]:
    """Return the entries for secrets and routes, in order; what ``servers`` can say of one secret is one entry."""
    servers: dict[str, set[str]] = defaultdict(set)
    lines: set[str] = set()
    for secret, route in granted:
        if _is_direct(route) and route.token is None and route.proof is None:
            servers[secret].add(canonical_json(f"{route.host}:{route.port}"))
        elif route.delivery is not None:
            delivery = canonical_json(route.delivery.model_dump())
            lines.add(f"{{secret: {canonical_json(secret)}, consumer: {delivery}}}")
        else:
            said = [f"{key}: {canonical_json(value)}" for key, value in route.model_dump(exclude_defaults=True).items()]
            lines.add(f"{{secret: {canonical_json(secret)}, route: {{{', '.join(said)}}}}}")
    lines |= {
        f"{{secret: {canonical_json(secret)}, servers: [{', '.join(sorted(hosts))}]}}"
        for secret, hosts in servers.items()
    }
    return sorted(lines)
