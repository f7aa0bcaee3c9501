"""Many thousand accounts, really verified, in the memory that any CI runner has."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trustme

from benchmarks.generate_accounts import VARIABLES, GeneratedServer, write_project
from reconciler.planfile import read_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNTS = int(os.environ.get("SCALE_ACCOUNTS", "10000"))
FIXED_OCTETS = 1600 * 1024 * 1024
"""Of address space, whatever the number of accounts: Python, libraries, and the stacks and arenas of 64 threads."""
OCTETS_EACH = 15 * 1024
"""So 100,000 accounts fit into ``ulimit -v`` of 3 GB, which ``SCALE_ACCOUNTS=100000`` tries: that takes too long for CI."""


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    """Run a mail server that takes every login, in a process of its own, and yield its port."""
    certificate = folder / "server.pem"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    command = [sys.executable, "-m", "benchmarks.distant_server", "--delay-seconds", "0"]
    with subprocess.Popen(
        [*command, "--certificate", str(certificate)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def _within(octets: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (octets, octets))


def test_a_plan_of_many_accounts_is_verified_within_bounded_memory(tmp_path: Path) -> None:
    """Every own account has logged in at the server, and the plan is saved; the memory grows by so much for each.

    A marketing account is not verified, since the project declares no server of the platform.
    """
    project, environ = tmp_path / "mail", os.environ | VARIABLES | {"MALLOC_ARENA_MAX": "16"}  # as on two cores
    reconciler = [sys.executable, "-m", "reconciler", "--project-dir", str(project)]
    with _server(tmp_path) as port:
        write_project(project, ACCOUNTS, server=GeneratedServer(host="localhost", port=port, encryption="none"))
        file = project / "reconciler.yaml"
        more = "  perServer: 64\n  deadlineSeconds: 7200\n"
        file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
        subprocess.run([*reconciler, "state", "init"], env=environ, check=True, capture_output=True)
        planned = subprocess.run(
            [*reconciler, "plan", "--depth", "auth", "--compact", "--out", str(tmp_path / "first.plan")],
            env=environ,
            check=False,
            capture_output=True,
            encoding="utf-8",
            preexec_fn=lambda: _within(FIXED_OCTETS + ACCOUNTS * OCTETS_EACH),
        )
    assert (0, "") == (planned.returncode, "" if planned.returncode == 0 else planned.stderr[-2000:])
    found = Counter(change.verification.status for change in read_plan(tmp_path / "first.plan").changes)
    own_accounts = ACCOUNTS * 4 // 5
    assert {"passed": own_accounts, "skipped": ACCOUNTS - own_accounts} == found
