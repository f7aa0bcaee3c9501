"""Variables from a file that somebody names on the command line, for the secrets of one run and for nothing else.

What the environment itself has goes before: a file must not take the place of what a job was given. No setting of ours is
taken from it, so that a file in a checkout cannot say where state is, or that the checkout is trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Location, error
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of
from reconciler.secrets.sources.dotenv import NotDotenv, parse_dotenv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MAX_OCTETS = 1024 * 1024


def read_env_file(path: Path, *, is_tracked: Callable[[Path], bool]) -> dict[str, str]:
    """Return the variables of a dotenv file; raise ``InvalidInput`` for one that cannot be used, or that git tracks."""
    place = Location(str(path))
    try:
        octets = read_regular_file(path, _MAX_OCTETS)
        if is_tracked(path):
            detail = (
                "git tracks the file, so every secret in it is published. Change them, then run\n"
                "    git rm --cached FILE\nand add it to .gitignore."
            )
            raise InvalidInput(error("secretTracked", detail, location=place))
        return parse_dotenv(octets.decode("utf-8-sig"))
    except OSError as failure:
        detail = f"The file of --env-file cannot be read: {reason_of(failure)}."
        raise InvalidInput(error("fileUnreadable", detail, location=place)) from None
    except UnicodeDecodeError:
        raise InvalidInput(error("notUtf8", "The file of --env-file is not UTF-8.", location=place)) from None
    except NotDotenv as wrong:
        detail = f"The file of --env-file cannot be read as variables: {wrong}"
        raise InvalidInput(error("fileUnreadable", detail, location=place)) from None
