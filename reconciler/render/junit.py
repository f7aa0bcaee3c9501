"""Verification as a JUnit report: a suite, with a test case for each check of each account.

JUnit knows no warning, so one stands in the output of its case. XML 1.0 cannot write most control characters: they
are shown escaped, and characters that no XML document may hold are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from reconciler.diagnostics import subject_in_words
from reconciler.model.verification.evidence import status_of
from reconciler.render.safe import guard_line_starts, safe, safe_lines
from reconciler.rules.verification.missing import MISSING_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.plan import SavedPlan
    from reconciler.model.verification.evidence import Check, Verification

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TOOL = "reconciler"
_TOLD_BY_CHECKS = frozenset({"verificationFailed", "credentialWithheld"})
_NOT_IN_XML = str.maketrans({"\ufffe": None, "\uffff": None})


def verification_report(
    findings: Mapping[str, Verification], *, diagnostics: Iterable[Diagnostic] = (), suite: str = "verify"
) -> str:
    """Return the verifications, by account name, and the errors that belong to no check, as a report."""
    element = ET.Element("testsuite", name=f"{_TOOL} {suite}")
    for name, found in sorted(findings.items()):
        if not found.checks:
            case = ET.SubElement(element, "testcase", classname=_text(name), name="verification", time="0.000")
            if found.status != "passed":
                ET.SubElement(case, "skipped").text = _text(found.status)
        for check in found.checks:
            _case(element, name, check)
    for problem in diagnostics:
        if problem.severity == "error" and not _is_told(problem, findings):
            _problem(element, problem)
    return _report(element, sum(check.seconds for found in findings.values() for check in found.checks))


def plan_report(plan: SavedPlan) -> str:
    """Return a report of a plan: a test case for each check of each change, and one for each error beside them.

    A change that needs no verification is a case that was skipped.
    """
    findings = {change.name: change.verification for change in plan.changes if change.action != "delete"}
    return verification_report(findings, diagnostics=plan.diagnostics, suite="plan")


def validation_report(accounts: Iterable[str], diagnostics: Iterable[Diagnostic]) -> str:
    """Return a report with a test case for each account without an error, and one for each error."""
    errors = [problem for problem in diagnostics if problem.severity == "error"]
    wrong = {name for problem in errors for name in problem.concerned}
    suite = ET.Element("testsuite", name=f"{_TOOL} validate")
    for name in sorted(set(accounts) - wrong):
        ET.SubElement(suite, "testcase", classname=_text(name), name="manifest", time="0.000")
    for problem in errors:
        _problem(suite, problem)
    return _report(suite, 0.0)


def _report(suite: ET.Element, seconds: float) -> str:
    """Return a suite as a document, with its counts and how long it took."""
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(sum(1 for _ in suite.iter(tag))))
    suite.set("tests", str(len(suite)))
    suite.set("time", f"{seconds:.3f}")
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return _DECLARATION + guard_line_starts(ET.tostring(suites, encoding="unicode") + "\n")


def _is_told(problem: Diagnostic, findings: Mapping[str, Verification]) -> bool:
    if problem.code in MISSING_CODES:
        return True
    return problem.code in _TOLD_BY_CHECKS and all(name in findings for name in problem.concerned)


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
    subject = subject_in_words(problem) or _TOOL
    case = ET.SubElement(suite, "testcase", classname=_text(subject), name=_text(problem.code), time="0.000")
    raised = ET.SubElement(case, "error", message=_text(problem.summary), type=_text(problem.code))
    raised.text = "\n".join(_text(line) for line in safe_lines(problem.detail))


def _text(text: str) -> str:
    return safe(text).translate(_NOT_IN_XML)
