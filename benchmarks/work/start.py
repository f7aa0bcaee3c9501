"""How long a cold process takes before and around the work itself, in a project of three accounts."""

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

_RECONCILER = [sys.executable, "-m", "reconciler"]
_FLOOR = "python -c pass"
_SUBJECTS = {
    "--help": (("--help",), Aim(most=4.5)),
    "validate, three accounts": (("validate",), Aim(most=0.13 / 0.009)),
    "plan --depth offline, three accounts": (("plan", "--depth", "offline"), Aim(most=0.25 / 0.009)),
}
_FEWEST_RUNS = 10


def measure(runs: int) -> Iterator[Row]:
    """Yield what commands take, beside bare Python."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        project = Path(scratch) / "mail"
        write_project(project, 3)
        run_well([*_RECONCILER, "state", "init"], folder=project, environment=VARIABLES)
        commands = [_FLOOR, *_SUBJECTS]
        timings = measure_in_turns(
            [
                Measured(
                    name=name,
                    command=[sys.executable, "-c", "pass"] if name == _FLOOR else [*_RECONCILER, *_SUBJECTS[name][0]],
                    folder=project,
                    environment=VARIABLES,
                )
                for name in commands
            ],
            max(runs, _FEWEST_RUNS),
        )
    for name, (_, aim) in _SUBJECTS.items():
        yield Row(
            work=f"{name}, cold",
            figure=timings[name].wall_seconds,
            unit="s",
            floor=_FLOOR,
            floor_figure=timings[_FLOOR].wall_seconds,
            aim=aim,
        )
