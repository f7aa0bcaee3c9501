"""The workflow for GitHub, step by step, on a real repository and state, with a stranger's pull requests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from reconciler import __version__
from tests.cli.project import OPERATOR, PASSWORD, own_account
from tests.system.ci.forge import GITHUB, GITHUB_API
from tests.system.ci.hostile import CODE, EVIL_PROJECT, canaries
from tests.system.ci.site import DATABASE_KEY, DATABASE_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mailserver import MailServer
    from tests.system.ci.runner import Ended, Machine
    from tests.system.ci.site import Site

MARKER = "<!-- reconciler plan: mail -->"


def check(site: Site, machine: Machine, number: int, head: str) -> Ended:
    """Run the job without secrets on a pull request."""
    merged = site.merge_preview(number, head)
    service = site.github(machine, "pull_request", sha=merged, **site.pull_request(number, head))
    assert ["check"] == service.started()
    return service.run("check")


def plan(site: Site, machine: Machine, number: int, head: str) -> Ended:
    """Run the protected job on a pull request."""
    service = site.github(machine, "pull_request_target", **site.pull_request(number, head))
    assert ["plan"] == service.started()
    return service.run("plan")


def apply(site: Site, machine: Machine, number: int, head: str) -> Ended:
    """Merge a pull request, and run the job that applies it."""
    merged = site.merge(number, head)
    service = site.github(machine, "pull_request_target", **site.pull_request(number, head, merged=merged))
    assert ["apply"] == service.started()
    return service.run("apply")


def nightly(site: Site, machine: Machine) -> Ended:
    """Run the job of the night."""
    service = site.github(machine, "schedule")
    assert ["nightly"] == service.started()
    return service.run("nightly")


def apply_sales(site: Site, machine: Machine, server: MailServer) -> None:
    """Have the account sales in state."""
    head = site.propose(1, {"accounts.d/sales.yaml": own_account("sales", server)})
    for ended in (plan(site, machine, 1, head), apply(site, machine, 1, head)):
        assert 0 == ended.code, ended.log
    server.logins.clear()


def test_from_a_pull_request_to_the_night(make_site: Callable[..., Site], mail_server: MailServer) -> None:
    """A pull request is checked and planned with one comment, its merge applied, and the night verifies it."""
    github = make_site("github", starts=True)
    hosted, own = github.machine("hosted"), github.machine("own")
    head = github.propose(7, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    checked = check(github, hosted, 7, head)
    assert (0, 0) == (checked.code, mail_server.login_attempts), checked.log

    planned = plan(github, own, 7, head)
    assert (0, 1) == (planned.code, mail_server.login_attempts), planned.log
    (comment,) = github.forge.bodies(7)
    assert (True, True) == (comment.startswith(MARKER), "`sales`" in comment)

    head = github.propose(
        7, {"accounts.d/sales.yaml": own_account("sales", mail_server, display_name="Changed")}, again=True
    )
    assert 0 == plan(github, own, 7, head).code
    (changed,) = github.forge.bodies(7)
    assert (False, True) == ("Changed" in comment, "Changed" in changed)

    applied = apply(github, own, 7, head)
    assert 0 == applied.code, applied.log
    assert [(OPERATOR,)] == [message.recipients for message in mail_server.messages]
    history = github.reconciler("history", "--format", "json", state=github.state)
    assert f"https://{GITHUB}/example/mail/pull/7" in history

    for _ in range(2):
        verified = nightly(github, own)
        assert 0 == verified.code, verified.log
    assert github.noted() in verified.log
    assert {"state.db", "fingerprint.key"} == {each.name for each in github.home.iterdir()}
    assert PASSWORD not in f"{checked.log}{planned.log}{applied.log}{verified.log}{changed}"
    assert {f"{GITHUB}:443", f"{GITHUB_API}:443"} == github.forge.contacted


def test_with_its_state_in_a_database(make_site: Callable[..., Site], database: str, mail_server: MailServer) -> None:
    """Every job is green, `check` without any key, and all of them mean the one state that the main branch names."""
    site = make_site("github", database=database)
    hosted, own = site.machine("hosted"), site.machine("own")
    head = site.propose(7, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    ended = [check(site, hosted, 7, head), plan(site, own, 7, head), apply(site, own, 7, head), nightly(site, own)]
    assert [0, 0, 0, 0] == [each.code for each in ended], "".join(each.log for each in ended)
    assert "sales" in site.reconciler("accounts", "list", state=database)
    assert not site.home.exists()
    assert ["stateFromVariable" in each.log for each in ended] == [True, False, False, False]
    logs = "".join(each.log for each in ended) + "".join(site.forge.bodies(7))
    assert [False, False, False] == [each in logs for each in (PASSWORD, DATABASE_PASSWORD, DATABASE_KEY)]


def test_a_pull_request_does_not_choose_the_database(
    make_site: Callable[..., Site], database: str, mail_server: MailServer
) -> None:
    """What its project file says of the state is not what is read: the plan is of the main branch's."""
    site = make_site("github", database=database)
    evil = EVIL_PROJECT + "state: postgresql://127.0.0.1:1/mail\n"
    head = site.propose(2, {"reconciler.yaml": evil, "accounts.d/sales.yaml": own_account("sales", mail_server)})
    ended = plan(site, site.machine("own"), 2, head)
    assert 0 == ended.code, ended.log


