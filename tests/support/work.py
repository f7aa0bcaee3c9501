"""Work, counted instead of timed: how fast a machine is, and what else it does, changes nothing about it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@dataclass
class Work:
    """How much was done."""

    calls: int = 0
    """Functions called, Python's own among them."""


@contextmanager
def counted_work() -> Iterator[Work]:
    """Count the calls that this thread makes within the block.

    ``cProfile`` counts those of all threads since Python 3.12: a server's too, where it runs in this process.
    """
    work = Work()

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        if event in {"call", "c_call"}:
            work.calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield work
    finally:
        sys.setprofile(before)
