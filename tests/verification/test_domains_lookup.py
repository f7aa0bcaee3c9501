"""Questions to name servers: bad servers, limits of time, and each question once."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.characters import UNSAFE_CHARACTER
from reconciler.smtp.deadline import Deadline
from reconciler.verification.domains import Lookups, Question, examine
from reconciler.verification.domains.answers import DnsTrouble
from tests.support.nameserver import Misbehaviour, NameServer
from tests.verification.domains import DOMAIN, codes, found, spf, zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.model.verification.evidence import CheckName

_ZONE = zone("@ A 192.0.2.1", spf("v=spf1 ip4:192.0.2.1 -all"), "@ MX 10 mail.example.com.", "mail A 192.0.2.1")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found_free:
        found_free.bind(("127.0.0.1", 0))
        return int(found_free.getsockname()[1])


def _trouble(lookups: Lookups, name: str = DOMAIN) -> str:
    with pytest.raises(DnsTrouble) as caught:
        lookups.ask(name, "TXT", deadline=Deadline(5))
    assert name == caught.value.name
    return caught.value.code


@pytest.mark.parametrize("check", ["spf", "dkim", "dmarc", "mx", "replyTo"])
def test_a_domain_that_does_not_exist(check: CheckName) -> None:
    """Every check says so, and nothing more is asked about it."""
    with NameServer(zone("other.example. A 192.0.2.1")) as server:
        remarks = found(server, check, selectors=("s1",))
        assert 1 == server.questions()
    assert ["domainNotFound"] == codes(remarks)
    assert "example.com does not exist" in remarks[0].message


@pytest.mark.parametrize(
    ("misbehaviour", "code"),
    [("servfail", "dnsFailed"), ("refused", "dnsFailed"), ("silent", "dnsTimedOut"), ("rubbish", "dnsTimedOut")],
)
@pytest.mark.parametrize("check", ["spf", "dkim", "dmarc", "mx", "replyTo"])
def test_a_bad_name_server_is_a_transient_trouble(misbehaviour: Misbehaviour, code: str, check: CheckName) -> None:
    """No answer, or none that can be used, is told with the name asked for."""
    names = [DOMAIN, "_dmarc.example.com", "s1._domainkey.example.com"]
    with NameServer(_ZONE, misbehaviour=dict.fromkeys(names, misbehaviour)) as server:
        remarks = found(server, check, selectors=("s1",))
    assert [code] == codes(remarks)
    assert "example.com" in remarks[0].message


def test_every_misbehaviour_is_tried() -> None:
    """The misbehaviours of the test server all have a test here."""
    without_edns = {"formerr", "notimp", "edns_servfail", "edns_silent"}
    assert {"servfail", "refused", "silent", "rubbish", "wrong_id", *without_edns} == set(get_args(Misbehaviour))


@pytest.mark.parametrize("misbehaviour", ["formerr", "notimp", "edns_servfail", "edns_silent"])
def test_a_name_server_without_edns_is_asked_without(misbehaviour: Misbehaviour) -> None:
    """Whatever it says to a question with EDNS, the same question without one gets its answer."""
    with NameServer(_ZONE, misbehaviour={DOMAIN: misbehaviour}) as server:
        assert ["ok"] == codes(found(server, "spf"))


def test_a_name_server_without_edns_is_remembered() -> None:
    """Once it answered without EDNS, no further question of the run is asked twice."""
    names = [f"n{number}.example.com" for number in range(4)]
    with NameServer(_ZONE, misbehaviour=dict.fromkeys(names, "formerr")) as server:
        lookups = Lookups([server.address])
        for name in names:
            lookups.ask(name, "TXT", deadline=Deadline(5))
        assert [2, 1, 1, 1] == [server.asked[name, "TXT"] for name in names]


def test_whether_an_answer_was_validated_is_known() -> None:
    """A resolver that validates says so with AD, and one that does not says nothing."""
    told = []
    for is_validating in (True, False):
        with NameServer(_ZONE, is_validating=is_validating) as server:
            answer = Lookups([server.address]).ask(DOMAIN, "MX", deadline=Deadline(5))
            told.append(answer.is_authentic)
    assert [True, False] == told


@pytest.mark.parametrize("misbehaviour", ["refused", "servfail", "silent"])
def test_a_top_level_domain_that_nobody_speaks_of(misbehaviour: Misbehaviour) -> None:
    """Name servers that do not answer for _dmarc of the top-level domain leave it certain that the domain has none."""
    with NameServer(_ZONE, misbehaviour={"_dmarc.com": misbehaviour}) as server:
        remarks = found(server, "dmarc")
    assert (["dmarcMissing"], True) == (codes(remarks), "give no answer about _dmarc.com" in remarks[0].message)


def test_a_parent_that_a_name_server_refuses_to_speak_of() -> None:
    """A server that is authoritative for the domain alone refuses everything above; the domain's own record counts."""
    refusing: dict[str, Misbehaviour] = {"_dmarc.co.example": "refused", "_dmarc.example": "refused"}
    with NameServer("mail.co.example. A 192.0.2.1", misbehaviour=refusing) as server:
        remarks = found(server, "dmarc", domain="mail.co.example")
    assert ["dmarcMissing"] == codes(remarks)
    assert "_dmarc.co.example, _dmarc.example" in remarks[0].message


