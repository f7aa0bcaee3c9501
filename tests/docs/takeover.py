"""150 accounts over four providers, as msmtp and Postfix have them, taken over in five commands; the page shows them.

    python -m tests.docs.takeover        # writes the transcript of docs/adopting.md anew

The providers are mail servers on the loopback interface; in the transcript they have the names that they stand for.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from demo.example import CHECKOUT
from tests.docs.console import normalised
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = CHECKOUT / "docs" / "adopting.md"
COUNTS = {"one": 50, "two": 40, "three": 35, "four": 25}
"""Accounts by provider; the first and the third take STARTTLS, the others TLS from the first byte."""
COMMANDS = (
    "reconciler init . --operator ops@example.com",
    "echo 'verification: {message: digest, domainChecks: off}' >> reconciler.yaml",
    "reconciler import web.msmtprc shop.msmtprc postfix:postfix --secrets-to dotenv:../secrets.env",
    "set -a; . ../secrets.env; set +a; reconciler plan --out takeover.plan 2>&1 | tail -n 4",
    "reconciler apply takeover.plan",
)
_SECONDS = 300
_BLOCK = re.compile(r"(<!-- made by python -m tests\.docs\.takeover -->\n```text\n)(.*?)(```)", re.DOTALL)


@dataclass(frozen=True)
class TakenOver:
    """What came of the commands."""

    transcript: str
    messages: Mapping[str, int]
    """How many test messages each provider took."""
    logins: Mapping[str, int]
    """How many users logged in at each provider."""


def users_of(provider: str) -> dict[str, str]:
    """Return the users of a provider with their passwords, each of its own."""
    domain = f"{provider}.example.com"
    return {f"user{number:02}@{domain}": f"pw-{provider}-{number}#x" for number in range(COUNTS[provider])}


def write_sources(folder: Path, servers: Mapping[str, MailServer]) -> None:
    """Write two configurations of msmtp and one of Postfix with its maps."""
    for file, provider in (("web", "one"), ("shop", "two")):
        lines = ["defaults", "auth on", "tls on", f"host localhost\nport {servers[provider].port}"]
        lines += ["tls_starttls off"] if provider == "two" else []
        for number, (user, password) in enumerate(users_of(provider).items()):
            lines += ["", f"account {file}{number}", f"from {user}", f"user {user}", f"password {password}"]
        (folder / f"{file}.msmtprc").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "postfix").mkdir()
    ways = {"three": "smtp", "four": "smtps"}
    maps = {
        "transport": [
            f"{user} {way}:[localhost]:{servers[provider].port}" for provider, way in ways.items() for user in users_of(provider)
        ],
        "sasl_passwd": [f"{user} {user}:{secret}" for provider in ways for user, secret in users_of(provider).items()],
        "main.cf": [
            "smtp_sasl_auth_enable = yes", "smtp_sender_dependent_authentication = yes",
            "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd", "smtp_tls_security_level = secure",
            "sender_dependent_default_transport_maps = hash:/etc/postfix/transport",
        ],
        "master.cf": ["smtps unix - - n - - smtp", "  -o smtp_tls_wrappermode=yes"],
    }  # fmt: skip
    for name, lines in maps.items():
        (folder / "postfix" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextlib.contextmanager
def providers(ca: TestCA) -> Iterator[dict[str, MailServer]]:
    """Run the four mail servers."""
    context = ca.server_context("localhost")
    with contextlib.ExitStack() as running:
        yield {
            provider: running.enter_context(
                MailServer(
                    encryption="tls" if provider in {"two", "four"} else "starttls",
                    tls_context=context,
                    users=users_of(provider),
                )
            )
            for provider in COUNTS
        }


def take_over(folder: Path) -> TakenOver:
    """Run the commands in one shell, in a folder with the sources."""
    ca = TestCA()
    project = folder / "mail"
    project.mkdir()
    ca.write_pem(folder / "ca.pem")
    with providers(ca) as servers:
        write_sources(project, servers)
        script = "".join(f"cat <<'END'\n$ {command}\nEND\n{command}\n" for command in COMMANDS)
        ended = subprocess.run(
            ["/bin/sh", "-ec", script],
            cwd=project,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
            encoding="utf-8",
        )
        assert ended.returncode == 0, ended.stdout
        messages = {provider: len(server.messages) for provider, server in servers.items()}
        logins = {provider: len(server.logins) for provider, server in servers.items()}
    return TakenOver(_shown(ended.stdout, list(COUNTS)), messages, logins)


def _environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SMTP_", "RECONCILER_", "CI", "COV"))
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return kept | {"PATH": path, "COLUMNS": "100", "SSL_CERT_FILE": str(folder / "ca.pem"), "LOGNAME": "anna"}


def _shown(text: str, names: list[str]) -> str:
    """Return the output with the names that the servers stand for: MailServers are numbered as they were found."""
    for number in range(len(names), 0, -1):
        text = text.replace(
            "localhost" if number == 1 else f"localhost-{number}", f"smtp-{names[number - 1]}-example-com"
        )
    return text


def with_transcript(page: str, transcript: str) -> str:
    """Return the page with the transcript; as it stands where only times and identities differ."""
    match = _BLOCK.search(page)
    assert match is not None
    if normalised(match[2]) == normalised(transcript):
        return page
    return page[: match.start(2)] + transcript + page[match.end(2) :]


def main() -> None:
    """Write the transcript anew."""
    with tempfile.TemporaryDirectory(prefix="reconciler-takeover-") as scratch:
        transcript = take_over(Path(scratch)).transcript
    PAGE.write_text(with_transcript(PAGE.read_text(encoding="utf-8"), transcript), encoding="utf-8")


if __name__ == "__main__":
    main()
