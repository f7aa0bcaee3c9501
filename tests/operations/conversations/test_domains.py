"""Domain checks for many accounts: one examination for each domain, within the run's limit of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.accounts.platform import PlatformServer
from reconciler.model.servers.server import Server
from reconciler.model.step import Keep
from reconciler.model.verification.evidence import (
    ADVISORY,
    CONVERSATION,
    DOMAIN_CHECKS,
    Evidence,
    Verification,
    all_skipped,
)
from reconciler.operations.conversations.domains import with_domain_checks
from reconciler.operations.opening import open_workspace
from tests.support.nameserver import NameServer
from tests.verification.domains import spf, zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.operations.workspace import Workspace

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def names() -> Iterator[NameServer]:
    """Run a name server that knows example.com."""
    with NameServer(zone("@ MX 10 mail.example.com.", "mail A 192.0.2.1", spf("v=spf1 mx -all"))) as server:
        yield server


def workspace(folder: Path, names: NameServer, policy: str = "enforce") -> Workspace:
    """Return a project that asks the name server; its clock stands still."""
    (folder / "reconciler.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: mail}\n"
        f'verification: {{domainChecks: {policy}, deadlineSeconds: 60, nameservers: ["{names.address}"]}}\n',
        encoding="utf-8",
    )
    return open_workspace(folder, project_file=None, state=None, operator=None, environ={}, now=lambda: AT)


def subject(name: str, domain: str = "example.com") -> Keep:
    """Return a marketing account of a domain."""
    document = {"metadata": {}, "spec": {"email": f"{name}@{domain}", "displayName": "Example"}}
    account = DesiredAccount(kind="MarketingAccount", name=name, document=document)
    return Keep(after=account, settings_digest="d", depth="envelope", needs_evidence=True)


def evidence() -> Evidence:
    """Return evidence without conversation."""
    checks = all_skipped("notDeclared", "No conversation.")
    return Evidence(
        settings_digest="d",
        verification=Verification(status="skipped", depth="envelope", checked_at=AT, checks=checks),
    )


def outcome(found: Evidence) -> tuple[str, dict[str, str]]:
    """Return the status, and the codes of the domain checks."""
    assert [*CONVERSATION, *DOMAIN_CHECKS] == [each.check for each in found.verification.checks]
    codes = {each.check: each.code for each in found.verification.checks if each.check in DOMAIN_CHECKS}
    return found.verification.status, {str(check): code for check, code in codes.items()}


def test_domain_checks_stand_behind_the_conversation(tmp_path: Path, names: NameServer) -> None:
    """They are appended in their order, the status follows from all of them, and nothing else changes."""
    before = evidence()
    found = with_domain_checks([subject("a")], {"a": before}, workspace(tmp_path, names), since=AT)["a"]
    expected = {
        "spf": "ok",
        "dkim": "notDeclared",
        "dmarc": "dmarcMissing",
        "mx": "ok",
        "replyTo": "notDeclared",
        **dict.fromkeys(ADVISORY, "notDeclared"),
    }
    assert ("failed", expected) == outcome(found)
    assert before.verification.checks == found.verification.checks[: len(CONVERSATION)]
    assert before.settings_digest == found.settings_digest


_SERVER = {"host": "smtp.example.net", "port": 587, "encryption": "starttls"}
_PROXY = {"type": "socks5", "host": "proxy.example.net", "port": 1080}


def _own(**more: object) -> Keep:
    document = {"metadata": {}, "spec": {"email": "a@example.com", "displayName": "A", "smtp": _SERVER, **more}}
    account = DesiredAccount(kind="OwnAccount", name="a", document=document)
    return Keep(after=account, settings_digest="d", depth="envelope", needs_evidence=True)


def test_the_server_of_an_account_is_asked_about(tmp_path: Path, names: NameServer) -> None:
    """SPF is evaluated for the addresses of the account's server, and TLSA records are asked for its port."""
    names.add("smtp.example.net.", "A", "192.0.2.9")
    _, codes = outcome(with_domain_checks([_own()], {"a": evidence()}, workspace(tmp_path, names), since=AT)["a"])
    assert ("spfServerUnlisted", 1) == (codes["spfServer"], names.asked["_587._tcp.smtp.example.net", "TLSA"])


