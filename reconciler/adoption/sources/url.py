"""Addresses of mail servers: ``smtp://user:password@host:587``, as nodemailer, Symfony, Vaultwarden and others take them.

Passwords hold ``@``, ``:``, ``/`` and ``#`` that should have been escaped and were not; so the host begins after the last
``@``, and the user name ends at the first ``:``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

from reconciler.adoption.source import ReadsAlone, passed_over, pin_of
from reconciler.classes import dataclass
from reconciler.diagnostics import error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.model.adoption.found import FoundAccount, Security, SourceReading
from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.presets import PRESETS
from reconciler.rules.adoption import words
from reconciler.rules.adoption.ways import IMPLICIT_TLS_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.adoption.source import Source
    from reconciler.diagnostics import Diagnostic

_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)\Z", re.DOTALL)
_SCHEMES = {
    "smtp": "smtp", "smtps": "smtps", "smtp+tls": "starttls", "smtp+ssl": "smtps", "submissions": "smtps",
    "submission": "smtp", "smtp+starttls": "starttls", "smtp+plain": "smtp", "smtp+insecure": "smtp",
    "smtp+notls": "notls",
}  # fmt: skip
"""``smtp+tls`` is STARTTLS to OpenSMTPD and to Django's readers of such addresses."""
_SEVERAL = re.compile(r"(?:failover|roundrobin)\((?P<addresses>.*)\)(?:\?.*)?", re.IGNORECASE)
_TAKEN = frozenset(
    {
        "port", "secure", "requiretls", "require_tls", "starttls", "encryption", "security", "tls", "ssl", "ignoretls",
        "auto_tls", "peer_fingerprint", "verify_peer", "local_cert", "local_pk", "region", "from", "fromaddress", "sender",
        "local_domain", "name", "tls.rejectunauthorized", "rejectunauthorized", "reject_unauthorized", "skip_verify", "skiptlsverify",
    }
)  # fmt: skip
_WITHOUT_EFFECT = frozenset(
    {
        "pool", "logger", "debug", "maxconnections", "maxmessages", "restart_threshold", "restart_threshold_sleep",
        "ping_threshold", "max_per_second", "timeout", "connectiontimeout", "greetingtimeout", "sockettimeout", "usehtml",
        "subject", "to", "toaddresses", "auth_mode", "auth", "authmethod",
    }
)  # fmt: skip
"""How a program runs, or what it sends: no setting of an account."""
_SERVICES = {
    "gmail": "gmail", "gmail+smtp": "gmail", "sendgrid": "sendgrid", "sendgrid+smtp": "sendgrid",
    "mailgun": "mailgun", "mailgun+smtp": "mailgun", "ses": "amazon-ses", "ses+smtp": "amazon-ses",
    "postmark": "postmark", "postmark+smtp": "postmark",
}  # fmt: skip
"""Symfony's transports: the scheme names a provider, and the host is the word default."""
_HOST_AND_PORT = re.compile(r"[^:/]*(:\d*)?(/.*)?", re.DOTALL)
_ESCAPED = "!$&'()*+,;=-._~%"
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class _Authority:
    """What stands between the scheme and the query."""

    username: str | None
    password: str | None
    host: str
    port: int | None


class Url(ReadsAlone):
    """Reads files with an address on each line."""

    name = "url"

    def recognises(self, source: Source) -> bool:
        """Tell it by lines of which each is an address."""
        lines = [line for _, line in _lines(source)]
        return bool(lines) and all(looks_like_url(line) or several_of(line) for line in lines)

    def read(self, source: Source) -> SourceReading:
        """Return an account for each address."""
        accounts: list[FoundAccount] = []
        problems: list[Diagnostic] = []
        for number, line in _lines(source):
            several = several_of(line)
            for place, each in enumerate(several or [line], start=1):
                label = f"line {number}" if not several else f"line {number} {place}"
                try:
                    accounts.append(read_url(each, label=label, line=number))
                except InvalidInput as refused:
                    problems += [replace(told, location=source.at(number)) for told in refused.diagnostics]
            if several:
                detail = "Several servers for one sender, each in place of another, are not known here; each became an account."
                problems.append(passed_over(source, number, detail))
        return SourceReading(accounts=tuple(accounts), problems=tuple(problems))


def _lines(source: Source) -> list[tuple[int, str]]:
    numbered = enumerate(source.text.split("\n"), start=1)
    return [(number, line.strip()) for number, line in numbered if line.strip() and not line.strip().startswith("#")]


def several_of(line: str) -> list[str]:
    """Return the addresses of Symfony's ``failover(…)`` and ``roundrobin(…)``, which separates them by spaces."""
    matched = _SEVERAL.fullmatch(line.strip())
    return matched["addresses"].split() if matched else []


def looks_like_url(text: str) -> bool:
    """Tell whether a text has the form of an address with a scheme."""
    return _ADDRESS.match(text.strip()) is not None


def read_url(text: str, *, label: str = "url", line: int | None = None) -> FoundAccount:
    """Return the account that an address speaks of; raise ``InvalidInput``, without repeating the address."""
    matched = _ADDRESS.match(text.strip())
    if matched is None:
        raise _invalid("It has no scheme. Write smtps://USER@HOST:465, or smtp://USER@HOST:587.")
    scheme = matched["scheme"].lower()
    body, query = _apart(matched["rest"])
    options = {key.lower(): value for key, value in parse_qsl(query, keep_blank_values=True)}
    authority = _authority(body)
    if scheme in _SERVICES:
        return _of_service(_SERVICES[scheme], authority, options, label=label, line=line)
    kind = _SCHEMES.get(scheme)
    if kind is None:
        raise _invalid(f"Its scheme is none of smtp and smtps.{did_you_mean(scheme, ('smtp', 'smtps'))}")
    if not authority.host:
        raise _invalid("It names no host. Write smtps://USER@HOST:465, or smtp://USER@HOST:587.")
    port = authority.port or _port_of(options.get("port"))
    found = _found(authority, label=label, line=line, port=port, security=_security(kind, port, options))
    return _with_certificates(found, options)


