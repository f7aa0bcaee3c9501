"""The parser's complaints in words that tell what to do.

libyaml's messages name its own states ("did not find expected <block end>") and point behind the mistake. Each is
turned into the mistake that people usually made, at the place where they made it. No text of the file is repeated:
it may be a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from yaml.error import MarkedYAMLError

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
_AT_PROBLEM: tuple[tuple[str, str], ...] = (
    ("mapping values are not allowed", _COLON),
    ("could not find expected ':'", "This line has no colon with a space after it. Write the field as name: value."),
    ("block sequence entries are not allowed", "A list entry (a hyphen) cannot stand here. Begin the list in a line of its own."),
    ("unknown escape character", "In double quotes a backslash begins an escape, and this one does not exist. Write the backslash twice, or use single quotes."),
    ("expected hexdecimal number", "In double quotes \\x, \\u and \\U need 2, 4 and 8 hexadecimal digits. Write them, or use single quotes."),
    ("invalid Unicode character escape", "This escape stands for no character. Write the character itself."),
    ("tab character", _FIRST_CHARACTERS["\t"]),
    ("expected alphabetic or numeric", f"A text cannot begin with * or & unless it is quoted: {_QUOTE}."),
    ("expected comment or line break", "Behind | or > the line must end; the text begins in the next line."),
    ("expected '-' indicator", "Inside a list every entry begins with a hyphen in the same column. Mend the indentation, or add the hyphen."),
    ("expected <document start>", AFTER_DOCUMENT),
    ("expected key", _INDENTATION),
    ("YAML directive", "The line that begins with %YAML cannot be read. Remove it."),
    ("incompatible YAML", "The line that begins with %YAML names another version. Remove it."),
)  # fmt: skip
_GENERAL = "The text here does not fit what stands above it. Look for a missing quote, colon or bracket, or for wrong indentation, in this line and the one above."


def explain(refusal: YAMLError, line: str) -> tuple[str, str, Mark | None]:
    """Return the diagnostic code, the detail and the place of what the parser refused.

    ``line`` is the text of the line up to, and with, the character at which the parser stopped.
    """
    if not isinstance(refusal, MarkedYAMLError):
        return "yamlSyntax", _GENERAL, None
    problem, context = refusal.problem or "", refusal.context or ""
    mark: Mark | None = refusal.problem_mark
    opening: Mark | None = refusal.context_mark or mark
    if "tag" in context or "tag handle" in problem:
        return "yamlTag", "A value carries a tag (a word that begins with an exclamation mark) that cannot be read. Remove it; if it belongs to the text, put the text in quotes.", mark
    if "quoted scalar" in context and ("end of stream" in problem or "document indicator" in problem):
        return "yamlSyntax", _UNCLOSED_QUOTE, opening
    if "flow" in context and "did not find expected ','" in problem:
        return "yamlSyntax", _UNCLOSED_BRACKET, opening
    if "cannot start any token" in problem:
        return "yamlSyntax", _FIRST_CHARACTERS.get(line[-1:], _GENERAL), mark
    if "expected key" in problem and line[:-1].strip():
        return "yamlSyntax", _TRAILING, mark
    for part, detail in _AT_PROBLEM:
        if part in problem:
            return "yamlSyntax", detail, opening if part.startswith("could not find") else mark
    return "yamlSyntax", _GENERAL, mark
