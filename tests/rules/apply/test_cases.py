"""Every folder under ``cases`` is planned and applied, and compared with its ``expected.json``; see the README there.

The rules are those of apply; what apply reads from the world, and what verification finds, the case tells.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.errors import ReconcilerError
from reconciler.model.journal.entries import Actor, Provenance
from reconciler.model.plan import SavedPlan
from reconciler.rules.apply.admission import Submission, admit
from reconciler.rules.apply.demand import demand_of
from reconciler.rules.apply.record import applied_summary, records_of
from reconciler.rules.apply.settle import settle, uncompared_secrets
from reconciler.rules.plan.digests import changes_digest, plan_digest
from reconciler.rules.plan.policy import ApplyOrder
from reconciler.rules.secrets.judgement import Law
from tests.rules.cases import Case, evidence_of, policy_of, read_yaml
from tests.rules.states import NOW
from tools.mutants.prose import exact_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.model.step import Create, Update
    from reconciler.model.verification.evidence import Evidence
    from reconciler.rules.apply.admission import Admission
    from reconciler.rules.apply.settle import Settlement

CASES = sorted(path.parent for path in Path(__file__).parent.glob("cases/*/case.md"))
UPDATES = "UPDATE_PLANNER_CASES" in os.environ
PROVENANCE = Provenance(actor=Actor(name="anna", source="flag"), commit="c0ffee", reference="pull/1", is_dirty=True)


def altered(plan: SavedPlan, alterations: dict[str, Any]) -> SavedPlan:
    """Return a plan as somebody has changed it who knows how its digests are made: paths with other values."""
    document = plan.model_dump(mode="json")
    for path, value in alterations.items():
        *parents, last = [int(key) if key.isdigit() else key for key in path.split("/")]
        place: Any = document
        for key in parents:
            place = place[key]
        place[last] = value
    made = SavedPlan.model_validate_json(json.dumps(document), by_alias=True, by_name=False)
    made = made.model_copy(update={"changes_digest": changes_digest(made.changes, made.lifted_guards)})
    return made.model_copy(update={"plan_digest": plan_digest(made)})


def told(problems: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Return problems as cases tell them: of the wording only what people copy or look up."""
    return [
        {"problem": f"{each.code} {', '.join(each.concerned) or '-'}", "names": exact_words(each.detail)}
        for each in problems
    ]


def refused(by: type[ReconcilerError], problems: Iterable[Diagnostic]) -> dict[str, Any]:
    """Return a refusal as cases tell it."""
    return {"refused": by.__name__, "exitCode": by.exit_code, "problems": told(problems)}


