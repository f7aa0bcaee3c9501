"""A client's own certificate: presented where a server demands one, and what is said where that comes to nothing."""

from __future__ import annotations

import base64
import os
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from reconciler.model.secrets.values import SecretValue
from reconciler.smtp.clientcertificate import ClientCertificate
from reconciler.smtp.faults import SmtpFault
from tests.support.access import DECLARED
from tests.support.chains import Issued
from tests.support.mailserver import MailServer
from tests.support.scripted import ScriptedServer, polite
from tests.verification.cases import Case, assert_failed
from tests.verification.targets import PASSWORD, check_settings, failure, outcome

if TYPE_CHECKING:
    from reconciler.verification import Finding

pytestmark = pytest.mark.every_row
"""The verdict is to be the same with the oldest Python and OpenSSL and with the newest."""
ROOT = Issued.root("Example Root")
SERVER = ROOT.issue("localhost", names=("localhost",))
CLIENTS = Issued.root("Example Clients")
BETWEEN = CLIENTS.issue("Example Departments", is_authority=True)
CLIENT = CLIENTS.issue("sales.example.com")
DEEP = BETWEEN.issue("sales.example.com")
ENDED = CLIENTS.issue("sales.example.com", days=(-90, -3))
ENDING = CLIENTS.issue("sales.example.com", days=(-90, 5))
STRANGER = Issued.root("Stranger").issue("sales.example.com")
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
EVERY_WAY = [(version, encryption) for version in (TLS_1_2, TLS_1_3) for encryption in ("starttls", "tls")]


def shown(issued: Issued, *others: Issued, key: str | None = None) -> ClientCertificate:
    """Return a certificate, the others behind it, with its key or another."""
    pem = "".join(each.pem for each in (issued, *others))
    return ClientCertificate(pem=pem, key=SecretValue(issued.key_pem if key is None else key))


def demanding(version: ssl.TLSVersion, *, mode: ssl.VerifyMode = ssl.CERT_REQUIRED) -> ssl.SSLContext:
    """Return the context of a server that wants certificates of one CA from its clients."""
    context = SERVER.demanding_context(CLIENTS, mode)
    context.minimum_version = context.maximum_version = version
    return context


def against(context: ssl.SSLContext, **changes: Any) -> Finding:
    """Return what is found of a server by an account that trusts its CA."""
    is_implicit = changes.get("encryption") == "tls"
    with ScriptedServer(polite(tls_context=context, is_implicit=is_implicit)) as server:
        return check_settings(server, host="localhost", port=server.port, ca_pem=ROOT.pem, **changes)


def tls_warning(finding: Finding) -> str:
    """Return the words of the check of the encryption."""
    return next(each.message for each in finding.verification.checks if each.check == "tls")


@pytest.mark.parametrize(("version", "encryption"), EVERY_WAY)
@pytest.mark.parametrize("presented", [shown(CLIENT), shown(DEEP, BETWEEN)], ids=["direct", "through an intermediate"])
def test_a_server_that_demands_a_certificate_gets_it(
    presented: ClientCertificate, version: ssl.TLSVersion, encryption: Any
) -> None:
    """With those that lead to its issuer, by TLS 1.2 and 1.3, at once and after STARTTLS."""
    finding = against(demanding(version), presented=presented, encryption=encryption)
    assert ("passed", "ok") == (finding.verification.status, outcome(finding)["tls"])


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_a_pin_and_a_client_certificate_go_together(version: ssl.TLSVersion) -> None:
    """The server is known by its fingerprint, and the client by its certificate."""
    pin = f"sha256:{SERVER.fingerprint}"
    finding = against(demanding(version), presented=shown(CLIENT), certificate=pin)
    assert "passed" == finding.verification.status


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_a_server_that_asks_for_none_takes_the_account_all_the_same(version: ssl.TLSVersion) -> None:
    """What is declared is shown where it is asked for."""
    finding = against(demanding(version, mode=ssl.CERT_NONE), presented=shown(CLIENT))
    assert "passed" == finding.verification.status


KEYS: dict[str, Any] = {
    "RSA": rsa.generate_private_key(65537, 2048),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
}
_PEM, _PLAIN = serialization.Encoding.PEM, serialization.NoEncryption()


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_every_kind_and_form(kind: str, form: serialization.PrivateFormat) -> None:
    """As PKCS 8 and as OpenSSL wrote them before, with the certificate beside it or remarks."""
    key = KEYS[kind]
    issued = CLIENTS.issue("sales.example.com", key=key)
    text = f"Of sales.\n{issued.pem}{key.private_bytes(_PEM, form, _PLAIN).decode()}\n"
    finding = against(demanding(TLS_1_3), presented=shown(issued, key=text))
    assert "passed" == finding.verification.status


