"""What PostgreSQL and its client library report, in plain sentences that go on from "The state … ".

A statement that fails has an SQLSTATE (appendix A of PostgreSQL's manual). A connection that cannot be made has none
that the library hands out, only text, which a server may write in another language; what is not recognised is quoted.
"""

from __future__ import annotations

import re
import shlex

import psycopg

from reconciler.characters import SHOWN_NAME, clip
from reconciler.model.text.legible import Legible
from reconciler.store.database import UNCHANGED as _UNCHANGED

_CONNECTING: dict[str, str] = {
    r"failed to resolve host|could not translate host name": "cannot be reached: the name of its host does not exist, "
    "or no name server answers. Check the address of the state.",
    r"does not support SSL|server does not support GSSAPI": "is at a server that offers no TLS, so nothing was sent to "
    "it. Switch TLS on at the server (ssl = on). Only in a network that you trust as a whole, add ?sslmode=disable to "
    "the address.",
    r"certificate verify failed|does not match host name|root certificate file": "is at a server whose certificate does "
    "not prove that it is the one meant, so nothing was sent to it. Name its CA with sslrootcert, and the host as the "
    "certificate does.",
    r"no password supplied|password authentication failed|password retrieved from file": "cannot be opened: the server "
    "wants a password, and had none or a wrong one. Provide it with PGPASSWORD or a password file (PGPASSFILE).",
    r"authentication method requirement": "is at a server that asks for the password in the clear, which the address "
    "does not allow, so it was not sent. Use scram-sha-256 at the server, or sslmode=verify-full.",
    r"no pg_hba\.conf entry|pg_hba\.conf rejects": "cannot be opened: the server's pg_hba.conf does not let this user "
    "in from here, or not without TLS.",
    r'role "[^"]*" (?:does not exist|is not permitted to log in)': "cannot be opened: the database user does not exist "
    "or may not log in. Name the right one in the address, before the host and an @.",
    r'database "[^"]*" does not exist': "cannot be opened: the server has no database of that name. Make it once, at the "
    "same server and as a user who may:\n    createdb --encoding UTF8 DATABASE\nand then the state with\n    reconciler state init",
    r"permission denied for database": "cannot be opened: the database user may not connect to this database. Grant "
    "CONNECT on it.",
    r"too many (?:clients|connections)|remaining connection slots": "cannot be opened now: the server has no connection "
    "left. Try again, or raise its limit.",
    r"is starting up|is shutting down|recovery mode|accepting connections$": "cannot be opened now: the server is "
    "starting, stopping or recovering. Try again.",
    r"session is (?:not )?read-only|server is (?:not )?in hot standby": "cannot be opened: none of the servers in its "
    "address is of the kind that target_session_attrs asks for.",
    r"expected authentication request|response to SSL negotiation|closed the connection unexpectedly": "cannot be "
    "opened: what listens there does not speak PostgreSQL's protocol, or hung up. Check host and port.",
    r"Connection refused|No such file or directory|No route to host|is unreachable|timeout expired": "cannot be "
    "reached: no PostgreSQL server answers there. Check host and port, that it runs, and that a firewall lets this "
    "machine through.",
    r"definition of service|service file": "cannot be opened: the service that it names is in no service file. Check "
    "PGSERVICEFILE and ~/.pg_service.conf.",
}
"""Part of what libpq or the server says, and the sentence for it; the first part that is found counts."""

_STATEMENTS: dict[str, str] = {
    "08": f"was lost from sight: the connection to the server broke off. {_UNCHANGED} Try again.",
    "22": f"holds or was given something that its database cannot keep. {_UNCHANGED}",
    "23": "holds rows that contradict each other. It was altered by something other than reconciler. "
    f"{_UNCHANGED} Restore it from a backup.",
    "25006": "may only be read here: the server is a standby, or writing is switched off for the server, the database or "
    f"the user (default_transaction_read_only). {_UNCHANGED} Name the primary; with several hosts in the address, add "
    "target_session_attrs=read-write.",
    "25P03": f"was kept waiting within a write for too long, and the server ended the connection. {_UNCHANGED} "
    "Try again.",
    "25P04": f"was kept waiting within a write for too long, and the server ended the connection. {_UNCHANGED} "
    "Try again.",
    "3F000": "does not have the schema that it should. It was altered by something other than reconciler.",
    "40": f"was changed by something other than reconciler at the same moment. {_UNCHANGED} Try again.",
    "42": "does not have the tables that its format says. It was altered by something other than reconciler. "
    "Restore it from a backup.",
    **dict.fromkeys(
        ("42710", "42723", "42P07", "42P13"),
        "cannot have what it needs beside its tables: something that reconciler did not make has its name in the schema. "
        f"{_UNCHANGED} Find out who made it and take it away, or choose another schema with ?schema=NAME.",
    ),
    "53100": f"could not be written because the server's disk is full. {_UNCHANGED} Make room and try again.",
    "53300": "cannot be opened now: the server has no connection left. Try again, or raise its limit.",
    "53": f"could not be used: the server has run out of memory or another resource. {_UNCHANGED} Try again.",
    "55P03": f"is locked by another process that did not let go in time. {_UNCHANGED} Try again.",
    "57014": f"could not be used: the statement was cancelled at the server, by its time limit or by somebody. "
    f"{_UNCHANGED} Try again; where it is the limit each time, raise statement_timeout for the database user.",
    "57": f"was lost from sight: the server ended the connection, or is being stopped. {_UNCHANGED} Try again.",
    "58": f"could not be read or written: the server reported an input or output error of its system. {_UNCHANGED}",
    "RC001": "was not written to: the journal and the revisions only grow, and the serial goes up with them. "
    f"{_UNCHANGED} Something other than reconciler wrote to the database, or two did at once. This shows what was altered:\n"
    "    reconciler journal check",
    "XX": "is damaged, or the server is: PostgreSQL reports an internal fault or a page that it cannot read. "
    "Restore it from a backup.",
}
"""Sentences by SQLSTATE, or by its class where the whole code has no sentence of its own."""

