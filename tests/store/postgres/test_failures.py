"""What PostgreSQL and its client library report becomes a plain sentence; the library's own errors, no server."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler.errors import StateUnavailable
from reconciler.store import create_state, open_store
from reconciler.store.postgres.failures import connection_sentence, statement_sentence
from tests.store.values import AT, LINEAGE, PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATEMENTS = [
    ("08006", "the connection to the server broke off"),
    ("22021", "cannot keep"),
    ("22P05", "cannot keep"),
    ("23505", "contradict each other"),
    ("25006", "may only be read here"),
    ("25P03", "kept waiting within a write"),
    ("3F000", "does not have the schema"),
    ("40001", "at the same moment"),
    ("40P01", "at the same moment"),
    ("42501", "a privilege is missing"),
    ("42P01", "does not have the tables"),
    ("42703", "does not have the tables"),
    ("42710", "has its name in the schema"),
    ("42723", "has its name in the schema"),
    ("42P07", "has its name in the schema"),
    ("42P13", "has its name in the schema"),
    ("53100", "disk is full"),
    ("53200", "out of memory"),
    ("53300", "no connection left"),
    ("55P03", "locked by another process"),
    ("57014", "was cancelled"),
    ("57P01", "ended the connection"),
    ("58030", "input or output error"),
    ("XX001", "is damaged"),
    ("0A000", "PostgreSQL says 0A000"),
]
CONNECTIONS = [
    ('FATAL:  password authentication failed for user "a"', "wants a password"),
    ("fe_sendauth: no password supplied", "wants a password"),
    ('FATAL:  no pg_hba.conf entry for host "192.0.2.1", user "a", database "b", no encryption', "pg_hba.conf"),
    ('FATAL:  role "a" does not exist', "user does not exist"),
    ('FATAL:  database "b" does not exist', "no database of that name"),
    ('FATAL:  permission denied for database "b"', "Grant CONNECT"),
    ("FATAL:  sorry, too many clients already", "no connection left"),
    ("FATAL:  the database system is starting up", "starting, stopping or recovering"),
    ("server does not support SSL, but SSL was required", "offers no TLS"),
    ("SSL error: certificate verify failed", "does not prove"),
    ('server certificate for "a" does not match host name "b"', "does not prove"),
    ('authentication method requirement "!password" failed: server requested a cleartext password', "in the clear"),
    ("failed to resolve host 'db.invalid': [Errno -2] Name or service not known", "name of its host does not exist"),
    ("session is read-only", "target_session_attrs"),
    ('definition of service "a" not found', "in no service file"),
]


@pytest.mark.parametrize(("code", "expected"), STATEMENTS)
def test_a_failed_statement_is_told_by_its_code(code: str, expected: str) -> None:
    """Each SQLSTATE, or its class, has a sentence; the library's error of that code brings it."""
    failure = psycopg.errors.lookup(code)("canary text of the server")
    assert code == failure.sqlstate
    assert expected in statement_sentence(failure)
    assert "canary" not in statement_sentence(failure)


def test_a_failure_without_a_code_is_told_by_its_kind() -> None:
    """A lost connection has no code, and neither has a value that the library cannot send."""
    assert "broke off" in statement_sentence(psycopg.OperationalError("consuming input failed"))
    assert "cannot be read" in statement_sentence(psycopg.DataError("NUL"))


@pytest.mark.parametrize(("text", "expected"), CONNECTIONS)
def test_a_refused_connection_is_told_by_its_text(text: str, expected: str) -> None:
    """What a server or the library says before there is a session is recognised."""
    failure = psycopg.OperationalError(f'connection failed: connection to server at "192.0.2.1", port 1 failed: {text}')
    assert expected in connection_sentence(failure)


@pytest.mark.parametrize(
    ("database", "command"),
    [
        ("mail", "createdb --encoding UTF8 mail\n"),
        ("it's", "createdb --encoding UTF8 'it'\"'\"'s'\n"),
        (None, "createdb --encoding UTF8 DATABASE\n"),
    ],
)
def test_a_database_that_is_not_there_is_named_in_the_command(database: str | None, command: str) -> None:
    """What is to be copied needs no more than to be copied, where the address names the database."""
    failure = psycopg.OperationalError('FATAL:  database "mail" does not exist')
    assert f"    {command}" in connection_sentence(failure, database=database)


