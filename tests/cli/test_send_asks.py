"""On a terminal, send says how many messages go from whom through what, and asks; --yes and pipes are not asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.cli.project import command
from tests.support.terminal import run_on_terminal

if TYPE_CHECKING:
    from tests.cli.project import Project
    from tests.support.mailserver import MailServer

SEND = ("send", "sales", "--contacts", "contacts.csv", "--message", "june.eml")


def test_a_no_sends_nothing_and_a_yes_sends_to_all(sending: Project, server: MailServer) -> None:
    """The count is that of the messages of this run; declined is exit code 1, and nothing was sent."""
    expected = sending.run_well("resolve", "sales", "--contacts", "contacts.csv", "--format", "json").document
    count = expected["summary"]["send"]
    declined = run_on_terminal(command(*SEND), folder=sending.folder, environ=os.environ, answers=[("Send?", "n")])
    assert (1, 0) == (declined.code, len(server.messages)), declined.text
    assert f"{count} messages from sales@example.com through {server.host}:{server.port}." in declined.text
    assert "[declined]" in declined.text

    agreed = run_on_terminal(command(*SEND), folder=sending.folder, environ=os.environ, answers=[("Send?", "y")])
    assert count == len(server.messages), agreed.text
    server.messages.clear()
    again = run_on_terminal(command(*SEND), folder=sending.folder, environ=os.environ)
    assert "Send?" not in again.text  # nobody is left who gets a message
    assert [] == server.messages


def test_yes_is_not_asked(sending: Project, server: MailServer) -> None:
    """A script on a terminal says --yes; without a terminal it is as ever."""
    shown = run_on_terminal(command(*SEND, "--yes"), folder=sending.folder, environ=os.environ)
    assert "Send?" not in shown.text
    assert server.messages
    server.messages.clear()
    sending.run(*SEND, "--results", "again.results")
    assert server.messages
