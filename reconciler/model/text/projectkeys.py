"""The key of a project in state: its name, and with environments the name of the one whose state it is."""

from __future__ import annotations

SEPARATOR = "@"
"""Between a project's name and its environment's; no name has it."""


def split_key(key: str) -> tuple[str, str | None]:
    """Return the project's and the environment's name of a key in state; None where it is of no environment.

    >>> split_key("mail"), split_key("mail@staging")
    (('mail', None), ('mail', 'staging'))
    """
    project, _, environment = key.partition(SEPARATOR)
    return project, environment or None
