"""Guards through the command line: each refuses with 4, and is lifted only in the way its message names."""

from __future__ import annotations

import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import Project, alter_plan, marketing_account, own_account

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ten(project: Project) -> Project:
    """Return a project with ten applied accounts, n0 to n9."""
    for number in range(10):
        project.write_account(f"n{number}", marketing_account(f"n{number}"))
    project.run_well("apply", "--auto-approve")
    return project


def remove(project: Project, count: int) -> None:
    """Remove the manifests of the first accounts."""
    for number in range(count):
        project.remove_account(f"n{number}")


def refuse(project: Project, code: str) -> None:
    """Fail unless plan and apply end with 4 and this code, and state stays as it is."""
    before = project.serial()
    for words in (("plan",), ("apply", "--auto-approve")):
        refused = project.run(*words, "--format", "json")
        assert (4, True) == (refused.code, code in refused.codes), refused
    assert before == project.serial()


def test_few_deletions_pass(ten: Project) -> None:
    """Two deletions are within the guard, whatever share they are."""
    remove(ten, 2)
    ten.run_well("apply", "--auto-approve")
    assert 8 == len(ten.statuses())


@pytest.mark.parametrize("count", [4, 6], ids=["percent", "count"])
def test_many_deletions_are_refused_until_allowed(ten: Project, count: int) -> None:
    """More deletions than the guard allows need --allow-deletes with at least their number."""
    remove(ten, count)
    refuse(ten, "tooManyDeletes")
    assert 4 == ten.run("plan", "--allow-deletes", str(count - 1)).code
    ten.run_well("plan", "--allow-deletes", str(count), "--out", "plan.json")
    ten.run_well("apply", "plan.json")
    assert 10 - count == len(ten.statuses())


def test_protection_outlives_the_manifest(project: Project) -> None:
    """Protection by preventDelete is remembered when its manifest is gone, even with --allow-deletes."""
    project.write_account("keep", marketing_account("keep", metadata="preventDelete: true"))
    project.write_account("other", marketing_account("other"))
    project.run_well("apply", "--auto-approve")
    project.remove_account("keep")
    refuse(project, "protectedAccount")
    assert 4 == project.run("apply", "--auto-approve", "--allow-deletes", "5").code
    project.write_account("keep", marketing_account("keep", metadata="preventDelete: false"))
    project.run_well("apply", "--auto-approve")
    project.remove_account("keep")
    project.run_well("apply", "--auto-approve")
    assert {"other": "pending"} == project.statuses()


def test_an_empty_folder_is_refused(ten: Project) -> None:
    """A folder without manifests is no wish to delete everything, unless the number is named."""
    remove(ten, 10)
    refuse(ten, "emptyManifests")
    ten.run_well("apply", "--auto-approve", "--allow-deletes", "10")
    assert {} == ten.statuses()


def test_a_missing_folder_is_refused(ten: Project) -> None:
    """A folder that does not exist is refused, whatever is allowed."""
    shutil.rmtree(ten.folder / "accounts.d")
    refuse(ten, "emptyManifests")
    assert 4 == ten.run("apply", "--auto-approve", "--allow-deletes", "10").code


def test_a_changed_kind_is_refused(project: Project) -> None:
    """One name cannot become an account of the other kind."""
    project.write_account("one", marketing_account("one"))
    project.run_well("apply", "--auto-approve")
    own = (
        "kind: OwnAccount\nmetadata: {name: one}\nspec: {email: a@example.com, displayName: A, smtp: {host: localhost}}"
    )
    project.write_account("one", f"apiVersion: reconciler/v1\n{own}\n")
    refused = project.run("plan", "--depth", "offline", "--format", "json")
    assert (4, True) == (refused.code, "changedKind" in refused.codes)
    assert 4 == project.run("apply", "--auto-approve", "--depth", "offline").code


def test_a_tracked_state_folder_is_refused(ten: Project) -> None:
    """A state folder that git tracks stops plan and apply, also of a plan made before."""
    ten.write_account("new", marketing_account("new"))
    ten.run_well("plan", "--out", "plan.json")
    for words in (("init", "-q"), ("add", "-f", ".reconciler")):
        subprocess.run(["git", *words], cwd=ten.folder, check=True)
    refuse(ten, "stateTracked")
    refused = ten.run("apply", "plan.json", "--format", "json")
    assert (4, ["stateTracked"]) == (refused.code, refused.codes)


def test_a_rename_onto_a_taken_name_is_refused(ten: Project) -> None:
    """A rename needs a free name, or one that is given up in the same plan; where both are in use it is over."""
    ten.write_account("n1", marketing_account("n1", metadata="previousName: n0"))
    assert "previousNameOver" in ten.run_well("plan", "--format", "json").codes
    ten.remove_account("n0")
    refuse(ten, "renameTaken")