REFUSED = (
    ("none at all", None, "clientCertificateRequired", ("demands a certificate of its clients", "smtp.clientCertificate")),
    (
        "another CA's",
        shown(STRANGER),
        "clientCertificateRefused",
        ("does not know who issued", '"sales.example.com"', 'issued by "Stranger"', STRANGER.fingerprint),
    ),
    (
        "without what lies between",
        shown(DEEP),
        "clientCertificateRefused",
        ("does not know who issued", "certs/client.pem behind the client's"),
    ),
    (
        "one that has ended",
        shown(ENDED),
        "clientCertificateRefused",
        ("has ended", "Have it renewed", f"to {ENDED.certificate.not_valid_after_utc:%Y-%m-%d}"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(("version", "encryption"), EVERY_WAY)
@pytest.mark.parametrize(("presented", "code", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_the_server_objects_to_is_told(
    presented: ClientCertificate | None, code: str, words: tuple[str, ...], version: ssl.TLSVersion, encryption: Any
) -> None:
    """For good, and never as a lost connection, although by TLS 1.3 the server says it after the handshake."""
    failed = failure(against(demanding(version), presented=presented, encryption=encryption))
    assert (code, "permanent") == (failed.code, failed.class_)
    assert [word for word in words if word not in failed.message] == []
    assert "sslv3" not in failed.message.lower()


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("presented", "words"),
    [
        (None, "demands a certificate of its clients, which smtp.clientCertificate"),
        (shown(STRANGER), "certs/client.pem"),
    ],
    ids=["none", "another CA's"],
)
def test_a_server_that_closes_without_a_word_is_told_as_that(
    presented: ClientCertificate | None, words: str, encryption: Any
) -> None:
    """Some, such as those on Python's asyncio, send no alert: what is not known is not said, and what to ask is."""
    with MailServer(encryption=encryption, tls_context=demanding(TLS_1_3), users={"anna": PASSWORD}) as server:
        failed = failure(check_settings(server, ca_pem=ROOT.pem, presented=presented, encryption=encryption))
    assert ("connectionLost", "transient") == (failed.code, failed.class_)
    assert "right after the TLS handshake" in failed.message
    assert words in failed.message


def encrypted(key: Any) -> str:
    """Return a key that needs a passphrase."""
    guarded = serialization.BestAvailableEncryption(b"passphrase")
    return str(key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, guarded).decode())


def encrypted_before(key: Any) -> str:
    """Return the same in the form of OpenSSL's older versions."""
    guarded = serialization.BestAvailableEncryption(b"passphrase")
    return str(key.private_bytes(_PEM, serialization.PrivateFormat.TraditionalOpenSSL, guarded).decode())


UNUSABLE = (
    ("no key", shown(CLIENT, key="correct-horse-battery"), ("is no private key", "BEGIN PRIVATE KEY")),
    ("a broken key", shown(CLIENT, key=CLIENT.key_pem[:90] + CLIENT.key_pem[110:]), ("is no private key",)),
    ("a certificate in its place", shown(CLIENT, key=CLIENT.pem), ("is no private key",)),
    ("a key on one line", shown(CLIENT, key=CLIENT.key_pem.strip().replace("\n", "\\n")), ("stands on one line", "or in a file")),
    ("a key encoded again", shown(CLIENT, key=base64.b64encode(CLIENT.key_pem.encode()).decode()), ("in base64 once more",)),
    ("an encrypted key", shown(CLIENT, key=encrypted(CLIENT.key)), ("is encrypted", "openssl pkey -in client.key")),
    ("one encrypted as before", shown(CLIENT, key=encrypted_before(CLIENT.key)), ("is encrypted",)),
    ("another's key", shown(CLIENT, key=ENDED.key_pem), ("does not belong to the certificate", CLIENT.fingerprint)),
    (
        "a key of another kind",
        shown(CLIENT, key=ed25519.Ed25519PrivateKey.generate().private_bytes(_PEM, serialization.PrivateFormat.PKCS8, _PLAIN).decode()),
        ("does not belong to the certificate",),
    ),
    ("the issuer first", shown(BETWEEN, DEEP, key=DEEP.key_pem), ("another certificate in certs/client.pem than the first",)),
)  # fmt: skip


@pytest.mark.parametrize(("presented", "words"), [row[1:] for row in UNUSABLE], ids=[row[0] for row in UNUSABLE])
def test_a_key_that_is_of_no_use_is_told(presented: ClientCertificate, words: tuple[str, ...]) -> None:
    """Before the handshake, with what to do; the server hears nothing of it, and nobody sees the key."""
    finding = against(demanding(TLS_1_3), presented=presented)
    assert_failed(finding, Case("clientCertificateUnusable", "tls", "permanent", words=("secrets/client.key", *words)))
    told = " ".join(check.message for check in finding.verification.checks)
    assert not any(line in told for line in presented.key.reveal().splitlines() if line and "-----" not in line)


def test_what_is_declared_and_not_at_hand_stops_the_handshake() -> None:
    """A server that demands none would otherwise be reached as somebody else than the account says."""
    finding = against(demanding(TLS_1_3, mode=ssl.CERT_NONE), client_certificate=DECLARED)
    assert_failed(finding, Case("clientCertificateUnusable", "tls", "permanent", words=("not at hand",)))


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_a_key_that_is_withheld_signs_nothing(encryption: Any) -> None:
    """The conversation ends before the handshake, and says why."""
    finding = against(
        demanding(TLS_1_3), presented=shown(CLIENT), certificate_withheld="The route is new.", encryption=encryption
    )
    told = {each.check: (each.status, each.code, each.message) for each in finding.verification.checks}
    assert ("skipped", "withheld", "The route is new.") == told["tls"]
    assert "earlierFailure" == told["auth"][1]
    assert "withheld" == finding.verification.status


@pytest.mark.parametrize(
    ("presented", "words"), [(ENDED, "and localhost"), (ENDING, "before that day")], ids=["ended", "ending"]
)
def test_a_certificate_that_ends_is_a_warning_where_the_server_takes_it(presented: Issued, words: str) -> None:
    """Some servers look at the fingerprint alone, and others will refuse it then."""
    finding = against(demanding(TLS_1_3, mode=ssl.CERT_NONE), presented=shown(presented))
    assert ("passed", "clientCertificateExpiresSoon") == (finding.verification.status, outcome(finding)["tls"])
    assert f"{presented.certificate.not_valid_after_utc:%Y-%m-%d}" in tls_warning(finding)
    assert words in tls_warning(finding)


def test_what_openssl_refuses_is_told_in_its_words() -> None:
    """A key that is too small for the level in force, and a machine that has no names for pipes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    small = CLIENTS.issue("sales.example.com", key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - what is refused
    with pytest.raises(SmtpFault) as refused:
        shown(small).present_in(context)
    assert ("clientCertificateUnusable", "ee key too small") == (refused.value.code, refused.value.facts["reason"])


def test_a_machine_without_names_for_pipes_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where /dev/fd is not there, nothing is presented, and the message says what is missing."""
    monkeypatch.setattr("reconciler.smtp.clientcertificate._PIPES", str(tmp_path / "fd"))
    finding = against(demanding(TLS_1_3), presented=shown(CLIENT))
    assert_failed(
        finding, Case("clientCertificateUnusable", "tls", "permanent", words=("fd cannot be read: No such file",))
    )


def test_a_long_chain_goes_through_the_pipe() -> None:
    """A pipe holds 64 KiB, and on some machines less: more goes in as it is read."""
    finding = against(demanding(TLS_1_3), presented=shown(DEEP, BETWEEN, *[CLIENTS] * 200))
    assert "clientCertificateUnusable" not in outcome(finding).values()


def test_the_key_touches_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever files are opened meanwhile, none of them is in a file system, and no descriptor or thread is left."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    opened: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    class Watched:
        """Notes which files are read."""

        def load_cert_chain(self, *files: str) -> None:
            """Note the files, and read them."""
            opened.extend(os.path.realpath(file) for file in files)
            context.load_cert_chain(*files)

    before = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    shown(CLIENT).present_in(Watched())  # type: ignore[arg-type]
    assert before == (len(list(Path("/proc/self/fd").iterdir())), threading.active_count())
    assert [True, True] == ["pipe:" in file for file in opened]
    assert [] == list(tmp_path.iterdir())
