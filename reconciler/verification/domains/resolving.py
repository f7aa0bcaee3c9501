"""One question to name servers, within a limit of time; dnspython is known here alone.

An answer is at most 64 KiB (the limit of DNS over TCP), and what becomes of it is cut to a number of records.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from reconciler.characters import one_line
from reconciler.classes import dataclass
from reconciler.events import tell
from reconciler.model.text.addresses import never_contacted
from reconciler.model.text.nameservers import split_name_server
from reconciler.verification.domains.answers import Answer, Association, DnsTrouble, MailExchange, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dns.name import Name
    from dns.nameserver import Nameserver
    from dns.resolver import Answer as DnsAnswer
    from dns.resolver import NoNameservers, Resolver

    from reconciler.verification.domains.answers import RecordType

_ATTEMPT_SECONDS = 1.0
_MOST_TOLD = 2000
_MOST_RECORDS = 100
_UDP_PAYLOAD = 1232  # avoids fragments, the value of DNS flag day 2020
_SHARE_WITH_EDNS = 0.7
_LEAST_SECONDS = 0.05
_WITHOUT_EDNS = frozenset({"FORMERR", "NOTIMP", "SERVFAIL", "BADVERS"})
"""What a name server replies that does not know EDNS; some say SERVFAIL, which may as well be meant."""
_NO_SUCH_NAME = Answer(exists=False)


@dataclass(frozen=True, slots=True)
class _NoAnswer:
    """One question without an answer."""

    trouble: DnsTrouble
    may_be_edns: bool = False
    """Whether a name server that does not know EDNS would have done the same."""


class NameServers:
    """The name servers of one run; may be used by many threads."""

    def __init__(self, name_servers: Sequence[str], *, system_file: str) -> None:
        """Ask these, each ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; without any those that the system's file names."""
        self._name_servers = tuple(name_servers)
        self._system_file = system_file
        self._lock = threading.Lock()
        self._resolvers: dict[bool, Resolver] = {}
        """By whether they use EDNS."""
        self._goes_without_edns = False

    def ask(self, name: str, record_type: RecordType, seconds: float) -> Answer | DnsTrouble:
        """Return the outcome of a question; asked again without EDNS where the first has none.

        A name server that knows no EDNS may answer FORMERR, NOTIMP or SERVFAIL, or not at all (RFC 6891 section 7).
        """
        outcome = self._asked(name, record_type, seconds)
        tell("said", speaker="note", text=f"DNS: {record_type} {name}: {_in_words(outcome)}")
        return outcome

    def _asked(self, name: str, record_type: RecordType, seconds: float) -> Answer | DnsTrouble:
        began_at = time.monotonic()
        uses_edns = not self._goes_without_edns
        first_seconds = seconds * _SHARE_WITH_EDNS if uses_edns else seconds
        outcome = self._asked_once(name, record_type, first_seconds, uses_edns=uses_edns)
        if not uses_edns or not isinstance(outcome, _NoAnswer) or not outcome.may_be_edns:
            return outcome.trouble if isinstance(outcome, _NoAnswer) else outcome
        left = seconds - (time.monotonic() - began_at)
        again = self._asked_once(name, record_type, max(left, _LEAST_SECONDS), uses_edns=False)
        if isinstance(again, Answer):
            self._goes_without_edns = True
            return again
        return again.trouble

    def _asked_once(self, name: str, record_type: RecordType, seconds: float, *, uses_edns: bool) -> Answer | _NoAnswer:
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            resolver = self._ready_resolver(uses_edns=uses_edns)
            answer = resolver.resolve(
                _dns_name(name), record_type, lifetime=seconds, search=False, raise_on_no_answer=False
            )
            return _told(answer, record_type)
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return _NO_SUCH_NAME  # also for what no name in the DNS can be (RFC 7208 section 4.3)
        except (_NoServerAllowed, dns.exception.DNSException, OSError, ValueError) as fault:
            return _no_answer(fault, name)

    def _ready_resolver(self, *, uses_edns: bool) -> Resolver:
        with self._lock:
            if uses_edns not in self._resolvers:
                resolver = self._new_resolver()
                if uses_edns:
                    resolver.use_edns(0, 0, _UDP_PAYLOAD)
                self._resolvers[uses_edns] = resolver
            return self._resolvers[uses_edns]

    def _new_resolver(self) -> Resolver:
        import dns.flags
        import dns.nameserver
        import dns.resolver

        resolver = dns.resolver.Resolver(self._system_file, configure=not self._name_servers)
        if self._name_servers:
            addresses = (split_name_server(written) for written in self._name_servers)
            resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in addresses]
        if not resolver.nameservers:
            raise dns.resolver.NoResolverConfiguration
        resolver.nameservers = [server for server in resolver.nameservers if _may_be_asked(server)]
        if not resolver.nameservers:
            raise _NoServerAllowed
        # AD in a question asks a resolver to tell whether it validated the answer (RFC 6840 section 5.7).
        resolver.flags = dns.flags.RD | dns.flags.AD
        resolver.timeout = _ATTEMPT_SECONDS
        return resolver


