"""What apply accepts: fresh plans of this state that nobody altered; and the order in which it refuses the others."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import VARIABLE, Project, alter_plan, marketing_account, own_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.mailserver import MailServer


def test_disjoint_plans_both_apply(project: Project) -> None:
    """A plan does not go stale because another account changed meanwhile."""
    project.write_account("one", marketing_account("one"))
    project.write_account("two", marketing_account("two"))
    project.run_well("plan", "--target", "one", "--out", "one.json")
    project.run_well("plan", "--target", "two", "--out", "two.json")
    project.run_well("apply", "one.json")
    project.run_well("apply", "two.json")
    assert ({"one": "pending", "two": "pending"}, 2) == (project.statuses(), project.serial())


def test_a_plan_is_stale_once_its_account_has_changed(project: Project) -> None:
    """A plan whose account was touched since is refused with 5 and records nothing."""
    project.write_account("one", marketing_account("one"))
    project.run_well("plan", "--out", "create.json")
    project.run_well("apply", "--auto-approve")
    project.write_account("one", marketing_account("one", email="other@example.com"))
    project.run_well("plan", "--out", "update.json")
    project.write_account("one", marketing_account("one", email="third@example.com"))
    project.run_well("apply", "--auto-approve")
    for name in ("create.json", "update.json"):
        stale = project.run("apply", name, "--format", "json")
        assert 5 == stale.code
        assert ["planStale"] == stale.codes
        assert "refused" == stale.document["status"]
    assert 2 == project.serial()


def test_a_plan_is_stale_once_the_platform_has_decided(project: Project) -> None:
    """An approval given since the plan was made spoils the plan: it said what it did not know."""
    project.write_account("one", marketing_account("one"))
    project.run_well("apply", "--auto-approve")
    project.write_account("one", marketing_account("one", email="other@example.com"))
    project.run_well("plan", "--out", "plan.json")
    decision = {"decision": "approved", "actor": "anna", "at": "2026-01-01T00:00:00Z", "subject_digest": "sha256:1"}
    with closing(sqlite3.connect(project.state_file)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(accounts)")]
    assert "approval" in columns
    camel = decision | {"subjectDigest": decision["subject_digest"]}
    del camel["subject_digest"]
    project.execute_sql("UPDATE accounts SET approval = ?", json.dumps(camel, sort_keys=True, separators=(",", ":")))
    stale = project.run("apply", "plan.json", "--format", "json")
    assert (5, ["planStale"]) == (stale.code, stale.codes), stale


def test_a_plan_of_another_state_is_refused(project: Project) -> None:
    """A plan made from another state, even of the same project, is refused with 4."""
    project.write_account("one", marketing_account("one"))
    project.run_well("plan", "--out", "plan.json")
    project.set_variable("RECONCILER_STATE", "sqlite:///elsewhere/state.db")
    project.init()
    refused = project.run("apply", "plan.json", "--format", "json")
    assert (4, ["lineageMismatch"]) == (refused.code, refused.codes)
    assert {} == project.statuses()


def change_email(document: dict[str, Any]) -> None:
    """Change a field that would be recorded."""
    document["inputs"]["accounts"]["one"]["document"]["spec"]["email"] = "thief@example.com"


def change_format(document: dict[str, Any]) -> None:
    """Claim a format that does not exist yet."""
    document["formatVersion"] = "2.0"


def drop_inputs(document: dict[str, Any]) -> None:
    """Leave out what is to be recorded, and the seal."""
    document["inputs"]["accounts"] = {}
    document["seal"] = None


@pytest.mark.parametrize(
    ("alter", "fits_digest", "code"),
    [
        (change_email, False, "planAltered"),
        (change_email, True, "planAltered"),
        (change_format, False, "planFormatUnknown"),
        (change_format, True, "planFormatUnknown"),
        (drop_inputs, True, "planAltered"),
    ],
)
def test_an_altered_plan_is_refused(
    project: Project,
    alter: Callable[[dict[str, Any]], None],
    *,
    fits_digest: bool,
    code: str,
) -> None:
    """A plan that does not fit its digest, its seal or its format is refused with 4 and records nothing."""
    project.write_account("one", marketing_account("one"))
    project.run_well("plan", "--out", "plan.json")
    alter_plan(project.folder / "plan.json", alter, fits_digest=fits_digest)
    refused = project.run("apply", "plan.json", "--format", "json")
    assert 4 == refused.code
    assert [code] == refused.codes
    assert "refused" == refused.document["status"]
    assert {} == project.statuses()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"formatVersion": 1}', "\x00\x01", "9" * 5000])
def test_garbage_is_no_plan(project: Project, content: str) -> None:
    """A file that is no plan is exit code 1 for show and apply."""
    (project.folder / "plan.json").write_text(content, encoding="utf-8")
    for words in (("show", "plan.json"), ("apply", "plan.json")):
        refused = project.run(*words, "--format", "json")
        assert (1, ["planFileInvalid"]) == (refused.code, refused.codes)
    assert 1 == project.run("apply", "missing.json").code


def test_a_stripped_seal_has_the_evidence_gathered_anew(project: Project, server: MailServer) -> None:
    """Evidence without a valid seal is anybody's claim, so apply verifies again."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan", "--depth", "message", "--out", "plan.json")
    alter_plan(project.folder / "plan.json", lambda document: document.update(seal=None))
    project.forget_evidence()
    project.run_well("apply", "plan.json")
    assert (2, 2) == (server.login_attempts, len(server.messages))


