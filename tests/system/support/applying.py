"""Applies as processes of their own, and what must hold of the state that they leave, whichever database it is in."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.manifests import read_project
from reconciler.store import open_store
from tests.cli.project import command, environment, marketing_account
from tests.system.support.forked import Forked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.model.journal.entries import Revision
    from reconciler.store import Store

APPLY = ("apply", "--auto-approve", "--format", "json")
PROCESSES = 8
ACCOUNTS = 40


def names() -> list[str]:
    """Return the accounts' names."""
    return [f"news-{number:02}" for number in range(ACCOUNTS)]


def write_round(folder: Path, round_: int) -> None:
    """Declare every account with the display name of a round."""
    documents = (marketing_account(name).replace("Example News", f"Round {round_}") for name in names())
    replace(folder / "accounts.d" / "news.yaml", "---\n".join(documents))


def replace(path: Path, text: str) -> None:
    """Write a file whole, since others may be reading it."""
    draft = path.with_name(f".{path.name}.{threading.get_ident()}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def start_apply(folder: Path) -> subprocess.Popen[str]:
    """Start an apply as a process that imports everything itself."""
    return subprocess.Popen(
        command(*APPLY),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def reported_revision(out: str) -> int | None:
    """Return the revision that an apply reported; None where it did not come to that."""
    try:
        document = json.loads(out)
    except ValueError:
        return None
    revision: int | None = document["revision"] if document.get("status") == "applied" else None
    return revision


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """Open the state that the project file names."""
    state = read_project(folder / "reconciler.yaml").project.state
    with open_store(state, base=folder, project="mail") as store:
        yield store


def require_prefix(folder: Path) -> tuple[int, str | None]:
    """Fail unless state is whole and its journal holds; return its serial and the round that all accounts are of."""
    with opened(folder) as store:
        state = store.read_state()
        assert store.check_journal().problems == ()
        revisions = store.revisions()
        assert [revision.revision for revision in revisions] == list(range(state.serial, 0, -1))
        assert len(store.journal()) == state.serial
    rounds = {(account.spec["displayName"], account.revision) for account in state.accounts.values()}
    if not state.serial:
        assert not rounds
        return 0, None
    assert sorted(state.accounts) == names()
    ((found, revision),) = rounds
    assert revision == state.serial
    return state.serial, found


def wait(process: subprocess.Popen[str] | Forked, seconds: float) -> None:
    """Wait so long, or until the process has ended."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def seconds_to_the_end(process: Forked) -> float:
    """Wait until the process, just started, has ended; return how long it took."""
    began = time.monotonic()
    process.wait()
    return time.monotonic() - began


def require_revisions_of_all(folder: Path, rounds: int) -> None:
    """Let processes apply at once, each so many times, and fail unless every apply is a revision of its own or was refused as stale.

    Each applies to its own account and to one that all share; replaying the revisions must give the state.
    """
    for number in range(PROCESSES):
        write_one(folder, f"own-{number}", "Round 0")
    write_one(folder, "shared", "Round 0")
    assert reported_revision(start_apply(folder).communicate()[0]) is not None
    workers = [Worker(folder, number, rounds) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    reported = sorted(number for worker in workers for number in worker.revisions)
    codes = {code for worker in workers for code in worker.codes}
    print(f"{len(reported)} applied, {sum(worker.codes.count(5) for worker in workers)} stale")  # noqa: T201 - the record
    with opened(folder) as store:
        state, revisions, problems = store.read_state(), store.revisions(), store.check_journal().problems
        entries = len(store.journal())
    assert problems == ()
    assert codes <= {0, 5}
    assert reported == list(range(2, state.serial + 1))
    assert entries == state.serial
    assert replayed(revisions) == {name: account.spec["displayName"] for name, account in state.accounts.items()}
    last = {revision.revision: revision for revision in revisions}
    for worker in workers:
        for number, display_name in worker.revisions.items():
            assert display_name in after(last[number], f"own-{worker.number}")
    assert all(worker.revisions for worker in workers)


def write_one(folder: Path, name: str, display_name: str) -> None:
    """Declare one account."""
    replace(folder / "accounts.d" / f"{name}.yaml", marketing_account(name).replace("Example News", display_name))


def after(revision: Revision, name: str) -> list[str]:
    """Return what a revision made an account's display name."""
    return [
        field["after"]
        for change in revision.changes
        if change["name"] == name
        for field in change["fields"]
        if field["path"] == "spec.displayName"
    ]


def replayed(revisions: tuple[Revision, ...]) -> dict[str, str]:
    """Return the display names that the revisions, from the first on, come to."""
    names: dict[str, str] = {}
    for revision in reversed(revisions):
        for change in revision.changes:
            name = change["name"]
            names[name] = [names.get(name, ""), *after(revision, name)][-1]
    return names


class Worker(threading.Thread):
    """One who applies again and again, each time as a process of its own."""

    def __init__(self, folder: Path, number: int, rounds: int) -> None:
        """Work on the account of a number, so many times."""
        super().__init__()
        self.number = number
        self.revisions: dict[int, str] = {}
        self.codes: list[int] = []
        self._folder = folder
        self._rounds = rounds

    def run(self) -> None:
        """Declare another display name and apply it, every third time together with the shared account."""
        for round_ in range(1, self._rounds + 1):
            display_name = f"Round {round_} of {self.number}"
            write_one(self._folder, f"own-{self.number}", display_name)
            words = ["--target", f"own-{self.number}"]
            if round_ % 3 == 0:
                write_one(self._folder, "shared", display_name)
                words += ["--target", "shared"]
            applying = Forked(self._folder, *APPLY, *words)
            self.codes.append(applying.wait())
            reported = reported_revision(applying.output())
            if reported is not None:
                self.revisions[reported] = display_name
