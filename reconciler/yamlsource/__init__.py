"""Located YAML: plain values built from the C parser's events, with the line and column of every key and value.

Knows nothing of accounts and opens no file: octets in, values and problems out. Whatever the octets are, reading
them takes bounded time and memory, and raises nothing.

Deliberate narrowing of YAML 1.1 (see ``plain.plain_value``): only ``true`` and ``false`` are booleans, only decimal digits
are a number, and everything else, ``no`` and ``0755`` and ``1e3`` among it, is text exactly as written.
"""

from reconciler.yamlsource.again import ReadAgain
from reconciler.yamlsource.limits import MAX_FILE_OCTETS, MAX_PROBLEMS, too_many_problems
from reconciler.yamlsource.reading import each_document, read_documents
from reconciler.yamlsource.values import LocatedMapping, LocatedSequence, YamlDocument, YamlFile

__all__ = [
    "MAX_FILE_OCTETS",
    "MAX_PROBLEMS",
    "LocatedMapping",
    "LocatedSequence",
    "ReadAgain",
    "YamlDocument",
    "YamlFile",
    "each_document",
    "read_documents",
    "too_many_problems",
]
