"""A project whose account proves itself by a client certificate, with the right server and the attacker's beside it."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.chains import Issued, NotingContext
from tests.support.scripted import ScriptedServer, polite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.project import Outcome, Project

ROOT = Issued.root("Example Root")
CLIENTS = Issued.root("Example Clients")
CLIENT = CLIENTS.issue("sales.example.com")
RENEWED = CLIENTS.issue("sales.example.com", key=CLIENT.key)
OTHER = CLIENTS.issue("support.example.com")
CERTIFICATE = "clientCertificate: {certFile: certs/client.pem, key: {file: secrets/client.key}}"


@dataclass(frozen=True)
class Certified:
    """The project and its servers, each with what it was shown."""

    project: Project
    right: ScriptedServer
    evil: ScriptedServer
    shown: NotingContext
    """What the right server was shown."""
    shown_to_evil: NotingContext

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        place = self.project.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def declare(self, name: str = "sales", *, at_evil: bool = False, **parts: str) -> None:
        """Write the manifest of an account."""
        self.write(f"accounts.d/{name}.yaml", account(name, (self.evil if at_evil else self.right).port, **parts))

    def leaks(self, outcome: Outcome) -> list[str]:
        """Return the lines of the key that occur in an output."""
        return [line for line in telling(CLIENT.key_pem) if line in outcome.out + outcome.err]


def telling(pem: str) -> list[str]:
    """Return the lines of a key by which it would be known."""
    return [line for line in pem.splitlines() if len(line) > 16 and "-----" not in line]


def account(
    name: str,
    port: int,
    *,
    smtp: str = CERTIFICATE,
    encryption: str = "starttls",
    server: str | None = None,
    more: str = "",
    display_name: str = "Example Sales",
) -> str:
    """Return the manifest of an account without a login: the certificate tells who it is."""
    where = f"server: {server}" if server else f"host: localhost\n    port: {port}\n    encryption: {encryption}"
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\nspec:\n  email: {name}@example.com\n"
        f"  displayName: {display_name}\n  shared: true\n{more}  smtp:\n    {where}\n    {smtp}\n"
    )


@contextmanager
def certified(project: Project) -> Iterator[Certified]:
    """Run both servers, whose certificates are trusted alike, and apply an account at the right one."""
    shown = ROOT.issue("localhost", names=("localhost",)).demanding_context(CLIENTS)
    to_evil = ROOT.issue("localhost", names=("localhost",)).demanding_context(CLIENTS, ssl.CERT_OPTIONAL)
    right, evil = (ScriptedServer(polite(tls_context=each)) for each in (shown, to_evil))
    with right, evil:
        made = Certified(project, right, evil, shown, to_evil)
        made.write("root.pem", ROOT.pem)
        made.write("certs/other-ca.pem", CLIENTS.pem)
        project.set_variable("SSL_CERT_FILE", str(project.folder / "root.pem"))
        for name, issued in {"client": CLIENT, "renewed": RENEWED, "other": OTHER}.items():
            made.write(f"certs/{name}.pem", issued.pem)
        for name, issued in {"client": CLIENT, "copy": CLIENT, "other": OTHER}.items():
            made.write(f"secrets/{name}.key", issued.key_pem)
        project.set_variable("SMTP_COPY", CLIENT.key_pem)
        made.declare()
        yield made
