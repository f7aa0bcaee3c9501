"""A small name server on the loopback interface that answers from zone text, over UDP and TCP.

    with NameServer("example.com. TXT \"v=spf1 -all\"") as server:
        ...  # ask 127.0.0.1, server.port; server.address is what verification.nameservers takes

A zone text has lines ``NAME TYPE DATA``; names are absolute. A name below which others stand exists without records.
Misbehaviour is by name: ``silent``, ``servfail``, ``refused``, ``wrong_id`` first answers with another id, ``rubbish``
with octets that are no message; ``formerr``, ``notimp``, ``edns_servfail`` and ``edns_silent`` answer so to questions
with EDNS only. A CNAME is followed as a resolver does it, and ``*.example.com`` answers as a wildcard (RFC 4592). A
server that is ``validating`` says of every answer that it validated it (AD).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Literal, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

Misbehaviour = Literal[
    "silent", "servfail", "refused", "wrong_id", "rubbish", "formerr", "notimp", "edns_servfail", "edns_silent"
]
_REPLY_CODES: Mapping[str, dns.rcode.Rcode] = {
    "servfail": dns.rcode.SERVFAIL,
    "refused": dns.rcode.REFUSED,
    "formerr": dns.rcode.FORMERR,
    "notimp": dns.rcode.NOTIMP,
    "edns_servfail": dns.rcode.SERVFAIL,
}
_ABOUT_EDNS = frozenset({"formerr", "notimp", "edns_servfail", "edns_silent"})
_TTL = 60
_MOST_ALIASES = 8
_WAIT_SECONDS = 0.1
_MAX_DATAGRAM = 65535
_TCP_SECONDS = 5.0
_Key = tuple[dns.name.Name, dns.rdatatype.RdataType]


class NameServer:
    """The server; ``asked`` counts the questions by name and type, such as ``("example.com", "TXT")``."""

    host = "127.0.0.1"

    def __init__(
        self, zone: str = "", *, misbehaviour: Mapping[str, Misbehaviour] | None = None, is_validating: bool = False
    ) -> None:
        """Read the zone text; nothing listens yet."""
        self._is_validating = is_validating
        self.asked: Counter[tuple[str, str]] = Counter()
        self._records: dict[_Key, list[dns.rdata.Rdata]] = defaultdict(list)
        self._misbehaviour = {_name(name): kind for name, kind in (misbehaviour or {}).items()}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._threads: list[threading.Thread] = []
        for line in zone.splitlines():
            if line.strip():
                name, kind, text = line.split(None, 2)
                self.add(name, kind, text)

    @property
    def port(self) -> int:
        """The port, of UDP and TCP alike."""
        return int(self._udp.getsockname()[1])

    @property
    def address(self) -> str:
        """The address as ``verification.nameservers`` takes it."""
        return f"{self.host}:{self.port}"

    def add(self, name: str, kind: str, text: str) -> None:
        """Add one record, its data as in a zone file."""
        record_type = dns.rdatatype.from_text(kind)
        self._records[_name(name), record_type].append(dns.rdata.from_text(dns.rdataclass.IN, record_type, text))

    def add_text(self, name: str, text: bytes) -> None:
        """Add a TXT record of any octets, in strings of at most 255."""
        strings = [text[at : at + 255] for at in range(0, len(text), 255)] or [b""]
        wire = b"".join(bytes([len(each)]) + each for each in strings)
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.TXT, wire, 0, len(wire))
        self._records[_name(name), dns.rdatatype.TXT].append(rdata)

    def clear(self) -> None:
        """Forget every record."""
        self._records.clear()

    def recover(self) -> None:
        """Behave from now on."""
        self._misbehaviour.clear()

    def questions(self) -> int:
        """Return how many questions came in all."""
        return sum(self.asked.values())

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._bind()
        for serve in (self._serve_udp, self._serve_tcp):
            thread = threading.Thread(target=serve, daemon=True, name="test name server")
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait for the threads."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def _bind(self) -> None:
        for _ in range(20):
            self._udp.bind((self.host, 0))
            try:
                self._tcp.bind((self.host, self.port))
                break
            except OSError:  # the same port is taken for TCP
                self._udp.close()
                self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp.listen()
        self._udp.settimeout(_WAIT_SECONDS)
        self._tcp.settimeout(_WAIT_SECONDS)

    def _serve_udp(self) -> None:
        while not self._stopped.is_set():
            try:
                wire, client = self._udp.recvfrom(_MAX_DATAGRAM)
            except TimeoutError:
                continue
            for reply in self._replies(wire, over_tcp=False):
                self._udp.sendto(reply, client)

    def _serve_tcp(self) -> None:
        while not self._stopped.is_set():
            try:
                connected, _ = self._tcp.accept()
            except TimeoutError:
                continue
            with connected, contextlib.suppress(OSError, struct.error):
                connected.settimeout(_TCP_SECONDS)
                with connected.makefile("rb") as stream:
                    (length,) = struct.unpack("!H", stream.read(2))
                    for reply in self._replies(stream.read(length), over_tcp=True):
                        connected.sendall(struct.pack("!H", len(reply)) + reply)

    def _replies(self, wire: bytes, *, over_tcp: bool) -> list[bytes]:
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return []
        question = query.question[0]
        with self._lock:
            asked = question.name.to_text(omit_final_dot=True).lower()
            self.asked[asked, dns.rdatatype.to_text(question.rdtype)] += 1
        misbehaviour = self._misbehaviour.get(question.name)
        if misbehaviour in _ABOUT_EDNS and query.edns < 0:
            misbehaviour = None
        if misbehaviour in {"silent", "edns_silent"}:
            return []
        if misbehaviour == "rubbish":
            return [wire[:2] + b"\x85\x80rubbish"]
        reply = self._answer(query, question, misbehaviour)
        limit = _MAX_DATAGRAM if over_tcp else min(query.payload or 512, 1232)
        octets = _wire_of(reply, limit)
        if misbehaviour == "wrong_id":
            return [bytes([octets[0] ^ 0xFF]) + octets[1:], octets]
        return [octets]

    def _answer(
        self, query: dns.message.Message, question: dns.rrset.RRset, misbehaviour: Misbehaviour | None
    ) -> dns.message.Message:
        reply = dns.message.make_response(query, recursion_available=True)
        if misbehaviour is not None and misbehaviour in _REPLY_CODES:
            if misbehaviour in _ABOUT_EDNS:
                reply.use_edns(edns=False)
            reply.set_rcode(_REPLY_CODES[misbehaviour])
            return reply
        if self._is_validating and query.flags & dns.flags.AD:
            reply.flags |= dns.flags.AD
        name = question.name
        for _ in range(_MOST_ALIASES):
            aliases = self._records.get((name, dns.rdatatype.CNAME))
            if not aliases:
                break
            reply.answer.append(dns.rrset.from_rdata_list(name, _TTL, aliases))
            name = aliases[0].target  # type: ignore[attr-defined]
        records = self._records.get((name, question.rdtype)) or self._from_wildcard(name, question.rdtype)
        if records:
            reply.answer.append(dns.rrset.from_rdata_list(name, _TTL, records))
        elif not any(known.is_subdomain(name) for known, _ in self._records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def _from_wildcard(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> list[dns.rdata.Rdata]:
        """Return the records of the nearest wildcard above a name that does not exist itself."""
        if any(known.is_subdomain(name) for known, _ in self._records):
            return []
        above = name
        while above != dns.name.root:
            above = above.parent()
            if any(known.is_subdomain(above) for known, _ in self._records):
                return self._records.get((dns.name.Name((b"*", *above.labels)), kind), [])
        return []


def _name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def _wire_of(reply: dns.message.Message, limit: int) -> bytes:
    """Return the reply; empty and marked as truncated where it is longer than the limit."""
    try:
        return reply.to_wire(max_size=limit)
    except dns.exception.TooBig:
        reply.answer.clear()
        reply.flags |= dns.flags.TC
        return reply.to_wire(max_size=limit)
