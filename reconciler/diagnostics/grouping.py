"""One cause, one message: problems that have the same cause are told once, with all that they concern.

The premise: a mistake in a shared place, such as a MailServer that eighty accounts use, is found once for each of them.
Whoever makes the problems gives those of one cause the same words and the place of the cause; here they become one, and
what must be mended first comes first. Words are the same where they differ in the subject's own name only: then the
first's are told, and that the others are like it. Where they differ otherwise, their maker makes them one by ``as_one``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.diagnostics.values import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics.values import Diagnostic, Location

_SUBJECT = "\0"
_SEVERAL = 2


def grouped(problems: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the problems, what differs in its subject only once; errors first, and of these what concerns several.

    Otherwise the order stays. What is grouped already stays as it is.
    """
    alike: dict[Diagnostic, list[Diagnostic]] = {}
    for problem in problems:
        likeness = replace(problem, subject=None, subjects=(), detail=_without_subject(problem))
        alike.setdefault(likeness, []).append(problem)
    return tuple(sorted(map(as_one, alike.values()), key=_precedence))


def as_one(
    problems: Sequence[Diagnostic], *, detail: str | None = None, location: Location | None = None
) -> Diagnostic:
    """Return problems of one cause as one: the first's, with the subjects of all.

    ``detail`` and ``location`` are told instead of the first's where there are several; without a ``detail`` for words
    that differ it is told that the others are like the first.
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


def _without_subject(problem: Diagnostic) -> str:
    """Return the detail without the subject's own name, in whatever way it is written: ``SMTP_SALES_PL`` for sales-pl.

    Of a secret, the key alone counts as its name too.
    """
    subject = problem.subject
    if subject is None or problem.subjects:
        return problem.detail
    names = [subject, subject.partition(":")[2]] if ":" in subject else [subject]
    patterns = ["[-_.]".join(map(re.escape, re.split("[-_.]", name))) for name in names if name]
    return re.sub(rf"(?<![^\W_])(?:{'|'.join(patterns)})(?![^\W_])", _SUBJECT, problem.detail, flags=re.IGNORECASE)


def _precedence(problem: Diagnostic) -> tuple[int, bool]:
    return SEVERITIES.index(problem.severity), len(problem.subjects) < _SEVERAL
