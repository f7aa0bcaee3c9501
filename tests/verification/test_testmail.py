"""The test message as a message: what was meant, read back, whatever the names hold."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.characters import UNSAFE_CHARACTER
from reconciler.model.verification.context import TestContext
from reconciler.verification import Sender
from reconciler.verification.testmail import make_test_message

if TYPE_CHECKING:
    from email.message import EmailMessage

_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
]  # fmt: skip


def _made(
    display_name: str, *, address: str = "sales@example.com", reply_to: str | None = None, commit: str | None = None
) -> bytes:
    sender = Sender(
        name="sales", kind="OwnAccount", email=address, display_name=display_name, reply_to_display_name=reply_to
    )
    context = TestContext(project="mail", commit=commit, plan="revision 7")
    return make_test_message(sender, "ops@example.com", context=context, at=_AT, message_id="1.sales")


def _read(octets: bytes) -> EmailMessage:
    return email.message_from_bytes(octets, policy=email.policy.SMTP)


def _unspaced(text: str) -> str:
    """Return text without spaces: the library puts one between two encoded-words, against RFC 2047 section 6.2."""
    return text.replace(" ", "")


def test_several_replies_are_all_named() -> None:
    """Reply-To holds every address that replies go to, with its name."""
    sender = Sender(
        name="sales",
        kind="OwnAccount",
        email="sales@example.com",
        display_name="Sales",
        reply_to_email="a@example.com",
        further_replies=(("b@example.com", "Office, Berlin"), ("c@example.com", None)),
    )
    context = TestContext(project="mail", commit=None)
    octets = make_test_message(sender, "ops@example.com", context=context, at=_AT, message_id="1.sales")
    read = [(each.display_name, each.addr_spec) for each in _read(octets)["Reply-To"].addresses]
    assert [("", "a@example.com"), ("Office, Berlin", "b@example.com"), ("", "c@example.com")] == read


@pytest.mark.parametrize(
    "name",
    [
        "Example Sales",
        "=?utf-8?q?a=0d=0aBcc=3a_x=40y=2ez?=",
        'Quo"ted \\ name',
        "a@b.example, c@d.example",
        "<evil@example.net>",
        "Żółw; Группа: 株式会社",
        "=?us-ascii?b?DQpCY2M6IHhAeS56?= x",
        "x" * 1000,
        "ż" * 1000,
    ],
)
def test_a_name_is_shown_and_does_nothing_else(name: str) -> None:
    """A display name cannot add a header, an address or a line, and reads as it was written."""
    octets = _made(name, reply_to=name)
    read = _read(octets)
    assert list(read.keys()) == [*_HEADERS, "Reply-To"]
    (mailbox,) = read["From"].addresses
    assert (_unspaced(mailbox.display_name), mailbox.addr_spec) == (_unspaced(name[:200]), "sales@example.com")
    assert [a.addr_spec for a in read["Reply-To"].addresses] == ["sales@example.com"]
    assert octets.isascii()
    assert max(len(line) for line in octets.split(b"\r\n")) <= 100


@given(st.text())
def test_no_name_breaks_out(name: str) -> None:
    """No text at all, control characters included, makes another message than the one meant."""
    read = _read(_made(f"n{name}", commit=name or None))
    assert list(read.keys()) == _HEADERS
    assert [address.addr_spec for address in read["From"].addresses] == ["sales@example.com"]
    assert [address.addr_spec for address in read["To"].addresses] == ["ops@example.com"]
    assert read.get_content_type() == "text/plain"
    assert UNSAFE_CHARACTER.search(str(read["From"])) is None


def test_domains_go_out_as_a_labels() -> None:
    """An international domain is sent in its wire form, in From and in Message-ID."""
    read = _read(_made("Sales", address="sales@żółw.example"))
    assert str(read["From"]) == "Sales <sales@xn--w-uga1v8h.example>"
    assert read["Message-ID"] == "<1.sales@xn--w-uga1v8h.example>"


def test_the_body_names_the_occasion() -> None:
    """Account, project, commit and plan stand in the body, in ASCII on the wire."""
    octets = _made("Sales", commit="0123abc żółw")
    body = _read(octets).get_content()
    assert all(words in body for words in ("sales (OwnAccount)", "mail", "0123abc żółw", "revision 7"))
    assert octets.isascii()
