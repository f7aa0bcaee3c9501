"""The parts of a conversation that need no server: replies, names, masks, certificates, deadlines."""

from __future__ import annotations

import base64
import re
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.secrets.values import SecretValue
from reconciler.model.text.addresses import never_contacted
from reconciler.smtp.certificate import read_certificate
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import Connection
from reconciler.smtp.hello import helo_argument, parse_extensions
from reconciler.smtp.masking import WITHHELD, CredentialMask
from reconciler.smtp.replies import Reply, clean, quoted
from tests.support.certificates import certificate_der

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_deadline_counts_down_and_then_refuses() -> None:
    """A deadline tells what is left, and raises once nothing is."""
    moments = iter([100.0, 103.0, 110.5])
    deadline = Deadline(10, clock=lambda: next(moments))
    assert deadline.remaining_seconds() == 7.0
    with pytest.raises(TimeoutError):
        deadline.remaining_seconds()


def test_a_sooner_deadline_never_ends_later() -> None:
    """A part of a conversation may get less time than the whole, never more."""
    deadline = Deadline(10, clock=lambda: 0.0)
    assert deadline.sooner(3).remaining_seconds() == 3.0
    assert deadline.sooner(60).remaining_seconds() == 10.0


def test_foreign_text_is_cleaned_and_cut() -> None:
    """Control characters, direction overrides and broken UTF-8 do not survive, and length is bounded."""
    assert clean("a\x1b[31m\r\nb\u202ec\xff".encode("utf-8") + b"\xff") == "a [31m  b cÿ\ufffd"
    assert len(clean(b"x" * 10_000)) == 300


@pytest.mark.parametrize(
    ("lines", "expected"), [(("5.7.8 no",), "5.7.8"), (("no 5.7.8",), None), (("5.7.1",), "5.7.1"), ((), None)]
)
def test_the_enhanced_code_stands_first(lines: tuple[str, ...], expected: str | None) -> None:
    """An enhanced status code counts at the beginning of the text only (RFC 2034)."""
    assert Reply(550, lines).enhanced == expected


def test_a_reply_never_shows_its_challenge() -> None:
    """What a mechanism needs of a 334 reply stays out of every rendering of it."""
    assert "c2VjcmV0" not in repr(Reply(334, ("***",), b"c2VjcmV0"))


def test_extensions_are_read_in_either_spelling() -> None:
    """Extensions are upper case, several AUTH lines add up, AUTH=LOGIN counts, rubbish does not."""
    lines = ("test.example hello", "Size 1000", "AUTH plain", "AUTH=LOGIN", "starttls", "\ufffd\ufffd", "")
    assert parse_extensions(Reply(250, lines)) == {"SIZE": "1000", "AUTH": "PLAIN LOGIN", "STARTTLS": ""}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("Mail.Example.com", "mail.example.com"), ("żółw.example", "xn--w-uga1v8h.example"), ("192.0.2.1", "[192.0.2.1]"),
     ("2001:db8::1", "[IPv6:2001:db8::1]")],
)  # fmt: skip
def test_the_declared_helo_name_is_sent_in_its_wire_form(declared: str, expected: str) -> None:
    """Names go out as A-labels, addresses as literals (RFC 5321 section 4.1.3)."""
    assert helo_argument(declared, "127.0.0.1") == expected


def test_the_own_helo_name_is_a_full_name_or_an_address() -> None:
    """Without a declared name, EHLO gives a name with a dot or this machine's address as a literal."""
    argument = helo_argument(None, "127.0.0.1")
    assert argument == "[127.0.0.1]" or "." in argument


@pytest.mark.parametrize("password", ["correct horse battery", "pässwörd-ąę-long", "abcdefgh", "+/+/+/+/+/ÿÿ"])
@pytest.mark.parametrize("prefix", ["", "x", "xy", "\0anna\0"])
def test_a_password_is_masked_in_every_form(password: str, prefix: str) -> None:
    """The secret disappears as text and in base64 at any offset, padded or not."""
    mask = CredentialMask("anna", SecretValue(password))
    encoded = base64.b64encode((prefix + password).encode())
    forms = [encoded, encoded.rstrip(b"="), base64.urlsafe_b64encode((prefix + password).encode()), password.encode()]
    core = base64.b64encode(password.encode()).rstrip(b"=")[:-1]
    for form in forms:
        masked = mask.apply(b"5.7.8 you said: " + form)
        assert b"***" in masked
        assert password.encode() not in masked
        assert core not in masked


