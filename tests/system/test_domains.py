"""Domain checks against real name servers: zones good and bad, served by Knot, NSD and BIND, and told by unbound and dnsmasq."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.model.project import Domain
from reconciler.model.verification.evidence import ADVISORY
from reconciler.model.verification.records import MissingRecords
from reconciler.render.records import records_zone
from reconciler.smtp.deadline import Deadline
from reconciler.verification.domains import (
    Lookups,
    PolicyFetcher,
    SeenCertificate,
    ServerQuestion,
    domain_checks,
    domains_asked,
    examine,
    what_a_domain_lacks,
)
from tests.system.support.nameservers import NAME_SERVERS
from tests.system.support.processes import free_ports, program
from tests.system.support.zones import KEY_DIGEST, zones

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    ("sloppy-dmarc.example.com", "dmarc", "dmarcIgnoredPart"),
    ("example.net", "dmarc", "dmarcMissing"),
    ("near-spf.example.com", "spf", "spfUnrecognised"),
    ("joined-spf.example.com", "spf", "spfUnrecognised"),
    ("cut-key.example.com", "dkim", "dkimKeyInvalid"),
    ("escaped-key.example.com", "dkim", "dkimKeyInvalid"),
    ("wild.example.com", "dkim", "dkimKeyMissing"),
    ("wild.example.com", "dmarc", "ok"),
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
    asked = domains_asked(address, [address], {domain: Domain(dkim_selectors=("s1",))})
    examined = {question: examine(question, lookups, within_seconds=10) for question in asked.values()}
    checks = domain_checks("OwnAccount", asked, examined, is_enforced=True)
    return {check.check: check for check in checks if check.check not in ADVISORY}


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


@pytest.mark.parametrize(
    ("server", "port", "code"),
    [
        ("unbound", 587, "ok"),
        ("unbound", 465, "daneMismatch"),
        ("unbound", 25, "notDeclared"),
        ("dnsmasq", 587, "daneNotValidated"),
        ("knot", 587, "daneNotValidated"),
    ],
)
def test_tlsa_records_count_where_they_are_validated(
    name_server: Callable[[str], str], server: str, port: int, code: str
) -> None:
    """The certificate's key is compared with signed records that a resolver has validated, and with no others."""
    seen = SeenCertificate(whole="0" * 64, key=KEY_DIGEST)
    question = ServerQuestion(domain="example.com", host="mail.example.com", port=port, seen=seen)
    found = examine(question, Lookups([name_server(server)]), within_seconds=10)
    assert [code] == [each.code for each in found.remarks["dane"]]


@pytest.mark.parametrize("server", NAME_SERVERS)
def test_missing_records_are_proposed_for_their_zone(name_server: Callable[[str], str], server: str) -> None:
    """At every server the record is found that a domain lacks, and where it belongs."""
    lacks = what_a_domain_lacks(
        "no-spf.example.com",
        servers=["mail.example.com"],
        selectors=(),
        lookups=Lookups([name_server(server)]),
        fetcher=PolicyFetcher(),
        deadline=Deadline(10),
    )
    assert [("no-spf.example.com", "", "v=spf1 a:mail.example.com -all")] == [
        (each.zone, each.name, each.text) for each in lacks.records
    ]


def test_a_proposed_zone_is_one_that_bind_takes(name_server: Callable[[str], str], tmp_path: Path) -> None:
    """What is printed as a zone file can be put into a zone's file as it is."""
    lookups = Lookups([name_server("bind")])
    lacks = what_a_domain_lacks(
        "no-spf.example.com", servers=["mail.example.com"], selectors=("s1",), lookups=lookups, fetcher=PolicyFetcher(),
        deadline=Deadline(10),
    )  # fmt: skip
    missing = MissingRecords(records=lacks.records, remarks=lacks.remarks, domains=("no-spf.example.com",))
    path = tmp_path / "com.zone"
    path.write_text(zones()["com"] + records_zone(missing), encoding="ascii")
    checked = subprocess.run(
        [program("named-checkzone"), "com", str(path)], capture_output=True, text=True, check=False
    )
    assert (0, True) == (checked.returncode, checked.stdout.rstrip().endswith("OK")), checked.stdout


def test_only_a_resolver_that_validates_says_so(name_server: Callable[[str], str]) -> None:
    """An answer counts as validated by DNSSEC where the zone is signed and the name server checked it, nowhere else."""
    asked = [
        ("unbound", "example.com"),
        ("unbound", "example.net"),
        ("dnsmasq", "example.com"),
        ("bind", "example.com"),
    ]
    answers = [Lookups([name_server(each)]).ask(domain, "MX", deadline=Deadline(10)) for each, domain in asked]
    assert [True, False, False, False] == [answer.is_authentic for answer in answers]
