"""What a review advises: each problem of a plan with what to do about it, and failed verifications by their reasons.

All text in it is safe already, as in ``review``.
"""

from __future__ import annotations

import shlex
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_NAME, SHOWN_SENTENCE
from reconciler.classes import FrozenByName
from reconciler.diagnostics import MOST_NAMES, counted, enumerated, is_standing, subject_in_words
from reconciler.render.safe import safe, safe_lines, short, short_or_none
from reconciler.render.text.verification import verification_remarks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.diagnostics import Diagnostic, Severity
    from reconciler.model.plan import Change
    from reconciler.render.links import Links


class AdvicePart(FrozenByName):
    """Lines of an advice: sentences, or lines to copy as they stand, where ``language`` is given."""

    lines: tuple[str, ...]
    language: str | None = None


class Advice(FrozenByName):
    """One problem, and what to do about it."""

    severity: Severity
    summary: str
    code: str
    subject: str | None
    place: str | None
    parts: tuple[AdvicePart, ...]
    address: str | None = None
    """Where the place can be looked at."""


def failures_of(changes: Iterable[Change]) -> tuple[Advice, ...]:
    """Return one advice for all failed verifications: each reason once, with the accounts that it concerns."""
    failed = [change for change in changes if change.verification.status == "failed" and not change.held]
    if not failed:
        return ()
    reasons: dict[str, list[str]] = {}
    for change in failed:
        told = " ".join(text for symbol, text in verification_remarks(change.verification) if symbol == "failed")
        reasons.setdefault(told, []).append(change.name)
    names = sorted(change.name for change in failed)
    command = shlex.join(["reconciler", "plan", *(f"--exclude={name}" for name in names[:MOST_NAMES])])
    parts = (
        *(
            AdvicePart(lines=(short(f"- {enumerated(sorted(who))}: {why}", SHOWN_SENTENCE),))
            for why, who in reasons.items()
        ),
        AdvicePart(lines=(f"Mend this and plan again, or leave {'it' if len(names) == 1 else 'them'} out:",)),
        AdvicePart(lines=(safe(command) + (" …" if len(names) > MOST_NAMES else ""),), language="sh"),
    )
    return (
        Advice(severity="error", summary="Verification failed", code="verificationFailed", subject=None, place=None,
               parts=parts),
    )  # fmt: skip


def advice_of(problem: Diagnostic, links: Links) -> Advice:
    """Return a problem as advice, with its place at the code host."""
    return Advice(
        severity=problem.severity,
        summary=short(problem.summary, SHOWN_NAME),
        code=short(problem.code, SHOWN_NAME),
        subject=short_or_none(subject_in_words(problem) or None),
        place=short_or_none(str(problem.location)) if problem.location else None,
        # What stands after every run is told in one line.
        parts=() if is_standing(problem) else (*_concerned(problem), *_parts(problem.detail)),
        address=links.to(problem.location) if problem.location else None,
    )


def _concerned(problem: Diagnostic) -> Iterable[AdvicePart]:
    """Yield a sentence on the accounts that depend on the problem's subject, where there are any."""
    if problem.subject and problem.subjects:
        yield AdvicePart(lines=(short(f"This concerns {counted(problem.subjects)}.", SHOWN_SENTENCE),))


def _parts(detail: str) -> Iterable[AdvicePart]:
    """Yield a detail as its sentences and its lines to copy (see ``Diagnostic``), these without their indentation."""
    for is_to_copy, run in groupby(safe_lines(detail.strip("\n")), key=lambda line: line.startswith("    ")):
        lines = [line.removeprefix("    ") for line in run]
        if is_to_copy:
            yield AdvicePart(lines=tuple(lines), language=_language(lines[0]))
        elif any(line.strip() for line in lines):
            yield AdvicePart(lines=tuple(short(line.strip(), SHOWN_SENTENCE) for line in lines if line.strip()))


def _language(line: str) -> str:
    first = line.split(" ", 1)[0]
    if first in {"reconciler", "git"}:
        return "sh"
    return "yaml" if first.endswith(":") or first == "-" else "text"
