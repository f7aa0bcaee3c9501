"""The message: what is kept, what is set anew, and what is refused because it could be read in two ways."""

from __future__ import annotations

import email
import email.policy
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.envelope import identity_of, resolve_contact
from reconciler.model.accounts.settings import Settings
from reconciler.model.mail.contacts import Contact
from reconciler.sending import NotAMessage, Template, read_template, template_of_text
from tests.sending.letters import NOW

if TYPE_CHECKING:
    from email.message import EmailMessage

NEWS = identity_of(
    "MarketingAccount",
    Settings.model_validate(
        {
            "email": "news@example.com",
            "displayName": "Example News",
            "replyTo": {"email": "office@example.com"},
            "overrideFrom": {"emailDetail": "mail", "displayNameDetail": "name"},
        }
    ),
)
CONTACT = Contact(email="one@example.net", name="One", details={"mail": "kim@example.com", "name": "Kim"}, line=2)
OURS = [b"date", b"message-id", b"from", b"sender", b"reply-to", b"to"]


def written(template: Template, contact: Contact = CONTACT) -> bytes:
    """Return the message for a contact."""
    return template.write(resolve_contact(NEWS, contact), at=NOW, message_id="1.2@example.com")


def names(message: bytes) -> list[bytes]:
    """Return the names of the header fields, in lower case, by the letter of RFC 5322."""
    head = message.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in {b" ", b"\t"}]


def test_governed_fields_are_set_and_the_rest_is_kept() -> None:
    """Our fields stand once, with the contact's values; others stay as they were, folded lines and case included."""
    eml = (
        b"FROM: a@example.com\nfrom: b@example.com\nSender: c@example.com\nReply-To: d@example.com,\n e@example.com\n"
        b"To: f@example.com\nDate: yesterday\nMessage-Id: <x@y>\nSUBJECT: a\n  folded \n\tsubject\nX-A: 1\nX-A: 2\n\nbody\n"
    )
    message = written(read_template(eml))
    expected = (
        b"Date: Mon, 01 Jun 2026 12:00:00 +0000\r\nMessage-ID: <1.2@example.com>\r\n"
        b'From: "Kim"\r\n <kim@example.com>\r\nSender: "Example News"\r\n <news@example.com>\r\n'
        b'Reply-To: <office@example.com>\r\nTo: "One"\r\n <one@example.net>\r\n'
        b"SUBJECT: a\r\n  folded \r\n\tsubject\r\nX-A: 1\r\nX-A: 2\r\n\r\nbody\r\n"
    )
    assert expected == message


def test_traces_other_recipients_and_signatures_are_left_out() -> None:
    """Fields of the message's earlier journey, Bcc and signatures over fields that change are not sent along."""
    left_out = [
        "Bcc",
        "Return-Path",
        "Received",
        "DKIM-Signature",
        "ARC-Seal",
        "Resent-From",
        "Resent-To",
        "Delivered-To",
        "X-Received",
        "X-Forwarded-To",
        "X-Envelope-To",
        "X-Google-DKIM-Signature",
    ]
    eml = "".join(f"{name}: x\n y\n" for name in left_out) + "Subject: a\n\nbody"
    template = read_template(eml.encode())
    assert tuple(sorted(name.lower() for name in left_out)) == template.left_out
    assert [*OURS, b"subject"] == names(written(template))


def test_a_signed_body_stays_signed() -> None:
    """The parts of a multipart/signed message arrive octet for octet, so that an S/MIME signature holds."""
    parts = b"--b\r\nContent-Type: text/plain\r\n\r\nsigned  \r\ntext\r\n--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIIB\r\n--b--\r\n"
    eml = b'Subject: a\r\nContent-Type: multipart/signed; boundary="b"\r\n\r\n' + parts
    assert parts == written(read_template(eml)).partition(b"\r\n\r\n")[2]


