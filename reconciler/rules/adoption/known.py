"""What a project declares already, as accounts of sources are compared with it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from reconciler.model.servers.terms import DEFAULT_PORTS
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.rules.adoption.wanted import folded_address, with_ascii_domain

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.canonical import JsonView
    from reconciler.rules.adoption.wanted import WantedAccount


class Known:
    """The accounts and the MailServers of a project, by what tells one from another."""

    def __init__(
        self, accounts: Sequence[DesiredAccount], servers: Mapping[str, JsonView], *, wanted: Collection[Hashable]
    ) -> None:
        """Take what is declared; ``servers`` are settings as they are written, ``wanted`` the identities that are compared."""
        own = [(_identity_of(each), each) for each in accounts if each.settings.server is not None]
        self._accounts = {identity: each.name for identity, each in own}
        self._servers = {_server_identity(spec): name for name, spec in servers.items()}
        self._others = {
            (folded_address(each.settings.email), each.settings.own_server.host): each.name
            for identity, each in own
            if identity not in wanted
        }

    def name_of(self, account: WantedAccount) -> str | None:
        """Return the name under which an account is declared, of one without an address that of its server; None: it is not."""
        if account.email:
            return self._accounts.get(account.identity)
        return self._servers.get((account.way.host, account.way.port, account.way.encryption))

    def other_of(self, account: WantedAccount) -> str | None:
        """Return the name of an account that is declared with this address at this server, and otherwise; None: there is none."""
        return self._others.get((folded_address(account.email), account.way.host))


def _identity_of(account: DesiredAccount) -> Hashable:
    server = account.settings.own_server
    login = with_ascii_domain(server.login.username)
    return folded_address(account.settings.email), server.host, server.port, server.encryption, login


def _server_identity(spec: JsonView) -> Hashable:
    encryption = spec.get("encryption", "starttls")
    host = str(spec.get("host", ""))
    with contextlib.suppress(NotADomain):
        host = host_to_ascii(host)
    return host, spec.get("port", DEFAULT_PORTS[encryption]), encryption
