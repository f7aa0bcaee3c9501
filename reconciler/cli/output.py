"""Results to stdout, everything else to stderr; with ``--format json`` exactly one document, also on error."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reconciler.cli.session import somebody_looks, style_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.errors import OutputLost


def put(text: str) -> None:
    """Write a result to stdout; raise ``OutputLost`` where it cannot be written, such as on a full disk."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as failure:
        raise _lost(failure) from failure


def _lost(failure: OSError) -> OutputLost:
    from reconciler.diagnostics import error
    from reconciler.errors import OutputLost

    detail = (
        f"Standard output cannot be written: {(failure.strerror or 'no reason is given').lower()}. What the command had "
        "done by then stands. To see what is recorded, where there is room for it:\n    reconciler history"
    )
    return OutputLost(error("outputNotWritten", detail))


def put_json(document: dict[str, Any]) -> None:
    """Write one JSON document to stdout."""
    from reconciler.render.json.documents import to_json

    put(to_json(document))


def tell(diagnostics: Iterable[Diagnostic]) -> None:
    """Write problems and remarks to stderr, as text."""
    from reconciler.render.text import diagnostics_text

    problems = tuple(diagnostics)
    if problems:
        sys.stdout.flush()
        sys.stderr.write(diagnostics_text(problems, style=style_for(sys.stderr)))
        sys.stderr.flush()


def tell_beside_checks(diagnostics: Iterable[Diagnostic]) -> None:
    """Write problems beside a text that has told each check: not what failed again to somebody who sees both."""
    sees_both = somebody_looks()
    tell(problem for problem in diagnostics if not (sees_both and problem.code == "verificationFailed"))


def say(text: str) -> None:
    """Write a remark to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def hint(sentence: str, *commands: str) -> None:
    """Tell somebody who looks what usually comes next; where nobody does, nothing."""
    if not somebody_looks():
        return
    from reconciler.render.text.state import sentences_text

    style = style_for(sys.stderr)
    sys.stdout.flush()
    sys.stderr.write(sentences_text([sentence, *(f"    {each}" for each in commands)], style=style))
    sys.stderr.flush()


def tell_error(
    diagnostics: Sequence[Diagnostic], words: Sequence[str], *, exit_code: int, notes: Iterable[str] = ()
) -> None:
    """Write why a command ended early: as text to stderr, or in the form for programs that was asked for.

    ``notes`` are sentences that stand after the text.
    """
    form = error_form(words)
    if form == "json":
        put_json(_error_document(diagnostics, words, exit_code=exit_code))
        return
    if form == "github":
        from reconciler.render.github import diagnostic_annotations

        put(diagnostic_annotations(diagnostics))
        return
    if form == "junit":
        from reconciler.render.junit import verification_report

        put(verification_report({}, diagnostics=diagnostics))
    tell(diagnostics)
    for note in notes:
        say(note)


_REFUSALS = frozenset({3, 4, 5})


def _error_document(diagnostics: Sequence[Diagnostic], words: Sequence[str], *, exit_code: int) -> dict[str, Any]:
    from reconciler.render.json.documents import apply_document, error_document, validate_document

    if "apply" in words:
        is_refused = exit_code in _REFUSALS
        return apply_document("refused" if is_refused else "invalid", None, diagnostics=diagnostics)
    if "validate" in words:
        return validate_document({}, diagnostics, valid=False)
    return error_document(diagnostics)


_FOR_PEOPLE = frozenset({"text", "table"})
_ERRORS_FOR_PROGRAMS = ("json", "github", "junit")
"""Forms in which also an error is written."""


def error_form(words: Sequence[str]) -> str | None:
    """Return the form for programs in which an error is to be written; None where people are to read it."""
    asked = _asked(words)
    return next((each for each in _ERRORS_FOR_PROGRAMS if each in asked), None)


def asks_for_document(words: Sequence[str]) -> bool:
    """Tell whether stdout is to hold a document, which is UTF-8 whatever a terminal can show."""
    return bool(_asked(words) - _FOR_PEOPLE)


def _asked(words: Sequence[str]) -> set[str]:
    apart = {value for word, value in pairwise([*words, ""]) if word == "--format"}
    return apart | {word.removeprefix("--format=") for word in words if word.startswith("--format=")}
