"""What can be said against a declaration without any network: warnings, never errors."""

from __future__ import annotations

import re
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Location, note, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.located import Unread
from reconciler.model.accounts.manifest import MailServer
from reconciler.model.accounts.rest import NOBODY
from reconciler.model.text.domains import why_not_plain
from reconciler.model.text.placeholders import meant_placeholder
from reconciler.rules.accounts.desired import servers_used
from reconciler.rules.accounts.passwords import ending_passwords
from reconciler.rules.accounts.sharing import shared_passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.located import LocatedManifest
    from reconciler.model.accounts.rest import Rest
    from reconciler.model.accounts.settings import ResolvedReplyTo
    from reconciler.model.project import Project
    from reconciler.model.servers.server import Proxy

_IMPLICIT_TLS_PORT = 465
_MAILBOX = re.compile(r"[^<>]*<([^<>]+)>")
_STARTTLS_PORTS = frozenset({25, 587})


def lint(
    accounts: Sequence[DesiredAccount],
    manifests: Sequence[LocatedManifest],
    project: Project,
    unread: Unread | None = None,
    rest: Rest = NOBODY,
) -> tuple[Diagnostic, ...]:
    """Return the remarks on all accounts, each with the place it belongs to: a server's settings are told at the server.

    Nothing is said of servers that may be used by what is ``unread``. Of the ``rest`` only what concerns all is told.
    """
    located = {each.manifest.metadata.name: each for each in manifests if not isinstance(each.manifest, MailServer)}
    servers = {each.manifest.metadata.name: each for each in manifests if isinstance(each.manifest, MailServer)}
    remarks = [remark for account in accounts for remark in _lint_account(account, located, servers)]
    remarks.extend(ending_passwords(accounts, located))
    remarks.extend(shared_passwords(accounts, located, rest))
    used = servers_used(manifests).keys() | rest.servers
    remarks.extend(_unused_servers(servers.values(), used, unread or Unread()))
    count = sum(kind_of(account).sends_through_platform for account in accounts) + rest.through_platform
    if count and project.platform.smtp is None:
        who = "1 marketing account is" if count == 1 else f"{count} marketing accounts are"
        detail = (
            f"{who} declared, but the project file has no platform.smtp, so nothing is known of whether the platform's "
            "server takes the sender. Declare it as\n    platform: {smtp: {host: smtp.example.com, encryption: starttls}}"
        )
        remarks.append(warning("noPlatformServer", detail))
    return tuple(remarks)


def _lint_account(
    account: DesiredAccount, located: Mapping[str, LocatedManifest], servers: Mapping[str, LocatedManifest]
) -> Iterator[Diagnostic]:
    source = located[account.name]
    yield from _lint_placeholders(account, source)
    kind = kind_of(account)
    yield from _lint_addresses(account, source)
    if not kind.is_a_mailbox:
        yield from _lint_replies(account, source)
    if not kind.is_shown_to_everybody and not account.settings.shared and account.metadata.owner is None:
        detail = (
            "The account is not shared and has no owner, so `accounts list --as USER` shows it to nobody. Add "
            "metadata.owner, or shared: true."
        )
        yield warning("sharedWithoutOwner", detail, subject=account.name, location=source.locator.key_at(("spec",)))
    if kind.sends_through_platform:
        return  # it names no server of its own
    server = servers.get(account.server or "")
    yield from _lint_server(account, partial(_place_of_server, source, server))
    yield from _lint_username(account, source, server)
    proxy = account.settings.proxy
    if proxy is not None and proxy.password is not None:
        teller = source if server is None or source.has(("spec", "proxy")) else server
        yield from _lint_proxy_password(account, proxy, teller.locator.value_at(("spec", "proxy", "password")))


def _place_of_server(source: LocatedManifest, server: LocatedManifest | None) -> Location:
    """Return where it is written which server an account uses; asked for what is told alone, since places cost time."""
    own = any(source.has(("spec", "smtp", field)) for field in ("host", "port", "encryption"))
    if server is None or own:
        return source.locator.value_at(("spec", "smtp", "port"))
    return server.locator.value_at(("spec", "port"))


def _lint_placeholders(account: DesiredAccount, source: LocatedManifest) -> Iterator[Diagnostic]:
    """Yield a warning for each placeholder in a name that people see, where none is filled in."""
    names: dict[tuple[str | int, ...], str | None] = {
        ("spec", "displayName"): account.settings.display_name,
        **{("spec", *path, "displayName"): each.display_name for path, each in _replies(account)},
        ("metadata", "title"): account.metadata.title,
    }
    for path, text in names.items():
        word = meant_placeholder(text) if text else None
        if word is not None:
            detail = (
                f"{'.'.join(map(str, path))} holds {word}, and nothing is filled in there: people would see it as it stands. Write "
                "out what is meant."
            )
            where = source.locator.value_at(path)
            yield warning("unknownPlaceholder", detail, subject=account.name, location=where)


def _replies(account: DesiredAccount) -> Iterator[tuple[tuple[str | int, ...], ResolvedReplyTo]]:
    """Yield each address that replies go to, with its path in spec."""
    is_list = isinstance(account.settings.reply_to, list)
    for number, each in enumerate(account.settings.replies):
        yield ("replyTo", number) if is_list else ("replyTo",), each


