"""What can be said against a declaration without any network: warnings, never errors."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Location, note, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.located import Unread
from reconciler.model.accounts.manifest import MailServer
from reconciler.rules.accounts.desired import servers_used
from reconciler.rules.accounts.passwords import ending_passwords

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.located import LocatedManifest
    from reconciler.model.project import Project

_IMPLICIT_TLS_PORT = 465
_STARTTLS_PORTS = frozenset({25, 587})


def lint(
    accounts: Sequence[DesiredAccount],
    manifests: Sequence[LocatedManifest],
    project: Project,
    unread: Unread | None = None,
) -> tuple[Diagnostic, ...]:
    """Return the remarks on all accounts, each with the place it belongs to: a server's settings are told at the server.

    Nothing is said of servers that may be used by what is ``unread``.
    """
    located = {each.manifest.metadata.name: each for each in manifests if not isinstance(each.manifest, MailServer)}
    servers = {each.manifest.metadata.name: each for each in manifests if isinstance(each.manifest, MailServer)}
    remarks = [remark for account in accounts for remark in _lint_account(account, located, servers)]
    remarks.extend(ending_passwords(accounts, located))
    remarks.extend(_unused_servers(servers.values(), servers_used(manifests).keys(), unread or Unread()))
    waiting = [account.name for account in accounts if kind_of(account).sends_through_platform]
    if waiting and project.platform.smtp is None:
        remarks.append(_no_platform(len(waiting)))
    return tuple(remarks)


def _lint_account(
    account: DesiredAccount, located: Mapping[str, LocatedManifest], servers: Mapping[str, LocatedManifest]
) -> Iterator[Diagnostic]:
    source = located[account.name]
    kind = kind_of(account)
    if not kind.is_a_mailbox:
        yield from _lint_replies(account, source)
    if not kind.is_shown_to_everybody and not account.spec["shared"] and "owner" not in account.metadata:
        detail = (
            "The account is not shared and has no owner, so `accounts list --as USER` shows it to nobody. Add "
            "metadata.owner, or shared: true."
        )
        yield warning("sharedWithoutOwner", detail, subject=account.name, location=source.locator.key_at(("spec",)))
    if kind.sends_through_platform:
        return  # it names no server of its own
    server = servers.get(account.server or "")
    where = source.locator.value_at(("spec", "smtp", "port"))
    if server is not None and not any(source.has(("spec", "smtp", field)) for field in ("host", "port", "encryption")):
        where = server.locator.value_at(("spec", "port"))
    yield from _lint_server(account, where)
    if "password" in account.spec.get("proxy", {}):
        teller = source if server is None or source.has(("spec", "proxy")) else server
        yield from _lint_proxy_password(account, teller.locator.value_at(("spec", "proxy", "password")))


def _lint_replies(account: DesiredAccount, source: LocatedManifest) -> Iterator[Diagnostic]:
    if "email" in account.spec.get("replyTo", {}):
        return
    detail = (
        f"{account.spec['email']} need not exist as a mailbox, so replies to it may reach nobody. Add\n"
        "    replyTo: {email: office@example.com}"
    )
    yield warning("noReplyTo", detail, subject=account.name, location=source.locator.key_at(("spec", "email")))


def _lint_server(account: DesiredAccount, where: Location) -> Iterator[Diagnostic]:
    smtp = account.spec["smtp"]
    port, encryption = smtp["port"], smtp["encryption"]
    if port == _IMPLICIT_TLS_PORT and encryption != "tls":
        yield _port_mismatch(
            account, f"465 is implicit TLS (RFC 8314 section 3.3); you declared {encryption}", "tls", where
        )
    if port in _STARTTLS_PORTS and encryption == "tls":
        yield _port_mismatch(account, f"{port} begins in clear text; you declared implicit TLS", "starttls", where)
    is_on_this_machine = _is_loopback(smtp["host"]) and "proxy" not in account.spec
    if encryption == "none" and "authentication" in smtp and not is_on_this_machine:
        detail = (
            "The password would travel in clear text, so the login is refused for any server that is not on this "
            "machine. Write\n    encryption: starttls"
        )
        yield warning("unencryptedLogin", detail, subject=account.name, location=where)


def _lint_proxy_password(account: DesiredAccount, where: Location) -> Iterator[Diagnostic]:
    """Remark on a password for a proxy: none of the protocols encrypts it, and SOCKS4 has none."""
    proxy = account.spec["proxy"]
    if proxy["type"] == "socks4":
        detail = (
            "SOCKS4 sends a user id and no password, so the one that is declared here is never used. Remove it, or "
            "write\n    type: socks5"
        )
        yield warning("proxyPasswordUnused", detail, subject=account.name, location=where)
    elif not _is_loopback(proxy["host"]):
        detail = (
            f"The login at the {proxy['type']} proxy {proxy['host']} travels in clear text, whatever the encryption "
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
    for each in servers:
        name = each.manifest.metadata.name
        if name not in used and name not in unread.named_servers and not unread.has_unparsed:
            where = each.locator.value_at(("metadata", "name"))
            yield note("unusedServer", f"No account names the mail server {name}.", subject=name, location=where)


def _no_platform(count: int) -> Diagnostic:
    who = "1 marketing account is" if count == 1 else f"{count} marketing accounts are"
    detail = (
        f"{who} declared, but the project file has no platform.smtp, so nothing is known of whether the platform's "
        "server takes the sender. Declare it as\n    platform: {smtp: {host: …, encryption: …}}"
    )
    return warning("noPlatformServer", detail)
