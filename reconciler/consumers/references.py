"""How a program finds a secret that is referred to: by variable, by file, by a command, or by the key of its source."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.programs import filled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.model.secrets.sources import SecretSource


class Reference(FrozenByName):
    """One reference, and what it leads to on this machine."""

    source: str
    key: str
    path: str | None = None
    """For ``file`` the absolute path."""
    command: tuple[str, ...] | None = None
    """For a declared source the command that prints the secret."""

    @property
    def shell(self) -> str | None:
        """The command that prints the secret, as a shell takes it; None where there is none."""
        if self.source == "env":
            return shlex.join(["printenv", self.key])
        if self.path is not None:
            return shlex.join(["cat", self.path])
        return shlex.join(self.command) if self.command is not None else None


def resolve(secret: str, *, root: Path, sources: Mapping[str, SecretSource]) -> Reference:
    """Return what a reference SOURCE:KEY leads to."""
    source, _, key = secret.partition(":")
    declared = sources.get(source)
    takes_key = declared is not None and declared.command is not None and declared.takes_key
    return Reference(
        source=source,
        key=key,
        path=str(root / key) if source == "file" else None,
        command=filled(declared.command, key) if takes_key and declared and declared.command else None,
    )
