"""The value of one problem and the place it belongs to."""

from __future__ import annotations

import re
from typing import Literal

from reconciler.classes import dataclass
from reconciler.diagnostics.codes import CODES

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""In the order in which they are told: what must be mended first comes first."""

_STANDING = frozenset({"awaitingApproval", "evidenceReused", "secretsNotRead", "staysSuspended"})


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file: the path as the user would type it; line and column count from 1, None where unknown."""

    file: str
    line: int | None = None
    column: int | None = None

    def __lt__(self, other: Location) -> bool:
        """Tell whether it comes before another place, by file, line and column: a dataclass with an order compiles four such."""
        return (self.file, self.line, self.column) < (other.file, other.line, other.column)

    def __str__(self) -> str:
        """``file:line:column``, as editors and terminals link it."""
        parts = [self.file, self.line, self.column]
        return ":".join(str(part) for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. ``summary`` is fixed for its code; ``detail`` is full sentences: what, why, what to do.

    A line of ``detail`` that begins with four spaces is something to copy: a command or manifest lines.
    ``subject`` is the account, server, secret or file concerned, None where there is none or several. ``subjects`` are
    all that it concerns, by name, where the subject is not all of it: the accounts that share the cause.
    """

    severity: Severity
    code: str
    summary: str
    detail: str
    subject: str | None = None
    location: Location | None = None
    subjects: tuple[str, ...] = ()

    @property
    def concerned(self) -> tuple[str, ...]:
        """All subjects of the problem by name: ``subjects`` where there are several, else the one ``subject``."""
        return self.subjects or ((self.subject,) if self.subject is not None else ())


def error(code: str, detail: str, *, subject: str | None = None, location: Location | None = None) -> Diagnostic:
    """Return a problem that stops the command; ``code`` must be one of ``CODES``."""
    return _told("error", code, detail, subject, location)


def warning(code: str, detail: str, *, subject: str | None = None, location: Location | None = None) -> Diagnostic:
    """Return a problem that is told and stops nothing."""
    return _told("warning", code, detail, subject, location)


def note(code: str, detail: str, *, subject: str | None = None, location: Location | None = None) -> Diagnostic:
    """Return a remark that is worth knowing and asks for nothing."""
    return _told("note", code, detail, subject, location)


def _told(severity: Severity, code: str, detail: str, subject: str | None, location: Location | None) -> Diagnostic:
    """Return a problem in which no address tells its password: whichever field or word somebody wrote one as may be repeated."""
    if ":/" in detail and "@" in detail:
        detail = _without_passwords(detail)
    if subject is not None and ":/" in subject:
        subject = _without_passwords(subject)
    return Diagnostic(severity, code, CODES[code].summary, detail, subject, location)


def _without_passwords(words: str) -> str:
    """Return words without the password of ``scheme://user:password@host``; in a secret's normal form it has one slash.

    >>> _without_passwords("host is smtp://anna:pa55@mx.example.com; write ops@example.com")
    'host is smtp://anna:…@mx.example.com; write ops@example.com'
    """
    return re.sub(r"\b([a-z][a-z0-9+.-]*:/{1,2}[^\s:/@]*):\S+@", r"\1:…@", words, flags=re.IGNORECASE)


def is_standing(problem: Diagnostic) -> bool:
    """Tell whether a note speaks of what stands as it is and asks for nothing: it would be told after every run."""
    return problem.severity == "note" and problem.code in _STANDING


def sort_key(problem: Diagnostic) -> tuple[str, int, int, int, str, str, str]:
    """Return the key of the order by place, severity, code, subject and text: the same input always reads the same."""
    place = problem.location or Location("")
    return (
        place.file,
        place.line or 0,
        place.column or 0,
        SEVERITIES.index(problem.severity),
        problem.code,
        problem.subject or "",
        problem.detail,
    )
