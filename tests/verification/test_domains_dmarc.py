"""Which DMARC record applies: the DNS tree walk of RFC 9989 sections 4.10, 4.10.1 and 4.10.2."""

from __future__ import annotations

import pytest

from reconciler.verification.domains.dmarc import walked
from tests.support.nameserver import NameServer
from tests.verification.domains import codes, found, spf, zone

_EXISTS = "a.b.example.com. A 192.0.2.1"
_REJECT = "v=DMARC1; p=reject"


def _policy(*lines: str, domain: str = "a.b.example.com") -> tuple[list[str], str]:
    """Return the codes and the first sentence about a domain of a zone."""
    with NameServer(zone(_EXISTS, *lines)) as server:
        remarks = found(server, "dmarc", domain=domain)
    return codes(remarks), remarks[0].message


def test_the_walk_asks_eight_names_at_most() -> None:
    """The example of the RFC: a long domain is cut to seven labels after the first question."""
    expected = [
        "g.h.i.j.mail.example.com", "h.i.j.mail.example.com", "i.j.mail.example.com", "j.mail.example.com",
        "mail.example.com", "example.com", "com",
    ]  # fmt: skip
    assert expected == list(walked("a.b.c.d.e.f.g.h.i.j.mail.example.com"))


@pytest.mark.parametrize(("labels", "asked"), [(1, 0), (2, 1), (7, 6), (8, 7), (9, 7), (40, 7)])
def test_the_number_of_names_after_the_first(labels: int, asked: int) -> None:
    """Up to eight labels every parent is asked, down to the last label; of more, seven."""
    names = list(walked(".".join(["a"] * labels)))
    assert (asked, ["a"] if asked else []) == (len(names), names[-1:])


def test_questions_are_asked_in_order_and_stop_at_an_own_record() -> None:
    """A record at the domain itself applies, whatever stands above; nobody above is asked."""
    with NameServer(zone(_EXISTS, spf(_REJECT, "_dmarc.a.b"), spf("v=DMARC1; p=none; psd=n", "_dmarc"))) as server:
        assert ["ok"] == codes(found(server, "dmarc", domain="a.b.example.com"))
        asked = [name for name, _ in server.asked if name.startswith("_dmarc")]
    assert ["_dmarc.a.b.example.com"] == asked


def test_the_record_with_the_fewest_labels_is_that_of_the_organization() -> None:
    """Without psd the walk goes on to the end, and the topmost record applies."""
    said = _policy(spf(_REJECT, "_dmarc"), spf("v=DMARC1; p=none", "_dmarc.b"))
    assert (["ok"], True) == (said[0], "by p=reject at _dmarc.example.com" in said[1])


def test_a_subdomain_policy_is_taken_below_the_record() -> None:
    """Where the record stands above the domain its sp applies; np is for domains that do not exist."""
    said = _policy(spf("v=DMARC1; p=reject; sp=quarantine; np=none", "_dmarc"))
    assert (["ok"], True) == (said[0], "policy quarantine, by sp=quarantine" in said[1])


def test_no_subdomain_policy_at_the_record_itself() -> None:
    """At the domain of the record p applies, not sp."""
    said = _policy("@ A 192.0.2.1", spf("v=DMARC1; p=reject; sp=none", "_dmarc"), domain="example.com")
    assert (["ok"], True) == (said[0], "by p=reject" in said[1])


def test_psd_n_ends_the_walk() -> None:
    """A record with psd=n is that of the organization, although another stands above."""
    with NameServer(
        zone(_EXISTS, spf("v=DMARC1; p=reject; psd=n", "_dmarc.b"), spf("v=DMARC1; p=none", "_dmarc"))
    ) as server:
        remarks = found(server, "dmarc", domain="a.b.example.com")
        assert 0 == server.asked["_dmarc.example.com", "TXT"]
    assert "_dmarc.b.example.com" in remarks[0].message


def test_below_a_public_suffix_stands_the_organization() -> None:
    """With psd=y the organizational domain is one label below; its record applies, and not the suffix's."""
    suffix = spf("v=DMARC1; p=none; psd=y", "_dmarc")
    said = _policy(suffix, spf(_REJECT, "_dmarc.b"))
    assert (["ok"], True) == (said[0], "_dmarc.b.example.com" in said[1])


def test_a_public_suffix_speaks_for_organizations_without_a_record() -> None:
    """Where the organizational domain has no record the public suffix's applies."""
    said = _policy(spf("v=DMARC1; p=reject; psd=y", "_dmarc"))
    assert (["ok"], True) == (said[0], "_dmarc.example.com" in said[1])


def test_several_records_above_are_passed_over() -> None:
    """Receivers discard several records at one name and walk on."""
    double = (spf("v=DMARC1; p=none", "_dmarc.b"), spf("v=DMARC1; p=quarantine", "_dmarc.b"))
    said = _policy(*double, spf(_REJECT, "_dmarc"))
    assert (["ok"], True) == (said[0], "_dmarc.example.com" in said[1])


def test_several_records_above_are_told_where_there_is_no_other() -> None:
    """Whoever would be told to add a record should rather mend those that are there."""
    double = (spf("v=DMARC1; p=none", "_dmarc"), spf("v=DMARC1; p=quarantine", "_dmarc"))
    said = _policy(*double)
    assert (["dmarcSeveral"], True) == (said[0], "_dmarc.example.com" in said[1])


def test_a_policy_of_none_tells_where_it_comes_from() -> None:
    """An inherited sp=none is told with its place."""
    said = _policy(spf("v=DMARC1; p=reject; sp=none", "_dmarc"))
    assert (["dmarcPolicyNone"], True) == (said[0], "sp=none at _dmarc.example.com" in said[1])


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("\u201cv=DMARC1; p=reject\u201d", "quotation marks"),
        ("_dmarc.example.com v=DMARC1; p=reject", "must begin with v=DMARC1;"),
        ("TXT v=DMARC1; p=reject", "must begin with v=DMARC1;"),
        ("p=reject; rua=mailto:dmarc@example.com", "must begin with v=DMARC1;"),
        ("DMARC1; p=reject", "must begin with v=DMARC1;"),
        ("v:DMARC1; p=reject", "must begin with v=DMARC1;"),
    ],
)
def test_what_is_meant_to_be_dmarc_is_told_as_that(written: str, words: str) -> None:
    """Whoever published something is told what is wrong with it, and not to add another record."""
    said = _policy("@ A 192.0.2.1", spf(written, "_dmarc"), domain="example.com")
    assert (["dmarcInvalid"], True) == (said[0], words in said[1])


@pytest.mark.parametrize("name", ["@", "_dmarc.example.com"])
def test_a_record_at_a_wrong_name_is_found(name: str) -> None:
    """A record at the domain itself, or at its name written twice, is no policy; it is to be moved, and not added."""
    said = _policy("@ A 192.0.2.1", spf("v=DMARC1; p=reject", name), domain="example.com")
    assert (["dmarcMissing"], True) == (said[0], "Move it to _dmarc.example.com." in said[1])
