"""The parser's complaints in words that tell what to do.

libyaml's messages name its own states ("did not find expected <block end>") and point behind the mistake. Each is
turned into the mistake that people usually made, at the place where they made it. Nothing of the file is repeated:
it may be a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from yaml.error import MarkedYAMLError

from reconciler.yamlsource.building import TOO_DEEP

if TYPE_CHECKING:
    from yaml.error import YAMLError

    from reconciler.yamlsource.values import Mark

_QUOTE = "put the whole text in quotes"
_FIRST_CHARACTERS = {
    "\t": "The line is indented with a tab, and YAML allows only spaces. Replace the tab by spaces.",
    "@": f"A text cannot begin with @ unless it is quoted: {_QUOTE}.",
    "`": f"A text cannot begin with a backtick unless it is quoted: {_QUOTE}.",
    "%": f"A text cannot begin with % unless it is quoted: {_QUOTE}.",
}
_INDENTATION = (
    "The indentation does not fit the lines above: the fields of one mapping must begin in the same column. Indent "
    "with spaces, two for each level. A missing colon in the line above also leads here."
)
_COLON = (
    "A second colon stands in one line, or the line is indented deeper than its place allows. If the colon belongs "
    f"to the text, {_QUOTE}; otherwise mend the indentation."
)
_UNCLOSED_QUOTE = "The quote that opens here is not closed, or a line like --- stands inside it. Close the quote."
_UNCLOSED_BRACKET = (
    "In the bracket or brace that opens here, a comma or the closing bracket is missing. Add it; between the values "
    "there must be commas."
)
_TRAILING = (
    "Something stands behind the end of a value: behind a closing quote or bracket nothing can follow. If the quote "
    "or bracket belongs to the text, put the whole text in quotes, and write a single quote inside single quotes twice."
)
AFTER_DOCUMENT = (
    "The document has ended above: this line is indented less than the document's first line, or a bracket was "
    "closed too often. Mend the indentation; a new document begins with a line of three hyphens."
)
_ESCAPE_UNKNOWN = (
    "In double quotes a backslash begins an escape, and this one does not exist. Write the backslash twice, or use "
    "single quotes."
)
_ESCAPE_SHORT = (
    "In double quotes \\x, \\u and \\U need 2, 4 and 8 hexadecimal digits. Write them, or use single quotes."
)
_NO_COLON = "This line has no colon with a space after it. Write the field as name: value."
_NO_VALUE = (
    "A value is missing here: a bracket or brace above is not closed, or two commas follow each other. Close it, or "
    "write the value."
)
_MISPLACED_HYPHEN = "A list entry (a hyphen) cannot stand here. Begin the list in a line of its own."
_IN_LIST = "Inside a list every entry begins with a hyphen in the same column. Mend the indentation, or add the hyphen."
_AT_PROBLEM: tuple[tuple[str, str], ...] = (
    ("mapping values are not allowed", _COLON),
    ("block sequence entries are not allowed", _MISPLACED_HYPHEN),
    ("unknown escape character", _ESCAPE_UNKNOWN),
    ("expected hexdecimal number", _ESCAPE_SHORT),
    ("invalid Unicode character escape", "This escape stands for no character. Write the character itself."),
    ("tab character", _FIRST_CHARACTERS["\t"]),
    ("expected alphabetic or numeric", f"A text cannot begin with * or & unless it is quoted: {_QUOTE}."),
    ("expected comment or line break", "Behind | or > the line must end; the text begins in the next line."),
    ("expected '-' indicator", _IN_LIST),
    ("expected <document start>", AFTER_DOCUMENT),
    ("expected key", _INDENTATION),
    ("expected node content", _NO_VALUE),
    ("YAML directive", "The line that begins with %YAML cannot be read. Remove it."),
    ("incompatible YAML", "The line that begins with %YAML names another version. Remove it."),
)
_TAG = (
    "A value carries a tag (a word that begins with an exclamation mark) that cannot be read. Remove it; if it belongs "
    "to the text, put the text in quotes."
)
_TOO_LARGE = (
    "A text, a key or the number of values here is larger than the YAML parser takes; no manifest needs as much. "
    "Usually a quote is not closed. Shorten it, or split the document."
)
_GENERAL = (
    "The text here does not fit what stands above it. Look for a missing quote, colon or bracket, or for wrong "
    "indentation, in this line and the one above."
)
_BEYOND_DEPTH = re.compile(r"\b(?:nest|depth|deep|level|recurs)", re.IGNORECASE)
_BEYOND_SIZE = re.compile(r"\b(?:exceed|limit|maxim|too (?:long|large|big|many|much))", re.IGNORECASE)


def limit_of(refusal: YAMLError) -> tuple[str, str] | None:
    """Return code and detail where the parser met a limit of its own; None where it refused for another reason.

    The limits of a parser change between its releases (PyYAML 6.0.4 was the first to stop at 1,000 levels), and so
    do its words. The code is the one that ``building`` gives where it notices first.

    >>> from yaml import YAMLError
    >>> limit_of(YAMLError("exceeded maximum nesting depth"))[0]
    'yamlTooDeep'
    >>> limit_of(YAMLError("did not find expected key")) is None
    True
    """
    problem = getattr(refusal, "problem", None) or str(refusal)
    if _BEYOND_DEPTH.search(problem):
        return "yamlTooDeep", TOO_DEEP
    return ("yamlTooLarge", _TOO_LARGE) if _BEYOND_SIZE.search(problem) else None


def explain(refusal: YAMLError, line: str) -> tuple[str, str, Mark | None]:
    """Return the diagnostic code, the detail and the place of the parser's refusal; None: no place is known.

    ``line`` is the text of the line up to, and with, the character at which the parser stopped.

    >>> code, detail, place = explain(MarkedYAMLError(problem="found character that cannot start any token"), "a: @")
    >>> code, detail[:24], place
    ('yamlSyntax', 'A text cannot begin with', None)
    """
    if not isinstance(refusal, MarkedYAMLError):
        return "yamlSyntax", _GENERAL, None
    problem, context = refusal.problem or "", refusal.context or ""
    stopped: Mark | None = refusal.problem_mark
    if "tag" in context or "tag handle" in problem:
        return "yamlTag", _TAG, stopped
    unclosed = _unclosed(problem, context)
    if unclosed is not None:
        return "yamlSyntax", unclosed, refusal.context_mark or stopped
    return "yamlSyntax", _at_problem(problem, line), stopped


def _unclosed(problem: str, context: str) -> str | None:
    """Return the words for a quote, bracket or key that was not closed; None where the refusal is another.

    The mistake is where it was opened; the parser notices it at the end of the file.
    """
    if "quoted scalar" in context and ("end of stream" in problem or "document indicator" in problem):
        return _UNCLOSED_QUOTE
    if "flow" in context and "did not find expected ','" in problem:
        return _UNCLOSED_BRACKET
    return _NO_COLON if "could not find expected ':'" in problem else None


def _at_problem(problem: str, line: str) -> str:
    if "cannot start any token" in problem:
        return _FIRST_CHARACTERS.get(line[-1:], _GENERAL)
    if "expected key" in problem and line[:-1].strip():
        return _TRAILING
    return next((detail for part, detail in _AT_PROBLEM if part in problem), _GENERAL)