UNKNOWN_OUTCOME = (
    "was being written when the connection broke off at the very end. Whether the last write was kept is not known; "
    "all of it was, or nothing. Look before you go on:\n    reconciler history"
)


_MISSING_PRIVILEGE = "42501"
_REFUSED_ROW = "row-level security policy"
"""What stands in the refusal of a row, which has no SQLSTATE of its own, where the server speaks English."""
_DENIED = re.compile(r"(must be owner of )?\b(table|view|relation|schema|function|database)\b[^\w\n]*(\w+)")
"""The object in a refusal, where the server speaks English; a statement tells its table in any language."""
_STATEMENT = re.compile(r"\s*([A-Z]+)\b(?:.*?\b(?:INTO|UPDATE|FROM|TABLE)\s+|\s+)(\w+)", re.DOTALL)
_SET = re.compile(r"UPDATE .*? SET (.*?) WHERE ", re.DOTALL)
_OWNERS = frozenset({"ALTER", "VACUUM", "TRUNCATE", "CREATE", "DROP"})


def missing_privilege(failure: BaseException, statement: str | None) -> str:
    """Return the sentence for a refusal by rights; it names the privilege, which the server's message does not.

    ``statement`` is what was refused; None where only the failure is known.
    """
    # Settings of the transaction stand before the lock.
    statement = (statement or "").rpartition("; ")[2]
    found, refused = _DENIED.search(str(failure)), _STATEMENT.match(statement)
    word = refused.group(1) if refused else "SELECT"
    is_owners, kind, name = found.groups() if found else (None, "table", refused.group(2) if refused else None)
    if name is None:
        missing = "a privilege is missing"
    elif kind in _PRIVILEGE_OF and not is_owners:
        missing = (
            f"the privilege {'CREATE' if word == 'CREATE' else _PRIVILEGE_OF[kind]} on the {kind} {name} is missing"
        )
    elif is_owners and kind == "function":
        missing = f"the function {name} is somebody else's, and only its owner may replace it"
    elif is_owners or word in _OWNERS:
        missing = "only the owner of its tables may do this"
    else:
        missing = f"the privilege {_privilege(word, statement)} on the table {name} is missing"
    return (
        f"may not be used in this way by the database user: {missing}. {_UNCHANGED} What each role may do, and the grants "
        "for it, is told by\n    reconciler state roles"
    )


_PRIVILEGE_OF = {"schema": "USAGE", "function": "EXECUTE", "database": "CREATE"}


def _privilege(word: str, statement: str) -> str:
    columns = _SET.match(statement)
    if columns is not None:
        names = [each.partition("=")[0].strip().strip('"') for each in columns.group(1).split(",")]
        return f"UPDATE ({', '.join(names)})"
    return "UPDATE" if word == "LOCK" else word


def statement_sentence(failure: BaseException, statement: str | None = None) -> str:
    """Return the sentence for a failure of a connection that stood; ``statement`` is what failed, where that is known."""
    code = getattr(failure, "sqlstate", None)
    if code == _MISSING_PRIVILEGE and _REFUSED_ROW in str(failure):
        return (
            f"could not be written to: a policy of row-level security does not let this database user write such a row. {_UNCHANGED} "
            "Ask the owner of its tables which rows the user is to write."
        )
    if code == _MISSING_PRIVILEGE:
        return missing_privilege(failure, statement)
    if code is None:
        is_gone = isinstance(failure, psycopg.OperationalError)
        return _STATEMENTS["08"] if is_gone else "holds something that cannot be read. Restore it from a backup."
    return (
        _STATEMENTS.get(code)
        or _STATEMENTS.get(code[:2])
        or f"could not be used (PostgreSQL says {code}). {_UNCHANGED}"
    )


def connection_sentence(failure: psycopg.Error, *, database: str | None = None, password: str | None = None) -> str:
    """Return the sentence for a connection that could not be made.

    ``database`` is its name as we asked for it; None where a service or libpq's default says it. The password is taken
    out of the server's words, should they repeat it.
    """
    if isinstance(failure, psycopg.errors.ConnectionTimeout):
        return "cannot be reached: the server did not answer in time. Check host, port and firewall."
    text = str(failure)
    for pattern, sentence in _CONNECTING.items():
        if re.search(pattern, text, re.IGNORECASE):
            return sentence.replace("DATABASE", shlex.quote(database)) if database else sentence
    if password and (password in text or Legible((password,)).in_text(text)):
        return "cannot be opened: the server refused. Its log says why."
    return f"cannot be opened. The report is: {clip(' '.join(text.rpartition('failed: ')[2].split()), SHOWN_NAME)}"
