"""Plans in parts: whose part an account is, and which plans are the parts of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.accounts.kinds import KINDS
from reconciler.model.plan import ApplyInputs, Part, PreparedAccount, SavedPlan
from reconciler.model.verification.evidence import Evidence, Verification
from reconciler.rules.plan.shards import (
    ReadPart,
    Shard,
    as_read,
    evidence_of,
    host_of,
    host_of_account,
    needs_all_parts,
    other_changes,
    refused_parts,
    steps_of,
)
from tests.rules.single import SERVER, VALUES, drafted, news, own
from tests.rules.states import KEY_ID, state_of

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.rules.plan.make import Draft

TOOL = "reconciler 1"
DIGEST = "sha256:d"
PASSED, FAILED = (
    Evidence(settings_digest="d", verification=Verification.model_validate({"status": status}))
    for status in ("passed", "failed")
)


@pytest.mark.parametrize(
    ("host", "parts"),
    [("localhost", [1, 1, 3, 3]), ("127.0.0.1", [1, 2, 2, 2]), ("h.example", [1, 2, 3, 4]), ("", [1, 2, 1, 2])],
)
def test_a_host_is_of_one_part(host: str, parts: list[int]) -> None:
    """The same in every version, since the parts of one plan may be made anywhere; of one part out of one, two and more."""
    assert [[part] for part in parts] == [
        [index for index in range(1, count + 1) if Shard(index, count).has(host)] for count in (1, 2, 3, 4)
    ]


def test_an_account_is_shared_out_by_the_host_that_verifies_it() -> None:
    """Its own server's, or the platform's; one that has neither has an empty one, which is of one part too."""
    assert {"MarketingAccount", "OwnAccount"} == {*KINDS}
    recorded = state_of([own(), news()], VALUES).accounts
    assert ["h.example", "h.example", "p.example", "p.example", "", ""] == [
        host_of_account(own(), SERVER),
        host_of_account(recorded["a"], None),
        host_of_account(news(), SERVER),
        host_of_account(recorded["news"], SERVER),
        host_of_account(news(), None),
        host_of_account(recorded["news"], None),
    ]
    own_step, marketing = drafted([own(), news()], platform=SERVER).to_verify
    assert ("h.example", "p.example") == (host_of(own_step), host_of(marketing))
    assert [[], [own_step]] == [steps_of(Shard(each, 2), [own_step]) for each in (1, 2)]


def draft() -> Draft:
    """Return a draft of two new accounts: h.example is of the second part of two, localhost of the first."""
    return drafted([own("a"), own("b", host="localhost", secret="SMTP_B")])


def part(index: int | None = 1, count: int = 2, *, made: Draft | None = None, **parts: Any) -> SavedPlan:
    """Return a part of the draft; ``evidence`` is by account."""
    made = made or draft()
    evidence = parts.pop("evidence", {})
    accounts = {
        step.name: PreparedAccount(
            document=step.after.document,
            settings_digest=step.settings_digest,
            needs_evidence=True,
            evidence=evidence.get(step.name),
        )
        for step in made.to_verify
    }
    inputs = ApplyInputs(
        accounts=accounts,
        fingerprint_key_id=KEY_ID,
        part=Part(index=index, count=count, depth="message", reads_all_secrets=False) if index is not None else None,
    )
    given = {
        "tool": TOOL, "lineage": made.recorded.lineage, "serial": made.recorded.serial, "changes_digest": DIGEST,
        "inputs": inputs, "changes": ("c",), "diagnostics": ("d",),
    }  # fmt: skip
    return SavedPlan.model_construct(**{**given, **parts})


def test_what_is_taken_of_a_part() -> None:
    """The digest of each account's settings, and the evidence where there is some; the accounts are let go of."""
    made = draft()
    read = as_read(part(evidence={"b": PASSED}))
    assert {step.name: step.settings_digest for step in made.to_verify} == read.settings
    assert {"b": PASSED} == read.evidence
    assert () == read.plan.changes
    assert () == read.plan.diagnostics
    assert {} == read.plan.inputs.accounts
    assert (Part(index=1, count=2, depth="message", reads_all_secrets=False), KEY_ID) == (
        read.plan.inputs.part,
        read.plan.inputs.fingerprint_key_id,
    )


def test_evidence_is_taken_of_the_part_that_an_account_belongs_to() -> None:
    """What another part says of it, or a whole plan, or of what is not to be verified, counts for nothing."""
    everything = {"a": PASSED, "b": PASSED, "c": PASSED}
    first, second = as_read(part(1, evidence={"a": FAILED, "b": PASSED})), as_read(part(2, evidence={"b": FAILED}))
    assert {"b": PASSED} == evidence_of([first, second], draft())
    assert {} == evidence_of([as_read(part(None, evidence=everything))], draft())
    second = replace(as_read(part(2)), evidence=everything)
    assert {"a": PASSED, "b": PASSED} == evidence_of([second, first], draft())


