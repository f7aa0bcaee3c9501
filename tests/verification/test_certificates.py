"""Which certificate it is: chains as servers send them, and what is said of each."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.model.secrets.values import SecretValue
from reconciler.smtp.clientcertificate import ClientCertificate
from reconciler.smtp.tls import presenting_context, verifying_context
from tests.support.chains import Issued
from tests.support.scripted import ScriptedServer, polite
from tests.verification.cases import Case, assert_failed
from tests.verification.targets import check_settings, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.model.verification.evidence import Check
    from reconciler.verification import Finding

pytestmark = pytest.mark.every_row
"""The verdict is to be the same with the oldest Python and OpenSSL and with the newest."""
ROOT = Issued.root("Example Root")
OLD_ROOT = Issued.root("Example Root", key=ROOT.key, days=(-90, -3))
YOUNG_ROOT = Issued.root("Example Root", key=ROOT.key, days=(3, 90))
NAMESAKE = Issued.root("Example Root")
OTHER = Issued.root("Other Root")
MIDDLE = ROOT.issue("Example Intermediate", is_authority=True)
OLD_MIDDLE = ROOT.issue("Example Intermediate", is_authority=True, key=MIDDLE.key, days=(-90, -3))
YOUNG_MIDDLE = ROOT.issue("Example Intermediate", is_authority=True, key=MIDDLE.key, days=(3, 90))
LEAF = MIDDLE.issue("localhost", names=("localhost",), published="http://ca.example.com/intermediate.cer")
DIRECT = ROOT.issue("localhost", names=("localhost",))
ALONE = Issued.alone("localhost")
NAMED_ALIKE = Issued.root("localhost")
ENDING = ROOT.issue("Example Intermediate", is_authority=True, key=MIDDLE.key, days=(-90, 5))
SMALL = ROOT.issue("localhost", names=("localhost",), key=rsa.generate_private_key(65537, 1024))  # noqa: S505 - what is warned of
RSA_ROOT = Issued.root("RSA Root", key=rsa.generate_private_key(65537, 2048))
HASHED = RSA_ROOT.issue("localhost", names=("localhost",)).signed_with("sha1", RSA_ROOT)
FORGEABLE = RSA_ROOT.issue("localhost", names=("localhost",)).signed_with("md5", RSA_ROOT)
LOOSE = Issued.root("Loose Root", without=["KeyUsage"])
UNMARKED = Issued.root("Unmarked Root", without=["critical BasicConstraints"])


def against(leaf: Issued, *others: Issued, ca: Sequence[Issued] = (), **changes: Any) -> Finding:
    """Return what is found of a server that sends these certificates, by an account that trusts ``ca``."""
    context = changes.pop("context", None) or leaf.server_context(*others)
    pem = "".join(each.pem for each in ca) or None
    is_implicit = changes.get("encryption") == "tls"
    with ScriptedServer(polite(tls_context=context, is_implicit=is_implicit)) as server:
        return check_settings(server, host="localhost", port=server.port, ca_pem=pem, **changes)


def tls_check(finding: Finding) -> Check:
    """Return the check of the encryption."""
    return next(each for each in finding.verification.checks if each.check == "tls")


REFUSED: tuple[tuple[str, Callable[[Any], Finding], str, tuple[str, ...]], ...] = (
    (
        "an intermediate that has ended",
        lambda encryption: against(LEAF, OLD_MIDDLE, ca=[ROOT], encryption=encryption),
        "certificateExpired",
        ("holds until", 'intermediate certificate "Example Intermediate"', OLD_MIDDLE.fingerprint),
    ),
    (
        "an intermediate of tomorrow",
        lambda encryption: against(LEAF, YOUNG_MIDDLE, ca=[ROOT], encryption=encryption),
        "certificateNotYetValid",
        ('intermediate certificate "Example Intermediate"', "clock"),
    ),
    (
        "a CA file that has ended",
        lambda encryption: against(DIRECT, ca=[OLD_ROOT], encryption=encryption),
        "certificateExpired",
        ("smtp.caFile has ended", OLD_ROOT.fingerprint),
    ),
    (
        "a CA file of tomorrow",
        lambda encryption: against(DIRECT, ca=[YOUNG_ROOT], encryption=encryption),
        "certificateNotYetValid",
        ("smtp.caFile is not valid before", YOUNG_ROOT.fingerprint),
    ),
    (
        "a missing intermediate, the root known",
        lambda encryption: against(LEAF, ca=[ROOT], encryption=encryption),
        "certificateUnknownIssuer",
        ("sends its own certificate alone", '"Example Intermediate"', "fullchain.pem", '"Example Root"', "http://ca"),
    ),
    (
        "a missing intermediate, nothing known",
        lambda encryption: against(LEAF, encryption=encryption),
        "certificateUnknownIssuer",
        ("sends its own certificate alone", '"Example Intermediate"', "fullchain.pem", "write caFile"),
    ),
    (
        "a private root that is sent",
        lambda encryption: against(LEAF, MIDDLE, ROOT, encryption=encryption),
        "certificateUnknownIssuer",
        ('the root "Example Root"', ROOT.fingerprint, "write caFile"),
    ),
    (
        "another CA's file",
        lambda encryption: against(LEAF, MIDDLE, ROOT, ca=[OTHER], encryption=encryption),
        "certificateUnknownIssuer",
        ('holds "Other Root"', ROOT.fingerprint),
    ),
    (
        "a CA that was made anew",
        lambda encryption: against(DIRECT, ca=[NAMESAKE], encryption=encryption),
        "certificateUnknownIssuer",
        ("its key is not the one", NAMESAKE.fingerprint),
    ),
    (
        "the file of another's intermediate",
        lambda encryption: against(OTHER.issue("localhost", names=("localhost",)), ca=[MIDDLE], encryption=encryption),
        "certificateUnknownIssuer",
        ('holds the intermediate "Example Intermediate" of "Example Root"', 'of "Other Root" into the file'),
    ),
    (
        "the file of the certificate that was before",
        lambda encryption: against(LEAF, ca=[DIRECT], encryption=encryption),
        "certificateUnknownIssuer",
        ('holds "localhost", a certificate that "Example Root" issued and no CA', "fullchain.pem"),
    ),
    ("self-signed", lambda encryption: against(ALONE, encryption=encryption), "certificateUnknownIssuer", ("self-signed", ALONE.fingerprint)),
    (
        "self-signed beside a CA file",
        lambda encryption: against(ALONE, ca=[OTHER], encryption=encryption),
        "certificateUnknownIssuer",
        ("self-signed", 'holds "Other Root"', ALONE.fingerprint),
    ),
    (
        "a signature that anybody can forge",
        lambda encryption: against(FORGEABLE, ca=[RSA_ROOT], encryption=encryption),
        "certificateInvalid",
        ("a signature with MD5",),
    ),
    (
        "a common name alone",
        lambda encryption: against(ROOT.issue("localhost"), ca=[ROOT], encryption=encryption),
        "certificateCommonNameOnly",
        ("common name alone", "localhost as its subject alternative name"),
    ),
    (
        "a common name, and an address as alternative name",
        lambda encryption: against(ROOT.issue("localhost", addresses=("127.0.0.1",)), ca=[ROOT], encryption=encryption),
        "certificateCommonNameOnly",
        ("common name alone", "localhost as its subject alternative name"),
    ),
    (
        "another common name alone",
        lambda encryption: against(ROOT.issue("mail.example.com"), ca=[ROOT], encryption=encryption),
        "certificateWrongName",
        ("but for mail.example.com", "common name alone", "localhost as its subject alternative name"),
    ),
    (
        "no name",
        lambda encryption: against(ROOT.issue(""), ca=[ROOT], encryption=encryption),
        "certificateWrongName",
        ("for no host at all", "localhost as its subject alternative name"),
    ),
    (
        "one that has ended, of a CA that is not known",
        lambda encryption: against(ROOT.issue("localhost", names=("localhost",), days=(-90, -3)), encryption=encryption),
        "certificateUnknownIssuer",
        ("Besides, it has ended on", "write its fingerprint as smtp.certificate"),
    ),
    (
        "self-signed, for another name",
        lambda encryption: against(Issued.alone("mail.example.com"), encryption=encryption),
        "certificateUnknownIssuer",
        ("self-signed", "Besides, it is not for localhost", "write its fingerprint as smtp.certificate"),
    ),
    (
        "self-signed, with a common name alone",
        lambda encryption: against(Issued.alone("localhost", names=()), encryption=encryption),
        "certificateUnknownIssuer",
        ("self-signed", "Besides, it names localhost in its common name alone", "smtp.certificate"),
    ),
    (
        "one that has ended, for another name",
        lambda encryption: against(ROOT.issue("mail.example.com", names=("mail.example.com",), days=(-90, -3)), ca=[ROOT], encryption=encryption),
        "certificateWrongName",
        ("Besides, it has ended on", "have it issued anew"),
    ),
    (
        "self-signed, and made anew",
        lambda encryption: against(Issued.alone("localhost"), ca=[ALONE], encryption=encryption),
        "certificateUnknownIssuer",
        ("another one of that name", ALONE.fingerprint, "put this certificate into the file"),
    ),
    (
        "a certificate and a CA of one name",
        lambda encryption: against(NAMED_ALIKE.issue("localhost", names=("localhost",)), encryption=encryption),
        "certificateUnknownIssuer",
        ('its issuer "localhost" is neither sent nor known', "write caFile"),
    ),
    (
        "a file with what issued it and is no CA",
        lambda encryption: against(ALONE.issue("localhost", names=("localhost",), without=["AuthorityKeyIdentifier"]), ca=[ALONE], encryption=encryption),
        "certificateUnknownIssuer",
        ("which is no CA", "CA:TRUE"),
    ),
    (
        "an intermediate of the right name with another key",
        lambda encryption: against(LEAF, ROOT.issue("Example Intermediate", is_authority=True), ca=[ROOT], encryption=encryption),
        "certificateUnknownIssuer",
        ("sends a certificate of the right name", "its key is not the one", "fullchain.pem"),
    ),
    (
        "an issuer that is no CA",
        lambda encryption: against(DIRECT.issue("other", names=("localhost",)), DIRECT, ca=[ROOT], encryption=encryption),
        "certificateInvalid",
        ("none of a CA",),
    ),
    (
        "a certificate for clients",
        lambda encryption: against(ROOT.issue("localhost", names=("localhost",), purpose="1.3.6.1.5.5.7.3.2"), ca=[ROOT], encryption=encryption),
        "certificateInvalid",
        ("not made for servers", "serverAuth"),
    ),
)  # fmt: skip


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
@pytest.mark.parametrize(("made", "code", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_it_is_said_which_certificate(
    made: Callable[[Any], Finding], code: str, words: tuple[str, ...], encryption: Any
) -> None:
    """The sentence names the certificate at fault, with its date or fingerprint, and what to do about that one."""
    assert_failed(made(encryption), Case(code, "tls", "permanent", words=words))


ACCEPTED: tuple[tuple[str, Callable[[], Finding], str, tuple[str, ...]], ...] = (
    ("a whole chain", lambda: against(LEAF, MIDDLE, ca=[ROOT]), "ok", ()),
    (
        "an intermediate as CA file",
        lambda: against(LEAF, ca=[MIDDLE]),
        "caFileNotRoot",
        ('holds the intermediate "Example Intermediate"', 'Put the certificate of "Example Root" into the file'),
    ),
    (
        "an intermediate as CA file, and sent",
        lambda: against(LEAF, MIDDLE, ca=[MIDDLE]),
        "caFileNotRoot",
        ('holds the intermediate "Example Intermediate"',),
    ),
    (
        "the certificate itself as CA file",
        lambda: against(LEAF, ca=[LEAF]),
        "caFileNotRoot",
        ("itself", '"Example Intermediate" into the file', f"write sha256:{LEAF.fingerprint} as smtp.certificate"),
    ),
    (
        "the certificate itself as CA file, with what issued it",
        lambda: against(LEAF, MIDDLE, ca=[LEAF]),
        "caFileNotRoot",
        ("itself", "smtp.certificate in place of caFile"),
    ),
    ("an intermediate and the root as CA file", lambda: against(LEAF, ca=[MIDDLE, ROOT]), "ok", ()),
    ("the root among others as CA file", lambda: against(LEAF, MIDDLE, ca=[OTHER, ROOT]), "ok", ()),
    ("self-signed and declared", lambda: against(ALONE, ca=[ALONE]), "ok", ()),
    (
        "an intermediate that ends soon",
        lambda: against(LEAF, ENDING, ca=[ROOT]),
        "certificateExpiresSoon",
        ('"Example Intermediate"', "Have it renewed"),
    ),
    ("RSA of 1024 bits", lambda: against(SMALL, ca=[ROOT]), "certificateWeak", ("RSA key of 1024 bits",)),
    ("SHA-1", lambda: against(HASHED, ca=[RSA_ROOT]), "certificateWeak", ("SHA-1", "localhost")),
    (
        "a CA without key usage",
        lambda: against(LOOSE.issue("localhost", names=("localhost",)), ca=[LOOSE]),
        "certificateNotStrict",
        ('"Loose Root" lacks keyUsage', "3.13"),
    ),
    (
        "a CA whose constraints are not critical",
        lambda: against(UNMARKED.issue("localhost", names=("localhost",)), ca=[UNMARKED]),
        "certificateNotStrict",
        ('"Unmarked Root" lacks basicConstraints that is marked critical',),
    ),
    (
        "no key of the authority named",
        lambda: against(ROOT.issue("localhost", names=("localhost",), without=["AuthorityKeyIdentifier"]), ca=[ROOT]),
        "certificateNotStrict",
        ('"localhost" lacks authorityKeyIdentifier',),
    ),
)


@pytest.mark.parametrize(("made", "code", "words"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_what_is_accepted_is_the_same_everywhere(
    made: Callable[[], Finding], code: str, words: tuple[str, ...]
) -> None:
    """The verdict hangs neither on Python's version nor on how OpenSSL was built; what others refuse is a warning."""
    finding = made()
    tls = tls_check(finding)
    assert "passed" == finding.verification.status
    assert code == tls.code
    assert [word for word in words if word not in tls.message] == []


