"""The rows of a large state are measured with commands that run."""

from __future__ import annotations

from benchmarks.work.register import register_rows


def test_each_command_runs_on_what_was_applied() -> None:
    """Search, history and check each have a row of time and one of memory."""
    rows = list(register_rows(3, 1))
    assert 6 == len(rows)
    assert all(row.figure > 0 for row in rows)
