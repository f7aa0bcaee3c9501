"""The platform's decisions on the command line: the queue, approve, reject, and the whole story."""

from __future__ import annotations

import subprocess
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PROCESS_SECONDS, Outcome, Project, command, environment, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

PLAN = ("plan", "--format", "json", "--detailed-exitcode")
BESIDE = "noPlatformServer"
"""A warning that every plan here carries: no test of this file is about the platform's server."""


@pytest.fixture
def waiting(project: Project) -> Project:
    """Return a project with two pending accounts, news and letter, of revision 1."""
    for name in ("news", "letter"):
        project.write_account(name, marketing_account(name, email=f"{name}@example.com"))
    project.run_well("apply", "--auto-approve", "--actor", "anna")
    return project


def shown(project: Project, name: str) -> dict[str, Any]:
    """Return an account as the view has it."""
    account: dict[str, Any] = project.run_well("accounts", "show", name, "--format", "json").document["accounts"][0]
    return account


def standing(plan: Outcome) -> list[str]:
    """Return the codes of what a plan tells of decisions."""
    return [code for code in plan.codes if code != BESIDE]


_NO_SERVER = "Approved news; it cannot send yet: the project file names no server for it (platform.smtp).\n"


def refused(project: Project, *words: str) -> tuple[int, list[str]]:
    """Return exit code and diagnostic codes of a command that must leave state and journal as they were."""
    before = project.journal()
    outcome = project.run(*words, "--format", "json")
    assert before == project.journal()
    assert "invalid" == outcome.document["status"]
    return outcome.code, outcome.codes


def test_the_whole_story(project: Project) -> None:
    """An applied account is pending until it is approved; a change of e-mail is announced, and makes it wait again."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    assert {"news": "pending"} == project.statuses()
    assert "news" in project.run_well("accounts", "list", "--status", "pending").out

    project.run_well("reject", "news", "--reason", "Who reads the replies?", "--actor", "paula")
    assert {"news": "rejected"} == project.statuses()
    assert "Who reads the replies?" in project.run_well("accounts", "show", "news").out
    project.write_account("news", marketing_account("news").replace("office@", "readers@"))
    project.run_well("apply", "--auto-approve")
    assert {"news": "pending"} == project.statuses()

    project.run_well("approve", "news", "--if-revision", "2", "--actor", "paula")
    assert {"news": "active"} == project.statuses()
    empty = project.run(*PLAN)
    assert 0 == empty.code
    assert "empty" == empty.document["status"]
    assert [] == standing(empty)

    project.write_account("news", marketing_account("news", email="letters@example.com"))
    announced = project.run(*PLAN)
    assert (2, ["approvalReset"]) == (announced.code, standing(announced))
    assert "must be accepted by the platform again" in project.run_well("plan").out
    assert {"news": "active"} == project.statuses()
    project.run_well("apply", "--auto-approve")
    assert {"news": "pending"} == project.statuses()
    assert None is shown(project, "news")["approval"]

    project.run_well("approve", "news", "--actor", "paula")
    assert {"news": "active"} == project.statuses()
    events = [event for event, _ in project.journal()]
    assert ["apply", "reject", "apply", "approve", "apply", "approve"] == events


def test_an_approval_is_recorded_and_journaled(waiting: Project) -> None:
    """Actor, source, time, revision, digest and standing before and after are in the journal; the view shows them."""
    outcome = waiting.run_well("approve", "news", "--actor", "paula", "--format", "json")
    (account,) = outcome.document["accounts"]
    assert "news" == account["name"]
    assert "active" == account["status"]
    assert 1 == account["revision"]
    assert ("approved", "paula", None) == tuple(account["approval"][key] for key in ("decision", "actor", "reason"))
    event, payload = waiting.journal()[-1]
    told = payload["accounts"]["news"]
    assert "approve" == event
    assert "paula" == payload["actor"]
    assert "flag" == payload["actorSource"]
    assert payload["reason"] is None
    assert "pending" == told["before"]["status"]
    assert "active" == told["after"]["status"]
    assert 1 == told["revision"]
    assert told["subjectDigest"] == told["after"]["approval"]["subjectDigest"]
    assert {"news"} == payload["accountDigests"].keys()
    decided_at = datetime.fromisoformat(account["approval"]["at"])
    assert (
        f"approved by paula at {decided_at:%Y-%m-%d %H:%M:%S} UTC"
        in waiting.run_well("accounts", "show", "news", "--full").out
    )
    assert {"news": "active", "letter": "pending"} == waiting.statuses()
    assert 1 == waiting.serial()


def test_a_rejection_keeps_its_reason(waiting: Project) -> None:
    """The reason stands in the view, trimmed, and in the journal."""
    waiting.run_well("reject", "news", "--reason", "  The domain is not ours. ", "--actor", "paula")
    account = shown(waiting, "news")
    assert ("rejected", "The domain is not ours.") == (account["status"], account["statusReason"])
    assert "The domain is not ours." == account["approval"]["reason"]
    event, payload = waiting.journal()[-1]
    assert ("reject", "The domain is not ours.") == (event, payload["reason"])


def test_a_decision_can_be_replaced_by_the_other(waiting: Project) -> None:
    """A reviewer may change their mind either way; the journal has what was replaced."""
    waiting.run_well("approve", "news", "--actor", "paula")
    withdrawn = waiting.run_well("reject", "news", "--reason", "abused", "--actor", "peter")
    assert "Rejected news (abused); it cannot send.\n" == withdrawn.out
    assert "paula" == waiting.journal()[-1][1]["accounts"]["news"]["before"]["approval"]["actor"]
    assert _NO_SERVER == waiting.run_well("approve", "news").out
    assert "active" == shown(waiting, "news")["status"]


def test_several_are_decided_together(waiting: Project) -> None:
    """Several names are one transaction and one entry; a name given twice counts once."""
    outcome = waiting.run_well("approve", "news", "letter", "news", "--format", "json")
    assert ["letter", "news"] == [account["name"] for account in outcome.document["accounts"]]
    assert ["apply", "approve"] == [event for event, _ in waiting.journal()]
    assert {"news": "active", "letter": "active"} == waiting.statuses()


def test_all_pending_are_approved(waiting: Project) -> None:
    """All that wait are approved, nobody else's decision is touched, and doing it again says that nobody waits."""
    waiting.run_well("reject", "letter", "--reason", "not ours")
    assert _NO_SERVER == waiting.run_well("approve", "--all-pending").out
    assert {"news": "active", "letter": "rejected"} == waiting.statuses()
    entries = waiting.journal()
    again = waiting.run_well("approve", "--all-pending")
    assert "No account waits for the platform's decision. Nothing was changed.\n" == again.out
    assert [] == waiting.run_well("approve", "--all-pending", "--format", "json").document["accounts"]
    assert entries == waiting.journal()


