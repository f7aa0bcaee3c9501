"""Problems as collected values: what is wrong, where, why it matters, what to do.

Nothing here prints, raises or decides an exit code: a ``Diagnostic`` is a value that any layer may make and
that `render/` turns into text. Every code stands in ``codes``, with cause and cure, and in the reference.
"""

from reconciler.diagnostics.codes import CODES, Code
from reconciler.diagnostics.grouping import as_one, grouped, repeated_as_one, subject_in_words
from reconciler.diagnostics.phrasing import MOST_NAMES, counted, enumerated, several
from reconciler.diagnostics.values import (
    SEVERITIES,
    Diagnostic,
    Location,
    Severity,
    error,
    is_standing,
    note,
    sort_key,
    warning,
)

__all__ = [
    "CODES",
    "MOST_NAMES",
    "SEVERITIES",
    "Code",
    "Diagnostic",
    "Location",
    "Severity",
    "as_one",
    "counted",
    "enumerated",
    "error",
    "grouped",
    "is_standing",
    "note",
    "repeated_as_one",
    "several",
    "sort_key",
    "subject_in_words",
    "warning",
]