def test_eight_bit_bodies_are_kept() -> None:
    """Octets beyond ASCII stay as they are, and the template says that they are there."""
    template = read_template("Subject: a\n\nzażółć".encode())
    assert template.is_8bit
    assert "zażółć\r\n".encode() == written(template).partition(b"\r\n\r\n")[2]
    assert not read_template(b"Subject: a\n\nplain").is_8bit


@pytest.mark.parametrize(
    ("eml", "words"),
    [
        (b"", "no blank line"),
        (b"Subject: a\n", "no blank line"),
        (b"Subject: a", "no blank line"),
        (b"just text\n\nmore", "no header field"),
        (b"\nbody", "has no header"),
        (b"\r\n\r\nbody", "has no header"),
        (b" Subject: a\n\nbody", "none before it"),
        (b"Subject: a\n \n\nbody", "blanks only"),
        (b"Subject: a\n\t\nFrom: x@example.com\n\nbody", "blanks only"),
        (b"Subject: a\nsubject: b\n\nbody", "more than one subject"),
        (b"Content-Type: text/plain\nX: y\nContent-Type: text/html\n\nbody", "more than one content-type"),
        (b"From : evil@example.com\n\nbody", "blank before the colon"),
        (b"From\t: evil@example.com\n\nbody", "blank before the colon"),
        (b"From evil@example.com Mon Jan 1\nSubject: a\n\nbody", "mbox"),
        (b"Subject: a\nFrom evil@example.com Mon\n\nbody", "no header field"),
        (b">From: a\n: empty\n\nbody", "no header field"),
        (b"Subject: a\rFrom: evil@example.com\n\nbody", "carriage return"),
        (b"Subject: a\r\r\nX: y\n\nbody", "carriage return"),
        (b"Subject: a\n\nbody\rmore", "carriage return"),
        (b"Subject: a\0b\n\nbody", "NUL"),
        (b"Subject: a\n\nbo\0dy", "NUL"),
        (b"Subject: a\x0bFrom: evil@example.com\n\nbody", "control character"),
        (b"Subject: a\x0cb\n\nbody", "control character"),
        (b"Subject: a\x1b[2Jb\n\nbody", "control character"),
        (b"Subject: a\x7f\n\nbody", "control character"),
        ("Subject: zażółć\n\nbody".encode(), "beyond ASCII"),
        (b"Subject: a\x85From: evil@example.com\n\nbody", "beyond ASCII"),
        ("Fr\u043em: a\n\nbody".encode(), "beyond ASCII"),
        (b"Subject: " + b"a" * 990 + b"\n\nbody", "longer than 998"),
        (b"X" * 80 + b": a\n\nbody", "no header field"),
        (b"Subject: a\n\n" + b"x" * 999, "998 at most"),
        (b"Subject: a\n\nshort\n" + b"x" * 5000 + b"\nshort", "Line 2 of the body has 5,000"),
        (b"Cc: other@example.net\nSubject: a\n\nbody", "has a Cc"),
        (b"cC: other@example.net\n\nbody", "has a Cc"),
    ],
)
def test_what_cannot_be_sent_as_it_is_is_refused(eml: bytes, words: str) -> None:
    """Each refusal says what is wrong; nothing of the message is repeated but its own structure."""
    with pytest.raises(NotAMessage, match=words) as refused:
        read_template(eml)
    assert "evil" not in str(refused.value)


def test_a_message_beyond_all_bounds_is_refused() -> None:
    """A message of more than 50 MiB is refused unread."""
    with pytest.raises(NotAMessage, match="larger than 50 MiB"):
        read_template(b"x" * (50 * 1024 * 1024 + 1))


def test_a_byte_order_mark_and_any_line_end_are_taken() -> None:
    """Files of Windows and of Unix give the same message; the digest is that of the file as it is."""
    unix, windows = read_template(b"Subject: a\n\nb\nc\n"), read_template(b"\xef\xbb\xbfSubject: a\r\n\r\nb\r\nc")
    assert (unix.header, unix.body) == (windows.header, windows.body)
    assert unix.digest != windows.digest


