"""When Python looks for rubbish that refers to itself: not while all that is made lives to the end of the command."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def without_looks_for_rubbish() -> Iterator[None]:
    """Look for none while the block runs: for what reads and compares, and contacts nobody.

    Of thousands of manifests such work leaves hardly more rubbish behind than of one, and each look goes through all that
    was made. Conversations are not for here, nor is `send`: what each of them leaves has to go before they end.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
