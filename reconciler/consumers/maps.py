"""Maps of Postfix that are compiled by its own ``postmap``, and what its configuration says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.consumers.folder import Unwritable
from reconciler.programs import CommandFailed, Stop, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SECONDS = 60
_OCTETS = 1024 * 1024
_SBIN = "/usr/sbin:/usr/local/sbin:/sbin"


def is_compiled(folder: Path, names: Sequence[str]) -> bool:
    """Tell whether each map was compiled after its text was last written."""
    try:
        return all((folder / f"{name}.lmdb").stat().st_mtime_ns >= (folder / name).stat().st_mtime_ns for name in names)
    except OSError:
        return False


def compile_maps(folder: Path, names: Sequence[str], environ: Mapping[str, str], checkout: Path) -> None:
    """Have ``postmap`` make a database of each text, in one transaction of LMDB; a running Postfix uses it at once."""
    for name in names:
        run_postfix(["postmap", "-o", f"lmdb:{folder / name}"], environ, checkout)


def run_postfix(command: Sequence[str], environ: Mapping[str, str], checkout: Path) -> str:
    """Run a command of Postfix, found also where only root looks, and return its output; raise ``Unwritable``."""
    path = environ.get("PATH", "")
    with Stop() as stop:
        try:
            octets = run_command(
                command,
                environ={**environ, "PATH": f"{path}:{_SBIN}" if path else _SBIN},
                passed=("MAIL_CONFIG",),
                timeout_seconds=_SECONDS,
                max_octets=_OCTETS,
                checkout=checkout,
                stop=stop,
            )
        except CommandFailed as failure:
            raise Unwritable(
                f"{command[0]}, which makes the maps of Postfix, failed: {failure}. Where Postfix has no lmdb, install it (on Debian "
                "the package postfix-lmdb), or write maps: texthash, which needs no postmap, and a reload in after."
            ) from None
    return octets.decode("utf-8", "replace")
