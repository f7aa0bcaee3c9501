"""The rows of a large state and of many accounts are measured with commands that run."""

from __future__ import annotations

from benchmarks.work.large import large_rows
from benchmarks.work.register import register_rows


def test_each_command_runs_on_what_was_applied() -> None:
    """Search, history and check each have a row of time and one of memory."""
    rows = list(register_rows(3, 1, revisions=2))
    assert 6 == len(rows)
    assert all(row.figure > 0 for row in rows)


def test_plan_and_apply_of_many_are_held_against_those_of_a_tenth() -> None:
    """Both have a row of time beside a tenth of the accounts, and with the plan that changes nothing one of memory."""
    rows = list(large_rows(30))
    assert ["of 3", "of 3", None, None, None] == [row.floor for row in rows]
    assert all(row.figure > 0 for row in rows)
