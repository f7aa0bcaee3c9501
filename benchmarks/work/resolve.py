"""How many contacts a second of CPU are resolved for an account with both overrides, beside reading and writing them alone."""

from __future__ import annotations

import csv
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.many_contacts import write_contacts
from benchmarks.measure import told_by
from benchmarks.rows import Aim, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_FEW, _MANY = 20_000, 200_000
_COMMAND = [sys.executable, "-m", "benchmarks.many_contacts", "--contacts"]


def measure(runs: int) -> Iterator[Row]:
    """Yield the rate, and the memory of ten times as many."""
    floor, told = [], []
    for _ in range(runs):
        floor.append(_FEW / _alone(_FEW))
        told.append(told_by([*_COMMAND, str(_FEW)]))
    yield Row(
        work="resolve, both overrides",
        figure=statistics.median(_FEW / each["cpuSeconds"] for each in told),
        unit="contacts/CPU s",
        floor="csv and json alone",
        floor_figure=statistics.median(floor),
        aim=Aim(least=60_000, of_figure=True),
    )
    yield Row(
        work=f"resolve, memory of {_MANY:,}",
        figure=told_by([*_COMMAND, str(_MANY)])["peakMebibytes"],
        unit="MiB",
        floor=f"of {_FEW:,}",
        floor_figure=statistics.median(each["peakMebibytes"] for each in told),
        aim=Aim(most=1.05),
    )


def _alone(count: int) -> float:
    """Return how much CPU it takes to read so many cards and to write a line of JSON for each."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        path = Path(scratch) / "contacts.csv"
        write_contacts(path, count)
        began = time.process_time()
        with path.open(encoding="utf-8", newline="") as file:
            for card in csv.DictReader(file):
                json.dumps(card)
        return time.process_time() - began
