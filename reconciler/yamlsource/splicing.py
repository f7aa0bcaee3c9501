"""Edits of a YAML text that replace the characters meant and leave every other one as it is.

The premise: writing a document anew, whichever library does it, changes its indentation, quotes and line breaks
somewhere, and a reviewer must see only what was meant. So characters are cut out and put in at the places that the
parser names. An edit that cannot be made that way raises ``CannotSplice``. That the outcome means what it should is
not assumed here: the caller reads it back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.yamlsource.layout import LINE_END, line_start, next_line, placed_documents
from reconciler.yamlsource.writing import plain_or_quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.yamlsource.layout import PlacedDocument, PlacedEntry, PlacedNode

_ANCHOR = re.compile(r"&\S+[ \t]+")
_BLANK_LINE = re.compile(r"[ \t]*(?:\r\n|\r|\n)")
_REST_OF_LINE = re.compile(r"[ \t]*,?[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_EDITOR_LINE = re.compile(r"#+\s*(?:yaml-language-server|vim?|yamllint|-\*-|!)[:\s]?|#!")
"""A comment that speaks to a program about the whole file, so it is no document's own."""


class CannotSplice(Exception):
    """The text is written in such a way that the edit would touch something else."""


def newline_of(text: str, near: int = 0) -> str:
    r"""Return the line end that is next behind a place, else the first of the text, else a line feed.

    >>> newline_of("a: 1\r\n"), newline_of("")
    ('\r\n', '\n')
    """
    found = LINE_END.search(text, near) or LINE_END.search(text)
    return found.group() if found else "\n"


def with_document(text: str, document: str) -> str:
    r"""Return the text with a document added at its end, in the line ends of the text.

    >>> with_document("kind: A\n", "kind: B\n")
    'kind: A\n---\nkind: B\n'
    """
    newline = newline_of(text)
    addition = document.replace("\n", newline)
    if not text.strip():
        return text + addition
    ending = "" if text.endswith(("\n", "\r")) else newline
    return f"{text}{ending}---{newline}{addition}"


def without_document(text: str, index: int) -> str:
    r"""Return the text without one of its ``placed_documents``, and without the comments that are its own.

    Its own comments are those inside it, those that follow it without a blank line, and the block directly above
    it. Other comments stay: they may speak of another document, or of the file.

    >>> without_document("kind: A\n---\n# b\nkind: B\n", 1)
    'kind: A\n'
    """
    documents = placed_documents(text)
    start = _lead_start(text, documents, index)
    stop = _own_end(text, documents, index)
    kept = ""
    if _needs_dots(documents, index):
        kept = "..." + newline_of(text)
    elif text[stop : stop + 1] == "#" and text[:start].strip() and not _ends_blank(text[:start]):
        kept = newline_of(text)
    return text[:start] + kept + text[stop:]


def with_value(text: str, node: PlacedNode, value: str) -> str:
    r"""Return the text with a scalar replaced, in the same quotes; an alias is replaced by the value itself.

    >>> text = "name: 'a' # first\n"
    >>> with_value(text, placed_documents(text)[0].root.entry("name").value, "b")
    "name: 'b' # first\n"
    """
    written = text[node.start : node.end]
    if node.entries is not None or not (node.is_scalar or node.style == "*"):
        raise CannotSplice
    anchor = _ANCHOR.match(written) if node.is_scalar else None
    start = node.start + (anchor.end() if anchor else 0)
    # An anchor in a form that the pattern does not know: the value's own beginning cannot be told.
    if node.is_scalar and written.startswith("&") and anchor is None:
        raise CannotSplice
    new = _in_style(value, node.style)
    if node.style in {"|", ">"}:
        new += written[len(written.rstrip()) :]
    return text[:start] + new + text[node.end :]


def with_entry_after(text: str, mapping: PlacedNode, after: str, entry: tuple[str, str]) -> str:
    r"""Return the text with a key and its value behind the entry of the key ``after``, in that entry's style.

    >>> text = "metadata:\n  name: b\n"
    >>> metadata = placed_documents(text)[0].mapping_at(["metadata"])
    >>> with_entry_after(text, metadata, "name", ("previousName", "a"))
    'metadata:\n  name: b\n  previousName: a\n'
    """
    neighbour = _entry(mapping, after)
    key, value = entry
    style = neighbour.key_node.style
    if mapping.is_flow:
        addition = f", {_in_style(key, style)}: {_in_style(value, neighbour.value.style)}"
        return text[: neighbour.value.end] + addition + text[neighbour.value.end :]
    indentation = _indentation(text, neighbour.key_node)
    newline = newline_of(text, neighbour.key_node.start)
    line = f"{indentation}{_in_style(key, style)}: {_in_style(value, neighbour.value.style)}"
    at = _line_after(text, neighbour.value)
    if at == len(text) and not text.endswith(("\n", "\r")):
        return f"{text}{newline}{line}"
    return text[:at] + line + newline + text[at:]


