"""MTA-STS: the record, the policy fetched over HTTPS on loopback, and what may be fetched at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.events import listening
from reconciler.verification.domains import Lookups, PolicyFetcher, Question, examine
from tests.support.nameserver import NameServer
from tests.support.policyserver import PolicyServer, policy, web_answer
from tests.verification.domains import spf, zone

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.event import Event
    from reconciler.verification.domains.sentences import Remark
    from tests.support.certificates import TestCA

_ZONE = (
    "@ MX 10 mail.example.com.",
    "mail A 192.0.2.1",
    "mta-sts A 127.0.0.1",
    spf("v=STSv1; id=20260101T000000;", "_mta-sts"),
)
_GOOD = policy("mx: mail.example.com")


@pytest.fixture(autouse=True)
def _trusted(ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the CA of the tests trusted as the system's are."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.write_pem(tmp_path / "ca.pem")))


def _found(zone_lines: tuple[str, ...], port: int = 1, hosts: tuple[str, ...] = ("*",)) -> Remark:
    with NameServer(zone(*zone_lines)) as names:
        fetcher = PolicyFetcher(allowed_hosts=hosts, port=port)
        lookups = Lookups([names.address])
        examined = examine(Question(domain="example.com"), lookups, within_seconds=10, fetcher=fetcher)
    (remark,) = examined.remarks["mtaSts"]
    return remark


def _served(ca: TestCA, answer: bytes, *, name: str = "mta-sts.example.com", lines: tuple[str, ...] = _ZONE) -> Remark:
    with PolicyServer(ca.server_context(name), answer) as web:
        return _found(lines, web.port)


def test_a_policy_that_fits_passes(ca: TestCA) -> None:
    """The file is asked for by its one path, and names the mail server."""
    with PolicyServer(ca.server_context("mta-sts.example.com"), _GOOD) as web:
        remark = _found(_ZONE, web.port)
    assert ("ok", True) == (remark.code, "mode enforce" in remark.message)
    assert [b"GET /.well-known/mta-sts.txt HTTP/1.1", b"Host: mta-sts.example.com"] == web.requests[0][:2]


def test_the_fetching_is_told(ca: TestCA) -> None:
    """Connection, handshake, request and status of the policy's server are told to whoever listens, as of a mail server."""
    heard: list[Event] = []
    with PolicyServer(ca.server_context("mta-sts.example.com"), _GOOD) as web, listening(heard.append):
        _found(_ZONE, web.port)
    said = [(each.speaker, each.text or "") for each in heard if each.event == "said"]
    texts = "\n".join(f"{speaker} {text}" for speaker, text in said)
    for words in (
        "note connected to 127.0.0.1", "note TLS: TLSv1.3",
        "client GET /.well-known/mta-sts.txt", "server HTTP status 200",
    ):  # fmt: skip
        assert words in texts, (words, texts)


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        ((), "notDeclared", "no TXT record at _mta-sts.example.com"),
        ((spf("v=spf1 -all", "_mta-sts"),), "notDeclared", "_mta-sts.example.com"),
        ((spf("v=STSv1; id=1", "_mta-sts"), spf("v=STSv1; id=2", "_mta-sts")), "mtaStsInvalid", "there are 2"),
        ((spf("v=STSv1", "_mta-sts"),), "mtaStsInvalid", "id="),
        ((spf("v=STSv1; id=2026-01-01", "_mta-sts"),), "mtaStsInvalid", "id="),
        ((spf("v=STSv1; id=1; id=2", "_mta-sts"),), "mtaStsInvalid", "twice"),
        ((spf("v=STSv1; id=1; hello", "_mta-sts"),), "mtaStsInvalid", "tag=value"),
        ((spf("v=stsv1; id=1", "_mta-sts"),), "mtaStsInvalid", "exactly these letters"),
        ((spf('"v=STSv1; id=1"', "_mta-sts"),), "mtaStsInvalid", "quotation marks"),
    ],
)
def test_the_record(lines: tuple[str, ...], code: str, words: str) -> None:
    """A record that announces no policy is told, and nothing is fetched."""
    remark = _found(("@ MX 10 mail.example.com.", *lines))
    assert (code, True) == (remark.code, words in remark.message)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (policy("mx: *.example.com"), "ok", "enforce"),
        (policy("mx: other.example.net", "mx: MAIL.example.com"), "ok", "enforce"),
        (policy(mode="none"), "ok", "none"),
        (policy("mx: mail.example.com", "unknown_field: x", ""), "ok", "enforce"),
        (policy("mx: other.example.com"), "mtaStsMxUnlisted", "do not deliver"),
        (policy("mx: *.mail.example.com"), "mtaStsMxUnlisted", "mail.example.com"),
        (policy("mx: other.example.com", mode="testing"), "mtaStsMxUnlisted", "Once the mode is enforce"),
        (policy(), "mtaStsPolicyInvalid", "no line mx:"),
        (policy("mx: mail.example.com", mode="on"), "mtaStsPolicyInvalid", "mode: must be"),
        (policy("mx: mail.*.com"), "mtaStsPolicyInvalid", "mail.*.com"),
        (policy("mx: mail.example.com", "hello"), "mtaStsPolicyInvalid", "line 5"),
        (policy("mx: mail.example.com", content_type="text/html"), "mtaStsPolicyInvalid", "text/plain"),
        (web_answer(b"mode: enforce\nmx: mail.example.com\nmax_age: 1"), "mtaStsPolicyInvalid", "version: STSv1"),
        (web_answer(b"version: STSv1\nmode: none\nmax_age: never"), "mtaStsPolicyInvalid", "max_age:"),
        (web_answer(b"version: STSv1\nmode: none\nmax_age: 999999999"), "mtaStsPolicyInvalid", "max_age:"),
        (web_answer(b"version: STSv1\nmode: none\nmax_age: 0"), "ok", "none"),
        (web_answer(b"\xff\xfe"), "mtaStsPolicyInvalid", "UTF-8"),
        (web_answer(b"", status="404 Not Found"), "mtaStsUnreachable", "HTTP status 404"),
        (web_answer(b"", status="301 Moved", head="Location: https://localhost/\r\n"), "mtaStsUnreachable", "redirect"),
        (web_answer(b"x" * 70_000), "mtaStsUnreachable", "longer than 64 KiB"),
        (b"hello\r\n\r\n", "mtaStsUnreachable", "as HTTP has it"),
        (b"", "mtaStsUnreachable", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nversion", "mtaStsUnreachable", ""),
    ],
)
def test_the_policy(ca: TestCA, answer: bytes, code: str, words: str) -> None:
    """What is served is judged as RFC 8461 has it, and the sentence names what to mend."""
    remark = _served(ca, answer)
    assert (code, True) == (remark.code, words in remark.message)


