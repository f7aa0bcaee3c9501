"""The site that ``reconciler report`` writes, and a web server that has it below a path of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.system.support.processes import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECONDS = 600


def write_site(project: Path, out: Path, *options: str) -> Path:
    """Have the command write the site of a project, and return its folder."""
    command = [sys.executable, "-m", "reconciler", "--project-dir", str(project), "report", "--out", str(out)]
    finished = subprocess.run(
        [*command, *options], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=_SECONDS,
        check=False,
    )  # fmt: skip
    assert (0, "") == (finished.returncode, finished.stderr), finished.stderr
    return out


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder's parent on loopback, and yield the address of the folder, which ends with a slash."""
    with ThreadingHTTPServer((LOOPBACK, 0), partial(_Quiet, directory=str(folder.parent))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}/{quote(folder.name)}/"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    """A static web server that keeps no log."""

    def log_message(self, *_: Any) -> None:
        """Write nothing."""
