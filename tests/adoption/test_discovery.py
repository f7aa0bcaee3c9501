"""What an address's domain says of its servers is proposed in its order, over HTTPS and DNS alone, and confirmed by a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.model.canonical import sha256_hex
from reconciler.model.servers.presets import PRESETS
from reconciler.operations.adoption.discover import Asking, discover
from reconciler.verification.domains import Lookups
from tests.adoption.cases import CANARY
from tests.support.certificates import TestCA
from tests.support.nameserver import NameServer
from tests.support.policyserver import PolicyServer, web_answer

if TYPE_CHECKING:
    from reconciler.model.adoption.candidates import Discovery

HERE = ("autoconfig.example.com. A 127.0.0.1", "example.com. A 127.0.0.1")
FACTS = Path(__file__).with_name("ispdb.csv").read_text(encoding="utf-8").split()[1:]


def server_xml(host: str, port: int, kind: str, *, head: str = "") -> bytes:
    """Return a provider's description of one outgoing server."""
    return (
        f'{head}<clientConfig version="1.1"><emailProvider id="x"><outgoingServer type="smtp"><hostname>{host}</hostname>'
        f"<port>{port}</port><socketType>{kind}</socketType><username>%EMAILADDRESS%</username>"
        "<authentication>password-cleartext</authentication></outgoingServer></emailProvider></clientConfig>"
    ).encode()


def trust(ca: TestCA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Trust a CA, in a file of a name of its own: contexts are kept by that, and a folder's name may come again."""
    trusted = tmp_path / f"{sha256_hex(ca.pem)[-16:]}.pem"
    trusted.write_text(ca.pem, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))


def found(
    zone: tuple[str, ...],
    answer: bytes,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    name: str = "autoconfig.example.com",
    **how: object,
) -> tuple[Discovery, PolicyServer]:
    """Return what is found for sales@example.com where these records and this web server are."""
    ca = TestCA()
    trust(ca, monkeypatch, tmp_path)
    with NameServer("\n".join(zone)) as names, PolicyServer(ca.server_context(name), answer) as web:
        asking = Asking(lookups=Lookups([names.address]), port=web.port, **how)  # type: ignore[arg-type]
        return discover("sales@example.com", asking), web


def test_all_who_say_something_are_proposed_in_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The domain's description comes first, then SRV for submissions, then for submission, then the MX's provider."""
    zone = (
        *HERE,
        "_submissions._tcp.example.com. SRV 10 1 465 late.example.com.",
        "_submissions._tcp.example.com. SRV 5 1 465 smtp.example.com.",
        "_submission._tcp.example.com. SRV 0 1 587 smtp.example.com.",
        "example.com. MX 10 in1-smtp.messagingengine.com.",
    )
    discovery, web = found(zone, web_answer(server_xml("smtp.example.com", 465, "SSL")), monkeypatch, tmp_path)
    assert [
        "smtp.example.com:465 (tls)",
        "late.example.com:465 (tls)",
        "smtp.example.com:587 (starttls)",
        "smtp.fastmail.com:465 (tls)",
    ] == [each.place for each in discovery.candidates]
    first = discovery.candidates[0]
    assert "https://autoconfig.example.com/mail/config-v1.1.xml" == first.sources[0]
    assert "the SRV record of _submissions._tcp.example.com" in first.sources
    assert "{email}" == first.username
    assert discovery.disagrees
    assert not any(b"sales" in line for head in web.requests for line in head), "the address itself is told to nobody"


def test_presets_come_first_and_ask_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For a provider's own mailboxes the preset is proposed, and no question leaves the machine."""
    with NameServer("") as names:
        discovery = discover("somebody@gmail.com", Asking(lookups=Lookups([names.address])))
        assert 0 == names.questions()
    assert ["smtp.gmail.com:465 (tls)"] == [each.place for each in discovery.candidates]
    assert not discovery.disagrees


REFUSED = {
    "document type": (
        web_answer(server_xml("smtp.example.com", 465, "SSL", head="<!DOCTYPE x>")),
        "document type declaration",
    ),
    "plain text": (web_answer(server_xml("smtp.example.com", 25, "plain")), "no server with encryption"),
    "too long": (web_answer(server_xml("smtp.example.com", 465, "SSL") + b" " * 70_000), "longer than 64 KiB"),
    "not XML": (web_answer(b"<html>hello"), "not XML"),
    "not text": (web_answer(b"\xff\xfe"), "not UTF-8"),
    "missing": (web_answer(b"", status="404 Not Found"), "HTTP status 404"),
    "another domain": (
        web_answer(b"", status="302 Found", head="Location: https://evil.example.net/x\r\n"),
        "another domain",
    ),
    "suffix of the name": (
        web_answer(b"", status="302 Found", head="Location: https://evilexample.com/x\r\n"),
        "another domain",
    ),
    "no HTTPS": (web_answer(b"", status="301 Moved", head="Location: http://example.com/x\r\n"), "without HTTPS"),
    "a circle": (web_answer(b"", status="301 Moved", head="Location: /again\r\n"), "one redirect to the next"),
    "another port": (
        web_answer(b"", status="301 Moved", head="Location: https://example.com:8443/x\r\n"),
        "another domain",
    ),
    "not HTTP": (CANARY.encode() + b"\r\n\r\n", "as HTTP has it"),
}


