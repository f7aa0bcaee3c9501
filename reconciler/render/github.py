"""Problems as workflow commands of GitHub Actions, which shows them at the line at fault.

GitHub's runner obeys every line of a log that begins with ``::``. So each command is one line, and what would end it or
its properties is written as GitHub has it: ``%25``, ``%0D``, ``%0A``, and in properties ``%3A`` and ``%2C`` too.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_PATH
from reconciler.diagnostics import SEVERITIES, Location, counted, subject_in_words
from reconciler.render.safe import safe, safe_lines
from reconciler.render.text.plan import summary_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.diagnostics import Diagnostic, Severity
    from reconciler.model.plan import SavedPlan

_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}
_PLURALS: dict[Severity, str] = {"error": "errors", "warning": "warnings", "note": "notes"}
_SHOWN_OF_EACH = 10
"""GitHub shows so many annotations of each kind for a step."""


def plan_annotations(plan: SavedPlan, *, folder: str = "", places: Mapping[str, Location] | None = None) -> str:
    """Return a command with the counts of a plan, and one for each of its problems.

    A problem without a place, such as a failed verification, is shown at the document of its first account;
    ``places`` has the documents by account. An account that is not among them gets the head of its manifest.
    """
    problems = at_manifests(plan, places or {})
    counts = "No plan could be made; the errors say why." if plan.status == "invalid" else summary_line(plan)
    return _command("notice", {"title": "Plan"}, counts) + diagnostic_annotations(problems, folder=folder)


def diagnostic_annotations(problems: Iterable[Diagnostic], *, folder: str = "") -> str:
    """Return a command for each problem, errors first; one of several subjects says how many there are, and which.

    ``folder`` is the project folder in the repository, with slashes: places are told relative to the repository.
    Where there are more than GitHub shows, the first command says so.
    """
    ordered = sorted(problems, key=lambda problem: SEVERITIES.index(problem.severity))
    commands = [_annotation(problem, folder) for problem in ordered]
    counts = Counter(problem.severity for problem in ordered)
    many = [f"{counts[kind]} {name}" for kind, name in _PLURALS.items() if counts[kind] > _SHOWN_OF_EACH]
    if many:
        told = f"There are {' and '.join(many)}. GitHub shows {_SHOWN_OF_EACH} of each; the log of this step has all."
        commands.insert(0, _command("notice", {"title": "More than is shown"}, told))
    return "".join(commands)


def at_manifests(plan: SavedPlan, places: Mapping[str, Location]) -> list[Diagnostic]:
    """Return the problems of a plan, those without a place at the document of their first account."""
    return [_at_manifest(problem, plan, places) for problem in plan.diagnostics]


def _at_manifest(problem: Diagnostic, plan: SavedPlan, places: Mapping[str, Location]) -> Diagnostic:
    name = next((each for each in problem.concerned if each in plan.inputs.accounts), "")
    account = plan.inputs.accounts.get(name)
    if problem.location is not None or account is None or not account.manifest:
        return problem
    place = places.get(name)
    line = place.line if place is not None and place.file == account.manifest else 1
    return replace(problem, location=Location(account.manifest, line))


def _annotation(problem: Diagnostic, folder: str) -> str:
    properties: dict[str, object] = {}
    place = problem.location
    if place is not None:
        properties["file"] = posixpath.normpath(posixpath.join(folder, place.file))
        properties |= {"line": place.line} if place.line is not None else {}
        properties |= {"col": place.column} if place.column is not None else {}
    subject = subject_in_words(problem)
    title = f"{problem.summary}: {subject}" if subject else problem.summary
    properties["title"] = safe(f"{title} [{problem.code}]", limit=SHOWN_PATH)
    lines = safe_lines(problem.detail.strip("\n")) or [problem.summary]
    if problem.subject and problem.subjects:
        lines.insert(0, safe(f"This concerns {counted(problem.subjects)}."))
    return _command(_COMMANDS[problem.severity], properties, "\n".join(lines))


def _command(name: str, properties: dict[str, object], message: str) -> str:
    values = {
        key: _in_message(safe(value)).replace(":", "%3A").replace(",", "%2C") for key, value in properties.items()
    }
    return f"::{name} {','.join(f'{key}={value}' for key, value in values.items())}::{_in_message(message)}\n"


def _in_message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
