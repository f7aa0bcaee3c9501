"""Encryption that does not come about: ports that speak something else, certificates that do not hold."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer
from tests.support.scripted import ScriptedServer, polite
from tests.verification.cases import Case, assert_failed
from tests.verification.targets import PASSWORD, check_settings, failure, now

if TYPE_CHECKING:
    from reconciler.verification import Finding
    from tests.support.scripted import Wire


def test_implicit_tls_is_told_from_silence(ca: TestCA) -> None:
    """A port that waits for TLS is recognised by a second connection, and the line to write is named."""
    with MailServer(encryption="tls", tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, timeout_seconds=2)
    assert_failed(finding, Case("implicitTlsPort", "greeting", "permanent", words=("Write encryption: tls.",)))
    assert server.login_attempts == 0


CERTIFICATES: tuple[tuple[str, dict[str, Any], Case], ...] = (
    ("localhost", {"not_after": now() - timedelta(days=2)}, Case("certificateExpired", "tls", "permanent", words=("has ended on",))),
    ("localhost", {"not_before": now() + timedelta(days=2)}, Case("certificateNotYetValid", "tls", "permanent", words=("clock",))),
    ("mail.example.com", {}, Case("certificateWrongName", "tls", "permanent", words=("not for localhost but for mail.example.com",))),
)  # fmt: skip


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
@pytest.mark.parametrize(("name", "dates", "case"), CERTIFICATES, ids=lambda value: getattr(value, "code", ""))
def test_a_certificate_that_does_not_hold(
    ca: TestCA, name: str, dates: dict[str, Any], case: Case, encryption: Any
) -> None:
    """The sentence says what the certificate has: names, issuer, dates. Nothing was sent to that server."""
    with MailServer(
        encryption=encryption, tls_context=ca.server_context(name, **dates), users={"anna": PASSWORD}
    ) as server:
        finding = check_settings(server, ca_pem=ca.pem, encryption=encryption)
    failed = failure(finding)
    assert failed.check == case.check
    assert failed.code == case.code
    assert failed.class_ == case.failure_class
    assert [word for word in (*case.words, name, "trustme") if word not in failed.message] == []
    assert server.login_attempts == 0


def test_an_unknown_issuer_is_named(ca: TestCA) -> None:
    """A private CA that is not declared leads to caFile."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server)
    words = ("caFile", "trustme", "localhost")
    assert_failed(finding, Case("certificateUnknownIssuer", "tls", "permanent", words=words))


def test_another_ca_does_not_help(ca: TestCA) -> None:
    """A caFile of another CA leaves the certificate refused."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=TestCA().pem)
    assert failure(finding).code in {"certificateUnknownIssuer", "certificateInvalid"}


def test_a_certificate_of_the_wrong_kind_is_refused(ca: TestCA) -> None:
    """A certificate that is not meant for servers is no good, even from a trusted CA."""
    assert_failed(
        _against(ca.client_only_context("localhost"), ca),
        Case("certificateInvalid", "tls", "permanent", words=("not made for servers",)),
    )


def test_a_ca_file_without_certificate_is_named(ca: TestCA) -> None:
    """Text that is no PEM leads back to caFile."""
    with MailServer(tls_context=ca.server_context()) as server:
        finding = check_settings(server, ca_pem="-----BEGIN NOTHING-----\n")
    assert_failed(finding, Case("privateCaUnusable", "tls", "permanent", words=("smtp.caFile",)))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_tls_version_is_named(ca: TestCA) -> None:
    """A server without TLS 1.2 is told as such."""
    old = ca.server_context("localhost")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert_failed(_against(old, ca), Case("tlsTooOld", "tls", "permanent"))


def _against(context: ssl.SSLContext, ca: TestCA) -> Finding:
    with ScriptedServer(polite(tls_context=context)) as server:
        return check_settings(server, host="localhost", port=server.port, ca_pem=ca.pem)


def test_a_hello_is_needed_after_tls_too(ca: TestCA) -> None:
    """What was offered in clear text is forgotten: a server that refuses EHLO after TLS has offered nothing."""

    def play(wire: Wire) -> None:
        wire.send("220 hello")
        wire.read_line()
        wire.send("250-a\r\n250-STARTTLS\r\n250 AUTH PLAIN")
        wire.read_line()
        wire.send("220 go")
        wire.start_tls(ca.server_context())
        wire.read_line()
        wire.send("250 test.example")
        wire.wait_for_close()

    with ScriptedServer(play) as server:
        finding = check_settings(server, host="localhost", ca_pem=ca.pem)
    assert_failed(finding, Case("authNotOffered", "auth", "permanent"))
