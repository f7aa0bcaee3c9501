"""The test message, read back from the mailbox that Postfix delivered it to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

import pytest

from reconciler.verification import Sender, verify
from tests.system.accounts import check_account, secret_of, sender
from tests.system.support.users import OPERATOR, POLISH, SALES
from tests.verification.targets import failure, make_target, now

if TYPE_CHECKING:
    from email.message import EmailMessage

    from reconciler.verification import Finding
    from tests.system.support.keys import Keys
    from tests.system.support.postfix import Postfix

_HOSTILE_NAME = "=?utf-8?q?a=0d=0aBcc=3a_x=40example=2eorg?="


def _delivered(postfix: Postfix, finding: Finding) -> EmailMessage:
    assert "passed" == finding.verification.status
    return postfix.message(OPERATOR, (finding.observed.queue_id or "").rpartition(" ")[2])


def _mailboxes(message: EmailMessage, header: str) -> list[tuple[str, str]]:
    return [(each.display_name, each.addr_spec) for each in message[header].addresses]


def test_headers_and_text(postfix: Postfix, keys: Keys) -> None:
    """From, Reply-To and To are the account's, its reply-to and the operator; the envelope sender is the account."""
    account = sender(SALES.name, reply_to_email="help@example.com", reply_to_display_name="Dział Pomocy")
    message = _delivered(postfix, check_account(postfix.ports["starttls"], ca_pem=keys.ca_pem, senders=(account,)))
    assert [("Example Sales", SALES.name)] == _mailboxes(message, "From")
    assert [("Dział Pomocy", "help@example.com")] == _mailboxes(message, "Reply-To")
    assert [("", OPERATOR)] == _mailboxes(message, "To")
    assert (f"<{SALES.name}>", OPERATOR) == (message["Return-Path"], message["Delivered-To"])
    assert ("auto-generated", "Test of the sending account sales") == (message["Auto-Submitted"], message["Subject"])
    assert str(message["Message-ID"]).endswith("@example.com>")
    assert abs(message["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=10)
    text = message.get_content()
    assert [word for word in ("sales", "OwnAccount", "mail", "0123abc") if word not in text] == []


@pytest.mark.parametrize("name", ["Sprzedaż Polska", 'Sales "and" more, (all) <of> it', _HOSTILE_NAME, "ę" * 90])
def test_a_display_name_arrives_as_written(postfix: Postfix, keys: Keys, name: str) -> None:
    """Letters beyond ASCII, quotes and what looks like an encoded line break come through as text, in one header."""
    account = Sender(name="sales", kind="OwnAccount", email=SALES.name, display_name=name)
    message = _delivered(
        postfix, check_account(postfix.ports["tls"], encryption="tls", ca_pem=keys.ca_pem, senders=(account,))
    )
    assert [SALES.name] == [each.addr_spec for each in message["From"].addresses]
    assert [] == message.get_all("Bcc", [])
    (written,) = [value for header, value in message.raw_items() if header == "From"]
    shown = make_header(decode_header(written.replace("\n", "")))  # RFC 2047; the parser above keeps spaces too many
    assert f"{name} <{SALES.name}>" == str(shown)


def test_several_senders_in_one_conversation(postfix: Postfix, keys: Keys) -> None:
    """After a sender that is refused the next one is tried over the same login, and each message is its own."""
    target = make_target(
        None,
        host="localhost",
        port=postfix.ports["starttls"],
        username=SALES.name,
        password=secret_of(SALES, "auto"),
        ca_pem=keys.ca_pem,
        timeout_seconds=20,
        senders=(
            Sender(name="first", kind="MarketingAccount", email=SALES.name, display_name="First"),
            Sender(name="foreign", kind="MarketingAccount", email=POLISH.name, display_name="Foreign"),
            Sender(name="second", kind="MarketingAccount", email=SALES.name, display_name="Second"),
        ),
    )
    before = postfix.log.count(": connect from")
    findings = verify(target, now=now)
    assert "senderRefused" == failure(findings["foreign"]).code
    subjects = [str(_delivered(postfix, findings[name])["Subject"]) for name in ("first", "second")]
    assert ["Test of the sending account first", "Test of the sending account second"] == subjects
    assert 1 == postfix.log.count(": connect from") - before