_CHECKS_CERTIFICATES = ("tls.rejectunauthorized", "rejectunauthorized", "reject_unauthorized")
_SKIPS_CHECK = ("skip_verify", "skiptlsverify")


def _with_certificates(found: FoundAccount, options: Mapping[str, str]) -> FoundAccount:
    """Return the account with what Symfony's options say of certificates."""
    lost = []
    pin = pin_of(options.get("peer_fingerprint"))
    if options.get("peer_fingerprint") and pin is None:
        lost.append("The fingerprint of the certificate is none of SHA-256, which alone is taken here.")
    checks = (options.get(each, "yes") for each in ("verify_peer", *_CHECKS_CERTIFICATES))
    if any(words.flag(each) is False for each in checks) or any(words.flag(options.get(each)) for each in _SKIPS_CHECK):
        lost.append("The source did not verify certificates. Here they always are; for a CA of your own write caFile.")
    certificate = options.get("local_cert") or None
    sender = parseaddr(next((options[each] for each in ("from", "fromaddress", "sender") if options.get(each)), ""))
    if options.keys() - _TAKEN - _WITHOUT_EFFECT:
        lost.append("The address has options that are not known here; they were not taken.")
    return replace(
        found,
        email=sender[1] if "@" in sender[1] else None,
        display_name=sender[0] or None,
        helo_name=options.get("local_domain") or options.get("name") or None,
        certificate=pin,
        client_certificate=certificate,
        client_key=options.get("local_pk") or None if certificate is not None else None,
        lost=(*found.lost, *lost),
    )


def _found(
    authority: _Authority,
    *,
    label: str,
    line: int | None,
    port: int | None,
    security: Security,
    host: str | None = None,
) -> FoundAccount:
    password = authority.password
    lost: tuple[str, ...] = ()
    if password is not None and quote(password, safe=_ESCAPED) != password:
        lost = ("The password holds characters that an address must escape; it was read as it is meant to be.",)
    return FoundAccount(
        label=label,
        line=line,
        host=host or authority.host,
        port=port,
        security=security,
        username=authority.username,
        password=SecretValue(unquote(password)) if password else None,
        has_login=authority.username is not None or bool(password),
        lost=lost,
    )


def _apart(rest: str) -> tuple[str, str]:
    """Return what stands before the query, and the query; a question mark may also be one of the password."""
    body, _, query = rest.partition("?")
    if "@" in body or "@" not in query or _HOST_AND_PORT.fullmatch(body):
        return body, query
    login, _, place = rest.rpartition("@")
    place, _, query = place.partition("?")
    return f"{login}@{place}", query


def _authority(body: str) -> _Authority:
    login, at, place = body.rpartition("@")
    place = place.split("/", 1)[0] if at else body.split("/", 1)[0]
    username, _, password = login.partition(":")
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d*))?", place)
    host, port = (bracketed[1], bracketed[2]) if bracketed else place.partition(":")[::2]
    return _Authority(
        username=unquote(username) or None,
        password=password or None,
        host=unquote(host),
        port=_port_of(port),
    )


def _port_of(written: str | None) -> int | None:
    if not written:
        return None
    if not (written.isascii() and written.isdecimal()) or not 0 < int(written) <= _HIGHEST_PORT:
        raise _invalid(f"What stands after the host is no port: a port is a number from 1 to {_HIGHEST_PORT}.")
    return int(written)


def _security(kind: str, port: int | None, options: Mapping[str, str]) -> Security:
    """Return how the connection is encrypted: by scheme, port, and the options of nodemailer, Symfony and OpenSMTPD."""
    if kind == "smtps" or words.flag(options.get("secure", "no")) is True:
        return words.word("smtps", port)
    required = {options.get(each, "no").lower() for each in ("requiretls", "require_tls", "starttls")}
    if kind == "starttls" or required & (words.TRUE | {"required", "require", "always", "mandatory"}):
        return words.TLS if kind == "starttls" and port == IMPLICIT_TLS_PORT else words.STARTTLS
    for option in ("encryption", "security", "tls", "ssl"):
        if option in options and words.flag(options[option]) is not False:
            return words.word("ssl" if option == "ssl" else options[option], port)
    if (
        kind == "notls"
        or words.flag(options.get("ignoretls", "no")) is True
        or options.get("auto_tls", "").lower() == "false"
    ):
        return words.NONE
    if port == IMPLICIT_TLS_PORT:
        why = "the scheme smtp with port 465: some programs turn TLS on by themselves there, others do not"
        return Security(encryption="tls", certainty="server", why=why)
    return words.IF_OFFERED


def _of_service(
    service: str, authority: _Authority, options: Mapping[str, str], *, label: str, line: int | None
) -> FoundAccount:
    preset = PRESETS[service]
    host = preset.host_in(options.get("region"))
    if host is None:
        raise _invalid(f"It names {preset.title} without a region; its host is one for each region.")
    username = authority.username
    if preset.username is not None and "{" not in preset.username and not authority.password:
        authority = _Authority(preset.username, username, authority.host, authority.port)
    security = Security(encryption=preset.encryption)
    return _found(authority, label=label, line=line, port=preset.port, security=security, host=host)


def _invalid(reason: str) -> InvalidInput:
    detail = f"The address of the mail server cannot be read. {reason} It is not repeated here, since it may hold a password."
    return InvalidInput(error("addressUnreadable", detail))


READER = Url()