def test_an_exception_lets_an_account_be_applied_unverified(project: Project) -> None:
    """Until its day the project file lets an account be applied without a conversation, and the journal tells why."""
    exception = "{verification: [relay], depth: offline, until: %s, reason: reachable from the data centre only}"
    project.write_account("relay", own_account("relay", 1, username=None))
    project.write_project(f"guards: {{exceptions: [{exception % '2020-01-31'}]}}\n")
    refused = project.run("apply", "--auto-approve")
    assert (3, True) == (refused.code, "it ended on 2020-01-31" in project.run("plan").err)
    project.write_project(f"guards: {{exceptions: [{exception % '2999-12-31'}]}}\n")
    project.run_well("plan", "--out", "plan.json")
    project.run_well("apply", "plan.json")
    assert {"relay": "unverified"} == project.statuses()
    by = "guards.exceptions: reachable from the data centre only (to offline)"
    assert [{"code": "verificationIncomplete", "by": by}] == project.journal()[-1][1]["liftedGuards"]


def test_lifted_guards_are_journaled(ten: Project) -> None:
    """What lifted a guard, a flag or a line of the project file, stands in the journal; an altered plan cannot hide it."""
    remove(ten, 4)
    ten.run_well("apply", "--auto-approve", "--allow-deletes", "4")
    lifted = [{"code": "tooManyDeletes", "by": "--allow-deletes 4"}]
    assert lifted == ten.journal()[-1][1]["liftedGuards"]
    for number in range(4, 8):
        ten.remove_account(f"n{number}")
    exception = "{delete: ['n*'], until: 2999-12-31, reason: contract ended}"
    ten.write_project(f"guards: {{exceptions: [{exception}]}}\n")
    ten.run_well("apply", "--auto-approve")
    lifted = [{"code": "tooManyDeletes", "by": "guards.exceptions: contract ended"}]
    assert lifted == ten.journal()[-1][1]["liftedGuards"]


@pytest.fixture(params=["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def _zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the machine be where its clock is at another date than UTC's, before it or after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_zone")
def test_dates_hold_to_the_end_of_their_day_in_utc(ten: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception lets through until midnight in UTC, wherever the machine is; a plan of its last day not after it."""
    moment = [datetime(2026, 9, 1, 23, 59, 59, tzinfo=UTC)]
    monkeypatch.setattr("reconciler.cli.session.utc_now", lambda: moment[0])
    ten.write_project("guards: {exceptions: [{delete: ['n*'], until: 2026-09-01, reason: contract ended}]}\n")
    remove(ten, 4)
    ten.run_well("plan", "--out", "plan.json")
    moment[0] += timedelta(seconds=1)
    refuse(ten, "tooManyDeletes")
    refused = ten.run("apply", "plan.json", "--format", "json")
    assert 4 == refused.code
    assert ["tooManyDeletes"] == refused.codes
    assert 10 == len(ten.statuses())
    moment[0] -= timedelta(seconds=1)
    ten.run_well("apply", "plan.json")


def test_a_plan_cannot_lift_a_guard_in_secret(ten: Project) -> None:
    """A plan without a seal that carries --allow-deletes lifts nothing by it."""
    remove(ten, 4)
    assert 4 == ten.run("plan", "--out", "plan.json").code

    def allow(document: dict[str, Any]) -> None:
        document.update(seal=None, status="ready", diagnostics=[])
        document["inputs"]["allowDeletes"] = 100

    alter_plan(ten.folder / "plan.json", allow, fits_digest=True)
    refused = ten.run("apply", "plan.json", "--format", "json")
    assert 4 == refused.code
    assert ["tooManyDeletes"] == refused.codes
    assert 10 == len(ten.statuses())


def refused_apply(project: Project, *words: str) -> tuple[int, int, int]:
    """Return how a refused apply ends: its code, and how often text and JSON say that nothing was applied."""
    sentence = "Nothing was applied."
    text, document = project.run("apply", *words), project.run("apply", *words, "--format", "json")
    assert (text.code, "") == (document.code, document.err)
    return text.code, text.err.count(sentence), document.out.count(sentence)


def test_a_refused_apply_says_that_nothing_was_applied(ten: Project) -> None:
    """Whatever refuses, the last line on stderr says in one sentence that state is as it was; JSON is left alone."""
    ten.write_account("more", marketing_account("more"))
    ten.run_well("plan", "--out", "plan.json")
    ten.write_account("other", marketing_account("other"))
    ten.run_well("plan", "--out", "stale.json")
    ten.run_well("apply", "plan.json")
    assert (5, 1, 0) == refused_apply(ten, "stale.json")
    assert ten.run("apply", "stale.json").err.endswith("\nNothing was applied.\n")
    assert (5, 0, 0) == refused_apply(ten, "plan.json"), "it says that it is applied already"
    assert (1, 1, 0) == refused_apply(ten, "missing.json")
    ten.write_account("broken", own_account("broken", 1))
    assert (3, 1, 0) == refused_apply(ten, "--auto-approve")
    ten.write_account("broken", "kind: Nothing\n")
    assert (1, 1, 0) == refused_apply(ten, "--auto-approve")
    ten.remove_account("broken")
    remove(ten, 6)
    assert (4, 1, 0) == refused_apply(ten, "--auto-approve")
    assert 2 == ten.serial()


def test_only_apply_says_that_nothing_was_applied(ten: Project) -> None:
    """A plan that is refused was never to apply anything, and an apply that went well says what it did."""
    remove(ten, 2)
    assert "Nothing was applied" not in ten.run_well("apply", "--auto-approve").err
    ten.write_account("broken", own_account("broken", 1))
    assert "Nothing was applied" not in ten.run("plan").err
