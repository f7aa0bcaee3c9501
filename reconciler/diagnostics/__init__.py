"""Problems as collected values: what is wrong, where, why it matters, what to do.

Nothing here prints, raises or decides an exit code: a ``Diagnostic`` is a value that any layer may make and
that `render/` turns into text. Every code stands in ``codes``, with cause and cure, and in the reference.
"""

from reconciler.diagnostics.codes import CODES, Code
from reconciler.diagnostics.grouping import as_one, grouped
from reconciler.diagnostics.phrasing import MOST_NAMES, MOST_SHOWN, counted, enumerated, one_line
from reconciler.diagnostics.values import SEVERITIES, Diagnostic, Location, Severity, error, note, sort_key, warning

__all__ = [
    "CODES",
    "MOST_NAMES",
    "MOST_SHOWN",
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
    "note",
    "one_line",
    "sort_key",
    "warning",
]
