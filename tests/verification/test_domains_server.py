"""What the DNS says of the server that an account uses: SPF for its addresses, and DANE for its port."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from reconciler.verification.domains import Lookups, SeenCertificate, ServerQuestion, examine
from tests.support.nameserver import NameServer
from tests.verification.domains import spf, zone

if TYPE_CHECKING:
    from reconciler.verification.domains.sentences import Remark

_HOST = "smtp.example.net"
_KEY, _WHOLE = hashlib.sha256(b"key").hexdigest(), hashlib.sha256(b"whole").hexdigest()
_SEEN = SeenCertificate(whole=_WHOLE, key=_KEY)
_TLSA = "_587._tcp.smtp.example.net."


def _found(
    check: str, *lines: str, host: str = _HOST, seen: SeenCertificate = _SEEN, is_validating: bool = True
) -> Remark:
    with NameServer(zone("@ MX 10 mail.example.com.", *lines), is_validating=is_validating) as server:
        question = ServerQuestion(domain="example.com", host=host, port=587, seen=seen)
        examined = examine(question, Lookups([server.address], query_seconds=0.6), within_seconds=10)
    (remark,) = next(remarks for name, remarks in examined.remarks.items() if name == check)
    return remark


_A = f"{_HOST}. A 192.0.2.9"


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        ((spf("v=spf1 ip4:192.0.2.0/24 -all"), _A), "ok", "lets smtp.example.net send (192.0.2.9)"),
        ((spf("v=spf1 a:smtp.example.net -all"), _A), "ok", ""),
        ((spf("v=spf1 include:i.example.net -all"), spf("v=spf1 ip4:192.0.2.9 ?all", "i.example.net."), _A), "ok", ""),
        ((spf("v=spf1 ip4:198.51.100.1 -all"), _A), "spfServerUnlisted", "192.0.2.9 fail (-all)"),
        ((spf("v=spf1 ip4:198.51.100.1 ~all"), _A), "spfServerUnlisted", "add ip4:192.0.2.9 to the record"),
        ((spf("v=spf1 ip4:198.51.100.1"), _A), "spfServerUnlisted", "192.0.2.9 neutral (at its end)"),
        ((spf("v=spf1 ip4:192.0.2.9 -all"), _A, f"{_HOST}. AAAA 2001:db8::9"), "spfServerUnlisted", "add ip6:2001:db8::9"),
        ((_A,), "notDeclared", "no valid SPF record"),
        ((spf("v=spf1 foo"), _A), "notDeclared", "no valid SPF record"),
        ((spf("v=spf1 include:gone.example.net -all"), _A), "notDeclared", "no valid SPF record"),
        ((spf("v=spf1 mx -all"),), "notDeclared", "has no address"),
        ((spf("v=spf1 mx -all"), f"{_HOST}. A 10.0.0.5"), "notDeclared", "addresses of this network alone (10.0.0.5)"),
        ((spf("v=spf1 mx -all"), f"{_HOST}. A 127.0.0.1", f"{_HOST}. AAAA fd00::1"), "notDeclared", "this network alone"),
    ],
)  # fmt: skip
def test_spf_of_a_server_of_ones_own(lines: tuple[str, ...], code: str, words: str) -> None:
    """The record is evaluated for each address of the server's host, as receivers would."""
    remark = _found("spfServer", *lines)
    assert (code, True) == (remark.code, words in remark.message)


def test_spf_of_a_server_given_by_address() -> None:
    """An address in the manifest is asked about as it stands."""
    remark = _found("spfServer", spf("v=spf1 ip4:192.0.2.9 -all"), host="192.0.2.9")
    assert "ok" == remark.code


