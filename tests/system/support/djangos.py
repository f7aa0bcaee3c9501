"""Djangos that send: that of the tests' own environment, and the newest in one for a newer Python."""

from __future__ import annotations

import fcntl
import hashlib
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import CHECKOUT
from tools.ranges import found_pythons
from tools.uv import run_uv

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST = (3, 12)
"""The oldest Python that Django 6.1, with its MAILERS, runs on."""
_PACKAGES = ("django", "asgiref", "sqlparse")


def python_of_newest() -> Path:
    """Return a Python in whose environment are Django 6.1 or newer, and what reconciler needs, as locks/ names them.

    The environment is made once in the checkout. Without a Python that Django takes the test is skipped, also in CI:
    which Pythons a machine has no change can mend, as ``make test-range`` takes those that it finds. It is told at the
    end of the run.
    """
    if sys.version_info >= NEWEST:
        return Path(sys.executable)
    found = {version: path for version, path in found_pythons().items() if _order(version) >= NEWEST}
    if not found:
        pytest.skip(f"Django 6.1 was not tried: there is no Python {'.'.join(map(str, NEWEST))} or newer")
    version = min(found, key=_order)
    environment = CHECKOUT / f".venv-django-{version}"
    texts = [(CHECKOUT / "locks" / name).read_text(encoding="utf-8") for name in ("run.txt", "system.txt")]
    stamp = environment / hashlib.sha256("".join(texts).encode()).hexdigest()
    python = environment / "bin" / "python"
    with _alone(environment):
        if not stamp.exists():
            run_uv("venv", "--quiet", "--clear", "--no-python-downloads", "--python", found[version], environment)
            wanted = environment / "django.txt"
            wanted.write_text("".join(_locked(texts[1], name) for name in _PACKAGES), encoding="utf-8")
            listed = ("--requirement", "locks/run.txt", "--requirement", wanted)
            run_uv("pip", "install", "--quiet", "--python", python, "--require-hashes", "--no-deps", *listed)
            stamp.touch()
    return python


@contextmanager
def _alone(environment: Path) -> Iterator[None]:
    """Have one process make an environment, and the others wait for it."""
    with environment.with_name(f"{environment.name}.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _locked(text: str, name: str) -> str:
    """Return the lines of a lock that name a package: each version with its hashes."""
    blocks = re.findall(rf"^{name}==.*\n(?:    --hash=.*\n)+", text, re.MULTILINE)
    assert blocks, name
    return "".join(blocks)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
