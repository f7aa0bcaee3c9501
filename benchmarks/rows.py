"""One row of the table: some work beside its floor, and the ratio that it is meant to keep to."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What is to be reached, by the ratio to the floor, or by the figure itself where ``of_figure``."""

    most: float | None = None
    least: float | None = None
    of_figure: bool = False

    def is_met(self, row: Row) -> bool:
        """Tell whether a row reaches it."""
        value = row.figure if self.of_figure else row.ratio
        if value is None:
            return False
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    def told(self, unit: str) -> str:
        """Return it as the table shows it, as "≤ 3 x"."""
        value, sign = (self.most, "≤") if self.most is not None else (self.least, "≥")
        bound = f"{sign} {value:,.1f}".removesuffix(".0") if value and value > 1 else f"{sign} {value:g}"
        return f"{bound} {unit}" if self.of_figure else f"{bound} x"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Some work: its median, and the median of the floor that was measured in the same run, in one unit."""

    work: str
    figure: float
    unit: str
    """As "s", "MiB" or "messages/s"."""
    floor: str | None = None
    """What the ratio is to; None where there is nothing that it could be compared with."""
    floor_figure: float | None = None
    aim: Aim | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the floor; None without a floor."""
        return self.figure / self.floor_figure if self.floor_figure else None


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What could not be measured here, and why."""

    work: str
    why: str


def as_table(rows: Sequence[Row | LeftOut]) -> str:
    """Return the table for people."""
    cells: list[tuple[str, ...]] = [("", "", "beside", "", "ratio", "aim", "")]
    cells += [_cells(row) for row in rows if isinstance(row, Row)]
    widths = [max(len(each[column]) for each in cells) for column in range(len(cells[0]))]
    lines = [_aligned(each, widths) for each in cells]
    lines += [f"{each.work}: left out. {each.why}" for each in rows if isinstance(each, LeftOut)]
    return "\n".join([*lines, "", f"Medians; Python {platform.python_version()}, {os.cpu_count()} cores."])


def as_json(rows: Sequence[Row | LeftOut]) -> str:
    """Return one JSON document."""
    measured = [
        asdict(row) | {"ratio": row.ratio, "aim": row.aim.told(row.unit) if row.aim else None}
        for row in rows
        if isinstance(row, Row)
    ]
    left_out = [asdict(each) for each in rows if isinstance(each, LeftOut)]
    document = {"python": platform.python_version(), "cores": os.cpu_count(), "rows": measured, "leftOut": left_out}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.work,
        _figure(row.figure, row.unit),
        row.floor or "",
        _figure(row.floor_figure, row.unit) if row.floor_figure is not None else "",
        f"{row.ratio:.3g} x" if row.ratio is not None else "",
        row.aim.told(row.unit) if row.aim else "",
        ("reached" if row.aim.is_met(row) else "missed") if row.aim else "",
    )


def _figure(value: float, unit: str) -> str:
    whole = len(str(int(value)))
    return f"{value:,.{max(0, _DIGITS - whole)}f} {unit}"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    texts = {0, 2, 6}
    return "  ".join(
        cell.ljust(width) if column in texts else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()
