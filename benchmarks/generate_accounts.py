"""Write a project with any number of accounts of both kinds: the same bytes for the same arguments.

python -m benchmarks.generate_accounts FOLDER 1000
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

_TEAMS = ("sales", "support", "events", "partners", "press")
_MARKETING_EVERY = 5
_OWN_SERVER_EVERY = 10
_FILES_A_FOLDER = 50
VARIABLES = {"SMTP_GENERATED_PASSWORD": "not a secret", "PYTHONHASHSEED": "0"}
"""What a process needs that works on such a project, and what makes its work the same each time."""


@dataclass(frozen=True, kw_only=True)
class GeneratedServer:
    """The mail server that every generated own account uses.

    With ``username`` None each account logs in as its own address; the password is one variable for all.
    """

    host: str = "smtp.example.com"
    port: int = 587
    encryption: str = "starttls"
    ca_file: str | None = None
    username: str | None = None
    password_variable: str = "SMTP_GENERATED_PASSWORD"  # noqa: S105 - a variable's name

    @property
    def smtp(self) -> dict[str, str]:
        """The settings as lines of a manifest, by field."""
        settings = {"host": self.host, "port": str(self.port), "encryption": self.encryption}
        return settings | ({"caFile": self.ca_file} if self.ca_file else {})


def write_project(
    folder: Path,
    account_count: int,
    *,
    accounts_per_file: int = 20,
    seed: int = 1,
    server: GeneratedServer | None = None,
) -> None:
    """Write ``reconciler.yaml`` and ``accounts.d`` into ``folder``, which is made where it does not exist.

    One account in five is a marketing account; one own account in ten writes its server out, the others share a
    MailServer.
    """
    server = server or GeneratedServer()
    chosen = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reconciler.yaml").write_text(_PROJECT, encoding="utf-8")
    manifests = folder / "accounts.d"
    manifests.mkdir()
    (manifests / "servers.yaml").write_text(_mail_server(server), encoding="utf-8")
    for file_index, first in enumerate(range(0, account_count, accounts_per_file)):
        numbers = range(first, min(first + accounts_per_file, account_count))
        path = manifests / f"part-{file_index // _FILES_A_FOLDER:03}" / f"accounts-{file_index:04}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("---\n".join(_account(number, chosen, server) for number in numbers), encoding="utf-8")


_PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata:
  name: generated
operator:
  email: ops@example.com
verification:
  domainChecks: off
"""


def _mail_server(server: GeneratedServer) -> str:
    lines = ["apiVersion: reconciler/v1", "kind: MailServer", "metadata:", "  name: shared", "spec:"]
    lines += [f"  {field}: {value}" for field, value in server.smtp.items()]
    return "\n".join(lines) + "\n"


def _account(number: int, chosen: random.Random, server: GeneratedServer) -> str:
    team = chosen.choice(_TEAMS)
    if number % _MARKETING_EVERY == 0:
        return _marketing_account(number, team)
    return _own_account(number, team, server)


def _marketing_account(number: int, team: str) -> str:
    return f"""\
apiVersion: reconciler/v1
kind: MarketingAccount
metadata:
  name: {team}-{number:05}
  labels: {{team: {team}}}
spec:
  email: {team}-{number:05}@example.com
  displayName: Example {team.title()} {number}
  replyTo:
    email: {team}@example.com
    displayName: Example {team.title()}
  overrideFrom:
    emailDetail: keeper_email
    displayNameDetail: keeper_name
"""


def _own_account(number: int, team: str, server: GeneratedServer) -> str:
    username = server.username or f"{team}-{number:05}@example.com"
    own = number % _OWN_SERVER_EVERY == 1
    settings = server.smtp if own else {"server": "shared"}
    smtp = "\n".join(f"    {field}: {value}" for field, value in settings.items())
    return f"""\
apiVersion: reconciler/v1
kind: OwnAccount
metadata:
  name: {team}-{number:05}
  owner: {team}-lead@example.com
  labels: {{team: {team}, batch: "{number // 100}"}}
spec:
  email: {team}-{number:05}@example.com
  displayName: Example {team.title()} {number}
  smtp:
{smtp}
    authentication:
      username: {username}
      password: {{env: {server.password_variable}}}
"""


def main() -> None:
    """Write a project as the command line says."""
    parser = argparse.ArgumentParser(description="Write a project with generated accounts.")
    parser.add_argument("folder", type=Path, help="the folder to write into; it must hold no accounts.d")
    parser.add_argument("count", type=int, help="how many accounts")
    parser.add_argument("--per-file", type=int, default=20, help="accounts in one file (default: 20)")
    arguments = parser.parse_args()
    write_project(arguments.folder, arguments.count, accounts_per_file=arguments.per_file)


if __name__ == "__main__":
    main()