def without_entry(text: str, mapping: PlacedNode, key: str) -> str:
    r"""Return the text without one entry of a mapping; the only entry cannot be removed.

    >>> text = "{name: b, previousName: a}\n"
    >>> without_entry(text, placed_documents(text)[0].root, "previousName")
    '{name: b}\n'
    """
    entry = _entry(mapping, key)
    entries = mapping.entries or ()
    index = entries.index(entry)
    if len(entries) == 1:
        raise CannotSplice
    # In braces the comma before the entry goes with it; of the first entry, the comma behind.
    if mapping.is_flow and index:
        before = entries[index - 1].value.end
        if text[before : entry.key_node.start].strip(" \t") == ",":
            return text[:before] + text[entry.value.end :]
    elif mapping.is_flow and not LINE_END.search(text, entry.key_node.start, entries[1].key_node.start):
        return text[: entry.key_node.start] + text[entries[1].key_node.start :]
    _indentation(text, entry.key_node)
    rest = _REST_OF_LINE.match(text, entry.value.end)
    if rest is None:
        raise CannotSplice
    return text[: line_start(text, entry.key_node.start)] + text[rest.end() :]


def _entry(mapping: PlacedNode, key: str) -> PlacedEntry:
    entry = mapping.entry(key)
    if entry is None:
        raise CannotSplice
    return entry


def _indentation(text: str, key: PlacedNode) -> str:
    """Return the blanks before a key; raise ``CannotSplice`` for a key that does not begin its line."""
    before = text[line_start(text, key.start) : key.start]
    if before.strip(" \t"):
        raise CannotSplice
    return before


def _line_after(text: str, value: PlacedNode) -> int:
    """Return the index of the line after a value; a block scalar ends with its own line end."""
    if text[value.end - 1] in "\r\n":
        return value.end
    rest = _REST_OF_LINE.match(text, value.end)
    if rest is None:
        raise CannotSplice
    return rest.end()


def _in_style(value: str, style: str | None) -> str:
    if style in {'"', "'"}:
        return f"{style}{value}{style}"
    return plain_or_quoted(value)


def _lead_start(text: str, documents: Sequence[PlacedDocument], index: int) -> int:
    """Return where the comments directly above a document begin; without any, where its own line begins.

    Comments above the hyphens of the first document are the file's, and so are lines that speak to an editor.
    """
    document = documents[index]
    start = line_start(text, document.start)
    floor = _own_end(text, documents, index - 1) if index else 0
    if index == 0 and document.is_explicit:
        return start
    while start > floor:
        above = line_start(text, start - 1 - text[:start].endswith("\r\n"))
        line = text[above:start]
        if not line.startswith("#") or (index == 0 and _EDITOR_LINE.match(line)):
            break
        start = above
    return start


def _own_end(text: str, documents: Sequence[PlacedDocument], index: int) -> int:
    """Return where a document ends with the comments that are its own: before a comment below a blank line."""
    document = documents[index]
    stop = line_start(text, documents[index + 1].start) if index + 1 < len(documents) else len(text)
    at = document.end
    if at == 0 or text[at - 1] not in "\r\n":
        at = next_line(text, at)
    is_below_blank = _ends_blank(text[:at])  # a block scalar takes the blank lines below it
    while at < stop:
        if is_below_blank and text[at] == "#":
            return at
        is_below_blank = is_below_blank or _BLANK_LINE.match(text, at) is not None
        at = next_line(text, at)
    return stop


def _needs_dots(documents: Sequence[PlacedDocument], index: int) -> bool:
    """Tell whether removing a document must leave its line of dots.

    The document after it has directives, which only dots can part from the document before.
    """
    if index == 0 or index + 1 == len(documents) or documents[index - 1].ends_explicitly:
        return False
    return documents[index + 1].has_directives


def _ends_blank(text: str) -> bool:
    """Tell whether the last line of a text is blank."""
    return not text[line_start(text, len(text.removesuffix("\n").removesuffix("\r"))) :].strip()
