"""Domain checks on the command line: what they show, what they block, and whom they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.verification.evidence import ADVISORY, CONVERSATION, DOMAIN_CHECKS
from tests.cli.project import Project, marketing_account, own_account
from tests.support.nameserver import NameServer
from tests.verification.domains import spf, zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.mailserver import MailServer

_BARE = ("@ MX 10 mail.example.com.", "mail A 192.0.2.1", spf("v=DMARC1; p=reject", "_dmarc"))
_REPLY_TO = "  replyTo: {email: help@example.com}\n"


@pytest.fixture
def names() -> Iterator[NameServer]:
    """Run a name server that knows example.com, in order but for its missing SPF record."""
    with NameServer(zone(*_BARE)) as server:
        yield server


def _configure(project: Project, names: NameServer, policy: str, more: str = "") -> None:
    project.write_project(f'verification: {{domainChecks: {policy}, nameservers: ["{names.address}"]}}\n{more}')


def _checks(verification: dict[str, Any]) -> dict[str, tuple[str, str]]:
    assert [*CONVERSATION, *DOMAIN_CHECKS] == [each["check"] for each in verification["checks"]]
    return {each["check"]: (each["status"], each["code"]) for each in verification["checks"]}


def _planned(project: Project, *words: str, code: int = 0) -> dict[str, Any]:
    outcome = project.run("plan", *words, "--format", "json")
    assert code == outcome.code, outcome
    found: dict[str, Any] = outcome.document["changes"][0]["verification"]
    return found


def test_a_warning_blocks_nothing_and_is_shown(project: Project, server: MailServer, names: NameServer) -> None:
    """Under warn a plan passes, shows the sentence, and apply goes on."""
    _configure(project, names, "warn")
    project.write_account("sales", own_account("sales", server, more=_REPLY_TO))
    found = _planned(project)
    assert "passed" == found["status"]
    assert {
        "spf": ("warned", "spfMissing"),
        "dkim": ("skipped", "notDeclared"),
        "dmarc": ("passed", "ok"),
        "mx": ("passed", "ok"),
        "replyTo": ("passed", "ok"),
        **dict.fromkeys(ADVISORY, ("skipped", "notDeclared")),
    } == {name: each for name, each in _checks(found).items() if name in DOMAIN_CHECKS}
    said = " ".join(project.run_well("plan").out.split())
    assert "spf (spfMissing): example.com has no SPF record" in said
    project.run_well("apply", "--auto-approve")
    assert {"sales": "active"} == project.statuses()


def test_enforced_trouble_blocks(project: Project, server: MailServer, names: NameServer) -> None:
    """Under enforce the plan ends with 3 and says which record to add; nothing is recorded."""
    _configure(project, names, "enforce")
    project.write_account("sales", own_account("sales", server))
    refused = project.run("plan", "--format", "json")
    assert (3, ["verificationFailed"]) == (refused.code, refused.codes)
    assert refused.document["diagnostics"][0]["detail"].startswith("spf: example.com has no SPF record")
    assert 3 == project.run("apply", "--auto-approve").code
    assert {} == project.statuses()


def test_what_was_mended_counts_at_once(project: Project, server: MailServer, names: NameServer) -> None:
    """The next plan asks the name servers anew, also where it takes an earlier conversation's evidence."""
    _configure(project, names, "enforce")
    project.write_account("sales", own_account("sales", server))
    assert "failed" == _planned(project, code=3)["status"]
    names.add("example.com.", "TXT", '"v=spf1 mx -all"')
    assert "passed" == _planned(project)["status"]
    project.run_well("apply", "--auto-approve")
    assert {"sales": "active"} == project.statuses()


def test_the_rules_for_domains_need_no_other_conversation(
    project: Project, server: MailServer, names: NameServer
) -> None:
    """What is asked about domains, and how strictly, may change: the conversation's evidence stands all the same."""
    project.write_account("sales", own_account("sales", server))
    _configure(project, names, "off")
    assert "passed" == _planned(project)["status"]
    _configure(project, names, "enforce", "domains: {example.com: {dkimSelectors: [s1]}}\n")
    found = _planned(project, code=3)
    assert "failed" == _checks(found)["spf"][0]
    assert "failed" == _checks(found)["dkim"][0]
    assert 1 == server.login_attempts