def test_a_journal_that_was_cut_off_is_noticed_in_the_night(github: Site, mail_server: MailServer) -> None:
    """State put back to what it was before a night's head was noted ends the job, and nothing is verified."""
    machine = github.machine("own")
    kept = github.home / "kept.db"
    shutil.copy(github.home / "state.db", kept)
    apply_sales(github, machine, mail_server)
    assert 0 == nightly(github, machine).code
    noted = github.noted()
    shutil.move(kept, github.home / "state.db")
    mail_server.logins.clear()

    ended = nightly(github, machine)

    assert (1, 0) == (ended.code, mail_server.login_attempts), ended.log
    assert noted == github.noted()


def test_the_first_pipeline_of_a_fresh_project(github: Site) -> None:
    """Before there is any account each job ends with 0, so that a new project begins green."""
    hosted, own = github.machine("hosted"), github.machine("own")
    head = github.propose(1, {"README.md": "Our mail.\n"})
    for ended in (check(github, hosted, 1, head), plan(github, own, 1, head), apply(github, own, 1, head)):
        assert 0 == ended.code, ended.log
    assert 0 == nightly(github, own).code


@pytest.mark.parametrize("job", ["check", "plan"])
def test_what_the_checkout_holds_is_never_run(
    make_site: Callable[..., Site], mail_server: MailServer, tmp_path: Path, job: str
) -> None:
    """Packages, start-up files, pip's and git's settings, programs and pipelines of a pull request are data.

    The tool is installed for real, at the version that the main branch names.
    """
    site = make_site("github", installs=True)
    machine = site.machine("machine")
    canary = tmp_path / "canary"
    files = {name: text for name, text in canaries(canary).items() if job == "plan" or not name.startswith(".github/")}
    head = site.propose(9, {"accounts.d/sales.yaml": own_account("sales", mail_server), **files})

    ended = check(site, machine, 9, head) if job == "check" else plan(site, machine, 9, head)

    assert 0 == ended.code, ended.log
    assert not canary.exists(), canary.read_text(encoding="utf-8")
    (tool,) = (machine.folder / job / "temp" / "tool" / "lib").glob("*/site-packages/reconciler/__init__.py")
    assert f'__version__ = "{__version__}"' in tool.read_text(encoding="utf-8")
    assert {f"{GITHUB}:443", f"{GITHUB_API}:443"} >= site.forge.contacted


def test_a_secret_does_not_travel_where_a_pull_request_sends_it(
    make_site: Callable[..., Site], mail_server: MailServer, another_server: MailServer, tmp_path: Path
) -> None:
    """An account that is sent to another server is withheld: exit 4, a comment that says so, and no login there."""
    github = make_site("github", starts=True)
    machine = github.machine("own")
    apply_sales(github, machine, mail_server)
    moved = {"accounts.d/sales.yaml": own_account("sales", another_server), "reconciler.yaml": EVIL_PROJECT}
    head = github.propose(2, {**moved, **canaries(tmp_path / "canary")})

    ended = plan(github, machine, 2, head)

    assert (4, 0) == (ended.code, another_server.login_attempts), ended.log
    (comment,) = github.forge.bodies(2)
    assert (True, False) == ("withheld" in comment, PASSWORD in ended.log + comment)
    assert not (tmp_path / "canary").exists()


