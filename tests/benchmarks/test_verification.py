"""What the benchmark of verification measures is what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.work.verification import DELAY_SECONDS, REPLIES, Throughput, distant_server

if TYPE_CHECKING:
    from pathlib import Path


def test_checks_against_the_distant_server_pass_and_wait_for_each_reply(tmp_path: Path) -> None:
    """Every check passes, and takes no less than the replies it waits for."""
    with distant_server(tmp_path) as port:
        command = [
            sys.executable,
            "-m",
            "benchmarks.many_checks",
            "--port",
            str(port),
            "--ca",
            str(tmp_path / "ca.pem"),
        ]
        finished = subprocess.run(
            [*command, "--accounts", "6", "--at-once", "3"], capture_output=True, encoding="utf-8", check=True
        )
    told = json.loads(finished.stdout)
    assert 6 == told["passed"]
    assert told["wallSeconds"] >= 2 * REPLIES * DELAY_SECONDS


def test_the_share_is_of_what_the_latency_allows() -> None:
    """Seven checks in seven tenths of a second, seven at once, are all that can be done."""
    measured = Throughput(
        subject="reconciler", checks=7, at_once=7, wall_seconds=0.7, cpu_seconds=0.07, peak_mebibytes=40.0
    )
    found = [measured.checks_per_second, measured.bound, measured.cpu_milliseconds_per_check]
    assert pytest.approx([10.0, 10.0, 10.0]) == found
