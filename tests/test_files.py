"""A folder of ours is replaced whole, or not at all, and nobody else's is touched; files are opened where they lie."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.files import (
    ForeignFolder,
    keep_out_of_git,
    read_in_place,
    read_regular_file,
    replace_file,
    replace_folder,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = ".ours"


def contents(folder: Path) -> dict[str, str]:
    """Return the files below a folder, by path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_a_new_folder_holds_the_files_and_the_mark(tmp_path: Path) -> None:
    """Folders that are missing are made, line ends stay, and nothing else is left beside it."""
    folder = tmp_path / "deep" / "site"
    assert 2 == replace_folder(folder, [("index.html", "a\r\nb\n"), ("accounts/x.html", "ż")], mark=MARK)
    assert {"index.html", "accounts/x.html", MARK} == set(contents(folder))
    assert b"a\r\nb\n" == (folder / "index.html").read_bytes()
    assert [folder] == list((tmp_path / "deep").iterdir())


@pytest.mark.parametrize("is_there", [True, False])
def test_the_folder_has_the_mode_that_the_users_programs_give(tmp_path: Path, *, is_there: bool) -> None:
    """A web server can read it where it can read other new folders."""
    folder = tmp_path / "site"
    if is_there:
        folder.mkdir()
    replace_folder(folder, [("index.html", "")], mark=MARK)
    other = tmp_path / "other"
    other.mkdir()
    assert other.stat().st_mode == folder.stat().st_mode


def test_what_was_written_before_goes(tmp_path: Path) -> None:
    """The second report has none of the first one's pages."""
    folder = tmp_path / "site"
    replace_folder(folder, [("accounts/gone.html", "")], mark=MARK)
    replace_folder(folder, [("accounts/new.html", "")], mark=MARK)
    assert {"accounts/new.html": "", MARK: ""} == contents(folder)
    assert [folder] == list(tmp_path.iterdir())


def test_a_folder_with_something_else_in_it_is_left(tmp_path: Path) -> None:
    """Nobody's files are lost because a folder was named wrongly."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.txt").write_text("long work", encoding="utf-8")
    with pytest.raises(ForeignFolder, match="holds something else"):
        replace_folder(tmp_path / "site", [("index.html", "")], mark=MARK)
    assert {"site/thesis.txt": "long work"} == contents(tmp_path)


def test_what_comes_into_the_folder_meanwhile_is_left(tmp_path: Path) -> None:
    """The folder is looked at again before it is replaced."""
    folder = tmp_path / "site"

    def files() -> Iterator[tuple[str, str]]:
        folder.mkdir()
        (folder / "thesis.txt").write_text("long work", encoding="utf-8")
        yield "index.html", ""

    with pytest.raises(ForeignFolder):
        replace_folder(folder, files(), mark=MARK)
    assert {"site/thesis.txt": "long work"} == contents(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Neither a link in place of the folder nor one in place of the mark opens another folder."""
    ours, linked, foreign = tmp_path / "ours", tmp_path / "linked", tmp_path / "foreign"
    replace_folder(ours, [("index.html", "old")], mark=MARK)
    linked.symlink_to(ours)
    with pytest.raises(ForeignFolder, match="symbolic link"):
        replace_folder(linked, [("index.html", "new")], mark=MARK)
    foreign.mkdir()
    (foreign / MARK).symlink_to(ours / MARK)
    with pytest.raises(ForeignFolder, match="holds something else"):
        replace_folder(foreign, [("index.html", "new")], mark=MARK)
    assert "old" == (ours / "index.html").read_text(encoding="utf-8")


def test_a_link_inside_the_folder_leads_nowhere(tmp_path: Path) -> None:
    """What is replaced is removed as it stands; what its links lead to stays."""
    folder, outside = tmp_path / "site", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept", encoding="utf-8")
    replace_folder(folder, [("index.html", "")], mark=MARK)
    (folder / "accounts").symlink_to(outside)
    replace_folder(folder, [("accounts/x.html", "new")], mark=MARK)
    assert {"kept.txt": "kept"} == contents(outside)
    assert not (folder / "accounts").is_symlink()


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    """A file in the place of the folder is somebody's, and stays."""
    (tmp_path / "site").write_text("a file", encoding="utf-8")
    with pytest.raises(ForeignFolder, match="is not a folder"):
        replace_folder(tmp_path / "site", [], mark=MARK)


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/x", "a//b", ".hidden", "a/.git", "", "a/", "ż", "a\nb", "C:x", "a\\b"]
)
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    """A path that is not plainly one inside the folder is refused, and nothing is left of the attempt."""
    with pytest.raises(ValueError, match="leads out"):
        replace_folder(tmp_path / "site", [(path, "x")], mark=MARK)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError, RuntimeError])
def test_what_was_there_stays_whole_when_writing_is_interrupted(tmp_path: Path, failure: type[BaseException]) -> None:
    """Ctrl-C or a full disk in the middle leaves the old folder, and nothing beside it."""
    folder = tmp_path / "site"
    replace_folder(folder, [("index.html", "old")], mark=MARK)

    def files() -> Iterator[tuple[str, str]]:
        yield "index.html", "new"
        raise failure

    with pytest.raises(failure):
        replace_folder(folder, files(), mark=MARK)
    assert {"index.html": "old", MARK: ""} == contents(folder)
    assert [folder] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["site", "written"])
