"""What a grant of the project file speaks of: which secrets, on which routes, named by which manifests.

Whether it still holds is asked where routes are judged, because a grant that has expired is told there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.secrets.routes import ordered_scope
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.model.text.globs import matches
from reconciler.rules.secrets.scopes import is_in_scope

if TYPE_CHECKING:
    from reconciler.model.granted import Grant, GrantedConsumer, GrantedRoute, GrantedToken
    from reconciler.model.secrets.routes import Delivery, Route, SecretRoute, TokenOrigin

_GRANTED_PORTS = frozenset({465, 587, 2525})
"""The ports of a server that a grant names without one."""


def grants_travel(grant: Grant, travel: SecretRoute, manifest: str) -> bool:
    """Tell whether a grant speaks of this secret on this route, named by this manifest, whether or not it has expired."""
    return (
        matches(grant.secret, travel.secret)
        and (grant.manifests is None or is_in_scope(manifest, grant.manifests))
        and _covers(grant, travel.route)
    )


def _covers(grant: Grant, route: Route) -> bool:
    if grant.consumer is not None:
        return _is_delivery(grant.consumer, route.delivery)
    if grant.route is not None:
        return _is_route(grant.route, route)
    is_beside = route.proxy or route.ca_digest or route.certificate or route.token or route.proof
    if route.purpose != "smtp" or is_beside or route.encryption == "none":
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
        and (granted.certificate == route.certificate)
        and (granted.proxy == route.proxy)
        and (granted.purpose == route.purpose)
        and ordered_scope(granted.scope) == route.scope
        and granted.proof == route.proof
        and _is_token(granted.token, route.token)
    )


def _is_delivery(granted: GrantedConsumer, delivery: Delivery | None) -> bool:
    """Tell whether a grant speaks of this consumer as it is declared now: its path and its commands count."""
    if delivery is None:
        return False
    return (granted.name, granted.path, granted.command, granted.after, granted.environment) == (
        delivery.name,
        delivery.path,
        delivery.command,
        delivery.after,
        delivery.environment,
    )


def _is_token(granted: GrantedToken | None, token: TokenOrigin | None) -> bool:
    if granted is None or token is None:
        return granted is None and token is None
    return (
        granted.url == token.url
        and granted.client_id in {None, token.client_id}
        and ordered_scope(granted.scope) == token.scope
        and granted.grant_type == token.grant_type
        and granted.subject in {None, token.subject}
    )