def test_a_server_that_a_proxy_looks_up_is_not_asked_about(tmp_path: Path, names: NameServer) -> None:
    """A host that this machine shall not look up is not named to its name servers; with remoteDns off it is."""
    place = workspace(tmp_path, names)
    found = with_domain_checks([_own(proxy=_PROXY)], {"a": evidence()}, place, since=AT)["a"]
    assert ("notDeclared", "notDeclared") == (outcome(found)[1]["spfServer"], outcome(found)[1]["dane"])
    assert [] == [name for name, _ in names.asked if name.endswith("example.net")]
    with_domain_checks([_own(proxy={**_PROXY, "remoteDns": False})], {"a": evidence()}, place, since=AT)
    assert {"smtp.example.net", "_587._tcp.smtp.example.net"} == {
        name for name, _ in names.asked if name.endswith("example.net")
    }


def test_a_marketing_account_is_asked_about_with_the_platforms_server(tmp_path: Path, names: NameServer) -> None:
    """What it sends through is the platform's, so its domain's SPF record has to name that."""
    names.add("smtp.example.net.", "A", "192.0.2.1")
    platform = PlatformServer(server=Server.model_validate(_SERVER))
    place = workspace(tmp_path, names)
    found = with_domain_checks([subject("a")], {"a": evidence()}, place, since=AT, platform=platform)["a"]
    assert "ok" == outcome(found)[1]["spfServer"]


def test_what_the_dns_says_now_counts(tmp_path: Path, names: NameServer) -> None:
    """Domain checks that the evidence held already are replaced, and the status is anew."""
    place = workspace(tmp_path, names)
    earlier = with_domain_checks([subject("a")], {"a": evidence()}, place, since=AT)
    names.add("_dmarc.example.com.", "TXT", '"v=DMARC1; p=reject"')
    status, codes = outcome(with_domain_checks([subject("a")], earlier, place, since=AT)["a"])
    assert ("skipped", "ok") == (status, codes["dmarc"])


def test_other_evidence_is_left_alone(tmp_path: Path, names: NameServer) -> None:
    """Evidence of an account that is no subject stays as it was."""
    found = with_domain_checks([subject("a")], {"a": evidence(), "b": evidence()}, workspace(tmp_path, names), since=AT)
    assert evidence() == found["b"]


def test_many_domains(tmp_path: Path, names: NameServer) -> None:
    """More domains than threads are all examined, each once."""
    subjects = [subject(f"n{number}", f"d{number}.example.com") for number in range(40)]
    for each in subjects:
        names.add(each.after.settings.email.partition("@")[2] + ".", "A", "192.0.2.1")
    found = with_domain_checks(
        [*subjects, *(subject(f"m{number}", f"d{number}.example.com") for number in range(40))],
        {f"{letter}{number}": evidence() for letter in "nm" for number in range(40)},
        workspace(tmp_path, names),
        since=AT,
    )
    assert {("failed", "spfMissing", "mxImplicit")} == {
        (status, codes["spf"], codes["mx"]) for status, codes in map(outcome, found.values())
    }
    assert {1} == set(names.asked.values())


def test_a_run_whose_time_is_up_asks_nobody(tmp_path: Path, names: NameServer) -> None:
    """What the run has no time for is a transient trouble, which only warns unless it is enforced."""
    for policy, expected in (("enforce", "failed"), ("warn", "skipped")):
        place = workspace(tmp_path, names, policy)
        long_ago = AT - timedelta(seconds=61)
        status, codes = outcome(with_domain_checks([subject("a")], {"a": evidence()}, place, since=long_ago)["a"])
        assert (expected, "dnsTimedOut") == (status, codes["spf"])
    assert 0 == names.questions()
