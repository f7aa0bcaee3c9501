"""The command ``reconciler``: makes sure that the package of that name is the one installed with it, then runs it.

On the public index the name ``reconciler`` belongs to somebody else's package, whose files lie in a folder of the same
name: installed into one environment, each overwrites files of the other, and the one removed later takes files of
both away. Therefore this stands outside of that folder, and looks before anything in there is run.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path

_MARK = 'DISTRIBUTION = "mail-reconciler"'
_STRANGER = "reconciler-"
_SUMMARY = "error: The package `reconciler` is not the one that was installed with this command"
_CURE = """\
Nothing was run. Remove both, and install ours, which the index knows as mail-reconciler:
    python -m pip uninstall reconciler mail-reconciler
    python -m pip install mail-reconciler
Where pipx or uv made the environment, that is
    pipx reinstall mail-reconciler
    uv tool install --reinstall mail-reconciler
If the other package may have run here, change the secrets that it could have read.
"""


def main() -> None:
    """Run the command line, or tell on stderr why that is not safe; end the process with the exit code."""
    problem = what_overwrote()
    if problem is not None:
        sys.stderr.write(f"{_SUMMARY}\n{problem}\n{_CURE}")
        raise SystemExit(1)
    from reconciler.__main__ import command

    command()


def what_overwrote(path: list[str] | None = None) -> str | None:
    """Return what is wrong with the package that would be imported, as a sentence; None where it is ours alone.

    Looks in ``path``, by default where Python imports from. Imports nothing of the package.
    """
    found = PathFinder.find_spec("reconciler", path)
    if found is None or not found.origin:
        return "Its files are gone: removing another package named `reconciler` took them away."
    package = Path(found.origin).parent
    try:
        is_ours = _MARK in Path(found.origin).read_text("utf-8").splitlines()
    except NotADirectoryError:
        return None  # in a zip file, where nothing is overwritten
    except (OSError, UnicodeError):
        is_ours = False
    if not is_ours:
        return f"Another package named `reconciler` has overwritten it in {package}."
    strangers = sorted(each.name for each in package.parent.glob(f"{_STRANGER}*-info"))
    if strangers:
        return f"Another package named `reconciler` shares its folder {package}: {strangers[0]} lies beside it."
    return None
