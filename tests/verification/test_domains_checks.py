"""The domain checks of an account: what policy, kind and declaration make of what was found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.project import Domain
from reconciler.model.verification.evidence import ADVISORY, DOMAIN_CHECKS
from reconciler.verification.domains import (
    Examination,
    Lookups,
    Question,
    SeenCertificate,
    ServerQuestion,
    domain_checks,
    domains_asked,
    examine,
)
from tests.support.nameserver import NameServer
from tests.verification.domains import rsa_key, spf, zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.verification.evidence import Check, CheckName
    from reconciler.verification.domains import AnyQuestion

_SELECTORS = {"Example.COM": Domain(dkim_selectors=("s1",))}


def _checks(
    *lines: str,
    kind: Kind = "OwnAccount",
    reply_to: Sequence[str] = ("help@example.com",),
    domains: Mapping[str, Domain] = _SELECTORS,
    is_enforced: bool = False,
) -> dict[CheckName, Check]:
    with NameServer(zone(*lines)) as server:
        lookups = Lookups([server.address])
        asked = domains_asked("sales@example.com", reply_to, domains)
        examined = {question: examine(question, lookups, within_seconds=5) for question in asked.values()}
    checks = domain_checks(kind, asked, examined, is_enforced=is_enforced)
    assert DOMAIN_CHECKS == tuple(check.check for check in checks)
    return {check.check: check for check in checks}


_GOOD = (
    "@ MX 10 mail.example.com.",
    "mail A 192.0.2.1",
    spf("v=spf1 mx -all"),
    spf("v=DMARC1; p=reject", "_dmarc"),
    spf(f"p={rsa_key(2048)}", "s1._domainkey"),
)
_BAD = ("@ MX 0 .", spf("v=DMARC1; p=none", "_dmarc"))


def test_a_domain_in_order_passes_every_check() -> None:
    """All pass, with a sentence that says what was found; what the domain does not declare is skipped."""
    checks = _checks(*_GOOD)
    expected = {name: ("passed", "ok", None) for name in DOMAIN_CHECKS if name not in ADVISORY}
    expected |= dict.fromkeys(ADVISORY, ("skipped", "notDeclared", None))
    assert expected == {name: (each.status, each.code, each.class_) for name, each in checks.items()}
    assert [] == [each for each in checks.values() if not each.message]


def test_what_is_not_declared_is_skipped_with_what_to_write() -> None:
    """Without selectors, and without a reply-to address, there is nothing to look at."""
    checks = _checks(*_GOOD, reply_to=(), domains={})
    assert dict.fromkeys(("dkim", "replyTo", *ADVISORY), "notDeclared") == {
        name: each.code for name, each in checks.items() if each.status == "skipped"
    }
    assert "domains: {example.com: {dkimSelectors: [SELECTOR]}}" in checks["dkim"].message


@pytest.mark.parametrize("order", [1, -1])
def test_every_domain_that_replies_go_to_is_looked_at(order: int) -> None:
    """Of several reply-to addresses, what is wrong with the domain of one is told, wherever it stands among them."""
    addresses = ["help@example.com", "office@elsewhere.invalid", "ben@example.com"][::order]
    checks = _checks(*_GOOD, reply_to=addresses)
    assert ("warned", "domainNotFound") == (checks["replyTo"].status, checks["replyTo"].code)
    assert "elsewhere.invalid" in checks["replyTo"].message


def test_trouble_warns_by_default() -> None:
    """Under warn nothing fails, and no class is given."""
    checks = _checks(*_BAD)
    assert {"warned"} == {each.status for name, each in checks.items() if name not in ADVISORY}
    assert {None} == {each.class_ for each in checks.values()}


def test_trouble_fails_where_it_is_enforced() -> None:
    """Under enforce a failure is one, with its class; advice stays a warning."""
    checks = _checks(*_BAD, is_enforced=True)
    assert {
        "spf": ("failed", "spfMissing", "permanent"),
        "dkim": ("failed", "dkimKeyMissing", "permanent"),
        "dmarc": ("warned", "dmarcPolicyNone", None),
        "mx": ("failed", "mxNull", "permanent"),
        "replyTo": ("failed", "mxNull", "permanent"),
    } == {name: (each.status, each.code, each.class_) for name, each in checks.items() if name not in ADVISORY}


def test_what_is_advice_never_fails() -> None:
    """Trouble with a server's or a domain's further records warns, whatever is enforced."""
    server = ServerQuestion(domain="example.com", host="smtp.example.com", port=587, seen=SeenCertificate())
    asked = domains_asked("sales@example.com", (), {}, server=server)
    lines = zone(*_GOOD, spf("v=STSv1", "_mta-sts"), spf("v=TLSRPTv1", "_smtp._tls"), "smtp A 192.0.2.9")
    with NameServer(lines, misbehaviour={"_587._tcp.smtp.example.com": "servfail"}) as names:
        lookups = Lookups([names.address])
        examined = {each: examine(each, lookups, within_seconds=5) for each in set(asked.values())}
    checks = domain_checks("OwnAccount", asked, examined, is_enforced=True)
    assert {
        "spfServer": ("warned", "spfServerUnlisted"),
        "mtaSts": ("warned", "mtaStsInvalid"),
        "tlsRpt": ("warned", "tlsRptInvalid"),
        "dane": ("warned", "dnsFailed"),
    } == {each.check: (each.status, each.code) for each in checks if each.check in ADVISORY}


def test_a_marketing_account_needs_no_mailbox() -> None:
    """Its address need not receive mail, so mx warns whatever is enforced; its reply-to must."""
    checks = _checks(*_BAD, kind="MarketingAccount", is_enforced=True)
    assert ("warned", "failed") == (checks["mx"].status, checks["replyTo"].status)


def test_transient_trouble_is_told_as_such() -> None:
    """Name servers that cannot be asked are a transient failure under enforce."""
    asked = domains_asked("sales@example.com", (), {})
    with NameServer(misbehaviour={"example.com": "servfail", "_dmarc.example.com": "servfail"}) as server:
        examined = {asked["spf"]: examine(asked["spf"], Lookups([server.address]), within_seconds=5)}
    checks = domain_checks("OwnAccount", asked, examined, is_enforced=True)
    assert [("failed", "transient")] * 3 == [(each.status, each.class_) for each in checks if each.status != "skipped"]


def test_the_gravest_gives_the_code_and_all_are_told() -> None:
    """Of several remarks the failure comes before the advice, and both sentences stand in the message."""
    checks = _checks(*_GOOD[:2], spf("v=spf1 ptr +all"))
    assert "spfAllowsAll" == checks["spf"].code
    assert all(word in checks["spf"].message for word in ("+all", "ptr"))


def test_many_selectors_do_not_make_a_message_without_end() -> None:
    """Of many alike only some are told, and how many more there are."""
    checks = _checks("@ A 192.0.2.1", domains={"example.com": Domain(dkim_selectors=tuple(f"s{n}" for n in range(10)))})
    assert 4 == checks["dkim"].message.count("There is no DKIM key")
    assert checks["dkim"].message.endswith("6 more like these.")


def test_domains_are_compared_as_a_labels() -> None:
    """A domain written with its own letters is the same in manifest and project file, and asked for in ASCII."""
    asked = domains_asked(
        "anna@żółw.example", ("ola@ŻÓŁW.example",), {"żółw.example.": Domain(dkim_selectors=("a", "b"))}
    )
    domain = "xn--w-uga1v8h.example"
    assert {
        Question(domain=domain, selectors=("a", "b")),
        Question(domain=domain, is_reply_to=True),
    } == set(asked.values())


def test_a_name_that_is_no_domain_is_passed_over() -> None:
    """A key of the project file that no address can have concerns nobody."""
    asked = domains_asked("a@example.com", (), {"not a domain": Domain(dkim_selectors=("a",))})
    assert Question(domain="example.com") == asked["spf"]


def test_accounts_of_a_domain_ask_the_same_question() -> None:
    """Whose address it is makes no difference, so that eighty accounts share one examination."""
    first, second = (domains_asked(f"{name}@example.com", (), _SELECTORS) for name in ("anna", "ola"))
    assert first == second


def test_times_are_those_of_each_check() -> None:
    """A check tells how long its questions took."""
    with NameServer(zone(*_GOOD)) as server:
        asked = domains_asked("sales@example.com", (), {})
        examined: dict[AnyQuestion, Examination] = {
            asked["spf"]: examine(asked["spf"], Lookups([server.address]), within_seconds=5)
        }
    checks = domain_checks("OwnAccount", asked, examined, is_enforced=False)
    assert [examined[asked["spf"]].seconds["spf"]] == [each.seconds for each in checks if each.check == "spf"]
    assert 0 < sum(each.seconds for each in checks)