def test_sources_and_secrets_of_a_pull_requests_project_file_do_not_count(
    make_site: Callable[..., Site], mail_server: MailServer, tmp_path: Path
) -> None:
    """A source command, or another variable of the job, is unknown to the main branch's project file: exit 1."""
    github = make_site("github", starts=True)
    machine = github.machine("own")
    canary = tmp_path / "canary"
    thief = own_account("thief", mail_server, secret="{env: GH_TOKEN}")
    source = own_account("source", mail_server, secret="{shell: key}")
    project = EVIL_PROJECT.replace("CANARY", str(canary))
    head = github.propose(
        3, {"accounts.d/thief.yaml": f"{thief}---\n{source}", "reconciler.yaml": project, **canaries(canary)}
    )

    ended = plan(github, machine, 3, head)

    assert (1, 0) == (ended.code, mail_server.login_attempts), ended.log
    assert ("[secretNotAllowed]" in ended.log, "[unknownSecretSource]" in ended.log) == (True, True)
    assert ([], False) == (github.forge.bodies(3), canary.exists())


def test_a_conflict_is_told_in_our_words(github: Site) -> None:
    """What git says of a pull request that conflicts would name its files; a file name cannot command the runner."""
    name = "accounts.d/x\n::error file=reconciler.yaml::no\n::set-env name=PATH::x"
    github.commit("main", {name: CODE}, at="main")
    head = github.propose(4, {name: "theirs\n"})
    github.commit("main", {name: "ours\n"}, at="main")

    ended = plan(github, github.machine("own"), 4, head)

    assert 1 == ended.code
    told = [line for line in ended.log.splitlines() if "::" in line]
    assert ["::error title=Not planned"] == [line.rsplit("::", 1)[0] for line in told]
    assert [] == github.forge.bodies(4)


def test_hostile_file_names_reach_the_log_as_text(github: Site, mail_server: MailServer) -> None:
    """A manifest with a line of commands for its name, and a problem in it, starts no command in the log."""
    name = "accounts.d/x\n::set-env name=PATH::x\n##[error]y.yaml"
    head = github.propose(5, {name: own_account("sales", mail_server) + "  unknown: x\n"})
    hosted = github.machine("hosted")

    logs = [check(github, hosted, 5, head).log, plan(github, github.machine("own"), 5, head).log]

    for log in logs:
        assert "unknown" in log
        commands = [line.split(" ")[0] for line in log.splitlines() if line.lstrip().startswith("::")]
        assert {"::error", "::warning", "::notice"} >= set(commands)
        assert "##[" not in log


