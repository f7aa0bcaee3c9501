"""Results to stdout, everything else to stderr; with ``--format json`` exactly one document, also on error."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.cli.session import as_called, somebody_looks, style_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.errors import OutputLost
    from reconciler.model.canonical import JsonObject

_REFUSALS = frozenset({3, 4, 5})
_FAILED = "verificationFailed"
_TOLD_THERE = "What was written to standard output says why."
_FOR_PEOPLE = frozenset({"text", "table"})
_ERRORS_FOR_PROGRAMS = ("json", "github", "junit", "sarif", "codequality")
"""The forms in which errors are written, too."""


class _Told:
    """The last line that this call has written for people, to stdout or stderr."""

    last: str = ""


def _remember(text: str) -> None:
    _Told.last = next((line for line in reversed(text.splitlines()) if line.strip()), _Told.last)


def put(text: str) -> None:
    """Write a result to stdout."""
    _remember(text)
    sys.stdout.write(as_called(text))
    sys.stdout.flush()


def put_pieces(pieces: Iterable[str]) -> None:
    """Write a result to stdout as it is made; no command to copy may begin in one piece and end in another."""
    piece = ""
    for piece in pieces:
        sys.stdout.write(as_called(piece))
    _remember(piece)
    sys.stdout.flush()


def lost(failure: OSError) -> OutputLost:
    """Return what is told where stdout cannot be written, such as on a full disk."""
    from reconciler.diagnostics import error
    from reconciler.errors import OutputLost

    detail = (
        f"Standard output cannot be written: {(failure.strerror or 'no reason is given').lower()}. What the command had "
        "done by then stands. To see what is recorded, where there is room for it:\n    reconciler history"
    )
    return OutputLost(error("outputNotWritten", detail))


def put_json(document: JsonObject) -> None:
    """Write one JSON document to stdout."""
    from reconciler.render.json.documents import to_json

    put(to_json(document))


def tell(diagnostics: Iterable[Diagnostic], *, is_full: bool = False) -> None:
    """Write problems and remarks to stderr, as text; notes that stand after every run with their detail if ``is_full``."""
    from reconciler.render.text import diagnostics_text

    problems = tuple(diagnostics)
    if problems and _told_to_programs(problems):
        return
    if problems:
        text = diagnostics_text(problems, style=style_for(sys.stderr), is_full=is_full)
        _remember(text)
        sys.stdout.flush()
        sys.stderr.write(as_called(text))
        sys.stderr.flush()


def _told_to_programs(problems: Iterable[Diagnostic]) -> bool:
    """Tell of problems as events, where stderr is for programs; False where it is for people."""
    from reconciler.events import somebody_listens

    if not somebody_listens():
        return False
    from reconciler.cli.log import for_programs
    from reconciler.events import tell as tell_event

    if not for_programs():
        return False
    for each in problems:
        concerned = each.subjects or ((each.subject,) if each.subject else ())
        text = f"{each.summary}: {each.detail}" if each.detail else each.summary
        tell_event("diagnostic", accounts=concerned, severity=each.severity, code=each.code, text=text)
    return True


def tell_beside_checks(diagnostics: Iterable[Diagnostic]) -> None:
    """Write problems to stderr beside a text on stdout that tells each check."""
    tell(problems_beside_checks(diagnostics))


def problems_beside_checks(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the problems to tell beside a text that tells each check, where the reasons of failures stand once.

    Somebody who sees both is not told of failed verifications again; elsewhere it is told which failed, and that the
    reasons are in the text, which may have gone into a file.
    """
    problems = list(diagnostics)
    failed = [problem for problem in problems if problem.code == _FAILED]
    if somebody_looks():
        return [problem for problem in problems if problem.code != _FAILED]
    return [
        replace(problem, detail=_TOLD_THERE if problem is failed[-1] else "") if problem.code == _FAILED else problem
        for problem in problems
    ]


def say(text: str) -> None:
    """Write a remark to stderr."""
    _remember(text)
    sys.stderr.write(as_called(text) + "\n")
    sys.stderr.flush()


def hint(sentence: str, *commands: str) -> None:
    """Tell what usually comes next, on a terminal only: nobody else needs it."""
    if not somebody_looks():
        return
    from reconciler.render.text.state import sentences_text

    text = sentences_text([sentence, *(f"    {each}" for each in commands)], style=style_for(sys.stderr))
    _remember(text)
    sys.stdout.flush()
    sys.stderr.write(as_called(text))
    sys.stderr.flush()


def end_with_next_step(path: str, words: Sequence[str], *, exit_code: int) -> None:
    """Tell on a terminal what comes next after a command, unless the last line is a command already.

    ``path`` is the command's, without the program. After an ending that is no success the exit code is explained.
    """
    from reconciler.cli.nextsteps import NEXT_STEPS, is_command

    step = NEXT_STEPS.get(path)
    if step is None or is_command(_Told.last) or asks_for_document(words):
        return
    if exit_code:
        hint(f"What exit code {exit_code} means:", f"reconciler explain {exit_code}")
    else:
        hint(*step)


def tell_error(
    diagnostics: Sequence[Diagnostic], words: Sequence[str], *, exit_code: int, notes: Iterable[str] = ()
) -> None:
    """Write why a command ended early: to stderr as text, or in the form for programs that was asked for.

    ``notes`` are sentences that follow the text.
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
    if form in {"sarif", "codequality"}:
        from reconciler.render.findings import code_quality_report, sarif_log
        from reconciler.render.json.documents import to_json

        put(to_json(sarif_log(diagnostics) if form == "sarif" else code_quality_report(diagnostics)))
    from reconciler.cli.nextsteps import is_command

    tell(diagnostics)
    for note in notes:
        say(note)
    # On a terminal the last line says where the first error is explained, unless it is a command already.
    first = next((each for each in diagnostics if each.severity == "error"), None)
    if first is not None and not is_command(_Told.last):
        hint("Cause, cure and an example:", f"reconciler explain {first.code}")


def _error_document(diagnostics: Sequence[Diagnostic], words: Sequence[str], *, exit_code: int) -> JsonObject:
    from reconciler.render.json.documents import apply_document, error_document, validate_document

    if "apply" in words:
        is_refused = exit_code in _REFUSALS
        return apply_document("refused" if is_refused else "invalid", None, diagnostics=diagnostics)
    if "validate" in words:
        return validate_document({}, diagnostics, valid=False)
    return error_document(diagnostics)


def error_form(words: Sequence[str]) -> str | None:
    """Return the form in which programs expect an error; None where people are to read it."""
    asked = _asked(words)
    return next((each for each in _ERRORS_FOR_PROGRAMS if each in asked), None)


def asks_for_document(words: Sequence[str]) -> bool:
    """Tell whether a document goes to stdout: that is UTF-8, whatever a terminal can show."""
    return bool(_asked(words) - _FOR_PEOPLE)


def _asked(words: Sequence[str]) -> set[str]:
    apart = {value for word, value in pairwise([*words, ""]) if word == "--format"}
    return apart | {word.removeprefix("--format=") for word in words if word.startswith("--format=")}
