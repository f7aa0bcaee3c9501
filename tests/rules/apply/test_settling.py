"""What an apply reads and whom it contacts, in which order, and what it then records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, SecretUnreadable, VerificationFailed
from reconciler.model.plan import FieldChange
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.step import Create, Delete, Update
from reconciler.model.verification.evidence import Evidence, Verification
from reconciler.rules.apply.admission import Admission
from reconciler.rules.apply.demand import Demand
from reconciler.rules.apply.settle import Settlement, open_steps, settle
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.secrets.judgement import Law
from tests.rules.single import PASSWORD, SERVER, THERE, VALUES, drafted, news, own
from tests.rules.states import ANOTHER_KEY, KEY, KEY_ID, NOW, empty_state, fingerprints_of, project, state_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reconciler.model.step import Changed

    Wanted = Create | Update

STATE = state_of([own()], VALUES)
TAKEN = THERE.model_copy(update={"fingerprint": "then"})
"""Where the platform's secret travelled when the plan was made."""
PLAN = finish_plan(drafted([own()]), {}, Making(tool="test", created_at=NOW))
READ = {**fingerprints_of(VALUES), "env:SMTP_N": "n", "env:SMTP_PLATFORM": "p"}
OPEN = Create(after=own("new", secret="SMTP_N", host="n.example"), needs_evidence=True)
THROUGH = Create(after=news(), needs_evidence=True, platform=SERVER)
RELABELLED = Update(before=STATE.accounts["a"], after=own())


def of(status: Any, **parts: Any) -> Evidence:
    """Return fresh evidence."""
    return Evidence(
        settings_digest="d", verification=Verification(status=status, depth="message", checked_at=NOW, **parts)
    )


@dataclass
class World:
    """What apply meets: what can be read, and what verification finds; and what was asked of it."""

    values: Mapping[str, str] = field(default_factory=lambda: READ)
    parts: Mapping[str, Any] = field(default_factory=dict)
    status: str = "passed"
    asked: list[list[str]] = field(default_factory=list)
    verified: list[list[str]] = field(default_factory=list)
    handed: list[SecretsRead] = field(default_factory=list)

    def read(self, references: Collection[str]) -> SecretsRead:
        """Return what can be read of these references."""
        self.asked.append(sorted(references))
        found = {each: self.values[each] for each in references if each in self.values}
        missing = {
            each: error("secretMissing", f"{each} is not set.", subject=each) for each in references - found.keys()
        }
        return SecretsRead(**{"key": KEY, "fingerprints": found, "unreadable": missing, **self.parts})

    def verify(self, steps: Sequence[Wanted], secrets: SecretsRead) -> Mapping[str, Evidence]:
        """Return evidence for every step."""
        self.verified.append([step.name for step in steps])
        self.handed.append(secrets)
        return {step.name: of(self.status) for step in steps}


def settled(world: World, *steps: Changed, **parts: Any) -> Settlement:
    """Return what is recorded of these steps; ``parts`` are of the admission, the demand and the law."""
    is_sealed = parts.get("is_sealed", True)
    admission = Admission(
        plan=PLAN, steps=steps, is_sealed=is_sealed, lifted_guards=(), grants_used=frozenset(parts.get("grants", ()))
    )
    demand = Demand(
        project=project(),
        now=NOW,
        overrides={},
        holds_failing=False,
        is_sealed=is_sealed,
        is_project_trusted=True,
        plan_key_id=KEY_ID,
        platform_routes=(TAKEN,),
    )
    law = Law(
        recorded=parts.get("recorded", STATE),
        rules=project(secrets=parts.get("secrets", {})).secrets,
        today=NOW.date(),
        platform=parts.get("platform"),
    )
    return settle(admission, demand, law, read=world.read, verify=world.verify)


def test_where_nothing_is_open_nothing_is_read_and_nobody_contacted() -> None:
    """The steps are recorded by name, with the plan's key, routes and grants."""
    world = World()
    deleted = Delete(before=replace(STATE.accounts["a"], name="gone"))
    found = settled(world, deleted, RELABELLED, grants="hbcagf")
    assert ([], []) == (world.asked, world.verified)
    assert ["a", "gone"] == [step.name for step in found.steps]
    assert KEY_ID == found.fingerprint_key_id
    assert (TAKEN,) == found.platform_routes
    assert tuple("abcfgh") == found.grants_used
    assert [] == open_steps([deleted, RELABELLED], settled_demand())


def settled_demand() -> Demand:
    """Return a usual demand."""
    return Demand(
        project=project(),
        now=NOW,
        overrides={},
        holds_failing=False,
        is_sealed=True,
        is_project_trusted=True,
        plan_key_id=KEY_ID,
        platform_routes=(),
    )


def test_what_the_plan_itself_failed_refuses_before_anything_is_read() -> None:
    """A fresh failure is not tried again, and no other account's secret is read for such a plan."""
    world = World()
    failed = Create(after=own("bad"), needs_evidence=True, settings_digest="d", evidence=of("failed"))
    with pytest.raises(VerificationFailed):
        settled(world, failed, OPEN)
    assert ([], []) == (world.asked, world.verified)


def test_a_missing_secret_refuses_before_anybody_is_contacted() -> None:
    """All are read, and then nobody's is sent."""
    world = World(values={"env:SMTP_A": READ["env:SMTP_A"]})
    with pytest.raises(VerificationFailed):
        settled(world, OPEN, Create(after=own("b"), needs_evidence=True))
    assert ([["env:SMTP_A", "env:SMTP_N"]], []) == (world.asked, world.verified)


