"""What a comment says of the plan that it shows, and which comment apply goes by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import GuardRefused, PlanStale, ReconcilerError
from reconciler.model.journal.entries import Revision
from reconciler.model.plan import Change, LiftedGuard, SavedPlan
from reconciler.model.review import REVIEW_VERSION, Review
from reconciler.rules.apply.admission import as_reviewed, steps_of
from reconciler.rules.apply.review import (
    MOST_CHANGES,
    Seal,
    require_current,
    require_same_state,
    require_sealed,
    review_of,
    unreviewed,
    unseen,
)
from reconciler.rules.plan.digests import changes_digest
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from tests.rules.apply.test_reviewed import LIFTED, UPDATE, plan
from tests.rules.single import VALUES
from tests.rules.states import NOW, desired_of, empty_state, policy

HELD = UPDATE.model_copy(update={"name": "held", "held": True})
CHANGES = tuple(UPDATE.model_copy(update={"name": f"a{number}"}) for number in range(8))
GUARDS = tuple(LiftedGuard(code="deletesProtected", by=f"--allow-deletes {number}") for number in range(8))
PLACE = "https://git.example.com/mail/pulls/7"
STATE = empty_state()
ANOTHER = Change(action="delete", kind="OwnAccount", name="other")


def shown(*changes: Change, lifted: tuple[LiftedGuard, ...] = (), **parts: Any) -> Review:
    """Return what a comment says of a plan of these changes."""
    made = plan(*changes, lifted=lifted).model_copy(update={"changes_digest": changes_digest(changes, lifted), **parts})
    return review_of(made, reference=PLACE)


def digests(of: str, *changes: Change, lifted: tuple[LiftedGuard, ...] = ()) -> tuple[str, ...]:
    """Return the digests of changes or guards, each by itself, in their order."""
    alone = [shown(each) for each in changes] + [shown(lifted=(each,)) for each in lifted]
    return tuple(sorted(digest for each in alone for digest in getattr(each, of) or ()))


def test_a_comment_tells_which_plan_it_shows() -> None:
    """Its project, the state that it was made from, where it is shown, and the digests of the plan."""
    made = plan(UPDATE).model_copy(
        update={"project": "mail", "lineage": "1f", "serial": 7, "plan_digest": "p", "changes_digest": "c"}
    )
    found = review_of(made, reference=PLACE).model_dump(by_alias=False, exclude={"shown", "held", "lifted", "seal"})
    assert found == {
        "format_version": REVIEW_VERSION, "project": "mail", "lineage": "1f", "serial": 7, "reference": PLACE,
        "plan_digest": "p", "changes_digest": "c",
    }  # fmt: skip


def test_a_plan_that_read_no_state_is_of_none() -> None:
    """Such a plan is of no lineage and serial 0, so it fits no state."""
    found = shown(UPDATE, lineage=None, serial=None)
    assert (found.lineage, found.serial) == ("", 0)


def test_a_comment_has_a_digest_of_each_change_and_guard_in_their_order() -> None:
    """What the plan held stands apart from what it would do."""
    held = tuple(each.model_copy(update={"held": True}) for each in CHANGES)
    found = shown(*CHANGES, HELD, lifted=GUARDS)
    assert found.shown == digests("shown", *CHANGES)
    assert found.held == digests("held", HELD)
    assert found.lifted == digests("lifted", lifted=GUARDS)
    assert shown(*held).held == digests("shown", *CHANGES)
    assert len({*(found.shown or ()), *found.held, *found.lifted}) == 17


def test_digests_are_what_a_comment_of_an_earlier_version_has() -> None:
    """A comment may be older than what applies it."""
    assert digests("shown", UPDATE) == ("mND2zH3o83XKIljxfTIRAdHiIS0-xQzb",)
    assert digests("lifted", lifted=(LIFTED,)) == ("jdVymVh9kX-jQeBpl1SBoaXyJ8zMuVg0",)


def test_of_many_changes_a_comment_has_one_digest() -> None:
    """Changes and lifted guards count together; a comment has room for so many."""
    most = tuple(UPDATE.model_copy(update={"name": f"b{number}"}) for number in range(MOST_CHANGES - 2))
    assert len(shown(*most, HELD, lifted=(LIFTED,)).shown or ()) == MOST_CHANGES - 2
    found = shown(*most, UPDATE, HELD, lifted=(LIFTED,))
    assert (found.shown, found.held, found.lifted) == (None, (), ())


def revision(number: int, reference: str | None) -> Revision:
    """Return an applied plan."""
    return Revision(
        revision=number,
        at=NOW,
        actor="a",
        actor_source="flag",
        reference=reference,
        plan_digest="",
        summary={},
        changes=(),
    )


def refusal(error: ReconcilerError) -> tuple[type, str, str]:
    """Return what a refusal is, by its class, its code and what it tells."""
    (problem,) = error.diagnostics
    return type(error), problem.code, problem.detail


OURS = shown(UPDATE, project=STATE.project, lineage=STATE.lineage, serial=3)
REFUSED: dict[str, tuple[dict[str, Any], type, str, str]] = {
    "another project": (
        {"review": OURS.model_copy(update={"project": "pr\nod"})}, GuardRefused, "lineageMismatch",
        "The plan that the comment shows was made for project pr\\nod with the state 11111111; this is project mail with the ",
    ),
    "another state": (
        {"review": OURS.model_copy(update={"lineage": "2\n2"})}, GuardRefused, "lineageMismatch",
        "The plan that the comment shows was made for project mail with the state 2\\n2; this is project mail with the state ",
    ),
    **{
        f"seal {seal}": ({"seal": seal}, GuardRefused, "planAltered", "The comment does not bear the seal of the key ")
        for seal in ("absent", "broken", "required")
    },
    "no reference": (
        {"reference": None}, PlanStale, "notReviewed", f"The plan was shown at {PLACE}, and no --reference was given. Name ",
    ),
    "another reference": (
        {"reference": "#\n8"}, PlanStale, "notReviewed", f"The plan was shown at {PLACE}, and this apply is for #\\n8. Name ",
    ),
    "shown elsewhere": (
        {"review": OURS.model_copy(update={"reference": "#\n9"})}, PlanStale, "notReviewed",
        f"The plan was shown at #\\n9, and this apply is for {PLACE}. Name ",
    ),
    "an older state": (
        {"serial": 2}, PlanStale, "planStale",
        "The state was at serial 3 when the plan was shown, and is at 2 now: somebody has put an older one in its place. ",
    ),
    "served": (
        {"since": (revision(4, None), revision(5, PLACE), revision(6, "#8"))}, PlanStale, "planApplied",
        "What was shown is already applied as revision 5. There is nothing left to do.",
    ),
}  # fmt: skip
"""What is not as it should be, and how it is refused."""


def go_by(
    *,
    review: Review = OURS,
    seal: Seal = "valid",
    serial: int = 3,
    since: tuple[Revision, ...] = (),
    reference: str | None = PLACE,
) -> None:
    """Ask whether apply may go by a comment; all is as it should be but for what is given."""
    require_current(review, seal, replace(STATE, serial=serial), since, reference=reference)


@pytest.mark.parametrize("name", REFUSED)
def test_apply_goes_by_no_other_comment(name: str) -> None:
    """One of another state, without our seal, of another pull request, of a later state, and one that has served."""
    parts, kind, code, told = REFUSED[name]
    with pytest.raises(ReconcilerError) as caught:
        go_by(**parts)
    assert (kind, code) == refusal(caught.value)[:2]
    assert refusal(caught.value)[2].startswith(told)


@pytest.mark.parametrize(
    "parts",
    [{}, {"serial": 4}, {"since": (revision(4, None), revision(5, "#8"))}],
    ids=["same", "later", "others applied"],
)
def test_apply_goes_by_the_comment_of_its_pull_request(parts: dict[str, Any]) -> None:
    """Whatever else was applied since."""
    go_by(**parts)


def test_a_seal_is_wanted_of_a_comment_alone_too() -> None:
    """It is asked for before anything else is looked at."""
    require_sealed(OURS, "valid", STATE)
    with pytest.raises(GuardRefused, match="was altered"):
        require_sealed(OURS, "broken", STATE)


def test_what_was_made_for_another_state_is_told_by_what_it_is() -> None:
    """A plan, or a comment; without a lineage it is of no state."""
    made = plan().model_copy(update={"project": "mail", "lineage": None})
    with pytest.raises(GuardRefused) as caught:
        require_same_state(made, STATE, what="The plan")
    assert refusal(caught.value)[2] == (
        "The plan was made for project mail with the state None; this is project mail with the state 11111111. Name the right "
        "state with --state, or plan again."
    )


MANY = tuple(UPDATE.model_copy(update={"name": f"b{number}"}) for number in range(MOST_CHANGES))
OF_MANY = shown(*MANY, lifted=(LIFTED,))


@pytest.mark.parametrize(
    ("changes", "lifted", "expected"),
    [
        (MANY, (LIFTED,), 0),
        ((), (), 0),
        (MANY, (), 1),
        (MANY[1:], (LIFTED,), 1),
        ((*MANY, ANOTHER), (LIFTED,), 1),
        ((ANOTHER,), (), 1),
    ],
    ids=["all", "none", "no guard", "one less", "one more", "another"],
)
def test_many_changes_count_as_a_whole(
    changes: tuple[Change, ...], lifted: tuple[LiftedGuard, ...], expected: int
) -> None:
    """They are those that were shown, or none; before anything is verified and after."""
    for problems in (unreviewed(plan(*changes, lifted=lifted), OF_MANY), unseen(changes, lifted, OF_MANY)):
        assert len(problems) == expected
        for problem in problems:
            assert (problem.code, problem.subject) == ("notReviewed", None)
            assert problem.detail.startswith(
                f"The changes are not those that were shown. The comment shows more than {MOST_CHANGES},"
            )


def test_what_a_comment_did_not_show_is_refused() -> None:
    """Each change and each guard; what it held is told as held where the change is the same, and was not shown where not."""
    found = shown(UPDATE, HELD, lifted=(LIFTED,))
    assert unreviewed(plan(UPDATE, lifted=(LIFTED,)), found) == ()
    applied = HELD.model_copy(update={"held": False})
    assert unseen((UPDATE, applied), (LIFTED,), found) == ()
    held, other, guard = unreviewed(plan(UPDATE, applied, ANOTHER, lifted=(GUARDS[7],)), found)
    assert held.detail.startswith("The reviewed plan held the change of held, and now it would be applied. ")
    assert other.detail.startswith("The comment did not show this delete of other. ")
    assert guard.detail.startswith("The guard deletesProtected is lifted by --allow-deletes 7, ")


def sealed(seal: Seal, made: SavedPlan | Review) -> SavedPlan | Review:
    """Return what counts of a plan or a comment with such a seal."""

    def seal_of(asked: SavedPlan | Review) -> Seal:
        assert asked is made
        return seal

    return as_reviewed(made, seal_of, STATE)


OF_STATE = plan(UPDATE, lifted=(LIFTED,)).model_copy(
    update={"project": STATE.project, "lineage": STATE.lineage, "changes": ()}
)


def test_a_reviewed_plan_or_comment_counts_as_it_is() -> None:
    """A seal that fits lets all of it count; of a plan without one the guards that it shows as lifted do not."""
    assert sealed("valid", OURS) is OURS
    assert sealed("valid", OF_STATE) is OF_STATE
    assert sealed("absent", OF_STATE) == OF_STATE.model_copy(update={"lifted_guards": ()})


@pytest.mark.parametrize(
    ("seal", "made", "code", "told"),
    [
        ("absent", OURS, "planAltered", "The comment does not bear the seal "),
        ("broken", OURS, "planAltered", "The comment does not bear the seal "),
        (
            "valid",
            OURS.model_copy(update={"lineage": "2"}),
            "lineageMismatch",
            "The plan that the comment shows was made ",
        ),
        ("broken", OF_STATE, "planAltered", ""),
        (
            "valid",
            OF_STATE.model_copy(update={"lineage": "2"}),
            "lineageMismatch",
            "The plan was made for project mail ",
        ),
    ],
)
def test_what_was_reviewed_elsewhere_or_altered_is_refused(
    seal: Seal, made: SavedPlan | Review, code: str, told: str
) -> None:
    """A plan need not be sealed, a comment must be; neither may be of another state."""
    with pytest.raises(GuardRefused) as caught:
        sealed(seal, made)
    assert refusal(caught.value)[1] == code
    assert refusal(caught.value)[2].startswith(told)


PARTS = ("document", "server", "server_file", "server_secrets", "leaves_server", "ca_digest", "file")


@pytest.mark.parametrize(
    "smtp", ["server: relay", "server: relay, host: own.example.com, caFile: ca.pem", "host: h.example"]
)
def test_apply_has_of_an_account_what_the_manifests_had(smtp: str) -> None:
    """Scopes and routes are judged by what a saved plan holds: its server, whether it leaves that, whose secrets, what is trusted."""
    (desired,) = desired_of(
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: relay}\nspec: {host: h.example, authentication: "
        "{username: u, password: {env: SMTP_A}}}\n---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\n"
        f"spec: {{email: a@example.com, displayName: A, smtp: {{{smtp}}}}}\n",
        {"ca.pem": "a certificate"},
    )
    made = finish_plan(make_plan([desired], STATE, policy(VALUES)), {}, Making(tool="test", created_at=NOW))
    (step,) = steps_of(made, STATE, policy(VALUES), depth="offline", is_sealed=True)
    assert step.after is not None
    assert {each: getattr(step.after, each) for each in PARTS} == {each: getattr(desired, each) for each in PARTS}


def test_where_a_value_is_written_is_no_part_of_what_was_shown() -> None:
    """An overlay that is moved changes nothing; a text that no program writes has a digest too."""
    (field,) = UPDATE.fields
    elsewhere = UPDATE.model_copy(update={"fields": (replace(field, origin="overlays/a.yaml:3"),)})
    assert digests("shown", elsewhere) == digests("shown", UPDATE)
    odd = UPDATE.model_copy(update={"fields": (replace(field, after="\udcff"),)})
    assert digests("shown", odd) != digests("shown", UPDATE)


def test_a_change_that_was_held_otherwise_is_told_as_held() -> None:
    """Whoever reads the error knows the account from among those that the reviewed plan left out."""
    (problem,) = unreviewed(plan(UPDATE), plan(UPDATE.model_copy(update={"held": True, "fields": ()})))
    assert problem.detail.startswith("The reviewed plan held the change of sales, and now it would be applied. ")
