"""Evidence where nobody is contacted is what a conversation to depth offline would find."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.project import VerificationPolicy
from reconciler.model.step import Keep
from reconciler.model.verification.evidence import CONVERSATION, DOMAIN_CHECKS
from reconciler.rules.verification.unasked import offline, without_platform
from tests.rules.single import SERVER, news, own
from tests.rules.states import NOW

STEP = Keep(after=replace(own(), written={"spec.smtp.host": "Mail.example.com"}), settings_digest="d", depth="offline")


@pytest.mark.parametrize(
    ("step", "servers", "code", "words", "status"),
    [
        (replace(STEP, after=own()), ("*.example.org",), "unknownDestination", "h.example is not among", "failed"),
        (replace(STEP, depth="connect"), ("*",), "beyondDepth", "the verification goes to depth connect", "skipped"),
        (STEP, ("*",), "beyondDepth", "the verification goes to depth offline", "skipped"),
        (STEP, ("*.example.org",), "unknownDestination", "Mail.example.com is not among", "failed"),
        (replace(STEP, after=news()), ("*",), "notDeclared", "project file declares none", "skipped"),
    ],
)
def test_each_check_says_why_it_was_not_made(
    step: Keep, servers: tuple[str, ...], code: str, words: str, status: str
) -> None:
    """Every check of the conversation has the same reason; a host that may not be contacted fails the account."""
    policy = VerificationPolicy.model_validate({"servers": servers, "domainChecks": "off"})
    found = offline(step, None, policy, NOW).verification
    conversation = found.checks[: len(CONVERSATION)]
    assert status == found.status
    assert (*CONVERSATION, *DOMAIN_CHECKS) == tuple(check.check for check in found.checks)
    assert {code} == {check.code for check in conversation}
    assert all(words in check.message for check in conversation)


@pytest.mark.parametrize(("setting", "code"), [("off", "notDeclared"), ("warn", "beyondDepth")])
def test_domain_checks_say_whether_they_are_off(setting: str, code: str) -> None:
    """Domain checks that are off are not declared; otherwise the depth is the reason."""
    found = offline(STEP, None, VerificationPolicy.model_validate({"domainChecks": setting}), NOW).verification
    assert {code} == {check.code for check in found.checks if check.check in DOMAIN_CHECKS}
    told = "Not made: domain checks are off (verification.domainChecks)." if setting == "off" else "depth offline."
    assert all(check.message.endswith(told) for check in found.checks if check.check in DOMAIN_CHECKS)


@pytest.mark.parametrize(
    ("servers", "code", "words"),
    [(("*",), "beyondDepth", "depth offline"), (("*.example.org",), "unknownDestination", "p.example is not among")],
)
def test_a_marketing_account_is_looked_at_through_the_platforms_server(
    servers: tuple[str, ...], code: str, words: str
) -> None:
    """Where the project file declares one."""
    step = replace(STEP, after=news())
    found = offline(step, SERVER, VerificationPolicy.model_validate({"servers": servers}), NOW).verification
    assert {(code, True)} == {(check.code, words in check.message) for check in found.checks[: len(CONVERSATION)]}


@pytest.mark.parametrize("digest", ["d", None])
def test_the_evidence_is_of_these_settings_now(digest: str | None) -> None:
    """With the depth that was asked for; settings whose secrets were not read have no digest."""
    step = replace(STEP, settings_digest=digest, depth="connect")
    for found in (offline(step, None, VerificationPolicy(), NOW), without_platform(step, NOW)):
        assert (digest or "") == found.settings_digest
        assert "connect" == found.verification.depth
        assert NOW == found.verification.checked_at
    alone = without_platform(replace(STEP, after=news()), NOW).verification
    assert "skipped" == alone.status
    assert {"notDeclared"} == {check.code for check in alone.checks}
    assert CONVERSATION == tuple(check.check for check in alone.checks)
