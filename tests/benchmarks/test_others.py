"""Programs of other people are compared by how many things each plans in a second."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.measure import Timing
from benchmarks.rows import Aim
from benchmarks.work.others import row_of_more, rows_beside

_OURS = Timing(wall_seconds=1.0, cpu_seconds=0.5, peak_mebibytes=48.0, wall_seconds_range=(1.0, 1.0), runs=1)
_THEIRS = Timing(wall_seconds=2.0, cpu_seconds=4.0, peak_mebibytes=90.0, wall_seconds_range=(2.0, 2.0), runs=1)


def test_a_tenth_of_the_things_in_twice_the_time_is_a_twentieth() -> None:
    """Ten thousand in a second are 20 times a thousand in two; the CPU of both is told, and has no aim."""
    by_clock, by_cpu = rows_beside(_OURS, _THEIRS, name="Other", count=1_000, aim=Aim(least=15))
    assert (20.0, 80.0) == (by_clock.ratio, by_cpu.ratio)
    assert by_clock.aim is not None
    assert by_clock.aim.is_met(by_clock)
    assert by_cpu.aim is None


def test_what_each_thing_more_takes_leaves_the_start_aside() -> None:
    """Of a second and of two half a second each is the start: 10,000 more in half a second are 30 times 1,000 in 1.5."""
    one = replace(_OURS, wall_seconds=0.5)
    row = row_of_more((_OURS, _THEIRS), (one, one), name="Other", count=1_000, aim=Aim(least=15))
    assert 30.0 == round(row.ratio or 0, 1)
