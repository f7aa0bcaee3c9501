"""A fleet: 150 accounts of both kinds over four real mail servers and the platform's, as a company has them.

Each server is used in a way of its own: ``office`` with STARTTLS, a private CA and a password for each account;
``campaigns`` with one login that stands in the MailServer; ``alerts`` with passwords from a file of many; ``partners``
with a command for each password. The 40 marketing accounts are hosted on the platform's server.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer, Refusals

if TYPE_CHECKING:
    import ssl
    from pathlib import Path
    from types import TracebackType

COUNTS = {"office": 36, "campaigns": 30, "alerts": 24, "partners": 20}
HOSTED = 40
ACCOUNTS = sum(COUNTS.values()) + HOSTED
SHARED_USER = "campaigns@example.com"
PLATFORM_USER = "platform@example.com"

_LOGINS = {
    "office": 'username: "{email}"',
    "campaigns": f"username: {SHARED_USER}, password: {{env: SMTP_CAMPAIGNS_PASSWORD}}",
    "alerts": 'username: "{email}"',
    "partners": 'username: "{email}", password: {vault: "{name}"}',
}
_SECRET = "import sys; sys.stdout.write('correct-horse-' + sys.argv[1])"


def names_of(server: str) -> list[str]:
    """Return the names of the accounts through a server; of the hosted ones for ``platform``."""
    if server == "platform":
        return [f"news-{number:02}" for number in range(HOSTED)]
    return [f"{server}-{number:02}" for number in range(COUNTS[server])]


def password_of(user: str) -> str:
    """Return a password: each login has one of its own, since what is known by its value may go nowhere else."""
    return f"correct-horse-{user.partition('@')[0]}"


@dataclass
class Fleet:
    """The servers while they run, and what is written into a project's folder."""

    ca: TestCA = field(default_factory=TestCA)
    servers: dict[str, MailServer] = field(default_factory=dict)
    _running: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Start the servers."""
        for name in (*COUNTS, "platform"):
            accounts = [f"{account}@example.com" for account in names_of(name)]
            users = {user: password_of(user) for user in (*accounts, SHARED_USER, PLATFORM_USER)}
            made = MailServer(users=users, tls_context=self.certificate, encryption="starttls")
            self.servers[name] = self._running.enter_context(made)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop them."""
        self._running.close()

    def restore(self) -> None:
        """Have all servers as they were: running, with their certificate, refusing nothing."""
        for server in self.servers.values():
            server.tls_context = self.certificate
            server.refusals = Refusals()
            server.stop()
            server.start()

    @cached_property
    def certificate(self) -> ssl.SSLContext:
        """What every server presents."""
        return self.ca.server_context("localhost")

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that the secrets are read from."""
        return {
            **{variable_of(name): password_of(name) for name in names_of("office")},
            variable_of("campaigns"): password_of(SHARED_USER),
            variable_of("platform"): password_of(PLATFORM_USER),
        }

    def write(self, folder: Path) -> None:
        """Write project file, manifests, CA and secrets into a folder that exists."""
        for name in ("certs", "secrets", "accounts.d"):
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir()
        self.ca.write_pem(folder / "certs" / "internal.pem")
        lines = [f"{name.replace('-', '_')}={password_of(name)}\n" for name in names_of("alerts")]
        (folder / "secrets" / "alerts.env").write_text("".join(lines), encoding="utf-8")
        (folder / "reconciler.yaml").write_text(self._project(), encoding="utf-8")
        manifests = folder / "accounts.d"
        servers = "---\n".join(self._server(name) for name in COUNTS)
        (manifests / "servers.yaml").write_text(servers, encoding="utf-8")
        for name in COUNTS:
            accounts = "---\n".join(_own(each, name) for each in names_of(name))
            (manifests / f"{name}.yaml").write_text(accounts, encoding="utf-8")
        hosted = "---\n".join(_hosted(each) for each in names_of("platform"))
        (manifests / "news.yaml").write_text(hosted, encoding="utf-8")

    def _project(self) -> str:
        command = json.dumps([sys.executable, "-IS", "-c", _SECRET, "{key}"])
        return (
            "apiVersion: reconciler/v1\n"
            "kind: Project\n"
            "metadata:\n"
            "  name: fleet\n"
            "operator:\n"
            "  email: ops@example.com\n"
            "platform:\n"
            "  smtp:\n"
            "    host: localhost\n"
            f"    port: {self.servers['platform'].port}\n"
            "    encryption: starttls\n"
            "    caFile: certs/internal.pem\n"
            f"    authentication: {{username: {PLATFORM_USER}, password: {{env: SMTP_PLATFORM_PASSWORD}}}}\n"
            "secrets:\n"
            '  allow: ["env:SMTP_*"]\n'
            "  sources:\n"
            "    bulk: {file: secrets/alerts.env, format: dotenv}\n"
            f"    vault: {{command: {command}, timeoutSeconds: 20}}\n"
            "verification:\n"
            "  domainChecks: off\n"
            "  depth: {plan: auth, apply: auth, recorded: auth}\n"
        )

    def _server(self, name: str) -> str:
        return (
            "apiVersion: reconciler/v1\n"
            "kind: MailServer\n"
            "metadata:\n"
            f"  name: {name}\n"
            "spec:\n"
            "  host: localhost\n"
            f"  port: {self.servers[name].port}\n"
            "  encryption: starttls\n"
            "  caFile: certs/internal.pem\n"
            f"  authentication: {{{_LOGINS[name]}}}\n"
        )


def variable_of(name: str) -> str:
    """Return the variable of an account's or a server's password."""
    return f"SMTP_{name.upper().replace('-', '_')}_PASSWORD"


def _own(name: str, server: str) -> str:
    secrets = {"office": f"{{env: {variable_of(name)}}}", "alerts": f"{{bulk: {name.replace('-', '_')}}}"}
    own = f"\n    authentication: {{password: {secrets[server]}}}" if server in secrets else ""
    return (
        "apiVersion: reconciler/v1\n"
        "kind: OwnAccount\n"
        f"metadata: {{name: {name}}}\n"
        "spec:\n"
        f"  email: {name}@example.com\n"
        f"  displayName: Example {name}\n"
        "  shared: true\n"
        f"  smtp:\n    server: {server}{own}\n"
    )


def _hosted(name: str) -> str:
    return (
        "apiVersion: reconciler/v1\n"
        "kind: MarketingAccount\n"
        f"metadata: {{name: {name}}}\n"
        "spec:\n"
        f"  email: {name}@example.com\n"
        f"  displayName: Example {name}\n"
        "  replyTo: {email: office@example.com}\n"
    )
