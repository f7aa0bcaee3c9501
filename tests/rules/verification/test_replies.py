"""What is left where a server's words tell nothing: its reply code and the command; and which faults are refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.rules.verification.refusals import (
    BLAMES,
    Circumstances,
    Meaning,
    legible,
    meaning_of,
    meaning_of_fault,
)
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.replies import Reply

if TYPE_CHECKING:
    from reconciler.rules.verification.refusals import Command

SENDER, RECIPIENT = "sales@example.com", "ops@example.net"


def meant(
    command: Command,
    text: str,
    *,
    is_logged_in: bool = True,
    sender: str | None = SENDER,
    recipient: str | None = RECIPIENT,
) -> tuple[str, str]:
    """Return code and variant of a reply, its lines parted by ``\\n``."""
    code, *lines = text[:3], *text[4:].split("\n")
    circumstances = Circumstances(is_logged_in=is_logged_in, sender=sender, recipient=recipient)
    found = meaning_of(command, Reply(int(code), tuple(lines)), circumstances)
    return found.code, found.variant


@pytest.mark.parametrize(
    ("reply", "at_sender", "at_recipient", "at_message"),
    [
        (452, "insufficientStorage", "insufficientStorage", "insufficientStorage"),
        (500, "commandRefused", "commandRefused", "commandRefused"),
        (502, "commandRefused", "commandRefused", "commandRefused"),
        (503, "commandRefused", "commandRefused", "commandRefused"),
        (504, "commandRefused", "commandRefused", "commandRefused"),
        (555, "commandRefused", "commandRefused", "commandRefused"),
        (530, "authenticationRequired", "authenticationRequired", "authenticationRequired"),
        (535, "authenticationRequired", "authenticationRequired", "authenticationRequired"),
        (538, "encryptionRequired", "encryptionRequired", "encryptionRequired"),
        (551, "senderRefused", "relayingDenied", "messageRefused"),
        (552, "messageTooLarge", "mailboxFull", "messageTooLarge"),
        (553, "senderRefused", "recipientRefused", "messageRefused"),
        (554, "senderRefused", "recipientRefused", "messageRefused"),
        (556, "senderRefused", "recipientRefused", "messageRefused"),
        (450, "senderDeferred", "recipientDeferred", "messageDeferred"),
    ],
)
def test_a_reply_code_says_what_the_words_do_not(
    reply: int, at_sender: str, at_recipient: str, at_message: str
) -> None:
    """By the command that was answered; what may pass has codes of its own."""
    found = [meant(command, f"{reply} no")[0] for command in ("sender", "recipient", "message")]
    assert [at_sender, at_recipient, at_message] == found


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("recipient", "553 5.7.1 no", "recipientRefused"),
        ("sender", "553 5.7.1 no", "senderRefused"),
        ("message", "553 5.7.1 no", "policyRefused"),
        ("recipient", "554 5.7.1 no", "policyRefused"),
        ("recipient", "450 4.7.1 no", "recipientDeferred"),
        ("recipient", "450 4.3.0 no", "serverTrouble"),
    ],
)
def test_a_vague_status_code_says_more_than_the_reply_code(command: Command, text: str, expected: str) -> None:
    """But where the reply code speaks of the address that was named, or policy only puts off."""
    assert expected == meant(command, text)[0]


NO_OPINION = (
    "5.1.1 no",
    "5.1.8 no",
    "5.2.2 no",
    "5.2.3 no",
    "5.5.1 no",
    "5.6.0 no",
    "5.7.0 no",
    "5.7.13 no",
    "5.7.54 no",
    "5.7.60 no",
    "this message is likely unsolicited mail",
    "5.7.1 Spam message rejected",
    "Email address is not verified. The following identities failed the check in region EU-WEST-1",
)
"""Of a recipient, a sender, a mailbox, a size, a command, a message, a policy, an account, relaying, and spam."""


@pytest.mark.parametrize("words", NO_OPINION)
def test_before_mail_no_server_has_an_opinion_on_it(words: str) -> None:
    """Whatever it says, it refuses this machine, or the name that was given."""
    assert ("serverRefused", "helloRefused") == (
        meant("greeting", f"554 {words}")[0],
        meant("hello", f"550 {words}")[0],
    )


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("greeting", "421 later", "serverBusy"),
        ("greeting", "450 later", "serverBusy"),
        ("hello", "421 later", "serverLeaving"),
        ("hello", "450 later", "serverBusy"),
        ("sender", "421 later", "serverLeaving"),
        ("sender", "450 later", "senderDeferred"),
        ("greeting", "421 Too many connections", "rateLimited"),
        ("sender", "421 Too many connections", "rateLimited"),
        ("recipient", "421 4.7.0 Zu viele Verbindungen", "rateLimited"),
        ("recipient", "421 4.3.1 Zu viele Verbindungen", "rateLimited"),
        ("sender", "421 4.3.1 Too many connections", "rateLimited"),
        ("sender", "421 4.3.1 later", "serverLeaving"),
        ("greeting", "554 no", "serverRefused"),
        ("hello", "554 no", "helloRefused"),
    ],
)
def test_a_server_that_does_not_serve_for_now_says_nothing_else(command: Command, text: str, expected: str) -> None:
    """421 at any command and any 4xx before MAIL; that there is too much at once is said so too, in any language."""
    assert expected == meant(command, text)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("502 Command not implemented", "notSmtp"),
        ("500 command unrecognized", "notSmtp"),
        ("502 no", "notSmtp"),
        ("502 5.5.2 <here>: Helo command rejected: Host not found", "helloRefused"),
        ("550 LMTP only", "notSmtp"),
        ("550 no", "helloRefused"),
    ],
)
def test_who_does_not_know_ehlo_speaks_something_else(text: str, expected: str) -> None:
    """Unless it refuses the name in its words."""
    assert expected == meant("hello", text)[0]
    assert ("hello" if expected == "notSmtp" else "") == meant("hello", text)[1]


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("recipient", "550 no", ("relayingDenied", "noLogin")),
        ("recipient", "450 no", ("recipientDeferred", "")),
        ("message", "550 no", ("messageRefused", "")),
        ("sender", "550 no", ("senderRefused", "noLogin")),
        ("recipient", "550 5.1.1 no", ("recipientRefused", "noLoginUnknown")),
        ("recipient", "550 No such user here", ("recipientRefused", "noLogin")),
        ("recipient", "550 5.2.2 no", ("mailboxFull", "")),
        ("recipient", "502 no", ("relayingDenied", "noLogin")),
        ("recipient", "551 no", ("relayingDenied", "noLogin")),
        ("sender", "503 no", ("authenticationRequired", "perhaps")),
        ("sender", "503 5.7.10 no", ("encryptionRequired", "")),
        ("sender", "502 no", ("commandRefused", "noLogin")),
        ("message", "503 no", ("commandRefused", "noLogin")),
        ("sender", "530 no", ("authenticationRequired", "")),
    ],
)
def test_without_a_login_its_want_explains_much(command: Command, text: str, expected: tuple[str, str]) -> None:
    """A foreign recipient is refused for it, and a bad sequence of commands may be."""
    assert expected == meant(command, text, is_logged_in=False)


@pytest.mark.parametrize("recipient", ["ops@example.com", "OPS@Example.COM", '"a@b"@example.com'])
def test_a_recipient_of_the_own_domain_is_not_foreign(recipient: str) -> None:
    """However it is written."""
    assert "recipientRefused" == meant("recipient", "550 no", is_logged_in=False, recipient=recipient)[0]


@pytest.mark.parametrize(
    ("sender", "recipient", "expected"),
    [(SENDER, RECIPIENT, True), (None, RECIPIENT, True), (SENDER, None, False), (None, None, False)],
)
def test_who_has_no_recipient_has_no_foreign_one(sender: str | None, recipient: str | None, *, expected: bool) -> None:
    """Without a sender everybody is foreign."""
    assert expected == Circumstances(is_logged_in=False, sender=sender, recipient=recipient).is_foreign


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("message", "550 Your mailbox is full", ("accountSuspended", "full")),
        ("message", "550 5.7.13 no", ("accountSuspended", "")),
        ("recipient", "552 5.2.2 your mailbox is full", ("mailboxFull", "")),
        ("message", "450 4.7.28 Too many failed login attempts", ("rateLimited", "logins")),
        ("message", "450 4.7.28 no", ("rateLimited", "")),
        ("message", "550 5.7.25 Too many failed login attempts", ("reverseDnsMissing", "")),
        ("recipient", "530 no", ("authenticationRequired", "loggedIn")),
    ],
)
def test_some_codes_have_a_sentence_for_what_is_said(command: Command, text: str, expected: tuple[str, str]) -> None:
    """The words choose the sentence, and never the code."""
    assert expected == meant(command, text)


def test_what_is_said_after_two_thousand_characters_is_not_read() -> None:
    """Up to there it is, over all lines."""
    assert "relayingDenied" == meant("recipient", f"550 {'no. ' * 400}\nrelay access denied")[0]
    assert "recipientRefused" == meant("recipient", f"550 {'no. ' * 600}\nrelay access denied")[0]
    words = " relay access denied"
    dots = "." * (2000 - len(words))
    assert ["relayingDenied", "recipientRefused"] == [
        meant("recipient", f"550 {text}{words}")[0] for text in (dots, f"{dots}.")
    ]
    login = SmtpFault("credentialsRejected", step="auth", reply=Reply(535, ("no. " * 600, "password has expired")))
    assert meaning_of_fault(login, Circumstances(is_logged_in=True)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<ops@example.net>. No", "RECIPIENT . No"),
        ("to ops@example.net.", "to RECIPIENT"),
        ("to OPS@EXAMPLE.NET, no", "to RECIPIENT , no"),
        ("from sales@example.com", "from SENDER"),
        ("other@example.com", "ADDR"),
        ("at mx.example.com", "at HOST"),
        ("see https://www.spamhaus.org/query", "see spamhaus HOST"),
        ("5.7.1 no", "no"),
    ],
)
def test_addresses_and_hosts_are_no_words(text: str, expected: str) -> None:
    """They may hold any; those that were named are told from others."""
    assert expected == legible(text, Circumstances(is_logged_in=True, sender=SENDER, recipient=RECIPIENT))


FAULTS: list[tuple[str, str, str, Meaning | None]] = [
    ("serverBusy", "greeting", "450 later", Meaning("serverBusy")),
    ("serverRefused", "greeting", "554 no", Meaning("serverRefused")),
    ("helloRefused", "greeting", "550 no", Meaning("helloRefused")),
    ("senderRefused", "sender", "550 no", Meaning("senderRefused")),
    ("senderDeferred", "sender", "450 no", Meaning("senderDeferred")),
    ("recipientRefused", "recipient", "550 no", Meaning("recipientRefused")),
    ("recipientDeferred", "recipient", "450 no", Meaning("recipientDeferred")),
    ("messageRefused", "message", "550 no", Meaning("messageRefused")),
    ("messageDeferred", "message", "450 no", Meaning("messageDeferred")),
    ("messageTooLarge", "message", "552 no", Meaning("messageTooLarge")),
    ("messageRefused", "message", "400 no", Meaning("messageDeferred")),
    ("authenticationRequired", "sender", "503 no", Meaning("commandRefused")),
    ("authenticationRequired", "sender", "550 no", Meaning("senderRefused")),
    ("authenticationRequired", "recipient", "551 no", Meaning("relayingDenied", "loggedIn")),
    ("authenticationRequired", "message", "552 no", Meaning("messageTooLarge")),
    ("authenticationRequired", "hello", "530 no", None),
    ("starttlsRefused", "tls", "421 later", Meaning("serverLeaving")),
    ("starttlsRefused", "tls", "454 later", None),
    ("authUnavailable", "auth", "421 later", Meaning("serverLeaving")),
    ("connectionLost", "message", "421 later", None),
    ("credentialsRejected", "auth", "432 change your password once", Meaning("authUnavailable", "transition")),
    ("credentialsRejected", "auth", "535 Your password\nhas expired", Meaning("credentialsRejected", "expired")),
    ("credentialsRejected", "auth", "535 no", None),
    ("senderRefused", "sender", "550 your password has expired", Meaning("senderRefused")),
    ("senderRefused", "sender", "250 ok", None),
    ("senderRefused", "sender", "354 go on", None),
]


@pytest.mark.parametrize(("code", "step", "text", "expected"), FAULTS)
def test_a_fault_is_looked_at_as_the_answer_that_it_is(
    code: str, step: str, text: str, expected: Meaning | None
) -> None:
    """As a refusal of a command, of a login, or as a server that leaves; other faults mean what they are called."""
    fault = SmtpFault(code, step=step, reply=Reply(int(text[:3]), tuple(text[4:].split("\n"))))  # type: ignore[arg-type]
    circumstances = Circumstances(is_logged_in=True, sender=SENDER, recipient=RECIPIENT)
    assert expected == meaning_of_fault(fault, circumstances)


def test_a_fault_without_a_reply_is_no_refusal() -> None:
    """Nothing was said."""
    fault = SmtpFault("senderRefused", step="sender", reply=None)
    assert meaning_of_fault(fault, Circumstances(is_logged_in=True)) is None


def test_a_login_that_is_missing_is_told_by_what_was_declared() -> None:
    """What is known of the conversation decides among the sentences."""
    fault = SmtpFault("recipientRefused", step="recipient", reply=Reply(550, ("no",)))
    foreign = Circumstances(is_logged_in=False, sender=SENDER, recipient=RECIPIENT)
    assert Meaning("relayingDenied", "noLogin") == meaning_of_fault(fault, foreign)


def test_every_blame_can_be_told() -> None:
    """A code without a blame would end in a traceback, and a blame without a code is nobody's."""
    assert {"policyRefused", "commandRefused"} <= BLAMES.keys()
    assert ("sender", "recipient", "port") == tuple(
        Meaning(code).blames for code in ("senderNotVerified", "recipientDeferred", "notSmtp")
    )


def test_a_full_stop_behind_an_address_is_not_its_own() -> None:
    """And nothing else of it is left out."""
    known = Circumstances(is_logged_in=True, sender=SENDER, recipient="ops@example.mx")
    assert "to RECIPIENT" == legible("to OPS@EXAMPLE.MX.", known)
