"""Real commands for secret sources: small programs outside the project folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from reconciler.model.secrets.sources import SecretSource
from reconciler.secrets import SecretReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SECONDS = 1
"""How long the commands of these tests may take, unless a test says otherwise."""


def script(folder: Path, name: str, body: str) -> str:
    """Write an executable Python program; return its absolute path."""
    path = folder / name
    path.write_text(f"#!{sys.executable} -IS\nimport os, signal, sys, time\n{body}", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def source(*command: str, **parts: object) -> SecretSource:
    """Return a source by command, with a short time limit unless ``timeoutSeconds`` says otherwise."""
    written = {"command": list(command), "timeoutSeconds": SECONDS, **parts}
    return SecretSource.model_validate(written, by_name=False)


def reader_of(
    folder: Path,
    sources: Mapping[str, SecretSource],
    environ: Mapping[str, str] | None = None,
    *,
    is_tracked: Callable[[Path], bool] = lambda _: False,
) -> SecretReader:
    """Return a reader of these sources for the project in ``folder``, which is made."""
    folder.mkdir(exist_ok=True)
    return SecretReader(folder, environ or {}, allowed=("file:secrets/**",), sources=sources, is_tracked=is_tracked)


def read(reader: SecretReader, reference: str) -> str:
    """Return the value of a reference, or the code of the problem in square brackets."""
    reading = reader.read([reference])
    problem = reading.problems.get(reference)
    return f"[{problem.code}]" if problem is not None else reading.values[reference].reveal()


def why(reader: SecretReader, reference: str) -> str:
    """Return the detail of the problem with a reference."""
    return reader.read([reference]).problems[reference].detail
