"""``check_host``: what receivers conclude from a domain's SPF record about one address (RFC 7208 sections 4 to 7)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Literal

from reconciler.classes import dataclass
from reconciler.verification.domains.answers import DnsTrouble
from reconciler.verification.domains.spf_macros import MacroError, expanded, require_macros, shortened
from reconciler.verification.domains.spf_record import SpfRecord, SpfSyntaxError, Term, is_name, is_spf, parse_spf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.answers import Answer, RecordType
    from reconciler.verification.domains.lookup import Lookups

SpfResult = Literal["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"]

MOST_LOOKUPS = 10
MOST_VOID_LOOKUPS = 2
MOST_EXCHANGES = 10
_MOST_POINTERS = 10
_MAX_LABEL = 63
_MAX_NAME = 253
_IPV4 = 4
_RESULTS: dict[str, SpfResult] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class SpfOutcome:
    """The conclusion."""

    result: SpfResult
    term: str | None = None
    """The mechanism that decided, as written; None where nothing matched."""
    explanation: str | None = None
    """What the domain says to refused senders; None where it says nothing."""


class _Ended(Exception):
    """The check ends at once with ``permerror`` or ``temperror``."""

    def __init__(self, result: Literal["temperror", "permerror"]) -> None:
        super().__init__(result)
        self.result: SpfResult = result


@dataclass(frozen=True, slots=True)
class _Decided:
    """What one record comes to, and where an explanation would stand."""

    result: SpfResult
    term: str | None = None
    domain: str = ""
    record: SpfRecord | None = None


class HostCheck:
    """One check of an address; looks up at most what RFC 7208 section 4.6.4 allows."""

    def __init__(
        self,
        address: str,
        *,
        sender: str,
        helo: str,
        lookups: Lookups,
        deadline: Deadline,
        receiver: str = "unknown",
        at: int = 0,
    ) -> None:
        """Begin with the client's IP address and the envelope's sender; ``at`` are the seconds since 1970 of %{t}."""
        parsed = ipaddress.ip_address(address)
        mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
        self._address: IPAddress = mapped or parsed
        local_part, _, domain = sender.rpartition("@")
        self._domain = domain or helo
        self._local_part = local_part or "postmaster"
        self._helo = helo
        self._lookups = lookups
        self._deadline = deadline
        self._receiver = receiver
        self._at = at
        self._lookups_left = MOST_LOOKUPS
        self._voids_left = MOST_VOID_LOOKUPS

    def outcome(self) -> SpfOutcome:
        """Return the conclusion; a name server that does not answer is ``temperror``, never an exception."""
        try:
            decided = self._decide(self._domain)
        except _Ended as ended:
            return SpfOutcome(ended.result)
        explanation = self._explanation(decided) if decided.result == "fail" else None
        return SpfOutcome(decided.result, decided.term, explanation)

    def _decide(self, domain: str) -> _Decided:
        """Return what the record of a domain comes to."""
        record = self._record(domain)
        if record is None:
            return _Decided("none")
        for term in (*record.terms, *([record.last] if record.last else [])):
            if self._matches(term, domain):
                return _Decided(_RESULTS[term.qualifier], term.text, domain, record)
        if record.redirect is None:
            return _Decided("neutral")
        self._count_lookup()
        decided = self._decide(self._target(record.redirect, domain))
        if decided.result == "none":
            raise _Ended("permerror")
        return decided

    def _record(self, domain: str) -> SpfRecord | None:
        if not is_name(domain) or not _can_be_asked(domain):
            return None
        records = [text for text in self._ask(domain, "TXT").texts if is_spf(text)]
        if len(records) > 1:
            raise _Ended("permerror")
        try:
            return parse_spf(records[0]) if records else None
        except SpfSyntaxError:
            raise _Ended("permerror") from None

    def _matches(self, term: Term, domain: str) -> bool:
        if term.mechanism == "all":
            return True
        if term.network is not None:
            return self._address in term.network
        self._count_lookup()
        target = self._target(term.domain, domain)
        matches: dict[str, Callable[[], bool]] = {
            "include": lambda: self._is_included(target),
            "ptr": lambda: any(_is_below(name, target) for name in self._validated_names()),
            "exists": lambda: bool(self._counted(target, "A").addresses),
            "mx": lambda: self._is_exchange(target, term),
            "a": lambda: self._is_near(self._counted(target, self._family).addresses, term),
        }
        return matches[term.mechanism]()

    def _is_included(self, target: str) -> bool:
        result = self._decide(target).result
        if result == "none":
            raise _Ended("permerror")
        return result == "pass"

    def _is_exchange(self, target: str, term: Term) -> bool:
        exchanges = self._counted(target, "MX").exchanges
        if len(exchanges) > MOST_EXCHANGES:
            raise _Ended("permerror")
        hosts = [each.host for each in exchanges if each.host]
        return any(self._is_near(self._ask(host, self._family).addresses, term) for host in hosts)

    def _is_near(self, addresses: Sequence[str], term: Term) -> bool:
        length = term.prefix_lengths[0 if self._address.version == _IPV4 else 1]
        return any(self._address in ipaddress.ip_network((each, length), strict=False) for each in addresses)

    @property
    def _family(self) -> RecordType:
        return "A" if self._address.version == _IPV4 else "AAAA"

    def _validated_names(self) -> list[str]:
        """Return the names that the address has, and that lead back to it (section 5.5); trouble is no name."""
        pointer = self._address.reverse_pointer
        try:
            names = self._lookups.ask(pointer, "PTR", deadline=self._deadline).names
        except DnsTrouble:
            return []
        return [name for name in names[:_MOST_POINTERS] if self._leads_back(name)]

    def _leads_back(self, name: str) -> bool:
        try:
            addresses = self._lookups.ask(name, self._family, deadline=self._deadline).addresses
        except DnsTrouble:
            return False
        return any(ipaddress.ip_address(each) == self._address for each in addresses)

    def _target(self, spec: str | None, domain: str) -> str:
        return domain if spec is None else shortened(expanded(spec, lambda letter: self._value(letter, domain)))

    def _value(self, letter: str, domain: str) -> str:
        """Return what a macro letter stands for (section 7.2)."""
        sender_domain = self._domain
        plain = {
            "s": f"{self._local_part}@{sender_domain}",
            "l": self._local_part,
            "o": sender_domain,
            "d": domain,
            "h": self._helo,
            "v": "in-addr" if self._address.version == _IPV4 else "ip6",
            "c": str(self._address),
            "r": self._receiver,
            "t": str(self._at),
        }
        if letter == "i":
            is_v4 = self._address.version == _IPV4
            return str(self._address) if is_v4 else ".".join(self._address.exploded.replace(":", "").upper())
        return plain[letter] if letter in plain else self._validated_name(domain)

    def _validated_name(self, domain: str) -> str:
        """Return the name of the address that is the domain, or lies below it, or any; ``unknown`` where none is."""
        names = self._validated_names()
        ranked = sorted(names, key=lambda name: (name != domain.lower(), not _is_below(name, domain)))
        return ranked[0] if ranked else "unknown"

    def _count_lookup(self) -> None:
        self._lookups_left -= 1
        if self._lookups_left < 0:
            raise _Ended("permerror")

    def _counted(self, name: str, record_type: RecordType) -> Answer:
        answer = self._ask(name, record_type)
        self._voids_left -= answer.is_void
        if self._voids_left < 0:
            raise _Ended("permerror")
        return answer

    def _ask(self, name: str, record_type: RecordType) -> Answer:
        try:
            return self._lookups.ask(name.removesuffix("."), record_type, deadline=self._deadline)
        except DnsTrouble:
            raise _Ended("temperror") from None

    def _explanation(self, decided: _Decided) -> str | None:
        """Return what the domain says to refused senders; any trouble with it is as if it said nothing (section 6.2)."""
        spec = decided.record.explanation if decided.record else None
        if spec is None:
            return None
        try:
            texts = self._ask(self._target(spec, decided.domain), "TXT").texts
            text = texts[0].decode("ascii") if len(texts) == 1 else ""
            require_macros(text, is_explanation=True)
        except (_Ended, MacroError, UnicodeDecodeError):
            return None
        return expanded(text, lambda letter: self._value(letter, decided.domain)) or None


def _is_below(name: str, domain: str) -> bool:
    domain = domain.lower().removesuffix(".")
    return name == domain or name.endswith(f".{domain}")


def _can_be_asked(domain: str) -> bool:
    """Tell whether a name fits the DNS; others get no answer rather than an error (section 4.3)."""
    labels = domain.removesuffix(".").split(".")
    return len(domain) <= _MAX_NAME and all(1 <= len(label) <= _MAX_LABEL for label in labels)
