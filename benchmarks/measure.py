"""Times of whole processes: wall clock, CPU and memory, as medians of several runs."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class MeasuredCommandFailed(Exception):
    """What was to be measured did not end with exit code 0; the message holds its last words."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Medians over the runs of one command, in seconds; ``wall_seconds_range`` is from the fastest to the slowest."""

    wall_seconds: float
    cpu_seconds: float
    peak_mebibytes: float
    wall_seconds_range: tuple[float, float]
    runs: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One command to time, in a folder, with variables beside the caller's."""

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


def measure_in_turns(commands: Sequence[Measured], runs: int) -> dict[str, Timing]:
    """Time each command ``runs`` times, in turns, so that a machine that slows down slows all of them down."""
    samples: dict[str, list[_Sample]] = {command.name: [] for command in commands}
    for command in commands:
        _time(command)  # once untimed: files into the page cache, bytecode onto the disk
    for _ in range(runs):
        for command in commands:
            samples[command.name].append(_time(command))
    return {name: _summary(taken) for name, taken in samples.items()}


def measure_once(command: Measured) -> Timing:
    """Time a command that cannot be repeated, or takes too long for it."""
    return _summary([_time(command)])


def run_well(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command that prepares what is measured, and return what it printed.

    ``MeasuredCommandFailed`` where it does not end with 0.
    """
    finished = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    if finished.returncode != 0:
        raise MeasuredCommandFailed(f"{' '.join(command)} ended with {finished.returncode}: {finished.stderr[-2000:]}")
    return finished.stdout + finished.stderr


@dataclass(frozen=True, kw_only=True)
class _Sample:
    wall_seconds: float
    cpu_seconds: float
    peak_mebibytes: float


def told_by(command: Sequence[str]) -> dict[str, float]:
    """Return the figures that a command of the benchmarks prints as JSON."""
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, encoding="utf-8")
    if finished.returncode != 0:
        raise MeasuredCommandFailed(f"{' '.join(command)} ended with {finished.returncode}: {finished.stderr[-2000:]}")
    told: dict[str, float] = json.loads(finished.stdout)
    return told


def _summary(samples: Sequence[_Sample]) -> Timing:
    wall = [sample.wall_seconds for sample in samples]
    return Timing(
        wall_seconds=statistics.median(wall),
        cpu_seconds=statistics.median(sample.cpu_seconds for sample in samples),
        peak_mebibytes=statistics.median(sample.peak_mebibytes for sample in samples),
        wall_seconds_range=(min(wall), max(wall)),
        runs=len(samples),
    )


def _time(measured: Measured) -> _Sample:
    with tempfile.TemporaryFile() as told:
        began = time.perf_counter()
        process = subprocess.Popen(
            measured.command,
            cwd=measured.folder,
            env=os.environ | measured.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        _, status, used = os.wait4(process.pid, 0)  # its own peak: what RUSAGE_CHILDREN tells is that of the largest
        wall_seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            told.seek(0)
            last_words = told.read().decode("utf-8", "replace")[-2000:]
            raise MeasuredCommandFailed(f"{measured.name} ended with {process.returncode}: {last_words}")
    return _Sample(
        wall_seconds=wall_seconds, cpu_seconds=used.ru_utime + used.ru_stime, peak_mebibytes=used.ru_maxrss / 1024
    )


def children_cpu_seconds() -> float:
    """Return how long processors have worked for processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
