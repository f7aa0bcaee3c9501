"""What reading a project's manifests costs, and what it says; run, in a process of its own for each project asked for.

A project's folder holds ``small``, which is read beforehand, and ``accounts.d``.
"""

from __future__ import annotations

import json
from pathlib import Path

import email_validator  # noqa: F401 - reading may import it, which is no growth by what is read
import idna  # noqa: F401 - as above
import jsonschema  # noqa: F401 - as above

from reconciler.manifests import read_manifests
from tests.support.measuring import answer_in_forks
from tests.support.work import counted_work


def _peak_mebibytes() -> float:
    line = next(line for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if "VmHWM" in line)
    return int(line.split()[1]) / 1024


def measure(folder: str) -> str:
    """Return calls, growth of memory and problems of reading a project, as JSON."""
    root = Path(folder)
    read_manifests(root / "small", root=root)
    before = _peak_mebibytes()
    with counted_work() as work:
        found = read_manifests(root / "accounts.d", root=root)
    return json.dumps(
        {
            "calls": work.calls,
            "mebibytes": _peak_mebibytes() - before,
            "codes": sorted({problem.code for problem in found.problems}),
            "count": len(found.problems),
            "longest": max(len(problem.detail) for problem in found.problems),
        }
    )


if __name__ == "__main__":
    answer_in_forks(measure)
