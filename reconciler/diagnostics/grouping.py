"""One cause, one message: problems that have the same cause are told once, with all that they concern.

The premise: a mistake in a shared place, such as a MailServer that eighty accounts use, is found once for each of
them. Whoever makes the problems gives those of one cause the same words and the place of the cause; here they
become one, and what must be mended first comes first. Words count as the same where they differ only in the
subject's own name; then the first problem's words are told, with a sentence that the others are like it. For words
that differ otherwise, whoever makes them calls ``as_one``.

And a slip that many documents repeat, each at its own place, is one cause too: ``repeated_as_one``, for problems of
manifests.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.diagnostics.codes import CODES
from reconciler.diagnostics.phrasing import counted, enumerated
from reconciler.diagnostics.values import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics.values import Diagnostic, Location

_SUBJECT = "\0"
_SEVERAL = 2
_MOST_PLACES_OF_ERRORS = 3
"""Errors with the same words are told each at its place, up to so many; warnings, which may stand, are not."""
_PLACES_LISTED = 5
_ADDRESS = re.compile(r"[^\s@,;<>\"']+@[^\s@,;<>\"']+")
_SEPARATORS = str.maketrans("_.", "--")
_TO_COPY = re.compile(r"^    .*$", re.MULTILINE)


def grouped(problems: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the problems with those of one cause made one; errors first, and among equals those of several subjects.

    Otherwise they keep their order. A problem that is grouped already stays as it is.
    """
    alike: dict[Diagnostic, list[Diagnostic]] = {}
    for problem in problems:
        likeness = replace(problem, subject=None, subjects=(), detail=_without_subject(problem))
        alike.setdefault(likeness, []).append(problem)
    # Sorting is stable, so what is equal in this keeps its order.
    return tuple(
        sorted(
            map(as_one, alike.values()),
            key=lambda problem: (SEVERITIES.index(problem.severity), len(problem.subjects) < _SEVERAL),
        )
    )


def repeated_as_one(problems: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the problems with those that stand at several places in the same words made one, where its first was.

    Words count as the same where they differ in the subject's name, in addresses, or in the lines to copy. The first
    problem's words are told, with the other places; problems that have no place, or several subjects, stay as they are.
    """
    alike: dict[object, list[Diagnostic]] = {}
    for position, problem in enumerate(problems):
        is_single = problem.location is not None and not problem.subjects
        words = _ADDRESS.sub(_SUBJECT, _TO_COPY.sub(_SUBJECT, _without_subject(problem)))
        alike.setdefault((problem.severity, problem.code, words) if is_single else position, []).append(problem)
    return tuple(told for each in alike.values() for told in _at_several_places(each))


def _at_several_places(problems: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    first = problems[0]
    places = list(dict.fromkeys(str(problem.location) for problem in problems))
    if len(places) <= (_MOST_PLACES_OF_ERRORS if first.severity == "error" else 1):
        return problems
    others = f"{len(places) - 1} more place{'s' if len(places) > _SEVERAL else ''}"
    is_same = len({problem.detail for problem in problems}) == 1
    what = f"The same stands in {others}" if is_same else f"The same goes for {others}, each with its own value"
    return [as_one(problems, detail=f"{first.detail}\n{what}: {enumerated(places[1:], most=_PLACES_LISTED)}.")]


def as_one(
    problems: Sequence[Diagnostic], *, detail: str | None = None, location: Location | None = None
) -> Diagnostic:
    """Return problems of one cause as one: the first, with the subjects of all.

    Where there are several, ``detail`` and ``location`` take the place of the first's. Without a ``detail``, and
    where the words differ, a sentence is added that the same goes for the others.
    """
    first, *others = problems
    subjects = {problem.subject for problem in problems}
    concerned = tuple(sorted({name for problem in problems for name in problem.concerned}))
    subject = subjects.pop() if len(subjects) == 1 else None
    if detail is None and len(concerned) >= _SEVERAL and len({problem.detail for problem in problems}) > 1:
        detail = f"{first.detail}\nThe same goes for the other{f' {len(concerned) - 1}' if len(concerned) > _SEVERAL else ''}."
    if others:
        first = replace(first, detail=detail or first.detail, location=location or first.location)
    return replace(first, subject=subject, subjects=() if concerned == (subject,) else concerned)


def subject_in_words(problem: Diagnostic) -> str:
    """Return whom or what a problem is about: its subject, or of several the first and how many there are; empty for none.

    >>> from reconciler.diagnostics.values import note
    >>> names = ("app", "cron", "lists", "mailhost", "shop", "web")
    >>> subject_in_words(replace(note("consumerDrift", ""), subjects=names))
    '6 consumers: app, cron, lists and 3 more'
    """
    known = CODES.get(problem.code)
    return problem.subject or (counted(problem.subjects, known.concerns) if known else counted(problem.subjects))


def _without_subject(problem: Diagnostic) -> str:
    """Return the detail without the subject's name, in every spelling: ``SMTP_SALES_PL`` for sales-pl.

    The key of a secret's reference is a name of it, too.
    """
    subject = problem.subject
    if subject is None or problem.subjects:
        return problem.detail
    names = [subject, subject.partition(":")[2]] if ":" in subject else [subject]
    if subject.isascii() and problem.detail.isascii():
        return _without_names(problem.detail, [name for name in names if name])
    patterns = ["[-_.]".join(map(re.escape, re.split("[-_.]", name))) for name in names if name]
    return re.sub(rf"(?<![^\W_])(?:{'|'.join(patterns)})(?![^\W_])", _SUBJECT, problem.detail, flags=re.IGNORECASE)


def _without_names(text: str, names: Sequence[str]) -> str:
    """Return what the expression of ``_without_subject`` does of ASCII text, without making one for each of thousands."""
    folded = _spelled_alike(text)
    wanted = [_spelled_alike(name) for name in names]
    kept: list[str] = []
    begin = 0
    while found := [
        (start, order) for order, name in enumerate(wanted) if (start := _find_name(folded, name, begin)) >= 0
    ]:
        start, order = min(found)
        kept += text[begin:start], _SUBJECT
        begin = start + len(wanted[order])
    return "".join([*kept, text[begin:]])


def _find_name(text: str, name: str, begin: int) -> int:
    """Return where a name stands as a word of its own from ``begin`` on; -1 where it does not."""
    start = text.find(name, begin)
    while start >= 0 and (
        text[start - 1 : start].isalnum() or text[start + len(name) : start + len(name) + 1].isalnum()
    ):
        start = text.find(name, start + 1)
    return start


def _spelled_alike(text: str) -> str:
    return text.lower().translate(_SEPARATORS)
