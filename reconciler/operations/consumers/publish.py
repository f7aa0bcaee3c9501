"""``publish``: brings consumers to what they are to have; what was left is finished by the next one.

Level, not events: what a consumer is to have follows from state and project file alone, so nothing has to be replayed. A
row says what it was given last; it is emptied before anything is written, and filled in the transaction of the journal's
entry. So whoever is stopped in between leaves a row that the next publication settles, and each is told once.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.consumers.folder import Unwritable
from reconciler.diagnostics import enumerated, error, grouped, warning
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import GuardRefused, InvalidInput, ReconcilerError
from reconciler.events import tell
from reconciler.model.consumers.publication import Told
from reconciler.operations.consumers.bring import PublishOrder, Run, bring, note_failure, pending_accounts
from reconciler.operations.consumers.noting import rows_after
from reconciler.operations.consumers.observe import (
    candidates_of,
    judge_all,
    law_of,
    observe,
    refusal_problems,
    wanted_of,
)
from reconciler.operations.consumers.places import open_targets
from reconciler.operations.manifests import require_platform
from reconciler.operations.workspace import refusing_altered_rows
from reconciler.rules.secrets.grants import untrusted_project
from reconciler.rules.secrets.judgement import require_state_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.consumers.publication import Publication
    from reconciler.operations.consumers.observe import Wanted
    from reconciler.operations.consumers.places import Targets
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Register


class Published(FrozenByName):
    """What came of a publication."""

    consumers: tuple[Told, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def has_failed(self) -> bool:
        """Whether something that is to be published was not."""
        return any(problem.severity == "error" for problem in self.diagnostics)

    @property
    def has_drift(self) -> bool:
        """Whether a check found something that differs."""
        return any(each.outcome == "pending" for each in self.consumers)


@refusing_altered_rows
def publish(workspace: Workspace, order: PublishOrder) -> Published:
    """Bring the consumers to what they are to have, or only say what differs; each by itself.

    Raises ``InvalidInput`` for a name that no consumer has, ``GuardRefused`` where the project file is not trusted,
    ``SecretUnreadable`` without the key of state, ``StateError``.
    """
    if not workspace.is_project_trusted:
        raise GuardRefused(untrusted_project(()))
    _require_known(order.names, workspace)
    targets = open_targets(workspace)
    chosen = [each for name, each in targets.usable.items() if not order.names or name in order.names]
    refused = [each for name, each in targets.problems.items() if not order.names or name in order.names]
    platform = require_platform(workspace)
    with workspace.open_store() as store:
        recorded, register = store.read_vouched(())
        rows = store.publications()
    candidates = candidates_of(recorded, platform, workspace)
    all_wanted = [wanted_of(each, candidates, workspace) for each in chosen]
    _require_recorded(all_wanted, register, workspace)
    gone = left_behind(rows, targets)
    if not chosen:
        return Published(diagnostics=(*refused, *gone))
    key = workspace.fingerprint_key(workspace.secret_reader())
    require_state_key(recorded, key.key_id if key is not None else None)
    if key is None:
        return Published(diagnostics=(*refused, _no_key()))
    run = Run(
        workspace=workspace,
        order=order,
        key=key,
        judgement=judge_all(all_wanted, law_of(recorded, platform, workspace)),
    )
    if not order.only_checks:
        with workspace.open_store() as store, store.write() as transaction:
            transaction.put_publications(rows_after(transaction.publications(), all_wanted))
    told, problems = [], [*refused, *gone]
    for wanted in all_wanted:
        tell("publicationBegan", consumer=wanted.name)
        outcome, found = _publish_one(wanted, run)
        tell("publicationEnded", consumer=wanted.name, outcome=outcome.outcome)
        told.append(outcome)
        problems += [*found, *_unmet(wanted)]
    if run.judgement.problem is not None:
        problems.append(run.judgement.problem)
    return Published(consumers=tuple(told), diagnostics=grouped(problems))


def publish_applied(workspace: Workspace, order: PublishOrder) -> Published:
    """Publish to all declared consumers after something was recorded; what is recorded stands even where publishing fails.

    What would stop the command ``publish`` is told among the diagnostics.
    """
    if not workspace.project.consumers:
        return Published()
    try:
        return publish(workspace, order)
    except ReconcilerError as failure:
        names = enumerated(sorted(workspace.project.consumers))
        again = "Once that is mended:\n    reconciler publish"
        said = [_stopped(each, names, again) for each in failure.diagnostics]
        return Published(diagnostics=tuple(said))


def _stopped(problem: Diagnostic, names: str, again: str) -> Diagnostic:
    detail = f"{problem.detail}\nSo nothing was published to {names}. {again}"
    return replace(problem, detail=detail)


def _require_known(names: Iterable[str], workspace: Workspace) -> None:
    known = workspace.project.consumers
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInput(
            [
                error(
                    "unknownConsumer",
                    f"The project file declares no consumer called {name}.{did_you_mean(name, known)} Nothing was "
                    "published. See\n    reconciler consumers list",
                    subject=name,
                )
                for name in unknown
            ]
        )


def _require_recorded(all_wanted: Sequence[Wanted], register: Register, workspace: Workspace) -> None:
    """Refuse accounts, and routes of their secrets, that are not what the journal last recorded."""
    names = {each.name for wanted in all_wanted for each in wanted.senders}
    with workspace.open_store() as store:
        altered = [each.problem_of_use for each in store.alterations(names)]
    routes = [route for wanted in all_wanted for each in wanted.deliveries for route in each.routes]
    rerouted = register.problem_of(names, routes)
    if altered or rerouted is not None:
        raise GuardRefused([*altered, *([rerouted] if rerouted is not None else [])])


def _no_key() -> Diagnostic:
    detail = (
        "What is written to consumers is stamped and compared with the key of fingerprints, and there is none here. Provide "
        "the key of this state. Nothing was published."
    )
    return error("fingerprintKeyMissing", detail)


def left_behind(rows: Iterable[Publication], targets: Targets) -> list[Diagnostic]:
    """Return a warning for each place that still holds accounts although its consumer has moved, or has left the project file."""
    now = {name: each.place for name, each in targets.usable.items()}
    declared = now.keys() | targets.problems.keys()
    places: dict[str, set[str]] = {}
    for each in rows:
        is_known = each.consumer in declared
        has_moved = each.place is not None and now.get(each.consumer) not in {None, each.place}
        if each.place is not None and (not is_known or has_moved) and _is_there(each.place):
            places.setdefault(each.consumer, set()).add(each.place)
    return [_gone(name, sorted(where), is_declared=name in declared) for name, where in sorted(places.items())]


def _gone(name: str, places: Sequence[str], *, is_declared: bool) -> Diagnostic:
    why = "is declared with another place now" if is_declared else "is no longer declared"
    where = "at the one before" if is_declared else "there"
    detail = (
        f"The consumer {name} {why}, and the accounts that it was given are still {where}: {', '.join(places)}. That is not "
        "brought up to date any more, and a suspension does not reach it. Remove it once nothing uses it."
    )
    return warning("consumerGone", detail, subject=name)


def _is_there(place: str) -> bool:
    """Tell whether there is still a file or folder; of a command, and of what this user may not look at, it cannot be told."""
    try:
        return not place.startswith("/") or Path(place).exists()
    except OSError:
        return True


def _publish_one(wanted: Wanted, run: Run) -> tuple[Told, list[Diagnostic]]:
    """Publish to one consumer, and return the outcome; a failure is told, and the other consumers go on."""
    told = Told(consumer=wanted.name, outcome="failed", accounts=len(wanted.senders))
    problems = refusal_problems(wanted, run.workspace)
    if wanted.problem is not None:
        return told, [*problems, _not_published(wanted.name, wanted.problem.detail)]
    try:
        if run.order.only_checks:
            return _check(wanted, run), problems
        with wanted.target.kept_alone():
            outcome, found = bring(wanted, run)
    except Unwritable as failure:
        if not run.order.only_checks:
            note_failure(wanted, str(failure), run)
        return told, [*problems, _not_published(wanted.name, str(failure))]
    except ReconcilerError as failure:
        return told, [*problems, *failure.diagnostics]
    return outcome, [*problems, *found]


def _unmet(wanted: Wanted) -> list[Diagnostic]:
    """Return a warning with the lines that the program itself lacks: they are its keeper's to write."""
    lines = wanted.target.unmet()
    if lines is None:
        return []
    detail = (
        f"What is published to {wanted.name} is not used by Postfix as it is set up here. reconciler edits neither main.cf "
        f"nor master.cf. Add, once, and reload Postfix:\n{lines}"
    )
    return [warning("consumerNotSetUp", detail, subject=wanted.name)]


def _check(wanted: Wanted, run: Run) -> Told:
    with run.workspace.open_store() as store:
        rows = store.publications()
    found = observe(wanted, rows, run.key, run.workspace)
    return Told(
        consumer=wanted.name,
        outcome="pending" if found.has_drift or pending_accounts(wanted, rows) else "unchanged",
        differences=found.differences,
        accounts=len(wanted.senders),
        is_edited=found.seen.is_edited,
    )


def _not_published(name: str, why: str) -> Diagnostic:
    detail = f"{why} What is applied stands, and {name} does not have all of it. Once that is mended:\n    reconciler publish --to {name}"
    return error("consumerNotPublished", detail, subject=name)
