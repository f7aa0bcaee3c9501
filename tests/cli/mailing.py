"""A project whose accounts send, its message and contacts, and what came of them."""

from __future__ import annotations

import email
import email.policy
import json
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import command, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

    from tests.cli.project import Project
    from tests.support.mailserver import MailServer

PLATFORM_VARIABLE = "SMTP_PLATFORM_PASSWORD"
PLATFORM_USER = "platform@example.com"
PLATFORM_PASSWORD = "the-platform-and-nobody-else"
EML = (
    "Return-Path: <old@example.com>\r\nReceived: from old.example.com\r\nFrom: Old <old@example.com>\r\n"
    "To: everybody@example.com\r\nBcc: hidden@example.com\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    "Message-ID: <old@example.com>\r\nSubject: June\r\nX-Campaign: june\r\n\r\nHello.\r\n.dot\r\n"
)
OVERRIDE = (
    "  overrideFrom: {emailDetail: keeper_email, displayNameDetail: keeper_name}\n"
    "  overrideTo: {emailDetail: billing, onInvalid: skip}\n"
)
CONTACTS = (
    "email,name,keeper_email,keeper_name,billing\n"
    "one@example.net,One,kim@example.com,Kim Keeper,\n"
    "two@example.net,Two,lee@example.com,Lee Keeper,\n"
    "three@example.net,,max@example.com,Max Keeper,\n"
    "four@example.net,Four,,,\n"
    "five@example.net,Five,,,not an address\n"
)


def declare(
    project: Project, platform: MailServer | None, verification: str = "verification: {domainChecks: off}\n"
) -> None:
    """Write the project file, with the platform's server where there is one."""
    login = f"{{username: {PLATFORM_USER}, password: {{env: {PLATFORM_VARIABLE}}}}}"
    port = platform.port if platform is not None else 0
    smtp = f"platform:\n  smtp: {{host: localhost, port: {port}, encryption: none, authentication: {login}}}\n"
    project.write_project(verification + (smtp if platform is not None else ""))


def words(name: str = "news", *more: str) -> tuple[str, ...]:
    """Return the command that sends the message to the contacts."""
    return ("send", name, "--contacts", "contacts.csv", "--message", "june.eml", *more)


def read(content: bytes) -> EmailMessage:
    """Return a message as a mail program reads it."""
    message: EmailMessage = email.message_from_bytes(content.replace(b"\r\n", b"\n"), policy=email.policy.default)
    return message


def records(project: Project, name: str) -> list[dict[str, Any]]:
    """Return the records of a results file."""
    lines = (project.folder / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def recipients(*servers: MailServer) -> Counter[str]:
    """Return how often each address got a message."""
    return Counter(address for each in servers for message in each.messages for address in message.recipients)


def write_contacts(project: Project, count: int) -> list[str]:
    """Write a contacts file of so many addresses, and return them."""
    written = [f"contact-{number}@example.net" for number in range(1, count + 1)]
    (project.folder / "contacts.csv").write_text("email\n" + "\n".join(written) + "\n", encoding="utf-8")
    return written


def begin(project: Project, *more: str) -> subprocess.Popen[str]:
    """Start the sending as a process of its own."""
    return subprocess.Popen(
        command(*words("news", *more)),
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Wait until something has happened, while the process runs; fail where it ends before."""
    while not happened():
        try:
            process.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"it ended before: {process.communicate()}")


def usual_results(project: Project) -> Path:
    """Return the one results file that was made where none was named."""
    (found,) = (project.folder / ".reconciler" / "sending").glob("*.jsonl")
    return found


def last_records(project: Project) -> dict[int, dict[str, Any]]:
    """Return the last record of each contact, by line."""
    lines = usual_results(project).read_text(encoding="utf-8").splitlines()[1:]
    return {record["line"]: record for record in map(json.loads, lines)}