@pytest.mark.parametrize("spelled", ["pa%C3%9Fword%2Bwith%20space", "pa%C3%9Fword%2Bwith+space"])
def test_a_url_encoded_password_is_masked(spelled: str) -> None:
    """The secret disappears URL-encoded too, with spaces of either kind."""
    mask = CredentialMask("anna", SecretValue("paßword+with space"))
    assert mask.apply(f"535 refused: {spelled}!".encode()) == b"535 refused: ***!"


@pytest.mark.parametrize(
    "spell", [bytes.lower, bytes.upper, bytes, lambda octets: octets[:30], lambda octets: octets[7:]]
)
def test_a_long_secret_is_masked_in_part(spell: Callable[[bytes], bytes]) -> None:
    """A server that cuts the command that it repeats, or changes its case, still does not give a token away."""
    token = "ya29.A0ARrdaM-k9Vq7_GzYL2pt4vZxw.example~0123456789"
    response = base64.b64encode(f"user=anna\x01auth=Bearer {token}\x01\x01".encode())
    mask = CredentialMask("anna", SecretValue(token))
    assert mask.apply(b"500 5.5.2 bad: " + spell(token.encode())) == b"500 5.5.2 bad: ***"
    masked = mask.apply(b"500 5.5.2 bad: " + spell(response[32:]))
    assert masked.startswith(b"500 5.5.2 bad: ***")
    assert spell(response[32:])[:24] not in masked


def test_every_piece_of_a_long_secret_is_masked() -> None:
    """Twelve characters in a row are masked wherever the server cuts them from."""
    token = b"ya29.A0ARrdaM-k9Vq7_GzYL2pt4vZxw.example~0123456789"
    mask = CredentialMask("anna", SecretValue(token.decode()))
    pieces = [token[start : start + 12] for start in range(len(token) - 11)]
    assert {b"500 bad: ***, anna"} == {mask.apply(b"500 bad: " + piece + b", anna") for piece in pieces}


def test_what_a_login_made_of_the_password_is_masked() -> None:
    """Digests and proofs disappear as they were sent, in base64 and URL-encoded."""
    mask = CredentialMask("anna", SecretValue("correct horse battery"))
    digest, proof = b"b913a602c7eda7a495b4e6e7334d3890", b"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    mask.hide(digest, proof)
    sent = [digest, digest.upper(), proof, base64.b64encode(b"anna " + digest), base64.b64encode(b"c=biws,p=" + proof)]
    for octets in (*sent, quote(proof).encode(), quote(base64.b64encode(proof)).encode()):
        masked = mask.apply(b"535 " + octets)
        assert b"***" in masked
        assert octets[-20:] not in masked


def test_other_words_are_left_as_they_are() -> None:
    """Masking leaves alone what is not the secret: the user name, the address, the server's own words."""
    mask = CredentialMask("anna@example.com", SecretValue("correct horse battery"))
    said = b"5.7.8 anna@example.com: battery low, correct it; see https://support.example.com/?p=BadCredentials a1"
    assert mask.apply(said) == said


def test_a_tiny_password_hides_the_whole_text() -> None:
    """Masking three letters wherever they stand would tell them, so nothing is shown."""
    assert CredentialMask("anna", SecretValue("abc")).apply(b"535 fabced") == b"***"
    assert CredentialMask("anna", SecretValue("abc")).apply(b"535 wrong") == b"535 wrong"


def test_a_certificate_tells_names_issuer_and_dates() -> None:
    """Names of all kinds, the issuer and the dates are read from the DER form."""
    issued = trustme.CA(organization_name="Example CA").issue_cert("mail.example.com", "192.0.2.7", "2001:db8::7")
    certificate = read_certificate(ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode()))
    assert certificate is not None
    assert certificate.names == ("mail.example.com", "192.0.2.7", "2001:db8::7")
    assert "Example CA" in certificate.issuer
    assert (certificate.not_before.year, certificate.not_after.year) == (2000, 3000)
    assert len(certificate.fingerprint) == 64


def test_certificates_of_one_key_have_one_key_fingerprint() -> None:
    """A certificate that is renewed for the same key keeps the digest that DANE compares."""
    key = ec.generate_private_key(ec.SECP256R1())
    first, second = (read_certificate(certificate_der(key, name)) for name in ("a.example.com", "b.example.com"))
    assert first is not None
    assert second is not None
    assert first.fingerprint != second.fingerprint
    assert first.key_fingerprint == second.key_fingerprint


