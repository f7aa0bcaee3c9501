"""Reads what is not surely plain, by the parser: all documents of one file, and all that is wrong with it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import DocumentStartEvent, ScalarEvent, StreamEndEvent

from reconciler.characters import REFUSED_IN_FILES
from reconciler.diagnostics import Location, error
from reconciler.yamlsource.building import DocumentBuilder, DocumentTooBig
from reconciler.yamlsource.limits import DOCUMENT_VALUES, MAX_FILE_VALUES, MAX_PROBLEMS, too_many_problems
from reconciler.yamlsource.syntax import AFTER_DOCUMENT, explain, limit_of
from reconciler.yamlsource.text import is_safe_ascii, unsafe_characters
from reconciler.yamlsource.values import YamlDocument, place_at

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from reconciler.diagnostics import Diagnostic
    from reconciler.yamlsource.values import Mark

_MANY_IN_FILE = (
    f"The documents of this file have more than {MAX_FILE_VALUES:,} values together, and reading stopped here. "
    "Split the file."
)
_TAG_LINE = "This line declares tags, which change what a value is, so none is read. Remove the line."
_DOCUMENT_START = re.compile(rb"(?:\r\n|\r|\n)(?=---(?:[ \t\r\n]|\Z))")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_CONFLICT_MARKERS = tuple(re.compile(mark, re.MULTILINE) for mark in (rb"^<{7} ", rb"^={7}\r?$", rb"^>{7} "))
"""What git leaves behind where two branches changed the same lines, in this order: in YAML no line begins so."""
_CONFLICT_TOLD = (
    "Here stand git's conflict markers (<<<<<<<, =======, >>>>>>>): two branches changed these lines, and nobody has "
    "decided yet. Keep what is right of both, and remove the markers. All files like this are listed by\n"
    "    git diff --name-only --diff-filter=U"
)
_TAG_DIRECTIVE = re.compile(rb"(?:\A|(?<=[\r\n]))%TAG")


class _TooManyProblems(Exception):
    """The file has more problems than anybody would read, so reading ends."""


class _FileTooBig(Exception):
    """All documents of the file together exceed the limit, so reading ends."""


def parsed_documents(octets: bytes, text: str, *, file: str, problems: list[Diagnostic]) -> Iterator[YamlDocument]:
    r"""Yield the documents of a file, whose ``text`` the octets are, and add its problems to ``problems`` on the way.

    >>> problems = []
    >>> text = "name: &base sales\n--- [\n"
    >>> [each.value for each in parsed_documents(text.encode(), text, file="a.yaml", problems=problems)]
    [{'name': 'sales'}]
    >>> [(problem.code, str(problem.location)) for problem in problems]
    [('yamlSyntax', 'a.yaml:3:1')]
    """
    conflict = _conflict_in(octets)
    if conflict is not None:
        problems.append(error("yamlSyntax", _CONFLICT_TOLD, location=Location(file, conflict, 1)))
        return
    try:
        yield from _Reading(octets, text, file, problems).run()
    except _FileTooBig:
        pass
    except _TooManyProblems:
        problems.append(too_many_problems(file))


def _conflict_in(octets: bytes) -> int | None:
    """Return the line in which git's first conflict begins; None where there is none."""
    start, first = 0, None
    for marker in _CONFLICT_MARKERS:
        found = marker.search(octets, start)
        if found is None:
            return None
        start, first = found.end(), found.start() if first is None else first
    return len(_LINE_END.findall(octets, 0, first or 0)) + 1


