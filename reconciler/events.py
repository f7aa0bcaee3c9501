"""What happens while a command runs, told to whoever listens; where nobody does, nothing is made of it.

A conversation goes on in threads, many at once, far below whoever called. So listening is the process's, as with any
log. What is told must be fit to be shown: who tells it has masked it.
"""

from __future__ import annotations

import contextlib
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.model.event import Event, EventName

    Listener = Callable[[Event], None]

_listeners: list[Listener] = []
_telling = threading.Lock()
_concerned: ContextVar[tuple[str, ...]] = ContextVar("concerned", default=())


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have a listener told of every event while the block runs, one at a time, in whatever thread it happens."""
    _listeners.append(listener)
    try:
        yield
    finally:
        with _telling:
            _listeners.remove(listener)


@contextlib.contextmanager
def concerning(*accounts: str) -> Iterator[None]:
    """Have what is told in the block, in this thread, concern these accounts."""
    token = _concerned.set(accounts)
    try:
        yield
    finally:
        _concerned.reset(token)


def somebody_listens() -> bool:
    """Tell whether an event would reach anybody."""
    return bool(_listeners)


def tell(event: EventName, /, **facts: Any) -> None:
    """Tell listeners of an event; ``facts`` are fields of ``Event``, which refuses others."""
    if not _listeners:
        return
    from reconciler.model.event import Event

    known = {"accounts": _concerned.get(), **facts}
    told = Event(event=event, **known)
    with _telling:
        for listener in tuple(_listeners):
            listener(told)
