"""Cases of the planner and of apply: folders of manifests and settings, read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import error
from reconciler.manifests import read_manifests
from reconciler.model.accounts.recorded import Approval, RecordedVerification, Suspension, approval_subject
from reconciler.model.canonical import digest
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.secrets.values import FingerprintKey
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.accounts.desired import resolve
from reconciler.rules.accounts.platform import resolve_platform
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from reconciler.rules.plan.policy import Policy
from reconciler.rules.secrets.refused import refused_secrets
from reconciler.yamlsource import read_documents
from tests.rules.states import KEY, NOW, ca_files, fingerprints_of, project, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.plan import SavedPlan
    from reconciler.model.step import Create, Update
    from reconciler.model.verification.depths import Depth
    from reconciler.rules.plan.make import Draft


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the one mapping of a YAML file; nothing where there is no file."""
    if not path.exists():
        return {}
    read = read_documents(path.read_bytes(), file=path.name)
    assert not read.problems
    written: dict[str, Any] = json.loads(json.dumps(read.documents[0].value))
    return written


class Case:
    """A case folder, read."""

    def __init__(self, folder: Path) -> None:
        """Read the folder."""
        self.folder = folder
        self.written = read_yaml(folder / "policy.yaml")
        self.policy = policy_of(self.written, folder_exists=(folder / "desired").is_dir())
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
        state = state_of(accounts, values)
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
        evidence = {each.name: evidence_of(each, outcomes) for each in draft.to_verify}
        return finish_plan(draft, evidence, Making(tool="reconciler test", created_at=NOW))


def policy_of(written: dict[str, Any], *, folder_exists: bool = True) -> Policy:
    """Return the policy that settings of a case stand for."""
    reads = written.get("readsSecrets", True)
    unreadable = {
        secret: error("secretMissing", f"{secret} cannot be read.", subject=secret)
        for secret in written.get("unreadable", [])
    }
    declared = project(**written.get("project", {}))
    platform, problems = resolve_platform(declared.platform.smtp, ca_files(written.get("caFiles", {})))
    assert problems == []
    return Policy(
        project=declared,
        platform=platform,
        today=date.fromisoformat(written.get("today", "2026-09-01")),
        targets=tuple(written.get("targets", ())),
        excludes=tuple(written.get("excludes", ())),
        allow_deletes=written.get("allowDeletes"),
        holds_failing=written.get("holdFailing", False),
        secrets=SecretsRead(
            key=_key_of(written) if reads else None,
            fingerprints=fingerprints_of(written.get("values", {})) if reads else {},
            unreadable=unreadable,
            were_read=reads,
        ),
        manifests_folder_exists=folder_exists,
        tracked_state_files=tuple(written.get("trackedStateFiles", ())),
    )


def _key_of(written: dict[str, Any]) -> FingerprintKey | None:
    """Return the key of fingerprints that is at hand: state's, unless the case names another, or null for none."""
    if "key" not in written:
        return KEY
    return FingerprintKey(written["key"].encode()) if written["key"] is not None else None


def _declared(account: RecordedAccount) -> RecordedAccount:
    """Return the account as recorded from a manifest of the folder of desired ones."""
    return replace(account, manifest=(account.manifest or "").replace("recorded/", "desired/", 1))


def _decided(account: RecordedAccount, before: dict[str, Any]) -> RecordedAccount:
    decision = before.get("approvals", {}).get(account.name)
    if decision is not None:
        subject = digest(approval_subject(account.kind, account.settings))
        approval = Approval(decision=decision, actor="platform", at=NOW, subject_digest=subject)
        account = replace(account, approval=approval)
    if account.name in before.get("suspended", []):
        account = replace(account, suspension=Suspension(reason="leak", actor="olga", at=NOW))
    if account.name in before.get("failing", []):
        account = replace(account, verification=RecordedVerification(outcome="failed", reason="auth: refused"))
    return account


def evidence_of(each: Create | Update, outcomes: dict[str, Any], *, depth: Depth = "envelope") -> Evidence:
    """Return the evidence of a step: passed, unless the case says otherwise."""
    status = outcomes.get(each.name, "passed")
    checks: tuple[Check, ...] = ()
    if status == "failed":
        checks = (Check(check="auth", status="failed", class_="permanent", code="credentialsRejected", message="535"),)
    verification = Verification(status=status, depth=depth, checked_at=NOW, checks=checks)
    return Evidence(settings_digest=each.settings_digest or "", verification=verification)
