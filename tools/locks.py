"""Makes the files of ``locks/`` anew: the newest versions that ``pyproject.toml`` allows, with the hashes of every file.

One file for each environment of the Makefile, one for what a container or a zipapp holds, and one for what builds these,
for every platform and every Python from the oldest allowed one on. No file names a host, so that the packages come from
whichever index somebody's pip is set to.
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
OTHERS = {"run": ("pyproject.toml", "--extra", "postgres"), "build": ("--group", "build")}
"""What else is locked, by the arguments that choose it; in the versions of the environments."""
_HEAD = """\
# Exact versions and hashes of the environment `{name}`. Made from pyproject.toml by `make lock`; do not edit.
"""


def _main() -> int:
    try:
        with tempfile.TemporaryDirectory() as folder:
            compiled = _compiled(Path(folder))
    except subprocess.CalledProcessError:
        return 1
    FOLDER.mkdir(exist_ok=True)
    for name, text in compiled.items():
        (FOLDER / f"{name}.txt").write_text(_HEAD.format(name=name) + text, "utf-8")
    return 0


def _compiled(folder: Path) -> dict[str, str]:
    """Return what to install, by environment; the largest first, whose versions hold for all others."""
    choices = {each: ("pyproject.toml", "--extra", each, "--group", "build") for each in ENVIRONMENTS} | OTHERS
    oldest = project()["project"]["requires-python"].removeprefix(">=")
    largest = ENVIRONMENTS[-1]
    for name in (largest, *(each for each in choices if each != largest)):
        run_uv(
            *("pip", "compile", "--quiet", *choices[name]),
            *("--universal", "--python-version", oldest, "--generate-hashes"),
            *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
            *(() if name == largest else ("--constraint", folder / largest)),
            *("--output-file", folder / name),
        )
    return {name: (folder / name).read_text("utf-8") for name in choices}


if __name__ == "__main__":
    sys.exit(_main())
