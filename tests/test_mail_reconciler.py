"""The command looks at its package before it runs it: a stranger's package of the same name is told, never imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mail_reconciler import what_overwrote
from reconciler import DISTRIBUTION, __version__

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).parents[1]
MARK = f'DISTRIBUTION = "{DISTRIBUTION}"\n'
SECONDS = 60


def place(folder: Path, start: str | None) -> Path:
    """Make a folder of packages whose ``reconciler`` begins with this text, or has no such file, and runs a canary."""
    package = folder / "reconciler"
    package.mkdir(parents=True)
    if start is not None:
        (package / "__init__.py").write_text(start, "utf-8")
    (package / "__main__.py").write_text("print('canary: imported')\ndef main(): print('canary: run')\n", "utf-8")
    (folder / "mail_reconciler.py").write_bytes((CHECKOUT / "mail_reconciler.py").read_bytes())
    return folder


def beside(name: str) -> Callable[[Path], None]:
    """Return what puts the metadata of a distribution beside the package."""
    return lambda folder: (folder / name).mkdir()


def nothing(_: Path) -> None:
    """Put nothing beside the package."""


FOREIGN = [
    pytest.param("print('canary: stranger')\n", nothing, "has overwritten it", id="overwritten"),
    pytest.param("", nothing, "has overwritten it", id="emptied"),
    pytest.param(f"# {MARK}", nothing, "has overwritten it", id="mark-in-a-comment"),
    pytest.param(None, nothing, "Its files are gone", id="removed"),
    pytest.param(MARK, beside("reconciler-0.2.1.dist-info"), "reconciler-0.2.1.dist-info lies beside it", id="beside"),
    pytest.param(MARK, beside("reconciler-0.2.1.egg-info"), "reconciler-0.2.1.egg-info lies beside it", id="egg"),
]
OURS = [
    pytest.param(nothing, id="alone"),
    pytest.param(beside("mail_reconciler-1.0.0.dist-info"), id="own-metadata"),
    pytest.param(beside("reconciler_tools-1.dist-info"), id="another-name"),
]


@pytest.mark.parametrize(("start", "put", "told"), FOREIGN)
def test_what_is_not_ours_is_told_and_not_run(
    tmp_path: Path, start: str | None, put: Callable[[Path], None], told: str
) -> None:
    """The command ends with 1, names the folder and the cure, and imports nothing of what lies there."""
    folder = place(tmp_path / "site", start)
    put(folder)
    program = "import mail_reconciler; mail_reconciler.main()"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert (1, "") == (ended.returncode, ended.stdout)
    assert told in ended.stderr
    assert "pip uninstall reconciler mail-reconciler" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("put", OURS)
def test_what_is_ours_runs(tmp_path: Path, put: Callable[[Path], None]) -> None:
    """The mark is there, and no metadata of the stranger's beside it."""
    folder = place(tmp_path / "site", MARK)
    put(folder)
    assert None is what_overwrote([str(folder)])


def test_the_package_of_this_checkout_is_whole() -> None:
    """Each way to start it runs our version."""
    assert None is what_overwrote([str(CHECKOUT)])
    for words in (["-m", "reconciler"], ["-c", "import mail_reconciler; mail_reconciler.main()"]):
        ended = subprocess.run(
            [sys.executable, *words, "--version"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS,
        )
        assert f"reconciler {__version__}\n" == ended.stdout


ENDED = """
import atexit, sys, threading
from reconciler.__main__ import command
atexit.register(print, "called at the end")
{before}
sys.argv = ["reconciler", *{words!r}]
command()
"""
WHILE_A_THREAD_RUNS = (
    "threading.Thread(target=lambda: (threading.main_thread().join(), print('the thread ended'))).start()"
)


@pytest.mark.parametrize(
    ("words", "code"), [(["--version"], 0), (["validate", "--project-dir"], 1), (["explain", "x"], 1)]
)
def test_the_process_ends_with_its_code_and_all_that_it_wrote(tmp_path: Path, words: list[str], code: int) -> None:
    """Nothing is freed at the end, and all the same output is out, and what was to be called at the end was called."""
    ended = _ended(tmp_path, words)
    assert code == ended.returncode
    assert ended.stdout.endswith("called at the end\n")
    assert len(ended.stdout + ended.stderr) > len("called at the end\n")


def test_the_process_waits_for_a_thread_that_still_runs(tmp_path: Path) -> None:
    """As Python does: what a thread has begun is not cut off."""
    ended = _ended(tmp_path, ["--version"], before=WHILE_A_THREAD_RUNS)
    assert 0 == ended.returncode
    assert "the thread ended\n" in ended.stdout


def _ended(folder: Path, words: list[str], before: str = "") -> subprocess.CompletedProcess[str]:
    program = ENDED.format(words=words, before=before)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=60
    )


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "2>/dev/full"])
def test_the_process_ends_as_python_does_where_output_is_closed(tmp_path: Path, closed: str) -> None:
    """A stream that is closed, or full, makes no other end of what needs it for nothing."""
    command = f'"$0" -c "from reconciler.__main__ import command, main; import sys; sys.argv = [\'reconciler\']; {{body}}" {closed}'
    codes = {
        subprocess.run(["sh", "-c", command.format(body=body), sys.executable], cwd=tmp_path, check=False).returncode
        for body in (
            f"import reconciler.cli.edge as edge; edge.run = lambda: 3; {end}()" for end in ("command", "main")
        )
    }
    assert len(codes) == 1