def test_a_certificate_of_an_unknown_key_still_tells_its_dates() -> None:
    """What cannot be read of a certificate does not take the rest with it."""
    whole = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())
    curve = bytes.fromhex("06082a8648ce3d030107")
    unknown = read_certificate(whole.replace(curve, curve[:-1] + b"\x7f"))
    assert unknown is not None
    assert (unknown.key_fingerprint, unknown.not_after.year) == (None, 3000)


def test_an_odd_certificate_causes_no_noise(capfd: pytest.CaptureFixture[str]) -> None:
    """A stranger's certificate that a library finds old-fashioned is read without a word on standard error."""
    whole = certificate_der(ec.generate_private_key(ec.SECP256R1()), "a.example.com", serial_number=5)
    odd = read_certificate(whole.replace(bytes.fromhex("020105"), bytes.fromhex("020185"), 1))
    assert odd is not None
    assert capfd.readouterr() == ("", "")


def test_a_mutilated_certificate_is_no_certificate() -> None:
    """Cut or altered octets yield nothing, or something, and never an exception."""
    whole = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())
    for length in range(len(whole)):
        assert read_certificate(whole[:length]) is None
    for position in range(len(whole)):
        read_certificate(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
    assert [None, None] == [read_certificate(empty) for empty in (b"\x30\x00", b"\x30\x80")]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("169.254.169.254", True),
        ("fe80::1", True),
        ("::ffff:169.254.169.254", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("2002:a9fe:a9fe::1", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_link_local_addresses_are_known_in_disguise(address: str, *, expected: bool) -> None:
    """An IPv4 link-local address counts inside an IPv6 one too."""
    assert (never_contacted(address) is not None) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("192.0.2.1", False),
        ("localhost", False),
    ],
)
def test_only_what_stays_on_this_machine_is_loopback(address: str, *, expected: bool) -> None:
    """A loopback address wrapped for 6to4 or NAT64 leads to a gateway, so nothing goes there unencrypted."""
    with socket.socket() as unconnected:
        assert expected == Connection(unconnected, address).is_loopback


_SENTENCES = (
    "5.1.1 <b@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    "5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
    "5.7.8 Error: authentication failed: Invalid user or password!",
    "4.3.2 Please try again later; see RFC 5321 section 3.8",
    "Requested action not taken: mailbox unavailable",
    "relay access denied, case-sensitive, no-reply",
    "Nieprawid\u0142owe has\u0142o lub nazwa u\u017cytkownika 2024",
)
_WORDS = sorted({
    word
    for sentence in _SENTENCES
    for whole in re.findall(r"[^\W\d_]+|[0-9]+|[^\W\d_]+-[^\W\d_]+|user or|access denied|User unknown", sentence)
    for word in (whole, whole[:4], whole[1:6], whole.upper(), whole.capitalize())
    if len(word) >= 4
})  # fmt: skip


@given(sentence=st.sampled_from(_SENTENCES), password=st.sampled_from(_WORDS), cut=st.integers(0, 60))
def test_a_password_that_is_a_word_is_not_told_by_its_mask(sentence: str, password: str, cut: int) -> None:
    """Where a sentence holds the password, or a word of which it is a part, no gap shows which; else all is shown."""
    said = sentence[cut:]
    shown = quoted(said.encode(), (CredentialMask("anna@example.org", SecretValue(password)),))
    assert ("***" in shown, password in shown) == (False, False)
    if password.lower() not in sentence.lower():
        assert shown == clean(said.encode())


@given(
    before=st.text("abcdefgh <>:=,", max_size=12),
    password=st.from_regex(r"[a-z]{2,5}[0-9]{2,4}[!#$%+]?[A-Z]{0,3}", fullmatch=True),
    after=st.text("abcdefgh <>:=,", max_size=12),
)
def test_a_password_that_is_no_word_is_masked_where_it_stands(before: str, password: str, after: str) -> None:
    """No sentence of a server holds it of itself, so a gap tells nothing, and the words around it still help."""
    shown = quoted(f"5.7.8 {before}{password}{after}".encode(), (CredentialMask("anna", SecretValue(password)),))
    assert password not in shown
    assert shown in {clean(f"5.7.8 {before}***{after}".encode()), WITHHELD}
