"""Autoconfig: the XML in which providers tell mail programs their servers.

A document type declaration is refused before anything is parsed: without one an XML parser reads no other file, and
nothing grows. Outgoing servers are taken in the provider's order, plain ones last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.adoption.source import ReadsAlone, passed_over, port_of, unreadable
from reconciler.model.adoption.found import FoundAccount, SourceReading
from reconciler.rules.adoption import words

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from reconciler.adoption.source import Source
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.adoption.found import Security
    from reconciler.model.servers.terms import Mechanism

_SHAPE = re.compile(r"<\s*clientConfig\b", re.IGNORECASE)
_FORBIDDEN = re.compile(r"<!(?!--|\[CDATA\[)")
_MOST_SERVERS = 20
_MOST_CHARACTERS = 256 * 1024
_SECURITIES: dict[str, Security] = {"ssl": words.TLS, "tls": words.TLS, "starttls": words.STARTTLS, "plain": words.NONE}
_PLACEHOLDERS = {"%emailaddress%": "{email}", "%emaillocalpart%": "{localpart}", "%emaildomain%": "{domain}"}
_MECHANISMS: dict[str, Mechanism] = {"password-encrypted": "cram-md5", "oauth2": "xoauth2"}
_WITH_PASSWORD = frozenset({"password-cleartext", "plain", "password-encrypted", "secure", "oauth2", ""})
_WITHOUT_LOGIN = frozenset({"none", "client-ip-address", "smtp-after-pop"})


class Autoconfig(ReadsAlone):
    """Reads a provider's description of its servers."""

    name = "autoconfig"

    def recognises(self, source: Source) -> bool:
        """Tell it by its root element."""
        return _SHAPE.search(source.text[:10_000]) is not None

    def read(self, source: Source) -> SourceReading:
        """Return the outgoing server that the provider puts first, encrypted ones before others; the rest as remarks.

        It has no address: whose it is is not in the file.
        """
        found = outgoing_servers(source)
        others = [
            f"The provider also names {each.host}:{each.port} ({each.security.encryption}); one server was taken."
            for each in found.accounts[1:]
        ]
        told = [passed_over(source, None, each) for each in others]
        return SourceReading(accounts=found.accounts[:1], problems=(*found.problems, *told))


def outgoing_servers(source: Source) -> SourceReading:
    """Return all outgoing servers, in the provider's order, those without encryption last."""
    root = _parsed(source)
    if not hasattr(root, "iter"):
        return SourceReading(problems=(root,))
    problems: list[Diagnostic] = []
    found = [
        _server(element, number, source, problems)
        for number, element in enumerate(root.iter("outgoingServer"), start=1)
        if element.get("type", "smtp").lower() == "smtp" and number <= _MOST_SERVERS
    ]
    servers = sorted((each for each in found if each is not None), key=lambda each: each.security.encryption == "none")
    if not servers:
        problems.append(passed_over(source, None, "The file names no outgoing server."))
    return SourceReading(accounts=tuple(servers), problems=tuple(problems))


def _parsed(source: Source) -> Element | Diagnostic:
    from xml.etree import ElementTree as ET

    if len(source.text) > _MOST_CHARACTERS:
        return unreadable(source, None, "The file is longer than such a description is. Nothing of it was read.")
    if _FORBIDDEN.search(source.text):
        detail = "The file has a document type declaration, which could read other files. Nothing of it was read."
        return unreadable(source, None, detail)
    try:
        root = ET.fromstring(source.text.encode())  # noqa: S314 - the same
    except (ET.ParseError, ValueError, RecursionError, LookupError):
        return unreadable(source, None, "The file is not XML that can be read. Nothing of it was taken.")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # whatever namespace a provider puts it into
    return root


def _server(element: Element, number: int, source: Source, problems: list[Diagnostic]) -> FoundAccount | None:
    host = _filled(_text(element, "hostname"))
    kind = _text(element, "socketType").lower()
    if not host:
        problems.append(passed_over(source, None, f"Outgoing server {number} has no host."))
        return None
    methods = [(each.text or "").strip().lower() for each in element.findall("authentication")]
    known = [each for each in methods if each in _WITH_PASSWORD]
    # A password before a token: whoever has neither yet has a password sooner.
    method = next((each for each in known if each != "oauth2"), known[0] if known else methods[0] if methods else "")
    port = port_of(_text(element, "port"))
    has_login = method not in _WITHOUT_LOGIN
    lost = () if method in _WITH_PASSWORD | _WITHOUT_LOGIN else ("The way to log in is none that is known here.",)
    return FoundAccount(
        label=f"outgoing server {number}",
        host=host,
        port=port,
        security=_SECURITIES.get(kind, words.unsaid(port)),
        username=_filled(_text(element, "username")) or None if has_login else None,
        has_login=has_login,
        mechanism=_MECHANISMS.get(method),
        lost=lost,
    )


def _text(element: Element, name: str) -> str:
    found = element.find(name)
    return (found.text or "").strip() if found is not None else ""


def _filled(text: str) -> str:
    """Return a text with its placeholders as manifests write them."""
    return re.sub(r"%[A-Z]+%", lambda found: _PLACEHOLDERS.get(found[0].lower(), found[0]), text, flags=re.IGNORECASE)


READER = Autoconfig()
