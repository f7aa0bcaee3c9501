"""A copy of the example project with mail servers behind it, for demo, playground and the tests of the docs."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.mailserver import Encryption, MailServer, TestCA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHECKOUT = Path(__file__).resolve().parent.parent
STARTTLS_PORT = 10587
"""The port that the example manifests name for STARTTLS."""
TLS_PORT = 10465
"""The port that the example manifests name for implicit TLS."""
PASSWORD_FILE = "secrets/support"  # noqa: S105 - the name of the file, as support.yaml has it

_LOGINS = {
    "SMTP_SALES_PL_PASSWORD": "sales-pl@example.com",
    "SMTP_SALES_DE_PASSWORD": "vertrieb@example.com",
    "SMTP_PLATFORM_PASSWORD": "platform@example.com",
    PASSWORD_FILE: "help@example.com",
}
"""Where a manifest or the project file takes the password from (a variable, or a file), and whose it is."""
_FROM_OUTSIDE = ("RECONCILER_", "SMTP_", "CI", "GITHUB_", "GITLAB_", "TF_BUILD", "JENKINS_", "BUILDKITE", "DRONE")
"""Variables of the caller's that would change what is shown begin so."""


@dataclass(frozen=True, kw_only=True)
class ExampleProject:
    """A running example: the copy's folder, the variables that its commands need, and its mail servers."""

    folder: Path
    variables: dict[str, str]
    """The passwords that manifests name by ``{env: …}``, and one wrong one."""
    passwords: tuple[str, ...]
    """Every right password, wherever it is kept: none of them may turn up in any output."""
    starttls: MailServer
    tls: MailServer

    @property
    def environment(self) -> dict[str, str]:
        """The caller's environment without what would change the outcome, and with the variables."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FROM_OUTSIDE)}
        return kept | self.variables

    @property
    def message_count(self) -> int:
        """How many messages the mail servers have taken."""
        return len(self.starttls.messages) + len(self.tls.messages)

    def replace_in_manifest(self, manifest: str, before: str, after: str) -> None:
        """Replace the one place where ``before`` stands in a file below the folder."""
        path = self.folder / manifest
        text = path.read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise ValueError(f"{manifest} holds {before!r} {text.count(before)} times instead of once")
        path.write_text(text.replace(before, after), encoding="utf-8")


@contextmanager
def running_example(folder: Path) -> Iterator[ExampleProject]:
    """Copy the example project into ``folder``, which must not exist or be empty, and run its mail servers."""
    authority = TestCA()
    passwords = {place: secrets.token_urlsafe(12) for place in _LOGINS}
    users = {user: passwords[place] for place, user in _LOGINS.items()}
    with ExitStack() as running:
        starttls = running.enter_context(_listening(STARTTLS_PORT, "starttls", authority, users))
        tls = running.enter_context(_listening(TLS_PORT, "tls", authority, users))
        _copy_project(folder, {STARTTLS_PORT: starttls.port, TLS_PORT: tls.port})
        authority.write_pem(folder / "certs" / "demo-ca.pem")
        _write_password(folder / PASSWORD_FILE, passwords[PASSWORD_FILE])
        in_variables = {place: password for place, password in passwords.items() if place != PASSWORD_FILE}
        yield ExampleProject(
            folder=folder,
            variables=in_variables | {"SMTP_WRONG_PASSWORD": secrets.token_urlsafe(12)},
            passwords=tuple(passwords.values()),
            starttls=starttls,
            tls=tls,
        )


@contextmanager
def _listening(
    preferred_port: int, encryption: Encryption, authority: TestCA, users: Mapping[str, str]
) -> Iterator[MailServer]:
    context = authority.server_context("localhost")
    server = MailServer(port=preferred_port, encryption=encryption, tls_context=context, users=users)
    try:
        server.start()
    except OSError:  # the port that the examples name is taken: any free one will do
        server = MailServer(encryption=encryption, tls_context=context, users=users).start()
    try:
        yield server
    finally:
        server.stop()


def _copy_project(folder: Path, ports: Mapping[int, int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(CHECKOUT / "reconciler.yaml", folder)
    for part in ("accounts.d", "certs"):
        shutil.copytree(CHECKOUT / part, folder / part)
    for manifest in sorted(folder.rglob("*.yaml")):
        text = manifest.read_text(encoding="utf-8")
        for declared, actual in ports.items():
            text = text.replace(f"port: {declared}", f"port: {actual}")
        manifest.write_text(text, encoding="utf-8")


def _write_password(path: Path, password: str) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text(password + "\n", encoding="utf-8")
