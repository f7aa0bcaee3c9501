"""What one file and one document may hold at most, and the problem of a file that is beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Location, error

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic

MAX_FILE_OCTETS = 5 * 1024 * 1024
MAX_PROBLEMS = 1_000
MAX_FILE_VALUES = 200_000
MAX_VALUES = 10_000
"""In one document, each alias counted as everything that it stands for."""
DOCUMENT_VALUES = 3
"""The cost of a document itself, counted as values: a file of empty documents is bounded too."""


def too_large(file: str) -> Diagnostic:
    """Return the problem of a file that is too large to be read.

    >>> too_large("a.yaml").detail
    'The file is larger than 5 MiB, so it was not read. Split it.'
    """
    detail = "The file is larger than 5 MiB, so it was not read. Split it."
    return error("fileTooLarge", detail, location=Location(file))


def too_many_problems(file: str) -> Diagnostic:
    """Return the problem that closes the list of a file's problems where reading ended before the file did.

    >>> too_many_problems("a.yaml").code
    'tooManyProblems'
    """
    detail = (
        f"There are more than {MAX_PROBLEMS:,} problems in this file, and reading stopped there. "
        "Mend those listed, then run again."
    )
    return error("tooManyProblems", detail, location=Location(file))
