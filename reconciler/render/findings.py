"""Problems as code hosts and scanners take them: SARIF 2.1.0 (OASIS), and GitLab's code quality report.

Both tell a finding again from run to run by a fingerprint: code, file, subject and words, and of several that are the
same their number. Lines do not count, so that what moves is not taken for new.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler import DOCUMENTATION, __version__
from reconciler.diagnostics import CODES, SEVERITIES, subject_in_words
from reconciler.render.safe import safe, safe_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.diagnostics import Diagnostic, Severity
    from reconciler.model.canonical import JsonObject

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_GITLAB: dict[Severity, str] = {"error": "major", "warning": "minor", "note": "info"}
_NOWHERE = "reconciler.yaml"
"""Where a problem is shown that has no place: GitLab passes over findings without a file."""


def sarif_log(problems: Iterable[Diagnostic], *, folder: str = "") -> JsonObject:
    """Return a SARIF log of one run, errors first; ``folder`` is the project folder in the repository, with slashes."""
    ordered = _ordered(problems)
    codes = sorted({problem.code for problem in ordered})
    driver = {
        "name": "reconciler",
        "version": __version__,
        "informationUri": DOCUMENTATION,
        "rules": [_rule(code) for code in codes],
    }
    results = [
        _result(problem, codes.index(problem.code), mark, folder)
        for problem, mark in zip(ordered, _fingerprints(ordered), strict=True)
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def code_quality_report(problems: Iterable[Diagnostic], *, folder: str = "") -> list[JsonObject]:
    """Return GitLab's report, errors first; a problem without a place is shown at the project file."""
    ordered = _ordered(problems)
    return [
        {
            "description": _words(problem),
            "check_name": problem.code,
            "fingerprint": mark,
            "severity": _GITLAB[problem.severity],
            "location": {
                "path": _path(problem, folder) or posixpath.normpath(posixpath.join(folder, _NOWHERE)),
                "lines": {"begin": (problem.location and problem.location.line) or 1},
            },
        }
        for problem, mark in zip(ordered, _fingerprints(ordered), strict=True)
    ]


def _ordered(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    return sorted(problems, key=lambda problem: SEVERITIES.index(problem.severity))


def _rule(name: str) -> JsonObject:
    code = CODES[name]
    return {
        "id": name,
        "shortDescription": {"text": code.summary},
        "fullDescription": {"text": code.cause},
        "help": {"text": code.cure},
    }


def _result(problem: Diagnostic, rule: int, mark: str, folder: str) -> JsonObject:
    result: JsonObject = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": _words(problem)},
        "partialFingerprints": {"reconciler/v1": mark},
    }
    path = _path(problem, folder)
    if path is not None:
        place: JsonObject = {"artifactLocation": {"uri": quote(path), "uriBaseId": "%SRCROOT%"}}
        if problem.location is not None and problem.location.line is not None:
            column = problem.location.column
            place["region"] = {"startLine": problem.location.line} | ({"startColumn": column} if column else {})
        result["locations"] = [{"physicalLocation": place}]
    return result


def _path(problem: Diagnostic, folder: str) -> str | None:
    return posixpath.normpath(posixpath.join(folder, problem.location.file)) if problem.location is not None else None


def _words(problem: Diagnostic) -> str:
    subject = subject_in_words(problem)
    title = safe(f"{problem.summary}: {subject}" if subject else problem.summary)
    return "\n".join([title, *safe_lines(problem.detail.strip("\n"))])


def _fingerprints(problems: Iterable[Diagnostic]) -> Iterator[str]:
    seen: Counter[tuple[str, ...]] = Counter()
    for problem in problems:
        file = problem.location.file if problem.location is not None else ""
        same = (problem.code, file, *problem.concerned, problem.detail)
        yield hashlib.sha256("\0".join((*same, str(seen[same]))).encode("utf-8", "replace")).hexdigest()
        seen[same] += 1
