"""What programs that send mail are tried with: a project with three accounts at two servers, and a relay before them."""

from __future__ import annotations

import shutil
import smtplib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cli.project import Project, own_account
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer
from tests.system.support.processes import free_ports, program, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from tests.cli.project import Outcome

PASSWORDS = {"alpha": "pw-alpha 1", "beta": 'pw:beta#"2\\', "gamma": "pw-gamma"}


@dataclass(frozen=True)
class World:
    """A project with three accounts, and the servers that they are at."""

    project: Project
    ca: TestCA
    servers: dict[str, MailServer]

    def user(self, server: str) -> list[str | None]:
        """Return who was logged in for each message that a server took for somebody else than the operator."""
        return [each.username for each in self.servers[server].messages if each.recipients != ("ops@example.com",)]

    def declare(self, form: str, path: Path, *, accounts: str = "['*']", more: str = "") -> None:
        """Write the project file with one consumer, box, its grants, and the type or format that it has."""
        type_ = form if form in {"postfix", "msmtp"} else f"files, format: {form}"
        self.project.write_project(
            f"consumers:\n  box: {{type: {type_}, path: {path}, accounts: {accounts}{more}}}\n"
            f"secrets:\n  grants: [{{secret: 'env:SMTP_*', consumer: {{name: box, path: {path}}}}}]\n"
        )

    def logins(self) -> list[str | None]:
        """Return who was logged in for each message that any of the servers took, server by server."""
        return [user for server in self.servers for user in self.user(server)]

    def write(
        self,
        name: str,
        *,
        email: str | None = None,
        display_name: str = "Example",
        login: str | None = None,
        metadata: str = "",
        is_trusted: bool = False,
    ) -> None:
        """Write the manifest of an account; ``login`` names another account's login, a trusted server has no CA of its own."""
        server = "tls" if (login or name) == "beta" else "starttls"
        manifest = own_account(
            name,
            self.servers[server],
            email=email or f"{name}@example.com",
            username=f"{login or name}@example.com",
            secret=f"{{env: SMTP_{(login or name).upper()}}}",
            ca_file=None if is_trusted else "ca.pem",
            display_name=display_name,
            metadata=metadata,
        )
        self.project.write_account(name, manifest)


@contextmanager
def running_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[World]:
    """Run a server with STARTTLS and one with TLS from the first byte, on ports of any number."""
    ca = TestCA()
    users = {f"{name}@example.com": password for name, password in PASSWORDS.items()}
    with ExitStack() as stack:
        servers = {
            encryption: stack.enter_context(
                MailServer(encryption=encryption, tls_context=ca.server_context("localhost"), users=users)
            )
            for encryption in ("starttls", "tls")
        }
        project = Project(tmp_path / "mail", monkeypatch, capsys)
        project.init()
        (project.folder / "ca.pem").write_text(ca.pem, encoding="ascii")
        for name, password in PASSWORDS.items():
            project.set_variable(f"SMTP_{name.upper()}", password)
        found = World(project, ca, servers)
        for name in PASSWORDS:
            found.write(name)
        yield found


def trusted_account(name: str, server: MailServer) -> str:
    """Return the manifest of an account whose server the system trusts."""
    return own_account(
        name,
        server,
        email=f"{name}@example.com",
        username=f"{name}@example.com",
        secret=f"{{env: SMTP_{name.upper()}}}",
        display_name="Example",
    )


MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = relay.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_transport = error:none
smtp_host_lookup = native
notify_classes =
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def made_relay(folder: Path) -> None:
    """Make the folders and the bare configuration of a Postfix, so that ``postconf`` has something to read."""
    for name in ("", "queue", "data"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "data", user="postfix")
    (folder / "main.cf").write_text(MAIN.format(folder=folder), encoding="utf-8")
    (folder / "master.cf").write_text(MASTER.format(port=1), encoding="utf-8")


def lines_to_add(applied: Outcome) -> str:
    """Return the lines that a warning of an apply tells to add to main.cf and master.cf."""
    (told,) = [each["detail"] for each in applied.document["diagnostics"] if each["code"] == "consumerNotSetUp"]
    return "".join(f"{line[4:]}\n" for line in told.splitlines() if line.startswith("    "))


@contextmanager
def running_relay(folder: Path, lines: str) -> Iterator[int]:
    """Run a Postfix with the lines that a warning of ours told to add, and yield its port."""
    (port,) = free_ports(1)
    main, _, master = lines.partition("# master.cf\n")
    (folder / "main.cf").write_text(MAIN.format(folder=folder) + main, encoding="utf-8")
    (folder / "master.cf").write_text(MASTER.format(port=port) + master, encoding="utf-8")
    with running([program("postfix"), "-c", str(folder), "start-fg"], ports=[port], log=folder / "output"):
        yield port


def send_from(port: int, sender: str, recipient: str = "friend@example.net") -> None:
    """Hand a message over to the relay."""
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.sendmail(sender, [recipient], f"From: {sender}\r\nSubject: x\r\n\r\nhello\r\n")


def is_refused(folder: Path, port: int, sender: str) -> bool:
    """Tell whether the relay refuses a sender: at RCPT, or by a bounce where its smtpd remembers the earlier answer."""
    before = (folder / "log").read_text(encoding="utf-8").count("status=bounced")
    try:
        send_from(port, sender)
    except smtplib.SMTPRecipientsRefused:
        return True
    bounced = (folder / "log").read_text
    return wait_for(lambda: (bounced(encoding="utf-8").count("status=bounced") > before) or None, "a bounce")
