"""yaml-language-server for a project that ``reconciler init`` has made, with nothing but loopback to reach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.editor.client import running_language_server
from tests.system.editor.editor import Editor
from tests.system.support.processes import missing, program

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVER = Path(__file__).parents[1] / "node" / "node_modules" / ".bin" / "yaml-language-server"
_NO_PROXY_THERE = "http://127.0.0.1:9"
BY_SETTINGS = {
    ".schemas/account.schema.json": "settings/accounts.d/**/*.yaml",
    ".schemas/project.schema.json": "settings/reconciler.yaml",
}
"""``yaml.schemas``, for files that do not name their schema, in a folder of their own."""
_SETTINGS = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "schemaStore": {"enable": True},
        "schemas": BY_SETTINGS,
    },
    "http": {"proxy": _NO_PROXY_THERE},
}
"""What an editor has set that nobody has touched but for ``schemas``; the way to the network ends at a closed port."""
_INIT_SECONDS = 60


@pytest.fixture(scope="session")
def editor() -> Iterator[Editor]:
    """Return an editor in which a fresh project is open."""
    program("node")
    if not _SERVER.exists():
        missing("yaml-language-server is not installed (npm ci in tests/system/node)")
    variables = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    with tempfile.TemporaryDirectory(prefix="reconciler-editor-") as name:
        folder = Path(name).resolve() / "mail"
        command = [sys.executable, "-m", "reconciler", "init", str(folder), "--ci", "none"]
        subprocess.run(command, check=True, capture_output=True, timeout=_INIT_SECONDS)
        shutil.rmtree(folder / ".reconciler")
        with running_language_server(
            [str(_SERVER), "--stdio"],
            folder=folder,
            settings=_SETTINGS,
            log=Path(name) / "server.log",
            variables=variables,
        ) as server:
            yield Editor(server, folder)
            assert server.shown == []
