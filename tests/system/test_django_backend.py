"""Django sends through the account of each message's From address."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import bare, ca, project, server
from tests.cli.project import PASSWORD, USER, VARIABLE, own_account

if TYPE_CHECKING:
    from tests.cli.project import Project
    from tests.support.mailserver import MailServer

__all__ = ["bare", "ca", "project", "server"]  # fixtures

pytestmark = pytest.mark.system

_PROGRAM = """
import sys
from django.conf import settings
settings.configure(EMAIL_BACKEND="reconciler.contrib.django.EmailBackend", RECONCILER_STATE=sys.argv[1])
from django.core.mail import EmailMessage, get_connection
with_one = [EmailMessage("Hello", "Hello", sender, ["you@example.net"], bcc=["also@example.net"]) for sender in sys.argv[2:]]
print(get_connection(fail_silently=False).send_messages(with_one))
"""


def send(project: Project, *senders: str) -> subprocess.CompletedProcess[str]:
    """Send a message from each address in a process of Django's own."""
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, f"sqlite:///{project.state_file}", *senders],
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_message_goes_through_its_account(project: Project, server: MailServer) -> None:
    """Two accounts, one run: each message is sent by the login of its From, in its name; a display name does not matter."""
    server.users["help@example.com"] = PASSWORD
    project.write_account("sales", own_account("sales", server))
    other = own_account(
        "help", server, email="help@example.com", username="help@example.com", secret="{env: SMTP_HELP}"
    )
    project.write_account("help", other)
    project.set_variable("SMTP_HELP", PASSWORD)
    project.write_project(
        f"secrets: {{grants: [{{secret: 'env:*', route: {{host: localhost, port: {server.port}, encryption: none}}}}]}}\n"
    )
    project.run_well("apply", "--auto-approve")
    before = len(server.messages)
    sent = send(project, f"Example Sales <{USER.upper()}>", "help@example.com")
    assert ("2\n", 0) == (sent.stdout, sent.returncode), sent.stderr
    assert [USER, "help@example.com"] == [each.envelope_from for each in server.messages[before:]]


def test_an_address_of_no_account_is_an_error(project: Project, server: MailServer) -> None:
    """The message says which address, and what to do; no password is in it."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    refused = send(project, "ceo@example.com")
    assert 0 != refused.returncode
    assert "InvalidInput" in refused.stderr
    assert PASSWORD not in refused.stderr
    assert VARIABLE not in refused.stderr
