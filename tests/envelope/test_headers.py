"""Writing one mailbox and reading it again: what cannot be said faithfully is not said."""

from __future__ import annotations

import pytest

from reconciler.envelope import UnfaithfulHeader, mailbox_value, make_headers, require_faithful, resolve_contact
from reconciler.envelope.readback import read_mailbox
from reconciler.model.mail.contacts import Contact
from reconciler.model.mail.resolution import Mailbox
from tests.envelope.reading import identity

_KASIA = Mailbox(email="kasia@example.com", display_name="Kasia")


@pytest.mark.parametrize(
    ("mailbox", "expected"),
    [
        (_KASIA, '"Kasia"\r\n <kasia@example.com>'),
        (Mailbox(email="kasia@example.com"), "<kasia@example.com>"),
        (Mailbox(email="kasia@example.com", display_name=" "), "<kasia@example.com>"),
        (Mailbox(email="a@b.example", display_name="Żółw"), "=?utf-8?b?xbvDs8WCdw==?=\r\n <a@b.example>"),
        (Mailbox(email="a@b.example", display_name="=?x?="), "=?utf-8?b?PT94Pz0=?=\r\n <a@b.example>"),
        (Mailbox(email="żółw@b.example", display_name="Z"), '"Z"\r\n <żółw@b.example>'),
    ],
)
def test_a_mailbox_is_written(mailbox: Mailbox, expected: str) -> None:
    """A plain name is quoted, any other is encoded, and an address without a name stands in brackets."""
    assert expected == mailbox_value("From", mailbox)


@pytest.mark.parametrize(
    "mailbox",
    [
        Mailbox(email="a@b.example", display_name="x\r\ny"),
        Mailbox(email="a@b.example", display_name="x\u202ey"),
        Mailbox(email="a@b.example\r\nBcc: c@d.example"),
        Mailbox(email="a@b.example>, <c@d.example"),
        Mailbox(email="a b@c.example"),
        Mailbox(email="a"),
        Mailbox(email=""),
    ],
)
def test_what_no_header_can_hold_is_refused(mailbox: Mailbox) -> None:
    """The writer refuses a name or an address that would break out, even if nobody has looked at it before."""
    with pytest.raises(ValueError, match=r"name|address"):
        mailbox_value("From", mailbox)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "kasia@example.com",
        '"Kasia" <kasia@example.com>, <x@y.example>',
        '"Kasia" <kasia@example.com> (x)',
        '"Ka"sia" <kasia@example.com>',
        '"Kasia"\r\nBcc: x@y.example\r\n <kasia@example.com>',
        '"Kasia"\n <kasia@example.com>',
        '"Kasia"\r <kasia@example.com>',
        "Kasia <kasia@example.com>",
        "=?utf-8?b?!?= <kasia@example.com>",
        "=?utf-8?b?/w==?= <kasia@example.com>",
        "=?us-ascii?q?Kasia?= <kasia@example.com>",
        f"=?utf-8?q?{'a' * 70}?= <kasia@example.com>",
        f'"{"K" * 1000}" <kasia@example.com>',
        "<a@b@example.com>",
    ],
)
def test_the_strict_reader_knows_one_form(value: str) -> None:
    """Whatever is not written as we write it is refused when it is read back."""
    with pytest.raises(UnfaithfulHeader):
        read_mailbox("From", value)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("From", "<kasia@example.com>")],
        [("From", '"Kasia"\r\n <x@y.example>')],
        [("From", '"Kasia"\r\n <kasia@example.com>'), ("Bcc", "<x@y.example>")],
        [("From", '"Kasia"\r\n <kasia@example.com>'), ("From", '"Kasia"\r\n <kasia@example.com>')],
        [("To", '"Kasia"\r\n <kasia@example.com>')],
        [("From", '"kasia"\r\n <kasia@example.com>')],
    ],
)
def test_other_headers_than_meant_are_found(headers: list[tuple[str, str]]) -> None:
    """A header that is missing, too much, or says something else is an error, not a message."""
    with pytest.raises(UnfaithfulHeader):
        require_faithful(headers, {"From": _KASIA})


def test_what_other_programs_read_otherwise_is_found() -> None:
    """An address that is faithful to our reader and means another to the library's reader is an error."""
    with pytest.raises(UnfaithfulHeader, match="intended address"):
        require_faithful([("From", "<a(b)@example.com>")], {"From": Mailbox(email="a(b)@example.com")})


def test_a_skipped_contact_has_no_headers() -> None:
    """There is nothing to build for a contact that nothing is sent to."""
    with pytest.raises(ValueError, match="skipped"):
        make_headers(resolve_contact(identity({}), Contact(email="")))


def test_the_longest_own_name_can_be_written() -> None:
    """An account's own name of a thousand characters is folded and reads as it was written."""
    name = "ż" * 1000
    headers = make_headers(resolve_contact(identity({"displayName": name}), Contact(email="anna@example.org")))
    assert (name, "news@example.com") == read_mailbox("From", dict(headers)["From"])


def test_the_details_that_are_looked_for_are_known() -> None:
    """An identity names the details of its overrides, each once, sorted."""
    overrides = {
        "overrideFrom": {"emailDetail": "b", "displayNameDetail": "a"},
        "overrideTo": {"emailDetail": "b", "displayNameDetail": "c"},
    }
    assert ("a", "b", "c") == identity(overrides).details
    assert () == identity({}).details
