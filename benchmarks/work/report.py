"""How long the site of a report takes to write, how large it is, and how quickly its list answers in a browser.

The browser is measured where Chromium and Playwright are there. A time runs from what somebody does to the end of the
task that painted the list anew.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import VARIABLES, write_project
from benchmarks.measure import Measured, Timing, measure_in_turns, run_well
from benchmarks.rows import Aim, LeftOut, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from playwright.sync_api import Page

_ACCOUNTS = 10_000
_WRITING = "report"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_MEBIBYTE = 1 << 20
_KEYSTROKES = "sales-01"
_LOADS = re.compile(r'<(?:script|link)[^>]* (?:src|href)="([^"]+)"')
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_UNTIL_PAINTED = """key => new Promise(done => {
  let began
  new MutationObserver((_, observer) => {
    observer.disconnect()
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)))
  }).observe(document.querySelector("main"), {childList: true, subtree: true, attributes: true, characterData: true})
  began = performance.now()
  ACT
})"""
_KEY = _UNTIL_PAINTED.replace(
    "ACT",
    """
  const field = document.querySelector("input[type=search]")
  field.value += key
  field.dispatchEvent(new InputEvent("input", {bubbles: true, data: key}))
""",
)
_SORT = _UNTIL_PAINTED.replace("ACT", "document.querySelectorAll('main thead th button')[1].click()")


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Medians in a browser, in milliseconds: until the page is loaded, and from a key or a click to the rows."""

    loaded: float
    key: float
    slowest_key: float
    sort: float


@dataclass(frozen=True, kw_only=True)
class WrittenReport:
    """One site: what it took, what it is, and how it answers; None without a browser."""

    accounts: int
    timing: Timing
    files: int
    mebibytes: float
    listed_mebibytes: float
    """Of what the list loads."""
    answers: Answers | None


def measure(runs: int) -> Iterator[Row | LeftOut]:
    """Yield what the site of 10,000 accounts takes."""
    yield from report_rows(measure_report(_ACCOUNTS, runs))


def measure_report(accounts: int, runs: int) -> WrittenReport:
    """Write the site of so many accounts ``runs`` times, and look at it as often."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        project, site = Path(scratch) / "mail", Path(scratch) / "site"
        write_project(project, accounts)
        reconciler = [sys.executable, "-m", "reconciler"]
        run_well([*reconciler, "state", "init"], folder=project, environment=VARIABLES)
        applying = [*reconciler, "apply", "--auto-approve", "--depth", "offline"]
        run_well(applying, folder=project, environment=VARIABLES)
        writing = Measured(
            name=_WRITING,
            command=[*reconciler, "report", "--out", str(site)],
            folder=project,
            environment=VARIABLES,
        )
        timing = measure_in_turns([writing], runs)[_WRITING]
        sizes = {path: path.stat().st_size for path in site.rglob("*") if path.is_file()}
        return WrittenReport(
            accounts=accounts,
            timing=timing,
            files=len(sizes),
            mebibytes=sum(sizes.values()) / _MEBIBYTE,
            listed_mebibytes=listed_bytes(site, sizes) / _MEBIBYTE,
            answers=_look(site, runs),
        )


def report_rows(report: WrittenReport) -> Iterator[Row | LeftOut]:
    """Yield what a site took, what it is and how it answers."""
    work = f"report of {report.accounts:,} accounts"
    yield Row(work=f"{work}, CPU", figure=report.timing.cpu_seconds, unit="s", aim=Aim(most=8, of_figure=True))
    yield Row(work=f"{work}, memory", figure=report.timing.peak_mebibytes, unit="MiB")
    yield Row(work=f"{work}, its {report.files:,} files", figure=report.mebibytes, unit="MiB")
    yield Row(work=f"{work}, what the list loads", figure=report.listed_mebibytes, unit="MiB")
    if report.answers is None:
        yield LeftOut(work=f"{work}, in a browser", why="Chromium or Playwright is not installed.")
        return
    yield Row(work="the list in Chromium, loaded", figure=report.answers.loaded, unit="ms")
    yield Row(work="from a key to the rows found", figure=report.answers.key, unit="ms")
    yield Row(work="the slowest key", figure=report.answers.slowest_key, unit="ms")
    yield Row(work="from a click to the rows sorted", figure=report.answers.sort, unit="ms")


def listed_bytes(site: Path, sizes: Mapping[Path, int]) -> int:
    """Return the size of the first page and of the scripts and style sheets that it loads."""
    first = site / "index.html"
    loaded = {site / path for path in _LOADS.findall(first.read_text(encoding="utf-8"))}
    return sum(size for path, size in sizes.items() if path in {first, *loaded})


def _look(site: Path, runs: int) -> Answers | None:
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None or importlib.util.find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # root has no sandbox: Chromium would not start
        started = playwright.chromium.launch(
            executable_path=browser, args=["--disable-gpu"], chromium_sandbox=os.geteuid() != 0
        )
        page = started.new_page(viewport={"width": 1200, "height": 900})
        looks = [_look_once(page, site) for _ in range(runs)]
        started.close()
    keys = [key for look in looks for key in look[1]]
    return Answers(
        loaded=_median(look[0] for look in looks),
        key=_median(keys),
        slowest_key=max(keys),
        sort=_median(look[2] for look in looks),
    )


def _look_once(page: Page, site: Path) -> tuple[float, list[float], float]:
    """Return how long loading, every key and sorting took, in milliseconds."""
    page.goto("about:blank")
    page.goto((site / "index.html").as_uri())
    page.locator("main table tbody tr").first.wait_for()
    loaded = float(page.evaluate(_LOADED))
    sort = float(page.evaluate(_SORT))
    keys = [float(page.evaluate(_KEY, key)) for key in _KEYSTROKES]
    return loaded, keys, sort


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)
