"""The workflow for GitHub that is asked by comments, step by step, and those who would speak for others."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PASSWORD, own_account
from tests.system.ci.forge import GITHUB

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.mailserver import MailServer
    from tests.system.ci.runner import Ended, Machine
    from tests.system.ci.site import Site


def told_of(site: Site, number: int, head: str, *, merged: str | None = None, base: str = "main") -> None:
    """Have the code host tell of a pull request."""
    site.forge.pulls[number] = {
        "state": "open" if merged is None else "closed",
        "head": {"sha": head},
        "base": {"ref": base},
        "merged": merged is not None,
        "merge_commit_sha": merged,
    }


def asked(site: Site, machine: Machine, number: int, text: str, **more: Any) -> dict[str, Ended]:
    """Run the jobs that a comment starts."""
    service = site.github(machine, "issue_comment", **site.comment(number, text, **more))
    return {job: service.run(job) for job in service.started()}


def answers(site: Site, number: int) -> list[str]:
    """Return what was answered to comments: what the bot wrote, but for the plan."""
    return [each for each in site.forge.bodies(number) if not each.startswith("<!--")]


@pytest.mark.parametrize("has_database", [False, True], ids=["sqlite", "postgresql"])
def test_from_a_comment_to_the_merge(
    make_site: Callable[..., Site], mail_server: MailServer, request: pytest.FixtureRequest, *, has_database: bool
) -> None:
    """A bare /plan is answered with the line to write; that plans; once merged, /apply applies what was planned."""
    site = make_site(
        "github",
        approval="comments",
        database=request.getfixturevalue("database") if has_database else None,
    )
    site.forge.permissions["member"] = "write"
    machine = site.machine("own")
    head = site.propose(7, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    told_of(site, 7, head)

    refused = asked(site, machine, 7, "/plan")["plan"]
    assert (1, 0) == (refused.code, mail_server.login_attempts), refused.log
    (answer,) = answers(site, 7)
    line = answer.splitlines()[-1].strip()
    assert f"/plan {head}" == line

    planned = asked(site, machine, 7, f"{line}\r\n")["plan"]
    assert (0, 1) == (planned.code, mail_server.login_attempts), planned.log
    (comment,) = (each for each in site.forge.bodies(7) if each.startswith("<!--"))
    assert ("    /apply", True) == (comment.splitlines()[-1], "`sales`" in comment)

    early = asked(site, machine, 7, "/apply")["apply"]
    assert (1, 2) == (early.code, len(answers(site, 7))), early.log
    told_of(site, 7, head, merged=site.merge(7, head))
    applied = asked(site, machine, 7, "/apply")["apply"]
    assert 0 == applied.code, applied.log
    history = site.reconciler("history", "--format", "json", state=site.state)
    assert f"https://{GITHUB}/example/mail/pull/7" in history
    assert PASSWORD not in "".join([refused.log, planned.log, applied.log, *site.forge.bodies(7)])


@pytest.mark.parametrize(
    "more",
    [
        {"author_association": "NONE"},
        {"author_association": "CONTRIBUTOR"},
        {"author_association": "FIRST_TIME_CONTRIBUTOR"},
        {"author_association": "FIRST_TIMER"},
        {"author_association": "MANNEQUIN"},
        {"user": {"login": "member", "type": "Bot"}},
        {"user": {"login": "member", "type": "Organization"}},
        {"body": "please /plan"},
        {"body": "> /plan"},
    ],
    ids=str,
)
def test_whose_comments_start_nothing(commented: Site, more: dict[str, Any]) -> None:
    """Strangers, programs, and a command that is only quoted; no machine is woken for them."""
    machine = commented.machine("own")
    for text in ("/plan", "/apply", "/approve news"):
        assert {} == asked(commented, machine, 7, text, **more)


@pytest.mark.parametrize("who", ["reader", "nobody"])
def test_a_member_who_may_not_write_is_refused(commented: Site, mail_server: MailServer, who: str) -> None:
    """Being a member of the organisation is not enough: what counts is what one may do in this repository."""
    machine = commented.machine("own")
    head = commented.propose(7, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    for job, merged in (("plan", None), ("apply", commented.main())):
        told_of(commented, 7, head, merged=merged)
        text = f"/plan {head}" if job == "plan" else "/apply"
        ended = asked(commented, machine, 7, text, who=who)[job]
        assert (1, True) == (ended.code, "Not permitted" in ended.log), ended.log
    assert ([], 0) == (answers(commented, 7), mail_server.login_attempts)


def test_what_is_pushed_after_the_look_is_not_planned(commented: Site, mail_server: MailServer) -> None:
    """A push between comment and run, or back to a commit of before, is answered with the new head; nobody logs in."""
    machine = commented.machine("own")
    seen = commented.propose(7, {"accounts.d/sales.yaml": own_account("sales", mail_server)})
    later = commented.propose(7, {"accounts.d/evil.yaml": own_account("evil", mail_server)}, again=True)
    told_of(commented, 7, later)
    for text in (
        f"/plan {seen}",
        f"/plan {later[:12]}",
        f"/plan {later} {seen}",
        f"/plan\n{seen}",
        f"/plan {later}; id",
    ):
        ended = asked(commented, machine, 7, text)["plan"]
        assert (1, 0) == (ended.code, mail_server.login_attempts), (text, ended.log)
    assert {f"/plan {later}"} == {each.splitlines()[-1].strip() for each in answers(commented, 7)}


@pytest.mark.parametrize(
    "told",
    [{"base": "elsewhere"}, {"merged": "1" * 40}],
    ids=["to another branch", "closed"],
)
def test_a_request_that_is_not_to_be_planned(commented: Site, told: dict[str, Any]) -> None:
    """Only an open pull request to the main branch is planned."""
    told_of(commented, 7, "2" * 40, **told)
    ended = asked(commented, commented.machine("own"), 7, f"/plan {'2' * 40}")["plan"]
    assert (1, ["Only an open pull request to `main` is planned."]) == (ended.code, answers(commented, 7))


def test_a_comment_cannot_command_the_runner(commented: Site) -> None:
    """Text of a comment is never shell, nor a line of commands in the log, nor an option."""
    machine = commented.machine("own")
    told_of(commented, 7, "2" * 40)
    for text in (
        "/plan $(touch /tmp/never)",
        "/plan\n::set-env name=PATH::x",
        "/plan --help",
        "/plan `id`",
        "/plan @x",
    ):
        ended = asked(commented, machine, 7, text)["plan"]
        assert (1, True) == (ended.code, "::set-env" not in ended.log), ended.log


def test_the_issue_of_the_night_and_an_approval(commented: Site) -> None:
    """The night keeps one issue up to date, with the line that approves; a reader and another revision are refused."""
    machine = commented.machine("own")
    apply_news(commented, machine)
    for _ in range(2):
        service = commented.github(machine, "schedule")
        ended = service.run("nightly")
        assert 0 == ended.code, ended.log
    (issue,) = commented.forge.issues
    assert issue.body is not None
    line = issue.body.splitlines()[-1].strip()
    assert ("/approve NAME... --if-revision 1", True) == (line, "news" in issue.body)

    def approve(text: str, who: str = "member") -> Ended:
        event = commented.comment(issue.number, text, who=who)
        event["issue"] = {"number": issue.number, "user": {"login": "github-actions[bot]"}, "body": issue.body}
        service = commented.github(machine, "issue_comment", **event)
        assert ["approve"] == service.started()
        return service.run("approve")

    refused = [approve(text) for text in ("/approve news", "/approve --all-pending", "/approve $(id) --if-revision 1")]
    refused += [approve(line.replace("NAME...", "news"), who="reader"), approve("/approve news --if-revision 0")]
    assert [1, 1, 1, 1, True] == [*(each.code for each in refused[:4]), refused[4].code != 0]
    ended = approve(line.replace("NAME...", "news"))
    assert 0 == ended.code, ended.log
    listed = commented.reconciler("accounts", "list", "--format", "json", state=commented.state)
    assert '"active"' in listed


def apply_news(site: Site, machine: Machine) -> None:
    """Have a marketing account in state that waits for its approval."""
    manifest = (
        "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\nspec:\n"
        "  email: news@example.com\n  displayName: Example News\n"
        "  replyTo: {email: office@example.com, displayName: Example Office}\n"
    )
    head = site.propose(1, {"accounts.d/news.yaml": manifest})
    told_of(site, 1, head)
    planned = asked(site, machine, 1, f"/plan {head}")["plan"]
    told_of(site, 1, head, merged=site.merge(1, head))
    for ended in (planned, asked(site, machine, 1, "/apply")["apply"]):
        assert 0 == ended.code, ended.log


def test_an_issue_of_somebody_else_is_left_alone(commented: Site) -> None:
    """Whoever writes the marker into an issue of theirs has it neither changed nor listened to."""
    from tests.system.ci.forge import Issue

    theirs = Issue(9, "mallory", "x", "<!-- reconciler status: mail -->\ntheirs")
    commented.forge.issues.append(theirs)
    machine = commented.machine("own")
    assert 0 == commented.github(machine, "schedule").run("nightly").code
    assert "<!-- reconciler status: mail -->\ntheirs" == theirs.body
    event = commented.comment(9, "/approve news --if-revision 1")
    event["issue"] = {"number": 9, "user": {"login": "mallory"}, "body": theirs.body}
    assert [] == commented.github(machine, "issue_comment", **event).started()


@pytest.mark.parametrize("approval", ["environments", "comments"])
def test_what_is_done_by_hand(make_site: Callable[..., Site], approval: str) -> None:
    """A stop, its end and a verification from the page of the workflow; who did it stands in the journal."""
    site = make_site("github", approval=approval)
    site.forge.permissions["member"] = "write"
    machine = site.machine("own")

    def do(command: str, accounts: str = "", reason: str = "") -> Ended:
        inputs = {"command": command, "accounts": accounts, "reason": reason}
        service = site.github(machine, "workflow_dispatch", inputs=inputs)
        assert ["by-hand"] == service.started()
        return service.run("by-hand")

    if approval == "comments":
        apply_news(site, machine)
        for command, wanted in (
            ("suspend", "suspended"),
            ("resume", "pending"),
            ("approve", "active"),
            ("reject", "rejected"),
        ):
            ended = do(command, "news", "A reason; $(id)")
            assert 0 == ended.code, ended.log
            assert f'"{wanted}"' in site.reconciler("accounts", "list", "--format", "json", state=site.state)
        assert "mallory$(id)" in site.reconciler("history", "--format", "json", "news", state=site.state)
    assert 0 == do("verify").code
    assert [True] * 4 == [
        do(*words).code != 0
        for words in (("suspend", "", "why"), ("suspend", "no-such", "why"), ("rotate",), ("approve", "--all-pending"))
    ]


def test_a_journal_that_was_cut_off_is_noticed_by_whoever_acts_by_hand(commented: Site) -> None:
    """State put back behind the noted head is neither verified nor approved in; a stop is done, and its job fails all the same."""
    machine = commented.machine("own")
    apply_news(commented, machine)
    kept = commented.home / "kept.db"
    shutil.copy(commented.home / "state.db", kept)

    def do(command: str, accounts: str = "") -> Ended:
        inputs = {"command": command, "accounts": accounts, "reason": "why"}
        return commented.github(machine, "workflow_dispatch", inputs=inputs).run("by-hand")

    assert 0 == do("approve", "news").code
    assert 0 == commented.github(machine, "schedule").run("nightly").code
    (issue,) = commented.forge.issues
    shutil.move(kept, commented.home / "state.db")

    event = commented.comment(issue.number, "/approve news --if-revision 1")
    event["issue"] = {"number": issue.number, "user": {"login": "github-actions[bot]"}, "body": issue.body}
    ended = [commented.github(machine, "issue_comment", **event).run("approve"), do("approve", "news"), do("verify")]
    assert [1, 1, 1] == [each.code for each in ended], [each.log for each in ended]
    assert '"pending"' in commented.reconciler("accounts", "list", "--format", "json", state=commented.state)
    assert 1 == do("suspend", "news").code
    assert '"suspended"' in commented.reconciler("accounts", "list", "--format", "json", state=commented.state)
