"""More accounts than are written at once, end to end, and apply killed at any moment: state is the old one or the new one."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import GeneratedServer, write_project
from reconciler.store.sql import ROWS_AT_ONCE
from tests.cli.project import PASSWORD, USER, Project, command, environment, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    import pytest

ACCOUNTS = ROWS_AT_ONCE + 100
KILLS = 20


def test_more_accounts_than_are_written_at_once_are_applied_and_then_unchanged(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Generated accounts of both kinds are verified, recorded as one revision, and planned as empty."""
    folder = project.folder / "generated"
    monkeypatch.setenv("SMTP_GENERATED_PASSWORD", PASSWORD)
    with MailServer(encryption="none", users={USER: PASSWORD}) as server:
        generated = GeneratedServer(host="localhost", port=server.port, encryption="none", username=USER)
        write_project(folder, ACCOUNTS, server=generated)
        where = ("--project-dir", str(folder))
        project.run_well(*where, "state", "init")
        project.run_well(*where, "plan", "--out", "plan.json", "--format", "json")
        applied = project.run_well(*where, "apply", "plan.json", "--depth", "envelope", "--format", "json").document
        assert (1, ACCOUNTS) == (applied["revision"], applied["summary"]["create"])
        after = project.run(*where, "plan", "--format", "json", "--detailed-exitcode")
        assert 0 == after.code
        assert "empty" == after.document["status"]
        assert ACCOUNTS == after.document["summary"]["unchanged"]
        listed = project.run_well(*where, "accounts", "list", "--format", "json").document["accounts"]
        own = ACCOUNTS * 4 // 5
        assert {"active": own, "pending": ACCOUNTS - own} == {
            status: sum(account["status"] == status for account in listed) for status in ("active", "pending")
        }
        assert own == server.login_attempts


def test_a_killed_apply_leaves_the_old_state_or_the_new_one(project: Project, server: MailServer) -> None:
    """After kill -9 at a random moment the journal holds, every account is of one revision, and apply works again."""
    moments = random.Random(11)  # noqa: S311 - repeatable moments are wanted
    project.write_project("verification: {depth: {apply: envelope}}\n")
    names = [f"sales-{number}" for number in range(8)]
    began = time.monotonic()
    serial = write_and_apply(project, server, names, round_=0)
    longest_seconds = time.monotonic() - began + 0.8
    killed = 0
    for round_ in range(1, KILLS + 1):
        write(project, server, names, round_)
        applying = subprocess.Popen(
            command("apply", "--auto-approve"),
            cwd=project.folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            applying.wait(timeout=moments.uniform(0.2, longest_seconds))
        except subprocess.TimeoutExpired:
            applying.send_signal(signal.SIGKILL)
            killed += 1
        applying.wait()
        project.run_well("journal", "check")
        accounts = project.run_well("accounts", "list", "--format", "json").document["accounts"]
        assert names == sorted(account["name"] for account in accounts)
        found = {(account["displayName"], account["revision"]) for account in accounts}
        assert found in ({(f"Round {round_ - 1}", serial)}, {(f"Round {round_}", serial + 1)})
        serial = write_and_apply(project, server, names, round_)
    assert killed > 0


def write(project: Project, server: MailServer, names: list[str], round_: int) -> None:
    """Write every manifest with the display name of a round."""
    for name in names:
        project.write_account(name, own_account(name, server, display_name=f"Round {round_}"))


def write_and_apply(project: Project, server: MailServer, names: list[str], round_: int) -> int:
    """Apply a round in this process, where it is not applied yet; return the state's last revision."""
    write(project, server, names, round_)
    project.run_well("apply", "--auto-approve")
    return project.serial()
