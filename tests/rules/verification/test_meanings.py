"""Which of a code's sentences fits a refusal: it hangs on what the account declares, and on whom the mail is for."""

from __future__ import annotations

import pytest

from reconciler.rules.verification.refusals import Circumstances, Command, legible, meaning_of
from reconciler.smtp.replies import Reply

HERE, THERE = "ops@example.com", "ops@example.net"
SENDER = "sales@example.com"


@pytest.mark.parametrize(
    ("command", "reply", "recipient", "without_login", "with_login"),
    [
        ("hello", "500 Unknown command, this is HTTP", None, ("notSmtp", "hello"), ("notSmtp", "hello")),
        ("hello", "550 5.7.1 go away", None, ("helloRefused", ""), ("helloRefused", "")),
        ("hello", "503 bad sequence of commands", None, ("helloRefused", ""), ("helloRefused", "")),
        (
            "sender",
            "530 5.7.0 Authentication required",
            None,
            ("authenticationRequired", ""),
            ("authenticationRequired", "loggedIn"),
        ),
        ("sender", "503 bad sequence of commands", None, ("authenticationRequired", "perhaps"), ("commandRefused", "")),
        (
            "recipient",
            "503 bad sequence of commands",
            HERE,
            ("authenticationRequired", "perhaps"),
            ("commandRefused", ""),
        ),
        ("message", "503 bad sequence of commands", HERE, ("commandRefused", "noLogin"), ("commandRefused", "")),
        ("sender", "550 5.7.1 Sender rejected", None, ("senderRefused", "noLogin"), ("senderRefused", "")),
        ("sender", "550 policy", None, ("policyRefused", "noLogin"), ("policyRefused", "")),
        ("recipient", "550 5.7.1 Relaying denied", HERE, ("relayingDenied", "noLogin"), ("relayingDenied", "loggedIn")),
        (
            "recipient",
            "550 5.7.1 Relaying denied",
            THERE,
            ("relayingDenied", "noLogin"),
            ("relayingDenied", "loggedIn"),
        ),
        ("recipient", "550 5.1.1 User unknown", HERE, ("recipientRefused", "noLogin"), ("recipientRefused", "")),
        (
            "recipient",
            "550 5.1.1 User unknown",
            THERE,
            ("recipientRefused", "noLoginUnknown"),
            ("recipientRefused", ""),
        ),
        ("recipient", "450 4.1.1 denied", THERE, ("recipientDeferred", ""), ("recipientDeferred", "")),
        ("message", "550 5.7.1 Relaying denied", THERE, ("relayingDenied", "noLogin"), ("relayingDenied", "loggedIn")),
    ],
)
def test_which_sentence_fits(
    command: Command,
    reply: str,
    recipient: str | None,
    without_login: tuple[str, str],
    with_login: tuple[str, str],
) -> None:
    """Whoever is not logged in may lack a login; a recipient of another domain is refused for that more than for itself."""
    read = Reply(int(reply[:3]), (reply[4:],))
    found = [
        meaning_of(command, read, Circumstances(is_logged_in=is_logged_in, sender=SENDER, recipient=recipient))
        for is_logged_in in (False, True)
    ]
    assert [without_login, with_login] == [(each.code, each.variant) for each in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<{HERE}>: no", "RECIPIENT : no"),
        (f"{SENDER}. no", "SENDER no"),
        ("x@example.org no", "ADDR no"),
        ("see https://example.org/relaying for it", "see HOST for it"),
        ("see https://www.spamhaus.org/query now", "see spamhaus HOST now"),
        ("mail.example.org said 5.7.1 no", "HOST said no"),
    ],
)
def test_words_that_may_be_any_are_taken_out(text: str, expected: str) -> None:
    """Addresses, hosts and links hold words that the server did not say; the account's own are told apart."""
    assert expected == legible(text, Circumstances(is_logged_in=False, sender=SENDER, recipient=HERE))
