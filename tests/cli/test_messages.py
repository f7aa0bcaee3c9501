"""verification.message: how many test messages an apply sends, to whom, and what each stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli import mailing
from tests.cli.project import OPERATOR, PASSWORD, Project, marketing_account, own_account
from tests.support.mailserver import MailServer, Refusals

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = {f"{name}@example.{'com' if name in 'ab' else 'org'}": f"{PASSWORD}-{name}" for name in "abcde"}
"""Address and password: each has one of its own, since a value that is known may go nowhere else."""


@pytest.fixture
def servers() -> Iterator[tuple[MailServer, MailServer]]:
    """Run two mail servers that know all users."""
    with MailServer(encryption="none", users=USERS) as one, MailServer(encryption="none", users=USERS) as two:
        yield one, two


def declare(project: Project, servers: tuple[MailServer, MailServer], mode: str) -> None:
    """Declare four accounts of two domains at one server, and a fifth at another."""
    project.write_project(f"verification: {{message: {mode}}}\n")
    for user, password in USERS.items():
        name = user[0]
        project.set_variable(f"SMTP_{name.upper()}", password)
        server = servers[1] if name == "e" else servers[0]
        secret = f"{{env: SMTP_{name.upper()}}}"
        project.write_account(name, own_account(name, server, email=user, username=user, secret=secret))


def messages_of(servers: tuple[MailServer, MailServer]) -> list[tuple[str, str]]:
    """Return sender and content of every message that was taken; all of them went to the operator."""
    taken = [message for server in servers for message in server.messages]
    assert {(OPERATOR,)} == {message.recipients for message in taken}
    return sorted((message.envelope_from, message.content.decode()) for message in taken)


def checks(project: Project, name: str) -> dict[str, Any]:
    """Return the checks of a recorded account by name."""
    shown = project.run_well("accounts", "show", name, "--format", "json").document["accounts"][0]
    return {check["check"]: check for check in shown["evidence"]["verification"]["checks"]}


@pytest.mark.parametrize(
    ("mode", "senders"),
    [
        ("each", list(USERS)),
        ("sample", ["a@example.com", "e@example.org"]),
        ("digest", ["a@example.com", "c@example.org", "e@example.org"]),
    ],
)
def test_as_many_messages_as_the_project_says(
    project: Project, servers: tuple[MailServer, MailServer], mode: str, senders: list[str]
) -> None:
    """One for each account, for each server, or for each server and domain; all accounts are active afterwards."""
    declare(project, servers, mode)
    planned = project.run_well("plan", "--out", "plan.json", "--format", "json").document
    assert [{"to": OPERATOR, "count": len(senders)}] == planned["applyVerifies"]["messages"]
    told = f"{len(senders)} test messages to {OPERATOR}"
    assert told in " ".join(project.run_well("show", "plan.json").out.split())
    applied = project.run_well("apply", "--auto-approve")
    assert told in " ".join((applied.out + applied.err).split())
    assert senders == [sender for sender, _ in messages_of(servers)]
    assert dict.fromkeys("abcde", "active") == project.statuses()
    assert all(server.logins[user] for user in USERS for server in servers if server.logins[user])
    assert "No changes" in project.run_well("plan").out


def test_a_digest_lists_the_accounts_that_it_stands_for(
    project: Project, servers: tuple[MailServer, MailServer]
) -> None:
    """The message names the others; their record says whose message stands for theirs, and the envelope was tried for each."""
    declare(project, servers, "digest")
    project.run_well("apply", "--auto-approve")
    content = dict(messages_of(servers))
    assert "stands for these accounts too" in content["c@example.org"]
    assert "\r\n  d\r\n" in content["c@example.org"]
    assert "stands for" not in content["e@example.org"]
    found = checks(project, "d")
    assert ("skipped", "represented") == (found["message"]["status"], found["message"]["code"])
    assert "The test message of c" in " ".join(found["message"]["message"].split()).replace("Not sent: the", "The")
    assert ["passed"] * 3 == [found[each]["status"] for each in ("auth", "sender", "recipient")]
    assert ("passed", "ok") == (checks(project, "c")["message"]["status"], checks(project, "c")["message"]["code"])


def test_a_message_that_is_refused_proves_nothing(project: Project) -> None:
    """Where the message that was to stand for others is refused, none of them passes, and nothing is recorded."""
    refusals = Refusals(message="554 5.7.1 looks like spam")
    with MailServer(encryption="none", users=USERS, refusals=refusals) as refusing:
        declare(project, (refusing, refusing), "sample")
        refused = project.run("apply", "--auto-approve", "--format", "json")
    assert 3 == refused.code
    told = {name for problem in refused.document["diagnostics"] for name in problem["subjects"] or [problem["subject"]]}
    assert set("abcde") == told
    assert ({}, []) == (project.statuses(), refusing.messages)


def test_an_account_that_fails_stands_for_nobody(project: Project, servers: tuple[MailServer, MailServer]) -> None:
    """The message is sent by one that passed so far; a failed account is told as itself, and the others are recorded."""
    declare(project, servers, "digest")
    project.set_variable("SMTP_A", "wrong")
    assert 3 == project.run("apply", "--auto-approve").code
    project.run_well("apply", "--auto-approve", "--hold-failing")
    assert dict.fromkeys("bcde", "active") == project.statuses()
    assert ["b@example.com", "c@example.org", "e@example.org"] == sorted({sender for sender, _ in messages_of(servers)})


def test_verify_sends_what_it_was_asked_for(project: Project, servers: tuple[MailServer, MailServer]) -> None:
    """Whoever asks verify for a message of an account gets one, whatever the project says of applies."""
    declare(project, servers, "sample")
    project.run_well("verify", "a", "b", "--depth", "message")
    assert ["a@example.com", "b@example.com"] == [sender for sender, _ in messages_of(servers)]


def test_an_unknown_word_is_refused(project: Project) -> None:
    """Only each, sample and digest are known."""
    project.write_project("verification: {message: none}\n")
    assert 1 == project.run("validate").code


def test_one_message_stands_for_accounts_of_the_platform(project: Project, platform: MailServer) -> None:
    """Marketing accounts go through one server: of those of a domain one sends, and all are tried as senders."""
    mailing.declare(project, platform)
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    changed = text.replace("verification: {", "verification: {message: digest, ", 1)
    assert changed != text
    (project.folder / "reconciler.yaml").write_text(changed, encoding="utf-8")
    project.set_variable(mailing.PLATFORM_VARIABLE, mailing.PLATFORM_PASSWORD)
    for name in ("one", "two", "three"):
        project.write_account(name, marketing_account(name, email=f"{name}@example.com"))
    project.run_well("apply", "--auto-approve")
    assert ["one@example.com"] == [message.envelope_from for message in platform.messages]
    assert [1, 1] == [platform.commands[f"MAIL:{name}@example.com"] for name in ("two", "three")]
