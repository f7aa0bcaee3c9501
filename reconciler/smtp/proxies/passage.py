"""What is asked of a proxy, as a value, and the faults of asking it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.replies import quoted

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.terms import ProxyType
    from reconciler.model.verification.evidence import CheckName

MAX_SOCKS5_OCTETS = 127
"""Of a user name, a password, a host name: RFC 1928 and 1929 have room for 255; PySocks writes 128 and more wrongly."""
_MAX_SOCKS4_OCTETS = 255
_MAX_SAMPLE = 60
_MIN_SAMPLE = 3
"""Shorter words of a proxy, and octets that are no text, help nobody."""
_MAX_SAID_OCTETS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy, and who logs in there; its password travels apart from it."""

    type: ProxyType
    host: str
    port: int
    username: str | None = None
    """For socks4 the user id; None: no login."""
    resolves_remotely: bool = True
    """Whether the proxy looks the mail host up; otherwise this machine does."""

    def __str__(self) -> str:
        """Return the proxy in words: ``socks5 proxy proxy.example.com:1080``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.type} proxy {host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One request: through this proxy, to this host and port."""

    proxy: Proxy
    password: SecretValue | None
    host: str
    """The mail host as the proxy is told it: a name as A-labels, or an address."""
    port: int

    def credential(self) -> tuple[bytes, bytes] | None:
        """Return user name and password as they go to the proxy, UTF-8; None without a login.

        Raise ``SmtpFault`` where there is a user name without a password, or one of them cannot be sent. A SOCKS4
        proxy takes a user id alone, so its password stays here.
        """
        if self.proxy.username is None:
            return None
        if self.proxy.type == "socks4":
            return _octets(self, self.proxy.username, _MAX_SOCKS4_OCTETS), b""
        if self.password is None:
            raise self.fault("proxyCredentialMissing")
        longest = MAX_SOCKS5_OCTETS if self.proxy.type == "socks5" else None
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
        masks: list[CredentialMask] = []
        if self.proxy.username is not None and self.password is not None:
            masks.append(CredentialMask(self.proxy.username, self.password))
            masks[0].hide(basic_credential(self.proxy.username, self.password))
        return quoted(octets, masks, max_characters=_MAX_SAMPLE)


def basic_credential(username: str, password: SecretValue) -> bytes:
    """Return user name and password as HTTP's Basic scheme sends them, UTF-8. RFC 7617."""
    return base64.b64encode(f"{username}:{password.reveal()}".encode("utf-8", "surrogatepass"))


def _octets(passage: Passage, text: str, longest: int | None) -> bytes:
    try:
        octets = text.encode()
    except UnicodeEncodeError:
        raise passage.fault("proxyCredentialUnusable", reason="it is not text that UTF-8 can carry") from None
    if b"\0" in octets:
        raise passage.fault("proxyCredentialUnusable", reason="it holds a NUL character")
    if longest is not None and len(octets) > longest:
        reason = f"it is longer than the {longest} octets that can be sent to a {passage.proxy.type} proxy"
        raise passage.fault("proxyCredentialUnusable", reason=reason)
    return octets