_GOOGLE = ('_spf.google.com. TXT "v=spf1 include:_netblocks.google.com ~all"',
           '_netblocks.google.com. TXT "v=spf1 ip4:198.51.100.0/24 ~all"')  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        ((spf("v=spf1 include:_spf.google.com ~all"), *_GOOGLE), "ok", "includes Google"),
        ((spf("v=spf1 redirect=_spf.google.com"), *_GOOGLE), "ok", "includes Google"),
        (
            (spf("v=spf1 include:i.example.com -all"), spf("v=spf1 include:_spf.google.com -all", "i"), *_GOOGLE),
            "ok",
            "",
        ),
        ((spf("v=spf1 ip4:198.51.100.0/24 -all"), *_GOOGLE), "ok", "by their addresses"),
        ((spf("v=spf1 mx -all"), *_GOOGLE), "spfProviderMissing", "Add include:_spf.google.com"),
        ((spf("v=spf1 mx -all"),), "spfProviderMissing", "Add include:_spf.google.com"),
        ((spf("v=spf1 include:spf.protection.outlook.com -all"),), "spfProviderMissing", "does not let Google send"),
    ],
)
def test_spf_of_a_known_provider(lines: tuple[str, ...], code: str, words: str) -> None:
    """A provider's include has to stand in the record, or what it leads to."""
    remark = _found("spfServer", *lines, host="smtp.gmail.com")
    assert (code, True) == (remark.code, words in remark.message)


def test_trouble_with_the_names_is_told() -> None:
    """Where name servers do not answer about the record nothing is concluded."""
    with NameServer(misbehaviour={"example.com": "servfail"}) as server:
        question = ServerQuestion(domain="example.com", host=_HOST, port=587, seen=_SEEN)
        examined = examine(question, Lookups([server.address]), within_seconds=5)
    assert ["dnsFailed"] == [each.code for each in examined.remarks["spfServer"]]


@pytest.mark.parametrize(
    ("records", "code", "words"),
    [
        ((), "notDeclared", "no TLSA record for port 587"),
        ((f"3 1 1 {_KEY}",), "ok", "fits its certificate"),
        ((f"3 0 1 {_WHOLE}",), "ok", ""),
        (("3 1 0 " + b"key".hex(),), "ok", ""),
        (("3 0 0 " + b"whole".hex(),), "ok", ""),
        ((f"3 1 1 {_WHOLE}", f"3 1 1 {_KEY}"), "ok", ""),
        ((f"3 1 1 {_WHOLE}",), "daneMismatch", f"3 1 1 {_KEY}"),
        ((f"3 0 1 {_KEY}", f"3 1 1 {_WHOLE}"), "daneMismatch", "3 0 1 "),
        ((f"2 1 1 {_KEY}",), "notDeclared", "names an issuer"),
        ((f"3 1 2 {_KEY}{_KEY}",), "notDeclared", "longer digest"),
        ((f"2 1 1 {_KEY}", f"3 1 1 {_WHOLE}"), "notDeclared", "not compared"),
        ((f"1 1 1 {_KEY}",), "daneUnusable", "RFC 7672"),
        ((f"0 0 1 {_WHOLE}",), "daneUnusable", ""),
        ((f"3 2 1 {_KEY}",), "daneUnusable", ""),
        ((f"3 1 3 {_KEY}",), "daneUnusable", ""),
    ],
)
def test_dane(records: tuple[str, ...], code: str, words: str) -> None:
    """Validated records are compared with the certificate that the conversation saw."""
    remark = _found("dane", *(f"{_TLSA} TLSA {record}" for record in records))
    assert (code, True) == (remark.code, words in remark.message)


def test_records_that_nobody_validated_do_not_count() -> None:
    """Without DNSSEC, or a resolver that says so, a record is no promise, whether it fits or not."""
    for digest in (_KEY, _WHOLE):
        remark = _found("dane", f"{_TLSA} TLSA 3 1 1 {digest}", is_validating=False)
        assert ("daneNotValidated", True) == (remark.code, "verification.nameservers" in remark.message)


def test_a_certificate_that_was_not_seen_is_not_compared() -> None:
    """Without a conversation, or with evidence of an earlier version, that is what is said."""
    remark = _found("dane", f"{_TLSA} TLSA 3 1 1 {_KEY}", seen=SeenCertificate())
    assert ("notDeclared", True) == (remark.code, "was not seen" in remark.message)


def test_evidence_that_knows_the_certificate_alone() -> None:
    """Evidence of before holds no digest of the key, so records about keys are not compared with it."""
    remark = _found("dane", f"{_TLSA} TLSA 3 1 1 {_KEY}", seen=SeenCertificate(whole=_WHOLE))
    assert ("notDeclared", True) == (remark.code, "not compared" in remark.message)


@pytest.mark.parametrize("host", ["192.0.2.9", "2001:db8::9"])
def test_an_address_has_no_tlsa_record(host: str) -> None:
    """DANE is about names."""
    assert "belong to names" in _found("dane", host=host).message