def test_a_certificate_for_another_name_is_refused(ca: TestCA) -> None:
    """A policy counts only from a host that proves to be mta-sts of the domain."""
    remark = _served(ca, _GOOD, name="www.example.com")
    assert ("mtaStsUnreachable", True) == (remark.code, "certificate does not hold" in remark.message)


def test_a_host_without_address() -> None:
    """A record without a web server is told with the address of the file."""
    remark = _found(tuple(line for line in _ZONE if not line.startswith("mta-sts ")))
    assert ("mtaStsUnreachable", True) == (remark.code, "https://mta-sts.example.com/.well-known/" in remark.message)


def test_nobody_listens() -> None:
    """A host that refuses the connection is told as that."""
    assert "refused the connection" in _found(_ZONE, 1).message


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200"])
def test_a_forbidden_address_is_not_contacted(address: str) -> None:
    """A domain whose owner lets the policy's host lead to a metadata service is not followed there."""
    lines = tuple(f"mta-sts A {address}" if line.startswith("mta-sts ") else line for line in _ZONE)
    remark = _found(lines)
    assert ("mtaStsUnreachable", True) == (remark.code, "never contacted" in remark.message)


def test_a_host_that_is_not_allowed_is_not_contacted(ca: TestCA) -> None:
    """Where verification.servers does not list the host nothing is fetched, and that is told."""
    with PolicyServer(ca.server_context("mta-sts.example.com"), _GOOD) as web:
        remark = _found(_ZONE, web.port, ("smtp.example.com",))
    assert "notAllowed" == remark.code
    assert "mta-sts.example.com" in remark.message
    assert [] == web.requests


def test_the_servers_words_do_not_reach_the_sentence(ca: TestCA) -> None:
    """Control characters in a policy are not passed on to the terminal."""
    remark = _served(ca, policy("mx: \x1b[31mred"))
    assert ("mtaStsPolicyInvalid", False) == (remark.code, "\x1b" in remark.message)
