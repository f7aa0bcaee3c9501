"""Makes the files of ``locks/`` anew: the newest versions that ``pyproject.toml`` allows, with the hashes of every file.

One file for each environment of the Makefile, for every platform and every Python from the oldest allowed one on. No
file names a host, so that the packages come from whichever index somebody's pip is set to.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tools.uv import CHECKOUT, project, run_uv

FOLDER = CHECKOUT / "locks"
ENVIRONMENTS = ("test", "system", "dev")
"""The extras that are locked, each within the next; with what builds the package."""
_HEAD = """\
# Exact versions and hashes of the environment `{extra}`. Made from pyproject.toml by `make lock`; do not edit.
"""


def _main() -> int:
    try:
        with tempfile.TemporaryDirectory() as folder:
            compiled = _compiled(Path(folder))
    except subprocess.CalledProcessError:
        return 1
    FOLDER.mkdir(exist_ok=True)
    for extra, text in compiled.items():
        (FOLDER / f"{extra}.txt").write_text(_HEAD.format(extra=extra) + text, "utf-8")
    return 0


def _compiled(folder: Path) -> dict[str, str]:
    """Return what to install, by environment; the largest first, whose versions hold for those within it."""
    oldest = project()["project"]["requires-python"].removeprefix(">=")
    largest, *within = reversed(ENVIRONMENTS)
    for extra in (largest, *within):
        run_uv(
            *("pip", "compile", "--quiet", "pyproject.toml", "--extra", extra, "--group", "build"),
            *("--universal", "--python-version", oldest, "--generate-hashes"),
            *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            *(() if extra == largest else ("--constraint", folder / largest)),
            *("--output-file", folder / extra),
        )
    return {extra: (folder / extra).read_text("utf-8") for extra in ENVIRONMENTS}


if __name__ == "__main__":
    sys.exit(_main())
