"""Verification as a JUnit report: a suite, and in it a test case for each check of each account.

A warning is not a failure in JUnit, so it stands in the case's output. XML 1.0 knows no way to write most control
characters: they are shown escaped, and what no XML document may hold is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from reconciler.diagnostics import counted
from reconciler.model.verification.evidence import status_of
from reconciler.render.safe import guard_line_start, safe, safe_lines
from reconciler.rules.verification.missing import MISSING_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.verification.evidence import Check, Verification

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TOOL = "reconciler"
_TOLD_BY_CHECKS = frozenset({"verificationFailed", "credentialWithheld"})
_NOT_IN_XML = str.maketrans({"\ufffe": None, "\uffff": None})


def verification_report(findings: Mapping[str, Verification], *, diagnostics: Iterable[Diagnostic] = ()) -> str:
    """Return what verification found, by account name, and the errors that belong to no check."""
    suite = ET.Element("testsuite", name=f"{_TOOL} verify")
    for name, found in sorted(findings.items()):
        if not found.checks:
            _not_made(suite, name, found)
        for check in found.checks:
            _case(suite, name, check)
    for problem in diagnostics:
        if problem.severity == "error" and not _is_told(problem, findings):
            _problem(suite, problem)
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(sum(1 for _ in suite.iter(tag))))
    suite.set("tests", str(len(suite)))
    suite.set("time", f"{sum(check.seconds for found in findings.values() for check in found.checks):.3f}")
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return _DECLARATION + "".join(f"{guard_line_start(line)}\n" for line in _as_text(suites).split("\n"))


def _as_text(element: ET.Element) -> str:
    return ET.tostring(element, encoding="unicode")


def _is_told(problem: Diagnostic, findings: Mapping[str, Verification]) -> bool:
    if problem.code in MISSING_CODES:
        return True
    return problem.code in _TOLD_BY_CHECKS and all(name in findings for name in problem.concerned)


def _not_made(suite: ET.Element, account: str, found: Verification) -> None:
    case = ET.SubElement(suite, "testcase", classname=_text(account), name="verification", time="0.000")
    if found.status != "passed":
        ET.SubElement(case, "skipped").text = _text(found.status)


def _case(suite: ET.Element, account: str, check: Check) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=_text(account), name=check.check, time=f"{check.seconds:.3f}"
    )  # fmt: skip
    told = _text(f"{check.code}: {check.message}")
    if status_of((check,)) in {"failed", "withheld"}:
        failure = ET.SubElement(case, "failure", message=told, type=_text(check.class_ or check.code))
        failure.text = told
    elif check.status == "skipped":
        ET.SubElement(case, "skipped").text = told  # Jenkins' schema has no attributes here
    elif check.status == "warned":
        ET.SubElement(case, "system-out").text = f"warning: {told}"


def _problem(suite: ET.Element, problem: Diagnostic) -> None:
    subject = problem.subject or counted(problem.subjects) or _TOOL
    case = ET.SubElement(suite, "testcase", classname=_text(subject), name=_text(problem.code), time="0.000")
    raised = ET.SubElement(case, "error", message=_text(problem.summary), type=_text(problem.code))
    raised.text = "\n".join(_text(line) for line in safe_lines(problem.detail))


def _text(text: str) -> str:
    return safe(text).translate(_NOT_IN_XML)
