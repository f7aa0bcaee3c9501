"""How large a file may become, for a while, in this process: what a full disk is to whoever writes."""

from __future__ import annotations

import contextlib
import resource
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def files_limited_to(octets: int) -> Iterator[None]:
    """Let no file grow beyond a size while the block runs; ``OSError`` is what whoever writes more meets.

    Nor is bytecode written meanwhile: a module that is imported for the first time would be cut off in its cache, and whoever
    imports it next, in whatever process, would find it so.
    """
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writes_none, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
        sys.dont_write_bytecode = writes_none
