"""The address of a state: ``sqlite:///relative/path``, ``sqlite:////absolute/path``, ``postgresql://host/database``.

A path is percent-decoded as in any URL (RFC 3986 section 2.1), so ``%3F`` stands for a question mark. What is
reported never repeats more of an address than its scheme: there may be a password in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

from reconciler.characters import UNSAFE_CHARACTER
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://")
_POSTGRES_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
DEFAULT_SCHEMA = "reconciler"
"""The schema of PostgreSQL that a state lies in where its address names none."""
SECRET_OPTIONS = ("password", "sslpassword", "oauth_client_secret")
"""The options of a PostgreSQL address whose values nobody may see."""
_CREDENTIALS = re.compile(r"[^/@]*:[^/@]+@|[^?]*:[^?@]+@")
_OPTION = re.compile(rf"[?&](?:{'|'.join(SECRET_OPTIONS)})=[^&]", re.IGNORECASE)
_SQLITE_EXAMPLE = "Write the address of a file, for example\n    state: sqlite:///.reconciler/state.db"
_EITHER_EXAMPLE = (
    "Write the address of a database, or of a file, for example one of\n    state: postgresql://db.example.com/mail\n"
    "    state: sqlite:///.reconciler/state.db"
)
_POSTGRES_EXAMPLE = "Write host, port and database, for example\n    state: postgresql://db.example.com/mail"


class StateUrl(str):
    """The text of an address; its representation, which tracebacks show, has no password in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show the address, or its scheme alone where anything in it looks like credentials."""
        is_shown = "@" not in self and not has_password(self)
        return super().__repr__() if is_shown else f"{self.partition('://')[0]}://***"


def sqlite_path(url: str, *, base: Path) -> Path | None:
    """Return the file of a SQLite address, a relative path being relative to ``base``; None for PostgreSQL.

    Raises ``InvalidInput`` (``stateUrlInvalid``) for everything else.
    """
    found = _SCHEME.match(url)
    if found is None:
        raise invalid("The state's address does not begin with a scheme such as sqlite:///, so it names no database.")
    scheme = found.group(1).lower()
    if scheme in _POSTGRES_SCHEMES:
        return None
    if scheme != "sqlite":
        reason = f"The state's address begins with {scheme}://, and state is kept in SQLite or PostgreSQL."
        raise InvalidInput(error("stateUrlInvalid", f"{reason} {_EITHER_EXAMPLE}"))
    return base / _path_of(url)


def is_postgres(url: str) -> bool:
    """Tell whether the address is one of PostgreSQL, well-formed or not."""
    found = _SCHEME.match(url)
    return found is not None and found[1].lower() in _POSTGRES_SCHEMES


def has_password(url: str) -> bool:
    """Tell whether a PostgreSQL address holds a password, before the host or among the options."""
    if not is_postgres(url):
        return False
    rest = url.partition("://")[2]
    return _CREDENTIALS.match(rest) is not None or _OPTION.search(unquote(rest)) is not None


def invalid(reason: str, *, of_postgres: bool = False) -> InvalidInput:
    """Return the failure for an address that is not one, with an example of one that is."""
    example = _POSTGRES_EXAMPLE if of_postgres else _SQLITE_EXAMPLE
    return InvalidInput(error("stateUrlInvalid", f"{reason} {example}"))


def _path_of(url: str) -> str:
    """Return the path of a ``sqlite://`` address, decoded."""
    rest = url[len("sqlite://") :]
    if not rest.startswith("/"):
        raise invalid("A SQLite address has no host: after sqlite: come three slashes, or four before a full path.")
    written = rest[1:]
    if "?" in written or "#" in written:
        raise invalid(
            "A SQLite address takes no options. If the question mark or number sign belongs to the path, "
            "write it as %3F or %23."
        )
    try:
        path = unquote_to_bytes(written).decode("utf-8")
    except UnicodeError:
        raise invalid("The path of the state's address is not UTF-8 text.") from None
    if not path.strip() or path == ":memory:" or path.endswith("/"):
        raise invalid("The state's address names no file, and state has to outlive the command.")
    if UNSAFE_CHARACTER.search(path):
        raise invalid("The path of the state's address holds a control character.")
    return path
