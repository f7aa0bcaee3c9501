"""Reads one file's octets into documents and problems, in bounded time and memory whatever they are."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import DocumentStartEvent, ScalarEvent, StreamEndEvent

from reconciler.diagnostics import Diagnostic, Location, error, sort_key
from reconciler.yamlsource.building import DocumentBuilder, DocumentTooBig
from reconciler.yamlsource.syntax import AFTER_DOCUMENT, explain, limit_of
from reconciler.yamlsource.text import UNSAFE_CHARACTER, decode, is_safe_ascii, unsafe_characters
from reconciler.yamlsource.values import YamlDocument, YamlFile

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from reconciler.yamlsource.values import Mark

MAX_FILE_OCTETS = 5 * 1024 * 1024
MAX_PROBLEMS = 1_000
MAX_FILE_VALUES = 200_000
_DOCUMENT_VALUES = 3
"""What a document costs beside its values, in values."""
_MANY_IN_FILE = (
    f"The documents of this file have more than {MAX_FILE_VALUES:,} values together, and reading stopped here. "
    "Split the file."
)
_TAG_LINE = "This line declares tags, which change what a value is, so none is read. Remove the line."
_DOCUMENT_START = re.compile(rb"(?:\r\n|\r|\n)(?=---(?:[ \t\r\n]|\Z))")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_TAG_DIRECTIVE = re.compile(rb"(?:\A|(?<=[\r\n]))%TAG")


class TooManyProblems(Exception):
    """The file has so many problems that reading it on helps nobody."""


class _FileTooBig(Exception):
    """All documents of the file together are beyond the limit, so the rest of it is not read."""


def read_documents(octets: bytes, *, file: str) -> YamlFile:
    """Return the documents of a YAML file and its problems; nothing is raised.

    ``file`` is the name used in places. Empty documents are left out, and so is every document with a problem; the
    documents after it are read all the same.
    """
    problems: list[Diagnostic] = []
    documents = tuple(each_document(octets, file=file, problems=problems))
    return YamlFile(documents, tuple(sorted(problems, key=sort_key)))


def each_document(octets: bytes, *, file: str, problems: list[Diagnostic]) -> Iterator[YamlDocument]:
    """Yield the documents of a YAML file as they are read, and add its problems to ``problems`` on the way.

    For whoever may stop early: what is not asked for is not read.
    """
    if len(octets) > MAX_FILE_OCTETS:
        problems.append(too_large(file))
        return
    text = decode(octets, file=file)
    if isinstance(text, Diagnostic):
        problems.append(text)
        return
    try:
        yield from _Reading(octets, text, file, problems).run()
    except _FileTooBig:
        pass
    except TooManyProblems:
        problems.append(too_many_problems(file))


def too_large(file: str) -> Diagnostic:
    """Return the problem of a file over 5 MiB."""
    detail = "The file is larger than 5 MiB, so it was not read. Split it."
    return error("fileTooLarge", detail, location=Location(file))


def too_many_problems(file: str) -> Diagnostic:
    """Return the problem that ends the list of a file's problems."""
    detail = (
        f"There are more than {MAX_PROBLEMS:,} problems in this file, and reading stopped there. "
        "Mend those listed, then run again."
    )
    return error("tooManyProblems", detail, location=Location(file))


class _Reading:
    """The reading of one file: what was found so far, and how far it may go on."""

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
        """Yield the documents, beginning again after each one that cannot be read to its end."""
        if not is_safe_ascii(self._octets):
            self._remove_unsafe_characters()
        if b"%TAG" in self._octets:
            self._remove_tag_directives()
        broken_at = yield from self._read_on()
        while broken_at is not None and self._advance_past(broken_at):
            broken_at = yield from self._read_on()

    def _remove_unsafe_characters(self) -> None:
        """Report every unsafe character, and go on without them: the documents that hold them are refused."""
        for line, problem in unsafe_characters(self._text, file=self._file):
            self._add(problem)
            self._unsafe_lines.append(line)
        safe = UNSAFE_CHARACTER.sub("_", self._text) if self._unsafe_lines else self._text
        self._octets = safe.encode()

    def _remove_tag_directives(self) -> None:
        """Report every line that declares a tag, and make it a comment.

        The parser compares each such line with all before it: a file of nothing else would hold it for minutes.
        """
        line = counted = 0
        for found in _TAG_DIRECTIVE.finditer(self._octets):
            line += len(_LINE_END.findall(self._octets, counted, found.start()))
            counted = found.start()
            self._add(error("yamlTag", _TAG_LINE, location=Location(self._file, line + 1, 1)))
        self._octets = _TAG_DIRECTIVE.sub(b"#TAG", self._octets)

    def _advance_past(self, line: int) -> bool:
        """Move to the next line of three hyphens after ``line``; return False where there is none.

        Such a line begins a document wherever it stands (YAML 1.2.2 section 9.1.2), inside an open quote or
        bracket too, so that everything from there can be trusted again.
        """
        while found := _DOCUMENT_START.search(self._octets, self._octet):
            self._line += len(_LINE_END.findall(self._octets, self._octet, found.end()))
            self._octet = found.end()
            if self._line > line:
                return True
        return False

    def _read_on(self) -> Generator[YamlDocument, None, int | None]:
        """Yield documents from where reading stands; return the line of the one that broke off, None at the end.

        A document is held back until the next one begins: only then it is known to be complete.
        """
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
                    held = None
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
            self._spend(builder.values + _DOCUMENT_VALUES, first.start_mark)
        end = parser.get_event()
        if len(self._problems) > problems_before or self._is_unsafe(first.start_mark, end.end_mark):
            return None
        if value is None and first.__class__ is ScalarEvent and not first.value:
            return None
        weight = builder.values + _DOCUMENT_VALUES
        return YamlDocument(value, self._file, first.start_mark, self._line, weight)

    def _spend(self, values: int, mark: Mark) -> None:
        self._values_left -= values
        if self._values_left < 0:
            self._problems.append(error("yamlTooLarge", _MANY_IN_FILE, location=self._place(mark)))
            raise _FileTooBig

    def _is_unsafe(self, first: Mark, last: Mark) -> bool:
        return any(first.line <= line - self._line <= last.line for line in self._unsafe_lines)

    def _refuse_syntax(self, refusal: YAMLError, began_at: int) -> bool:
        """Report what the parser refused, unless a control character may be its cause.

        Returns whether it cut off the document before. A limit has no control character as its cause.
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
        """Return the text of a line up to a place and with the character there."""
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
            raise TooManyProblems
        self._problems.append(problem)