def _lint_addresses(account: DesiredAccount, source: LocatedManifest) -> Iterator[Diagnostic]:
    """Yield what is said of addresses that would be refused on a contact's card: the same rule for both."""
    for path, address in (
        (("email",), account.settings.email),
        *(((*path, "email"), each.email) for path, each in _replies(account)),
    ):
        reason = why_not_plain(address) if address is not None else None
        if reason is not None:
            detail = (
                f"{'.'.join(map(str, path))} is {address}, and {reason}. Mail servers and programs refuse or misread such an "
                "address, and a contact's card with it would not be used. Write another one."
            )
            where = source.locator.value_at(("spec", *path))
            yield warning("doubtfulAddress", detail, subject=account.name, location=where)


def _lint_replies(account: DesiredAccount, source: LocatedManifest) -> Iterator[Diagnostic]:
    if account.settings.reply_addresses:
        return
    detail = (
        f"{account.written.get('spec.email', account.settings.email)} need not exist as a mailbox, so replies to it may reach nobody. Add\n"
        "    replyTo: {email: office@example.com}"
    )
    yield warning("noReplyTo", detail, subject=account.name, location=source.locator.key_at(("spec", "email")))


def _lint_server(account: DesiredAccount, where: Callable[[], Location]) -> Iterator[Diagnostic]:
    server = account.settings.own_server
    port, encryption = server.port, server.encryption
    if "_" in server.host:
        detail = (
            f"The host {account.settings.own_server.host} has an underscore. Resolvers take such a name, as those of Docker's "
            "networks do, but no domain of the internet has one, and no public CA makes a certificate for it: TLS needs a CA of "
            "your own (caFile). Programs elsewhere may refuse the name; where you can, write one with a hyphen."
        )
        yield warning("doubtfulHost", detail, subject=account.name, location=where())
    if port == _IMPLICIT_TLS_PORT and encryption != "tls":
        yield _port_mismatch(
            account, f"465 is implicit TLS (RFC 8314 section 3.3); you declared {encryption}", "tls", where()
        )
    if port in _STARTTLS_PORTS and encryption == "tls":
        yield _port_mismatch(account, f"{port} begins in clear text; you declared implicit TLS", "starttls", where())
    if encryption == "none" and server.declares_login and not (server.proxy is None and _is_loopback(server.host)):
        detail = (
            "The password would travel in clear text, so the login is refused for any server that is not on this "
            "machine. Write\n    encryption: starttls"
        )
        yield warning("unencryptedLogin", detail, subject=account.name, location=where())


def _lint_username(
    account: DesiredAccount, source: LocatedManifest, server: LocatedManifest | None
) -> Iterator[Diagnostic]:
    """Yield a warning for a user name that was likely not meant as it stands; it is sent as that all the same."""
    username = account.settings.own_server.login.username
    if username is None:
        return
    if username != username.strip():
        why = "begins or ends with a space, which is sent with it"
        meant = username.strip()
    elif username.endswith(">") and (found := _MAILBOX.fullmatch(username)) is not None:
        why = "is written as a header has a mailbox, and a server knows a login by its name alone"
        meant = found[1]
    else:
        return
    own = ("spec", "smtp", "authentication", "username")
    where = (
        server.locator.value_at(("spec", *own[2:])) if server and not source.has(own) else source.locator.value_at(own)
    )
    detail = (
        f"The user name {username!r} {why}: most servers refuse it. Unless it is meant, write\n    username: {meant}"
    )
    yield warning("doubtfulUsername", detail, subject=account.name, location=where)


def _lint_proxy_password(account: DesiredAccount, proxy: Proxy, where: Location) -> Iterator[Diagnostic]:
    """Remark on a password for a proxy: none of the protocols encrypts it, and SOCKS4 has none."""
    if proxy.type == "socks4":
        detail = (
            "SOCKS4 sends a user id and no password, so the one that is declared here is never used. Remove it, or "
            "write\n    type: socks5"
        )
        yield warning("proxyPasswordUnused", detail, subject=account.name, location=where)
    elif not _is_loopback(proxy.host):
        detail = (
            f"The login at the {proxy.type} proxy {proxy.host} travels in clear text, whatever the encryption "
            "of the mail server: whoever can read the network between sees it. Use a password that opens nothing but "
            "the proxy, over a network that you trust."
        )
        yield warning("unencryptedProxyLogin", detail, subject=account.name, location=where)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _port_mismatch(account: DesiredAccount, what: str, encryption: str, where: Location) -> Diagnostic:
    detail = f"{what}. Write\n    encryption: {encryption}\nor another port, unless the server is unusual."
    return warning("portMismatch", detail, subject=account.name, location=where)


def _unused_servers(servers: Iterable[LocatedManifest], used: Collection[str], unread: Unread) -> Iterator[Diagnostic]:
    """Remark on servers that no account goes through, where that can be told of every account."""
    for each in servers if not unread.may_hide_uses else ():
        name = each.manifest.metadata.name
        if name not in used and name not in unread.named_servers:
            where = each.locator.value_at(("metadata", "name"))
            yield note("unusedServer", f"No account names the mail server {name}.", subject=name, location=where)