def test_what_is_accepted_is_set_here() -> None:
    """Python's own defaults differ by version and by who built it; none of them is left in force, for whatever trust."""
    client = ROOT.issue("sales.example.com")
    own = ClientCertificate(pem=client.pem, key=SecretValue(client.key_pem))
    contexts = [
        verifying_context(None),
        verifying_context(ROOT.pem),
        presenting_context(own, ROOT.pem, is_pinned=False),
    ]
    for each in contexts:
        assert (
            ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN == each.verify_flags
        )
        assert (ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_2) == (each.verify_mode, each.minimum_version)
        names = {cipher["name"] for cipher in each.get_ciphers()}
        assert {"ECDHE-RSA-AES256-GCM-SHA384", "AES128-SHA"} <= names
        assert not [name for name in names if "RC4" in name or "3DES" in name or "NULL" in name or "ADH" in name]


def old_cipher(*, names: str, level: int = 0) -> ssl.SSLContext:
    """Return the context of a server that knows TLS 1.2 with these ciphers alone."""
    rsa_leaf = ROOT.issue("localhost", names=("localhost",), key=rsa.generate_private_key(65537, 2048))
    context = rsa_leaf.server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{names}:@SECLEVEL={level}")
    return context


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "AES256-SHA", "ECDHE-RSA-AES128-SHA"])
def test_an_old_cipher_is_a_warning(cipher: str) -> None:
    """TLS 1.2 without forward secrecy or authenticated encryption holds, and is told."""
    tls = tls_check(against(LEAF, ca=[ROOT], context=old_cipher(names=cipher)))
    assert ("warned", "tlsCipherOld") == (tls.status, tls.code)
    assert cipher in tls.message


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_no_common_cipher_is_told_with_what_is_offered(encryption: Any) -> None:
    """A handshake that fails before a cipher is agreed on names what this program offers, and no SSL version 3."""
    finding = against(LEAF, ca=[ROOT], context=old_cipher(names="CAMELLIA256-SHA"), encryption=encryption)
    assert_failed(finding, Case("tlsNoCommonCipher", "tls", "permanent", words=("cipher in common", "ChaCha20")))
    assert "sslv3" not in failure(finding).message.lower()


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_demands_a_certificate(version: ssl.TLSVersion, encryption: Any) -> None:
    """It is told as that, for good, whether the server says so in the handshake or after it (TLS 1.3)."""
    context = LEAF.server_context(MIDDLE)
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ROOT.pem)
    failed = failure(against(LEAF, ca=[ROOT], context=context, encryption=encryption))
    assert ("clientCertificateRequired", "permanent") == (failed.code, failed.class_)
    assert "demands a certificate of its clients" in failed.message
    assert "sslv3" not in failed.message.lower()


