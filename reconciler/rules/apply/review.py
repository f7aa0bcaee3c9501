"""What people were shown before a plan: in the plan's file, or in digests that a comment carries; and what they were not.

A review in a comment takes the place of the file where no file can be kept: apply makes its own plan, and does nothing
that the digests do not have. So the comment need not be believed beyond its seal, which none has without the key.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from reconciler.characters import one_line
from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, error
from reconciler.errors import GuardRefused, PlanStale
from reconciler.model.canonical import canonical_json
from reconciler.model.review import REVIEW_VERSION, Review
from reconciler.model.text.projectkeys import split_key
from reconciler.rules.plan.digests import changes_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.journal.entries import Revision
    from reconciler.model.plan import Change, LiftedGuard, SavedPlan

Seal = Literal["valid", "absent", "broken", "required"]
"""What the seal of a plan or a review says: it fits; there is none of a key at hand; it does not fit its content; or there
is none of the plan key, which is set here, so that only what is sealed with it counts."""
MOST_CHANGES = 500
"""Of which a review has a digest each: what a comment has room for beside what it shows."""
_DIGEST_OCTETS = 24
_AGAIN = "Have the plan as it is now reviewed; reconciler plan --out FILE makes it."


class SeenChanges(FrozenByName):
    """What somebody has seen, by digest."""

    shown: Collection[str] | None
    """The changes that were to be done; None: ``changes_digest`` tells of all of them at once."""
    held: Collection[str]
    lifted: Collection[str]
    changes_digest: str
    names: Collection[str] | None
    """The accounts of all these changes, where they are known."""
    held_names: Collection[str]


def review_of(plan: SavedPlan, *, reference: str) -> Review:
    """Return what a comment says of the plan that it shows, without a seal."""
    shown = [_subject(change) for change in plan.changes if not change.held]
    held = [_subject(change) for change in plan.changes if change.held]
    is_short = len(plan.changes) + len(plan.lifted_guards) <= MOST_CHANGES
    return Review(
        format_version=REVIEW_VERSION,
        project=plan.project,
        lineage=plan.lineage or "",
        serial=plan.serial or 0,
        reference=reference,
        plan_digest=plan.plan_digest,
        changes_digest=plan.changes_digest,
        shown=tuple(sorted(shown)) if is_short else None,
        held=tuple(sorted(held)) if is_short else (),
        lifted=tuple(sorted(map(_guard, plan.lifted_guards))) if is_short else (),
    )


def require_current(
    review: Review, seal: Seal, recorded: RecordedState, since: Sequence[Revision], *, reference: str | None
) -> None:
    """Refuse a review that cannot be trusted (4), and one of another pull request or one that has served (5).

    ``since`` are the revisions that were applied after the plan was made. One review is applied once: a job that is run
    again must not bring back what was undone since.

    >>> from reconciler.model.accounts.recorded import RecordedState
    >>> digests = {"plan_digest": "", "changes_digest": "", "shown": ()}
    >>> review = Review(format_version=REVIEW_VERSION, project="mail", lineage="1", serial=3, reference="#7", **digests)
    >>> state = RecordedState(project="mail", lineage="1", serial=3, accounts={})
    >>> require_current(review, "valid", state, (), reference="#7")
    >>> require_current(review, "valid", state, (), reference="#8")
    Traceback (most recent call last):
        ...
    reconciler.errors.PlanStale: Change was not reviewed
    """
    require_sealed(review, seal, recorded)
    if review.reference != reference:
        here = "no --reference was given" if reference is None else f"this apply is for {one_line(reference)}"
        detail = (
            f"The plan was shown at {one_line(review.reference)}, and {here}. Name the comment of that pull request."
        )
        raise PlanStale(error("notReviewed", detail))
    if recorded.serial < review.serial:
        detail = (
            f"The state was at serial {review.serial} when the plan was shown, and is at {recorded.serial} now: somebody "
            "has put an older one in its place. Find out who did, and restore the newest; then plan again."
        )
        raise PlanStale(error("planStale", detail))
    for revision in since:
        if revision.reference == reference:
            detail = f"What was shown is already applied as revision {revision.revision}. There is nothing left to do."
            raise PlanStale(error("planApplied", detail))


def require_sealed(review: Review, seal: Seal, recorded: RecordedState) -> None:
    """Refuse a review of another state, and one that does not have our seal.

    >>> from reconciler.model.accounts.recorded import RecordedState
    >>> digests = {"plan_digest": "", "changes_digest": "", "shown": ()}
    >>> review = Review(format_version=REVIEW_VERSION, project="mail", lineage="1", serial=3, reference="#7", **digests)
    >>> state = RecordedState(project="mail", lineage="1", serial=3, accounts={})
    >>> require_sealed(review, "valid", state)
    >>> require_sealed(review, "absent", state)
    Traceback (most recent call last):
        ...
    reconciler.errors.GuardRefused: Plan file was altered
    """
    require_same_state(review, recorded, what="The plan that the comment shows")
    if seal != "valid":
        detail = (
            "The comment does not bear the seal of the key that is at hand. Somebody altered it, or it was made with "
            "another key. Plan again, and have the new comment reviewed."
        )
        raise GuardRefused(error("planAltered", detail))


def require_same_state(made: SavedPlan | Review, recorded: RecordedState, *, what: str) -> None:
    """Refuse what was made for another project or state; ``what`` begins the sentence.

    >>> from reconciler.model.accounts.recorded import RecordedState
    >>> from reconciler.model.review import REVIEW_VERSION, Review
    >>> digests = {"plan_digest": "", "changes_digest": "", "shown": ()}
    >>> review = Review(format_version=REVIEW_VERSION, project="mail", lineage="1", serial=3, reference="#7", **digests)
    >>> require_same_state(review, RecordedState(project="mail", lineage="1", serial=4, accounts={}), what="The plan")
    >>> require_same_state(review, RecordedState(project="mail", lineage="2", serial=4, accounts={}), what="The plan")
    Traceback (most recent call last):
        ...
    reconciler.errors.GuardRefused: Plan belongs to another state
    """
    if (made.project, made.lineage) == (recorded.project, recorded.lineage):
        return
    detail = (
        f"{what} was made for project {one_line(made.project)} with the state {one_line(str(made.lineage))}; this is project "
        f"{recorded.project} with the state {recorded.lineage}. {_way_back(made.project, recorded.project)}, or plan again."
    )
    raise GuardRefused(error("lineageMismatch", detail))


def _way_back(made_for: str, here: str) -> str:
    """Return how to come to the state that a plan was made for: that of another environment is not to be had by ``--state``."""
    (name, environment), (own_name, _) = split_key(made_for), split_key(here)
    if made_for == here or name != own_name:
        return "Name the right state with --state"
    chosen = f"--env {one_line(environment)}" if environment is not None else "--env and the one that has adopted: true"
    return f"It is of another environment of this project: choose that by {chosen}"


def unreviewed(plan: SavedPlan, reviewed: SavedPlan | Review) -> tuple[Diagnostic, ...]:
    """Return an error for each change and each lifted guard of ``plan`` that ``reviewed`` did not show.

    The same change means the same action on the same account with the same fields before and after. What the reviewed
    plan held was to be left out, so it counts as not shown. Reviewed changes that are no longer needed are fine, unless
    they were too many for a digest each: then the changes must be those that were shown, all of them.
    """
    seen = _seen(reviewed)
    if seen.shown is None:
        return _other_changes(plan.changes, plan.lifted_guards, seen)
    applied = [change for change in plan.changes if not change.held]
    return _unseen(applied, plan.lifted_guards, seen.shown, seen)


def unseen(
    changes: Sequence[Change], lifted_guards: Sequence[LiftedGuard], reviewed: SavedPlan | Review
) -> tuple[Diagnostic, ...]:
    """Return what ``unreviewed`` does, for a plan before its verification: nobody is contacted whom no reviewer saw.

    What the reviewed plan held was seen: verification tells whether it is held again, and ``unreviewed`` the rest.

    >>> from reconciler.model.plan import Change
    >>> change = Change(action="delete", kind="OwnAccount", name="sales", base_revision=3)
    >>> digests = {"plan_digest": "", "changes_digest": "", "shown": ()}
    >>> review = Review(format_version=REVIEW_VERSION, project="mail", lineage="1", serial=3, reference="#7", **digests)
    >>> [each.detail.partition(". ")[0] for each in unseen([change], [], review)]
    ['The comment did not show this delete of sales']
    >>> unseen([change], [], review.model_copy(update={"held": (_subject(change),)}))
    ()
    """
    seen = _seen(reviewed)
    if seen.shown is None:
        return _other_changes(changes, lifted_guards, seen)
    return _unseen(changes, lifted_guards, {*seen.shown, *seen.held}, seen)


def _other_changes(
    changes: Sequence[Change], lifted_guards: Sequence[LiftedGuard], seen: SeenChanges
) -> tuple[Diagnostic, ...]:
    if not changes or changes_digest(changes, lifted_guards) == seen.changes_digest:
        return ()
    detail = (
        f"The changes are not those that were shown. The comment shows more than {MOST_CHANGES}, so they count as a whole. "
        f"{_AGAIN}"
    )
    return (error("notReviewed", detail),)


def _unseen(
    changes: Iterable[Change], lifted_guards: Iterable[LiftedGuard], shown: Collection[str], seen: SeenChanges
) -> tuple[Diagnostic, ...]:
    problems = [
        error("notReviewed", _explain(change, subject, seen), subject=change.name)
        for change in changes
        if (subject := _subject(change)) not in shown
    ]
    problems += [
        error(
            "notReviewed",
            f"The guard {guard.code} is lifted by {guard.by}, which the reviewed plan did not show. {_AGAIN}",
        )
        for guard in lifted_guards
        if _guard(guard) not in seen.lifted
    ]
    return tuple(problems)


def _seen(reviewed: SavedPlan | Review) -> SeenChanges:
    if isinstance(reviewed, Review):
        return SeenChanges(
            shown=frozenset(reviewed.shown) if reviewed.shown is not None else None,
            held=frozenset(reviewed.held),
            lifted=frozenset(reviewed.lifted),
            changes_digest=reviewed.changes_digest,
            names=None,
            held_names=(),
        )
    return SeenChanges(
        shown={_subject(change) for change in reviewed.changes if not change.held},
        held={_subject(change) for change in reviewed.changes if change.held},
        lifted={_guard(each) for each in reviewed.lifted_guards},
        changes_digest=reviewed.changes_digest,
        names={change.name for change in reviewed.changes},
        held_names={change.name for change in reviewed.changes if change.held},
    )


def _subject(change: Change) -> str:
    """Return the digest of what a reviewer has seen of a change."""
    alone = change.model_copy(update={"fields": tuple(each.without_origin for each in change.fields)})
    seen = alone.model_dump(include={"action", "kind", "name", "previous_name", "cause", "fields"})
    return _short_digest(canonical_json(seen))


def _guard(lifted: LiftedGuard) -> str:
    return _short_digest(canonical_json(lifted.model_dump()))


def _short_digest(text: str) -> str:
    """Return the first octets of SHA-256: as many as nobody finds two texts for."""
    return urlsafe_b64encode(sha256(text.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_OCTETS]).decode()


def _explain(change: Change, subject: str, seen: SeenChanges) -> str:
    if subject in seen.held or change.name in seen.held_names:
        return f"The reviewed plan held the change of {change.name}, and now it would be applied. {_AGAIN}"
    if seen.names is None:
        return f"The comment did not show this {change.action} of {change.name}. {_AGAIN}"
    if change.name not in seen.names:
        return f"The {change.action} of {change.name} is not in the reviewed plan. {_AGAIN}"
    return f"The {change.action} of {change.name} is not the one that the reviewed plan shows. {_AGAIN}"
