"""How many checks a second verification makes, as a share of what the server's latency allows, and what they cost.

A server adds 100 ms to each reply. A check to depth ``envelope`` over STARTTLS waits for seven of them, so N at once
can make N / 0.7 checks a second and no more: that is the bound. swaks, one process for each check, stands beside it
where it is installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

from benchmarks.measure import MeasuredCommandFailed, children_cpu_seconds
from benchmarks.rows import Aim, LeftOut, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

DELAY_SECONDS = 0.1
REPLIES = 7
"""Greeting, EHLO, STARTTLS, EHLO again, AUTH, MAIL, RCPT."""
_ROUNDS = 12
_AT_ONCE = (8, 32, 128)
_MANY = 10_000
_SWAKS_AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """One run of many checks."""

    subject: str
    checks: int
    at_once: int
    wall_seconds: float
    cpu_seconds: float
    peak_mebibytes: float | None

    @property
    def checks_per_second(self) -> float:
        """The rate."""
        return self.checks / self.wall_seconds

    @property
    def bound(self) -> float:
        """The rate that the latency allows."""
        return self.at_once / (REPLIES * DELAY_SECONDS)

    @property
    def cpu_milliseconds_per_check(self) -> float:
        """What one check costs this machine, without the server."""
        return 1000 * self.cpu_seconds / self.checks


def measure(runs: int) -> Iterator[Row | LeftOut]:  # noqa: ARG001 - a run is of thousands of checks, their mean will do
    """Yield the throughput at 8, 32 and 128 at once, of swaks, and of 10,000 accounts at 128 at once."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch, distant_server(Path(scratch)) as port:
        ca = Path(scratch) / "ca.pem"
        for at_once in _AT_ONCE:
            yield _rate(_measure(port, ca, checks=_ROUNDS * at_once, at_once=at_once))
        if shutil.which("swaks"):
            swaks = _measure_swaks(port)
            yield _rate(swaks)
            yield Row(work="a check by swaks, CPU", figure=swaks.cpu_milliseconds_per_check, unit="ms")
        else:
            yield LeftOut(work="checks by swaks", why="It is not installed.")
        many = _measure(port, ca, checks=_MANY, at_once=max(_AT_ONCE))
        yield _rate(many)
        yield Row(
            work="a check, CPU",
            figure=many.cpu_milliseconds_per_check,
            unit="ms",
            aim=Aim(most=1.7, of_figure=True),
        )
        if many.peak_mebibytes is not None:
            yield Row(work=f"{many.checks:,} checks, memory", figure=many.peak_mebibytes, unit="MiB")


def _rate(each: Throughput) -> Row:
    """Return the row of a rate beside what the server's latency allows."""
    return Row(
        work=f"{each.checks:,} checks by {each.subject}, {each.at_once} at once",
        figure=each.checks_per_second,
        unit="checks/s",
        floor=f"what {DELAY_SECONDS * 1000:.0f} ms a reply allow",
        floor_figure=each.bound,
        aim=Aim(least=0.95) if each.at_once == max(_AT_ONCE) else None,
    )


@contextmanager
def distant_server(scratch: Path) -> Iterator[int]:
    """Run the server in a process of its own and yield its port."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(scratch / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(scratch / "server.pem")
    command = [sys.executable, "-m", "benchmarks.distant_server", "--certificate", str(scratch / "server.pem")]
    command += ["--delay-seconds", str(DELAY_SECONDS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def _measure(port: int, ca: Path, *, checks: int, at_once: int) -> Throughput:
    command = [sys.executable, "-m", "benchmarks.many_checks", "--port", str(port), "--ca", str(ca)]
    command += ["--accounts", str(checks), "--at-once", str(at_once)]
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL, check=False)
    if finished.returncode != 0:
        raise MeasuredCommandFailed(f"verification ended with {finished.returncode}: {finished.stderr[-2000:]}")
    told = json.loads(finished.stdout)
    return Throughput(
        subject="reconciler",
        checks=checks,
        at_once=at_once,
        wall_seconds=told["wallSeconds"],
        cpu_seconds=told["cpuSeconds"],
        peak_mebibytes=told["peakMebibytes"],
    )


def _measure_swaks(port: int) -> Throughput:
    """Time swaks, one process for each check, as many at once as threads wait for them."""
    checks = 4 * _SWAKS_AT_ONCE
    command = ["swaks", "--server", f"127.0.0.1:{port}", "--tls", "--auth", "PLAIN", "--auth-user", "account"]
    command += ["--auth-password", "not a secret", "--from", "account@example.com", "--to", "ops@example.com"]
    command += ["--quit-after", "RCPT", "--helo", "localhost", "--silent", "3"]

    def check(_: int) -> int:
        return subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL).returncode

    cpu_began, began = children_cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(_SWAKS_AT_ONCE) as pool:
        codes = set(pool.map(check, range(checks)))
    wall, cpu = time.perf_counter() - began, children_cpu_seconds() - cpu_began
    if codes != {0}:
        raise MeasuredCommandFailed(f"swaks ended with {sorted(codes)}")
    return Throughput(
        subject="swaks",
        checks=checks,
        at_once=_SWAKS_AT_ONCE,
        wall_seconds=wall,
        cpu_seconds=cpu,
        peak_mebibytes=None,
    )
