"""Why an account is not active, in the few words of a list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.accounts.recorded import RecordedVerification, Suspension
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.accounts.brief import brief_reason
from tests.rules.single import VALUES, own
from tests.rules.states import NOW, state_of

REASON = "smtp.example.com refuses the login. Ask for another password."


def reason(outcome: str, *codes: str, said: str | None = REASON, suspended: str = "") -> str:
    """Return the words of an account whose last verification ended so, with checks that ended so.

    A check that passed is written as ``ok``; no check at all: there is no evidence.
    """
    account = state_of([own()], VALUES).accounts["a"]
    told = RecordedVerification.model_validate({"outcome": outcome, "checked_at": NOW, "reason": said}, by_name=True)
    checks = [
        Check(check="auth", status="passed" if code == "ok" else "failed", code=code, message=REASON) for code in codes
    ]
    found = Verification(status="failed", checks=tuple(checks))
    evidence = Evidence(settings_digest="", verification=found) if codes else None
    stop = Suspension(reason=suspended, actor="olga", at=NOW) if suspended else None
    return brief_reason(replace(account, verification=told, evidence=evidence, suspension=stop))


@pytest.mark.parametrize(
    ("outcome", "codes", "more", "expected"),
    [
        ("passed", [], {"said": None}, ""),
        ("failed", ["credentialsRejected"], {}, "password rejected by the server"),
        ("failed", ["ok", "hostNotFound", "timedOut"], {}, "the host does not exist"),
        ("failed", ["ok"], {}, "smtp.example.com refuses the login"),
        ("failed", ["nobodyKnowsThis"], {}, "smtp.example.com refuses the login"),
        ("failed", [], {}, "smtp.example.com refuses the login"),
        ("failed", [], {"said": "One. Two. Three."}, "One"),
        ("failed", [], {"said": "...One..."}, "...One"),
        ("failed", [], {"said": "At MAX"}, "At MAX"),
        ("failed", [], {"said": "x" * 500}, "x" * 59 + "…"),
        ("overridden", ["credentialsRejected"], {}, "smtp.example.com refuses the login"),
        ("failed", ["credentialsRejected"], {"suspended": "Leaked. See 4."}, "Leaked"),
    ],
    ids=[
        "active", "its check that failed", "the first that failed", "none that failed", "a code without words",
        "no evidence", "the first sentence", "without its stop", "and nothing but its stop", "cut", "applied unverified", "suspended",
    ],
)  # fmt: skip
def test_a_reason_is_a_few_words(outcome: str, codes: list[str], more: dict[str, str], expected: str) -> None:
    """What a failing account's first failed check means, or the first sentence of the reason, as far as a list has room."""
    assert expected == reason(outcome, *codes, **more)
