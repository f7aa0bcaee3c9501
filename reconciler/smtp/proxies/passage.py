"""What is asked of a proxy, as a value, and the faults of asking it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.replies import quoted

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.server import Proxy
    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.wire import Wire

_MAX_SOCKS_OCTETS = 255
"""Of a user name or a password: RFC 1929 counts each in one octet, and SOCKS4 servers keep to the same."""
_SOCKS5_VERSION = b"\x05"
_SOCKS4_REPLIES = (b"\x00\x5a", b"\x00\x5b", b"\x00\x5c", b"\x00\x5d")
_MAX_SAMPLE = 60
_MIN_SAMPLE = 3
"""Shorter words of a proxy, and octets that are no text, help nobody."""
_MAX_SAID_OCTETS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One request: through this proxy, to this host and port."""

    proxy: Proxy
    password: SecretValue | None
    host: str
    """The mail host as the proxy is told it: a name as A-labels, or an address."""
    port: int
    wire: Wire
    """What tells whoever listens of what is said to the proxy, and then over the passage."""

    def __post_init__(self) -> None:
        """Mask the proxy's own credential in what is told."""
        self.wire.masks = self.masks

    def credential(self) -> tuple[bytes, bytes] | None:
        """Return user name and password as they go to the proxy, UTF-8; None without a login.

        Raise ``SmtpFault`` where there is a user name without a password, or one of them cannot be sent. A SOCKS4
        proxy takes a user id alone, so its password stays here.
        """
        if self.proxy.username is None:
            return None
        if self.proxy.type == "socks4":
            return _octets(self, self.proxy.username, _MAX_SOCKS_OCTETS), b""
        if self.password is None:
            raise self.fault("proxyCredentialMissing")
        longest = _MAX_SOCKS_OCTETS if self.proxy.type == "socks5" else None
        username = _octets(self, self.proxy.username, longest)
        if self.proxy.type == "http" and b":" in username:
            reason = "the user name holds a colon, which separates it from the password (RFC 7617)"
            raise self.fault("proxyCredentialUnusable", reason=reason)
        return username, _octets(self, self.password.reveal(), longest)

    def fault(self, code: str, step: CheckName = "proxy", *, said: str | bytes = "", **facts: str) -> SmtpFault:
        """Return a fault; ``said`` are the proxy's words or octets, masked and cleaned here."""
        shown = self.shown(said)
        is_telling = len(shown) >= _MIN_SAMPLE and "\N{REPLACEMENT CHARACTER}" not in shown
        return SmtpFault(code, step=step, facts={**facts, **({"proxy_said": shown} if is_telling else {})})

    def shown(self, said: str | bytes) -> str:
        """Return what a proxy said, fit to be shown: without the credential, without control characters, cut."""
        octets = (said if isinstance(said, bytes) else said.encode("utf-8", "replace"))[:_MAX_SAID_OCTETS]
        return quoted(octets, self.masks, max_characters=_MAX_SAMPLE)

    @property
    def masks(self) -> list[CredentialMask]:
        """What masks the proxy's credential; nothing where there is none."""
        if self.proxy.username is None or self.password is None:
            return []
        mask = CredentialMask(self.proxy.username, self.password)
        mask.hide(basic_credential(self.proxy.username, self.password))
        return [mask]


def basic_credential(username: str, password: SecretValue) -> bytes:
    """Return user name and password as HTTP's Basic scheme sends them, UTF-8. RFC 7617."""
    return base64.b64encode(f"{username}:{password.reveal()}".encode("utf-8", "surrogatepass"))


def speaks_tls(received: bytes) -> bool:
    """Tell whether octets are the beginning of a TLS record, an alert or a handshake. RFC 8446 section 5.1."""
    return received[:2] in {b"\x15\x03", b"\x16\x03"}


def not_socks(passage: Passage, received: bytes) -> SmtpFault:
    """Return the fault for octets of another protocol, and name that protocol where it can be recognised."""
    if received.startswith(b"HT"):
        variant = "http"
    elif speaks_tls(received):
        variant = "tls"
    elif received.startswith(_SOCKS5_VERSION) and passage.proxy.type == "socks4":
        variant = "socks5"
    else:
        variant = "socks4" if received.startswith(_SOCKS4_REPLIES) and passage.proxy.type == "socks5" else ""
    return passage.fault("notAProxy", said=received, variant=variant)


def _octets(passage: Passage, text: str, longest: int | None) -> bytes:
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        raise passage.fault("proxyCredentialUnusable", reason="it is not text that UTF-8 can carry") from None
    if any(refused in octets for refused in (b"\0", b"\r", b"\n")):
        raise passage.fault("proxyCredentialUnusable", reason="it holds a NUL character or a line break")
    if longest is not None and len(octets) > longest:
        reason = f"it is longer than the {longest} octets that can be sent to a {passage.proxy.type} proxy"
        raise passage.fault("proxyCredentialUnusable", reason=reason)
    return octets
