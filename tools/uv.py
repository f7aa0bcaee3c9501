"""Where uv is: on the path, else in a small environment of its own. Needs nothing but Python itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
_ENVIRONMENT = CHECKOUT / ".venv-uv"
_SETTINGS_OF_THE_USER = (
    "UV_BUILD_CONSTRAINT",
    "UV_CONSTRAINT",
    "UV_EXCLUDE_NEWER",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_PYTHON",
    "UV_REQUIRE_HASHES",
    "UV_RESOLUTION",
    "UV_SYSTEM_PYTHON",
    "VIRTUAL_ENV",
)
"""Each would change which versions are chosen, or where they are put."""


def project() -> dict[str, Any]:
    """Return what stands in ``pyproject.toml``."""
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))


def run_uv(*arguments: str | Path) -> None:
    """Run uv in the checkout; raise ``CalledProcessError`` where it fails, which it has told itself by then."""
    environment = {name: value for name, value in os.environ.items() if name not in _SETTINGS_OF_THE_USER}
    subprocess.run([_uv(), *arguments], cwd=CHECKOUT, env=environment, check=True)  # noqa: S603 - uv, as found


def _uv() -> str:
    """Return the command; a name on the path is tried, because version managers leave some that lead nowhere."""
    named = shutil.which("uv")
    if named is not None and _runs(named):
        return named
    own = str(_ENVIRONMENT / "bin" / "uv")
    if not _runs(own):
        python = _ENVIRONMENT / "bin" / "python"
        wanted = project()["dependency-groups"]["lock"]
        subprocess.run([sys.executable, "-m", "venv", "--clear", _ENVIRONMENT], check=True)  # noqa: S603 - Python
        quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
        subprocess.run([python, "-m", "pip", *quiet, "install", *wanted], check=True)  # noqa: S603 - pip
    return own


def _runs(command: str) -> bool:
    try:
        return not subprocess.run([command, "--version"], capture_output=True, check=False).returncode  # noqa: S603 - uv
    except OSError:
        return False
