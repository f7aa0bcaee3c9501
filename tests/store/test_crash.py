"""Killed processes, and several at once: state is always what some number of whole transactions left."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateUnavailable
from reconciler.store import back_up_state, create_state, open_store
from tests.store.values import AT, LINEAGE, PROJECT, URL
from tests.support.processes import without_coverage

if TYPE_CHECKING:
    from reconciler.store import Store

ROOT = Path(__file__).parents[2]
KILLS = 20
WRITERS = 4
WRITES_EACH = 15

_WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from reconciler.store import open_store
from tests.support.processes import without_coverage
from tests.store.values import AT, PROJECT, URL, account, change, revision, route

def apply(store, accounts):
    with store.write() as transaction:
        number = transaction.state().serial + 1
        for index in range(accounts):
            name = f"sales-{index}"
            transaction.put_account(account(name, revision=number))
            transaction.put_routes(name, [route(f"smtp-{number}.example.com")])
        transaction.add_revision(revision(number, change("sales-0")))
        transaction.append_journal("apply", {"filler": "x" * 20000}, at=AT)
    return number

with open_store(URL, base=Path(sys.argv[1]), project=PROJECT) as store:
    print("ready", flush=True)
    for _ in range(int(sys.argv[2])):
        print(apply(store, int(sys.argv[3])), flush=True)
"""


def start_writer(base: Path, *, writes: int, accounts: int) -> subprocess.Popen[str]:
    """Start a process that applies so many times and prints each revision once it is committed."""
    command = [sys.executable, "-c", _WRITER, str(base), str(writes), str(accounts)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=without_coverage())


def require_whole(store: Store) -> int:
    """Fail unless the state is that of whole transactions; return how many."""
    state = store.read_state()
    assert {account.revision for account in state.accounts.values()} <= {state.serial}
    assert len(store.journal()) == state.serial
    assert len(store.revisions()) == state.serial
    assert store.check_journal().problems == ()
    return state.serial


def test_a_kill_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    """After kill -9 at random moments nothing is half-written, and nothing reported as applied is lost."""
    moments = random.Random(7)  # noqa: S311 - repeatable moments are wanted
    create_state(URL, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    reported = 0
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        for number in range(KILLS):
            writer = start_writer(tmp_path, writes=1000, accounts=60)
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            first = writer.stdout.readline() if number % 2 else ""  # a slow machine reports nothing by itself so soon
            try:
                writer.wait(timeout=moments.uniform(0.0, 0.12))
            except subprocess.TimeoutExpired:
                writer.send_signal(signal.SIGKILL)
            lines = (first + writer.stdout.read()).split("\n")[:-1]
            writer.wait()
            writer.stdout.close()
            reported = max([reported, *(int(line) for line in lines)])
            assert require_whole(store) in {reported, reported + 1}
            reported = store.read_state().serial
    assert reported > 0


def test_a_kill_while_a_state_is_made_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    """Kill -9 while a state is made leaves no state or one that opens, and making it again then works."""
    code = (
        "import sys; from pathlib import Path; from reconciler.store import create_state;"
        "import reconciler.store.sqlite.database;"
        "from tests.store.values import AT, LINEAGE, PROJECT, URL; print('ready', flush=True);"
        "create_state(URL, base=Path(sys.argv[1]), project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)"
    )
    moments = random.Random(3)  # noqa: S311 - repeatable moments are wanted
    for number in range(6):
        base = tmp_path / str(number)
        base.mkdir()
        command = [sys.executable, "-c", code, str(base)]
        maker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=without_coverage())
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
        try:
            maker.wait(timeout=moments.uniform(0.0, 0.03))
        except subprocess.TimeoutExpired:
            maker.kill()
        maker.communicate()
        exists = (base / ".reconciler" / "state.db").exists()
        made = create_state(URL, base=base, project=PROJECT, lineage="2", fingerprint_key_id=None, at=AT)
        assert made is not exists
        with open_store(URL, base=base, project=PROJECT) as store:
            assert require_whole(store) == 0


def test_writers_take_turns(tmp_path: Path) -> None:
    """Several processes that write at once each get every write done, one after the other."""
    create_state(URL, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    writers = [start_writer(tmp_path, writes=WRITES_EACH, accounts=5) for _ in range(WRITERS)]
    printed = [writer.communicate()[0].split()[1:] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    numbers = sorted(int(number) for lines in printed for number in lines)
    assert numbers == list(range(1, WRITERS * WRITES_EACH + 1))
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        assert require_whole(store) == WRITERS * WRITES_EACH


def test_copies_are_whole_while_others_write(tmp_path: Path) -> None:
    """Every backup taken while processes write is a state between two transactions, in their order."""
    create_state(URL, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    writers = [start_writer(tmp_path, writes=WRITES_EACH, accounts=5) for _ in range(2)]
    serials = []
    while any(writer.poll() is None for writer in writers):
        copy = tmp_path / "backup.db"
        back_up_state(URL, base=tmp_path, project=PROJECT, target=copy, replaces=True)
        with open_store("sqlite:///backup.db", base=tmp_path, project=PROJECT) as store:
            serials.append(require_whole(store))
    for writer in writers:
        writer.communicate()
    assert serials == sorted(serials)
    assert len(set(serials)) > 1


def test_a_state_is_made_once_by_several(tmp_path: Path) -> None:
    """Of several processes that make the same state at once, exactly one makes it."""
    code = (
        "import sys; from pathlib import Path; from reconciler.store import create_state;"
        "from tests.store.values import AT, LINEAGE, PROJECT, URL;"
        "print(create_state(URL, base=Path(sys.argv[1]), project=PROJECT, lineage=sys.argv[2],"
        " fingerprint_key_id=None, at=AT))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    makers = [
        subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=without_coverage())
        for number in range(WRITERS)
    ]
    printed = [maker.communicate()[0].strip() for maker in makers]
    assert sorted(printed) == ["False"] * (WRITERS - 1) + ["True"]
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        assert store.read_state().lineage == str(printed.index("True"))


def test_a_journal_left_by_a_kill_is_rolled_back(tmp_path: Path) -> None:
    """A reader that comes after a killed writer sees the old state, and the state stays usable."""
    create_state(URL, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    code = (
        "import os, sys; from pathlib import Path; from reconciler.store import open_store;"
        "from tests.store.values import AT, PROJECT, URL, account\n"
        "with open_store(URL, base=Path(sys.argv[1]), project=PROJECT) as store, store.write() as transaction:\n"
        "    for number in range(3000):\n"
        "        transaction.put_account(account(f'sales-{number}'))\n"
        "    transaction.append_journal('apply', {}, at=AT)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=without_coverage(), check=False
    )
    assert finished.returncode == -signal.SIGKILL
    assert (tmp_path / ".reconciler" / "state.db-journal").exists()
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        assert store.read_state().accounts == {}
        assert require_whole(store) == 0


def test_a_lock_is_waited_for_only_so_long(tmp_path: Path) -> None:
    """The time to wait for another process is what the store was opened with."""
    create_state(URL, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    with (
        open_store(URL, base=tmp_path, project=PROJECT) as holder,
        open_store(URL, base=tmp_path, project=PROJECT, busy_timeout_seconds=0.01) as other,
        holder.write(),
        pytest.raises(StateUnavailable),
        other.write(),
    ):
        pass  # pragma: no cover - never reached
