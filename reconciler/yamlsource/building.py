"""Builds one document's value from the C parser's events.

The premise: the parser makes an event with its place for every key and value anyway, so building here, instead of
through PyYAML's nodes and constructors, gives places for nothing and takes less time than its own loader.
``DocumentBuilder`` counts as it goes, so that a hostile document is dropped before it costs much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from reconciler.yamlsource.limits import MAX_VALUES
from reconciler.yamlsource.plain import text_or_word
from reconciler.yamlsource.values import LocatedMapping, LocatedSequence, line_of, place_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.yamlsource.values import Mark

MAX_LEVELS = 100
MAX_SCALAR_CHARACTERS = 65_536
_MERGE = "<<"

_TAG = (
    "A value carries a tag (a word that begins with an exclamation mark). Tags change what a value is, so none is "
    "read. Remove the tag and write the plain value; if the exclamation mark belongs to the text, put the text in "
    "quotes. A secret that another program would look up by a tag (!secret, !vault, !env) is a reference here:\n"
    "    password: {env: SMTP_SALES_PASSWORD}"
)
_LONG_SCALAR = (
    f"One text here has more than {MAX_SCALAR_CHARACTERS:,} characters; no field takes as much. Usually a quote is "
    "not closed. Shorten the text."
)
_MANY_VALUES = (
    f"This document has more than {MAX_VALUES:,} values, each alias counted as everything that it stands for. Split "
    "the document with lines of three hyphens, or write fewer aliases."
)
TOO_DEEP = (
    f"This document is nested more than {MAX_LEVELS} levels deep, which no manifest needs. Remove the nesting; "
    "usually a bracket is not closed."
)
_KEY_NOT_TEXT = (
    "A key must be text, and here a list, a mapping or an alias stands before the colon. If the text begins with a "
    "brace or bracket, as templates do, put it in quotes."
)
_KEY_MISSING = "There is no key before the colon. Write the field's name there."
_ALIAS_UNKNOWN = (
    "This alias (a word that begins with *) names no anchor above it in the same document. Correct the name; if the "
    "asterisk belongs to the text, put the text in quotes."
)
_ALIAS_RECURSIVE = (
    "This alias stands inside the very value that it names, so the value would never end. Write the value out."
)
_MERGE_NOT_MAPPING = (
    "The merge key << takes a mapping, an alias of one, or a list of these. Correct the alias, or remove the line."
)


class DocumentTooBig(Exception):
    """The document is beyond a limit, so the rest of it is not read."""

    def __init__(self, code: str, detail: str, mark: Mark) -> None:
        """Keep the diagnostic code, the detail and the place."""
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.mark = mark


class _Anchored:
    """A value under an anchor, with the number of values it expands to and of its levels; complete once it was read."""

    __slots__ = ("is_complete", "levels", "value", "values")

    def __init__(self) -> None:
        self.value: Any = None
        self.values = 0
        self.levels = 0
        self.is_complete = False


class DocumentBuilder:
    """Builds the value of one document from the events between its start and its end."""

    __slots__ = ("_anchors", "_deepest", "_first_line", "_next_event", "_report", "values")

    def __init__(
        self, next_event: Callable[[], Any], report: Callable[[str, str, Mark], None], *, first_line: int
    ) -> None:
        """Keep where events come from, and where a problem goes (code, detail, place).

        ``first_line`` is the line of the file, from 0, that the marks count from.
        """
        self._next_event = next_event
        self._report = report
        self._first_line = first_line
        self._anchors: dict[str, _Anchored] = {}
        self._deepest = 0
        self.values = 0
        """How many values there are so far, each alias counted as what it expands to."""

    def build(self, event: Any) -> Any:
        """Return the value that begins with ``event``; raise ``DocumentTooBig`` where a limit is exceeded."""
        return self._node(event, 0)

    def _node(self, event: Any, level: int) -> Any:
        if event.__class__ is AliasEvent:
            return self._alias(event, level)
        if event.tag is not None:  # reported, and read on as if it were not there: the document is refused anyway
            self._report("yamlTag", _TAG, event.start_mark)
        if event.anchor is None:
            return self._content(event, level)
        anchored = self._anchors[event.anchor] = _Anchored()
        # The level and the count are measured inside this value alone: that is what each of its aliases will cost.
        outer_deepest, values_before = self._deepest, self.values
        self._deepest = level
        anchored.value = self._content(event, level)
        anchored.levels = self._deepest - level
        anchored.values = self.values - values_before
        anchored.is_complete = True
        self._deepest = max(outer_deepest, self._deepest)
        return anchored.value

    def _content(self, event: Any, level: int) -> Any:
        if event.__class__ is ScalarEvent:
            return self._scalar(event)
        self._count(1, event.start_mark)
        level += 1
        if level > self._deepest:
            self._reach(level, event.start_mark)
        if event.__class__ is MappingStartEvent:
            return self._mapping(level)
        sequence = LocatedSequence()
        sequence.places = []
        next_event = self._next_event
        while (entry := next_event()).__class__ is not SequenceEndEvent:
            sequence.append(self._node(entry, level))
            sequence.places.append(place_at(entry.start_mark.line, entry.start_mark.column))
        return sequence

    def _scalar(self, event: Any) -> Any:
        written = event.value
        self.values += 1
        if self.values > MAX_VALUES:
            raise DocumentTooBig("yamlTooLarge", _MANY_VALUES, event.start_mark)
        if len(written) > MAX_SCALAR_CHARACTERS:
            raise DocumentTooBig("yamlTooLarge", _LONG_SCALAR, event.start_mark)
        return written if event.style else text_or_word(written)

    def _mapping(self, level: int) -> LocatedMapping:
        mapping = LocatedMapping()
        mapping.places = []
        next_event = self._next_event
        merged: list[LocatedMapping] | None = None
        while (key_event := next_event()).__class__ is not MappingEndEvent:
            key = self._key(key_event, level)
            event = next_event()
            # Nearly every value is a plain text, so it is built without the detour through ``_node``.
            if event.__class__ is ScalarEvent and event.anchor is None and event.tag is None:
                value = self._scalar(event)
            else:
                value = self._node(event, level)
            if key is None:
                continue
            if key in mapping or (merged is not None and key == _MERGE):
                self._report_duplicate(mapping, key, key_event.start_mark)
            elif key == _MERGE and not key_event.style:
                merged = self._merge_sources(value, event.start_mark)
            else:
                mapping[key] = value
                key_mark, mark = key_event.start_mark, event.start_mark
                mapping.places += (place_at(key_mark.line, key_mark.column), place_at(mark.line, mark.column))
        # Last, because a key of the mapping itself goes before a merged one wherever it stands.
        for source in merged or ():
            _merge(mapping, source)
        return mapping

    def _key(self, event: Any, level: int) -> str | None:
        """Return the text of a key; for a key that is not text report that, and return None."""
        place: Mark = event.start_mark
        if event.__class__ is not ScalarEvent:
            self._node(event, level)
            self._report("yamlSyntax", _KEY_NOT_TEXT, place)
            return None
        if event.anchor is not None or event.tag is not None:
            self._node(event, level)
        key: str = event.value
        if len(key) > MAX_SCALAR_CHARACTERS:
            raise DocumentTooBig("yamlTooLarge", _LONG_SCALAR, place)
        if not key and not event.style:
            self._report("yamlSyntax", _KEY_MISSING, place)
            return None
        return key

    def _alias(self, event: Any, level: int) -> Any:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            self._report("yamlAlias", _ALIAS_UNKNOWN, event.start_mark)
            return None
        if not anchored.is_complete:
            self._report("yamlAlias", _ALIAS_RECURSIVE, event.start_mark)
            return None
        self._count(anchored.values, event.start_mark)
        if level + anchored.levels > self._deepest:
            self._reach(level + anchored.levels, event.start_mark)
        return anchored.value

    def _count(self, values: int, mark: Mark) -> None:
        self.values += values
        if self.values > MAX_VALUES:
            raise DocumentTooBig("yamlTooLarge", _MANY_VALUES, mark)

    def _reach(self, level: int, mark: Mark) -> None:
        self._deepest = level
        if level > MAX_LEVELS:
            raise DocumentTooBig("yamlTooDeep", TOO_DEEP, mark)

    def _report_duplicate(self, mapping: LocatedMapping, key: str | None, mark: Mark) -> None:
        """Report a key that is given twice, without repeating it: it might be a misplaced secret."""
        first = mapping.places_of(key)
        where = f"in line {self._first_line + line_of(first[0]) + 1}" if first else "above"
        detail = f"This key stands {where} already, so one of the two values would be lost. Keep one of them."
        self._report("duplicateKey", detail, mark)

    def _merge_sources(self, written: Any, mark: Mark) -> list[LocatedMapping]:
        sources = written if isinstance(written, LocatedSequence) else [written]
        usable = [source for source in sources if isinstance(source, LocatedMapping)]
        if len(usable) < len(sources):
            self._report("yamlSyntax", _MERGE_NOT_MAPPING, mark)
        return usable


def _merge(mapping: LocatedMapping, source: LocatedMapping) -> None:
    """Add the keys of ``source`` that ``mapping`` lacks; they keep the places where they are written."""
    for index, (key, value) in enumerate(source.items()):
        if key not in mapping:
            mapping[key] = value
            mapping.places += source.places[2 * index : 2 * index + 2]