def test_one_bad_name_stops_all(waiting: Project, server: MailServer) -> None:
    """Every problem is told in one run, and nothing is decided."""
    waiting.write_account("sales", own_account("sales", server))
    waiting.run_well("apply", "--auto-approve")
    waiting.run_well("approve", "letter")
    codes = (1, ["alreadyDecided", "approvalNotNeeded", "unknownAccount"])
    assert codes == refused(waiting, "approve", "letter", "news", "sales", "unheard-of")
    assert "pending" == waiting.statuses()["news"]
    assert (1, ["approvalNotNeeded"]) == refused(waiting, "reject", "sales", "--reason", "no")


def test_approving_twice_says_who_was_first(waiting: Project) -> None:
    """The second approval is an error that names the first."""
    waiting.run_well("approve", "news", "--actor", "paula")
    assert (1, ["alreadyDecided"]) == refused(waiting, "approve", "news")
    assert "already approved, by paula at " in waiting.run("approve", "news").err
    waiting.run_well("reject", "news", "--reason", "no")
    assert (1, ["alreadyDecided"]) == refused(waiting, "reject", "news", "--reason", "still no")


def test_an_unknown_name_gets_a_suggestion(waiting: Project) -> None:
    """A misspelt name is exit code 1 with the nearest one; an endless name is not repeated in full."""
    assert (1, ["unknownAccount"]) == refused(waiting, "approve", "newz")
    assert "Did you mean news?" in waiting.run("approve", "newz").err
    assert len(waiting.run("approve", "x" * 100_000).err) < 1000
    assert (1, ["badUsage"]) == refused(waiting, "approve", "")


