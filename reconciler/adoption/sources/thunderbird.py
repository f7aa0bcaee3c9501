"""Thunderbird: ``prefs.js``, read line by line and never executed.

An identity has the address and the name, an outgoing server the rest; they are joined by the identity's ``smtpServer``,
else by ``mail.smtp.defaultserver``. Passwords are not in the file.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.adoption.source import ReadsAlone, passed_over, port_of
from reconciler.model.adoption.found import FoundAccount, FoundProxy, SourceReading
from reconciler.rules.adoption import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.adoption.source import Source
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.adoption.found import Security
    from reconciler.model.servers.terms import Mechanism

_PREFERENCE = re.compile(
    r"(?:user_|sticky_|lock)?pref\(\s*(?P<key>\"(?:[^\"\\]|\\.)*\")\s*,\s*"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|-?\d{1,15}|true|false)\s*(?:,\s*\w+\s*)?\)\s*;?\s*(?://.*)?\Z"
)
_SHAPE = re.compile(r"^\s*user_pref\(\s*\"mail\.", re.MULTILINE)
_PART = re.compile(r"mail\.(?P<what>identity|smtpserver)\.(?P<which>[^.]+)\.(?P<setting>.+)\Z")
_HEADERS = ("//", "#", "/*", "*")
_SECURITIES: dict[str, Security] = {"0": words.NONE, "1": words.IF_OFFERED, "2": words.STARTTLS, "3": words.TLS}
_MECHANISMS: dict[str, Mechanism] = {"4": "cram-md5", "10": "xoauth2"}
_NO_LOGIN = "1"
_PROXY_BY_HAND, _PROXY_PORT = "1", 1080
_UNKNOWN_METHODS = {"5": "Kerberos", "6": "NTLM", "7": "a client certificate"}
_NO_PASSWORDS = "Thunderbird keeps passwords elsewhere, encrypted; set the variable that the manifest names."


class Thunderbird(ReadsAlone):
    """Reads a profile's preferences."""

    name = "thunderbird"

    def recognises(self, source: Source) -> bool:
        """Tell it by preferences of mail."""
        return _SHAPE.search(source.text) is not None

    def read(self, source: Source) -> SourceReading:
        """Return an account for each identity with an address, and those servers that no identity uses as remarks."""
        problems: list[Diagnostic] = []
        preferences, lines = _preferences(source, problems)
        parts: dict[str, dict[str, dict[str, str]]] = {"identity": defaultdict(dict), "smtpserver": defaultdict(dict)}
        for key, value in preferences.items():
            matched = _PART.match(key)
            if matched is not None:
                parts[matched["what"]][matched["which"]][matched["setting"]] = value
        servers, accounts, used = parts["smtpserver"], [], set[str]()
        for identity, said in parts["identity"].items():
            server = said.get("smtpServer") or preferences.get("mail.smtp.defaultserver", "")
            line = lines.get(f"mail.identity.{identity}.useremail")
            if "@" not in said.get("useremail", ""):
                continue
            if servers.get(server, {}).get("type", "smtp").lower() != "smtp":
                used.add(server)
                problems.append(passed_over(source, line, f"Identity {identity} sends by another way than SMTP."))
                continue
            if server not in servers or not servers[server].get("hostname"):
                problems.append(passed_over(source, line, f"Identity {identity} has no outgoing server."))
                continue
            used.add(server)
            accounts.append(replace(_account(identity, said, servers[server], line), proxy=_proxy(preferences)))
        for server in servers.keys() - used:
            line = lines.get(f"mail.smtpserver.{server}.hostname")
            problems.append(passed_over(source, line, f"No identity sends through the outgoing server {server}."))
        return SourceReading(accounts=tuple(accounts), problems=tuple(problems))


def _proxy(said: Mapping[str, str]) -> FoundProxy | None:
    """Return the SOCKS proxy that is set by hand. Proxies for the web are left out, since mail does not go through them."""
    host = said.get("network.proxy.socks", "").strip()
    if said.get("network.proxy.type") != _PROXY_BY_HAND or not host:
        return None
    return FoundProxy(
        type="socks4" if said.get("network.proxy.socks_version") == "4" else "socks5",
        host=host,
        port=port_of(said.get("network.proxy.socks_port")) or _PROXY_PORT,
        resolves_remotely=said.get("network.proxy.socks_remote_dns") != "false",
    )


def _preferences(source: Source, problems: list[Diagnostic]) -> tuple[dict[str, str], dict[str, int]]:
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    is_told = False
    for number, line in enumerate(source.text.split("\n"), start=1):
        written = line.strip()
        if not written or written.startswith(_HEADERS):
            continue
        matched = _PREFERENCE.match(written)
        if matched is None:
            if not is_told:
                detail = "The line is no preference with a value that is written out. It was not run, nor are others like it."
                problems.append(passed_over(source, number, detail))
            is_told = True
            continue
        key, value = _text(matched["key"]), _text(matched["value"])
        if key is not None and value is not None:
            found[key], lines[key] = value, number
    return found, lines


def _text(literal: str) -> str | None:
    if not literal.startswith('"'):
        return literal
    try:
        text: str = json.loads(literal, strict=False)
    except ValueError:
        return None
    return text


def _account(identity: str, said: Mapping[str, str], server: Mapping[str, str], line: int | None) -> FoundAccount:
    method = server.get("authMethod", "3")
    lost = [] if method == _NO_LOGIN else [_NO_PASSWORDS]
    if method in _UNKNOWN_METHODS:
        lost.append(f"The login is by {_UNKNOWN_METHODS[method]}, which is not a mechanism here.")
    if server.get("clientid"):
        lost.append("The client id that Thunderbird gives some servers is not sent here.")
    security = _SECURITIES.get(server.get("try_ssl", "0"), words.unsaid(port_of(server.get("port"))))
    port = port_of(server.get("port"))
    return FoundAccount(
        label=identity,
        line=line,
        host=server["hostname"],
        port=port or (465 if security.encryption == "tls" else 587 if security.encryption == "starttls" else 25),
        security=security,
        username=server.get("username") or None,
        has_login=method != _NO_LOGIN,
        email=said["useremail"],
        display_name=said.get("fullName") or None,
        reply_to=said.get("reply_to") or None,
        helo_name=server.get("hello_argument") or None,
        mechanism=_MECHANISMS.get(method),
        lost=tuple(lost),
    )


READER = Thunderbird()
