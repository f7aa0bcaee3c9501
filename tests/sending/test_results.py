"""The results file: what it belongs to, what a torn or foreign one is, and who may use it."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import InvalidInput
from reconciler.model.mail.sending import SendRecord
from reconciler.sending import open_results
from reconciler.sending.linemarks import LineMarks
from tests.sending.letters import NOW, header
from tests.support.limits import files_limited_to

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.mail.sending import Stage


def record(line: int, outcome: Stage) -> SendRecord:
    """Return a record of a contact."""
    return SendRecord(line=line, contact=f"{line}@example.net", outcome=outcome, at=NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file that tells of one contact that was accepted, on line 2, and one that was refused, on line 3."""
    with open_results(tmp_path / "r.jsonl", header()) as results:
        for line, outcome in ((2, "attempting"), (2, "accepted"), (3, "refused")):
            results.record(record(line, outcome))  # type: ignore[arg-type]
    return tmp_path / "r.jsonl"


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    """It holds addresses, so nobody else may read it."""
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_what_was_recorded_is_known_to_the_next_run(path: Path) -> None:
    """The last record of a contact counts; the id, and so the Message-IDs, stay those of the first run."""
    with open_results(path, header(id="f" * 32)) as results:
        assert ["accepted", "refused", None] == [results.stage(line) for line in (2, 3, 4)]
        assert 1 == results.total().accepted
        assert 1 == results.total().refused
        assert 0 == results.this_run().accepted
        assert header().id == results.header.id


@pytest.mark.parametrize("outcome", ["attempting", "accepted"])
def test_a_torn_last_line_is_cut_off_wherever_it_ends(path: Path, outcome: Stage) -> None:
    """However much of the last record reached the disk, the file is read, and written on as whole lines."""
    before = path.read_bytes()
    with open_results(path, header()) as results:
        if outcome == "accepted":
            results.record(record(4, "attempting"))
        results.record(record(4, outcome))
    whole = path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(whole)):
        path.write_bytes(whole[:end])
        with open_results(path, header()) as results:
            expected = [] if outcome == "attempting" else [4]
            assert expected == [each.line for each in results.in_flight], end
            assert ("unknown" if outcome == "accepted" else None) == results.stage(4)
        assert path.read_bytes().startswith(before)
        assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_a_torn_header_is_begun_anew(path: Path) -> None:
    """A run that was killed while it wrote the first line has sent nothing."""
    first = path.read_bytes().partition(b"\n")[0]
    for end in sorted({*range(20), *range(20, len(first), 9), len(first)}):
        path.write_bytes(first[:end])
        with open_results(path, header(id="e" * 32)) as results:
            assert ("e" * 32, 0) == (results.header.id, results.total().accepted)


def test_what_was_in_flight_is_told_once_and_never_due_again(path: Path) -> None:
    """A message that was being attempted when a run ended is of unknown fate from then on."""
    with open_results(path, header()) as results:
        results.record(record(5, "attempting"))
    with open_results(path, header()) as results:
        assert [(5, "5@example.net")] == [(each.line, each.contact) for each in results.in_flight]
        assert ("unknown", 0) == (results.stage(5), results.this_run().unknown)
    with open_results(path, header()) as results:
        assert () == results.in_flight
        assert "unknown" == results.stage(5)
        assert 1 == results.total().unknown


@pytest.mark.parametrize("name", ["lineage", "account", "settings", "message", "contacts"])
def test_a_file_of_something_else_is_refused(path: Path, name: str) -> None:
    """Another state, account, setting, message or contacts file: each is refused, and the file stays as it is."""
    before = path.read_bytes()
    with pytest.raises(InvalidInput) as refused, open_results(path, header(**{name: "other"})):
        pass
    assert ["resultsMismatch"] == [each.code for each in refused.value.diagnostics]
    assert before == path.read_bytes()


