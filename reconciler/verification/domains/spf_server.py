"""Whether a domain's SPF record lets the server send that an account uses (RFC 7208).

Premise: mail is handed in at the server's host, and may leave from there or from elsewhere; which, only its operator
knows. So what is said of the host's own addresses is a warning with both cases, and only of known providers, whose
include is public, it is known what has to stand in the record.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from reconciler.model.servers.spf import spf_of_provider
from reconciler.verification.domains.answers import DnsTrouble
from reconciler.verification.domains.sentences import Remark, fine, listed, remark
from reconciler.verification.domains.spf_evaluation import HostCheck
from reconciler.verification.domains.spf_record import SpfSyntaxError, is_spf, parse_spf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.servers.spf import SpfOfProvider
    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups
    from reconciler.verification.domains.spf_evaluation import SpfOutcome
    from reconciler.verification.domains.spf_record import SpfRecord

_LOCAL = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                    "::1/128", "fc00::/7", "fe80::/10")
)  # fmt: skip
"""Addresses from which nothing arrives at strangers (RFC 1918, 6598, 1122, 3927, 4193, 4291)."""
_MOST_ADDRESSES = 8
_MOST_SAMPLES = 4
_MOST_DOMAINS = 20


def check_spf_server(domain: str, host: str, lookups: Lookups, *, deadline: Deadline) -> list[Remark]:
    """Return what is to be said of the record and the server; raise ``DnsTrouble`` where a question got no answer."""
    record = _record(domain, lookups, deadline)
    if record is None:
        return [remark("notDeclared", variant="spfServer", domain=domain, host=host)]
    provider = spf_of_provider(host)
    if provider is not None:
        return [_of_provider(domain, host, provider, lookups, deadline)]
    addresses = _addresses(host, lookups, deadline)
    public = public_addresses(host, lookups, deadline=deadline)
    if not public:
        variant = "spfPrivate" if addresses else "spfUnknown"
        return [remark("notDeclared", variant=variant, host=host, addresses=listed(addresses))]
    outcomes = {address: _outcome(address, domain, lookups, deadline) for address in public}
    return [_of_addresses(domain, host, outcomes)]


def _of_addresses(domain: str, host: str, outcomes: dict[str, SpfOutcome]) -> Remark:
    results = {outcome.result for outcome in outcomes.values()}
    if "temperror" in results:
        raise DnsTrouble("dnsFailed", domain)
    if "permerror" in results:
        return remark("notDeclared", variant="spfServer", domain=domain, host=host)
    refused = {address: outcome for address, outcome in outcomes.items() if outcome.result != "pass"}
    if not refused:
        return fine(f"The SPF record of {domain} lets {host} send ({listed(list(outcomes))}).")
    told = [f"{address} {outcome.result} ({outcome.term or 'at its end'})" for address, outcome in refused.items()]
    terms = " ".join(f"ip{ipaddress.ip_address(address).version}:{address}" for address in list(refused)[:4])
    return remark("spfServerUnlisted", domain=domain, host=host, results=listed(told), terms=terms)


def _of_provider(domain: str, host: str, provider: SpfOfProvider, lookups: Lookups, deadline: Deadline) -> Remark:
    """Return whether the record includes the provider, or lets its addresses send without."""
    named = set(_domains_of(domain, lookups, deadline))
    if named & set(provider.includes):
        return fine(f"The SPF record of {domain} includes {provider.name}, over whose {host} the account sends.")
    samples = list(_samples(provider.includes[0], lookups, deadline))[:_MOST_SAMPLES]
    if any(_outcome(address, domain, lookups, deadline).result == "pass" for address in samples):
        return fine(f"The SPF record of {domain} lets servers of {provider.name} send by their addresses.")
    facts = {"domain": domain, "host": host, "provider": provider.name, "include": provider.includes[0]}
    return remark("spfProviderMissing", **facts)


def _domains_of(domain: str, lookups: Lookups, deadline: Deadline) -> Iterator[str]:
    """Yield the domains whose records a record leads to, its own first; at most twenty."""
    waiting, seen = [domain], set[str]()
    while waiting and len(seen) < _MOST_DOMAINS:
        each = waiting.pop(0)
        if each in seen:
            continue
        seen.add(each)
        yield each
        record = _record(each, lookups, deadline)
        if record is not None:
            includes = [term.domain for term in record.terms if term.mechanism == "include" and not term.has_macro]
            waiting += [target for target in (*includes, record.redirect) if target and "%" not in target]


def _samples(include: str, lookups: Lookups, deadline: Deadline) -> Iterator[str]:
    """Yield an address of each network that a provider's record names; none where it cannot be had."""
    try:
        for domain in _domains_of(include, lookups, deadline):
            record = _record(domain, lookups, deadline)
            for term in record.terms if record else ():
                if term.network is not None and term.qualifier == "+":
                    yield str(term.network[0])
    except DnsTrouble:
        return


def _record(domain: str, lookups: Lookups, deadline: Deadline) -> SpfRecord | None:
    """Return the one valid record of a domain; None where there is none."""
    records = [text for text in lookups.ask(domain, "TXT", deadline=deadline).texts if is_spf(text)]
    try:
        return parse_spf(records[0]) if len(records) == 1 else None
    except SpfSyntaxError:
        return None


def public_addresses(host: str, lookups: Lookups, *, deadline: Deadline) -> list[str]:
    """Return the addresses of a host from which something can arrive at strangers; raise ``DnsTrouble``."""
    return [each for each in _addresses(host, lookups, deadline) if not _is_local(each)]


def _addresses(host: str, lookups: Lookups, deadline: Deadline) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        answers = [lookups.ask(host, kind, deadline=deadline) for kind in ("A", "AAAA")]
    return [address for answer in answers for address in answer.addresses][:_MOST_ADDRESSES]


def _is_local(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed.version == network.version and parsed in network for network in _LOCAL)


def _outcome(address: str, domain: str, lookups: Lookups, deadline: Deadline) -> SpfOutcome:
    check = HostCheck(address, sender=f"postmaster@{domain}", helo=domain, lookups=lookups, deadline=deadline)
    return check.outcome()
