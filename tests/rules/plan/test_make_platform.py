"""The platform's part in a plan: where its secret travels, and what its server decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.secrets.routes import with_fingerprints
from reconciler.rules.plan.make import make_plan
from reconciler.rules.verification.settings import settings_digest
from tests.rules.single import SERVER, THERE, approved, codes, drafted, news, only, own
from tests.rules.states import KEY, desired_of, empty_state, fingerprints_of, policy, project, state_of


def test_the_platforms_secret_is_judged_like_any_other() -> None:
    """Known to state on another route, it is withheld, and with it every marketing account that is verified."""
    elsewhere = THERE.model_copy(update={"route": THERE.route.model_copy(update={"host": "other.example"})})
    recorded = replace(empty_state(), routes=(elsewhere,))
    values = fingerprints_of({"env:SMTP_A": "one", "env:SMTP_PLATFORM": "two"})
    readings = SecretsRead(key=KEY, fingerprints=values)
    draft = drafted([news(), own()], recorded, platform=SERVER, secrets=readings)
    there = with_fingerprints((THERE,), values)
    assert {"a": (), "news": there} == {each.change.name: each.withheld for each in draft.steps}
    assert [f"credentialWithheld {PLATFORM}"] == codes(draft)
    assert draft.problems[0].detail.count(f"\n- {PLATFORM}: env:SMTP_PLATFORM to p at p.example:587, starttls\n") == 1
    assert (there, ()) == (
        draft.judgement.platform_routes,
        drafted([own()], recorded, platform=SERVER).judgement.platform_routes,
    )


def test_a_manifest_does_not_borrow_the_platforms_secret() -> None:
    """Where state has never seen it, it has no first use but the project file's own."""
    borrowed = own(secret="SMTP_PLATFORM", host="evil.example")
    assert ["credentialWithheld a"] == codes(drafted([borrowed], platform=SERVER))
    assert [] == codes(drafted([borrowed]))


@pytest.mark.parametrize(("manifests", "is_granted"), [(None, True), ("?*", False), ("**", True)])
def test_the_platforms_secret_is_granted_without_a_manifest(manifests: str | None, *, is_granted: bool) -> None:
    """It is named by the project file, which a grant for certain manifests does not speak of; needed, it is not told."""
    grant = {"secret": "env:SMTP_PLATFORM", "servers": ["p.example"]}
    written = {**grant, "manifests": manifests} if manifests else grant
    rules = project(secrets={"firstUse": "grant", "grants": [written]}, platform={"approval": "automatic"})
    expected = [] if is_granted else [f"credentialWithheld {PLATFORM}", "grantRedundant None"]
    assert expected == codes(drafted([news()], project=rules, platform=SERVER))
    assert expected[1:] == codes(drafted([], replace(empty_state()), project=rules, platform=SERVER))[1:]


def test_of_an_untrusted_project_all_is_withheld_that_would_be_sent() -> None:
    """The platform's secret too, where a marketing account is verified, and nothing for what is not verified."""
    readings = SecretsRead(were_read=False, are_withheld=True)
    draft = make_plan([news(), own()], empty_state(), policy(secrets=readings, platform=SERVER))
    assert {"a": 1, "news": 1} == {each.change.name: len(each.withheld) for each in draft.steps}
    assert "projectNotTrusted None" in codes(draft)
    assert () == draft.judgement.grants_used
    gone = make_plan([], state_of([own()]), policy(secrets=readings, platform=SERVER, allow_deletes=1))
    assert "projectNotTrusted None" not in codes(gone)


def test_a_marketing_account_that_is_only_relabelled_needs_no_platform() -> None:
    """Nothing is verified, so nothing of the platform's travels and no exception to verification is noted."""
    exception = {"verification": ["news"], "depth": "offline", "until": "2026-12-31", "reason": "x"}
    rules = project(guards={"exceptions": [exception]})
    relabelled = drafted([news(", labels: {a: b}")], approved(news()), platform=SERVER, project=rules)
    assert only(relabelled).needs_evidence is False
    assert () == relabelled.judgement.platform_routes
    assert () == relabelled.lifted_guards
    assert ["verificationIncomplete"] == [each.code for each in drafted([news()], project=rules).lifted_guards]


def test_the_digest_of_a_marketing_account_covers_the_platform() -> None:
    """With the values that were read of the platform's secrets; where one was not, there is no digest."""
    rules = policy({"env:SMTP_PLATFORM": "p"}, platform=SERVER)
    change = only(make_plan([news()], empty_state(), rules))
    known = fingerprints_of({"env:SMTP_PLATFORM": "p"})
    made = settings_digest("MarketingAccount", news().settings, ca_digest=None, fingerprints=known, platform=SERVER)
    assert (made, {}) == (change.settings_digest, change.fingerprints)
    assert None is only(make_plan([news()], empty_state(), policy(platform=SERVER))).settings_digest


@pytest.mark.parametrize(("digest", "expected"), [(None, False), ("other", True)])
def test_another_platform_needs_verification(digest: str | None, *, expected: bool) -> None:
    """Where both digests are known and differ; a recorded one that is not known says nothing."""
    recorded = approved(news(), settings_digest=digest)
    rules = policy({"env:SMTP_PLATFORM": "p"}, platform=SERVER)
    relabelled = only(make_plan([news(", labels: {a: b}")], recorded, rules))
    assert expected == relabelled.needs_evidence
    same = approved(news(), settings_digest=relabelled.settings_digest)
    assert not only(make_plan([news(", labels: {a: b}")], same, rules)).needs_evidence


def test_what_is_not_verified_is_not_withheld() -> None:
    """A relabelled marketing account needs nothing of the platform's, though a new one's is withheld."""
    elsewhere = THERE.model_copy(update={"route": THERE.route.model_copy(update={"host": "other.example"})})
    recorded = replace(approved(news()), routes=(elsewhere,))
    (other,) = desired_of(
        "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: other}\nspec: {email: n@example.com, displayName: N}\n"
    )
    draft = drafted([news(", labels: {a: b}"), other], recorded, platform=SERVER)
    assert {"news": (), "other": (THERE,)} == {each.change.name: each.withheld for each in draft.steps}


def test_a_digest_that_cannot_be_made_says_nothing() -> None:
    """Where the platform's secret was not read, a relabelled account is not verified for that."""
    change = only(drafted([news(", labels: {a: b}")], approved(news(), settings_digest="known"), platform=SERVER))
    assert (None, False) == (change.settings_digest, change.needs_evidence)