def test_a_message_of_a_header_alone_has_an_empty_body() -> None:
    """A blank line after the header is enough."""
    assert b"" == read_template(b"Subject: a\n\n").body


@pytest.mark.parametrize(
    "subject", ["Plain", "Zażółć gęślą", "=?utf-8?q?a=0d=0aBcc=3a_x=40y=2ez?=", "a" * 500, " x ", "日本" * 60]
)
def test_a_text_message_says_what_was_given(subject: str) -> None:
    """Subject and body arrive as typed, whatever is in them."""
    body = "Zażółć\n.\n" + "x" * 2000 + "\r\nŁ\x85\u2028end =\n"
    message: EmailMessage = email.message_from_bytes(written(template_of_text(subject, body)), policy=email.policy.SMTP)
    assert subject.strip() == message["Subject"].strip()
    assert body.replace("\r\n", "\n") == message.get_content().replace("\r\n", "\n")
    assert message.get_all("Bcc") is None


@pytest.mark.parametrize("subject", ["", "  ", "a\nBcc: x@y.z", "a\rb", "a\u2028b", "a\u202eb", "x" * 1001, "\ud800"])
def test_a_subject_of_more_than_a_line_is_refused(subject: str) -> None:
    """A subject cannot bring a header of its own."""
    with pytest.raises(NotAMessage):
        template_of_text(subject, "body")


_NAMES = st.sampled_from(
    [
        "From",
        "from",
        "FROM",
        "Sender",
        "To",
        "Date",
        "Message-ID",
        "Reply-To",
        "Bcc",
        "Subject",
        "X-Any",
        "Resent-To",
        "Content-Type",
    ]
)
_LINES = st.one_of(
    st.builds(lambda name, value: name.encode() + b":" + value, _NAMES, st.binary(max_size=30)),
    st.builds(lambda blank, rest: blank + rest, st.sampled_from([b" ", b"\t", b""]), st.binary(max_size=30)),
    st.sampled_from([b"", b" ", b"From x", b"From : a@example.com", b"\x85", b"=?utf-8?q?=0aFrom=3a?=:"]),
)
_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r", b"\x0b", b"\x0c", b"\n\r", b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8"])


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(_LINES, _ENDS), max_size=8), st.text(max_size=20), st.text(max_size=20))
def test_no_file_and_no_detail_gets_a_governed_field_in(lines: list[tuple[bytes, bytes]], mail: str, name: str) -> None:
    """Whatever .eml and details are: what is sent parses to exactly our fields, each once, with the values meant."""
    try:
        template = read_template(b"".join(line + end for line, end in lines) + b"\n\nbody")
    except NotAMessage:
        return
    contact = Contact(email="one@example.net", name=name, details={"mail": mail, "name": name}, line=2)
    resolution = resolve_contact(NEWS, contact)
    message = template.write(resolution, at=NOW, message_id="1.2@example.com")
    read: EmailMessage = email.message_from_bytes(message, policy=email.policy.SMTPUTF8)
    assert [name.encode().lower() for name in read.keys()] == names(message)  # noqa: SIM118 - not a mapping
    for field in ("From", "To", "Date", "Message-ID"):
        assert 1 == len(read.get_all(field, [])), field
    assert resolution.author is not None
    assert [resolution.author.email] == [each.addr_spec for each in read["From"].addresses]
    assert ["one@example.net"] == [each.addr_spec for each in read["To"].addresses]
    expected_sender = [resolution.sender.email] if resolution.sender else None
    assert expected_sender == ([read["Sender"].address.addr_spec] if read["Sender"] else None)
    assert 1 == len(read.get_all("Reply-To", []))
    assert not {b"bcc", b"resent-to"} & set(names(message))
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", message) is None
    assert template.body == message.partition(b"\r\n\r\n")[2]
