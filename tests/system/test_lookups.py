"""Programs that look senders up in the database, configured as docs/publishing.md says.

A suspension counts at once, with nothing published; after a rotation, a rename and a deletion, which publish the passwords,
the next mail goes as it should.
"""

from __future__ import annotations

import re
import shutil
import smtplib
import subprocess
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import CHECKOUT
from tests.system.servers.unpacked import with_user, without_installing
from tests.system.support.events import go_through
from tests.system.support.postgres import PostgresServer, running_postgres
from tests.system.support.processes import free_ports, missing, program, require_root, running, wait_for
from tests.system.support.sending import (
    PASSWORDS,
    World,
    lines_to_add,
    made_relay,
    running_relay,
    send_from,
    trusted_account,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGE = (CHECKOUT / "docs" / "publishing.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## The database itself\n")[2].partition("\n## ")[0]
ROLE, LINE, SENDERS, EXIM_CONSUMER, EXIM = re.findall(r"^```\w*\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
REFUSED = "no account for this sender"
(LOGIN,) = re.findall(r"^`LOGIN` stands for `(.*?)`", SECTION, re.MULTILINE)


@pytest.fixture(scope="module")
def database_server(scratch: Path) -> Iterator[PostgresServer]:
    """Run PostgreSQL."""
    folder = scratch / "lookups"
    folder.mkdir()
    folder.chmod(0o755)
    with running_postgres(folder) as started:
        yield started


@pytest.fixture
def register(world: World, database_server: PostgresServer) -> Iterator[World]:
    """Return the world with its state in PostgreSQL, and the role of the page for look-ups."""
    world.project.set_variable("RECONCILER_STATE", database_server.make_database("mail"))
    world.project.set_variable("RECONCILER_FINGERPRINT_KEY", "k" * 40)
    world.project.write_project("secrets: {fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}}\n")
    world.project.run_well("state", "init")
    for statement in (*world.project.run_well("state", "roles", "--format", "sql").out.split(";\n"), ROLE):
        if statement:
            database_server.execute(statement, database="mail")
    yield world
    database_server.execute("DROP DATABASE mail WITH (FORCE)")
    database_server.execute("DROP ROLE relay")


def publish_passwords(world: World, folder: Path, more: str = "") -> None:
    """Declare a consumer that is given the passwords, with its grant."""
    world.project.write_project(
        f"consumers:\n  box: {{type: postfix, path: {folder}, accounts: ['*']{more}}}\n"
        "secrets:\n  fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}\n"
        f"  grants: [{{secret: 'env:SMTP_*', consumer: {{name: box, path: {folder}}}}}]\n"
    )


def decide(world: World, *words: str) -> None:
    """Suspend or resume where no consumer is known, so that nothing is published: the database alone is told."""
    elsewhere = world.project.folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    world.project.run_well("--project-dir", str(elsewhere), *words)


def through(world: World, port: int, log: Callable[[], str]) -> Callable[[str], bool]:
    """Return what sends through a relay; what it takes all the same, because it remembers an answer, it bounces."""
    numbers = count()

    def sends(name: str) -> bool:
        friend = f"friend-{next(numbers)}@example.net"  # so that nothing of another message is taken for this one's

        def went() -> bool | None:
            if any(friend in each.recipients for server in world.servers.values() for each in server.messages):
                return True
            is_bounced = any(friend in line and REFUSED in line for line in log().splitlines())
            return False if is_bounced else None

        try:
            send_from(port, f"{name}@example.com", friend)
        except smtplib.SMTPRecipientsRefused as refused:
            if REFUSED not in str(refused):
                raise
            return False
        return wait_for(went, f"the message of {name}, or its bounce")

    return sends


def require_the_next_mail(world: World, port: int, log: Callable[[], str], *, is_trusted: bool = False) -> None:
    """Go through all that happens to accounts; of suspensions and their end the database alone is told."""
    go_through(world, through(world, port, log), decide=lambda *words: decide(world, *words), is_trusted=is_trusted)


def test_postfix_looks_senders_up(
    register: World, database_server: PostgresServer, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event counts for the next mail, without a reload; a suspension and its end without a file, too."""
    folder = scratch / "looking"
    if (
        "pgsql"
        not in subprocess.run([program("postconf"), "-m"], capture_output=True, encoding="utf-8", check=True).stdout
    ):
        missing("Postfix has no look-ups in PostgreSQL (the package postfix-pgsql)")
    made_relay(folder)
    monkeypatch.setenv("MAIL_CONFIG", str(folder))
    publish_passwords(register, folder / "maps")
    lines = lines_to_add(register.project.run_well("apply", "--auto-approve", "--format", "json"))
    published = lines.splitlines(keepends=True)[0]
    line = LINE.replace("/etc/postfix", str(folder))
    assert line.partition(" =")[0] == published.partition(" =")[0]
    senders = SENDERS.replace("hosts = db.example.com", f"hosts = 127.0.0.1:{database_server.port}")
    (folder / "senders.cf").write_text(senders, encoding="utf-8")
    with running_relay(folder, lines.replace(published, line)) as port:
        assert [] == register.project.run_well("publish", "--check", "--format", "json").codes
        require_the_next_mail(register, port, lambda: (folder / "log").read_text(encoding="utf-8"))


_EXIM = """\
exim_user = nobody
exim_group = nogroup
exim_path = {exim}
spool_directory = {folder}/spool
log_file_path = {folder}/%s.log
pid_file_path = {folder}/exim.pid
primary_hostname = relay.example.com
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
keep_environment =
never_users =
host_lookup =
rfc1413_query_timeout = 0s
disable_ipv6 = true
"""


@contextmanager
def running_exim(folder: Path, configuration: str) -> Iterator[int]:
    """Run Exim with a configuration beside the settings of its folders, and yield its port."""
    require_root("Exim")
    exim = without_installing("usr/sbin/exim4")
    if b"pgsql_servers" not in exim.read_bytes():
        missing(f"{exim} has no look-ups in PostgreSQL (as root, tests/system/servers/unpack lays another one down)")
    (port,) = free_ports(1)
    shutil.chown(folder, user="nobody")
    path = folder / "exim.conf"
    path.write_text(_EXIM.format(folder=folder, port=port, exim=exim) + configuration, encoding="utf-8")
    command = with_user("Debian-exim", folder, [str(exim), "-bdf", "-C", str(path)])
    with running(command, ports=[port], log=folder / "output"):
        yield port


def test_exim_looks_senders_up(
    register: World, database_server: PostgresServer, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with Exim, which reads the passwords as text."""
    folder, trust = scratch / "exim", scratch / "exim-ca.pem"
    folder.mkdir()
    trust.write_text(register.ca.pem, encoding="ascii")
    register.project.set_variable("SSL_CERT_FILE", str(trust))
    bare = scratch / "no-postfix"
    made_relay(bare)
    monkeypatch.setenv("MAIL_CONFIG", str(bare))
    for name in PASSWORDS:
        register.project.write_account(
            name, trusted_account(name, register.servers["tls" if name == "beta" else "starttls"])
        )
    (shown,) = re.findall(r"exim: \{type: postfix(, maps: texthash), path: (?P<path>[^,]*),", EXIM_CONSUMER)
    publish_passwords(register, folder / "reconciler", shown[0])
    register.project.run_well("apply", "--auto-approve")
    for path in (folder / "reconciler", *(folder / "reconciler").iterdir()):
        shutil.chown(path, user="nobody")
    page = EXIM.replace("db.example.com/", f"127.0.0.1::{database_server.port}/").replace("= system", f"= {trust}")
    # The servers of the tests are on this machine, where Exim would not send to otherwise.
    page = page.replace("driver = manualroute", "driver = manualroute\n  self = send")
    page = page.replace("driver = smtp\n", "driver = smtp\n  allow_localhost\n")
    page = page.replace("LOGIN", LOGIN.replace(shown[1], str(folder / "reconciler")))
    with running_exim(folder, page) as port:
        log = folder / "main.log"
        require_the_next_mail(register, port, lambda: log.read_text(encoding="utf-8"), is_trusted=True)
