"""Measure and print: each kind of work beside its floor, in one run.

python -m benchmarks [--json] [--large] [--only WORK]... [--runs N]
"""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.rows import LeftOut, Row, as_json, as_table

WORK = ("start", "plans", "others", "resolve", "send", "verification", "register", "report")
"""Each is a module of ``benchmarks.work`` with a function ``measure(runs)``, in the order of the table."""
LARGE = ("large",)
"""The same, and only measured where it is asked for: each takes minutes."""
_INTERRUPTED = 130
"""The exit code of a shell's command that was interrupted."""


def main() -> int:
    """Measure, print, and return the exit code; where it is interrupted, print what has been measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What work takes, beside its floor.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--large", action="store_true", help="measure 100,000 accounts too: minutes, and a gibibyte")
    parser.add_argument("--only", choices=(*WORK, *LARGE), action="append", help="measure this alone; repeatable")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; medians are shown (default: 5)")
    arguments = parser.parse_args()
    rows: list[Row | LeftOut] = []
    code = 0
    try:
        for name in arguments.only or (*WORK, *(LARGE if arguments.large else ())):
            sys.stderr.write(f"{name} ...\n")
            # One by one: what had come before an interruption stays.
            rows += importlib.import_module(f"benchmarks.work.{name}").measure(arguments.runs)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted: these rows had been measured.\n")
        code = _INTERRUPTED
    print(as_json(rows) if arguments.json else as_table(rows))
    return code


if __name__ == "__main__":
    sys.exit(main())
