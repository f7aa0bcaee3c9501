"""Questions to name servers, each asked once in a run, within limits of time; dnspython is known here alone.

An answer is at most 64 KiB (the limit of DNS over TCP), and what becomes of it is cut to a number of records.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from reconciler.model.text.addresses import never_contacted
from reconciler.model.text.nameservers import split_name_server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dns.nameserver import Nameserver
    from dns.resolver import Answer as DnsAnswer
    from dns.resolver import Resolver

    from reconciler.smtp.deadline import Deadline

QUERY_SECONDS = 3.0
"""How long one question may take, all name servers and attempts together."""

RecordType = Literal["TXT", "MX", "A", "AAAA"]
TroubleCode = Literal["dnsTimedOut", "dnsFailed", "nameserverForbidden", "noNameservers"]

_ATTEMPT_SECONDS = 1.0
_MOST_RECORDS = 100
_UDP_PAYLOAD = 1232  # avoids fragments, the value of DNS flag day 2020
_SILENT_QUESTIONS_BEFORE_GIVING_UP = 6


class DnsTrouble(Exception):
    """A question got no answer, neither yes nor no; a later one may."""

    def __init__(self, code: TroubleCode, name: str) -> None:
        """Keep the code of the trouble and the name asked for."""
        super().__init__(f"{code}: {name}")
        self.code = code
        self.name = name


@dataclass(frozen=True, slots=True)
class MailExchange:
    """One MX record; ``host`` is in lower case without the final dot, empty for the root."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a name and a record type; everything is empty where there is no such record."""

    exists: bool
    """False where the name itself does not exist (NXDOMAIN)."""
    is_alias: bool = False
    """Whether a CNAME led from the name to the records."""
    texts: tuple[bytes, ...] = ()
    """TXT records, the strings of each joined (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2)."""
    exchanges: tuple[MailExchange, ...] = ()
    """MX records, the most preferred first."""
    addresses: tuple[str, ...] = ()
    """A or AAAA records."""

    @property
    def is_void(self) -> bool:
        """Whether the question brought nothing (RFC 7208 section 4.6.4)."""
        return not (self.texts or self.exchanges or self.addresses)


_NO_SUCH_NAME = Answer(exists=False)


@dataclass(slots=True)
class _Asked:
    """One question's outcome, once there is one."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    outcome: Answer | DnsTrouble | None = None


class Lookups:
    """The questions of one run and their answers; may be used by many threads."""

    def __init__(
        self,
        name_servers: Sequence[str] = (),
        *,
        query_seconds: float = QUERY_SECONDS,
        system_file: str = "/etc/resolv.conf",
    ) -> None:
        """Ask these name servers, each ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; without any the system's.

        ``system_file`` names the system's, except on Windows.
        """
        self._name_servers = tuple(name_servers)
        self._system_file = system_file
        self._query_seconds = query_seconds
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, RecordType], _Asked] = {}
        self._resolver: Resolver | None = None
        self._has_answered = False
        self._silent_questions = 0

    def ask(self, name: str, record_type: RecordType, *, deadline: Deadline) -> Answer:
        """Return the answer to a question; raise ``DnsTrouble`` where there is none.

        ``name`` is ASCII without final dot. Whoever asks what is being asked already waits for that answer.
        """
        key = (name.lower(), record_type)
        with self._lock:
            asked = self._asked.setdefault(key, _Asked())
        with asked.lock:
            outcome = asked.outcome
            if outcome is None:
                outcome, is_final = self._outcome(*key, deadline)
                asked.outcome = outcome if is_final else None
        if isinstance(outcome, DnsTrouble):
            raise DnsTrouble(outcome.code, outcome.name)
        return outcome

    def _outcome(self, name: str, record_type: RecordType, deadline: Deadline) -> tuple[Answer | DnsTrouble, bool]:
        """Return the outcome, and whether it would be the same for somebody with more time left."""
        try:
            seconds = min(self._query_seconds, deadline.remaining_seconds())
        except TimeoutError:
            return DnsTrouble("dnsTimedOut", name), False
        if not self._has_answered and self._silent_questions >= _SILENT_QUESTIONS_BEFORE_GIVING_UP:
            return DnsTrouble("dnsTimedOut", name), True
        outcome = self._query(name, record_type, seconds)
        is_silent = isinstance(outcome, DnsTrouble) and outcome.code == "dnsTimedOut"
        with self._lock:
            self._has_answered |= not is_silent
            self._silent_questions += is_silent
        return outcome, not is_silent or seconds == self._query_seconds

    def _query(self, name: str, record_type: RecordType, seconds: float) -> Answer | DnsTrouble:
        import dns.exception
        import dns.resolver

        try:
            answer = self._ready_resolver().resolve(
                name + ".", record_type, lifetime=seconds, search=False, raise_on_no_answer=False
            )
            return _told(answer, record_type)
        except dns.resolver.NXDOMAIN:
            return _NO_SUCH_NAME
        except _NoServerAllowed:
            return DnsTrouble("nameserverForbidden", name)
        except dns.resolver.NoResolverConfiguration:
            return DnsTrouble("noNameservers", name)
        except dns.exception.Timeout:
            return DnsTrouble("dnsTimedOut", name)
        except (dns.exception.DNSException, OSError, ValueError):
            return DnsTrouble("dnsFailed", name)  # refused, SERVFAIL, answers that are none, a network that is away

    def _ready_resolver(self) -> Resolver:
        import dns.nameserver
        import dns.resolver

        with self._lock:
            if self._resolver is None:
                resolver = dns.resolver.Resolver(self._system_file, configure=not self._name_servers)
                if self._name_servers:
                    addresses = (split_name_server(written) for written in self._name_servers)
                    resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in addresses]
                if not resolver.nameservers:
                    raise dns.resolver.NoResolverConfiguration
                resolver.nameservers = [server for server in resolver.nameservers if _may_be_asked(server)]
                if not resolver.nameservers:
                    raise _NoServerAllowed
                resolver.use_edns(0, 0, _UDP_PAYLOAD)
                resolver.timeout = _ATTEMPT_SECONDS
                self._resolver = resolver
            return self._resolver


class _NoServerAllowed(Exception):
    """Every name server has an address that is never contacted."""


def _may_be_asked(server: str | Nameserver) -> bool:
    """Tell whether a name server may be contacted; the system's file gives addresses as text."""
    import dns.nameserver

    address = server.address if isinstance(server, dns.nameserver.AddressAndPortNameserver) else str(server)
    try:
        return never_contacted(address) is None
    except ValueError:
        return False


def _told(answer: DnsAnswer, record_type: RecordType) -> Answer:
    is_alias = answer.canonical_name != answer.qname
    records: list[Any] = list(answer.rrset or ())[:_MOST_RECORDS]
    return _READ[record_type](records, is_alias)


def _texts(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - one of a table of functions
    return Answer(exists=True, is_alias=is_alias, texts=tuple(sorted(b"".join(each.strings) for each in records)))


def _exchanges(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - the same
    named = ((each.preference, each.exchange.to_text(omit_final_dot=True).lower()) for each in records)
    ordered = sorted((preference, "" if host in {".", "@"} else host) for preference, host in named)
    return Answer(exists=True, is_alias=is_alias, exchanges=tuple(MailExchange(*each) for each in ordered))


def _addresses(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - the same
    return Answer(exists=True, is_alias=is_alias, addresses=tuple(sorted(each.address for each in records)))


_READ: dict[RecordType, Callable[[list[Any], bool], Answer]] = {
    "TXT": _texts,
    "MX": _exchanges,
    "A": _addresses,
    "AAAA": _addresses,
}
