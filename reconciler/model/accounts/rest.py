"""The accounts that a plan does not look at, because nothing that they rest on has changed since the last one.

Rules that look at one account alone have nothing new to say of them. Those that look at all accounts at once are given
``Facts`` of each, the same that they take of an account which is looked at: so there is one form of each rule.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from reconciler.classes import Frozen
from reconciler.model.accounts.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.kinds import Kind


class Facts(NamedTuple):
    """What rules that look at all accounts take of each. What is not in here such a rule may not ask for."""

    name: str
    kind: Kind
    file: str
    """The manifest file."""
    previous_name: str | None
    server: str | None
    """The MailServer that it names."""
    secrets: tuple[str, ...]
    """The references of all secrets that it has, its MailServer's among them."""
    own_logins: tuple[str, ...]
    """The references of the secrets that it logs in with and that it names itself."""
    user: str
    """The user name that it logs in with, in small letters; empty without one."""
    pending_since: str | None
    """When it was last changed, as ISO 8601, where it waits for the platform's decision; None where it does not."""

    @property
    def names(self) -> frozenset[str]:
        """The names under which it meets other accounts: its own, and the one that it says it had."""
        return frozenset({self.name} if self.previous_name is None else {self.name, self.previous_name})


def facts_of(account: DesiredAccount, *, pending_since: str | None = None) -> Facts:
    """Return the facts of an account as the manifests want it."""
    return Facts(
        name=account.name,
        kind=account.kind,
        file=account.file,
        previous_name=account.previous_name,
        server=account.server,
        secrets=tuple(sorted(account.named_secrets)),
        own_logins=tuple(sorted(own_logins(account))),
        user=user_of(account),
        pending_since=pending_since,
    )


def own_logins(account: DesiredAccount) -> frozenset[str]:
    """Return the references of the secrets that an account logs in with and that it names itself."""
    server = account.settings.server
    return frozenset(server.login.secrets) - account.server_secrets if server is not None else frozenset()


def user_of(account: DesiredAccount) -> str:
    """Return the user name that an account logs in with, in small letters; empty without one."""
    server = account.settings.server
    return (server.login.username or "").lower() if server is not None else ""


class Rest(Frozen):
    """The accounts that are not looked at; none of them in a plan that is made as a whole."""

    facts: tuple[Facts, ...] = ()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.facts)

    def __iter__(self) -> Iterator[Facts]:
        """Yield the facts of each."""
        return iter(self.facts)

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The references of all their secrets."""
        return frozenset(secret for each in self.facts for secret in each.secrets)

    @cached_property
    def servers(self) -> frozenset[str]:
        """The MailServers that they name."""
        return frozenset(each.server for each in self.facts if each.server is not None)

    @cached_property
    def files(self) -> frozenset[str]:
        """Their manifest files."""
        return frozenset(each.file for each in self.facts)

    @cached_property
    def through_platform(self) -> int:
        """How many send through the platform's server."""
        return sum(KINDS[each.kind].sends_through_platform for each in self.facts)


NOBODY = Rest()
