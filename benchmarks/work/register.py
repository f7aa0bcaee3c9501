"""What reading a large state takes: finding accounts, the last revisions, and whether the journal is whole."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import VARIABLES, write_project
from benchmarks.measure import Measured, measure_in_turns, run_well
from benchmarks.rows import Aim, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCOUNTS = 100_000
_RECONCILER = (sys.executable, "-m", "reconciler")
_SEARCH, _HISTORY, _CHECK = "accounts list --search", "history --limit 20", "journal check"
_MADE = {
    _SEARCH: ((*_SEARCH.split(), "-00001@"), Aim(most=0.5, of_figure=True), Aim(most=120, of_figure=True)),
    _HISTORY: (tuple(_HISTORY.split()), Aim(most=0.5, of_figure=True), None),
    _CHECK: (tuple(_CHECK.split()), Aim(most=3, of_figure=True), None),
}


def measure(runs: int) -> Iterator[Row]:
    """Yield what each takes over 100,000 accounts that were applied at once."""
    yield from register_rows(_ACCOUNTS, runs)


def register_rows(accounts: int, runs: int) -> Iterator[Row]:
    """Yield the same over so many accounts."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        project = Path(scratch) / "mail"
        write_project(project, accounts)
        for command in (("state", "init"), ("apply", "--auto-approve", "--depth", "offline")):
            run_well([*_RECONCILER, *command], folder=project, environment=VARIABLES)
        timings = measure_in_turns(
            [
                Measured(name=name, command=(*_RECONCILER, *command), folder=project, environment=VARIABLES)
                for name, (command, _, _) in _MADE.items()
            ],
            runs,
        )
    for name, (_, seconds, mebibytes) in _MADE.items():
        work, timing = f"{name}, {accounts:,} accounts", timings[name]
        yield Row(work=f"{work}, CPU", figure=timing.cpu_seconds, unit="s", aim=seconds)
        yield Row(work=f"{work}, memory", figure=timing.peak_mebibytes, unit="MiB", aim=mebibytes)
