"""What other programs import: applied accounts as values, and connections that are logged in as them."""

from __future__ import annotations

import dataclasses
import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

import reconciler
from tests.cli.project import PASSWORD, USER, VARIABLE, Project, marketing_account, own_account
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from tests.support.mailserver import Encryption

PUBLIC = ["ReconcilerError", "ReplyAddress", "Sender", "sender", "senders"]
FIELDS = [
    "name", "kind", "email", "display_name", "reply_to", "status", "host", "port", "encryption", "mechanism",
    "username", "secret",
]  # fmt: skip


def url(project: Project) -> str:
    """Return the address of the project's state, as a program elsewhere would name it."""
    return f"sqlite:///{project.state_file}"


@pytest.fixture
def applied(project: Project, server: MailServer) -> Project:
    """Return a project with an own account and an approved marketing account, its project folder left."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "news")
    return project


def test_the_public_names_are_these() -> None:
    """What programs may rely on is listed, and so are the facts of a sender; more may come, none may go."""
    assert PUBLIC == sorted(reconciler.__all__)
    assert all(hasattr(reconciler, name) for name in PUBLIC)
    assert FIELDS == [each.name for each in dataclasses.fields(reconciler.Sender) if not each.name.startswith("_")]
    with pytest.raises(AttributeError):
        getattr(reconciler, "nothing")  # noqa: B009 - a name that type checkers know to be missing


def test_accounts_are_read_as_values(applied: Project, server: MailServer) -> None:
    """All accounts by name with what a program needs; the secret as its reference, and nowhere its value."""
    news, sales = reconciler.senders(url(applied))
    assert "news" == news.name
    assert "marketing" == news.kind
    assert "news@example.com" == news.email
    assert news.is_active is True
    assert news.host is None  # fmt: skip
    assert (reconciler.library.ReplyAddress("office@example.com", "Example Office"),) == news.reply_to
    assert "sales" == sales.name
    assert "own" == sales.kind
    assert USER == sales.email
    assert "localhost" == sales.host
    assert server.port == sales.port
    assert "none" == sales.encryption
    assert "auto" == sales.mechanism
    assert USER == sales.username
    assert f"env:{VARIABLE}" == sales.secret  # fmt: skip
    assert sales == reconciler.sender(url(applied), "sales")
    assert PASSWORD not in repr(sales)


def test_a_message_is_sent_by_the_standard_library(applied: Project, server: MailServer) -> None:
    """The connection is smtplib's, logged in as the account; it serves for several messages, and ends with ``with``."""
    account = reconciler.sender(url(applied), "sales")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = USER, "you@example.net", "Hello"
    message.set_content("Hello")
    before = len(server.messages)
    with account.connect() as smtp:
        assert isinstance(smtp, smtplib.SMTP)
        smtp.send_message(message)
        smtp.send_message(message)
    assert 2 == len(server.messages) - before


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_the_recorded_ca_is_what_is_trusted(project: Project, ca: TestCA, encryption: Encryption) -> None:
    """State has the private CA, so the certificate is verified away from the checkout too; another one is refused."""
    context = ca.server_context("localhost")
    with MailServer(encryption=encryption, users={USER: PASSWORD}, tls_context=context) as server:
        (project.folder / "ca.pem").write_text(ca.pem)
        project.write_account("sales", own_account("sales", server, ca_file="ca.pem"))
        project.run_well("apply", "--auto-approve")
        (project.folder / "ca.pem").unlink()
        with reconciler.sender(url(project), "sales").connect() as smtp:
            assert 250 == smtp.noop()[0]
    other = TestCA().server_context("localhost")
    with (
        MailServer(encryption=encryption, users={USER: PASSWORD}, tls_context=other, port=server.port),
        pytest.raises(reconciler.ReconcilerError) as refused,
    ):
        reconciler.sender(url(project), "sales").connect()
    assert "tls failed" in refused.value.diagnostics[0].detail


def test_a_suspension_stops_the_next_connection(applied: Project, server: MailServer) -> None:
    """A sender that was read before the stop does not connect after it, and goes on when it is resumed."""
    account = reconciler.sender(url(applied), "sales")
    applied.run_well("suspend", "sales", "--reason", "Leaked.")
    before = server.connections
    with pytest.raises(reconciler.ReconcilerError) as refused:
        account.connect()
    assert "senderInactive" == refused.value.diagnostics[0].code
    assert before == server.connections
    applied.run_well("resume", "sales")
    account.connect().quit()


@pytest.mark.parametrize(
    ("name", "code"), [("nobody", "unknownAccount"), ("news", "noPlatformServer"), ("sales", "secretMissing")]
)
def test_what_cannot_be_is_told_with_what_to_do(applied: Project, server: MailServer, name: str, code: str) -> None:
    """An account that is not there, one of the platform's, and a secret that is missing: nothing is contacted."""
    applied.unset_variable(VARIABLE)
    before = server.connections
    with pytest.raises(reconciler.ReconcilerError) as refused:
        reconciler.sender(url(applied), name).connect()
    assert code == refused.value.diagnostics[0].code
    assert before == server.connections


def test_a_refused_login_names_the_command_that_explains_it(applied: Project) -> None:
    """The server's words are told, the password never, and what to run."""
    applied.set_variable(VARIABLE, "another-password")
    with pytest.raises(reconciler.ReconcilerError) as refused:
        reconciler.sender(url(applied), "sales").connect()
    (problem,) = refused.value.diagnostics
    assert "senderUnavailable" == problem.code
    assert "reconciler verify --recorded sales" in problem.detail
    assert "another-password" not in problem.detail


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts SET document = replace(document, 'localhost', '127.0.0.2') WHERE name = 'sales'",
        "UPDATE secret_routes SET route = replace(route, 'localhost', '127.0.0.2')",
        "DELETE FROM secret_routes",
    ],
)
def test_an_altered_state_gets_no_secret(applied: Project, server: MailServer, statement: str) -> None:
    """Who can write to the database cannot have a password sent where nobody applied it to go."""
    applied.execute_sql(statement)
    before = server.connections
    with pytest.raises(reconciler.ReconcilerError):
        reconciler.sender(url(applied), "sales").connect()
    assert before == server.connections