class ApplyCase:
    """A case folder, read: the plan as it was made, and all that apply meets."""

    def __init__(self, folder: Path) -> None:
        """Read the folder, and make the plan."""
        self.case = Case(folder)
        self.read: set[str] = set()
        self.verified: set[str] = set()
        self.written = read_yaml(folder / "apply.yaml")
        made = self.case.plan()
        self.plan = altered(made, self.written["plan"]) if "plan" in self.written else made
        self.recorded = self._now_recorded()
        self.policy = policy_of({**self.case.written, **self.written.get("now", {})})
        self.now = datetime.fromisoformat(self.written["at"]) if "at" in self.written else NOW
        asked = self.written.get("order", {})
        reviewed = altered(made, self.written["reviewed"]) if "reviewed" in self.written else None
        self.order = ApplyOrder(
            provenance=PROVENANCE,
            depth=asked.get("depth"),
            overrides=asked.get("overrides", {}),
            holds_failing=asked.get("holdFailing", False),
            reviewed=reviewed,
            trusts_project=asked.get("trustsProject", False),
        )

    def _now_recorded(self) -> RecordedState:
        """Return state as apply finds it: what was planned from, and what has happened since."""
        accounts = dict(self.case.recorded.accounts)
        for name, parts in self.written.get("since", {}).items():
            if parts is None:
                del accounts[name]
            else:
                like = accounts[parts.pop("like", name)]
                accounts[name] = replace(like, **{"name": name, **parts})
        return replace(self.case.recorded, accounts=accounts)

    def seen(self) -> dict[str, Any]:
        """Return what apply does: what it reads, verifies, and refuses, or holds, records and tells the journal."""
        try:
            told = self._applied()
        except ReconcilerError as refusal:
            told = refused(type(refusal), refusal.diagnostics)
        done = {"read": sorted(self.read), "verified": sorted(self.verified)}
        return {**{what: names for what, names in done.items() if names}, **told}

    def _applied(self) -> dict[str, Any]:
        seals = {"plan": self.written.get("seal", "valid"), "reviewed": self.written.get("reviewedSeal", "valid")}
        submission = Submission(
            plan=self.plan,
            seal_of=lambda plan: seals["plan" if plan is self.plan else "reviewed"],
            applied_as=self.written.get("appliedAs"),
            reviewed=self.order.reviewed,
            depth=self.order.depth,
            now=self.now,
            overrides=self.order.overrides,
            holds_failing=self.order.holds_failing,
        )
        admission = admit(submission, self.recorded, self.policy)
        demand = demand_of(
            admission,
            self.order,
            project=self.policy.project,
            now=self.now,
            is_project_trusted=self.written.get("isProjectTrusted", True),
        )
        law = Law(
            recorded=self.recorded,
            rules=self.policy.project.secrets,
            today=self.policy.today,
            platform=self.policy.platform,
        )
        settlement = settle(admission, demand, law, read=self._read, verify=self._verify)
        return self._recorded(settlement, admission)

    def _verify(self, steps: Sequence[Create | Update], _: SecretsRead) -> dict[str, Evidence]:
        """Return what verification finds of these steps."""
        self.verified |= {step.name for step in steps}
        outcomes = self.written.get("outcomes", {})
        return {step.name: evidence_of(step, outcomes, depth=step.depth) for step in steps}

    def _read(self, references: Collection[str]) -> SecretsRead:
        """Return what apply can read of these references."""
        self.read |= {*references}
        secrets = self.policy.secrets
        return replace(
            secrets,
            fingerprints={name: text for name, text in secrets.fingerprints.items() if name in references},
            unreadable={name: problem for name, problem in secrets.unreadable.items() if name in references},
        )

    def _recorded(self, settlement: Settlement, admission: Admission) -> dict[str, Any]:
        records = records_of(
            settlement, admission, self.order, self.recorded, project=self.policy.project, at=NOW, private_cas={}
        )
        summary = applied_summary(settlement, admission)
        actions = {step.name: step.action for step in settlement.steps}
        journal = json.dumps(records.payload.document())
        for plan, whose in ((admission.plan, "the plan's"), (self.order.reviewed, "the reviewed plan's")):
            if plan is not None:
                journal = journal.replace(plan.plan_digest, whose).replace(plan.changes_digest, f"{whose} changes'")
        return {
            "summary": {key: count for key, count in summary.model_dump().items() if count},
            "held": sorted(settlement.held),
            "warnings": told((*settlement.held.values(), *uncompared_secrets(settlement))),
            "deleted": sorted(name for name, action in actions.items() if action == "delete"),
            "recorded": {
                account.name: {
                    "action": actions[account.name],
                    "status": account.status,
                    "verification": account.verification.outcome if account.verification else None,
                    "depth": account.verification.depth if account.verification else None,
                    "manifest": account.manifest,
                    "createdAtOnce": account.created_at == NOW,
                    "knownSecrets": sorted(account.fingerprints),
                    "hasEvidence": account.evidence is not None,
                    "approval": account.approval.decision if account.approval else None,
                    **({"written": account.written} if account.written else {}),
                }
                for account in records.accounts
            },
            "journal": {key: value for key, value in json.loads(journal).items() if value},
        }


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path) -> None:
    """Apply does with the case what its ``expected.json`` says."""
    seen = ApplyCase(folder).seen()
    file = folder / "expected.json"
    if UPDATES:
        file.write_text(json.dumps(seen, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8")) == seen


def test_sentences() -> None:
    """Every case tells in one sentence what it is about."""
    sentences = {folder.name: (folder / "case.md").read_text(encoding="utf-8").strip() for folder in CASES}
    assert {} == {name: text for name, text in sentences.items() if "\n" in text or not text.endswith(".")}
