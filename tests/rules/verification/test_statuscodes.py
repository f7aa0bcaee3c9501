"""Enhanced status codes as the registry has them: which stand for one thing, and which are read after the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.rules.verification.refusals import Circumstances, meaning_of
from reconciler.rules.verification.statuscodes import (
    Status,
    enhanced,
    names_recipient,
    of_one_meaning,
    of_vague_meaning,
)
from reconciler.smtp.replies import Reply

if TYPE_CHECKING:
    from reconciler.rules.verification.refusals import Command

OF_ONE_MEANING = {
    "1.1": "recipientRefused",
    "1.3": "recipientRefused",
    "1.4": "recipientRefused",
    "1.6": "recipientRefused",
    "1.9": "recipientRefused",
    "1.10": "recipientRefused",
    "2.2": "mailboxFull",
    "2.4": "recipientRefused",
    "3.4": "messageTooLarge",
    "6.7": "internationalAddressUnsupported",
    "7.2": "recipientRefused",
    "7.8": "authenticationRequired",
    "7.10": "encryptionRequired",
    "7.11": "encryptionRequired",
    "7.17": "recipientRefused",
    "7.18": "recipientRefused",
    "7.20": "domainAuthenticationFailed",
    "7.21": "domainAuthenticationFailed",
    "7.22": "domainAuthenticationFailed",
    "7.23": "spfRefused",
    "7.24": "spfRefused",
    "7.25": "reverseDnsMissing",
    "7.26": "domainAuthenticationFailed",
    "7.27": "senderUnverifiable",
    "7.28": "rateLimited",
    "7.29": "domainAuthenticationFailed",
    "7.54": "relayingDenied",
    "7.57": "authenticationRequired",
    "7.60": "senderRefused",
    "7.64": "relayingDenied",
}
OF_VAGUE_MEANING = {
    "1.2": "recipientRefused",
    "1.7": "senderRefused",
    "1.8": "senderUnverifiable",
    "2.3": "messageTooLarge",
    "3.1": "insufficientStorage",
    "2.1": "recipientRefused",
    "4.5": "rateLimited",
    "5.3": "rateLimited",
    "7.13": "accountSuspended",
    "2.0": "recipientRefused",
    "3.0": "serverTrouble",
    "4.0": "serverTrouble",
    "5.0": "commandRefused",
    "6.0": "messageRefused",
    "7.0": "policyRefused",
}


def status_of(text: str) -> Status:
    """Return a status code that is written as subject and detail."""
    subject, _, detail = text.partition(".")
    return Status(int(subject), int(detail))


@pytest.mark.parametrize(("text", "code"), OF_ONE_MEANING.items())
def test_a_status_code_of_one_meaning_decides(text: str, code: str) -> None:
    """Whatever the words are; before there is a recipient, one on the recipient says nothing."""
    assert code == of_one_meaning(status_of(text), "recipient")
    assert (None if code == "recipientRefused" else code) == of_one_meaning(status_of(text), "sender")
    assert (code == "recipientRefused") == names_recipient(550, [f"5.{text} no"])


@pytest.mark.parametrize(("text", "code"), OF_VAGUE_MEANING.items())
def test_a_vague_status_code_is_read_after_the_words(text: str, code: str) -> None:
    """By its detail, else by its subject alone."""
    assert of_one_meaning(status_of(text), "recipient") is None
    assert code == of_vague_meaning(status_of(text), "recipient")
    assert (None if code == "recipientRefused" else code) == of_vague_meaning(status_of(text), "sender")


@pytest.mark.parametrize("text", ["0.0", "1.0", "1.5", "9.9"])
def test_another_status_code_says_nothing(text: str) -> None:
    """The words, the reply code and the command are left."""
    assert (None, None) == (
        of_one_meaning(status_of(text), "recipient"),
        of_vague_meaning(status_of(text), "recipient"),
    )


def test_without_a_status_code_nothing_is_said() -> None:
    """Most servers write one, and not all."""
    assert of_one_meaning(None, "recipient") is None
    assert not names_recipient(550, ["no"])


@pytest.mark.parametrize(
    ("code", "lines", "expected"),
    [
        (550, ["5.7.1 no"], Status(7, 1)),
        (450, ["4.7.1 later"], Status(7, 1)),
        (550, ["4.7.1 later"], None),
        (550, ["no", "5.1.10 at all"], Status(1, 10)),
        (550, ["4.2.2 was said before", "5.1.1 no"], Status(1, 1)),
        (550, ["no (#5.1.1)"], Status(1, 1)),
        (550, ["host 5.7.1.9 is blocked"], None),
        (550, ["version 15.7.1 says no"], None),
        (550, [], None),
    ],
)
def test_a_status_code_is_of_the_class_of_the_reply(code: int, lines: list[str], expected: Status | None) -> None:
    """The first line that has such a one counts; addresses and versions are none."""
    assert expected == enhanced(code, lines)


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("sender", "550 5.2.1 disabled", "senderRefused"),
        ("sender", "550 5.2.0 no", "senderRefused"),
        ("sender", "550 5.1.1 no", "senderRefused"),
        ("recipient", "550 5.2.0 no", "recipientRefused"),
        ("message", "550 5.2.0 no", "recipientRefused"),
        ("sender", "550 4.2.2 no", "senderRefused"),
    ],
)
def test_at_mail_nothing_is_said_of_a_recipient(command: Command, text: str, expected: str) -> None:
    """There is none yet: the only address is the sender's."""
    known = Circumstances(is_logged_in=True, sender="sales@example.com", recipient="ops@example.net")
    assert expected == meaning_of(command, Reply(int(text[:3]), (text[4:],)), known).code
