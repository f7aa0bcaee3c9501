"""Postfix: ``main.cf``, the maps that it names, and ``master.cf``, as far as they say how mail is sent through others.

A sender's relay is that of ``sender_dependent_default_transport_maps``, else of ``sender_dependent_relayhost_maps``, else
``relayhost``; a map is asked for the address, then for ``@domain``. The login is looked up by sender where
``smtp_sender_dependent_authentication`` is on, then by relay. ``smtp_tls_policy_maps`` goes before the general level.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.adoption.source import passed_over, port_of, private_ca, secret_of
from reconciler.classes import dataclass
from reconciler.model.adoption.found import FoundAccount, Security, SourceReading
from reconciler.rules.adoption import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.adoption.source import Source
    from reconciler.diagnostics import Diagnostic

_SHAPE = re.compile(
    r"^\s*(?:relayhost|smtp_sasl_\w+|smtp_tls_\w+|sender_dependent_\w+|smtpd_\w+|mydestination|myhostname)\s*=",
    re.MULTILINE,
)
_SETTING = re.compile(r"(?P<name>[A-Za-z0-9_]+)\s*=\s*(?P<value>.*)\Z", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))")
_FILES = ("hash", "lmdb", "btree", "cdb", "dbm", "texthash", "sdbm")
"""Kinds of map whose text stands in a file of the same name."""
_OTHER_KINDS = frozenset(
    {
        "cidr", "environ", "fail", "inline", "internal", "ldap", "memcache", "mongodb", "mysql", "netinfo", "nis", "nisplus",
        "pcre", "pgsql", "pipemap", "randmap", "regexp", "sqlite", "socketmap", "tcp", "unionmap", "unix",
    }
)  # fmt: skip
"""Kinds of map that Postfix has, and that are not read here."""
_BLANKS = re.compile(r"[ \t]+")
_WORD_OF_MAPS = re.compile(r"[\w-]+:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|[^,\s]+")
"""One map of a setting; what stands in braces belongs to it, blanks and commas too."""
_MAPS = (
    "smtp_sasl_password_maps", "sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps",
    "smtp_tls_policy_maps",
)  # fmt: skip
_REWRITES = "rewrites addresses, so that mail may leave with another sender than the account's; see spec.email."
_NOT_TAKEN = {
    **dict.fromkeys(("smtp_generic_maps", "sender_canonical_maps", "canonical_maps", "masquerade_domains"), _REWRITES),
    **dict.fromkeys(
        ("smtp_bind_address", "smtp_bind_address6"),
        "is not taken: from which of this machine's addresses it connects is not set here.",
    ),
    "smtp_sasl_mechanism_filter": "is not taken: the strongest mechanism that is offered is used; for another write mechanism.",
    "transport_maps": "sends mail for some recipients elsewhere, which no account does here.",
}
"""Settings that would change something, and have no place here."""
_FOLDERS_OF_THE_SYSTEM = frozenset({"/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/ssl", "/usr/share/ca-certificates"})
_NEXT_HOP = re.compile(r"\[?(?P<host>[^\]\s:]+|[0-9A-Fa-f:]+)\]?(?::(?P<port>\w+))?\Z")
_SERVICES = {"smtp": 25, "submission": 587, "smtps": 465, "submissions": 465}
_SMTP_TRANSPORTS = frozenset({"smtp", "relay"})
_MOST_EXPANSIONS = 20
_IMPLICIT_PORT = 465
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass
class _Configuration:
    """The settings and maps of one Postfix."""

    source: Source
    settings: Mapping[str, str]
    services: Mapping[str, Mapping[str, str]]
    """The parameters that master.cf gives each transport with ``-o``."""
    problems: list[Diagnostic] = field(default_factory=list)
    maps: dict[str, dict[str, str]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    """The settings that name a map which was not read."""

    def value(self, name: str, default: str = "") -> str:
        """Return a setting with the others that it names filled in."""
        return _expanded(self.settings.get(name, default), self.settings)

    def map_of(self, name: str) -> dict[str, str]:
        """Return the entries of the maps that a setting names; one that cannot be read here is told once."""
        if name not in self.maps:
            self.maps[name] = dict(self._entries(name))
        return self.maps[name]

    def _entries(self, name: str) -> Iterator[tuple[str, str]]:
        seen: set[str] = set()
        for kind, path in _named_maps(self.value(name)):
            if kind == "static":
                # Braces hold a text with blanks; they are no part of it (postmap(1), DATABASE_README).
                is_braced = path.startswith("{") and path.endswith("}")
                yield "", path[1:-1].strip() if is_braced else path
                continue
            text = self.source.companions.get(path)
            if kind not in _FILES or text is None:
                why = "is not beside it" if kind in _FILES else f"is of a kind that is not read here{_shown(kind)}"
                detail = f"{name} names a map that {why}. Its entries are not taken over."
                self.problems.append(passed_over(self.source, None, detail))
                self.unread.add(name)
                continue
            for key, value in _entries_of(text):
                if key not in seen:
                    seen.add(key)
                    yield key, value


class Postfix:
    """Reads Postfix's configuration."""

    name = "postfix"

    def recognises(self, source: Source) -> bool:
        """Tell it by the parameters of main.cf."""
        return _SHAPE.search(source.text) is not None

    def names_files(self, source: Source) -> tuple[str, ...]:
        """Return the maps that main.cf names, and master.cf."""
        settings = dict(_settings_of(source.text))
        named = [
            path
            for name in _MAPS
            for kind, path in _named_maps(_expanded(settings.get(name, ""), settings))
            if kind in _FILES
        ]
        return (*dict.fromkeys(named), "master.cf")

    def read(self, source: Source) -> SourceReading:
        """Return an account for each sender that has a relay or a login of its own, else one for the relay."""
        services = dict(_services_of(source.companions.get("master.cf", "")))
        setup = _Configuration(source, dict(_settings_of(source.text)), services)
        accounts = [found for sender in _senders(setup) if (found := _account(sender, setup)) is not None]
        if not accounts and (only := _account(None, setup)) is not None:
            accounts = [only]
        elif setup.value("relayhost"):
            hop = setup.value("relayhost")
            detail = f"All other senders go over {hop} (relayhost); which addresses there are is not said. Add them with accounts add own."
            setup.problems.append(passed_over(source, None, detail))
        setup.problems += [
            passed_over(source, None, f"{name} {why}") for name, why in _NOT_TAKEN.items() if setup.value(name)
        ]
        by_sender = (
            "sender_dependent_default_transport_maps",
            "sender_dependent_relayhost_maps",
            "smtp_sasl_password_maps",
        )
        named = (key for name in by_sender for key in setup.map_of(name))
        for sender in list(dict.fromkeys(key for key in named if key.startswith("@"))):
            detail = f"All senders of {sender} have a relay or a login of their own; which addresses there are is not said. Add them with accounts add own."
            setup.problems.append(passed_over(source, None, detail))
        return SourceReading(accounts=tuple(accounts), problems=tuple(setup.problems))


