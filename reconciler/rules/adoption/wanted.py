"""Accounts of sources on their way to manifests: with what goes without saying, and what tells one from another."""

from __future__ import annotations

import contextlib
from email.utils import getaddresses
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.model.servers.terms import DEFAULT_PORTS
from reconciler.model.text.domains import NotADomain, NotAnAddress, address_to_ascii
from reconciler.model.text.placeholders import as_literal
from reconciler.model.text.types import check_email

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from reconciler.model.adoption.adopted import Taken
    from reconciler.model.adoption.found import FoundAccount, FoundProxy
    from reconciler.model.canonical import JsonObject
    from reconciler.model.servers.terms import Encryption


class ServerWay(FrozenByName):
    """How a server is reached: what accounts must have in common to share a MailServer."""

    host: str
    port: int
    encryption: Encryption
    helo_name: str | None
    ca_file: str | None
    certificate: str | None
    client_certificate: tuple[str, str] | None
    """The file of the certificate, and the file of its key."""
    proxy: FoundProxy | None
    proxy_secret: str | None
    """A fingerprint of the password there."""
    mechanism: str | None

    def __str__(self) -> str:
        """Return the way in words."""
        return f"{self.host}:{self.port} ({self.encryption})"

    @property
    def settings(self) -> JsonObject:
        """The server as a manifest has it, without login and proxy."""
        spec: JsonObject = {"host": self.host}
        spec |= {"port": self.port} if self.port != DEFAULT_PORTS[self.encryption] else {}
        spec["encryption"] = self.encryption
        spec |= {"heloName": self.helo_name} if self.helo_name else {}
        spec |= {"caFile": self.ca_file} if self.ca_file else {}
        spec |= {"certificate": self.certificate} if self.certificate else {}
        if self.client_certificate is not None:
            certificate, key = self.client_certificate
            spec["clientCertificate"] = {"certFile": certificate, "key": {"file": key}}
        return spec


class WantedAccount(FrozenByName):
    """One account on its way to a manifest."""

    taken: Taken
    way: ServerWay
    email: str | None

    @property
    def found(self) -> FoundAccount:
        """What the source says."""
        return self.taken.found

    @property
    def identity(self) -> Hashable:
        """What tells it from every other account."""
        return (
            folded_address(self.email),
            self.way.host,
            self.way.port,
            self.way.encryption,
            with_ascii_domain(self.login),
        )

    @property
    def login(self) -> str | None:
        """The user name, or None for no login."""
        return (self.found.username or self.email) if self.found.has_login else None


def proxy_settings(proxy: FoundProxy, password: Mapping[str, str]) -> JsonObject:
    """Return a proxy as a manifest has it; ``password`` is the reference, which only a user name has beside it.

    >>> from reconciler.model.adoption.found import FoundProxy
    >>> proxy_settings(FoundProxy(type="socks5", host="proxy.example.com", port=1080), {})
    {'type': 'socks5', 'host': 'proxy.example.com', 'port': 1080}
    >>> proxy_settings(FoundProxy(type="socks5", host="::1", port=1080, resolves_remotely=False), {})["remoteDns"]
    False
    """
    settings: JsonObject = {"type": proxy.type, "host": proxy.host, "port": proxy.port}
    if proxy.username:
        settings["username"] = as_literal(proxy.username)
        settings |= {"password": dict(password)} if proxy.password is not None else {}
    return settings | ({} if proxy.resolves_remotely else {"remoteDns": False})


def reply_settings(written: str | None) -> list[JsonObject] | None:
    """Return the addresses for replies as a manifest has them, each with its name; None where one of them cannot stand.

    >>> reply_settings("Help <help@example.com>, ops@example.com")
    [{'email': 'help@example.com', 'displayName': 'Help'}, {'email': 'ops@example.com'}]
    >>> reply_settings(None), reply_settings("nobody")
    ([], None)
    """
    if not (written or "").strip():
        return []
    read = [(name, email) for name, email in getaddresses([(written or "").replace(";", ",")]) if name or email]
    if not read or any(check_email(email) is not None for _, email in read):
        return None
    return [{"email": email, **({"displayName": name} if name else {})} for name, email in read]


def folded_address(address: str | None) -> str | None:
    """Return an address as it is compared: without case, its domain as A-labels, as a manifest that was read has it.

    >>> folded_address("Sales@EXAMPLE.com"), folded_address("a@B\u00fccher.example"), folded_address("sales")
    ('sales@example.com', 'a@xn--bcher-kva.example', 'sales')
    """
    encoded = with_ascii_domain(address)
    return encoded and encoded.casefold()


def with_ascii_domain(name: str | None) -> str | None:
    """Return an address with its domain as A-labels; what is none, as user names may be, as it is.

    >>> with_ascii_domain("A@b\u00fccher.example"), with_ascii_domain("Sales")
    ('A@xn--bcher-kva.example', 'Sales')
    """
    if name is None:
        return None
    with contextlib.suppress(NotADomain, NotAnAddress):
        return address_to_ascii(name)
    return name


def user_name(username: str, email: str | None) -> str:
    """Return a user name as a manifest writes it: as a placeholder where it is the address or a part of it.

    >>> user_name("sales@example.com", "sales@example.com"), user_name("sales", "sales@example.com"), user_name("u7", None)
    ('{email}', '{localpart}', 'u7')
    """
    if username == email:
        return "{email}"
    if email is not None and username == email.rpartition("@")[0]:
        return "{localpart}"
    return (
        username
        if "{email}" in username or "{localpart}" in username or "{domain}" in username
        else as_literal(username)
    )