def _in_words(outcome: Answer | DnsTrouble) -> str:
    """Return an outcome as a line of a transcript tells it."""
    if isinstance(outcome, DnsTrouble):
        return outcome.code
    if not outcome.exists:
        return "no such name"
    records: tuple[object, ...] = (
        *(text.decode("utf-8", "backslashreplace") for text in outcome.texts),
        *(f"{each.preference} {each.host}" for each in outcome.exchanges),
        *outcome.addresses,
        *outcome.names,
        *outcome.associations,
        *outcome.services,
    )
    return one_line("; ".join(str(record) for record in records) or "no record", limit=_MOST_TOLD)


def _no_answer(fault: Exception, name: str) -> _NoAnswer:
    """Return what an exception of a question says."""
    import dns.exception
    import dns.resolver

    if isinstance(fault, _NoServerAllowed):
        return _NoAnswer(DnsTrouble("nameserverForbidden", name))
    if isinstance(fault, dns.resolver.NoResolverConfiguration):
        return _NoAnswer(DnsTrouble("noNameservers", name))
    if isinstance(fault, dns.exception.Timeout):
        return _NoAnswer(DnsTrouble("dnsTimedOut", name), may_be_edns=True)
    codes = _reply_codes(fault) if isinstance(fault, dns.resolver.NoNameservers) else set()
    trouble = DnsTrouble("dnsFailed", name, is_refused=codes == {"REFUSED"})  # or an answer that is none, no network
    return _NoAnswer(trouble, may_be_edns=bool(codes & _WITHOUT_EDNS))


def _reply_codes(none: NoNameservers) -> set[str]:
    """Return what each name server replied, such as REFUSED, where it replied at all."""
    import dns.rcode

    replies = [each[-1] for each in none.kwargs.get("errors", ())]
    return {dns.rcode.to_text(reply.rcode()) for reply in replies if reply is not None}


def _dns_name(name: str) -> Name:
    """Return a name of any characters; nothing in it is an escape, as it would be in a zone file."""
    import dns.name

    return dns.name.Name([*(label.encode() for label in name.split(".")), b""])


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
    import dns.flags

    is_alias = answer.canonical_name != answer.qname
    records: list[Any] = list(answer.rrset or ())[:_MOST_RECORDS]
    is_authentic = bool(answer.response.flags & dns.flags.AD)
    return replace(_READ[record_type](records, is_alias), is_authentic=is_authentic)


def _texts(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - one of a table of functions
    seams = {b"".join(each.strings): _seams(each.strings) for each in records}
    texts = tuple(sorted(b"".join(each.strings) for each in records))
    return Answer(exists=True, is_alias=is_alias, texts=texts, seams=seams)


def _seams(strings: Sequence[bytes]) -> tuple[int, ...]:
    return tuple(accumulate(len(each) for each in strings))[:-1]


def _exchanges(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - the same
    named = ((each.preference, each.exchange.to_text(omit_final_dot=True).lower()) for each in records)
    ordered = sorted((preference, "" if host in {".", "@"} else host) for preference, host in named)
    return Answer(exists=True, is_alias=is_alias, exchanges=tuple(MailExchange(*each) for each in ordered))


def _addresses(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - the same
    return Answer(exists=True, is_alias=is_alias, addresses=tuple(sorted(each.address for each in records)))


def _names(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - the same
    names = tuple(sorted(each.target.to_text(omit_final_dot=True).lower() for each in records))
    return Answer(exists=True, is_alias=is_alias, names=names)


def _primary(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - the same
    names = () if is_alias else tuple(each.mname.to_text(omit_final_dot=True).lower() for each in records)
    return Answer(exists=True, is_alias=is_alias, names=names)


def _associations(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - the same
    found = sorted(Association(each.usage, each.selector, each.mtype, each.cert) for each in records)
    return Answer(exists=True, is_alias=is_alias, associations=tuple(found))


def _services(records: list[Any], is_alias: bool) -> Answer:  # noqa: FBT001 - the same
    found = sorted(
        (
            Service(each.priority, each.weight, each.port, each.target.to_text(omit_final_dot=True).lower().strip(".@"))
            for each in records
        ),
        key=lambda each: (each.priority, -each.weight, each.target),
    )
    return Answer(exists=True, is_alias=is_alias, services=tuple(found))


_READ: dict[RecordType, Callable[[list[Any], bool], Answer]] = {
    "TXT": _texts,
    "MX": _exchanges,
    "A": _addresses,
    "AAAA": _addresses,
    "PTR": _names,
    "TLSA": _associations,
    "SOA": _primary,
    "SRV": _services,
}
