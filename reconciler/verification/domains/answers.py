"""What name servers answer, as values."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

RecordType = Literal["TXT", "MX", "A", "AAAA", "PTR", "TLSA", "SOA", "SRV"]
TroubleCode = Literal["dnsTimedOut", "dnsFailed", "nameserverForbidden", "noNameservers"]


class DnsTrouble(Exception):
    """A question got no answer, neither yes nor no; a later one may."""

    def __init__(self, code: TroubleCode, name: str, *, is_refused: bool = False) -> None:
        """Keep the code of the trouble, the name asked for, and whether name servers refuse to speak of it."""
        super().__init__(f"{code}: {name}")
        self.code = code
        self.name = name
        self.is_refused = is_refused


@dataclass(frozen=True, slots=True)
class MailExchange:
    """One MX record; ``host`` is in lower case without the final dot, empty for the root."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True, order=True)
class Association:
    """One TLSA record (RFC 6698 section 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record (RFC 2782); ``target`` is in lower case without the final dot, empty for the root."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a name and a record type; everything is empty where there is no such record."""

    exists: bool
    """False where the name itself does not exist (NXDOMAIN)."""
    is_authentic: bool = False
    """Whether the name server says that it validated the answer by DNSSEC (AD, RFC 4035 section 3.2.3)."""
    is_alias: bool = False
    """Whether a CNAME led from the name to the records."""
    texts: tuple[bytes, ...] = ()
    """TXT records, the strings of each joined (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2)."""
    exchanges: tuple[MailExchange, ...] = ()
    """MX records, the most preferred first."""
    addresses: tuple[str, ...] = ()
    """A or AAAA records."""
    names: tuple[str, ...] = ()
    """What PTR records lead to, and the primary server of an SOA record, in lower case without the final dot."""
    associations: tuple[Association, ...] = ()
    """TLSA records."""
    services: tuple[Service, ...] = ()
    """SRV records, the most preferred first, and of those the heaviest."""
    seams: Mapping[bytes, tuple[int, ...]] = field(default_factory=dict)
    """Of TXT records that are made of several strings: the lengths at which one string ends and the next begins."""

    @property
    def is_void(self) -> bool:
        """Whether the question brought nothing (RFC 7208 section 4.6.4)."""
        return not (self.texts or self.exchanges or self.addresses or self.names or self.associations or self.services)