@pytest.mark.parametrize(("ca", "words"), [([OTHER], 'smtp.caFile holds: "Other Root"'), ([], "write caFile")])
def test_a_chain_that_nobody_sees_is_told_by_what_is_declared(ca: list[Issued], words: str) -> None:
    """By TLS 1.2 a server that demands a certificate shows its own to nobody else; who has a caFile is told of that."""
    context = LEAF.server_context(MIDDLE)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ROOT.pem)
    failed = failure(against(LEAF, ca=ca, context=context))
    assert "certificateUnknownIssuer" == failed.code
    assert words in failed.message


def pinned_to(issued: Issued) -> str:
    """Return what pins a certificate."""
    return f"sha256:{issued.fingerprint}"


ENDED = Issued.alone("another.example.com", days=(-90, -3))


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("leaf", "code", "words"),
    [(ALONE, "ok", ""), (LEAF, "ok", ""), (LOOSE, "ok", ""), (ENDED, "certificateExpiresSoon", "because it is pinned")],
)
def test_the_pinned_certificate_is_accepted(leaf: Issued, code: str, words: str, encryption: Any) -> None:
    """Whoever issued it, whatever name it is for, and when it has ended too: the fingerprint is what is trusted."""
    finding = against(leaf, certificate=pinned_to(leaf), encryption=encryption)
    assert ("passed", code) == (finding.verification.status, tls_check(finding).code)
    assert words in tls_check(finding).message


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_another_certificate_than_the_pinned_one_is_refused(encryption: Any) -> None:
    """A CA that answers for it does not help, nor that the pinned one is sent beside it; both fingerprints are told."""
    finding = against(LEAF, MIDDLE, ca=[ROOT], certificate=pinned_to(MIDDLE), encryption=encryption)
    words = (LEAF.fingerprint, MIDDLE.fingerprint, "and not of that certificate itself")
    assert_failed(finding, Case("certificateNotPinned", "tls", "permanent", words=words))


@pytest.mark.parametrize(
    ("pin", "words"),
    [
        (MIDDLE.fingerprint, ('the fingerprint of "Example Intermediate", on which', LEAF.fingerprint, "write caFile")),
        (LEAF.key_fingerprint, ("the fingerprint of the key", LEAF.fingerprint)),
    ],
    ids=["issuer", "key"],
)
def test_a_pin_of_something_else_is_known(pin: str, words: tuple[str, ...]) -> None:
    """A fingerprint of the issuer, or of the key, is no pin, and is told as what it is."""
    found = against(LEAF, MIDDLE, certificate=f"sha256:{pin}")
    assert_failed(found, Case("certificateNotPinned", "tls", "permanent", words=words))
