"""The table says what was measured, beside what, and whether the aim is reached."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.__main__ import LARGE, WORK, main
from benchmarks.rows import Aim, LeftOut, Row, as_json, as_table

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROW = Row(work="plan", figure=0.5, unit="s", floor="reading", floor_figure=0.25, aim=Aim(most=3))


@pytest.mark.parametrize(
    ("figure", "floor_figure", "aim", "is_met"),
    [
        (3.0, 1.0, Aim(most=3), True),
        (3.1, 1.0, Aim(most=3), False),
        (15.0, 1.0, Aim(least=15), True),
        (14.0, 1.0, Aim(least=15), False),
        (150.0, None, Aim(most=150, of_figure=True), True),
        (151.0, 100.0, Aim(most=150, of_figure=True), False),
        (1.0, None, Aim(most=3), False),
    ],
)
def test_an_aim_is_of_the_ratio_or_of_the_figure(
    figure: float, floor_figure: float | None, aim: Aim, *, is_met: bool
) -> None:
    """The ratio counts unless the aim is of the figure; without a floor no ratio is reached."""
    row = Row(work="x", figure=figure, unit="s", floor="y", floor_figure=floor_figure, aim=aim)
    assert is_met == aim.is_met(row)


def test_the_table_tells_figure_floor_ratio_and_aim() -> None:
    """A row has its floor, ratio and aim; what was left out is told with its reason."""
    left_out = LeftOut(work="octoDNS", why="The index lacks it.")
    table = as_table([_ROW, left_out])
    assert "plan  0.500 s  reading  0.250 s    2 x  ≤ 3 x  reached" in table
    assert "octoDNS: left out. The index lacks it." in table
    document = json.loads(as_json([_ROW, left_out]))
    assert 2.0 == document["rows"][0]["ratio"]
    assert ["octoDNS"] == [each["work"] for each in document["leftOut"]]


@pytest.mark.parametrize("name", [*WORK, *LARGE])
def test_every_kind_of_work_can_be_measured(name: str) -> None:
    """Each name that --only takes is a module that measures."""
    assert callable(importlib.import_module(f"benchmarks.work.{name}").measure)


def test_an_interrupted_run_tells_what_it_had_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rows that came before the interruption are in the table, and the exit code is that of an interruption."""

    def measure(runs: int) -> Iterator[Row]:
        yield _ROW
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("benchmarks.work.start"), "measure", measure)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "start"])
    assert main() == 130
    assert "plan  0.500 s  reading  0.250 s" in capsys.readouterr().out