@pytest.mark.parametrize(
    ("policy", "words", "code"),
    [
        ("off", (), "notDeclared"),
        ("warn", ("--depth", "offline"), "beyondDepth"),
        ("off", ("--depth", "offline"), "notDeclared"),
    ],
)
def test_nobody_is_asked(
    project: Project, server: MailServer, names: NameServer, policy: str, words: tuple[str, ...], code: str
) -> None:
    """Turned off, or at depth offline, all are skipped with the reason and no question leaves this machine."""
    _configure(project, names, policy)
    project.write_account("sales", own_account("sales", server))
    found = _checks(_planned(project, *words))
    assert dict.fromkeys(DOMAIN_CHECKS, ("skipped", code)) == {name: found[name] for name in DOMAIN_CHECKS}
    assert 0 == names.questions()


def test_from_depth_connect_on_they_are_made(project: Project, server: MailServer, names: NameServer) -> None:
    """The least depth with a conversation has the domain checks too."""
    _configure(project, names, "warn")
    project.write_account("sales", own_account("sales", server))
    assert ("warned", "spfMissing") == _checks(_planned(project, "--depth", "connect"))["spf"]


def test_accounts_of_one_domain_ask_once(project: Project, server: MailServer, names: NameServer) -> None:
    """However many accounts a domain has, each question leaves once in a run."""
    _configure(project, names, "warn", "domains: {example.com: {dkimSelectors: [s1]}}\n")
    for number in range(12):
        account = own_account(f"n{number}", server, email=f"n{number}@example.com", more=_REPLY_TO)
        project.write_account(f"n{number}", account)
        project.write_account(f"m{number}", marketing_account(f"m{number}", email=f"m{number}@example.com"))
    document = project.run("plan", "--depth", "connect", "--format", "json").document
    assert [("warned", "dkimKeyMissing")] * 24 == [
        _checks(each["verification"])["dkim"] for each in document["changes"]
    ]
    assert {1} == set(names.asked.values())
    of_the_server = {name for name, _ in names.asked if "localhost" in name}
    assert {f"_{server.port}._tcp.localhost"} == of_the_server
    assert (
        5 + 2 + 1 + 2 == names.questions()
    )  # MTA-STS, TLS-RPT, TLSA records; the domain written twice, for SPF and DKIM


def test_a_marketing_account_has_domain_checks(project: Project, names: NameServer) -> None:
    """Without a conversation it stays skipped under warn, and fails under enforce; a missing MX never blocks it."""
    project.write_account("news", marketing_account("news", email="news@quiet.example.com"))
    names.add("quiet.example.com.", "TXT", '"v=spf1 ip4:192.0.2.1 -all"')
    _configure(project, names, "enforce")
    found = _planned(project)
    checks = _checks(found)
    assert "skipped" == found["status"]
    assert ("warned", "mxMissing") == checks["mx"]
    assert ("passed", "ok") == checks["replyTo"]
    names.clear()
    names.add("example.com.", "MX", "0 .")
    names.add("quiet.example.com.", "TXT", '"v=spf1 ip4:192.0.2.1 -all"')
    found = _planned(project, code=3)
    assert ("failed", ("failed", "mxNull")) == (found["status"], _checks(found)["replyTo"])
    _configure(project, names, "warn")
    assert "skipped" == _planned(project)["status"]
    assert "replyTo (mxNull)" in " ".join(project.run_well("plan").out.split())


def test_a_server_that_is_down_keeps_its_domain_checks(project: Project, names: NameServer) -> None:
    """The domain is looked at although there was no conversation, and the first failure is what is told."""
    _configure(project, names, "enforce")
    project.write_project(
        f'verification: {{domainChecks: enforce, nameservers: ["{names.address}"], servers: [mail.example.net]}}\n'
    )
    project.write_account("sales", own_account("sales", 1))
    refused = project.run("plan", "--format", "json")
    found = refused.document["changes"][0]["verification"]
    assert 3 == refused.code
    assert ("skipped", "unknownDestination") == _checks(found)["dns"]
    assert ("failed", "spfMissing") == _checks(found)["spf"]
    assert refused.document["diagnostics"][0]["detail"].startswith("dns: localhost is not among the hosts")
    said = " ".join(project.run("plan").out.split())
    assert "(unknownDestination)" in said
    assert "spf failed (permanent, spfMissing)" in said


def test_verify_shows_every_check(project: Project, server: MailServer, names: NameServer) -> None:
    """Check settings tells each check with its sentence."""
    _configure(project, names, "warn")
    project.write_account("sales", own_account("sales", server))
    shown = project.run_well("verify", "sales", "--depth", "envelope").out
    assert [*CONVERSATION, *DOMAIN_CHECKS] == [
        word for line in shown.splitlines() for word in line.split()[1:2] if word in {*CONVERSATION, *DOMAIN_CHECKS}
    ]
