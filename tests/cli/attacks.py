"""What the attacks of ``test_attacks`` play in: a settled project, the right server, and the attacker's.

An attack is a change that a pull request could bring: to manifests, to files beside them, or to the project file. It is
planned, applied and verified as a careless pipeline would, and must come to nothing.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cli.project import OPERATOR, Outcome, Project, marketing_account
from tests.cli.test_canary import find
from tests.support.mailserver import MailServer
from tests.support.repositories import NO_TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import TestCA

USER = "sales@example.com"
SECRET = "canary-Sales-51c2e8"
CLIENT_SECRET = "canary-Client-7d19f0"
OUTSIDE_SECRET = "canary-Outside-a80b33"
KEY = "canary-PlanKey-" + "0123456789abcdef" * 2
LOGINS = {USER: SECRET, "client@example.com": CLIENT_SECRET}
CANARIES = (SECRET, CLIENT_SECRET, OUTSIDE_SECRET, KEY)

RULES = """\
apiVersion: reconciler/v1
kind: Project
metadata: {{name: mail}}
operator: {{email: {operator}}}
state: sqlite:///{state}
secrets:
  allow:
    - env:SMTP_*
    - file:secrets/**
    - {{secret: "env:CLIENT_A_*", manifests: "accounts.d/client-a/**"}}
    - {{secret: "env:CLIENT_B_*", manifests: "accounts.d/client-b/**"}}
  sources:
    vault: {{command: [echo, "{{key}}"]}}
    many: {{env: SMTP_MANY, format: dotenv}}
verification: {{domainChecks: off, servers: [localhost, 127.0.0.1], timeoutSeconds: 5}}
{more}"""


@dataclass(frozen=True)
class World:
    """The project with the servers around it, and what lies outside."""

    project: Project
    server: MailServer
    evil: MailServer
    ca: TestCA
    evil_ca: TestCA

    @property
    def folder(self) -> Path:
        """The checkout."""
        return self.project.folder

    @property
    def outside(self) -> Path:
        """A folder that is none of the checkout's business."""
        return self.folder.parent / "outside"

    @property
    def protected_file(self) -> Path:
        """The project file of the protected branch."""
        return self.folder.parent / "protected" / "reconciler.yaml"

    def rules(self, more: str = "") -> str:
        """Return the text of the project file."""
        return RULES.format(operator=OPERATOR, state=self.project.state_file, more=more)

    def protect(self, more: str = "") -> None:
        """Write the protected project file."""
        self.protected_file.write_text(self.rules(more), encoding="utf-8")

    def run(self, *words: str) -> Outcome:
        """Run a command with the protected project file."""
        return self.project.run("--project-file", str(self.protected_file), *words)

    def run_unprotected(self, *words: str) -> Outcome:
        """Run a command with the project file of the checkout."""
        return self.project.run(*words)

    def write(self, path: str, text: str) -> None:
        """Write a file of the checkout, its folders with it."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def link(self, path: str, target: str) -> None:
        """Put a link into the checkout."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    def untouched(self) -> dict[str, bytes]:
        """Return what lies outside the checkout, by path."""
        folders = (self.outside, self.protected_file.parent)
        return {str(path): path.read_bytes() for each in folders for path in sorted(each.rglob("*")) if path.is_file()}

    def leaks(self, outcome: Outcome) -> list[bytes]:
        """Return the secrets that occur, in any form, in an output."""
        return find((outcome.out + outcome.err).encode(), CANARIES)

    def leaks_in_files(self) -> list[str]:
        """Return the files of the checkout that hold a secret, links not followed."""
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file() and not path.is_symlink())
        return [str(path) for path in files if find(path.read_bytes(), CANARIES)]


def account(  # noqa: PLR0913 - one argument for each part of a manifest that attacks vary
    world: World,
    name: str = "sales",
    *,
    server: MailServer | None = None,
    host: str = "localhost",
    encryption: str = "starttls",
    ca_file: str | None = "certs/ca.pem",
    username: str = USER,
    login: str = "password: {env: SMTP_SALES_PASSWORD}",
    metadata: str = "",
    more: str = "",
) -> str:
    """Return the manifest of an own account; without changes that of the account which is applied already."""
    port = (server or world.server).port
    trust = f"    caFile: {ca_file}\n" if ca_file else ""
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{metadata and ', ' + metadata}}}\n"
        f"spec:\n  email: {USER}\n  displayName: Example Sales\n  shared: true\n{more}"
        f"  smtp:\n    host: {host}\n    port: {port}\n    encryption: {encryption}\n{trust}"
        f"    authentication: {{username: {username}, {login}}}\n"
    )


def settle(world: World) -> None:
    """Apply the project as it is before the attack, then pretend to be in CI, which has checked it out with git."""
    git(world, "init", "-q")
    for folder in (world.outside, world.protected_file.parent):
        folder.mkdir()
    (world.outside / "secret").write_text(OUTSIDE_SECRET + "\n", encoding="utf-8")
    (world.outside / "many.env").write_text(f"A={OUTSIDE_SECRET}\n", encoding="utf-8")
    world.ca.write_pem(world.outside / "ca.pem")
    world.protect()
    world.write("reconciler.yaml", world.rules())
    (world.folder / "certs").mkdir()
    world.ca.write_pem(world.folder / "certs" / "ca.pem")
    world.evil_ca.write_pem(world.folder / "certs" / "evil.pem")
    for name, value in {
        "SMTP_SALES_PASSWORD": SECRET,
        "SMTP_COPY": SECRET,
        "SMTP_MANY": f"sales={SECRET}\n",
        "CLIENT_A_PASSWORD": CLIENT_SECRET,
        "RECONCILER_PLAN_KEY": KEY,
    }.items():
        world.project.set_variable(name, value)
    world.write("accounts.d/sales.yaml", account(world))
    client = account(world, "client", username="client@example.com", login="password: {env: CLIENT_A_PASSWORD}")
    world.write("accounts.d/client-a/client.yaml", client)
    world.write("accounts.d/news.yaml", marketing_account("news", metadata="preventDelete: true"))
    applied = world.run("apply", "--auto-approve")
    assert applied.code == 0, applied
    git(world, "init", "-q")  # without it the checkout of a job has no outside
    world.project.set_variable("CI", "true")


def git(world: World, *words: str) -> None:
    """Run git in the checkout."""
    quiet = {**os.environ, **NO_TEMPLATE, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *words], cwd=world.folder, env=quiet, check=True, capture_output=True)


@contextmanager
def besieged(bare: Project, ca: TestCA, evil_ca: TestCA) -> Iterator[World]:
    """Run the right server and the attacker's, both of which know the passwords, and settle the project."""
    right = MailServer(encryption="starttls", tls_context=ca.server_context(), users=LOGINS)
    wrong = MailServer(encryption="starttls", tls_context=evil_ca.server_context(), users=LOGINS)
    with right as server, wrong as evil:
        bare.init()
        made = World(bare, server, evil, ca, evil_ca)
        settle(made)
        yield made
