"""The kinds of work that are measured: each module has a function ``measure(runs)`` that yields rows of the table."""
