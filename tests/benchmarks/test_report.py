"""What the benchmark of the report measures is what it says, and what a report costs where one was written before."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from benchmarks.generate_accounts import VARIABLES
from benchmarks.measure import Timing
from benchmarks.rows import LeftOut
from benchmarks.work.report import Answers, WrittenReport, listed_bytes, report_rows
from tests.benchmarks.test_costs import calls_an_account, in_new_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST_CALLS_AN_ACCOUNT_REPORTED_AGAIN = {"nothing": 235, "one account": 775}
"""By what has changed since the last report; measured: 180 and 699 with Python 3.11, 2,900 where each page is made.

With 3.13 these are 215 and 708, since ``pathlib`` takes more calls to ask a file whether it is a link.
"""

_TIMING = Timing(wall_seconds=12.5, cpu_seconds=11.25, peak_mebibytes=80.0, wall_seconds_range=(12.0, 13.0), runs=3)
_REPORT = WrittenReport(
    accounts=10_000, timing=_TIMING, files=10_050, mebibytes=175.25, listed_mebibytes=2.5, answers=None
)


def test_what_the_list_loads_is_itself_and_its_scripts(tmp_path: Path) -> None:
    """Style and scripts that the first page names are counted with it, pages that it only links to are not."""
    files = {"index.html": "", "assets/a.js": "12345", "assets/a.css": "123", "accounts/a.html": "1234567", "b.js": "1"}
    files["index.html"] = (
        '<link rel="stylesheet" href="assets/a.css"><script src="assets/a.js" defer></script>'
        '<a href="accounts/a.html">a</a>'
    )
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    sizes = {tmp_path / name: len(text) for name, text in files.items()}
    assert len(files["index.html"]) + 5 + 3 == listed_bytes(tmp_path, sizes)


def test_what_was_left_out_is_told() -> None:
    """With a browser its times are rows; without one a word says that they are missing."""
    answers = Answers(loaded=503.0, key=59.4, slowest_key=117.0, sort=132.0)
    seen = list(report_rows(replace(_REPORT, answers=answers)))
    assert "from a key to the rows found" in {row.work for row in seen}
    assert not any(isinstance(row, LeftOut) for row in seen)
    unseen = list(report_rows(_REPORT))
    assert ["Chromium or Playwright is not installed."] == [row.why for row in unseen if isinstance(row, LeftOut)]


@pytest.mark.parametrize("changed", MOST_CALLS_AN_ACCOUNT_REPORTED_AGAIN)
def test_an_account_is_reported_again_in_so_few_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """Where nothing of it has changed, an account costs the look at its file, and its row where one of the lists is made."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    def made(count: int) -> Callable[[], object]:
        command = in_new_project(tmp_path / str(count), count, accounts_per_file=20)
        assert command("apply", "--auto-approve", "--depth", "offline") == 0
        report = partial(command, "report", "--out", str(tmp_path / f"{count}-site"))
        assert report() == 0
        if changed == "one account":
            assert command("suspend", "*-00001", "--reason", "spam") == 0
        return report

    assert calls_an_account(made) <= MOST_CALLS_AN_ACCOUNT_REPORTED_AGAIN[changed]
