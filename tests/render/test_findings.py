"""Problems in SARIF and as GitLab's code quality report hold what the two formats demand."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.diagnostics import Diagnostic, Location, error, note, warning
from reconciler.render.findings import code_quality_report, sarif_log

PROBLEMS = [
    note("unusedServer", "No account names it.", subject="office", location=Location("accounts.d/ofi ce.yaml", 3, 1)),
    error(
        "unknownField",
        "hots is not a field.\n    host: x",
        subject="sales",
        location=Location("accounts.d/a.yaml", 7, 2),
    ),
    error(
        "unknownField",
        "hots is not a field.\n    host: x",
        subject="sales",
        location=Location("accounts.d/a.yaml", 9, 2),
    ),
    warning("noManifests", "There is none.\x1b[2J"),
]
_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
_PLACE = {
    "type": "object",
    "required": ["artifactLocation"],
    "properties": {
        "artifactLocation": {
            "type": "object",
            "required": ["uri"],
            "properties": {"uri": {"type": "string", "pattern": r"^[^ ]+$"}, "uriBaseId": {"const": "%SRCROOT%"}},
        },
        "region": {
            "type": "object",
            "required": ["startLine"],
            "properties": {
                "startLine": {"type": "integer", "minimum": 1},
                "startColumn": {"type": "integer", "minimum": 1},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "required": ["id"],
                                            "properties": {
                                                "shortDescription": _TEXT,
                                                "fullDescription": _TEXT,
                                                "help": _TEXT,
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": -1},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": _TEXT,
                                "locations": {"type": "array", "items": {"properties": {"physicalLocation": _PLACE}}},
                                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                            },
                            "additionalProperties": False,
                        },
                    },
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
"""The part of the schema of SARIF 2.1.0 (OASIS) that concerns what is written here; in it nothing else is allowed."""


@pytest.mark.parametrize("problems", [[], PROBLEMS], ids=["none", "some"])
def test_a_sarif_log_is_valid(problems: list[Diagnostic]) -> None:
    """The log holds to the schema, and each result names its rule by index too."""
    log = sarif_log(problems, folder="mail")
    Draft202012Validator(SARIF).validate(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [each["ruleId"] for each in run["results"]] == [rules[each["ruleIndex"]] for each in run["results"]]


def test_places_are_those_in_the_repository() -> None:
    """Errors come first; a path is relative to the repository, and one with a space is escaped as in an address."""
    places = [_place(result) for result in sarif_log(PROBLEMS, folder="mail")["runs"][0]["results"]]
    assert ["mail/accounts.d/a.yaml", "mail/accounts.d/a.yaml", None, "mail/accounts.d/ofi%20ce.yaml"] == places


def _place(result: dict[str, Any]) -> str | None:
    found = [each["physicalLocation"]["artifactLocation"]["uri"] for each in result.get("locations", [])]
    return found[0] if found else None


def test_a_code_quality_report_has_what_gitlab_demands() -> None:
    """Every finding has the required keys, a file and a line; a problem without a place is shown at the project file."""
    report = code_quality_report(PROBLEMS, folder="mail")
    for finding in report:
        assert {"description", "check_name", "fingerprint", "severity", "location"} == finding.keys()
        assert finding["location"]["lines"]["begin"] >= 1
        assert "\x1b" not in finding["description"]
    assert ["major", "major", "minor", "info"] == [finding["severity"] for finding in report]
    assert "mail/reconciler.yaml" == report[2]["location"]["path"]


def test_fingerprints_stay_when_lines_move() -> None:
    """The same finding at another line is the same; two of the same words are two."""
    marks = [finding["fingerprint"] for finding in code_quality_report(PROBLEMS)]
    assert len(PROBLEMS) == len(set(marks))
    moved = error("unknownField", PROBLEMS[1].detail, subject="sales", location=Location("accounts.d/a.yaml", 70))
    assert marks[0] == code_quality_report([moved])[0]["fingerprint"]
