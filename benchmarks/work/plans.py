"""How long plans take and what they need, beside reading, hashing or parsing the same files alone."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import VARIABLES, write_project
from benchmarks.measure import Measured, measure_in_turns, run_well
from benchmarks.rows import Aim, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.measure import Timing

_ACCOUNTS = 10_000
_FILES = 'import pathlib\nfor path in sorted(pathlib.Path("accounts.d").rglob("*.yaml")):\n'
_PARSE_ALONE = f"import yaml\n{_FILES}    for each in yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader): pass\n"
_HASH_ALONE = f"import hashlib\n{_FILES}    hashlib.sha256(path.read_bytes()).digest()\n"
_PYTHON, _HASH, _PARSE = "python -c pass", f"reading and hashing {_ACCOUNTS:,} files", f"parsing {_ACCOUNTS:,} files"
_COLD, _UNCHANGED = f"plan that creates {_ACCOUNTS:,} accounts", f"plan of {_ACCOUNTS:,} accounts, no change"
_SMALL, _SAVED, _APPLIED = "plan of 1 account, no change", f"{_COLD}, saved", f"apply of {_ACCOUNTS:,} creations"
_CHANGED, _SMALL_CHANGED = f"plan of {_ACCOUNTS:,} accounts, one file changed", "plan of 1 account, changed"
_RECONCILER = (sys.executable, "-m", "reconciler")
_APPLY_ANEW = 'cp empty.db .reconciler/state.db && exec "$0" -m reconciler apply first.plan --depth offline'
_OFFLINE = (*_RECONCILER, "plan", "--depth", "offline")


def measure(runs: int) -> Iterator[Row]:
    """Yield plans that create everything and nothing, what is saved, and what is recorded of it."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        fresh, applied, small, ready = (Path(scratch) / name for name in ("fresh", "applied", "small", "ready"))
        for folder, count in ((fresh, _ACCOUNTS), (applied, _ACCOUNTS), (small, 1), (ready, _ACCOUNTS)):
            write_project(folder, count, accounts_per_file=1)
            _run(folder, "state", "init")
        for folder in (applied, small):
            _run(folder, "apply", "--auto-approve", "--depth", "offline")
        _run(ready, "plan", "--depth", "offline", "--out", "first.plan")
        kibibytes = (ready / "first.plan").stat().st_size / 1024
        shutil.copy(ready / ".reconciler" / "state.db", ready / "empty.db")
        timings = measure_in_turns(
            [
                _measured(_PYTHON, (sys.executable, "-c", "pass"), fresh),
                _measured(_HASH, (sys.executable, "-c", _HASH_ALONE), fresh),
                _measured(_PARSE, (sys.executable, "-c", _PARSE_ALONE), fresh),
                _measured(_UNCHANGED, _OFFLINE, applied),
                _measured(_SMALL, _OFFLINE, small),
                _measured(_COLD, _OFFLINE, fresh),
                _measured(_SAVED, (*_OFFLINE, "--out", "again.plan"), fresh),
                _measured(_APPLIED, ("sh", "-c", _APPLY_ANEW, sys.executable), ready),
            ],
            runs,
        )
        _change_one(applied)
        _change_one(small)
        changed = [_measured(_CHANGED, _OFFLINE, applied), _measured(_SMALL_CHANGED, _OFFLINE, small)]
        timings |= measure_in_turns(changed, runs)
    yield from _rows(timings)
    yield Row(
        work="a saved plan, each account", figure=kibibytes / _ACCOUNTS, unit="KiB", aim=Aim(most=1.5, of_figure=True)
    )


def _rows(timings: dict[str, Timing]) -> Iterator[Row]:
    python, unchanged = timings[_PYTHON].wall_seconds, timings[_UNCHANGED].wall_seconds
    yield Row(
        work=f"{_UNCHANGED}, start-up aside",
        figure=unchanged - timings[_SMALL].wall_seconds,
        unit="s",
        floor=f"{_HASH}, start-up aside",
        floor_figure=timings[_HASH].wall_seconds - python,
        aim=Aim(most=3),
    )
    yield Row(work=_UNCHANGED, figure=unchanged, unit="s", floor=_PYTHON, floor_figure=python, aim=Aim(most=40))
    yield Row(
        work=_CHANGED,
        figure=timings[_CHANGED].wall_seconds,
        unit="s",
        floor=_UNCHANGED,
        floor_figure=unchanged,
        aim=Aim(most=1.5),
    )
    # A plan without changes needs no model, and importing those is most of what one change takes in a small project too.
    yield Row(
        work=f"{_CHANGED}, start-up aside",
        figure=timings[_CHANGED].wall_seconds - timings[_SMALL_CHANGED].wall_seconds,
        unit="s",
        floor=f"{_UNCHANGED}, start-up aside",
        floor_figure=unchanged - timings[_SMALL].wall_seconds,
    )
    for work, aim in ((_COLD, Aim(most=3)), (_APPLIED, None)):
        yield Row(
            work=work,
            figure=timings[work].wall_seconds,
            unit="s",
            floor=f"{_PARSE} with CSafeLoader",
            floor_figure=timings[_PARSE].wall_seconds,
            aim=aim,
        )
    for work in (_UNCHANGED, _COLD, _SAVED, _APPLIED):
        aim = Aim(most=150, of_figure=True) if work in {_COLD, _SAVED} else None
        yield Row(work=f"{work}, memory", figure=timings[work].peak_mebibytes, unit="MiB", aim=aim)


def _change_one(project: Path) -> None:
    """Change one account in its file."""
    manifest = min((project / "accounts.d").rglob("accounts-*.yaml"))
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("displayName: Example ", "displayName: Our "))


def _measured(name: str, command: Sequence[str], folder: Path) -> Measured:
    return Measured(name=name, command=command, folder=folder, environment=VARIABLES)


def _run(folder: Path, *arguments: str) -> None:
    run_well([*_RECONCILER, *arguments], folder=folder, environment=VARIABLES)
