"""Servers for the system tests, each started once for all tests, and only where a test asks for it."""

from __future__ import annotations

import os
import random
import tempfile
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.support.dovecot import running_dovecot
from tests.system.support.keys import Keys, write_keys
from tests.system.support.nameservers import running_name_server
from tests.system.support.postfix import Postfix, running_postfix
from tests.system.support.processes import retried
from tests.system.support.proxies import running_proxy
from tests.system.support.scheduling import Grouped, turn_of
from tests.system.support.sending import World, running_world
from tests.system.support.shared import made_once
from tests.system.support.wheels import write_wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xdist.remote import Producer

    from tests.system.support.proxies import RunningProxy

_HERE = Path(__file__).parent


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder as a system test."""
    if item.path.is_relative_to(_HERE):
        item.add_marker(pytest.mark.system)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest."""
    items.sort(key=lambda item: turn_of(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Grouped:
    """Hand the tests out in groups that share what is costly."""
    return Grouped(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell at the end what was not run, and why, on lines that .ci/run repeats at its own end."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ())}
    for reason in sorted(reasons):
        terminalreporter.write_line(f"NOT RUN: {reason.removeprefix('Skipped: ')}")


@pytest.fixture
def moments() -> random.Random:
    """Return the source of moments."""
    seed = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"CRASH_SEED={seed}")  # noqa: T201 - shown with a failure
    return random.Random(seed)  # noqa: S311 - repeatable moments are wanted


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """Return a folder that servers may read whatever user they run as; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory(prefix="reconciler-system-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of wheels from which the tool is installed with no network."""
    return made_once(tmp_path_factory, "wheels", write_wheels)


@pytest.fixture(scope="session")
def keys(scratch: Path) -> Keys:
    """Return the certificates of the servers."""
    folder = scratch / "keys"
    folder.mkdir()
    return write_keys(folder)


@pytest.fixture(scope="session")
def login_socket(scratch: Path) -> Iterator[Path]:
    """Run Dovecot; return the socket at which it decides logins."""
    folder = scratch / "dovecot"
    folder.mkdir()
    with running_dovecot(folder) as path:
        yield path


@pytest.fixture(scope="session")
def postfix(scratch: Path, login_socket: Path, keys: Keys) -> Iterator[Postfix]:
    """Run Postfix with all its ports."""
    folder = scratch / "postfix"
    folder.mkdir()
    with retried(lambda: running_postfix(folder, login_socket=login_socket, keys=keys)) as started:
        yield started


@pytest.fixture(scope="session")
def proxy(scratch: Path) -> Iterator[Callable[[str], RunningProxy]]:
    """Return a function that runs one of ``support.proxies.PROXIES`` by name, each once."""
    with ExitStack() as running:

        @cache
        def start(name: str) -> RunningProxy:
            folder = scratch / name
            folder.mkdir()
            folder.chmod(0o755)
            return running.enter_context(retried(partial(running_proxy, name, folder)))

        yield start


@pytest.fixture(scope="session")
def name_server(scratch: Path) -> Iterator[Callable[[str], str]]:
    """Return a function that runs one of ``support.nameservers.NAME_SERVERS`` by name, each once."""
    with ExitStack() as running:

        @cache
        def start(name: str) -> str:
            folder = scratch / name
            folder.mkdir()
            return running.enter_context(retried(partial(running_name_server, name, folder)))

        yield start


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """Return a project with three accounts, at a server with STARTTLS and one with TLS from the first byte."""
    with running_world(tmp_path, monkeypatch, capsys) as made:
        yield made
