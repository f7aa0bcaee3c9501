"""Every folder under ``cases`` is planned and compared with its ``expected.json``; see the README there."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.rules.plan.finish import exit_code_of_plan
from reconciler.rules.plan.make import make_plan
from tests.rules.cases import Case
from tests.rules.states import applied
from tools.mutants.prose import exact_words

if TYPE_CHECKING:
    from reconciler.model.plan import SavedPlan

CASES = sorted(path.parent for path in Path(__file__).parent.glob("cases/*/case.md"))
UPDATES = "UPDATE_PLANNER_CASES" in os.environ


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
    assert [] == [each.change.name for each in again.steps if each.change.name in touched]


def test_sentences() -> None:
    """Every case tells in one sentence what it is about."""
    sentences = {folder.name: (folder / "case.md").read_text(encoding="utf-8").strip() for folder in CASES}
    assert {} == {name: text for name, text in sentences.items() if "\n" in text or not text.endswith(".")}
