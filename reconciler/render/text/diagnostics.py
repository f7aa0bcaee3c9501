"""Problems as a compiler tells them: severity and summary, the place, then the detail."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.diagnostics import counted, is_standing, subject_in_words
from reconciler.render.safe import safe_lines
from reconciler.render.text.parts.layout import finish, hang, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.diagnostics import Diagnostic, Severity
    from reconciler.render.text.parts.style import Role, Style

_ROLES: dict[Severity, Role] = {"error": "bad", "warning": "warning", "note": "note"}
_INDENT = "    "


def diagnostics_text(diagnostics: Iterable[Diagnostic], *, style: Style, is_full: bool = False) -> str:
    """Return the problems in the order given, with an empty line between two; empty for no problems.

    What stands after every run, and asks for nothing, is one line each, without its detail unless that ``is_full``.
    Lines of a detail that begin with four spaces are there to copy, so they are neither wrapped nor joined.
    """
    lines: list[str] = []
    previous = False
    for problem in diagnostics:
        is_brief = not is_full and is_standing(problem)
        lines += [] if (previous and is_brief) or not lines else [""]
        lines += problem_lines(replace(problem, detail="") if is_brief else problem, style=style)
        previous = is_brief
    return finish(lines) if lines else ""


def problem_lines(problem: Diagnostic, *, style: Style) -> list[str]:
    """Return one problem: ``error: SUMMARY: SUBJECT [CODE]``, `` --> file:line:column``, and the detail indented.

    Of several subjects the first are named and the others counted; accounts that depend on the subject stand below
    it.
    """
    subject = subject_in_words(problem)
    title = f"{problem.summary}: {subject}" if subject else problem.summary
    heading = f"{problem.severity}: "
    first, *rest = hang(heading, style.show(f"{title} [{problem.code}]"), width=style.width, indent=2)
    lines = [style.paint(heading.rstrip(), _ROLES[problem.severity]) + first[len(heading) - 1 :], *rest]
    if problem.location:
        lines.append(f" {style.paint('-->', 'note')} {style.show(problem.location)}")
    if problem.subject and problem.subjects:
        lines += hang("  ", style.show(f"This concerns {counted(problem.subjects)}."), width=style.width)
    return [*lines, *(_detail_lines(problem.detail, style) if problem.detail else [])]


def _detail_lines(detail: str, style: Style) -> list[str]:
    lines: list[str] = []
    for is_to_copy, block in groupby(safe_lines(detail.strip("\n")), key=lambda line: line.startswith(_INDENT)):
        for line in block:
            shown = style.fit(line)
            lines += [_INDENT + shown] if is_to_copy else [f"  {part}" for part in wrap(shown, style.width - 2)]
    return lines