def told(problems: list[Diagnostic]) -> list[str]:
    """Return what problems say, which is one code and ends alike."""
    assert {"partsRefused"} >= {each.code for each in problems}
    assert all(each.detail.endswith(" Nothing was merged.") for each in problems)
    return [each.detail.removesuffix(" Nothing was merged.") for each in problems]


@pytest.mark.parametrize(
    ("parts", "unsealed", "expected"),
    [
        ([(1, 2), (2, 2)], [], []),
        ([(1, 1)], [], []),
        ([(2, 3), (3, 3), (1, 3)], [], []),
        ([], [], []),
        ([(None, 2)], [], ["p0 is a whole plan, and no part of one."]),
        ([(1, 2), (None, 2), (2, 2)], [], ["p1 is a whole plan, and no part of one."]),
        ([(1, 2), (2, 2)], ["p1"], ["p1 has no valid seal of the key here: it was altered, or made elsewhere."]),
        ([(1, 2), (1, 3)], [], ["Some are parts of 2, 3."]),
        ([(1, 3), (2, 3), (1, 2)], [], ["Some are parts of 2, 3."]),
        ([(1, 16), (1, 9)], [], ["Some are parts of 9, 16."]),
        ([(index, 16) for index in range(1, 16) if index != 9], [], ["Parts 9, 16 of 16 are missing."]),
        ([(index, 16) for index in (16, 9, *range(1, 17))], [], ["Parts 9, 16 are there more than once."]),
        ([(2, 2)], [], ["Part 1 of 2 is missing."]),
        ([(2, 4)], [], ["Parts 1, 3, 4 of 4 are missing."]),
        ([(2, 2), (1, 2), (2, 2)], [], ["Part 2 is there more than once."]),
        (
            [(4, 4), (3, 4), (4, 4), (3, 4)],
            [],
            ["Parts 1, 2 of 4 are missing.", "Parts 3, 4 are there more than once."],
        ),
    ],
)
def test_plans_that_are_not_the_parts_of_one(
    parts: list[tuple[int | None, int]], unsealed: list[str], expected: list[str]
) -> None:
    """All parts of one number, each once, each sealed; whatever is wrong is told by the names of the files."""
    read = {f"p{number}": as_read(part(*each)) for number, each in enumerate(parts)}
    assert expected == told(refused_parts(read, unsealed, tool=TOOL))


def test_a_part_of_another_version_is_refused() -> None:
    """It might have been made by other rules."""
    read = {"p": as_read(part(1, 1, tool="reconciler 2"))}
    assert ["p was made by reconciler 2, and this is reconciler 1."] == told(refused_parts(read, [], tool=TOOL))


AGAIN = "Make all parts again, from one commit and against one state."
STATE = "against another state, or another revision of it"
SETTINGS = "of other settings, or where secrets have other values"


def settings(**given: str | None) -> ReadPart:
    """Return a part with other digests of settings."""
    read = as_read(part())
    return replace(read, settings={**read.settings, **given})


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (as_read(part()), None),
        (as_read(part(lineage="22222222")), STATE),
        (as_read(part(serial=7)), STATE),
        (as_read(part(changes_digest="sha256:e")), "of other manifests, or where secrets have other values"),
        (settings(a="x"), SETTINGS),
        (settings(b=None), SETTINGS),
        (settings(c="x"), None),
        (replace(as_read(part()), settings={}), SETTINGS),
    ],
)
def test_a_part_of_something_else_is_refused(read: ReadPart, expected: str | None) -> None:
    """Of another state, of other manifests, of other values: told by the name of its file."""
    refusals = other_changes({"ok": as_read(part()), "p": read}, draft(), digest=DIGEST, key_id=KEY_ID)
    assert ([] if expected is None else [f"p was made {expected}. {AGAIN}"]) == told(refusals)


def test_a_part_with_another_key_is_refused() -> None:
    """Its fingerprints cannot be compared."""
    (refusal,) = told(other_changes({"p": as_read(part())}, draft(), digest=DIGEST, key_id=None))
    assert f"p was made with another key of fingerprints. {AGAIN}" == refusal


def test_a_part_is_not_applied() -> None:
    """With the line that merges; a whole plan is."""
    assert needs_all_parts(part(None)) is None
    refusal = needs_all_parts(part(2, 3))
    assert refusal is not None
    assert ("partsRefused", True) == (refusal.code, refusal.detail.startswith("The file is part 2 of 3, which"))
    assert refusal.detail.endswith("\n    reconciler plan merge PART... --out FILE")
