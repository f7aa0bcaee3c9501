"""What holds for every test, whatever it is started from."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from reconciler.model.cisystems import CI_SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEM = Path(__file__).parent / "system"
_OF_THE_SYSTEM_EXTRA = "playwright"
_FROM_OUTSIDE = (
    "RECONCILER_", "SMTP_", "SSL_CERT_FILE", "PG", "CI", "GITHUB_", "GITLAB_", "BUILD_",
    "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS",
    *(name.rstrip("*") for system in CI_SYSTEMS for mark in system.marks for name in mark),
)  # fmt: skip
"""The beginnings of the variables that would change what the tests see, CI systems' among them."""


@pytest.fixture(scope="session", autouse=True)
def _no_variables_of_the_caller() -> Iterator[None]:
    """Run every test as at a desk: in a CI job the command trusts less, and its tests run in such jobs."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [each for each in os.environ if each.startswith(_FROM_OUTSIDE)]:
            patched.delenv(name)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run take some rows of each table only."""
    parser.addoption("--rows", type=int, help="of each table of cases, take this many rows, spread over all of it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out rows of tables, where ``--rows`` asks for it; no test function is left out as a whole.

    Nor is a row of those that are marked ``every_row``: what they are about may differ by the version of a package or
    of Python, row by row.
    """
    rows = config.getoption("--rows")
    if rows is None:
        return
    tables: dict[str, list[pytest.Item]] = {}
    for item in items:
        tables.setdefault(item.nodeid.partition("[")[0], []).append(item)
    kept = {table[number * len(table) // rows] for table in tables.values() for number in range(rows)}
    kept.update(item for item in items if item.get_closest_marker("every_row") is not None)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def pytest_configure() -> None:
    """Have no test fail for the machine's slowness, and let Ctrl-C and the end of a terminal or a job reach the tests' programs.

    They would ignore these where the tests were started with them ignored, in the background or by ``nohup``; the tests
    themselves go on then as they were meant to, for what is handled here is no longer handled in a program that is run.
    """
    settings.register_profile("unhurried", settings.default, deadline=None)
    settings.load_profile("unhurried")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)


def pytest_xdist_auto_num_workers() -> int | None:
    """Return two workers for each core: tests of mail servers wait, and another test can work then.

    None, which leaves the number to xdist, where its variable says one.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2 * (os.cpu_count() or 1)


def pytest_collection(session: pytest.Session) -> None:
    """Collect the tests without looking for garbage: all that is made is kept."""
    gc.disable()
    workers = getattr(session.config, "workerinput", None)
    if workers is not None and session.config.args == session.config.getini("testpaths"):
        _import_share(int(workers["workerid"].removeprefix("gw")), workers["workercount"])


def _import_share(number: int, workers: int) -> None:
    """Import one share of all test modules before the rest, so that of several workers each compiles what none has yet.

    Where there is no bytecode, all of them would compile every module at the same time. What cannot be imported is told
    when it is collected.
    """
    folder = Path(__file__).parent
    modules = sorted(path for path in folder.rglob("test_*.py") if not path.is_relative_to(_SYSTEM))
    for path in modules[number::workers]:
        with contextlib.suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(path.relative_to(folder.parent).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later search for garbage; ten thousand tests are much to look over."""
    gc.freeze()
    gc.enable()


def pytest_report_header() -> list[str]:
    """Say what is left out, and how to have it."""
    return [] if _has_system_extra() else ["tests/system is left out: `make test-system` installs what it needs"]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the system tests where they are not wanted, or what they import was never installed."""
    if collection_path != _SYSTEM:
        return None
    is_unwanted = config.option.markexpr == "not system"
    return is_unwanted or not _has_system_extra() or None


def _has_system_extra() -> bool:
    """Tell whether the system tests' packages are there; where CI is set, missing ones are an error of the import."""
    return "CI" in os.environ or importlib.util.find_spec(_OF_THE_SYSTEM_EXTRA) is not None