def test_a_signal_between_the_two_steps_of_the_exchange_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Ctrl-C just after the old folder went aside, or just after the new one took its place, leaves one of the two."""
    folder = tmp_path / "site"
    replace_folder(folder, [("index.html", "old")], mark=MARK)
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        if self.name == name:
            monkeypatch.setattr(Path, "rename", rename)
            raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_folder(folder, [("index.html", "new")], mark=MARK)
    assert {"index.html": "old" if name == "site" else "new", MARK: ""} == contents(folder)
    assert [folder] == list(tmp_path.iterdir())


def test_what_was_there_comes_back_when_the_new_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two steps of the exchange nothing is lost."""
    folder = tmp_path / "site"
    replace_folder(folder, [("index.html", "old")], mark=MARK)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == "written":
            raise OSError(5, "input or output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="input or output"):
        replace_folder(folder, [("index.html", "new")], mark=MARK)
    assert {"index.html": "old", MARK: ""} == contents(folder)
    assert [folder] == list(tmp_path.iterdir())


def test_a_path_is_opened_without_following_links(tmp_path: Path) -> None:
    """A link at any step of a path is an error of its own, as is what is no plain file; a plain one is read."""
    root = tmp_path.resolve()
    (root / "in").mkdir()
    (root / "in" / "file").write_bytes(b"12345")
    (root / "way").symlink_to("in")
    (root / "in" / "link").symlink_to("file")
    os.mkfifo(root / "in" / "pipe")
    assert b"123" == read_in_place(root / "in" / "file", 2)
    for path in ("way/file", "in/link", "in", "in/pipe", "in/none", "none/file", "in/file/x"):
        with pytest.raises(OSError, match=r"\S"):
            read_in_place(root / path, 10)


def test_a_link_is_not_followed_where_that_is_asked(tmp_path: Path) -> None:
    """A file is read either way, a link only where it may be followed."""
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert b"12345" == read_regular_file(tmp_path / "link", 10)
    assert b"12345" == read_regular_file(tmp_path / "file", 10, follows_link=False)
    with pytest.raises(OSError, match=r"\S"):
        read_regular_file(tmp_path / "link", 10, follows_link=False)


def test_what_says_the_same_stays_the_same_file(tmp_path: Path) -> None:
    """A page that did not change keeps its file and its time; one that did, and a link or a second name, are written anew."""
    folder = tmp_path / "site"
    replace_folder(folder, [(f"accounts/{name}.html", "same") for name in "abcd"], mark=MARK)
    before = {name: (folder / f"accounts/{name}.html").stat() for name in "abcd"}
    (tmp_path / "elsewhere").write_text("same", encoding="utf-8")
    (folder / "accounts/c.html").unlink()
    (folder / "accounts/c.html").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "second").hardlink_to(folder / "accounts/d.html")
    texts = {"a": "same", "b": "other", "c": "same", "d": "same"}
    replace_folder(folder, [(f"accounts/{name}.html", text) for name, text in texts.items()], mark=MARK)
    after = {name: (folder / f"accounts/{name}.html").lstat() for name in "abcd"}
    assert texts == {name: (folder / f"accounts/{name}.html").read_text("utf-8") for name in "abcd"}
    assert before["a"].st_ino == after["a"].st_ino
    assert before["a"].st_mtime_ns == after["a"].st_mtime_ns
    assert 1 == after["a"].st_nlink
    assert before["b"].st_ino != after["b"].st_ino
    assert stat.S_ISREG(after["c"].st_mode)
    assert before["d"].st_ino != after["d"].st_ino


@pytest.mark.parametrize("limit", [0, 10, 4096, 1 << 40])
def test_a_file_that_tells_no_size_is_read_to_its_limit(limit: int) -> None:
    """Files of the system say that they are empty; and no room is taken for more than there is, whatever the limit."""
    whole = Path("/proc/self/limits").read_bytes()
    assert whole[: limit + 1] == read_regular_file(Path("/proc/self/limits"), min(limit, 1 << 20))
    file = Path(__file__)
    assert file.read_bytes()[: limit + 1] == read_regular_file(file, limit)


def test_python_reads_a_module_that_is_replaced_within_the_second(tmp_path: Path) -> None:
    """Its bytecode is taken for that of a file of the same size and second, so each is of a later second."""
    module = tmp_path / "settings.py"
    environ = {each: value for each, value in os.environ.items() if each != "PYTHONDONTWRITEBYTECODE"}
    for value in "12345":
        replace_file(module, f"NAME = {value}\n".encode(), is_later=True)
        program = [sys.executable, "-c", "import settings; print(settings.NAME)"]
        read = subprocess.run(program, cwd=tmp_path, env=environ, capture_output=True, check=True, encoding="utf-8")
        assert f"{value}\n" == read.stdout


def test_git_ignores_a_folder_although_the_disk_was_full_once(tmp_path: Path) -> None:
    """A .gitignore that could not be written is not there, and an empty one, as an earlier version left it, is filled."""
    program = (
        "import pathlib, resource, sys\n"
        "from reconciler.files import keep_out_of_git\n"
        "sys.dont_write_bytecode = True\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "keep_out_of_git(pathlib.Path(sys.argv[1]))\n"
    )
    failed = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=False)
    assert b"File too large" in failed.stderr
    assert [] == list(tmp_path.iterdir())
    (tmp_path / ".gitignore").touch()
    keep_out_of_git(tmp_path)
    assert {".gitignore": "*\n"} == contents(tmp_path)


@pytest.mark.parametrize("content", ["*\n", "!state.db\n"])
def test_a_gitignore_that_is_there_is_left(tmp_path: Path, content: str) -> None:
    """What somebody wrote into it stands."""
    (tmp_path / ".gitignore").write_text(content, encoding="utf-8")
    keep_out_of_git(tmp_path)
    assert {".gitignore": content} == contents(tmp_path)