def test_a_parent_that_is_broken_stays_a_transient_trouble() -> None:
    """Where a domain above the own cannot be had, but is no top-level domain, nothing is concluded."""
    with NameServer("a.example.com. A 192.0.2.1", misbehaviour={"_dmarc.example.com": "servfail"}) as server:
        assert ["dnsFailed"] == codes(found(server, "dmarc", domain="a.example.com"))


def test_an_answer_with_another_id_is_not_believed() -> None:
    """A forged answer that comes first is passed over, and the right one is taken."""
    with NameServer(_ZONE, misbehaviour={DOMAIN: "wrong_id"}) as server:
        assert ["ok"] == codes(found(server, "spf"))


def test_trouble_behind_an_include_is_that_of_the_record() -> None:
    """Where an included record cannot be had nothing is concluded about the whole."""
    records = zone("@ A 192.0.2.1", spf("v=spf1 include:dead.example.net -all"))
    with NameServer(records, misbehaviour={"dead.example.net": "servfail"}) as server:
        remarks = found(server, "spf")
    assert (["dnsFailed"], True) == (codes(remarks), "dead.example.net" in remarks[0].message)


def test_a_long_answer_comes_over_tcp() -> None:
    """An answer that no datagram holds is fetched whole."""
    record = "v=spf1 " + " ".join(f"ip4:192.0.2.{number}" for number in range(250)) + " -all"
    with NameServer(zone("@ A 192.0.2.1", spf(record))) as server:
        assert ["ok"] == codes(found(server, "spf"))
        assert 2 == server.asked[DOMAIN, "TXT"]


def test_nobody_listens() -> None:
    """A port where no name server is ends in trouble, not in a fault."""
    assert _trouble(Lookups([f"127.0.0.1:{_free_port()}"], query_seconds=0.5)) in {"dnsTimedOut", "dnsFailed"}


def test_a_second_name_server_is_asked() -> None:
    """Where the first refuses, the next one answers."""
    with NameServer(_ZONE, misbehaviour={DOMAIN: "refused"}) as bad, NameServer(_ZONE) as good:
        answer = Lookups([bad.address, good.address]).ask(DOMAIN, "TXT", deadline=Deadline(5))
    assert (b"v=spf1 ip4:192.0.2.1 -all",) == answer.texts


@pytest.mark.parametrize("text", [None, "", "search example.com\n"])
def test_a_machine_without_name_servers(tmp_path: Path, text: str | None) -> None:
    """A system file that is missing or names nobody is a clear trouble."""
    path = tmp_path / "resolv.conf"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert "noNameservers" == _trouble(Lookups(system_file=str(path)))
    examined = examine(Question(domain=DOMAIN), Lookups(system_file=str(path)), within_seconds=5)
    assert {("noNameservers",)} == {tuple(codes(each)) for each in examined.remarks.values()}


@pytest.mark.parametrize(
    "server",
    ["169.254.169.254", "168.63.129.16", "fe80::1", "fd00:ec2::253", "224.0.0.251", "0.0.0.0"],  # noqa: S104
)
def test_a_name_server_that_is_never_contacted(tmp_path: Path, server: str) -> None:
    """A name server of the system at a link-local, metadata or multicast address is not asked, and that is told."""
    path = tmp_path / "resolv.conf"
    path.write_text(f"nameserver {server}\n", encoding="utf-8")
    assert "nameserverForbidden" == _trouble(Lookups(system_file=str(path)))
    assert "nameserverForbidden" == _trouble(Lookups([server]))


def test_a_name_server_beside_a_forbidden_one_is_asked() -> None:
    """What is never contacted is passed over, and the next name server answers."""
    with NameServer(_ZONE) as good:
        answer = Lookups(["169.254.169.254", good.address]).ask(DOMAIN, "TXT", deadline=Deadline(5))
    assert (b"v=spf1 ip4:192.0.2.1 -all",) == answer.texts


def test_each_question_is_asked_once() -> None:
    """Many threads that ask the same at once cause one question, whether there is an answer or not.

    The server that fails is asked once with and once without EDNS.
    """
    with NameServer(_ZONE, misbehaviour={"dead.example.com": "servfail"}) as server:
        lookups = Lookups([server.address])

        def ask() -> None:
            lookups.ask(DOMAIN, "MX", deadline=Deadline(5))
            lookups.ask("Example.COM", "MX", deadline=Deadline(5))
            _trouble(lookups, "dead.example.com")

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {(DOMAIN, "MX"): 1, ("dead.example.com", "TXT"): 2} == dict(server.asked)


