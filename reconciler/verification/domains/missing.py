"""Which records a domain lacks, and what they should say: SPF, DMARC, TLS-RPT; of keys and MX that they are missing.

Nothing is proposed that is not known: a DKIM key is the provider's, and where mail is received is the owner's to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.servers.spf import spf_of_provider
from reconciler.model.text.addresses import literal_address
from reconciler.model.verification.records import MissingRecord
from reconciler.verification.domains.answers import DnsTrouble
from reconciler.verification.domains.dane import SeenCertificate
from reconciler.verification.domains.examine import Question, ServerQuestion, examine
from reconciler.verification.domains.sentences import listed
from reconciler.verification.domains.spf_record import is_spf
from reconciler.verification.domains.spf_server import public_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups
    from reconciler.verification.domains.sentences import Remark
    from reconciler.verification.domains.sts_fetch import PolicyFetcher

_PORT = 587
"""Stands in a question about a server whose port makes no difference."""
_TOLD = frozenset({"dkimKeyMissing", "mxMissing"})
_UNASKED = frozenset({"domainNotFound", "dnsTimedOut", "dnsFailed", "nameserverForbidden", "noNameservers"})


@dataclass(frozen=True, slots=True)
class DomainLacks:
    """What one domain lacks."""

    records: tuple[MissingRecord, ...]
    remarks: tuple[str, ...]
    """What cannot be proposed, as sentences."""
    trouble: tuple[str, ...]
    """Why something could not be asked, as sentences."""


def what_a_domain_lacks(
    domain: str,
    *,
    servers: Sequence[str],
    selectors: tuple[str, ...],
    lookups: Lookups,
    fetcher: PolicyFetcher,
    deadline: Deadline,
) -> DomainLacks:
    """Return the records that a domain lacks; ``servers`` are the hosts over which its accounts send."""
    question = Question(domain=domain, selectors=selectors)
    examined = examine(question, lookups, within_seconds=_left(deadline), fetcher=fetcher).remarks
    remarks = [each for check in examined.values() for each in check]
    for host in servers:
        asked = ServerQuestion(domain=domain, host=host, port=_PORT, seen=SeenCertificate())
        remarks += examine(asked, lookups, within_seconds=_left(deadline)).remarks.get("spfServer", ())
    codes = {each.code for each in remarks}
    has_policy = not {each.code for each in examined.get("mtaSts", ())} <= {"notDeclared", *_UNASKED}
    lacks_reports = has_policy and [each.code for each in examined.get("tlsRpt", ())] == ["notDeclared"]
    trouble = _sentences(remarks, _UNASKED)
    try:
        terms, unknown = _spf_terms(domain, servers, lookups, deadline)
        records = tuple(_records(domain, codes, terms, lookups, deadline, lacks_reports=lacks_reports))
    except DnsTrouble:
        return DomainLacks((), (), trouble or (f"The name servers do not answer about {domain}.",))
    told = _sentences(remarks, _TOLD)
    if "spfMissing" in codes:
        told += _unknown_senders(domain, terms, unknown)
    return DomainLacks(records, told, trouble)


def _left(deadline: Deadline) -> float:
    try:
        return deadline.remaining_seconds()
    except TimeoutError:
        return 0.0


def _unknown_senders(domain: str, terms: Sequence[str], unknown: Sequence[str]) -> tuple[str, ...]:
    if not unknown:
        return () if terms else (f"{domain} has no SPF record, and which servers send for it is not known here.",)
    hosts = listed(unknown)
    return (f"Mail of {domain} is also sent over {hosts}; add to its SPF record what the operator there gives for it.",)


def _sentences(remarks: Sequence[Remark], codes: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.message for each in remarks if each.code in codes))


def _records(
    domain: str, codes: set[str], terms: Sequence[str], lookups: Lookups, deadline: Deadline, *, lacks_reports: bool
) -> Iterator[MissingRecord]:
    zone = _zone_of(domain, lookups, deadline)
    texts = lookups.ask(domain, "TXT", deadline=deadline).texts
    if "spfMissing" in codes and terms:
        yield _record(zone, domain, f"v=spf1 {' '.join(terms)} -all", "spfMissing", beside=texts)
    if "spfProviderMissing" in codes:
        earlier = next(text for text in texts if is_spf(text))
        includes = [term for term in terms if term.startswith("include:")]
        beside = tuple(text for text in texts if text != earlier)
        # Further terms stand right behind the version: there they come before whatever ends the record.
        record = earlier.decode("ascii")
        present = record.lower().split()
        version, _, rest = record.partition(" ")
        text = " ".join([version, *(term for term in includes if term not in present), *rest.split()])
        yield _record(zone, domain, text, "spfProviderMissing", beside=beside, replaces=earlier)
    if "dmarcMissing" in codes:
        beside = lookups.ask(f"_dmarc.{domain}", "TXT", deadline=deadline).texts
        text = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
        # Texts that are no DMARC records come of a wildcard, which a record of its own takes the place of.
        is_wildcards = all(not each.startswith(b"v=DMARC") for each in beside)
        yield _record(zone, f"_dmarc.{domain}", text, "dmarcMissing", beside=() if is_wildcards else beside)
    if lacks_reports:
        yield _record(zone, f"_smtp._tls.{domain}", f"v=TLSRPTv1; rua=mailto:tls@{domain}", "tlsRptMissing")


def _record(
    zone: str, host: str, text: str, reason: str, *, beside: Sequence[bytes] = (), replaces: bytes | None = None
) -> MissingRecord:
    name = host.removesuffix(zone).removesuffix(".")
    return MissingRecord(zone=zone, name=name, text=text, reason=reason, beside=tuple(beside), replaces=replaces)


def _spf_terms(
    domain: str, servers: Sequence[str], lookups: Lookups, deadline: Deadline
) -> tuple[list[str], list[str]]:
    """Return an SPF term for each server that is known to send mail itself, and the other servers.

    Known are providers, by their include, and hosts of the domain's own owner with an address that strangers see.
    """
    terms, unknown = set(), []
    for host in servers:
        provider = spf_of_provider(host)
        # A host is named by the owner of a domain where both lie in one domain of two labels.
        is_akin = literal_address(host) is None and host.split(".")[-2:] == domain.split(".")[-2:]
        if provider is not None:
            terms.add(f"include:{provider.includes[0]}")
        elif is_akin and public_addresses(host, lookups, deadline=deadline):
            terms.add(f"a:{host}")
        else:
            unknown.append(host)
    return sorted(terms), unknown


def _zone_of(domain: str, lookups: Lookups, deadline: Deadline) -> str:
    """Return the zone that a domain belongs to: the nearest name from it upwards that has an SOA record (RFC 1034)."""
    labels = domain.split(".")
    for first in range(len(labels) - 1):
        name = ".".join(labels[first:])
        if lookups.ask(name, "SOA", deadline=deadline).names:
            return name
    return domain