def _settings_of(text: str) -> Iterator[tuple[str, str]]:
    for line in _logical_lines(text):
        matched = _SETTING.match(line)
        if matched is not None:
            yield matched["name"], " ".join(matched["value"].split())


def _logical_lines(text: str) -> Iterator[str]:
    """Yield the lines, those that begin with a space joined to the one before; comments stand between them too."""
    current = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t":
            current += " " + line.strip()
            continue
        if current:
            yield current
        current = line.rstrip()
    if current:
        yield current


def _expanded(text: str, settings: Mapping[str, str]) -> str:
    """Return a value with ``$name`` filled in; a circle ends, and what is not set is empty."""
    for _ in range(_MOST_EXPANSIONS):
        if "$" not in text or len(text) > 10_000:  # noqa: PLR2004 - a bomb of variables ends here
            break
        text = _VARIABLE.sub(lambda found: settings.get(found[1] or found[2] or found[3] or "", ""), text)
    return text


def _shown(kind: str) -> str:
    """Return the kind of a map for a message; a word that is none could be a part of a password that stands in an inline one."""
    return f" ({kind})" if kind in _OTHER_KINDS else ""


def _named_maps(value: str) -> Iterator[tuple[str, str]]:
    for each in _WORD_OF_MAPS.findall(value):
        kind, colon, path = each.removeprefix("proxy:").partition(":")
        if colon:
            yield kind.lower(), path
        elif each.startswith("/"):
            yield "hash", each


