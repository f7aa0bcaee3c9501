"""Verification of accounts with which nothing is wrong."""

from __future__ import annotations

import email
import email.policy
import hashlib
import ssl
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reconciler.model.servers.server import Server
from reconciler.model.verification.depths import DEPTHS
from reconciler.model.verification.evidence import CONVERSATION, is_within
from reconciler.verification import Sender, verify
from tests.support.mailserver import MailServer, Refusals
from tests.verification.targets import PASSWORD, check_settings, make_target, now, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.verification.depths import Depth
    from tests.support.certificates import TestCA
    from tests.support.mailserver import Encryption


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("encryption", ["starttls", "tls", "none"])
def test_every_way_of_encryption_and_login_passes(ca: TestCA, encryption: Encryption, mechanism: str) -> None:
    """A test message arrives over each encryption (none: on loopback) by each mechanism, after one login."""
    with MailServer(
        encryption=encryption, tls_context=ca.server_context(), users={"anna": PASSWORD}, mechanisms=[mechanism]
    ) as server:
        finding = check_settings(server, encryption=encryption, ca_pem=ca.pem)
    expected = dict.fromkeys(CONVERSATION, "ok") | {"proxy": "notDeclared"}
    assert outcome(finding) == expected | ({"tls": "notDeclared"} if encryption == "none" else {})
    assert finding.verification.status == "passed"
    assert (server.login_attempts, server.connections) == (1, 1)
    assert [(m.envelope_from, m.recipients, m.username) for m in server.messages] == [
        ("sales@example.com", ("ops@example.com",), "anna")
    ]
    assert finding.observed.mechanism == mechanism
    assert finding.observed.queue_id == "2.0.0 Ok: queued as TEST4711"
    assert (finding.observed.tls_version is None) == (encryption == "none")


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_depth_asks_for_its_checks_and_no_more(ca: TestCA, depth: Depth) -> None:
    """What lies beyond the depth is skipped and never done: no login at connect, no mail at envelope."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, depth=depth)
    expected = {check: "ok" if is_within(check, depth) else "beyondDepth" for check in CONVERSATION}
    assert outcome(finding) == expected | ({"proxy": "notDeclared"} if depth != "offline" else {})
    assert finding.verification.status == ("skipped" if depth == "offline" else "passed")
    assert server.connections == (0 if depth == "offline" else 1)
    assert server.login_attempts == (0 if depth in {"offline", "connect"} else 1)
    assert server.commands["MAIL:sales@example.com"] == (1 if depth in {"envelope", "message"} else 0)
    assert len(server.messages) == (1 if depth == "message" else 0)


def test_the_message_says_what_it_tests(ca: TestCA) -> None:
    """The test message names account, project and commit, comes from the account and answers to its reply-to."""
    sender = Sender(
        name="sales", kind="OwnAccount", email="sales@example.com", display_name="Żółw Sales",
        reply_to_email="help@example.com", reply_to_display_name="Help",
    )  # fmt: skip
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        check_settings(server, ca_pem=ca.pem, senders=(sender,))
    read = email.message_from_bytes(server.messages[0].content, policy=email.policy.SMTP)
    assert str(read["From"]) == "Żółw Sales <sales@example.com>"
    assert str(read["To"]) == "ops@example.com"
    assert str(read["Reply-To"]) == "Help <help@example.com>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Message-ID"].endswith("@example.com>")
    assert abs(read["Date"].datetime - now()) < timedelta(minutes=1)
    body = read.get_content()
    assert all(word in body for word in ("sales", "mail", "0123abc", "nothing needs doing"))


def test_a_login_without_ascii_works(ca: TestCA) -> None:
    """User names and passwords are UTF-8 on the wire."""
    with MailServer(tls_context=ca.server_context(), users={"zażółć": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, username="zażółć", depth="auth")
    assert finding.verification.status == "passed"


def test_a_server_without_login_is_asked_for_none(ca: TestCA) -> None:
    """An account without authentication is verified without."""
    with MailServer(tls_context=ca.server_context()) as server:
        finding = check_settings(server, ca_pem=ca.pem, mechanism=None, username=None, password=None)
    assert outcome(finding)["auth"] == "notDeclared"
    assert finding.verification.status == "passed"


def test_the_recipient_is_the_account_itself_without_an_operator(ca: TestCA) -> None:
    """At depth envelope nobody need be named: the account's own address is asked for."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, operator=None, depth="envelope")
    assert finding.verification.status == "passed"
    assert server.commands["RCPT:sales@example.com"] == 1


