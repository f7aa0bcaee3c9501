"""Each server started once, where a test asks for it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest

from tests.system.servers.makes import MAKES, running_server
from tests.system.support.processes import retried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.system.support.keys import Keys


@pytest.fixture(scope="session")
def server(scratch: Path, keys: Keys, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Mapping[str, int]]]:
    """Return a function that runs one of ``makes.MAKES`` by name, each once, and returns its ports.

    Behind those that pass on is Postfix, which takes logins there without encryption.
    """
    with ExitStack() as running:

        @cache
        def start(name: str) -> Mapping[str, int]:
            folder = scratch / f"server-{name}"
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
            behind = request.getfixturevalue("postfix").ports["plainWithLogin"] if MAKES[name].is_front else None
            return running.enter_context(retried(partial(running_server, name, folder, keys, behind=behind)))

        yield start