@pytest.mark.parametrize("name", ["lineage", "account", "settings", "message", "contacts"])
def test_a_file_that_tells_of_nobody_is_begun_anew(tmp_path: Path, name: str) -> None:
    """A run that ended before its first contact binds nobody: once it is mended, the same file serves."""
    wanted = header(**{name: "other"}, id="f" * 32)
    with open_results(tmp_path / "r.jsonl", header()):
        pass
    with open_results(tmp_path / "r.jsonl", wanted) as results:
        assert wanted == results.header
        results.record(record(2, "accepted"))
    lines = (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()
    assert (2, "f" * 32) == (len(lines), json.loads(lines[0])["id"])


@pytest.mark.parametrize(
    "content",
    [
        b"email,name\none@example.net,One\n",
        b"email,name",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"\n",
        b'{"formatVersion": "2.0"}\n',
        b'{"formatVersion": "1.0"}\n',
        b"[" * 50_000 + b"\n",
        b"x" * 100_000,
        b"\xff\xfe\n",
    ],
)
def test_a_foreign_file_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    """Whatever is named by mistake, such as the contacts, is not overwritten."""
    path = tmp_path / "r"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused, open_results(path, header()):
        pass
    assert ["resultsUnusable"] == [each.code for each in refused.value.diagnostics]
    assert content == path.read_bytes()


def test_a_file_of_another_format_is_told_as_one(path: Path) -> None:
    """A later version's file was written by us: it is named with both formats, and left as it is."""
    later = path.read_bytes().replace(b'"formatVersion":"1.', b'"formatVersion":"2.', 1)
    path.write_bytes(later)
    with pytest.raises(InvalidInput) as refused, open_results(path, header()):
        pass
    (problem,) = refused.value.diagnostics
    assert ("resultsUnusable", True) == (problem.code, "has format 2." in problem.detail)
    assert "not one that reconciler wrote" not in problem.detail
    assert later == path.read_bytes()


@pytest.mark.parametrize("line", [b"{}\n", b"nonsense\n", b"\n", b'{"line": 99999999999}\n', b"x" * 70_000 + b"\n"])
def test_a_damaged_line_in_the_middle_is_refused(path: Path, line: bytes) -> None:
    """A line that is no record means that nobody knows who has got the message; it is named."""
    whole = path.read_bytes() + line + path.read_bytes().splitlines(keepends=True)[-1]
    path.write_bytes(whole)
    with pytest.raises(InvalidInput) as refused, open_results(path, header()):
        pass
    assert "Line 5 of" in refused.value.diagnostics[0].detail
    assert whole == path.read_bytes()


def test_two_runs_do_not_use_one_file(path: Path) -> None:
    """The second is refused while the first has the file, and may have it afterwards."""
    with open_results(path, header()):
        with pytest.raises(InvalidInput) as refused, open_results(path, header()):
            pass
        assert ["resultsInUse"] == [each.code for each in refused.value.diagnostics]
    with open_results(path, header()) as results:
        assert "accepted" == results.stage(2)


def test_a_link_that_leads_to_no_file_is_refused(tmp_path: Path) -> None:
    """Nothing is made where it leads; a link to a file of ours is that file, and a folder's link is the folder."""
    path, aim = tmp_path / "r.jsonl", tmp_path / "elsewhere" / "aim"
    aim.parent.mkdir()
    path.symlink_to(aim)
    with pytest.raises(InvalidInput) as refused, open_results(path, header()):
        pass
    assert [("resultsUnusable", True)] == [
        (each.code, "it is a link that leads to no file" in each.detail) for each in refused.value.diagnostics
    ]
    assert [] == list(aim.parent.iterdir())
    (tmp_path / "linked").symlink_to(aim.parent)
    with open_results(tmp_path / "linked" / "aim", header()):
        pass
    with open_results(path, header()) as results:
        assert header().id == results.header.id


@pytest.mark.parametrize(
    ("mode", "rights"), [(0o600, 0), (0o644, 0o044), (0o660, 0o060), (0o400 | 0o200 | 0o007, 0o007)]
)
def test_the_rights_that_others_have_to_a_file_are_known(path: Path, mode: int, rights: int) -> None:
    """A file that is there keeps its mode, so that it can be told."""
    path.chmod(mode)
    with open_results(path, header()) as results:
        assert rights == results.rights_of_others
    assert mode == stat.S_IMODE(path.stat().st_mode)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe and a missing folder are refused at once, and nothing waits."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "missing/r", "nul\0l"):
        with pytest.raises(InvalidInput) as refused, open_results(tmp_path / name, header()):
            pass
        assert ["resultsUnusable"] == [each.code for each in refused.value.diagnostics]


def test_a_full_disk_stops_the_run_and_the_file_can_be_gone_on_with(path: Path) -> None:
    """A record that does not fit raises, and half of it is cut off by the next run."""
    size = path.stat().st_size
    with open_results(path, header()) as results, files_limited_to(size + 10), pytest.raises(InvalidInput) as refused:
        results.record(record(4, "attempting"))
    assert ["resultsUnusable"] == [each.code for each in refused.value.diagnostics]
    assert size + 10 == path.stat().st_size
    with open_results(path, header()) as results:
        assert (None, ()) == (results.stage(4), results.in_flight)
    assert size == path.stat().st_size


def test_the_lock_is_the_kernel_s(path: Path) -> None:
    """No lock can be left behind: it ends with the process, and is not a file of its own."""
    with open_results(path, header()), path.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert [path] == list(path.parent.iterdir())


def test_a_mark_takes_one_octet_a_line() -> None:
    """A million contacts take a megabyte, in whatever order they come."""
    marks = LineMarks()
    marks[1_000_000] = 3
    marks[5] = 3
    assert 3 == marks[5]
    assert 3 == marks[1_000_000]
    assert 0 == marks[6]
    assert 0 == marks[2_000_000]
    assert 2 == marks.count(3)
    assert len(marks._octets) < 1_100_000  # noqa: SLF001 - the size is what the test is about
