"""What a killed process has left of a file or folder that it was writing goes with the next writing, and nobody else's does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reconciler.files import replace_file, replace_folder
from reconciler.sealedfiles import remove_files
from reconciler.store.sqlite.database import SqliteFile
from tests.cli.project import environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY_AND_MORE = 25 * 60 * 60


def write_file(path: Path) -> None:
    """Replace a file."""
    replace_file(path, b"after")


def write_folder(path: Path) -> None:
    """Replace a folder."""
    replace_folder(path, [("index.html", "after")], mark=".ours")


def write_state(path: Path) -> None:
    """Make a database, or write it anew."""
    if not SqliteFile(path).create(lambda _: None):
        SqliteFile(path).compact()


WRITERS: tuple[Callable[[Path], None], ...] = (write_file, write_folder, write_state)


def leave_unfinished(path: Path, write: Callable[[Path], None]) -> Path:
    """Write in a process that is killed just before the new one gets its name; return what is left of it."""
    program = (
        "import os, pathlib, signal, sys\n"
        f"from tests.test_unfinished import {write.__name__}\n"
        "def kill(*_, **__): os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.link = pathlib.Path.replace = pathlib.Path.rename = kill\n"
        f"{write.__name__}(pathlib.Path(sys.argv[1]))\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(path)], env=environment(), check=False)
    assert -signal.SIGKILL == killed.returncode
    (left,) = path.parent.iterdir()
    return left


def make_old(path: Path, seconds: float = DAY_AND_MORE) -> None:
    """Have a file or folder look as if nobody had written to it for so long."""
    at = path.lstat().st_mtime - seconds
    os.utime(path, (at, at), follow_symlinks=False)


@pytest.mark.parametrize("write", WRITERS, ids=lambda each: each.__name__)
def test_what_a_killed_process_has_left_goes_with_the_next_writing(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    """It stays only as long as somebody could be writing to it still."""
    place = tmp_path / "place"
    left = leave_unfinished(place, write)
    write(place)
    assert {place, left} == set(tmp_path.iterdir())
    make_old(left)
    write(place)
    assert {place} == set(tmp_path.iterdir())


@pytest.mark.parametrize("write", WRITERS, ids=lambda each: each.__name__)
def test_what_is_not_left_of_the_same_stays(tmp_path: Path, write: Callable[[Path], None]) -> None:
    """Another's, one with another kind of name, a link, a pipe: none is taken for something that was left of the file."""
    names = (
        ".other.abcdefgh.new",
        ".place.mine.new",
        ".place.abcdefgh.old",
        "place.abcdefgh.new",
        ".place.abcdefg.new",
    )
    for name in names:
        (tmp_path / name).write_bytes(b"theirs")
    (tmp_path / ".place.linklink.new").symlink_to(tmp_path / names[0])
    os.mkfifo(tmp_path / ".place.pipepipe.new")
    kept = set(tmp_path.iterdir())
    for each in kept:
        make_old(each)
    write(tmp_path / "place")
    write(tmp_path / "place")
    assert kept | {tmp_path / "place"} == set(tmp_path.iterdir())


def test_what_sqlite_kept_beside_it_goes_too(tmp_path: Path) -> None:
    """The journal of a database that was being made goes with it."""
    left = leave_unfinished(tmp_path / "state.db", write_state)
    left.with_name(f"{left.name}-journal").write_bytes(b"pages")
    make_old(left)
    write_state(tmp_path / "state.db")
    assert {tmp_path / "state.db"} == set(tmp_path.iterdir())


def test_what_is_left_among_sealed_files_goes_when_they_are_cleared(tmp_path: Path) -> None:
    """An erasure reaches what a killed process has left of evidence, whoever it is of; what is being written stays."""
    for name in (".a.json.abcdefgh.new", ".b.json.abcdefgh.new", "c.json"):
        (tmp_path / name).write_bytes(b'{"name": ')
    make_old(tmp_path / ".a.json.abcdefgh.new")
    assert () == remove_files(tmp_path, lambda _: False)
    assert {".b.json.abcdefgh.new", "c.json"} == {each.name for each in tmp_path.iterdir()}