def test_open_steps_are_verified_with_what_was_read_for_them() -> None:
    """And are recorded with what was found; their fingerprints are those of now."""
    world = World()
    found = settled(world, OPEN)
    assert ([["new"]], READ["env:SMTP_N"]) == (world.verified, world.handed[0].fingerprints["env:SMTP_N"])
    (step,) = found.wanted
    assert step.outcome is not None
    assert ("passed", {"env:SMTP_N": "n"}) == (step.outcome.outcome, step.fingerprints)


def test_a_known_value_is_found_by_reading_what_state_knows() -> None:
    """A secret that holds by now what a recorded one does goes nowhere else, and nobody is contacted."""
    world = World(values={**READ, "env:SMTP_A": "rotated", "env:SMTP_N": "rotated"})
    with pytest.raises(GuardRefused) as refused:
        settled(world, OPEN)
    assert ["credentialWithheld"] == [each.code for each in refused.value.diagnostics]
    assert ([["env:SMTP_N"], ["env:SMTP_A"]], []) == (world.asked, world.verified)


def test_the_journeys_of_what_is_settled_count() -> None:
    """One value of a settled account and of an open one would go to two servers: of new ones it may not."""
    done = Create(
        after=own("done", secret="SMTP_M", host="m.example"),
        needs_evidence=True,
        settings_digest="d",
        evidence=of("passed"),
        fingerprints={"env:SMTP_M": "n"},
    )
    with pytest.raises(GuardRefused):
        settled(World(), done, OPEN)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([THROUGH], "now"),
        ([OPEN, THROUGH], "now"),
        ([OPEN], "plan"),
        ([replace(THROUGH, depth="offline")], "plan"),
        ([replace(THROUGH, platform=None)], "plan"),
    ],
    ids=["through the platform", "one of two", "none through it", "offline", "without a server"],
)
def test_the_platforms_routes_are_those_that_were_taken(steps: list[Create], expected: str) -> None:
    """Now, or when the plan was made."""
    known = replace(STATE, routes=(*STATE.routes, THERE.model_copy(update={"fingerprint": "p"})))
    found = settled(World(), *steps, platform=SERVER, recorded=known)
    now = SERVER.routes(READ)
    assert (now if expected == "now" else (TAKEN,)) == found.platform_routes


@pytest.mark.parametrize(("status", "is_refused"), [("passed", False), ("failed", True)])
def test_what_fails_now_refuses(status: str, *, is_refused: bool) -> None:
    """Whatever the plan had found."""
    if is_refused:
        with pytest.raises(VerificationFailed):
            settled(World(status=status), OPEN)
    else:
        assert ["new"] == [step.name for step in settled(World(status=status), OPEN).steps]


def test_grants_of_the_plan_and_of_now_are_told_in_order() -> None:
    """Each once."""
    grants = [{"secret": "env:SMTP_N", "servers": ["n.example"]}]
    found = settled(World(), OPEN, grants=["z to b", "a to b"], secrets={"firstUse": "grant", "grants": grants})
    assert ("a to b", "env:SMTP_N to n.example:587", "z to b") == found.grants_used


@pytest.mark.parametrize(
    ("parts", "recorded", "code"),
    [
        ({"key": None}, empty_state(), "fingerprintKeyMissing"),
        ({"key": ANOTHER_KEY}, STATE, "fingerprintKeyChanged"),
        ({"key": KEY}, empty_state(), None),
    ],
    ids=["none", "another", "a new state's"],
)
def test_no_secret_is_used_without_states_key(parts: dict[str, Any], recorded: Any, code: str | None) -> None:
    """Nobody could tell whether it is known; a state without a key takes any."""
    world = World(parts=parts)
    if code is None:
        assert KEY_ID == settled(world, OPEN, recorded=recorded).fingerprint_key_id
        return
    with pytest.raises(SecretUnreadable) as refused:
        settled(world, OPEN, recorded=recorded)
    assert [code] == [each.code for each in refused.value.diagnostics]
    assert "key of this state" in refused.value.diagnostics[0].detail
    assert [] == world.verified


@pytest.mark.parametrize("key", [None, ANOTHER_KEY])
def test_offline_no_key_is_needed(key: Any) -> None:
    """No secret is read, and the plan's key stays."""
    world = World(parts={"key": key})
    found = settled(world, replace(RELABELLED, needs_evidence=True, depth="offline"))
    assert [] == [secret for asked in world.asked for secret in asked]
    assert (KEY_ID if key is None else key.key_id) == found.fingerprint_key_id


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_rotation_of_a_plan_without_a_seal_is_one_by_the_values_of_now(*, is_sealed: bool) -> None:
    """Where the value is the one that is recorded, nobody rotated it."""
    change = FieldChange(path=PASSWORD, before="env:SMTP_A", after="env:SMTP_A", rotated=True)
    step = Update(
        before=STATE.accounts["a"],
        after=own(),
        cause="rotation",
        fields=(change,),
        fingerprints={"env:SMTP_A": READ["env:SMTP_A"]},
    )
    if is_sealed:
        assert ["a"] == [each.name for each in settled(World(), step, is_sealed=True).steps]
        return
    with pytest.raises(GuardRefused) as refused:
        settled(World(), step, is_sealed=False)
    assert [("planAltered", "a")] == [(each.code, each.subject) for each in refused.value.diagnostics]
