"""One message to a thousand contacts through Postfix, read back from the mailbox that it was delivered to."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, command, environment, marketing_account
from tests.system.support.processes import wait_for
from tests.system.support.users import CONTACTS, SALES

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from tests.system.support.keys import Keys
    from tests.system.support.postfix import Postfix

COUNT = 1000
KEEPERS = {
    0: ("Kim Kowalska", "kim@example.com"),
    1: ("Łukasz Żak", "lukasz@example.com"),
    2: ("Max, Keeper", "max@sub.example.com"),
}
"""Contacts keep turn: the first three of each four have a keeper, the fourth has none."""
OWN = ("Example News", SALES.name)
_OVERRIDE = "  overrideFrom: {emailDetail: keeper_email, displayNameDetail: keeper_name}\n"


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keys: Keys, postfix: Postfix
) -> Project:
    """Return a project with an active marketing account at Postfix, a message and the contacts."""
    made = Project(tmp_path / "mail", monkeypatch, capsys)
    (made.folder / "certs").mkdir()
    shutil.copy(keys.ca, made.folder / "certs" / "ca.pem")
    login = f"{{username: {SALES.name}, password: {{env: SMTP_PLATFORM}}}}"
    port = postfix.ports["starttls"]
    smtp = f"{{host: localhost, port: {port}, encryption: starttls, caFile: certs/ca.pem, authentication: {login}}}"
    made.write_project(f"verification: {{domainChecks: off}}\nplatform:\n  smtp: {smtp}\n")
    made.set_variable("SMTP_PLATFORM", SALES.password)
    made.init()
    made.write_account("news", marketing_account("news", email=SALES.name) + _OVERRIDE)
    made.run_well("apply", "--auto-approve", "--depth", "envelope")
    made.run_well("approve", "news")
    return made


def contact(number: int) -> str:
    """Return a contact's address."""
    return f"contact-{number}@example.com"


def write_contacts(project: Project, numbers: range) -> None:
    """Write the contacts, each with its keeper."""
    rows = [[contact(number), *reversed(KEEPERS.get(number % 4, ("", "")))] for number in numbers]
    lines = ["email,keeper_email,keeper_name", *(f'{email},{address},"{name}"' for email, address, name in rows)]
    (project.folder / "contacts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def arrived(postfix: Postfix, subject: str, count: int) -> list[EmailMessage]:
    """Return the messages of a subject, once there are so many."""

    def find() -> list[EmailMessage] | None:
        found = [each for each in postfix.messages(CONTACTS) if each["Subject"] == subject]
        return found if len(found) >= count else None

    return wait_for(find, f"{count} messages {subject}")


def delivered(postfix: Postfix) -> int:
    """Return how many messages have arrived for contacts."""
    return len(list((postfix.folder / "mailboxes" / CONTACTS / "new").glob("*")))


def author(message: EmailMessage) -> tuple[str, str]:
    """Return name and address of From."""
    (found,) = message["From"].addresses
    return found.display_name, found.addr_spec


def test_a_thousand_contacts_with_three_keepers(project: Project, postfix: Postfix) -> None:
    """Each contact sees its own keeper, those without one the account; replies and bounces go where they should."""
    write_contacts(project, range(COUNT))
    before = postfix.log.count(": connect from")
    words = (
        "send",
        "news",
        "--contacts",
        "contacts.csv",
        "--subject",
        "A thousand",
        "--body",
        "Hello.",
        "--format",
        "json",
    )
    sent = project.run_well(*words).document
    assert COUNT == sent["total"]["accepted"]
    assert 1 == postfix.log.count(": connect from") - before
    messages = arrived(postfix, "A thousand", COUNT)
    assert Counter(contact(number) for number in range(COUNT)) == Counter(
        str(each["Delivered-To"]) for each in messages
    )
    for message in messages:
        number = int(str(message["Delivered-To"]).removeprefix("contact-").partition("@")[0])
        expected = KEEPERS.get(number % 4, OWN)
        assert (expected, contact(number)) == (author(message), message["To"].addresses[0].addr_spec)
        assert (f"<{SALES.name}>", "office@example.com") == (
            message["Return-Path"],
            message["Reply-To"].addresses[0].addr_spec,
        )
        assert (None if expected == OWN else SALES.name) == (message["Sender"] and message["Sender"].address.addr_spec)


def test_a_run_that_is_killed_goes_on_at_postfix(project: Project, postfix: Postfix) -> None:
    """Killed with -9 and started again, each contact has the message once, bar one in flight, which is named."""
    write_contacts(project, range(2000, 2200))
    message = ("--subject", "Killed", "--body", "Hello.")
    words = ("send", "news", "--contacts", "contacts.csv", *message, "--format", "json")
    before = delivered(postfix)
    slowly = command(*words, "--rate", "100/second")
    running = subprocess.Popen(slowly, cwd=project.folder, env=environment(), stdout=subprocess.DEVNULL)
    wait_for(lambda: delivered(postfix) >= before + 20 or None, "some messages")
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert -signal.SIGKILL == running.returncode
    again = project.run(*words).document
    in_flight = {each["contact"] for each in again["inFlight"]}
    assert ("complete", 200 - len(in_flight)) == (again["ending"], again["total"]["accepted"])
    assert len(in_flight) <= 1
    found = Counter(str(each["Delivered-To"]) for each in arrived(postfix, "Killed", 200 - len(in_flight)))
    assert {contact(number) for number in range(2000, 2200)} - in_flight <= set(found)
    assert 1 == max(found.values())