def test_an_account_that_changed_since_is_not_decided(waiting: Project) -> None:
    """With --if-revision the account must be as it was then; other accounts' changes do not matter."""
    waiting.write_account("news", marketing_account("news", email="other@example.com"))
    waiting.run_well("apply", "--auto-approve")
    assert (5, ["decisionStale"]) == refused(waiting, "approve", "news", "--if-revision", "1")
    assert (5, ["decisionStale"]) == refused(waiting, "reject", "news", "--reason", "no", "--if-revision", "1")
    assert (5, ["decisionStale"]) == refused(waiting, "approve", "--all-pending", "--if-revision", "1")
    assert (1, ["unknownAccount", "decisionStale"]) == refused(
        waiting, "approve", "news", "unheard-of", "--if-revision", "1"
    )
    assert (1, ["unknownRevision"]) == refused(waiting, "approve", "news", "--if-revision", "3")
    waiting.run_well("approve", "letter", "--if-revision", "1")
    waiting.run_well("approve", "--all-pending", "--if-revision", "2")
    assert {"news": "active", "letter": "active"} == waiting.statuses()


@pytest.mark.parametrize(
    "words",
    [
        ("approve",),
        ("approve", "news", "--all-pending"),
        ("approve", "news", "--if-revision", "0"),
        ("approve", "news", "--if-revision", "one"),
        ("reject", "news"),
        ("reject", "--reason", "no"),
    ],
    ids=" ".join,
)
def test_wrong_usage(waiting: Project, words: tuple[str, ...]) -> None:
    """Names or --all-pending, not both and not neither; a rejection has a reason; a revision is a number from 1."""
    assert (1, ["badUsage"]) == refused(waiting, *words)


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "\x1b[31mred", "x" * 501], ids=repr)
def test_a_reason_that_cannot_be_kept(waiting: Project, reason: str) -> None:
    """Empty, overlong and control characters are refused before anything is written."""
    assert (1, ["reasonInvalid"]) == refused(waiting, "reject", "news", "--reason", reason)
    assert (1, ["reasonInvalid"]) == refused(waiting, "suspend", "news", "--reason", reason)


def test_the_queue_shows_what_an_approval_would_cover(waiting: Project) -> None:
    """A reviewer sees since when, at which revision, the sender, replies and overrides, and the commands to decide."""
    override = "  overrideFrom: {emailDetail: keeper_email}\n"
    waiting.write_account("letter", marketing_account("letter") + override)
    waiting.run_well("apply", "--auto-approve")
    queue = waiting.run_well("accounts", "list", "--status", "pending").out
    assert queue.index("news  waits since") < queue.index("letter  waits since")
    for fact in ("revision 2", "news@example.com", "Example News", "office@example.com", '"keeper_email"'):
        assert fact in queue
    assert "    reconciler approve NAME --if-revision 2\n" in queue
    waiting.run_well("approve", "--all-pending", "--if-revision", "2")
    empty = waiting.run_well("accounts", "list", "--status", "pending").out
    assert "No account waits for the platform's decision.\n" == empty


def test_a_plan_over_pending_accounts_is_empty_and_says_who_waits(waiting: Project) -> None:
    """Nothing changes, exit code 0, and one note names all that wait with the time."""
    plan = waiting.run(*PLAN)
    assert 0 == plan.code
    assert "empty" == plan.document["status"]
    assert ["awaitingApproval"] == standing(plan)
    (told,) = (each for each in plan.document["diagnostics"] if each["code"] != BESIDE)
    since = shown(waiting, "news")["updatedAt"][:16].replace("T", " ")
    assert ("note", True) == (told["severity"], f"news since {since} UTC" in told["detail"])
    assert "letter since" in told["detail"]
    waiting.run_well("approve", "--all-pending")
    assert [] == standing(waiting.run(*PLAN))


@pytest.mark.parametrize("decision", [("approve", "news"), ("reject", "news", "--reason", "no")], ids=" ".join)
def test_a_plan_made_before_the_decision_is_stale(waiting: Project, decision: tuple[str, ...]) -> None:
    """What the platform decided since the plan was made spoils the plan for that account alone."""
    for name in ("news", "letter"):
        waiting.write_account(name, marketing_account(name, email="other@example.com"))
        waiting.run_well("plan", "--target", name, "--out", f"{name}.json")
    waiting.run_well(*decision)
    stale = waiting.run("apply", "news.json", "--format", "json")
    assert (5, ["planStale"]) == (stale.code, stale.codes)
    waiting.run_well("apply", "letter.json")
    assert 2 == waiting.serial()


