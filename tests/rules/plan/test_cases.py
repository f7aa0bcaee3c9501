"""Every folder under ``cases`` is planned and compared with its ``expected.json``; see the README there."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import error
from reconciler.manifests import read_manifests
from reconciler.model.accounts.recorded import Approval, RecordedVerification, Suspension, approval_subject
from reconciler.model.canonical import digest
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.accounts.desired import resolve
from reconciler.rules.plan.finish import Making, exit_code_of_plan, finish_plan
from reconciler.rules.plan.make import make_plan
from reconciler.rules.plan.policy import Policy, SecretReadings
from reconciler.rules.secrets.refused import refused_secrets
from reconciler.yamlsource import read_documents
from tests.rules.states import KEY_ID, NOW, applied, ca_files, fingerprints_of, project, state_of
from tools.mutants.prose import exact_words

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.plan import SavedPlan
    from reconciler.rules.plan.draft import Draft, DraftChange

CASES = sorted(path.parent for path in Path(__file__).parent.glob("cases/*/case.md"))
UPDATES = "UPDATE_PLANNER_CASES" in os.environ


class Case:
    """A case folder, read."""

    def __init__(self, folder: Path) -> None:
        """Read the folder."""
        self.folder = folder
        written = folder / "policy.yaml"
        self.written: dict[str, Any] = {}
        if written.exists():
            read = read_documents(written.read_bytes(), file="policy.yaml")
            assert not read.problems
            self.written = json.loads(json.dumps(read.documents[0].value))
        self.policy = _policy(self.written, folder_exists=(folder / "desired").is_dir())
        self.desired = self._accounts("desired", self.written.get("caFiles", {}))
        assert refused_secrets(self.desired, self.policy.project.secrets) == ()
        self.recorded = self._recorded()

    def _accounts(self, name: str, contents: dict[str, str]) -> tuple[DesiredAccount, ...]:
        found = read_manifests(self.folder / name, root=self.folder)
        assert found.problems == ()
        resolution = resolve(found.manifests, ca_files(contents))
        assert resolution.problems == ()
        return resolution.accounts

    def _recorded(self) -> RecordedState:
        before = self.written.get("recorded", {})
        accounts = self._accounts("recorded", before.get("caFiles", self.written.get("caFiles", {})))
        values = before.get("values", self.written.get("values", {}))
        state = state_of(accounts, values, key_id=before.get("keyId", KEY_ID))
        decided = {name: _decided(_declared(each), before) for name, each in state.accounts.items()}
        earlier = {name: tuple(names) for name, names in before.get("earlierNames", {}).items()}
        return replace(state, accounts=decided, earlier_names=earlier)

    def draft(self) -> Draft:
        """Return the draft of the case."""
        return make_plan(self.desired, self.recorded, self.policy)

    def plan(self) -> SavedPlan:
        """Return the finished plan of the case."""
        draft = self.draft()
        outcomes = self.written.get("outcomes", {})
        evidence = {each.change.name: _evidence(each, outcomes) for each in draft.to_verify}
        return finish_plan(draft, evidence, Making(tool="reconciler test", created_at=NOW))


def _policy(written: dict[str, Any], *, folder_exists: bool) -> Policy:
    reads = written.get("readsSecrets", True)
    unreadable = {
        secret: error("secretMissing", f"{secret} cannot be read.", subject=secret)
        for secret in written.get("unreadable", [])
    }
    return Policy(
        project=project(**written.get("project", {})),
        today=date.fromisoformat(written.get("today", "2026-09-01")),
        targets=tuple(written.get("targets", ())),
        excludes=tuple(written.get("excludes", ())),
        allow_deletes=written.get("allowDeletes"),
        holds_failing=written.get("holdFailing", False),
        secrets=SecretReadings(
            key_id=written.get("keyId", KEY_ID) if reads else None,
            fingerprints=fingerprints_of(written.get("values", {})) if reads else {},
            unreadable=unreadable,
            were_read=reads,
        ),
        manifests_folder_exists=folder_exists,
        tracked_state_files=tuple(written.get("trackedStateFiles", ())),
    )


def _declared(account: RecordedAccount) -> RecordedAccount:
    """Return the account as recorded from a manifest of the folder of desired ones."""
    return replace(account, manifest=(account.manifest or "").replace("recorded/", "desired/", 1))


def _decided(account: RecordedAccount, before: dict[str, Any]) -> RecordedAccount:
    decision = before.get("approvals", {}).get(account.name)
    if decision is not None:
        subject = digest(approval_subject(account.kind, account.spec))
        approval = Approval(decision=decision, actor="platform", at=NOW, subject_digest=subject)
        account = replace(account, approval=approval)
    if account.name in before.get("suspended", []):
        account = replace(account, suspension=Suspension(reason="leak", actor="olga", at=NOW))
    if account.name in before.get("failing", []):
        account = replace(account, verification=RecordedVerification(outcome="failed", reason="auth: refused"))
    return account


def _evidence(each: DraftChange, outcomes: dict[str, Any]) -> Evidence:
    status = outcomes.get(each.change.name, "passed")
    checks: tuple[Check, ...] = ()
    if status == "failed":
        checks = (Check(check="auth", status="failed", class_="permanent", code="credentialsRejected", message="535"),)
    verification = Verification(status=status, depth="envelope", checked_at=NOW, checks=checks)
    return Evidence(settings_digest=each.settings_digest or "", verification=verification)


def _seen(plan: SavedPlan) -> dict[str, Any]:
    """Return what a case expects of a plan: everything but digests, and of wording only what people copy or look up."""
    changes = []
    for change in plan.changes:
        shown = change.model_dump(mode="json")
        changes.append({**shown, "verification": change.verification.status})
    return {
        "status": plan.status,
        "exitCode": exit_code_of_plan(plan, is_detailed=True),
        "summary": {key: count for key, count in plan.summary.model_dump().items() if count},
        "changes": changes,
        "awaitsApproval": list(plan.would_be_pending),
        "diagnostics": [
            {
                "problem": f"{each.severity} {each.code} {each.subject or '-'}",
                **({"at": str(each.location)} if each.location else {}),
                "names": exact_words(each.detail),
            }
            for each in plan.diagnostics
        ],
        "liftedGuards": [f"{guard.code} by {guard.by}" for guard in plan.lifted_guards],
        "grantsUsed": list(plan.inputs.grants_used),
    }


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path) -> None:
    """The planner makes of the case what its ``expected.json`` says."""
    seen = _seen(Case(folder).plan())
    file = folder / "expected.json"
    if UPDATES:
        file.write_text(json.dumps(seen, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8")) == seen


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_applied_case(folder: Path) -> None:
    """Once a ready plan is applied, the same manifests leave nothing to change."""
    case = Case(folder)
    plan = case.plan()
    if plan.status != "ready" or plan.summary.held:
        assert plan.status in {"empty", "blocked", "invalid"} or plan.summary.held > 0
        return
    without_selectors = replace(case.policy, targets=(), excludes=(), manifests_folder_exists=True)
    again = make_plan(case.desired, applied(plan, case.recorded), without_selectors)
    touched = {change.name for change in plan.changes}
    assert [] == [each.change.name for each in again.changes if each.change.name in touched]


def test_sentences() -> None:
    """Every case tells in one sentence what it is about."""
    sentences = {folder.name: (folder / "case.md").read_text(encoding="utf-8").strip() for folder in CASES}
    assert {} == {name: text for name, text in sentences.items() if "\n" in text or not text.endswith(".")}
