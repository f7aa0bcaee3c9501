"""How many messages a second are sent, beside smtplib, and beside what a distant server's replies allow.

Each run has a results file of its own on the disk of the temporary folder, as ``send`` has one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.measure import told_by
from benchmarks.rows import Aim, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTACTS = 5_000
_DISTANT_CONTACTS = 200
_DELAY_SECONDS = 0.02
_WAITS = 2
"""With PIPELINING: for envelope and DATA together, and for the end of the message."""
_CONNECTIONS = 4


def measure(runs: int) -> Iterator[Row]:
    """Yield the rates with a server that answers at once, and with one that takes 20 ms."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        with instant_server() as port:
            for options, count, aim in (((), _CONTACTS, Aim(least=0.5)), (("--login",), _CONTACTS // 5, None)):
                ours, theirs = [], []
                for run in range(runs):
                    theirs.append(_of(port, count, "--by", "smtplib", *options))
                    ours.append(_of(port, count, "--results", f"{scratch}/{run}-{len(options)}.jsonl", *options))
                for clock, name in (("cpuSeconds", "CPU"), ("wallSeconds", "by the clock")):
                    yield Row(
                        work=f"send, one connection{', with a login' * len(options)}, {name}",
                        figure=statistics.median(count / each[clock] for each in ours),
                        unit="messages/s",
                        floor="smtplib, without a record",
                        floor_figure=statistics.median(count / each[clock] for each in theirs),
                        aim=aim,
                    )
        with instant_server("--delay-seconds", str(_DELAY_SECONDS)) as port:
            for connections in (1, _CONNECTIONS):
                count, rates = _DISTANT_CONTACTS * connections, []
                for run in range(runs):
                    results = f"{scratch}/{connections}-{run}-distant.jsonl"
                    told = _of(port, count, "--results", results, "--connections", str(connections))
                    rates.append(count / told["wallSeconds"])
                yield Row(
                    work=f"send, {_DELAY_SECONDS * 1000:.0f} ms a reply, {connections} at once",
                    figure=statistics.median(rates),
                    unit="messages/s",
                    floor="what two replies a message allow",
                    floor_figure=connections / (_WAITS * _DELAY_SECONDS),
                    aim=Aim(least=0.8),
                )


def _of(port: int, contacts: int, *options: str) -> dict[str, float]:
    """Return what one run took; by ``send`` unless the options say otherwise."""
    command = [sys.executable, "-m", "benchmarks.many_messages", "--port", str(port), "--contacts", str(contacts)]
    return told_by([*command, *(() if "--by" in options else ("--by", "reconciler")), *options])


@contextmanager
def instant_server(*options: str) -> Iterator[int]:
    """Run the server in a process of its own and yield its port."""
    command = [sys.executable, "-m", "benchmarks.instant_server", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