def test_several_senders_share_one_conversation(ca: TestCA) -> None:
    """Each sender gets its own verdict, over one connection and one login, whatever became of the one before."""
    names = ("sales", "refused", "help")
    senders = tuple(
        Sender(name=name, kind="MarketingAccount", email=f"{name}@example.com", display_name=name) for name in names
    )
    refusals = Refusals(senders={"refused@example.com": "550 5.7.1 not yours"})
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}, refusals=refusals) as server:
        findings = verify(make_target(server, ca_pem=ca.pem, senders=senders), now=now)
    assert {name: finding.verification.status for name, finding in findings.items()} == {
        "sales": "passed",
        "refused": "failed",
        "help": "passed",
    }
    assert server.connections == 1
    assert server.login_attempts == 1
    assert len(server.messages) == 2


def test_the_systems_trust_is_settable(ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE replaces the system's CAs, as everywhere else."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.write_pem(tmp_path / "ca.pem")))
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        assert check_settings(server).verification.status == "passed"


def test_the_certificate_is_checked_against_an_address(ca: TestCA) -> None:
    """A host declared as an IP address must stand in the certificate as such."""
    with MailServer(host="127.0.0.1", tls_context=ca.server_context("127.0.0.1"), users={"anna": PASSWORD}) as server:
        assert check_settings(server, ca_pem=ca.pem).verification.status == "passed"


def test_a_certificate_that_ends_soon_is_a_warning(ca: TestCA) -> None:
    """Twenty days before its end a certificate still passes, with a warning that names the day."""
    end = now() + timedelta(days=20)
    with MailServer(tls_context=ca.server_context(not_after=end), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem)
    (warned,) = [check for check in finding.verification.checks if check.status == "warned"]
    assert (warned.check, warned.code) == ("tls", "certificateExpiresSoon")
    assert f"{end:%Y-%m-%d}" in warned.message
    assert finding.verification.status == "passed"
    assert finding.observed.certificate_not_after == end.replace(microsecond=0)


def test_the_certificate_is_known_by_its_own_digest_and_its_keys(ca: TestCA) -> None:
    """What DANE compares is observed: the digests of the certificate and of its public key."""
    with MailServer(encryption="tls", tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        observed = check_settings(server, encryption="tls", ca_pem=ca.pem).observed
        presented = x509.load_pem_x509_certificate(ssl.get_server_certificate((server.host, server.port)).encode())
    key = presented.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(key).hexdigest() == observed.certificate_key_fingerprint
    assert presented.fingerprint(SHA256()).hex() == observed.certificate_fingerprint


def test_many_conversations_leave_no_thread_behind(ca: TestCA) -> None:
    """Conversations at once all pass, each mails once, and their threads end."""
    before = threading.active_count()
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        findings = []
        threads = [
            threading.Thread(target=lambda: findings.append(check_settings(server, ca_pem=ca.pem, timeout_seconds=30)))
            for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [finding.verification.status for finding in findings] == ["passed"] * 40
    assert len(server.messages) == 40
    assert threading.active_count() == before


def test_the_sender_is_the_accounts_own() -> None:
    """The envelope sender is the account's address with its domain as A-labels."""
    sender = Sender(name="turtle", kind="OwnAccount", email="sales@żółw.example", display_name="Żółw")
    with MailServer(encryption="none") as server:
        check_settings(server, encryption="none", mechanism=None, username=None, password=None, senders=(sender,))
    assert [message.envelope_from for message in server.messages] == ["sales@xn--w-uga1v8h.example"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_long_credential_fits(ca: TestCA, mechanism: str) -> None:
    """A response that is too long for the AUTH line goes after it (RFC 4954 section 4)."""
    username = "a" * 390
    with MailServer(tls_context=ca.server_context(), users={username: PASSWORD}, mechanisms=[mechanism]) as server:
        finding = check_settings(server, ca_pem=ca.pem, username=username, depth="auth")
    assert finding.verification.status == "passed"


@pytest.mark.parametrize(("host", "place"), [("smtp.example.com", "smtp.example.com:587"), ("::1", "[::1]:587")])
def test_an_ipv6_address_stands_in_brackets_before_a_port(host: str, place: str) -> None:
    """A server's place reads as people and programs write it."""
    assert place == Server(host=host, port=587, encryption="none").place
