"""Runs the tests with the lowest versions that ``pyproject.toml`` allows, and with the newest on the index.

``python -m tools.ranges`` takes every Python found; ``lowest@oldest newest@3.13`` only these. Each run has an
environment of its own, ``.venv-lowest-3.11`` and so on, made anew every time. What is lowest is what is named in
``pyproject.toml`` to run, to test and to build; what these need themselves is the newest.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tools.uv import CHECKOUT, project, run_uv

RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
_MINORS = range(11, 31)
_LEFT_OUT = ("tests/benchmarks", "tests/tools", "tests/test_layers.py")
"""What says nothing of a version: what work costs is guarded with the locked ones, and our tools run with no other."""
_ASK = (
    "import sys, sysconfig;"
    "print(sys.implementation.name, bool(sysconfig.get_config_var('Py_GIL_DISABLED')), *sys.version_info[:2], sep=' ')"
)
"""A Python without the lock of the interpreter is another platform, for which few packages have files."""


def main(arguments: list[str]) -> int:
    """Make the runs named, or all; return 1 where one failed."""
    pythons = found_pythons()
    try:
        runs = runs_of(arguments, sorted(pythons, key=_order))
    except ValueError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    outcomes = {run: _passes(*run, pythons[run[1]]) for run in runs}
    print()
    for (versions, python), passed in outcomes.items():
        print(f"{versions} versions, Python {python}: {'passed' if passed else 'FAILED'}")
    return 0 if all(outcomes.values()) else 1


def runs_of(arguments: list[str], pythons: list[str]) -> list[tuple[str, str]]:
    """Return which versions to run on which Python; ``pythons`` are those found, the oldest first."""
    if not pythons:
        raise ValueError("No Python 3.11 or newer was found on the path.")
    if not arguments:
        return [(versions, python) for python in pythons for versions in RESOLUTIONS]
    runs = []
    for argument in arguments:
        versions, _, wanted = argument.partition("@")
        python = {"oldest": pythons[0], "newest": pythons[-1]}.get(wanted, wanted)
        if versions not in RESOLUTIONS or python not in pythons:
            raise ValueError(
                f"{argument} is no run. Write lowest@ or newest@, and behind it oldest, newest or one of the Pythons "
                f"found: {', '.join(pythons)}."
            )
        runs.append((versions, python))
    return runs


def found_pythons() -> dict[str, str]:
    """Return the command of each Python found, by its version (3.11): this one, the path's, and pyenv's."""
    found: dict[str, str] = {}
    for command in _candidates():
        version = _version_of(command)
        if version is not None:
            found.setdefault(version, command)
    return found


def _candidates() -> list[str]:
    named = [shutil.which(f"python3.{minor}") for minor in _MINORS]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    kept = sorted(str(path) for path in pyenv.glob("versions/3.*/bin/python"))
    return [sys.executable, *(name for name in named if name), *kept]


def _version_of(command: str) -> str | None:
    """Return the version of a Python that can be used; pyenv's names on the path may lead nowhere."""
    try:
        told = subprocess.run([command, "-c", _ASK], capture_output=True, text=True, check=False)  # noqa: S603 - a Python
    except OSError:
        return None
    answer = told.stdout.split()
    oldest = project()["project"]["requires-python"].removeprefix(">=")
    if told.returncode or answer[:2] != ["cpython", "False"]:
        return None
    version = ".".join(answer[2:])
    return version if _order(version) >= _order(oldest) else None


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _passes(versions: str, version: str, python: str) -> bool:
    """Make the environment and run the tests in it; everything that goes wrong is told by what it goes wrong in."""
    print(f"\n{versions} versions, Python {version} ({python}):", flush=True)
    environment = CHECKOUT / f".venv-{versions}-{version}"
    within = ("--quiet", "--python", environment / "bin" / "python")
    try:
        run_uv("venv", "--quiet", "--clear", "--no-python-downloads", "--python", python, environment)
        named = ("--requirements", "pyproject.toml", "--extra", "test", "--group", "build")
        run_uv("pip", "install", *within, "--upgrade", "--resolution", RESOLUTIONS[versions], *named)
        run_uv("pip", "install", *within, "--no-deps", "--no-build-isolation", "--editable", ".")
    except subprocess.CalledProcessError:
        return False
    left_out = [f"--ignore={place}" for place in _LEFT_OUT]
    tests = [
        "-m",
        "pytest",
        "-q",
        "-n",
        "auto",
        "-m",
        "not system",
        *left_out,
        *shlex.split(os.environ.get("PYTEST_ARGS", "")),
    ]
    return not subprocess.run([environment / "bin" / "python", *tests], cwd=CHECKOUT, check=False).returncode  # noqa: S603 - our own tests


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