class _Reading:
    """The reading of one file: its octets, where reading stands, and what is left of the limit."""

    def __init__(self, octets: bytes, text: str, file: str, problems: list[Diagnostic]) -> None:
        self._problems = problems
        self._file = file
        self._octets = octets
        self._text = text
        self._unsafe_lines: list[int] = []
        self._values_left = MAX_FILE_VALUES
        self._octet = 0
        self._line = 0

    def run(self) -> Iterator[YamlDocument]:
        """Yield the documents, beginning anew behind each one that cannot be read to its end."""
        if not is_safe_ascii(self._octets):
            self._remove_unsafe_characters()
        if b"%TAG" in self._octets:
            self._remove_tag_directives()
        broken_at = yield from self._read_on()
        while broken_at is not None and self._advance_past(broken_at):
            broken_at = yield from self._read_on()

    def _remove_unsafe_characters(self) -> None:
        """Report every unsafe character and read on without them.

        The parser would stop at the first one; so all of them are told in one run, and the documents with one are
        refused.
        """
        for line, problem in unsafe_characters(self._text, file=self._file):
            self._add(problem)
            self._unsafe_lines.append(line)
        safe = REFUSED_IN_FILES.sub("_", self._text) if self._unsafe_lines else self._text
        self._octets = safe.encode()

    def _remove_tag_directives(self) -> None:
        """Report every line that declares a tag, and turn it into a comment.

        The parser compares each such line with all before it, so a file of nothing else would occupy it for
        minutes.
        """
        line = counted = 0
        for directive in _TAG_DIRECTIVE.finditer(self._octets):
            line += len(_LINE_END.findall(self._octets, counted, directive.start()))
            counted = directive.start()
            self._add(error("yamlTag", _TAG_LINE, location=Location(self._file, line + 1, 1)))
        self._octets = _TAG_DIRECTIVE.sub(b"#TAG", self._octets)

    def _advance_past(self, line: int) -> bool:
        """Move to the next line of three hyphens after ``line``; return False where there is none.

        Such a line begins a document wherever it stands (YAML 1.2.2 section 9.1.2), inside an open quote or bracket
        too. So from there on everything can be trusted again.
        """
        while start := _DOCUMENT_START.search(self._octets, self._octet):
            self._line += len(_LINE_END.findall(self._octets, self._octet, start.end()))
            self._octet = start.end()
            if self._line > line:
                return True
        return False

    def _read_on(self) -> Generator[YamlDocument, None, int | None]:
        """Yield the documents from where reading stands; return the line of one that broke off, None at the end.

        Each document is held back until the next one begins: only then it is known to be complete.
        """
        # Octets are read faster than a stream, but only a stream can begin in the middle without a copy.
        stream: Any = self._octets
        if self._octet:
            stream = io.BytesIO(self._octets)
            stream.seek(self._octet)
        parser = CParser(stream)
        held: YamlDocument | None = None
        began_at = self._line
        is_broken = False
        try:
            while (event := parser.get_event()).__class__ is not StreamEndEvent:
                if event.__class__ is DocumentStartEvent:
                    began: Mark = event.start_mark  # type: ignore[assignment]
                    began_at = self._line + began.line
                    if held is not None:
                        yield held
                    held = None  # while it is read: an exception must not give the one before it a second time
                    held = self._read_document(parser)
        except DocumentTooBig as refusal:
            self._report(refusal.code, refusal.detail, refusal.mark)
            is_broken = True
        except YAMLError as refusal:
            is_broken = True
            if self._refuse_syntax(refusal, began_at):
                held = None
        if held is not None:
            yield held
        return began_at if is_broken else None

    def _read_document(self, parser: Any) -> YamlDocument | None:
        problems_before = len(self._problems)
        builder = DocumentBuilder(parser.get_event, self._report, first_line=self._line)
        first = parser.get_event()
        try:
            value = builder.build(first)
        finally:
            self._values_left -= builder.values + DOCUMENT_VALUES
            if self._values_left < 0:
                self._problems.append(error("yamlTooLarge", _MANY_IN_FILE, location=self._place(first.start_mark)))
                raise _FileTooBig
        end = parser.get_event()
        if len(self._problems) > problems_before or any(
            first.start_mark.line <= line - self._line <= end.end_mark.line for line in self._unsafe_lines
        ):
            return None
        if value is None and first.__class__ is ScalarEvent and not first.value:
            return None
        weight = builder.values + DOCUMENT_VALUES
        began = place_at(first.start_mark.line, first.start_mark.column)
        return YamlDocument(value, self._file, began, self._line, weight)

    def _refuse_syntax(self, refusal: YAMLError, began_at: int) -> bool:
        """Report what the parser refused, unless a control character may be the cause; that is reported already.

        Returns whether the refusal cut off the document before. A limit never has a control character as its cause.
        """
        stopped: Mark | None = getattr(refusal, "problem_mark", None)
        limit = limit_of(refusal)
        if limit is not None:
            self._add(error(*limit, location=Location(self._file) if stopped is None else self._place(stopped)))
            return False
        code, detail, mark = explain(refusal, self._line_up_to(stopped))
        stopped_at = began_at if stopped is None else self._line + stopped.line
        if not any(began_at <= line <= stopped_at for line in self._unsafe_lines):
            place = Location(self._file) if mark is None else self._place(mark)
            self._add(error(code, detail, location=place))
        return detail is AFTER_DOCUMENT

    def _line_up_to(self, mark: Mark | None) -> str:
        """Return the text of a line, up to and with the character at a place."""
        if mark is None:
            return ""
        start = self._octet
        for _ in range(mark.line):
            line_end = _LINE_END.search(self._octets, start)
            start = line_end.end() if line_end else len(self._octets)
        characters = self._octets[start : start + 4 * (mark.column + 1)].decode(errors="ignore")
        return characters[: mark.column + 1]

    def _place(self, mark: Mark) -> Location:
        return Location(self._file, self._line + mark.line + 1, mark.column + 1)

    def _report(self, code: str, detail: str, mark: Mark) -> None:
        self._add(error(code, detail, location=self._place(mark)))

    def _add(self, problem: Diagnostic) -> None:
        if len(self._problems) >= MAX_PROBLEMS:
            raise _TooManyProblems
        self._problems.append(problem)
