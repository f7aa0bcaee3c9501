"""What reading a large state takes: finding accounts, the last revisions, and whether the journal is whole."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import VARIABLES, write_project
from benchmarks.measure import Measured, measure_in_turns, run_well
from benchmarks.rows import Aim, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCOUNTS = 100_000
_REVISIONS = 20
_RECONCILER = (sys.executable, "-m", "reconciler")
_SEARCH, _HISTORY, _CHECK = "accounts list --search", "history --limit 20", "journal check"
_MADE = {
    _SEARCH: ((*_SEARCH.split(), "-00001@"), Aim(most=0.5, of_figure=True), Aim(most=120, of_figure=True)),
    _HISTORY: (tuple(_HISTORY.split()), Aim(most=0.5, of_figure=True), None),
    _CHECK: (tuple(_CHECK.split()), Aim(most=3, of_figure=True), None),
}


def measure(runs: int) -> Iterator[Row]:
    """Yield what each takes over 100,000 accounts that were applied at once, and one of them 20 times since."""
    yield from register_rows(_ACCOUNTS, runs, revisions=_REVISIONS)


def _revise(project: Path, revisions: int) -> None:
    """Apply a change of one account so often: what the last revisions are in a register that is kept for long.

    The other manifests are removed, so that each of these plans is quick; the register keeps all accounts.
    """
    first, *others = sorted((project / "accounts.d").rglob("*.yaml"))
    for each in others:
        if "kind: MailServer" not in each.read_text(encoding="utf-8"):
            each.unlink()
    text = first.read_text(encoding="utf-8")
    name = text.partition("  name: ")[2].partition("\n")[0]
    apply = [*_RECONCILER, "apply", "--auto-approve", "--depth", "offline", "--target", name]
    for number in range(revisions):
        first.write_text(text.replace("  displayName: ", f"  displayName: {number} ", 1), encoding="utf-8")
        run_well(apply, folder=project, environment=VARIABLES)


def register_rows(accounts: int, runs: int, *, revisions: int) -> Iterator[Row]:
    """Yield the same over so many accounts, one of them changed so many times."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        project = Path(scratch) / "mail"
        write_project(project, accounts)
        for command in (("state", "init"), ("apply", "--auto-approve", "--depth", "offline")):
            run_well([*_RECONCILER, *command], folder=project, environment=VARIABLES)
        _revise(project, revisions)
        timings = measure_in_turns(
            [
                Measured(name=name, command=(*_RECONCILER, *command), folder=project, environment=VARIABLES)
                for name, (command, _, _) in _MADE.items()
            ],
            runs,
        )
    for name, (_, seconds, mebibytes) in _MADE.items():
        work, timing = f"{name}, {accounts:,} accounts", timings[name]
        yield Row(work=f"{work}, CPU", figure=timing.cpu_seconds, unit="s", aim=seconds)
        yield Row(work=f"{work}, memory", figure=timing.peak_mebibytes, unit="MiB", aim=mebibytes)
