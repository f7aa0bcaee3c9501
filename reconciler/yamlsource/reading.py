"""Reads one file's octets into documents and problems, in bounded time and memory whatever they are."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import DocumentEndEvent, DocumentStartEvent, ScalarEvent, StreamEndEvent

from reconciler.diagnostics import Diagnostic, Location, error, sort_key
from reconciler.yamlsource.building import DocumentBuilder, DocumentTooBig
from reconciler.yamlsource.syntax import AFTER_DOCUMENT, explain
from reconciler.yamlsource.text import UNSAFE_CHARACTER, decode, is_safe_ascii, unsafe_characters
from reconciler.yamlsource.values import YamlDocument, YamlFile

if TYPE_CHECKING:
    from reconciler.yamlsource.values import Mark

MAX_FILE_OCTETS = 5 * 1024 * 1024
MAX_PROBLEMS = 1_000
MAX_FILE_VALUES = 200_000
_DOCUMENT_VALUES = 3
"""What a document costs beside its values, in values."""
_MANY_IN_FILE = f"The documents of this file have more than {MAX_FILE_VALUES:,} values together, and reading stopped here. Split the file."
_DOCUMENT_START = re.compile(rb"(?:\r\n|\r|\n)(?=---(?:[ \t\r\n]|\Z))")
_LINE_END = re.compile(rb"\r\n|\r|\n")


class TooManyProblems(Exception):  # noqa: N818 - a signal inside this package, never seen outside
    """The file has so many problems that reading it on helps nobody."""


class _FileTooBig(Exception):  # noqa: N818 - a signal inside this package, never seen outside
    """All documents of the file together are beyond the limit, so the rest of it is not read."""


def read_documents(octets: bytes, *, file: str) -> YamlFile:
    """Return the documents of a YAML file and its problems; nothing is raised.

    ``file`` is the name used in places. Empty documents are left out, and so is every document with a problem; the
    documents after it are read all the same.
    """
    if len(octets) > MAX_FILE_OCTETS:
        return YamlFile((), (too_large(file),))
    text = decode(octets, file=file)
    if isinstance(text, Diagnostic):
        return YamlFile((), (text,))
    reading = _Reading(octets, text, file)
    try:
        reading.run()
    except _FileTooBig:
        pass
    except TooManyProblems:
        reading.problems.append(too_many_problems(file))
    problems = sorted(reading.problems, key=sort_key)
    return YamlFile(tuple(reading.documents), tuple(problems))


def too_large(file: str) -> Diagnostic:
    """Return the problem of a file over 5 MiB."""
    return error("fileTooLarge", "The file is larger than 5 MiB, so it was not read. Split it.", location=Location(file))


def too_many_problems(file: str) -> Diagnostic:
    """Return the problem that ends the list of a file's problems."""
    detail = f"There are more than {MAX_PROBLEMS:,} problems in this file, and reading stopped there. Mend those listed, then run again."
    return error("tooManyProblems", detail, location=Location(file))


class _Reading:
    """The reading of one file: what was found so far, and how far it may go on."""

    def __init__(self, octets: bytes, text: str, file: str) -> None:
        self.documents: list[YamlDocument] = []
        self.problems: list[Diagnostic] = []
        self._file = file
        self._octets = octets
        self._text = text
        self._unsafe_lines: list[int] = []
        self._values_left = MAX_FILE_VALUES
        self._octet = 0
        self._line = 0

    def run(self) -> None:
        """Read the whole file, beginning again after each document that cannot be read to its end."""
        if not is_safe_ascii(self._octets):
            self._remove_unsafe_characters()
        broken_at = self._read_on()
        while broken_at is not None and self._advance_past(broken_at):
            broken_at = self._read_on()

    def _remove_unsafe_characters(self) -> None:
        """Report every unsafe character, and go on without them: the documents that hold them are refused."""
        for line, problem in unsafe_characters(self._text, file=self._file):
            self._add(problem)
            self._unsafe_lines.append(line)
        safe = UNSAFE_CHARACTER.sub("_", self._text) if self._unsafe_lines else self._text
        self._octets = safe.encode()

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

    def _read_on(self) -> int | None:
        """Read documents from where reading stands; return the line where that came to a stop, None at the end."""
        stream: Any = self._octets
        if self._octet:
            stream = io.BytesIO(self._octets)
            stream.seek(self._octet)
        parser = CParser(stream)
        try:
            while (event := parser.get_event()).__class__ is not StreamEndEvent:
                if event.__class__ is DocumentStartEvent:
                    self._read_document(parser)
        except DocumentTooBig as refusal:
            return self._refuse(refusal.code, refusal.detail, refusal.mark)
        except YAMLError as refusal:
            return self._refuse_syntax(refusal)
        return None

    def _read_document(self, parser: Any) -> None:
        problems_before = len(self.problems)
        builder = DocumentBuilder(parser.get_event, self._report, first_line=self._line)
        first = parser.get_event()
        try:
            value = builder.build(first)
        finally:
            self._spend(builder.values + _DOCUMENT_VALUES, first.start_mark)
        end = parser.get_event()
        if len(self.problems) > problems_before or self._is_unsafe(first.start_mark, end.end_mark):
            return
        is_empty = value is None and first.__class__ is ScalarEvent and not first.value
        if not is_empty:
            self.documents.append(YamlDocument(value, self._file, first.start_mark, self._line))

    def _spend(self, values: int, mark: Mark) -> None:
        self._values_left -= values
        if self._values_left < 0:
            self.problems.append(error("yamlTooLarge", _MANY_IN_FILE, location=self._place(mark)))
            raise _FileTooBig

    def _is_unsafe(self, first: Mark, last: Mark) -> bool:
        return any(first.line <= line - self._line <= last.line for line in self._unsafe_lines)

    def _refuse(self, code: str, detail: str, mark: Mark) -> int:
        self._report(code, detail, mark)
        return self._line + mark.line

    def _refuse_syntax(self, refusal: YAMLError) -> int:
        """Report what the parser refused; return the line where the trouble began, before which all was read."""
        stopped: Mark | None = getattr(refusal, "problem_mark", None)
        began: Mark | None = getattr(refusal, "context_mark", None) or stopped
        code, detail, mark = explain(refusal, self._line_up_to(stopped))
        if code == "yamlSyntax" and detail is AFTER_DOCUMENT and self.documents:
            self.documents.pop()
        if not self._unsafe_lines:
            place = Location(self._file) if mark is None else self._place(mark)
            self._add(error(code, detail, location=place))
        return self._line if began is None else self._line + began.line

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
        if len(self.problems) >= MAX_PROBLEMS:
            raise TooManyProblems
        self.problems.append(problem)
