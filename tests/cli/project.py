"""A project in a temporary folder, a mail server beside it, and the command line run on both in this process."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.cli.edge import run
from reconciler.model.plan import SavedPlan
from reconciler.rules.plan.digests import changes_digest, plan_document_digest
from tests.support.planfiles import read_document, write_document
from tests.support.processes import without_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

    from tests.support.mailserver import MailServer

CHECKOUT = Path(__file__).parents[2]
PASSWORD = "correct-horse-battery"
VARIABLE = "SMTP_SALES_PASSWORD"
USER = "sales@example.com"
OPERATOR = "ops@example.com"
PROCESS_SECONDS = 300


@dataclass(frozen=True)
class Outcome:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout; ``ValueError`` where there is none, or more than one."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def codes(self) -> list[str]:
        """The codes of the diagnostics in the document."""
        return [problem["code"] for problem in self.document["diagnostics"]]


class Project:
    """A project folder, the variables of its secrets, and the command line."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        *,
        verification: str = "",
    ) -> None:
        """Write the project file and work in its folder."""
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        folder.mkdir(exist_ok=True)
        (folder / "accounts.d").mkdir()
        monkeypatch.chdir(folder)
        self.write_project(f"verification: {verification}\n" if verification else "")

    @property
    def state_file(self) -> Path:
        """The SQLite file."""
        return self.folder / ".reconciler" / "state.db"

    @property
    def key_file(self) -> Path:
        """The key of fingerprints."""
        return self.folder / ".reconciler" / "fingerprint.key"

    def write_project(self, more: str = "") -> None:
        """Write the project file: its head and what is given; without domain checks, unless that says otherwise."""
        if "domainChecks:" not in more and "verification:" in more:
            more = more.replace("verification: {", "verification: {domainChecks: off, ", 1)
        elif "verification:" not in more:
            more += "verification: {domainChecks: off}\n"
        head = f"apiVersion: reconciler/v1\nkind: Project\nmetadata: {{name: mail}}\noperator: {{email: {OPERATOR}}}\n"
        (self.folder / "reconciler.yaml").write_text(head + more, encoding="utf-8")

    def set_variable(self, name: str, value: str) -> None:
        """Set an environment variable for all later commands."""
        self._monkeypatch.setenv(name, value)

    def unset_variable(self, name: str) -> None:
        """Take an environment variable away from all later commands."""
        self._monkeypatch.delenv(name)

    def run(self, *words: str) -> Outcome:
        """Run a command in this process."""
        self._capsys.readouterr()
        code = run(list(words))
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    def run_well(self, *words: str) -> Outcome:
        """Run a command that must end with 0."""
        outcome = self.run(*words)
        assert outcome.code == 0, (words, outcome)
        return outcome

    def run_process(self, *words: str, variables: Mapping[str, str] | None = None) -> Outcome:
        """Run a command as a process of its own."""
        finished = subprocess.run(
            command(*words),
            cwd=self.folder,
            env=environment(variables),
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=PROCESS_SECONDS,
            check=False,
        )
        return Outcome(finished.returncode, finished.stdout, finished.stderr)

    def init(self) -> None:
        """Make the state."""
        self.run_well("state", "init")

    def write_account(self, name: str, text: str) -> Path:
        """Write a manifest file."""
        path = self.folder / "accounts.d" / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def remove_account(self, name: str) -> None:
        """Remove a manifest file."""
        (self.folder / "accounts.d" / f"{name}.yaml").unlink()

    def statuses(self) -> dict[str, str]:
        """Return the status of every recorded account."""
        listed = self.run_well("accounts", "list", "--format", "json").document["accounts"]
        return {account["name"]: account["status"] for account in listed}

    def forget_evidence(self) -> None:
        """Remove what earlier runs found, as on a machine that starts afresh."""
        shutil.rmtree(self.folder / ".reconciler" / "evidence")

    def journal(self) -> list[tuple[str, dict[str, Any]]]:
        """Return event and payload of every entry of the journal, which must hold."""
        self.run_well("journal", "check")
        query = "SELECT event, payload FROM journal JOIN journal_payloads USING (project, sequence) ORDER BY sequence"
        with closing(sqlite3.connect(self.state_file)) as connection:
            return [(event, json.loads(payload)) for event, payload in connection.execute(query)]

    def serial(self) -> int:
        """Return the number of revisions that state holds."""
        return len(self.run_well("history", "--format", "json").document["revisions"])

    def execute_sql(self, statement: str, *values: object) -> None:
        """Change the state behind the program's back."""
        with closing(sqlite3.connect(self.state_file)) as connection, connection:
            connection.execute(statement, values)


def command(*words: str) -> list[str]:
    """Return the command line of a process that runs the program."""
    return [sys.executable, "-m", "reconciler", *words]


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of such a process: this one's, the checkout importable, and what is given."""
    return without_coverage() | {"PYTHONPATH": str(CHECKOUT)} | dict(variables or {})


def own_account(  # noqa: PLR0913 - one argument for each part of a manifest that tests vary
    name: str,
    server: MailServer | int,
    *,
    host: str = "localhost",
    email: str = USER,
    username: str | None = USER,
    secret: str = f"{{env: {VARIABLE}}}",
    mechanism: str | None = None,
    encryption: str | None = None,
    ca_file: str | None = None,
    metadata: str = "",
    display_name: str = "Example Sales",
    more: str = "",
) -> str:
    """Return the manifest of an own account at a local server."""
    port = server if isinstance(server, int) else server.port
    chosen = encryption or ("none" if isinstance(server, int) else server.encryption)
    lines = [f"host: {host}", f"port: {port}", f"encryption: {chosen}"]
    lines += [f"caFile: {ca_file}"] if ca_file else []
    if username:
        method = f"mechanism: {mechanism}, " if mechanism else ""
        lines.append(f"authentication: {{{method}username: {username}, password: {secret}}}")
    smtp = "".join(f"    {line}\n" for line in lines)
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{metadata and ', ' + metadata}}}\n"
        f"spec:\n  email: {email}\n  displayName: {display_name}\n  shared: true\n{more}  smtp:\n{smtp}"
    )


def marketing_account(name: str, *, email: str = "news@example.com", metadata: str = "") -> str:
    """Return the manifest of a marketing account."""
    return (
        f"apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {{name: {name}{metadata and ', ' + metadata}}}\n"
        f"spec:\n  email: {email}\n  displayName: Example News\n"
        "  replyTo: {email: office@example.com, displayName: Example Office}\n"
    )


def alter_plan(path: Path, alter: Callable[[dict[str, Any]], None], *, fits_digest: bool = False) -> None:
    """Alter a plan file as somebody would who can write to it; with ``fits_digest`` as one who computes the digests."""
    document = read_document(path)
    alter(document)
    if fits_digest:
        with contextlib.suppress(ValidationError):
            plan = SavedPlan.model_validate_json(json.dumps(document), by_alias=True, by_name=False)
            document["changesDigest"] = changes_digest(plan.changes, plan.lifted_guards)
        document["planDigest"] = plan_document_digest(document)
    write_document(path, document)