@pytest.mark.parametrize("title", REFUSED)
def test_what_is_not_taken_of_a_description(title: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is proposed of what may not be followed, is too long or cannot be understood; why is told, without its words."""
    answer, told = REFUSED[title]
    discovery, _ = found(HERE, answer, monkeypatch, tmp_path)
    assert () == discovery.candidates
    assert any(told in each for each in discovery.silent), discovery.silent
    assert CANARY not in str(discovery)


def test_a_certificate_that_does_not_hold_ends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A description is taken from a host with a certificate for its name alone."""
    answer = web_answer(server_xml("smtp.example.com", 465, "SSL"))
    discovery, web = found(HERE, answer, monkeypatch, tmp_path, name="elsewhere.example.com")
    assert () == discovery.candidates
    assert any("its certificate does not hold" in each for each in discovery.silent)
    assert [] == web.requests


def test_a_redirect_within_the_domain_is_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hosts below the domain count as the domain's; the certificate must be for each of them."""
    ca = TestCA()
    trust(ca, monkeypatch, tmp_path)
    with (
        PolicyServer(
            ca.server_context("autoconfig.example.com"), web_answer(server_xml("s.example.com", 587, "STARTTLS"))
        ) as web,
        NameServer("\n".join(HERE)) as names,
    ):
        web._answer = web_answer(b"", status="302 Found", head="Location: https://autoconfig.example.com/other.xml\r\n")  # noqa: SLF001
        discovery = discover("sales@example.com", Asking(lookups=Lookups([names.address]), port=web.port))
        asked = [head[0] for head in web.requests]
    assert b"GET /other.xml HTTP/1.1" in asked
    assert any("one redirect to the next" in each for each in discovery.silent)


def test_the_root_means_no_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An SRV record whose target is a dot says that there is none (RFC 2782)."""
    zone = ("_submissions._tcp.example.com. SRV 0 0 0 .", "_submission._tcp.example.com. SRV 0 1 587 smtp.example.com.")
    discovery, _ = found(zone, b"", monkeypatch, tmp_path)
    assert ["smtp.example.com:587 (starttls)"] == [each.place for each in discovery.candidates]
    assert any("there is no such service" in each for each in discovery.silent)


def test_hosts_that_may_not_be_contacted_are_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """verification.servers holds for descriptions too."""
    answer = web_answer(server_xml("smtp.example.com", 465, "SSL"))
    discovery, web = found(HERE, answer, monkeypatch, tmp_path, allowed_hosts=("*.example.org",))
    assert ((), []) == (discovery.candidates, web.requests)


def test_silent_servers_take_no_longer_than_the_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Name servers that say nothing end the discovery in time, with what is known by then."""
    with NameServer("", misbehaviour={"example.com": "silent", "autoconfig.example.com": "silent"}) as names:
        discovery = discover(
            "sales@example.com", Asking(lookups=Lookups([names.address], query_seconds=0.2), seconds=1.0)
        )
    assert () == discovery.candidates
    assert discovery.silent


@pytest.mark.parametrize("fact", FACTS)
def test_presets_are_what_the_ispdb_has(fact: str) -> None:
    """Host, port and encryption of a preset are among those that mail programs are told (facts of the ISPDB, March 2026)."""
    name, host, port, encryption = fact.split(",")
    preset = PRESETS[name]
    default = {"tls": 465, "starttls": 587}[preset.encryption]
    own = (preset.host_in(None), preset.port or default, preset.encryption)
    others = {tuple(each.split(",")[1:]) for each in FACTS if each.startswith(f"{name},")}
    assert (str(own[0]), str(own[1]), own[2]) in others, (host, port, encryption)


def test_every_preset_of_a_mailbox_provider_has_facts() -> None:
    """Providers whose domains are known are compared; those of bulk mail stand in no mail program's list."""
    assert {name for name, preset in PRESETS.items() if preset.domains} <= {fact.partition(",")[0] for fact in FACTS}
