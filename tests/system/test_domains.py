"""Domain checks against real name servers: zones good and bad, served by Knot and by NSD."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.project import Domain
from reconciler.verification.domains import Lookups, domain_checks, domains_asked, examine
from tests.system.support.nameservers import NAME_SERVERS
from tests.system.support.processes import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.verification.evidence import Check, CheckName

_CASES: tuple[tuple[str, CheckName, str], ...] = (
    ("example.com", "spf", "ok"),
    ("example.com", "dkim", "ok"),
    ("example.com", "dmarc", "ok"),
    ("example.com", "mx", "ok"),
    ("example.com", "replyTo", "ok"),
    ("big.example.com", "spf", "ok"),
    ("no-spf.example.com", "spf", "spfMissing"),
    ("two-spf.example.com", "spf", "spfSeveral"),
    ("wrong-spf.example.com", "spf", "spfSyntax"),
    ("open-spf.example.com", "spf", "spfAllowsAll"),
    ("loop-spf.example.com", "spf", "spfLoop"),
    ("lost-spf.example.com", "spf", "spfIncludeBroken"),
    ("long-spf.example.com", "spf", "spfTooManyLookups"),
    ("short-key.example.com", "dkim", "dkimKeyTooShort"),
    ("shortish-key.example.com", "dkim", "dkimKeyShort"),
    ("revoked-key.example.com", "dkim", "dkimKeyRevoked"),
    ("no-key.example.com", "dkim", "dkimKeyMissing"),
    ("alias-key.example.com", "dkim", "ok"),
    ("no-spf.example.com", "dmarc", "ok"),
    ("two-dmarc.example.com", "dmarc", "dmarcSeveral"),
    ("old-dmarc.example.com", "dmarc", "dmarcRemovedTag"),
    ("lax-dmarc.example.com", "dmarc", "dmarcPolicyNone"),
    ("example.net", "dmarc", "dmarcMissing"),
    ("no-mx.example.com", "mx", "mxMissing"),
    ("null-mx.example.com", "mx", "mxNull"),
    ("null-mx.example.com", "replyTo", "mxNull"),
    ("implicit-mx.example.com", "mx", "mxImplicit"),
    ("alias-mx.example.com", "mx", "mxTargetAlias"),
    ("dead-mx.example.com", "mx", "mxUnusable"),
    ("nowhere.example.com", "spf", "domainNotFound"),
    ("nowhere.example.com", "mx", "domainNotFound"),
    ("example.org", "mx", "dnsFailed"),  # the servers refuse to speak of what is not theirs
)


def check_domain(domain: str, lookups: Lookups) -> dict[str, Check]:
    """Return the checks of an account with an address in a domain, its replies going there too."""
    address = f"sales@{domain}"
    asked = domains_asked(address, address, {domain: Domain(dkim_selectors=("s1",))})
    examined = {question: examine(question, lookups, within_seconds=10) for question in asked.values()}
    return {check.check: check for check in domain_checks("OwnAccount", asked, examined, is_enforced=True)}


@pytest.mark.parametrize("server", NAME_SERVERS)
@pytest.mark.parametrize(("domain", "check", "code"), _CASES)
def test_records_are_judged(
    name_server: Callable[[str], str], server: str, domain: str, check: CheckName, code: str
) -> None:
    """Each record, good or bad, is judged as it is, whichever server serves it."""
    found = check_domain(domain, Lookups([name_server(server)]))[check]
    assert code == found.code
    assert domain in found.message or code in {"ok", "mxTargetAlias"}


def test_a_dead_name_server_is_passed_over(name_server: Callable[[str], str]) -> None:
    """The second name server answers where the first is dead."""
    dead = f"127.0.0.1:{free_ports(1)[0]}"
    found = check_domain("example.com", Lookups([dead, name_server("knot")]))
    assert {"ok"} == {check.code for check in found.values()}


def test_without_a_name_server_nothing_is_known() -> None:
    """Where no name server answers, every check says so, transiently, within seconds."""
    dead = f"127.0.0.1:{free_ports(1)[0]}"
    found = check_domain("example.com", Lookups([dead], query_seconds=0.5))
    assert {"dnsTimedOut", "dnsFailed"} >= {check.code for check in found.values()}
    assert {"transient"} == {check.class_ for check in found.values()}
