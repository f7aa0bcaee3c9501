"""Verification as a JUnit report: a case for each check, and valid XML whatever servers say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from reconciler.diagnostics import error
from reconciler.model.verification.evidence import UNCHANGED
from reconciler.render.junit import verification_report
from tests.render import values
from tests.render.hostile import MARKUP
from tests.render.test_hostile import hostile_diagnostics, hostile_findings
from tests.render.test_markdown import hostile_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.verification.evidence import Verification

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for (section 2.2, Char)."""


def suite_of(findings: Mapping[str, Verification], diagnostics: Iterable[Diagnostic] = ()) -> ET.Element:
    """Return the one suite of a report, whose counts must be those of its cases."""
    text = verification_report(findings, diagnostics=diagnostics)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
    assert [] == _NOT_XML.findall(text)
    suites = ET.fromstring(text.encode())  # noqa: S314 - our own text
    (suite,) = suites
    counted = [len(suite.findall(path)) for path in ("testcase", "testcase/failure", "testcase/error")]
    assert counted == [int(suite.attrib[name]) for name in ("tests", "failures", "errors")]
    assert len(suite.findall("testcase/skipped")) == int(suite.attrib["skipped"])
    return suite


def outcomes(suite: ET.Element) -> dict[tuple[str, str], list[str]]:
    """Return what stands in each case, by class and name."""
    return {(case.attrib["classname"], case.attrib["name"]): [each.tag for each in case] for case in suite}


def test_each_check_of_each_account_is_a_case() -> None:
    """Passed is an empty case, failed a failure, skipped is skipped, a warning stands in the output."""
    found = outcomes(suite_of({"sales": values.failed(), "news": values.warned()}))
    assert [] == found["sales", "dns"]
    assert ["failure"] == found["sales", "auth"]
    assert ["skipped"] == found["sales", "sender"]
    assert ["skipped"] == found["news", "proxy"]
    assert ["system-out"] == found["news", "spf"]


def test_a_failure_tells_its_sentence_and_class() -> None:
    """The message is what verify says; the type tells a lasting failure from a passing one."""
    failure = suite_of({"sales": values.failed()}).find("testcase/failure")
    assert failure is not None
    told = "badCredentials: The server refused the login: 535 5.7.8 Bad credentials."
    assert {"message": told, "type": "permanent"} == failure.attrib
    assert told == failure.text


def test_a_step_that_counts_as_failed_is_a_failure() -> None:
    """A server that is down and a credential that was withheld fail the report as they fail the command."""
    found = outcomes(suite_of({"down": values.server_down(), "held": values.withheld()}))
    assert ["failure"] == found["down", "connect"]
    assert ["failure"] == found["held", "auth"]


def test_an_account_without_checks_is_skipped() -> None:
    """What was not verified has a case, so that it is missed by nobody."""
    assert {("sales", "verification"): ["skipped"]} == outcomes(suite_of({"sales": UNCHANGED}))


def test_errors_of_no_check_are_cases_of_their_own() -> None:
    """An error fails the report; a failure that a check tells is not told twice, and warnings are none."""
    failed = error("verificationFailed", "auth: refused.", subject="sales")
    problems = [failed, values.TOO_MANY_DELETES, values.DIAGNOSTICS[1]]
    found = outcomes(suite_of({"sales": values.failed()}, problems))
    assert ["error"] == found["reconciler", "tooManyDeletes"]
    assert [] == [name for _, name in found if name in {"verificationFailed", "noReplyTo"}]


def test_times_are_seconds() -> None:
    """Each case says how long its check took, and the suite how long all took together."""
    suite = suite_of({"sales": values.failed()})
    assert "0.300" == suite.attrib["time"]
    assert ["0.050", "0.050"] == [case.attrib["time"] for case in suite][:2]


@pytest.mark.parametrize("attack", [*MARKUP, "\ufffe\uffff\x00\x08"])
def test_whatever_servers_say_is_text(attack: str) -> None:
    """No reply ends an attribute or an element, nor starts a command of a log."""
    findings = hostile_findings(attack)
    tags = {element.tag for element in suite_of(findings, hostile_diagnostics(attack)).iter()}
    assert tags <= {"testsuite", "testcase", "failure", "error", "skipped", "system-out"}
    text = verification_report(findings, diagnostics=hostile_diagnostics(attack))
    assert [] == re.findall(r"^\s*::|##[a-z]*\[", text, re.MULTILINE)


@settings(max_examples=60, deadline=None)
@given(hostile_text)
def test_the_report_is_xml_for_any_text(text: str) -> None:
    """For any text the report can be read again."""
    suite_of(hostile_findings(text), hostile_diagnostics(text))
