"""Which DNS records the domains of the manifests lack."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.text.domains import NotADomain, address_domain, domain_to_ascii, host_to_ascii
from reconciler.model.verification.records import MissingRecords
from reconciler.operations.manifests import read_desired
from reconciler.smtp.deadline import Deadline
from reconciler.verification.domains import Lookups, PolicyFetcher, selectors_of, what_a_domain_lacks
from reconciler.verification.domains.examine import DOMAIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.operations.manifests import Desired
    from reconciler.operations.workspace import Workspace


def missing_records(workspace: Workspace, domains: Sequence[str]) -> MissingRecords:
    """Return what the domains lack, all that accounts of the manifests send from where none is named.

    Neither secrets nor state are needed; name servers are asked, each question once. Raise ``InvalidInput`` for manifests
    that are not valid, a domain that no account sends from, and where name servers do not answer.
    """
    desired = read_desired(workspace)
    if not desired.is_valid:
        raise InvalidInput(desired.problems)
    servers = _servers_of(desired)
    wanted = [_known(each, servers) for each in domains] or sorted(servers)
    policy = workspace.project.verification
    lookups, fetcher = Lookups(policy.nameservers), PolicyFetcher(allowed_hosts=policy.servers)
    whole = Deadline(policy.deadline_seconds)
    found = {
        domain: what_a_domain_lacks(
            domain,
            servers=servers[domain],
            selectors=selectors_of(domain, workspace.project.domains),
            lookups=lookups,
            fetcher=fetcher,
            deadline=whole.sooner(DOMAIN_SECONDS),
        )
        for domain in dict.fromkeys(wanted)
    }
    trouble = [
        error("domainUnasked", detail, subject=domain) for domain, each in found.items() for detail in each.trouble
    ]
    if trouble:
        raise InvalidInput(trouble)
    return MissingRecords(
        records=tuple(
            sorted((each for lacks in found.values() for each in lacks.records), key=lambda r: (r.zone, r.name))
        ),
        remarks=tuple(each for lacks in found.values() for each in lacks.remarks),
        domains=tuple(sorted(found)),
    )


def _servers_of(desired: Desired) -> Mapping[str, list[str]]:
    """Return the hosts over which each domain's accounts send, sorted; a host behind a proxy that looks it up is none."""
    found: dict[str, set[str]] = defaultdict(set)
    for account in desired.accounts:
        hosts = found[address_domain(account.settings.email)]
        platform = desired.platform.server if desired.platform else None
        server = platform if kind_of(account).sends_through_platform else account.settings.server
        if server is not None and not (server.proxy and server.proxy.resolves_remotely):
            hosts.add(host_to_ascii(server.host))
    return {domain: sorted(hosts) for domain, hosts in found.items()}


def _known(written: str, servers: Mapping[str, list[str]]) -> str:
    try:
        domain = domain_to_ascii(written.removesuffix("."))
    except NotADomain as refusal:
        raise InvalidInput(error("unknownDomain", f"{written} is not a domain: {refusal}.")) from None
    if domain not in servers:
        meant = did_you_mean(domain, servers)
        raise InvalidInput(error("unknownDomain", f"No account of the manifests sends from {domain}.{meant}"))
    return domain
