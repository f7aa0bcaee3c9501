"""The servers of these tests leave nothing behind, and what is missing is never passed over in CI."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.cli.project import CHECKOUT, environment
from tests.system.support import processes
from tests.system.support.processes import LOOPBACK, DidNotStart, free_ports, program, retried, running
from tests.system.support.proxies import running_proxy
from tests.system.support.shared import made_once

if TYPE_CHECKING:
    from pathlib import Path

_SUITE = {
    "conftest.py": "from tests.system.conftest import pytest_collection_modifyitems, pytest_xdist_make_scheduler\n",
    **dict.fromkeys(
        (f"tests/system/{name}.py" for name in ("test_crashes", "browser/test_a", "browser/test_b", "test_c")),
        "import pytest\n@pytest.mark.parametrize('row', range(6))\ndef test(row): pass\n",
    ),
}
_LISTEN = """
import socket, subprocess, sys
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
child = subprocess.Popen(["sleep", "600"])
print(child.pid, flush=True)
child.wait()
"""


def test_what_a_server_started_ends_with_it(tmp_path: Path) -> None:
    """A child of the server is gone after the block, and the port is free again."""
    (port,) = free_ports(1)
    log = tmp_path / "log"
    with running([sys.executable, "-c", _LISTEN, str(port)], ports=[port], log=log) as process:
        (child,) = processes.wait_for(lambda: process.children() or None, "the child")
    assert [False, False] == [psutil.pid_exists(each.pid) for each in (process, child)]
    with socket.socket() as probe:
        probe.bind((LOOPBACK, port))


def test_a_server_that_ends_at_once_is_told_with_its_words(tmp_path: Path) -> None:
    """What the server printed is in the error; it is started again a few times before, for its port may be taken."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", "print('no such setting', flush=True)"]
    with (
        pytest.raises(DidNotStart, match="no such setting"),
        retried(lambda: running(command, ports=free_ports(1), log=log)),
    ):
        pass
    assert 3 == log.read_text(encoding="utf-8").count("no such setting")


def test_a_proxy_leaves_nothing_behind(tmp_path: Path) -> None:
    """A proxy that gives up its rights and forks is ended with all its processes."""
    tmp_path.chmod(0o755)
    with running_proxy("squid", tmp_path) as started:
        holders = [each.pid for each in psutil.process_iter() if str(tmp_path) in " ".join(_command_line(each))]
        assert holders
    assert [pid for pid in holders if psutil.pid_exists(pid)] == []
    with socket.socket() as probe:
        assert probe.connect_ex((LOOPBACK, started.port)) != 0


@pytest.mark.parametrize(("is_ci", "outcome"), [(False, "Skipped"), (True, "Failed")])
def test_a_missing_program_is_skipped_but_never_in_ci(
    monkeypatch: pytest.MonkeyPatch, outcome: str, *, is_ci: bool
) -> None:
    """Where CI is set a missing program fails the test, elsewhere the test is skipped, both with its name."""
    monkeypatch.setattr(processes, "_IS_CI", is_ci)
    with pytest.raises(BaseException, match="no-such-program") as refusal:
        program("no-such-program")
    assert outcome == refusal.type.__name__


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def test_what_shares_something_costly_runs_in_one_process(tmp_path: Path) -> None:
    """Each file's tests run in one of two processes, the browser's all in the same; only the crashes' are spread."""
    for name, text in _SUITE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--no-loadscope-reorder"]
    ran = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "-p", "no:cacheprovider", "--import-mode=importlib", str(tmp_path)],
        cwd=tmp_path,
        env={**environment(), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert 0 == ran.returncode, ran.stdout
    processes_of: dict[str, set[str]] = {}
    for process, file in re.findall(r"\[(gw\d)\].* PASSED tests/system/(\w+)[./]", ran.stdout):
        processes_of.setdefault(file, set()).add(process)
    assert {"browser": 1, "test_c": 1, "test_crashes": 2} == {file: len(each) for file, each in processes_of.items()}


def test_several_processes_make_a_folder_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of many who ask for it at once one makes it, and all get the same; what a failure left is made anew."""
    made: list[Path] = []

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no room")

    def make(folder: Path) -> None:
        assert [] == list(folder.iterdir())
        made.append(folder)

    with pytest.raises(OSError, match="no room"):
        made_once(tmp_path_factory, "support-made-once", fail)
    with ThreadPoolExecutor(8) as pool:  # a lock of a file is held by whoever opened it, threads among them
        asked = [pool.submit(made_once, tmp_path_factory, "support-made-once", make) for _ in range(8)]
        found = {each.result() for each in asked}
    assert made == list(found)