def _entries_of(text: str) -> Iterator[tuple[str, str]]:
    for line in _logical_lines(text):
        key, *value = _BLANKS.split(line.strip(), maxsplit=1)
        yield key.lower(), value[0] if value else ""


def _services_of(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for line in _logical_lines(text):
        fields = line.split()
        options = {
            name: value
            for flag, given in itertools.pairwise(fields)
            if flag == "-o"
            for name, _, value in [given.partition("=")]
        }
        if fields:
            yield fields[0], options


def _senders(setup: _Configuration) -> list[str]:
    """Return the addresses that have anything of their own, in the order in which the maps name them."""
    by_sender = ["sender_dependent_default_transport_maps", "sender_dependent_relayhost_maps"]
    if _is_on(setup, "smtp_sender_dependent_authentication"):
        by_sender.append("smtp_sasl_password_maps")
    named = (key for name in by_sender for key in setup.map_of(name))
    return list(dict.fromkeys(key for key in named if "@" in key and not key.startswith("@")))


def _is_on(setup: _Configuration, name: str, default: str = "no") -> bool:
    return words.flag(setup.value(name, default)) is True


def _account(sender: str | None, setup: _Configuration) -> FoundAccount | None:
    hop, service, is_encrypted = _relay(sender, setup)
    matched = _NEXT_HOP.match(hop) if hop else None
    if matched is None:
        if sender is not None:
            detail = (
                f"{sender} has no relay: its mail goes straight to the recipients' servers, which is not an account."
            )
            setup.problems.append(passed_over(setup.source, None, detail))
        return None
    host, port = matched["host"], _port_named(matched["port"])
    if is_encrypted and port is None:
        port = _IMPLICIT_PORT
    username, password, login = _login(sender, hop, setup, service)
    told = _security(hop, port, setup, service, is_encrypted=is_encrypted)
    lost = []
    if not login and _wants_login(setup, service):
        is_unread = "smtp_sasl_password_maps" in setup.unread
        lost.append("Its login is in a map that was not read." if is_unread else "No login is set for its relay.")
    if "[" not in hop and host not in _LOCAL:
        lost.append(
            "The relay is written without brackets, so Postfix looks up its MX; here the host itself is contacted."
        )
    found = FoundAccount(
        label=sender or "relayhost",
        host=host,
        port=port or 25,
        security=told,
        username=username,
        password=secret_of(password),
        has_login=login,
        email=sender,
        helo_name=_helo(setup, service),
        lost=tuple(lost),
    )
    return found if told.encryption == "none" else _with_files(found, setup, service)


def _with_files(found: FoundAccount, setup: _Configuration, service: Mapping[str, str]) -> FoundAccount:
    """Return the account with the private CA, and the certificate that is shown: the first of those of several kinds."""

    def file(*names: str) -> str | None:
        said = (service.get(name) or setup.value(name) for name in names)
        return next((re.split(r"[,\s]+", each.strip())[0] for each in said if each and each != "none"), None)

    lost = []
    folder = file("smtp_tls_CApath")
    if folder and folder.rstrip("/") not in _FOLDERS_OF_THE_SYSTEM and not file("smtp_tls_CAfile"):
        lost.append(
            "smtp_tls_CApath names a folder of CAs; put the one that counts into the project, and write caFile."
        )
    if "fingerprint" in (service.get("smtp_tls_security_level") or setup.value("smtp_tls_security_level")):
        lost.append(
            "The level fingerprint accepts one certificate, or one key, by its digest; write certificate: sha256:… as\n"
            f"    reconciler ca fetch {found.host}:{found.port} --out certs/server.pem\nshows it."
        )
    chain = file("smtp_tls_chain_files")
    return replace(
        found,
        ca_file=private_ca(file("smtp_tls_CAfile")),
        client_certificate=chain or file("smtp_tls_cert_file", "smtp_tls_eccert_file"),
        client_key=None if chain else file("smtp_tls_key_file", "smtp_tls_eckey_file"),
        lost=(*found.lost, *lost),
    )


def _helo(setup: _Configuration, service: Mapping[str, str]) -> str | None:
    """Return the name for EHLO where it is set to one of its own; the host's own name goes without saying."""
    return service.get("smtp_helo_name") or (setup.value("smtp_helo_name") or None)


def _port_named(written: str | None) -> int | None:
    return port_of(written) or _SERVICES.get((written or "").lower())


def _relay(sender: str | None, setup: _Configuration) -> tuple[str, Mapping[str, str], bool]:
    """Return a sender's next hop, the parameters of its transport, and whether that encrypts from the first byte."""
    transport = _looked_up(sender, setup.map_of("sender_dependent_default_transport_maps"))
    hop = ""
    if not transport:
        hop = _looked_up(sender, setup.map_of("sender_dependent_relayhost_maps")) or setup.value("relayhost")
        transport = "" if hop else setup.value("default_transport")
    name, colon, named_hop = transport.partition(":")
    if transport and colon:
        hop = named_hop or hop or setup.value("relayhost")
    name = name if transport and colon else "smtp"
    service = setup.services.get(name, {})
    wrapped = service.get("smtp_tls_wrappermode", setup.value("smtp_tls_wrappermode", "no"))
    is_mail = name in _SMTP_TRANSPORTS or name in setup.services or "smtp" in name
    return (hop if is_mail else ""), service, words.flag(wrapped) is True


def _looked_up(sender: str | None, entries: Mapping[str, str]) -> str:
    if sender is None:
        return entries.get("", "")
    return entries.get(sender) or entries.get(sender[sender.rindex("@") :]) or entries.get("", "")


def _wants_login(setup: _Configuration, service: Mapping[str, str]) -> bool:
    return words.flag(service.get("smtp_sasl_auth_enable", setup.value("smtp_sasl_auth_enable", "no"))) is True


def _login(
    sender: str | None, hop: str, setup: _Configuration, service: Mapping[str, str]
) -> tuple[str | None, str | None, bool]:
    """Return user name and password, and whether there is a login."""
    if not _wants_login(setup, service):
        return None, None, False
    entries = setup.map_of("smtp_sasl_password_maps")
    by_sender = _is_on(setup, "smtp_sender_dependent_authentication") and sender is not None
    found = _looked_up(sender, {key: value for key, value in entries.items() if key}) if by_sender else ""
    bare = hop.replace("[", "").replace("]", "")
    host = bare.rpartition(":")[0] or bare
    for key in (hop.lower(), bare.lower(), f"[{host}]".lower(), host.lower(), ""):
        found = found or entries.get(key, "")
    username, colon, password = found.partition(":")
    return username or None, password if colon else None, bool(found)


def _security(
    hop: str, port: int | None, setup: _Configuration, service: Mapping[str, str], *, is_encrypted: bool
) -> Security:
    policies = {
        key: value.split()[0].lower() for key, value in setup.map_of("smtp_tls_policy_maps").items() if value.split()
    }
    bare = hop.replace("[", "").replace("]", "")
    host = bare.rpartition(":")[0] or bare
    level = next(
        (policies[key] for key in (hop.lower(), bare.lower(), f"[{host}]", host.lower()) if key in policies), ""
    )
    level = level or service.get("smtp_tls_security_level", "") or setup.value("smtp_tls_security_level").lower()
    if not level:
        level = "encrypt" if _is_on(setup, "smtp_enforce_tls") else "may" if _is_on(setup, "smtp_use_tls") else "none"
    if is_encrypted:
        return words.TLS
    if level == "none":
        return words.NONE if port != _IMPLICIT_PORT else words.word("none", port)
    if port == _IMPLICIT_PORT:
        return words.contradiction("port 465 without smtp_tls_wrappermode contradicts itself", port)
    if level in {"may", "dane"}:
        return words.IF_OFFERED
    if level == "encrypt":
        return replace(words.STARTTLS, why="")
    return words.STARTTLS


READER = Postfix()