def test_relabelling_and_renaming_keep_the_approval(waiting: Project) -> None:
    """What the platform did not decide on can change; what it did decide on cannot change unseen."""
    waiting.run_well("approve", "news", "--actor", "paula")
    waiting.write_account(
        "news", marketing_account("news", email="news@example.com", metadata="labels: {a: b}, title: N")
    )
    relabelled = waiting.run(*PLAN)
    assert (2, ["awaitingApproval"]) == (relabelled.code, standing(relabelled))
    waiting.run_well("apply", "--auto-approve")
    waiting.remove_account("news")
    waiting.write_account("post", marketing_account("post", email="news@example.com", metadata="previousName: news"))
    waiting.run_well("apply", "--auto-approve")
    account = shown(waiting, "post")
    assert "active" == account["status"]
    assert "paula" == account["approval"]["actor"]
    assert 3 == account["revision"]
    waiting.journal()


def test_the_automatic_platform_approves_on_apply(project: Project) -> None:
    """With approval: automatic an applied account is active at once, and the journal says that nobody looked."""
    project.write_project("platform: {approval: automatic}\n")
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--actor", "anna")
    assert "platform: automatic" == shown(project, "news")["approval"]["actor"]
    event, payload = project.journal()[-1]
    given = payload["approvals"]["news"]
    assert "apply" == event
    assert given["before"] is None
    assert "platform: automatic" == given["after"]["actor"]
    project.run_well("reject", "news", "--reason", "no")
    assert {"news": "rejected"} == project.statuses()
    project.write_account("news", marketing_account("news", email="other@example.com"))
    plan = project.run_well("plan", "--out", "plan.json", "--format", "json").document
    assert "automatic" in next(each["detail"] for each in plan["diagnostics"] if each["code"] == "approvalReset")
    project.run_well("apply", "plan.json")
    assert {"news": "active"} == project.statuses()
    assert "rejected" == project.journal()[-1][1]["approvals"]["news"]["before"]["decision"]


def test_a_plan_that_said_pending_leaves_it_pending(project: Project) -> None:
    """What was reviewed as pending is not approved because the project file has changed since."""
    project.write_account("news", marketing_account("news"))
    project.run_well("plan", "--out", "plan.json")
    project.write_project("platform: {approval: automatic}\n")
    project.run_well("apply", "plan.json")
    assert {"news": "pending"} == project.statuses()


def test_accounts_are_deleted_whatever_was_decided(waiting: Project) -> None:
    """Pending, approved and rejected accounts go through the plan, keep their history, and come back undecided."""
    waiting.write_account("contest", marketing_account("contest"))
    waiting.run_well("apply", "--auto-approve")
    waiting.run_well("approve", "news")
    waiting.run_well("reject", "contest", "--reason", "no")
    for name in ("news", "letter", "contest"):
        waiting.remove_account(name)
    waiting.run_well("apply", "--auto-approve", "--allow-deletes", "3")
    assert {} == waiting.statuses()
    for name, revisions in (("news", [3, 1]), ("letter", [3, 1]), ("contest", [3, 2])):
        listed = waiting.run_well("history", name, "--format", "json").document["revisions"]
        assert revisions == [each["revision"] for each in listed]
    waiting.write_account("news", marketing_account("news", email="news@example.com"))
    waiting.run_well("apply", "--auto-approve")
    assert {"news": "pending"} == waiting.statuses()
    waiting.journal()


def test_of_two_approvals_at_one_moment_one_wins(waiting: Project) -> None:
    """Two processes approve at once: one records its actor, the other is told who was first, and the journal holds."""
    processes = [
        subprocess.Popen(
            command("approve", "news", "letter", "--actor", who),
            cwd=waiting.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for who in ("paula", "peter")
    ]
    ended = {
        who: (*process.communicate(timeout=PROCESS_SECONDS), process.returncode)
        for who, process in zip(("paula", "peter"), processes, strict=True)
    }
    (winner,) = [who for who, (_, _, code) in ended.items() if code == 0]
    (loser,) = ended.keys() - {winner}
    assert (1, 1) == (ended[loser][2], ended[loser][1].count(f"already approved, by {winner} at "))
    assert "letter, news [alreadyDecided]" in ended[loser][1]
    assert [winner, winner] == [shown(waiting, name)["approval"]["actor"] for name in ("letter", "news")]
    assert ["apply", "approve"] == [event for event, _ in waiting.journal()]


def test_a_missing_state_is_never_made(bare: Project) -> None:
    """Without a state nothing can be decided, and none is made."""
    for words in (("approve", "--all-pending"), ("suspend", "news", "--reason", "leak")):
        outcome = bare.run(*words, "--format", "json")
        assert (1, ["stateMissing"]) == (outcome.code, outcome.codes)
    assert not bare.state_file.exists()
