"""A test message that stands for other accounts: what becomes of these where it was taken, and where it was not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.step import Create
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.verification.messages import alike_for_messages, represented, unrepresented
from tests.rules.single import PROXY, SERVER, news, own

if TYPE_CHECKING:
    from reconciler.model.project import MessageMode
    from reconciler.model.verification.evidence import FailureClass

WAITS = Check(
    check="message", status="skipped", code="represented", message="The message of sales stands for this account."
)
PASSED = Check(check="auth", status="passed", code="ok", message="Logged in by PLAIN.")
OWN = Evidence(settings_digest="sha256:0", verification=Verification(status="passed", checks=(PASSED, WAITS)))


@pytest.mark.parametrize("class_", ["permanent", "transient"])
def test_a_message_that_was_not_taken_fails_those_it_stood_for(class_: FailureClass) -> None:
    """They fail by a code of their own, with the words and the class of the one that sent it; their other checks stay."""
    refused = Check(check="message", status="failed", class_=class_, code="messageRefused", message="552 too large.")
    told = unrepresented(OWN, "sales", Verification(status="failed", checks=(PASSED, refused))).verification
    auth, message = told.checks
    assert ("failed", PASSED) == (told.status, auth)
    assert ("message", "failed") == (message.check, message.status)
    assert "representativeFailed" == message.code
    assert class_ == message.class_
    assert (
        "The test message of sales, which was to stand for this account too, was not sent. 552 too large."
        == message.message
    )


def test_without_a_failed_check_the_failure_may_pass() -> None:
    """Where nobody says why it was not sent, trying again may do."""
    told = unrepresented(OWN, "sales", Verification(status="skipped")).verification
    assert ("representativeFailed", "transient") == (told.checks[1].code, told.checks[1].class_)
    assert told.checks[1].message.endswith("for this account too, was not sent.")


def mailbox(name: str, *, email: str = "a@example.com", host: str = "h.example", more: str = "") -> Create:
    """Return a step of an own account."""
    account = own(name, host=host, smtp=more)
    document = {**account.document, "spec": {**account.document["spec"], "email": email}}
    return Create(after=replace(account, document=document))


ACCOUNTS = [
    mailbox("a"),
    mailbox("b", email="b@EXAMPLE.com"),
    mailbox("port", more=", port: 2525"),
    mailbox("domain", email="c@example.org"),
    mailbox("host", host="i.example"),
    Create(after=news(), platform=SERVER),
    Create(after=replace(news(), name="more"), platform=SERVER),
    mailbox("user", more=", encryption: starttls"),
    replace(mailbox("proxy"), after=own("proxy", spec=PROXY)),
    mailbox("nowhere", email="x@a..example"),
    mailbox("again", email="y@a..example"),
]


@pytest.mark.parametrize(
    ("mode", "groups"),
    [
        ("each", [[step.name] for step in ACCOUNTS]),
        (
            "sample",
            [["a", "b", "domain", "user", "nowhere", "again"], ["port"], ["host"], ["news", "more"], ["proxy"]],
        ),
        (
            "digest",
            [
                ["a", "b", "user"],
                ["port"],
                ["domain"],
                ["host"],
                ["news", "more"],
                ["proxy"],
                ["nowhere"],
                ["again"],
            ],
        ),
    ],
)
def test_one_message_stands_for_the_accounts_of_one_server(mode: MessageMode, groups: list[list[str]]) -> None:
    """For each account, each server with its proxy, or each server and domain; the platform's server is one of them."""
    assert groups == [[step.name for step in group] for group in alike_for_messages(ACCOUNTS, mode)]


def test_an_account_that_a_message_stands_for_has_that_told() -> None:
    """Its check of the message is skipped with whose message it was, and what it passed up to there stays."""
    waits = replace(WAITS, status="failed")
    found = represented(
        OWN.model_copy(update={"verification": Verification(status="failed", checks=(PASSED, waits))}), "b"
    )
    auth, message = found.verification.checks
    assert "passed" == found.verification.status
    assert "message" == found.verification.depth
    assert PASSED == auth
    assert "message" == message.check
    assert "skipped" == message.status
    assert "represented" == message.code
    assert message.message.startswith("Not sent: the test message of b, ")
    assert message.message.endswith("stands for this account too (verification.message).")
    assert "sha256:0" == found.settings_digest
