"""The address of a state: ``sqlite:///relative/path``, ``sqlite:////absolute/path``.

A path is percent-decoded as in any URL (RFC 3986 section 2.1), so ``%3F`` stands for a question mark. What is
reported never repeats more of an address than its scheme: there may be a password in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.model.text import UNSAFE_CHARACTER

if TYPE_CHECKING:
    from pathlib import Path

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://")
_LATER_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
_EXAMPLE = "    state: sqlite:///.reconciler/state.db"


def sqlite_path(url: str, *, base: Path) -> Path | None:
    """Return the file of a SQLite address, a relative one below ``base``; None for a PostgreSQL address.

    Raises ``InvalidInput`` (``stateUrlInvalid``) for everything else.
    """
    scheme = _scheme_of(url)
    if scheme in _LATER_SCHEMES:
        return None
    if scheme != "sqlite":
        raise _invalid(f"The state's address begins with {scheme}://, and this version keeps state in SQLite only.")
    return base / _path_of(url)


def require_sqlite_path(url: str, *, base: Path) -> Path:
    """Return the file of a SQLite address; raise ``InvalidInput`` for any other database too."""
    path = sqlite_path(url, base=base)
    if path is None:
        raise _invalid("The state's address names a PostgreSQL database, and this version keeps state in SQLite only.")
    return path


def _scheme_of(url: str) -> str:
    found = _SCHEME.match(url)
    if found is None:
        raise _invalid("The state's address does not begin with a scheme such as sqlite:///, so it names no database.")
    return found.group(1).lower()


def _path_of(url: str) -> str:
    """Return the path of a ``sqlite://`` address, decoded."""
    rest = url[len("sqlite://") :]
    if not rest.startswith("/"):
        raise _invalid("A SQLite address has no host: after sqlite: come three slashes, or four before a full path.")
    written = rest[1:]
    if "?" in written or "#" in written:
        raise _invalid(
            "A SQLite address takes no options. If the question mark or number sign belongs to the path, "
            "write it as %3F or %23."
        )
    try:
        path = unquote_to_bytes(written).decode("utf-8")
    except UnicodeError:
        raise _invalid("The path of the state's address is not UTF-8 text.") from None
    if not path.strip() or path == ":memory:" or path.endswith("/"):
        raise _invalid("The state's address names no file, and state has to outlive the command.")
    if UNSAFE_CHARACTER.search(path):
        raise _invalid("The path of the state's address holds a control character.")
    return path


def _invalid(reason: str) -> InvalidInput:
    return InvalidInput(error("stateUrlInvalid", f"{reason} Write the address of a file, for example\n{_EXAMPLE}"))
