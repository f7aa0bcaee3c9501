"""One CA for all tests of verification, and an eye on what conversations leave behind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.support.certificates import TestCA

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def ca() -> TestCA:
    """Return the CA that the tests' servers have their certificates from; making its keys takes long."""
    return TestCA()


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread or a connection behind; a look-up may outlast its conversation (``lookup``)."""
    threads, connections = _threads(), _connections()
    yield
    assert _threads() - threads == set()
    assert _connections() - connections == set()


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if not thread.name.startswith("resolve ")}


def _connections() -> set[int]:
    """Return the descriptors of this process's TCP sockets."""
    return {each.fd for each in psutil.Process().net_connections(kind="tcp")}
