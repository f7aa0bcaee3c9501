"""Results to stdout, everything else to stderr; with ``--format json`` exactly one document, also on error."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reconciler.cli.session import style_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics import Diagnostic


def put(text: str) -> None:
    """Write a result to stdout."""
    sys.stdout.write(text)
    sys.stdout.flush()


def put_json(document: dict[str, Any]) -> None:
    """Write one JSON document to stdout."""
    from reconciler.render.documents import to_json

    put(to_json(document))


def tell(diagnostics: Iterable[Diagnostic]) -> None:
    """Write problems and remarks to stderr, as text."""
    from reconciler.render.text import diagnostics_text

    problems = tuple(diagnostics)
    if problems:
        sys.stdout.flush()
        sys.stderr.write(diagnostics_text(problems, style=style_for(sys.stderr)))
        sys.stderr.flush()


def say(text: str) -> None:
    """Write a remark to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def tell_error(diagnostics: Sequence[Diagnostic], words: Sequence[str], *, exit_code: int) -> None:
    """Write why a command ended early: as text to stderr, or in the form for programs that was asked for."""
    format_ = _wanted_format(words)
    if format_ == "json":
        put_json(_error_document(diagnostics, words, exit_code=exit_code))
        return
    if format_ == "github":
        from reconciler.render.annotations import diagnostic_annotations

        put(diagnostic_annotations(diagnostics))
        return
    if format_ == "junit":
        from reconciler.render.junit import verification_report

        put(verification_report({}, diagnostics=diagnostics))
    tell(diagnostics)


_FORMATS_FOR_PROGRAMS = ("json", "github", "junit")


def _wanted_format(words: Sequence[str]) -> str | None:
    """Return the form for programs that the words ask for; None where people are to read it."""
    asked = {value for word, value in pairwise([*words, ""]) if word == "--format"}
    asked |= {word.removeprefix("--format=") for word in words if word.startswith("--format=")}
    return next((each for each in _FORMATS_FOR_PROGRAMS if each in asked), None)


_REFUSALS = frozenset({3, 4, 5})


def _error_document(diagnostics: Sequence[Diagnostic], words: Sequence[str], *, exit_code: int) -> dict[str, Any]:
    from reconciler.render.documents import apply_document, error_document, validate_document

    if "apply" in words:
        is_refused = exit_code in _REFUSALS
        return apply_document("refused" if is_refused else "invalid", None, diagnostics=diagnostics)
    if "validate" in words:
        return validate_document({}, diagnostics, valid=False)
    return error_document(diagnostics)