def test_what_is_not_recognised_is_quoted_in_part() -> None:
    """A report in another language is quoted, on one line and not at length; never with the password in it."""
    failure = psycopg.OperationalError("connection failed: KATASTROFALNY:\n  coś innego " + "x" * 500)
    sentence = connection_sentence(failure, password="other")
    assert "The report is: KATASTROFALNY: coś innego xxx" in sentence
    assert len(sentence) < 250
    assert "KATASTROFALNY" not in connection_sentence(failure, password="coś")


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """Run a server that gives one answer to whatever is said, or none; return its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        opened: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                opened.append(client)
                if answer is not None:
                    client.recv(1024)
                    client.sendall(answer)
                    client.close()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
    for each in opened:
        each.close()


def refusal(url: str, base: Path) -> str:
    """Return the detail of the refusal to open a state, which making one must give as well."""
    with pytest.raises(StateUnavailable) as caught:
        open_store(url, base=base, project=PROJECT)
    with pytest.raises(StateUnavailable):
        create_state(url, base=base, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    assert "stateUnavailable" == caught.value.diagnostics[0].code
    assert caught.value.__cause__ is None
    return re.sub(r":\d+/", ":PORT/", caught.value.diagnostics[0].detail)


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Where nobody listens, the sentence names the address and not the password."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told = refusal(f"postgresql://user:canary@127.0.0.1:{port}/mail", tmp_path)
    assert told.startswith("The state postgresql://127.0.0.1:PORT/mail cannot be reached: no PostgreSQL server answers")
    assert "canary" not in told


def test_a_socket_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A folder without the server's socket is told as a server that is not there."""
    assert "no PostgreSQL server answers" in refusal(f"postgresql:///mail?host={tmp_path}", tmp_path)


def test_a_silent_server_is_told(tmp_path: Path) -> None:
    """A server that accepts and says nothing is given up after the time that the address allows."""
    with listening(None) as port:
        told = refusal(f"postgresql://127.0.0.1:{port}/mail?connect_timeout=2", tmp_path)
    assert "did not answer in time" in told


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_a_server_of_another_kind_is_told(answer: bytes, tmp_path: Path) -> None:
    """What does not speak PostgreSQL's protocol is told as such."""
    with listening(answer) as port:
        assert "does not speak" in refusal(f"postgresql://127.0.0.1:{port}/mail?sslmode=disable", tmp_path)


def test_a_server_without_tls_is_sent_nothing(tmp_path: Path) -> None:
    """Where TLS is required and not offered, the sentence says how to go on."""
    with listening(b"N") as port:
        told = refusal(f"postgresql://127.0.0.1:{port}/mail?sslmode=require", tmp_path)
    assert "offers no TLS" in told


def test_a_server_that_repeats_the_password_is_not_quoted(tmp_path: Path) -> None:
    """A hostile server may answer with the password that it was given; its words are then left out."""
    text = b"SFATAL\0C28000\0Mcanary is what you said\0\0"
    with listening(b"E" + (len(text) + 4).to_bytes(4, "big") + text) as port:
        url = f"postgresql://user:canary@127.0.0.1:{port}/mail?sslmode=disable"
        assert "canary" not in refusal(url, tmp_path)
        assert "canary is what" in refusal(url.replace(":canary@", ":another@"), tmp_path)


REFUSALS = [
    ("permission denied for table accounts", "INSERT INTO accounts (name) VALUES (1)", "INSERT on the table accounts"),
    (
        "permission denied for table accounts",
        'UPDATE accounts SET approval=%(a)s, "at"=%(b)s WHERE x',
        "UPDATE (approval, at) on the table accounts",
    ),
    ("keine Berechtigung", "DELETE FROM accounts WHERE x", "DELETE on the table accounts"),
    (
        "permission denied for table state_lock",
        "SET LOCAL a = 1; LOCK TABLE state_lock IN EXCLUSIVE MODE",
        "UPDATE on the table state_lock",
    ),
    ("permission denied for table projects", "SELECT project FROM projects", "SELECT on the table projects"),
    (
        "permission denied for function may_decide",
        "UPDATE accounts SET approval=%(a)s WHERE x",
        "EXECUTE on the function may_decide",
    ),
    ("permission denied for schema reconciler", None, "USAGE on the schema reconciler"),
    ("permission denied for database mail", "CREATE SCHEMA reconciler", "CREATE on the database mail"),
]


@pytest.mark.parametrize(("message", "statement", "privilege"), REFUSALS)
def test_a_refusal_names_the_privilege(message: str, statement: str | None, privilege: str) -> None:
    """From the server's message, or where it speaks another language from the statement, and of updates the columns."""
    told = statement_sentence(psycopg.errors.InsufficientPrivilege(message), statement)
    assert f"the privilege {privilege} is missing. Nothing was changed." in told
    assert told.endswith("\n    reconciler state roles")


def test_what_is_somebody_elses_is_told_as_that() -> None:
    """A function that another role made under a name of ours is not one of the tables."""
    failure = psycopg.errors.InsufficientPrivilege("must be owner of function may_decide")
    told = statement_sentence(failure, "CREATE OR REPLACE FUNCTION may_decide() RETURNS void LANGUAGE sql AS ''")
    assert "the function may_decide is somebody else's, and only its owner may replace it. Nothing was changed." in told


@pytest.mark.parametrize(
    ("message", "statement"),
    [
        ("must be owner of table journal", "ALTER TABLE journal DISABLE TRIGGER USER"),
        ("keine Berechtigung", "ALTER TABLE journal DISABLE TRIGGER USER"),
    ],
)
def test_what_only_the_owner_may_is_told_as_that(message: str, statement: str) -> None:
    """No grant would help."""
    assert "only the owner of its tables may do this" in statement_sentence(
        psycopg.errors.InsufficientPrivilege(message), statement
    )
