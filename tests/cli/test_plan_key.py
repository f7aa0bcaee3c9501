"""RECONCILER_PLAN_KEY: plans are sealed with it, and where it is set no other plan is applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import Project, alter_plan, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

KEY = "k" * 40


@pytest.fixture
def keyed(project: Project) -> Project:
    """Return a project with one account to create, where the plan key is set."""
    project.set_variable("RECONCILER_PLAN_KEY", KEY)
    project.write_account("one", marketing_account("one"))
    return project


def refuse(project: Project, code: str) -> None:
    """Fail unless applying the saved plan ends with 4 and this code, and records nothing."""
    refused = project.run("apply", "plan.json", "--format", "json")
    assert 4 == refused.code, refused
    assert [code] == refused.codes, refused
    assert {} == project.statuses(), refused


@pytest.mark.parametrize("depth", ["envelope", "offline"])
def test_a_plan_sealed_with_the_key_is_applied(keyed: Project, depth: str) -> None:
    """Plans of every depth are sealed, and apply without a plan file seals and checks its own."""
    keyed.run_well("plan", "--depth", depth, "--out", "plan.json")
    keyed.run_well("apply", "plan.json")
    keyed.write_account("two", marketing_account("two"))
    keyed.run_well("apply", "--auto-approve")
    assert ["one", "two"] == list(keyed.statuses())


def test_a_plan_made_without_the_key_is_refused(keyed: Project) -> None:
    """The seal of the fingerprint key is not enough where a plan key is set."""
    keyed.unset_variable("RECONCILER_PLAN_KEY")
    keyed.run_well("plan", "--out", "plan.json")
    keyed.set_variable("RECONCILER_PLAN_KEY", KEY)
    refuse(keyed, "planUnsealed")


def test_a_plan_made_with_another_key_is_refused(keyed: Project) -> None:
    """Whoever has another key has not made our plan."""
    keyed.set_variable("RECONCILER_PLAN_KEY", "x" * 40)
    keyed.run_well("plan", "--out", "plan.json")
    keyed.set_variable("RECONCILER_PLAN_KEY", KEY)
    refuse(keyed, "planUnsealed")


def strip_seal(document: dict[str, Any]) -> None:
    """Remove the seal."""
    document["seal"] = None


def keep_seal(document: dict[str, Any]) -> None:
    """Alter what is recorded and keep the seal."""
    document["inputs"]["accounts"]["one"]["document"]["spec"]["email"] = "thief@example.com"


@pytest.mark.parametrize(("alter", "code"), [(strip_seal, "planUnsealed"), (keep_seal, "planAltered")])
def test_an_altered_plan_is_refused(keyed: Project, alter: Any, code: str) -> None:
    """A plan without its seal, or with one that does not fit, is refused although its digest fits."""
    keyed.run_well("plan", "--out", "plan.json")
    alter_plan(keyed.folder / "plan.json", alter, fits_digest=True)
    refuse(keyed, code)


def test_where_the_key_is_not_set_its_seal_is_no_reason_to_believe(keyed: Project) -> None:
    """A plan sealed with a key that is not at hand counts as unsealed, not as altered."""
    keyed.run_well("plan", "--depth", "offline", "--out", "plan.json")
    keyed.unset_variable("RECONCILER_PLAN_KEY")
    keyed.run_well("apply", "plan.json")
    assert {"one": "pending"} == keyed.statuses()


def test_the_reviewed_plan_must_be_sealed_too(keyed: Project) -> None:
    """--reviewed does not take a plan that anybody could have written."""
    keyed.run_well("plan", "--out", "reviewed.json")
    keyed.run_well("plan", "--out", "plan.json")
    alter_plan(keyed.folder / "reviewed.json", strip_seal, fits_digest=True)
    refused = keyed.run("apply", "--reviewed", "reviewed.json", "--format", "json")
    assert (4, ["planUnsealed"]) == (refused.code, refused.codes)
    keyed.run_well("apply", "--reviewed", "plan.json")


@pytest.mark.parametrize("text", ["", "short"])
@pytest.mark.parametrize("depth", ["offline", "envelope"])
def test_a_weak_key_is_refused_by_every_plan(keyed: Project, text: str, depth: str) -> None:
    """A key that could be guessed seals nothing, and a plan that is only looked at says so as one that is kept does."""
    words = ("plan", "--depth", depth)
    keyed.set_variable("RECONCILER_PLAN_KEY", text)
    for more in (("--out", "plan.json"), (), ("--format", "markdown")):
        refused = keyed.run(*words, *more)
        assert (1, True) == (refused.code, "Key is too short" in refused.err), more
    assert ["keyWeak"] == keyed.run(*words, "--format", "json").codes


def test_a_weak_key_is_refused_where_nothing_changes(keyed: Project) -> None:
    """Also where the last plan, which changed nothing, is only told again."""
    keyed.run_well("apply", "--auto-approve")
    keyed.unset_variable("RECONCILER_PLAN_KEY")
    for _ in range(2):
        keyed.run_well("plan")
    keyed.set_variable("RECONCILER_PLAN_KEY", "short")
    refused = keyed.run("plan")
    assert (1, True) == (refused.code, "Key is too short" in refused.err)


def test_no_manifest_names_the_key(keyed: Project, server: MailServer) -> None:
    """Whatever secrets.allow covers, the plan key and the fingerprint key do not become passwords."""
    keyed.write_project('secrets: {allow: ["env:*", "file:**"], fingerprintKey: {env: FINGERPRINT_KEY}}\n')
    keyed.set_variable("FINGERPRINT_KEY", KEY)
    for secret in ("{env: RECONCILER_PLAN_KEY}", "{env: FINGERPRINT_KEY}", "{file: .reconciler/x}"):
        keyed.write_account("one", own_account("one", server, secret=secret))
        refused = keyed.run("validate", "--format", "json")
        assert 1 == refused.code
        assert ["secretNotAllowed"] == refused.codes
    assert 0 == server.connections
