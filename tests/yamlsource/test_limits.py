"""No file costs more than a second or 100 MB, whatever is in it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.processes import without_coverage
from tests.yamlsource.hostile import HOSTILE

_MAX_SECONDS = 1.0
_NOISE = 10.0
"""A shared machine may run at a third of its speed; what this guards against costs ten to a thousand times as much."""
_MAX_MEBIBYTES = 100.0


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_cheaply(name: str) -> None:
    """A hostile file is refused with its code, within a second of CPU and 100 MB, measured in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.yamlsource.hostile", name],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=without_coverage(),
    )
    seconds, mebibytes, codes = run.stdout.split(" ")
    assert HOSTILE[name][1] in codes.split(",")
    assert (float(seconds) < _MAX_SECONDS * _NOISE, float(mebibytes) < _MAX_MEBIBYTES) == (True, True), run.stdout