def test_a_domain_has_one_limit_of_time() -> None:
    """However many questions there would be, a domain with silent servers is not asked all of them."""
    names = [f"i{number}.example.net" for number in range(10)]
    record = spf("v=spf1 " + " ".join(f"exists:{name}" for name in names) + " -all")
    with NameServer(zone("@ A 192.0.2.1", record), misbehaviour=dict.fromkeys(names, "silent")) as server:
        remarks = found(server, "spf", seconds=0.3)
        asked = {name for name, _ in server.asked}
    assert ["dnsTimedOut"] == codes(remarks)
    assert set(names) - asked


def test_no_time_left_is_no_question() -> None:
    """Once the run's time is up nothing is asked any more."""
    with NameServer(_ZONE) as server:
        assert ["dnsTimedOut"] == codes(found(server, "spf", seconds=-1))
        assert 0 == server.questions()


def test_little_time_does_not_spoil_the_answer_for_others() -> None:
    """A question that one domain had no time for is asked again for the next."""
    with NameServer(_ZONE, misbehaviour={"slow.example.com": "silent"}) as server:
        lookups = Lookups([server.address])
        with pytest.raises(DnsTrouble):
            lookups.ask("slow.example.com", "TXT", deadline=Deadline(0.05))
        server.recover()
        assert not lookups.ask("slow.example.com", "TXT", deadline=Deadline(5)).exists


def test_servers_that_never_answer_are_given_up() -> None:
    """After some questions in a row without any answer ever, no further one is asked in this run."""
    names = [f"n{number}.example.com" for number in range(9)]
    with NameServer(misbehaviour=dict.fromkeys(names, "silent")) as server:
        lookups = Lookups([server.address], query_seconds=0.1)
        assert {"dnsTimedOut"} == {_trouble(lookups, name) for name in names}
        assert 6 == len({name for name, _ in server.asked})


def test_a_fault_of_ours_is_told_without_ending_the_run() -> None:
    """What nobody thought of becomes a remark with the kind of the fault."""

    class Faulty(Lookups):
        def ask(self, name: str, *_: object, **__: object) -> object:  # type: ignore[override]
            if name.startswith("_dmarc"):
                raise KeyError("secret words")
            return super().ask(name, "MX", deadline=Deadline(5))

    with NameServer(_ZONE) as server:
        examined = examine(Question(domain=DOMAIN), Faulty([server.address]), within_seconds=5)
    assert (["internalFault"], True) == (
        codes(examined.remarks["dmarc"]),
        "KeyError" in examined.remarks["dmarc"][0].message,
    )
    assert "secret words" not in examined.remarks["dmarc"][0].message


_TEXTS = st.one_of(
    st.binary(max_size=600),
    st.binary(max_size=300).map(lambda octets: b"v=spf1 " + octets),
    st.binary(max_size=300).map(lambda octets: b"v=DMARC1;" + octets),
    st.binary(max_size=300).map(lambda octets: b"v=STSv1; id=1;" + octets),
    st.binary(max_size=300).map(lambda octets: b"v=TLSRPTv1; rua=" + octets),
    st.lists(st.sampled_from(["v=spf1", "v=DMARC1;", "include:", "a:", "mx/", "%{d}", "%", "example.com", "redirect=", "p=none;", "p=", "rua=", "mailto:", "!", ",", "k=rsa;", "ip4:", "ip6:", "::/0", "//", "0", " ", "all", "?", "+", "\x1b[31m", "\u202e"]), max_size=20)
    .map(lambda parts: "".join(parts).encode()),
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile() -> Iterator[NameServer]:
    """Run one name server for all examples of the property."""
    with NameServer() as server:
        yield server


@given(texts=st.lists(_TEXTS, min_size=1, max_size=2), spf_text=_TEXTS)
@settings(max_examples=150, deadline=None)
def test_hostile_records_never_break_anything(hostile: NameServer, texts: list[bytes], spf_text: bytes) -> None:
    """Whatever stands in a record, each check ends with short clean sentences, and not by a fault of ours."""
    hostile.clear()
    hostile.add(DOMAIN, "MX", "10 example.com.")
    hostile.add_text(DOMAIN, spf_text)
    for text in texts:
        for name in (DOMAIN, *(f"{each}.{DOMAIN}" for each in ("_dmarc", "s1._domainkey", "_mta-sts", "_smtp._tls"))):
            hostile.add_text(name, text)
    examined = examine(Question(domain=DOMAIN, selectors=("s1",)), Lookups([hostile.address]), within_seconds=10)
    remarks = [each for of_check in examined.remarks.values() for each in of_check]
    assert {"spf", "dkim", "dmarc", "mx", "mtaSts", "tlsRpt"} == {
        check for check, of_check in examined.remarks.items() if of_check
    }
    assert [] == [each for each in remarks if each.code in {"internalFault", "dnsTimedOut", "dnsFailed"}]
    assert [] == [each for each in remarks if UNSAFE_CHARACTER.search(each.message) or len(each.message) > 1500]
