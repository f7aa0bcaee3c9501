"""What the two digests of a plan cover."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.canonical import canonical_json, digest
from reconciler.model.plan import Change, FieldChange, LiftedGuard
from reconciler.model.verification.evidence import Evidence, Verification, skipped_check
from reconciler.rules.plan.digests import (
    account_lines,
    changes_digest,
    lines_of,
    parts_digest,
    plan_digest,
    plan_document_digest,
    plan_head,
)
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from tests.rules.states import NOW, desired_of, empty_state, policy

CHANGE = Change(action="update", kind="OwnAccount", name="a", base_revision=3)
LIFTED = LiftedGuard(code="tooManyDeletes", by="--allow-deletes 3")


@pytest.mark.parametrize(
    "parts",
    [
        {"action": "create"},
        {"kind": "MarketingAccount"},
        {"name": "b"},
        {"previous_name": "old"},
        {"cause": "rotation"},
        {"base_revision": 4},
        {"fields": (FieldChange(path="x", before=None, after=1),)},
    ],
)
def test_the_digest_of_changes_covers_what_is_changed(parts: dict[str, Any]) -> None:
    """Whatever the change is, and what it was made from."""
    assert changes_digest([CHANGE], []) != changes_digest([CHANGE.model_copy(update=parts)], [])


@pytest.mark.parametrize(
    "parts", [{"held": True}, {"verification": Verification(status="failed")}, {"server": "relay"}]
)
def test_the_digest_of_changes_leaves_out_what_the_network_decides(parts: dict[str, Any]) -> None:
    """Verification, what was held for it, and the name of a server that has been merged in already."""
    assert changes_digest([CHANGE], []) == changes_digest([CHANGE.model_copy(update=parts)], [])


def test_the_digest_of_changes_covers_lifted_guards() -> None:
    """Which guard, and by what; it is the digest of both lists."""
    digests = [
        changes_digest([CHANGE], []),
        changes_digest([], [LIFTED]),
        changes_digest([CHANGE], [LIFTED]),
        changes_digest([CHANGE], [LIFTED.model_copy(update={"by": "other"})]),
        changes_digest([CHANGE], [LIFTED, LIFTED]),
    ]
    assert len(digests) == len(set(digests))
    lifted = {"code": "tooManyDeletes", "by": "--allow-deletes 3"}
    assert digest({"changes": [], "liftedGuards": [lifted]}) == changes_digest([], [LIFTED])


def test_the_digest_of_changes_covers_all_that_is_shown() -> None:
    """Every part of a change and of its fields, so that none that is added can be forgotten here."""
    left_out: Any = {**dict.fromkeys(("verification", "held", "server"), True), "fields": {"__all__": {"origin"}}}
    fields = (
        FieldChange(path="a", before=1, after=None, origin="overlay.yaml:3"),
        FieldChange(path="b", before="x", after="x", rotated=True),
    )
    parts: Any = {
        "kind": "OwnAccount",
        "name": "a",
        "base_revision": 3,
        "fields": fields,
        "held": True,
        "server": "shared",
    }
    for change in (
        Change(action="update", cause="rotation", **parts),
        Change(action="rename", previous_name="b", **parts),
        Change(action="delete", kind="OwnAccount", name="a"),
    ):
        shown = {"changes": [change.model_dump(exclude=left_out)], "liftedGuards": []}
        assert digest(shown) == changes_digest([change], [])


def test_the_digest_of_a_plan_covers_all_but_itself_and_the_seal() -> None:
    """Additions that nobody knows count too."""
    document = {"a": 1, "planDigest": "x", "seal": "y"}
    assert digest({"a": 1}) == plan_document_digest(document)
    assert digest({"a": 1, "new": 2}) == plan_document_digest({**document, "new": 2})
    plan = finish_plan(make_plan([], empty_state(), policy()), {}, Making(tool="test", created_at=NOW))
    assert plan.plan_digest == plan_digest(plan.model_copy(update={"plan_digest": "other"}))
    assert plan.plan_digest == plan_document_digest(plan.model_dump(mode="json"))
    assert plan.plan_digest != plan_digest(plan.model_copy(update={"tool": "other"}))


def test_half_a_character_has_a_digest_too() -> None:
    """JSON may hold one, and then a plan in parts and its document have the same digest all the same."""
    document = {"tool": "\ud800", "changes": [], "inputs": {"accounts": {}}}
    assert plan_document_digest(document) == parts_digest({"tool": "\ud800", "inputs": {}}, [], [])


def test_the_lines_of_a_plan_are_its_document_in_parts() -> None:
    """Also where accounts have one value of what was verified in common, and others have one of their own."""
    draft = make_plan(desired_of(_MANIFESTS), empty_state(), policy())
    evidence = {name: _evidence(each) for name, each in (("a", "one"), ("b", "one"), ("c", "two"))}
    evidence["b"] = evidence["a"]
    plan = finish_plan(draft, evidence, Making(tool="test", created_at=NOW))
    document = plan.model_dump(mode="json")
    assert plan.plan_digest == plan_document_digest(document)
    assert [*map(canonical_json, document["changes"])] == [*lines_of(plan.changes)]
    accounts = document["inputs"].pop("accounts")
    assert {key: value for key, value in document.items() if key != "changes"} == plan_head(plan)
    assert [(name, canonical_json(accounts[name])) for name in "abcd"] == [*account_lines(plan)]
    turned = plan.inputs.model_copy(update={"accounts": dict(reversed(plan.inputs.accounts.items()))})
    assert [*account_lines(plan)] == [*account_lines(plan.model_copy(update={"inputs": turned}))]


def test_a_plan_that_is_only_looked_at_has_no_digests() -> None:
    """Nobody could seal it, so it cannot be taken for one that was kept; what it changes it tells all the same.

    One that changes nothing is kept to be told again, and has the digest of no changes.
    """
    draft = make_plan(desired_of(_MANIFESTS), empty_state(), policy())
    kept, looked_at = (
        finish_plan(draft, {}, Making(tool="test", created_at=NOW, is_kept=is_kept)) for is_kept in (True, False)
    )
    assert looked_at == kept.model_copy(update={"plan_digest": "", "changes_digest": ""})
    empty = finish_plan(make_plan((), empty_state(), policy()), {}, Making(tool="test", created_at=NOW, is_kept=False))
    assert ("", changes_digest((), ())) == (empty.plan_digest, empty.changes_digest)


def _evidence(message: str) -> Evidence:
    check = skipped_check("auth", "beyondDepth", message)
    return Evidence(settings_digest="", verification=Verification(status="skipped", checked_at=NOW, checks=(check,)))


_MANIFESTS = "---\n".join(
    f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\nspec: {{email: {name}@example.com, "
    "displayName: A, smtp: {host: h.example.com}}\n"
    for name in "abcd"
)
