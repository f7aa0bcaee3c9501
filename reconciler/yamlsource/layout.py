"""Where documents, mappings and values stand in a YAML text, so that a part can be replaced and nothing else.

All places are indexes into the text, which has no byte order mark. The text must be one that ``read_documents``
reads without a problem: that bounds its depth and size.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE_END = re.compile("\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class PlacedNode:
    """One value, from its first character (that of its anchor, if it has one) to behind its last one."""

    start: int
    end: int
    style: str | None = None
    """A scalar's quote or block indicator; ``*`` for an alias; None for a plain scalar and for a collection."""
    is_scalar: bool = False
    is_flow: bool = False
    entries: tuple[PlacedEntry, ...] | None = None
    """The entries of a mapping in their order; None for anything else."""

    def entry(self, key: str) -> PlacedEntry | None:
        """Return the entry of a key; None where the key is not written in this very mapping, but merged into it."""
        return next((entry for entry in self.entries or () if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """One key and its value in a mapping; ``key`` is empty for a key that is not text."""

    key: str
    key_node: PlacedNode
    value: PlacedNode


@dataclass(frozen=True, slots=True)
class PlacedDocument:
    """One document; an empty one has an empty scalar as its root."""

    start: int
    """Where its first directive begins, else its line of hyphens, else its content."""
    content_end: int
    """Behind the last character of its value; comments below the value are not counted."""
    end: int
    """Behind its line of three dots; without one the same as ``content_end``."""
    is_explicit: bool
    """Whether a line of three hyphens begins it."""
    has_directives: bool
    ends_explicitly: bool
    root: PlacedNode

    def mapping_at(self, path: Sequence[str]) -> PlacedNode | None:
        """Return the mapping under these keys, each written in the mapping before it; None where there is none."""
        node = self.root
        for key in path:
            entry = node.entry(key)
            if entry is None:
                return None
            node = entry.value
        return node if node.entries is not None else None


def placed_documents(text: str) -> tuple[PlacedDocument, ...]:
    r"""Return the places of all documents of a text in their order, empty ones among them.

    >>> text = "kind: A\n---\nkind: B\n"
    >>> [text[document.root.start : document.root.end] for document in placed_documents(text)]
    ['kind: A', 'kind: B']
    >>> entry = placed_documents(text)[1].root.entry("kind")
    >>> text[entry.value.start : entry.value.end]
    'B'
    """
    parser: Any = CParser(text.encode())
    documents = []
    while (event := parser.get_event()).__class__ is not StreamEndEvent:
        if event.__class__ is DocumentStartEvent:
            documents.append(_document(parser, event, text))
    return tuple(documents)


def line_start(text: str, index: int) -> int:
    r"""Return the index at which the line of a character begins.

    >>> line_start("a: 1\nb: 2\n", 7)
    5
    """
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def next_line(text: str, index: int) -> int:
    r"""Return the index at which the next line begins; in the last line, the end of the text.

    >>> next_line("a: 1\nb: 2\n", 0), next_line("a: 1", 0)
    (5, 4)
    """
    found = LINE_END.search(text, index)
    return found.end() if found else len(text)


def _document(parser: Any, began: Any, text: str) -> PlacedDocument:
    reached = _Reached()
    root = _node(parser, parser.get_event(), reached)
    ended = parser.get_event()
    content_end = max(reached.index, began.end_mark.index if began.explicit else 0)
    return PlacedDocument(
        start=began.start_mark.index,
        content_end=content_end,
        end=ended.end_mark.index if ended.explicit else content_end,
        is_explicit=bool(began.explicit),
        has_directives=bool(began.explicit) and text[began.start_mark.index] == "%",
        ends_explicitly=bool(ended.explicit),
        root=root,
    )


class _Reached:
    """How far the content of a document reaches; libyaml ends a block mapping only where the next thing begins."""

    def __init__(self) -> None:
        self.index = 0

    def reach(self, index: int) -> None:
        self.index = max(self.index, index)


def _node(parser: Any, event: Any, reached: _Reached) -> PlacedNode:
    start: int = event.start_mark.index
    end: int = event.end_mark.index
    kind: type = event.__class__
    if kind is AliasEvent:
        reached.reach(end)
        return PlacedNode(start, end, style="*")
    if kind is ScalarEvent:
        reached.reach(end)
        return PlacedNode(start, end, style=event.style or None, is_scalar=True)
    if kind is SequenceStartEvent:
        while (item := parser.get_event()).__class__ is not SequenceEndEvent:
            _node(parser, item, reached)
        return _collection(event, item, reached, None)
    assert kind is MappingStartEvent  # noqa: S101 - nothing else can begin a value
    entries = []
    while (key_event := parser.get_event()).__class__ is not MappingEndEvent:
        key_node = _node(parser, key_event, reached)
        value = _node(parser, parser.get_event(), reached)
        entries.append(PlacedEntry(getattr(key_event, "value", None) or "", key_node, value))
    return _collection(event, key_event, reached, tuple(entries))


def _collection(began: Any, ended: Any, reached: _Reached, entries: tuple[PlacedEntry, ...] | None) -> PlacedNode:
    if began.flow_style:
        reached.reach(ended.end_mark.index)
    end = ended.end_mark.index if began.flow_style else reached.index
    return PlacedNode(began.start_mark.index, end, is_flow=bool(began.flow_style), entries=entries)
