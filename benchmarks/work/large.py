"""What 100,000 accounts take, once each: minutes of work, so only ``--large`` asks for it.

What is linear is held against the same work over a tenth of the accounts, in the same run.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import VARIABLES, write_project
from benchmarks.measure import Measured, Timing, measure_once, run_well
from benchmarks.rows import Aim, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCOUNTS = 100_000
_RECONCILER = (sys.executable, "-m", "reconciler")
_PLAN = ("plan", "--depth", "offline")
_LINEAR = 11.0
"""Ten times the accounts, and a tenth for what a machine does beside it."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one project took, from nothing to a plan that changes nothing."""

    cold: Timing
    """The plan that creates every account, saved."""
    applied: Timing
    unchanged: Timing
    """The second plan after it: the first has left what it rests on."""


def measure(runs: int) -> Iterator[Row]:  # noqa: ARG001 - each takes a minute, and a tenth beside it tells how sure it is
    """Yield the memory of the plans, and what plan and apply take beside a tenth of the accounts."""
    yield from large_rows(_ACCOUNTS)


def large_rows(accounts: int) -> Iterator[Row]:
    """Yield the same over so many accounts."""
    few, many = _measured(accounts // 10), _measured(accounts)
    creating, applying = f"plan that creates {accounts:,} accounts, saved", f"apply of {accounts:,} creations"
    for work, figure, floor in (
        (creating, many.cold.cpu_seconds, few.cold.cpu_seconds),
        (applying, many.applied.cpu_seconds, few.applied.cpu_seconds),
    ):
        yield Row(
            work=f"{work}, CPU",
            figure=figure,
            unit="s",
            floor=f"of {accounts // 10:,}",
            floor_figure=floor,
            aim=Aim(most=_LINEAR),
        )
    for work, timing, aim in (
        (creating, many.cold, Aim(most=1024, of_figure=True)),
        (applying, many.applied, None),
        (f"plan of {accounts:,} accounts, no change", many.unchanged, Aim(most=400, of_figure=True)),
    ):
        yield Row(work=f"{work}, memory", figure=timing.peak_mebibytes, unit="MiB", aim=aim)


def _measured(accounts: int) -> Taken:
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        project = Path(scratch) / "mail"
        write_project(project, accounts)
        run_well([*_RECONCILER, "state", "init"], folder=project, environment=VARIABLES)

        def once(*words: str) -> Timing:
            command = [*_RECONCILER, *words]
            return measure_once(Measured(name=words[0], command=command, folder=project, environment=VARIABLES))

        cold = once(*_PLAN, "--out", "first.plan")
        applied = once("apply", "first.plan", "--depth", "offline")
        once(*_PLAN)
        return Taken(cold=cold, applied=applied, unchanged=once(*_PLAN))
