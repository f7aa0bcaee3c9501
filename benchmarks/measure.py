"""Times of whole processes: wall clock and CPU, as medians of several runs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
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
    samples: dict[str, list[tuple[float, float]]] = {command.name: [] for command in commands}
    for command in commands:
        _time(command)  # once untimed: files into the page cache, bytecode onto the disk
    for _ in range(runs):
        for command in commands:
            samples[command.name].append(_time(command))
    return {name: _summary(taken) for name, taken in samples.items()}


def run_well(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command that prepares what is measured; ``MeasuredCommandFailed`` where it does not end with 0."""
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


def _summary(samples: Sequence[tuple[float, float]]) -> Timing:
    wall = [sample[0] for sample in samples]
    return Timing(
        wall_seconds=statistics.median(wall),
        cpu_seconds=statistics.median(sample[1] for sample in samples),
        wall_seconds_range=(min(wall), max(wall)),
        runs=len(samples),
    )


def _time(measured: Measured) -> tuple[float, float]:
    cpu_before, wall_before = children_cpu_seconds(), time.perf_counter()
    finished = subprocess.run(
        measured.command,
        cwd=measured.folder,
        env=os.environ | measured.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        encoding="utf-8",
    )
    wall_seconds, cpu_seconds = time.perf_counter() - wall_before, children_cpu_seconds() - cpu_before
    if finished.returncode != 0:
        raise MeasuredCommandFailed(f"{measured.name} ended with {finished.returncode}: {finished.stderr[-2000:]}")
    return wall_seconds, cpu_seconds


def children_cpu_seconds() -> float:
    """Return how long processors have worked for processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
