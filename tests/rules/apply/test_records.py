"""What an apply writes: the accounts that go and come, routes, the key, the revision; and the private CA that is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.errors import PlanStale
from reconciler.model.accounts.located import CaFile
from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.model.journal.entries import Actor, Provenance
from reconciler.model.step import Create, Delete, Rename, Update
from reconciler.model.verification.evidence import Evidence, Verification
from reconciler.rules.apply.admission import Admission
from reconciler.rules.apply.record import Records, kept_pem, recorded_account, records_of
from reconciler.rules.apply.settle import Settlement
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.policy import ApplyOrder
from tests.rules.single import THERE, VALUES, drafted, news, own
from tests.rules.states import KEY_ID, NOW, fingerprints_of, project, state_of

if TYPE_CHECKING:
    from reconciler.model.step import Changed

LATER = NOW + timedelta(days=1)
STATE = state_of([own(), own("b", secret="SMTP_B")], VALUES)
A, B = STATE.accounts["a"], STATE.accounts["b"]
PLAN = finish_plan(drafted([own()]), {}, Making(tool="test", created_at=NOW))
CA = CaFile(pem="PEM", digest="digest of PEM")
PASSED = RecordedVerification(outcome="passed", checked_at=LATER, depth="message")
EVIDENCE = Evidence(settings_digest="d", verification=Verification(status="passed", depth="message", checked_at=LATER))
NEW = Create(after=own("new", secret="SMTP_N"), outcome=PASSED, evidence=EVIDENCE, fingerprints={"env:SMTP_N": "n"})


def written(*steps: Changed, key_id: str | None = KEY_ID, approval: str = "manual", **state: Any) -> Records:
    """Return what an apply of these steps writes; ``key_id`` is the key that it read secrets with."""
    settlement = Settlement(steps=steps, held={}, fingerprint_key_id=key_id, platform_routes=(THERE,), grants_used=())
    admission = Admission(plan=PLAN, steps=steps, is_sealed=True, lifted_guards=(), grants_used=frozenset())
    return records_of(
        settlement,
        admission,
        ApplyOrder(provenance=Provenance(actor=Actor(name="anna", source="flag"))),
        replace(STATE, serial=7, **state),
        project=project(platform={"approval": approval}),
        at=LATER,
        private_cas={"ca.pem": CA},
    )


def test_all_that_goes_and_comes_is_of_one_revision() -> None:
    """The next one; names are given up before any account comes, and routes are kept by account."""
    found = written(Delete(before=A), Rename(before=B, after=own("c", secret="SMTP_B")), NEW)
    assert ("a",) == found.deleted
    assert {"b": "c"} == found.renamed
    assert ["c", "new"] == [each.name for each in found.accounts]
    assert {8} == {each.revision for each in found.accounts} | {found.revision.revision}
    assert {"c": ("env:SMTP_B",), "new": ("env:SMTP_N",), PLATFORM: ("env:SMTP_PLATFORM",)} == {
        name: tuple(each.secret for each in routes) for name, routes in found.routes.items()
    }
    assert "n" == found.routes["new"][0].fingerprint
    assert LATER == found.revision.at
    assert "anna" == found.revision.actor
    assert 3 == len(found.revision.changes)
    assert found.payload.revision is not None
    assert 8 == found.payload.revision.revision


@pytest.mark.parametrize(
    ("known", "read_with", "written_to_state", "of_account"),
    [
        (None, "new", "new", "new"),
        (KEY_ID, KEY_ID, None, KEY_ID),
        (KEY_ID, None, None, KEY_ID),
        (None, None, None, None),
    ],
    ids=["a new state's first", "state's", "state's, with nothing read", "none"],
)
def test_a_state_keeps_the_key_that_it_was_made_with(
    known: str | None, read_with: str | None, written_to_state: str | None, of_account: str | None
) -> None:
    """Only the first apply that reads a secret gives it one."""
    step = replace(NEW, evidence=None)
    found = written(step, key_id=read_with, fingerprint_key_id=known)
    assert written_to_state == found.fingerprint_key_id
    fingerprints = step.fingerprints if read_with == known or known is None else {}
    assert (of_account if fingerprints else None) == found.accounts[0].fingerprint_key_id


@pytest.mark.parametrize(
    ("step", "is_stale"),
    [
        (NEW, True),
        (replace(NEW, outcome=None), False),
        (replace(NEW, evidence=None), False),
        (replace(NEW, fingerprints={}), False),
        (Delete(before=A), False),
    ],
    ids=["read and verified", "not verified", "overridden", "without a secret", "deleted"],
)
def test_what_was_verified_with_another_key_is_stale(step: Changed, *, is_stale: bool) -> None:
    """A change of the key in between would make every secret look rotated; what was not read does not mind."""
    if not is_stale:
        assert 8 == written(step, key_id="another").revision.revision
        return
    with pytest.raises(PlanStale) as refused:
        written(step, key_id="another")
    (problem,) = refused.value.diagnostics
    assert ("planStale", True) == (problem.code, problem.detail.startswith("The key of fingerprints was changed "))
    assert 8 == written(step).revision.revision


@pytest.mark.parametrize(
    ("approval", "awaits", "decision"),
    [("automatic", False, "approved"), ("automatic", True, None), ("manual", False, None), ("manual", True, None)],
)
def test_the_platform_approves_where_it_does_so_by_itself(approval: str, decision: str | None, *, awaits: bool) -> None:
    """Unless the account was to wait when the plan was shown; the journal tells it."""
    found = written(Create(after=news(), awaits_approval=awaits), approval=approval)
    assert decision == (found.accounts[0].approval and found.accounts[0].approval.decision)
    assert (["news"] if decision else []) == [*found.payload.approvals]


def test_the_private_ca_of_an_account_is_kept() -> None:
    """With the MailServer that its settings came through."""
    after = replace(own(smtp=", caFile: ca.pem", contents={"ca.pem": "x"}), ca_digest=CA.digest, server="office")
    (account,) = written(replace(NEW, after=after)).accounts
    assert "PEM" == account.ca_pem
    assert CA.digest == account.ca_digest
    assert "office" == account.server
    recorded = replace(A, ca_digest=CA.digest, ca_pem="KEPT")
    step = Update(before=recorded, after=after)
    assert "KEPT" == recorded_account(step, revision=8, at=LATER, is_approved=False, key_id=None).ca_pem


WITH_CA = replace(own(smtp=", caFile: ca.pem", contents={"ca.pem": "x"}), ca_digest=CA.digest)
KEPT = replace(A, ca_digest=CA.digest, ca_pem="KEPT")


@pytest.mark.parametrize(
    ("account", "before", "files", "expected"),
    [
        (WITH_CA, None, {"ca.pem": CA}, "PEM"),
        (WITH_CA, KEPT, {"ca.pem": CA}, "PEM"),
        (WITH_CA, KEPT, {}, "KEPT"),
        (WITH_CA, KEPT, {"ca.pem": CaFile(pem="OTHER", digest="another")}, "KEPT"),
        (WITH_CA, None, {"ca.pem": CaFile(pem="OTHER", digest="another")}, None),
        (WITH_CA, replace(KEPT, ca_digest="another"), {}, None),
        (WITH_CA, None, {}, None),
        (own(), KEPT, {"ca.pem": CA}, None),
        (replace(own(), ca_digest=CA.digest), KEPT, {"ca.pem": CA}, None),
        (replace(WITH_CA, ca_digest=None), replace(KEPT, ca_digest=None), {"ca.pem": CA}, None),
        (replace(news(), ca_digest=CA.digest), KEPT, {"ca.pem": CA}, None),
    ],
    ids=[
        "the file",
        "the file, and as before",
        "as before",
        "the file has changed",
        "the file has changed, nothing before",
        "another before",
        "nothing at hand",
        "no private CA any more",
        "none named",
        "its content unknown",
        "a marketing account",
    ],
)
def test_a_private_ca_is_kept_by_its_digest(
    account: Any, before: Any, files: dict[str, CaFile], expected: str | None
) -> None:
    """From the file where that is the one, else as state has it."""
    assert expected == kept_pem(account, before, files)


def test_an_account_that_is_not_read_keeps_its_fingerprints() -> None:
    """They are state's, by state's key."""
    found = written(Update(before=A, after=own()), key_id=None)
    assert (fingerprints_of(VALUES)["env:SMTP_A"], KEY_ID) == (
        found.accounts[0].fingerprints["env:SMTP_A"],
        found.accounts[0].fingerprint_key_id,
    )
