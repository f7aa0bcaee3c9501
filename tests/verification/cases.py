"""A case of the tables in this folder: what goes wrong at the server, and what the check makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.model.verification.evidence import CONVERSATION
from tests.verification.targets import failure, outcome

if TYPE_CHECKING:
    from reconciler.model.verification.evidence import CheckName, FailureClass
    from reconciler.verification import Finding

PLAIN: dict[str, Any] = {"encryption": "none"}
NO_LOGIN: dict[str, Any] = {**PLAIN, "mechanism": None, "username": None, "password": None}
STARTTLS_OFFER = "250-test.example\r\n250 STARTTLS"


@dataclass(frozen=True)
class Case:
    """What the server says instead of being polite, and what the check makes of it."""

    code: str
    check: CheckName
    failure_class: FailureClass
    instead: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    """What the sentence must hold."""
    changes: dict[str, Any] = field(default_factory=lambda: dict(PLAIN))
    """What the account declares otherwise."""


def assert_failed(finding: Finding, case: Case) -> None:
    """Assert that one check failed as the case says, and that those after it were not made."""
    failed = failure(finding)
    assert failed.check == case.check
    assert failed.code == case.code
    assert failed.class_ == case.failure_class
    assert [word for word in case.words if word not in failed.message] == []
    assert "{" not in failed.message.replace("{email: you@example.com}", "")
    assert finding.verification.status == "failed"
    later = CONVERSATION[CONVERSATION.index(case.check) + 1 :]
    assert {outcome(finding)[check] for check in later} <= {"earlierFailure", "notDeclared"}
