"""No file costs more than a bounded amount of work and 100 MB, whatever is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.measuring import Measuring
from tests.yamlsource.hostile import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_CALLS = 12_000_000
"""About two for each octet of the largest file; what this guards against makes ten to a thousand times as many."""
_MAX_TIMES_PARSED = 5.0
_MAX_MEBIBYTES = 100.0


@pytest.fixture(scope="module")
def measuring() -> Iterator[Measuring]:
    """Run what forks a process for each measurement."""
    with Measuring("tests.yamlsource.hostile") as running:
        yield running


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_cheaply(measuring: Measuring, name: str) -> None:
    """A hostile file is refused with its code, within its bounds of work and memory, counted in a process of its own."""
    calls, times_parsed, mebibytes, codes = measuring.ask(name).split(" ")
    assert HOSTILE[name][1] in codes.split(",")
    assert int(calls) < _MAX_CALLS
    assert float(times_parsed) < _MAX_TIMES_PARSED
    assert float(mebibytes) < _MAX_MEBIBYTES
