"""What is said in EHLO, and what is read from a banner and from the answer. RFC 5321 sections 3.2, 4.1.1.1, 4.1.4."""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.model.text.domains import NotADomain, domain_to_ascii, host_to_ascii

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.smtp.replies import Reply

_KEYWORD = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}\Z")
_OTHER_PROTOCOL = re.compile(r"\bLMTP\b|FTPd?\b|\bPOP3?\b|\bIMAP4?\b|\bNNTP\b", re.IGNORECASE)
_SMTP = re.compile(r"\bE?SMTP\b", re.IGNORECASE)


def names_another_protocol(banner: str) -> bool:
    """Tell whether a banner names a protocol that begins as SMTP does, such as LMTP or FTP, and not SMTP."""
    return bool(_OTHER_PROTOCOL.search(banner)) and not _SMTP.search(banner)


def helo_argument(helo_name: str | None, local_address: str) -> str:
    """Return the argument of EHLO: the name given, this machine's if it is a full one, or its address as a literal.

    RFC 5321 section 4.1.4 asks for an address literal where there is no meaningful name.
    """
    if helo_name:
        name = host_to_ascii(helo_name)
        return _literal(name) if _is_address(name) else name
    own = socket.gethostname()
    try:
        name = domain_to_ascii(own)
    except NotADomain:
        return _literal(local_address)
    return name if "." in name and not _is_address(name) else _literal(local_address)


def parse_extensions(reply: Reply) -> dict[str, str]:
    """Return the extensions of an EHLO reply, keyword to parameters, in upper case; ``AUTH=LOGIN`` counts too."""
    remembers = reply.unmasked is None  # what holds a secret is not kept beyond the conversation
    return dict((_remembered if remembers else _extensions_of)(reply.heard[1:]))


def _extensions_of(lines: tuple[str, ...]) -> Mapping[str, str]:
    """Return the same of its further lines."""
    extensions: dict[str, str] = {}
    for line in lines:
        keyword, _, parameters = line.upper().replace("AUTH=", "AUTH ", 1).partition(" ")
        if _KEYWORD.match(keyword):
            words = [word for word in parameters.split() if keyword != "AUTH" or _KEYWORD.match(word)]
            extensions[keyword] = " ".join([*extensions.get(keyword, "").split(), *words])
    return extensions


_remembered = lru_cache(maxsize=64)(_extensions_of)
"""A server offers the same to everybody."""


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdecimal()


def _literal(address: str) -> str:
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