def test_forged_evidence_is_not_believed(project: Project, server: MailServer) -> None:
    """A failed verification rewritten as passed, or as not needed, is gathered anew and fails."""
    project.set_variable(VARIABLE, "not-the-password")
    project.write_account("sales", own_account("sales", server))

    def claim_passed(document: dict[str, Any]) -> None:
        document.update(seal=None, status="ready", diagnostics=[])
        document["inputs"]["accounts"]["sales"]["evidence"]["verification"].update(status="passed", depth="message")

    def claim_not_needed(document: dict[str, Any]) -> None:
        document.update(seal=None, status="ready", diagnostics=[])
        document["inputs"]["accounts"]["sales"].update(needsEvidence=False, evidence=None)

    for forge in (claim_passed, claim_not_needed):
        assert 3 == project.run("plan", "--out", "plan.json").code
        alter_plan(project.folder / "plan.json", forge, fits_digest=True)
        attempts = server.login_attempts
        refused = project.run("apply", "plan.json", "--format", "json")
        assert (3, ["verificationFailed"]) == (refused.code, refused.codes)
        assert attempts + 1 == server.login_attempts
    assert {} == project.statuses()


def test_apply_refuses_in_the_order_of_the_contract(project: Project, server: MailServer) -> None:
    """Altered goes before stale, stale before a guard; what failed in the plan is told beside a guard, with the guard's code."""
    project.write_account("keep", marketing_account("keep", metadata="preventDelete: true"))
    project.write_account("one", marketing_account("one"))
    project.run_well("apply", "--auto-approve")
    project.remove_account("keep")
    project.write_account("one", marketing_account("one", email="other@example.com"))
    project.set_variable(VARIABLE, "not-the-password")
    project.write_account("sales", own_account("sales", server))
    planned = project.run("plan", "--out", "plan.json", "--format", "json")
    assert 4 == planned.code
    assert {"protectedAccount", "verificationFailed"} <= set(planned.codes)
    guarded = project.run("apply", "plan.json", "--format", "json")
    assert (4, ["protectedAccount", "verificationFailed"]) == (guarded.code, guarded.codes)
    project.write_account("keep", marketing_account("keep", metadata="preventDelete: true"))
    project.run_well("apply", "--auto-approve", "--target", "one")
    assert 5 == project.run("apply", "plan.json").code
    alter_plan(project.folder / "plan.json", lambda document: document.update(serial=99))
    altered = project.run("apply", "plan.json", "--format", "json")
    assert (4, ["planAltered"]) == (altered.code, altered.codes)


def test_show_of_a_blocked_plan_is_a_success(project: Project, server: MailServer) -> None:
    """Showing a plan tells what it says; only applying it fails."""
    project.set_variable(VARIABLE, "not-the-password")
    project.write_account("sales", own_account("sales", server))
    assert 3 == project.run("plan", "--out", "plan.json").code
    shown = project.run("show", "plan.json", "--format", "json")
    assert (0, "blocked") == (shown.code, shown.document["status"])


def test_a_changed_ca_makes_a_plan_stale(project: Project, server: MailServer) -> None:
    """A private CA that is another one than planned is stale (5): it was not reviewed."""
    from tests.support.certificates import TestCA

    authority = TestCA()
    path = authority.write_pem(project.folder / "ca.pem")
    project.write_account("sales", own_account("sales", server, encryption="starttls", ca_file="ca.pem"))
    project.run("plan", "--depth", "offline", "--out", "plan.json")
    TestCA().write_pem(path)
    stale = project.run("apply", "plan.json", "--format", "json")
    assert (5, ["planStale"]) == (stale.code, stale.codes)
