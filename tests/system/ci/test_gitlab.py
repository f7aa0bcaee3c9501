"""The pipeline for GitLab, job by job, on a real repository and state, with a stranger's merge requests."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from junitparser import JUnitXml

from tests.cli.project import OPERATOR, PASSWORD, marketing_account, own_account
from tests.system.ci.forge import GITLAB, Issue
from tests.system.ci.hostile import EVIL_PROJECT, canaries
from tests.system.ci.site import DATABASE_KEY, DATABASE_PASSWORD, HOSTILE_BRANCH, HOSTILE_TITLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mailserver import MailServer
    from tests.system.ci.runner import Ended, Machine
    from tests.system.ci.site import Site

MARKER = "<!-- reconciler plan: mail -->"


def check(site: Site, machine: Machine, head: str) -> Ended:
    """Run the job without secrets on a merge request, in a clone of it, by the merge request's own pipeline."""
    hostile = dict.fromkeys(("CI_COMMIT_REF_NAME", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"), HOSTILE_BRANCH)
    known = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_TITLE": HOSTILE_TITLE, **hostile}
    service = site.gitlab(machine, known, commit=head, protected=False)
    return service.run("mail:check", site.checkout(head))


def plan(site: Site, machine: Machine, number: int) -> Ended:
    """Run the pipeline of the main branch that somebody starts for a merge request."""
    return protected(site, machine, "plan", MERGE_REQUEST=str(number), MERGE_COMMIT=site.head_of(number))


def protected(site: Site, machine: Machine, job: str, **variables: str) -> Ended:
    """Run a job of the main branch, in a folder into which the runner fetches nothing."""
    folder = machine.folder / "project"
    folder.mkdir(exist_ok=True)
    return site.gitlab(machine, {"CI_COMMIT_BRANCH": "main", **variables}, commit=site.main()).run(
        f"mail:{job}", folder
    )


def apply(site: Site, machine: Machine, number: int, head: str) -> Ended:
    """Merge a merge request, and run the job that applies it."""
    site.merge(number, head)
    return protected(site, machine, "apply")


def is_left(machine: Machine) -> list[Path]:
    """Return what jobs have left in the folder for temporary files."""
    return list((machine.folder / "temp").iterdir())


def runner(site: Site, **more: str) -> Machine:
    """Return a machine with a folder of its own for temporary files."""
    temp = site.folder / "own" / "temp"
    temp.mkdir(parents=True)
    return site.machine("own", TMPDIR=str(temp), **more)


def test_from_a_merge_request_to_the_night(make_site: Callable[..., Site], mail_server: MailServer) -> None:
    """A merge request is checked and planned with one comment, its merge applied, and the night verifies it."""
    gitlab = make_site("gitlab", starts=True)
    hosted, own = gitlab.machine("hosted"), runner(gitlab)
    head = gitlab.propose(7, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    checked = check(gitlab, hosted, head)
    assert (0, 0) == (checked.code, mail_server.login_attempts), checked.log

    planned = plan(gitlab, own, 7)
    assert (0, 1) == (planned.code, mail_server.login_attempts), planned.log
    (comment,) = gitlab.forge.bodies(7)
    assert (True, True) == (comment.startswith(MARKER), "`sales`" in comment)

    head = gitlab.propose(
        7, {"accounts.d/sales.yaml": own_account("sales", mail_server, display_name="Changed")}, again=True
    )
    assert 0 == plan(gitlab, own, 7).code
    (changed,) = gitlab.forge.bodies(7)
    assert (False, True) == ("Changed" in comment, "Changed" in changed)

    applied = apply(gitlab, own, 7, head)
    assert 0 == applied.code, applied.log
    assert [(OPERATOR,)] == [message.recipients for message in mail_server.messages]
    history = gitlab.reconciler("history", "--format", "json", state=gitlab.state)
    assert f"https://{GITLAB}/example/mail/-/merge_requests/7" in history

    for _ in range(2):
        verified = protected(gitlab, own, "nightly")
        assert 0 == verified.code, verified.log
    assert gitlab.noted() in verified.log
    assert {"state.db", "fingerprint.key"} == {each.name for each in gitlab.home.iterdir()}
    report = JUnitXml.fromfile(str(own.folder / "project" / "mail-verification.xml"))
    assert report.tests > 0
    assert 0 == report.failures
    assert 0 == report.errors
    logs = f"{checked.log}{planned.log}{applied.log}{verified.log}{changed}"
    assert (False, False) == (PASSWORD in logs, gitlab.forge.token in logs)
    assert {f"{GITLAB}:443"} == gitlab.forge.contacted
    assert [] == is_left(own)


def test_with_its_state_in_a_database(make_site: Callable[..., Site], database: str, mail_server: MailServer) -> None:
    """Every job is green, `check` without any key, and all of them mean the one state that the main branch names."""
    site = make_site("gitlab", database=database)
    hosted, own = site.machine("hosted"), runner(site)
    head = site.propose(7, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    ended = [check(site, hosted, head), plan(site, own, 7), apply(site, own, 7, head), protected(site, own, "nightly")]
    assert [0, 0, 0, 0] == [each.code for each in ended], "".join(each.log for each in ended)
    assert "sales" in site.reconciler("accounts", "list", state=database)
    assert not site.home.exists()
    assert ["stateFromVariable" in each.log for each in ended] == [True, False, False, False]
    logs = "".join(each.log for each in ended) + "".join(site.forge.bodies(7))
    assert [False, False, False] == [each in logs for each in (PASSWORD, DATABASE_PASSWORD, DATABASE_KEY)]


def test_an_account_that_fails_in_the_night_fails_the_job_and_the_report(gitlab: Site, mail_server: MailServer) -> None:
    """The job ends with 3, and the report names the check."""
    machine = runner(gitlab)
    apply_sales(gitlab, machine, mail_server)
    mail_server.users.clear()

    assert 3 == protected(gitlab, machine, "nightly").code

    report = JUnitXml.fromfile(str(machine.folder / "project" / "mail-verification.xml"))
    assert [("sales", "auth")] == [(case.classname, case.name) for suite in report for case in suite if case.is_failure]


def apply_sales(site: Site, machine: Machine, server: MailServer) -> None:
    """Have the account sales in state."""
    head = site.propose(1, {"accounts.d/sales.yaml": own_account("sales", server)})
    for ended in (plan(site, machine, 1), apply(site, machine, 1, head)):
        assert 0 == ended.code, ended.log
    server.logins.clear()


def test_a_journal_that_was_cut_off_is_noticed_in_the_night(gitlab: Site, mail_server: MailServer) -> None:
    """State put back to what it was before a night's head was noted ends the job, and nothing is verified."""
    machine = runner(gitlab)
    kept = gitlab.home / "kept.db"
    shutil.copy(gitlab.home / "state.db", kept)
    apply_sales(gitlab, machine, mail_server)
    assert 0 == protected(gitlab, machine, "nightly").code
    report = machine.folder / "project" / "mail-verification.xml"
    assert report.exists()
    shutil.move(kept, gitlab.home / "state.db")
    mail_server.logins.clear()
    ended = protected(gitlab, machine, "nightly")
    assert (1, 0) == (ended.code, mail_server.login_attempts), ended.log
    assert not report.exists(), "the report of the night before would be taken for this night's"


def test_a_journal_that_was_cut_off_is_noticed_by_whoever_acts_by_hand(gitlab: Site, mail_server: MailServer) -> None:
    """State put back behind the noted head is not verified; a stop is done, and its job fails all the same."""
    machine = runner(gitlab)
    apply_sales(gitlab, machine, mail_server)
    kept = gitlab.home / "kept.db"
    shutil.copy(gitlab.home / "state.db", kept)
    assert 0 == protected(gitlab, machine, "by-hand", COMMAND="verify", ACCOUNTS="", REASON="").code
    assert 0 == protected(gitlab, machine, "nightly").code
    shutil.move(kept, gitlab.home / "state.db")
    mail_server.logins.clear()
    ended = protected(gitlab, machine, "by-hand", COMMAND="verify", ACCOUNTS="", REASON="")
    assert (1, 0) == (ended.code, mail_server.login_attempts), ended.log
    assert 1 == protected(gitlab, machine, "by-hand", COMMAND="suspend", ACCOUNTS="sales", REASON="why").code
    assert '"suspended"' in gitlab.reconciler("accounts", "list", "--format", "json", state=gitlab.state)


def test_the_night_keeps_one_issue_up_to_date(gitlab: Site, mail_server: MailServer) -> None:
    """It tells what needs attention, also where accounts fail; an issue of somebody else with its mark is left alone."""
    theirs = Issue(9, "mallory", "x", "<!-- reconciler status: mail -->\ntheirs")
    gitlab.forge.issues.append(theirs)
    machine = runner(gitlab)
    apply_sales(gitlab, machine, mail_server)
    codes = [protected(gitlab, machine, "nightly").code]
    mail_server.users.clear()
    codes.append(protected(gitlab, machine, "nightly").code)
    assert [0, 3] == codes
    _, issue = gitlab.forge.issues
    assert issue.body is not None
    assert (True, True) == (issue.body.startswith("<!-- reconciler status: mail -->\n"), "sales" in issue.body)
    assert "<!-- reconciler status: mail -->\ntheirs" == theirs.body


def test_what_is_done_by_hand(gitlab: Site, mail_server: MailServer) -> None:
    """A stop, its end and a verification by a pipeline of the main branch; who did it stands in the journal."""
    machine = runner(gitlab)
    apply_sales(gitlab, machine, mail_server)

    def do(command: str, accounts: str = "", reason: str = "") -> Ended:
        return protected(gitlab, machine, "by-hand", COMMAND=command, ACCOUNTS=accounts, REASON=reason)

    for command, wanted in (("suspend", "suspended"), ("resume", "active")):
        ended = do(command, "sales", "A reason; $(id)")
        assert 0 == ended.code, ended.log
        assert f'"{wanted}"' in gitlab.reconciler("accounts", "list", "--format", "json", state=gitlab.state)
    assert "mallory$(id)" in gitlab.reconciler("history", "--format", "json", "sales", state=gitlab.state)
    assert (0, 1) == (do("verify").code, mail_server.login_attempts)
    wrong = (("suspend", "", "why"), ("suspend", "no-such", "why"), ("rotate",), ("approve", "--all-pending"), ("rm",))
    assert [True] * len(wrong) == [do(*words).code != 0 for words in wrong]


def test_the_issue_of_the_night_leads_to_an_approval(gitlab: Site) -> None:
    """Its link fills in command and revision; several names are approved or refused by that, all of them or none.

    Whoever may not run pipelines of the main branch starts nothing: a comment, and a pipeline of another branch or of a merge
    request, have no such job.
    """
    machine = runner(gitlab)
    names = ("news", "offers", "contest", "late")
    texts = {f"accounts.d/{each}.yaml": marketing_account(each, email=f"{each}@example.com") for each in names}
    head = gitlab.propose(1, texts)
    assert [0, 0] == [plan(gitlab, machine, 1).code, apply(gitlab, machine, 1, head).code]
    assert 0 == protected(gitlab, machine, "nightly").code
    (issue,) = gitlab.forge.issues
    link = re.search(r"\((https://\S+)\)", (issue.body or "").splitlines()[-1])
    assert link is not None
    address = urlsplit(link[1])
    assert f"https://{GITLAB}/example/mail/-/pipelines/new" == f"{address.scheme}://{address.netloc}{address.path}"
    form = parse_qs(address.query, keep_blank_values=True)
    assert {"ref": ["main"], "var[COMMAND]": ["approve"], "var[REVISION]": ["1"], "var[ACCOUNTS]": [""]} == form

    filled_in = {"COMMAND": "approve", "REVISION": "1", "REASON": ""}
    service = gitlab.gitlab(machine, {}, commit=gitlab.main())
    web = {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main"}
    assert {"mail:by-hand"} == service.started(**web, **filled_in).keys()
    for more in (
        {"CI_COMMIT_BRANCH": "theirs"},
        {"CI_PIPELINE_SOURCE": "merge_request_event"},
        {"CI_PIPELINE_SOURCE": "trigger"},
    ):
        assert "mail:by-hand" not in service.started(**{**web, **filled_in, **more})

    def statuses() -> dict[str, str]:
        listed = json.loads(gitlab.reconciler("accounts", "list", "--format", "json", state=gitlab.state))
        return {each["name"]: each["status"] for each in listed["accounts"]}

    before = statuses()
    for accounts, revision in (
        ("news nobody", "1"), ("", "1"), ("--all-pending", "1"), ("$(id)", "1"), ("news; id", "1"),
        ("news", "0"), ("news", "1; id"), ("news", "--force"),
    ):  # fmt: skip
        ended = protected(gitlab, machine, "by-hand", **{**filled_in, "ACCOUNTS": accounts, "REVISION": revision})
        assert (True, before) == (ended.code != 0, statuses()), (accounts, revision, ended.log)

    approved = protected(gitlab, machine, "by-hand", **filled_in, ACCOUNTS="news offers")
    refused = protected(
        gitlab,
        machine,
        "by-hand",
        **{**filled_in, "COMMAND": "reject", "REASON": "Not ours; $(id)", "ACCOUNTS": "contest"},
    )
    assert [0, 0] == [approved.code, refused.code], approved.log + refused.log
    assert {"news": "active", "offers": "active", "contest": "rejected", "late": "pending"} == statuses()

    changed = gitlab.propose(2, {"accounts.d/late.yaml": marketing_account("late", email="other@example.com")})
    assert [0, 0] == [plan(gitlab, machine, 2).code, apply(gitlab, machine, 2, changed).code]
    late = protected(gitlab, machine, "by-hand", **filled_in, ACCOUNTS="late")
    assert (5, "pending") == (late.code, statuses()["late"]), late.log


def test_the_first_pipeline_of_a_fresh_project(gitlab: Site) -> None:
    """Before there is any account each job ends with 0, so that a new project begins green."""
    hosted, own = gitlab.machine("hosted"), runner(gitlab)
    head = gitlab.propose(1, {"README.md": "Our mail.\n"})
    for ended in (check(gitlab, hosted, head), plan(gitlab, own, 1), apply(gitlab, own, 1, head)):
        assert 0 == ended.code, ended.log
    assert 0 == protected(gitlab, own, "nightly").code


@pytest.mark.parametrize("job", ["check", "plan"])
def test_what_the_checkout_holds_is_never_run(
    make_site: Callable[..., Site], mail_server: MailServer, tmp_path: Path, job: str
) -> None:
    """Packages, start-up files, pip's and git's settings, programs and pipelines of a merge request are data.

    The tool is installed for real, at the version that the main branch names.
    """
    site = make_site("gitlab", installs=True)
    canary = tmp_path / "canary"
    # Of `check` the pipeline is the merge request's, and the checkout is GitLab's own, in which attributes count.
    left_out = {".gitlab-ci.yml", ".gitattributes"} if job == "check" else set()
    files = {name: text for name, text in canaries(canary).items() if name not in left_out}
    head = site.propose(9, {"accounts.d/sales.yaml": own_account("sales", mail_server), **files})
    if job == "check":
        machine = site.machine("hosted")
        ended = check(site, machine, head)
    else:
        ended = plan(site, runner(site), 9)
    assert 0 == ended.code, ended.log
    assert not canary.exists(), canary.read_text(encoding="utf-8")
    assert {f"{GITLAB}:443"} >= site.forge.contacted


def test_a_secret_does_not_travel_where_a_merge_request_sends_it(
    make_site: Callable[..., Site], mail_server: MailServer, another_server: MailServer, tmp_path: Path
) -> None:
    """An account that is sent to another server is withheld: exit 4, a comment that says so, and no login there."""
    gitlab = make_site("gitlab", starts=True)
    machine = runner(gitlab)
    apply_sales(gitlab, machine, mail_server)
    moved = {"accounts.d/sales.yaml": own_account("sales", another_server), "reconciler.yaml": EVIL_PROJECT}
    gitlab.propose(2, {**moved, **canaries(tmp_path / "canary")})

    ended = plan(gitlab, machine, 2)

    assert (4, 0) == (ended.code, another_server.login_attempts), ended.log
    (comment,) = gitlab.forge.bodies(2)
    assert (True, False) == ("withheld" in comment, PASSWORD in ended.log + comment)
    assert (False, []) == ((tmp_path / "canary").exists(), is_left(machine))


def test_sources_and_secrets_of_a_merge_requests_project_file_do_not_count(
    gitlab: Site, mail_server: MailServer, tmp_path: Path
) -> None:
    """A source command, or another variable of the job, is unknown to the main branch's project file: exit 1."""
    machine = runner(gitlab)
    canary = tmp_path / "canary"
    thief = own_account("thief", mail_server, secret="{env: RECONCILER_TOKEN}")
    source = own_account("source", mail_server, secret="{shell: key}")
    project = EVIL_PROJECT.replace("CANARY", str(canary))
    gitlab.propose(3, {"accounts.d/thief.yaml": f"{thief}---\n{source}", "reconciler.yaml": project})

    ended = plan(gitlab, machine, 3)

    assert (1, 0) == (ended.code, mail_server.login_attempts), ended.log
    assert ("[secretNotAllowed]" in ended.log, "[unknownSecretSource]" in ended.log) == (True, True)
    assert ([], False) == (gitlab.forge.bodies(3), canary.exists())


def test_a_conflict_is_told_in_our_words(gitlab: Site) -> None:
    """What git says of a merge request that conflicts would name its files; that is not shown."""
    name = "accounts.d/x\n\x1b]0;owned\x07.txt"
    gitlab.commit("main", {name: "base\n"}, at="main")
    gitlab.propose(4, {name: "theirs\n"})
    gitlab.commit("main", {name: "ours\n"}, at="main")
    ended = plan(gitlab, runner(gitlab), 4)
    assert (1, False) == (ended.code, "owned" in ended.log)
    assert ended.log.endswith("The merge request cannot be merged into the main branch as it is. Mend that first.\n")


def test_only_what_was_looked_at_is_applied(gitlab: Site, mail_server: MailServer) -> None:
    """What was pushed after the plan ends the apply with 5; a commit of no merge request ends it with 1."""
    machine = runner(gitlab)
    gitlab.propose(6, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    assert 0 == plan(gitlab, machine, 6).code
    later = gitlab.propose(6, {"accounts.d/more.yaml": own_account("more", mail_server)}, again=True)
    assert 5 == apply(gitlab, machine, 6, later).code

    gitlab.commit("main", {"accounts.d/pushed.yaml": own_account("pushed", mail_server)}, at="origin/main")
    pushed = protected(gitlab, machine, "apply")
    assert (1, True) == (pushed.code, "nothing was looked at" in pushed.log)
    assert "sales" not in gitlab.reconciler("accounts", "list", state=gitlab.state)


@pytest.mark.parametrize("looked_at", ["", "earlier", "abbreviated"])
def test_what_was_pushed_after_somebody_looked_is_not_planned(
    gitlab: Site, mail_server: MailServer, looked_at: str
) -> None:
    """The plan is of the commit that somebody names, in full; what came later logs in nowhere and leaves no comment."""
    earlier = gitlab.propose(6, {"README.md": "harmless\n"})
    later = gitlab.propose(6, {"accounts.d/sales.yaml": own_account("sales", mail_server)}, again=True)
    named = {"": {}, "earlier": {"MERGE_COMMIT": earlier}, "abbreviated": {"MERGE_COMMIT": later[:12]}}[looked_at]

    ended = protected(gitlab, runner(gitlab), "plan", MERGE_REQUEST="6", **named)

    assert (1, True) == (ended.code, "MERGE_COMMIT" in ended.log.splitlines()[-1]), ended.log
    assert (0, []) == (mail_server.login_attempts, gitlab.forge.comments)


def test_what_was_applied_is_not_applied_again_by_the_same_review(gitlab: Site, mail_server: MailServer) -> None:
    """A job that is run again once its change was undone has no reviewed plan any more: exit 1, and nothing comes back."""
    machine = runner(gitlab)
    apply_sales(gitlab, machine, mail_server)
    merged = gitlab.main()
    undone = gitlab.propose(
        2, {"accounts.d/sales.yaml": None, "accounts.d/more.yaml": own_account("more", mail_server)}
    )
    assert [0, 0] == [plan(gitlab, machine, 2).code, apply(gitlab, machine, 2, undone).code]

    folder = machine.folder / "project"
    again = gitlab.gitlab(machine, {"CI_COMMIT_BRANCH": "main"}, commit=merged).run("mail:apply", folder)

    assert (5, True) == (again.code, "already applied as revision 1" in again.log), again.log


def test_a_branch_whose_files_cannot_be_written_is_told_in_our_words(gitlab: Site) -> None:
    """What git says would hold the file's name, with whatever lines it has."""
    gitlab.commit_entry("x\n\x1b]0;owned\x07" + "x" * 300)

    ended = protected(gitlab, runner(gitlab), "nightly")

    assert (1, "The files of the main branch cannot be written on this machine.\n") == (ended.code, ended.log)


# The comment


def notes(site: Site, machine: Machine) -> Ended:
    """Plan merge request 7 of a project without accounts, which leaves its comment."""
    ended = plan(site, machine, 7)
    assert [] == is_left(machine)
    return ended


def test_one_comment_is_kept_up_to_date(gitlab: Site) -> None:
    """The first run makes a comment and the second changes it, among hundreds of others, one with the marker too."""
    machine = runner(gitlab)
    gitlab.propose(7, {"README.md": "Our mail.\n"})
    theirs = gitlab.forge.comment(7, "mallory", f"{MARKER}\ntheirs")
    for number in range(199):
        gitlab.forge.comment(7, "somebody", f"{number}")
    assert 0 == notes(gitlab, machine).code
    (ours,) = (each for each in gitlab.forge.comments if each.author == gitlab.forge.bot)
    ours.body = f"{MARKER}\nof yesterday"
    for number in range(120):
        gitlab.forge.comment(7, "somebody", f"{number}")

    assert 0 == notes(gitlab, machine).code

    assert (f"{MARKER}\ntheirs", 1) == (theirs.body, len(gitlab.forge.bodies(7)))
    assert ours.body.startswith(MARKER)
    assert "of yesterday" not in ours.body
    written = [each.split()[0] for each in gitlab.forge.asked if not each.startswith("GET")]
    pages = [match[1] for each in gitlab.forge.asked if (match := re.search(r"&page=(\d+)", each))]
    assert (["POST", "PUT"], ["1", "2", "3", "1", "2", "3"]) == (written, pages)


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_answer_that_is_an_error_fails_the_job(gitlab: Site, status: int) -> None:
    """A comment that cannot be read or written is no success, and none is added blindly."""
    gitlab.propose(7, {"README.md": "Our mail.\n"})
    gitlab.forge.failure = status
    ended = notes(gitlab, runner(gitlab))
    assert (True, []) == (ended.code != 0, gitlab.forge.comments)


@pytest.mark.parametrize("job", ["plan", "apply", "nightly"])
def test_without_the_wheel_a_protected_job_ends(gitlab: Site, job: str) -> None:
    """Where the index has another wheel than the one that was pinned, it is not installed, and nothing of the job goes on."""
    path = gitlab.work / gitlab.pipeline_of()
    text = path.read_text(encoding="utf-8")
    pinned = re.findall('#sha256=(.*)"', text)[0]
    gitlab.commit("main", {gitlab.pipeline_of(): text.replace(pinned, "0" * 64)})
    gitlab.propose(7, {"README.md": "Our mail.\n"})
    gitlab.template = None
    ended = protected(gitlab, runner(gitlab), job, MERGE_REQUEST="7")
    assert (True, []) == (ended.code != 0, gitlab.forge.asked), ended.log


def test_without_a_pinned_package_the_check_says_what_to_set(gitlab: Site) -> None:
    """As it was written, before the administrator has named a package, the job ends with a sentence that says so."""
    path = gitlab.work / ".gitlab-ci.yml"
    text = re.sub(r'RECONCILER_PACKAGE: ".*"', 'RECONCILER_PACKAGE: ""', path.read_text(encoding="utf-8"))
    head = gitlab.propose(7, {".gitlab-ci.yml": text})
    ended = check(gitlab, gitlab.machine("hosted"), head)
    assert (True, True) == (ended.code != 0, "RECONCILER_PACKAGE: is not set, see the head" in ended.log)