def test_only_what_was_looked_at_is_applied(github: Site, mail_server: MailServer) -> None:
    """What was pushed after the plan ends the apply with 5; without any plan it ends with 1; state stays as it was."""
    machine = github.machine("own")
    head = github.propose(6, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    assert 0 == plan(github, machine, 6, head).code
    later = github.propose(6, {"accounts.d/more.yaml": own_account("more", mail_server)}, again=True)

    refused = apply(github, machine, 6, later)

    assert 5 == refused.code, refused.log
    unseen = github.propose(8, {"accounts.d/news.yaml": own_account("news", mail_server)})
    assert 1 == apply(github, machine, 8, unseen).code
    assert '"accounts":[]' in github.reconciler("accounts", "list", "--format", "json", state=github.state).replace(
        " ", ""
    ).replace("\n", "")


def test_what_was_applied_is_not_applied_again_by_the_same_review(github: Site, mail_server: MailServer) -> None:
    """A job that is run again later cannot bring back what was undone."""
    machine = github.machine("own")
    apply_sales(github, machine, mail_server)
    merged = github.main()
    undone = {"accounts.d/sales.yaml": None, "accounts.d/more.yaml": own_account("more", mail_server)}
    gone = github.propose(2, undone)
    for job in (plan, apply):
        ended = job(github, machine, 2, gone)
        assert 0 == ended.code, ended.log

    again = github.github(machine, "pull_request_target", **github.pull_request(1, "0" * 40, merged=merged)).run(
        "apply"
    )

    assert (5, True) == (again.code, "already applied as revision 1" in again.log), again.log


@pytest.mark.parametrize("job", ["nightly", "plan"])
def test_a_branch_whose_files_cannot_be_written_is_told_in_our_words(github: Site, job: str) -> None:
    """A file's name can have lines, and git would write them into the log, where the runner obeys them."""
    head = github.commit_entry("x\n::stop-commands::x\n" + "x" * 300)
    machine = github.machine("own")

    ended = nightly(github, machine) if job == "nightly" else plan(github, machine, 4, head)

    told = "::error title=Not checked out::The files of the main branch cannot be written on this machine.\n"
    assert (1, told) == (ended.code, ended.log[: len(told)])
    assert "stop-commands" not in ended.log  # the night goes on to its issue, and says which state it tells of


# The comment


def comment_step(site: Site, text: str | None, number: int = 7) -> Ended:
    """Run the step that comments, with what the plan's step has left for it."""
    machine = site.machine(f"machine-{len(site.forge.asked)}")
    place = machine.folder / "job"
    (place / "temp").mkdir(parents=True)
    if text is not None:
        (place / "temp" / "comment.md").write_text(text, encoding="utf-8")
    service = site.github(machine, "pull_request_target", **site.pull_request(number, "0" * 40))
    return service.step("plan", "Comment", place)


def test_one_comment_is_kept_up_to_date(github: Site) -> None:
    """The first run makes a comment and the second changes it, among two hundred of others, whatever stands in it."""
    for number in range(230):
        github.forge.comment(7, "somebody", f"{number}")
    awkward = f'{MARKER}\n`$(id)` "quoted" 100% &amp; żółw\n@not-a-file\n'
    assert 0 == comment_step(github, awkward).code
    for number in range(120):
        github.forge.comment(7, "somebody", f"{number}")

    assert 0 == comment_step(github, awkward + "more\n").code

    assert [awkward + "more\n"] == github.forge.bodies(7)
    assert ["POST", "PATCH"] == [each.split()[0] for each in github.forge.asked if not each.startswith("GET")]


def test_the_marker_in_a_comment_of_somebody_else_is_left_alone(github: Site) -> None:
    """Everybody can write the marker; only comments of the job's own account are changed, of this project alone."""
    theirs = github.forge.comment(7, "mallory", f"{MARKER}\ntheirs")
    other = github.forge.comment(7, github.forge.bot, "<!-- reconciler plan: other -->\nanother project's")

    assert 0 == comment_step(github, f"{MARKER}\nours\n").code

    assert (f"{MARKER}\ntheirs", "<!-- reconciler plan: other -->\nanother project's") == (theirs.body, other.body)
    assert [other.body, f"{MARKER}\nours\n"] == github.forge.bodies(7)


@pytest.mark.parametrize("status", [401, 403, 404, 422, 500, 502])
def test_an_answer_that_is_an_error_fails_the_step(github: Site, status: int) -> None:
    """A comment that cannot be read or written is no success, and none is added blindly."""
    github.forge.failure = status
    ended = comment_step(github, f"{MARKER}\n")
    assert (True, []) == (ended.code != 0, github.forge.comments)
    assert ["GET"] == [each.split()[0] for each in github.forge.asked]


def test_without_a_plan_there_is_no_comment(github: Site) -> None:
    """Where no plan could be made the step says nothing and asks nobody."""
    assert (0, []) == (comment_step(github, None).code, github.forge.asked)


def test_the_token_of_the_job_is_nowhere_left(github: Site, mail_server: MailServer) -> None:
    """Neither the fetched repository nor the log holds the job's token."""
    machine = github.machine("own")
    head = github.propose(7, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    ended = plan(github, machine, 7, head)
    assert github.forge.token not in ended.log
    kept = [path for path in (machine.folder / "plan" / "temp" / "checkout").rglob("*") if path.is_file()]
    assert [] == [path for path in kept if github.forge.token.encode() in path.read_bytes()]


def test_an_event_starts_the_jobs_that_are_meant_for_it(github: Site) -> None:
    """A pull request that is closed without a merge starts nothing; each other event starts one job."""
    machine = github.machine("own")
    closed = github.pull_request(7, "0" * 40, merged="1" * 40)
    closed["pull_request"]["merged"] = False
    started = {
        name: github.github(machine, event, **payload).started()
        for name, event, payload in (
            ("opened", "pull_request_target", github.pull_request(7, "0" * 40)),
            ("checked", "pull_request", github.pull_request(7, "0" * 40)),
            ("closed", "pull_request_target", closed),
            ("night", "schedule", {}),
        )
    }
    assert {"opened": ["plan"], "checked": ["check"], "closed": [], "night": ["nightly"]} == started
