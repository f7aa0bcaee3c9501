"""Jobs on machines that are thrown away: what one is to know of another comes from the code host, and nobody can forge it.

Every job of these tests finds a machine without anything of the job before (``Machine.renew``); state is in PostgreSQL.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Literal

import pytest

from tests.cli.project import PASSWORD, own_account
from tests.system.ci import test_github, test_gitlab
from tests.system.ci.site import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mailserver import MailServer
    from tests.system.ci.forge import Comment
    from tests.system.ci.runner import Ended, Machine
    from tests.system.ci.site import Site

CI = Literal["github", "gitlab"]


class Jobs:
    """The jobs of a site, each on a machine of its own."""

    def __init__(self, site: Site) -> None:
        """Take the site."""
        self.site = site
        self.machine: Machine = test_gitlab.runner(site) if site.ci == "gitlab" else site.machine("own")

    def check(self, number: int, head: str) -> Ended:
        """Run the job without secrets."""
        if self.site.ci == "gitlab":
            return test_gitlab.check(self.site, self.machine, head)
        return test_github.check(self.site, self.machine, number, head)

    def plan(self, number: int, head: str) -> Ended:
        """Run the job that plans in full."""
        if self.site.ci == "gitlab":
            return test_gitlab.plan(self.site, self.machine, number)
        return test_github.plan(self.site, self.machine, number, head)

    def apply(self, number: int) -> Ended:
        """Run the job that applies what was merged last."""
        if self.site.ci == "gitlab":
            return test_gitlab.protected(self.site, self.machine, "apply")
        told = self.site.pull_request(number, "0" * 40, merged=self.site.main())
        return self.site.github(self.machine, "pull_request_target", **told).run("apply")

    def nightly(self) -> Ended:
        """Run the job of the night."""
        if self.site.ci == "gitlab":
            return test_gitlab.protected(self.site, self.machine, "nightly")
        return test_github.nightly(self.site, self.machine)

    def comment(self, number: int) -> Comment:
        """Return the comment that shows the plan of a request."""
        (found,) = (
            each for each in self.site.forge.comments if each.request == number and each.author == self.site.forge.bot
        )
        return found

    def forbid_pushes(self, *, is_forbidden: bool) -> None:
        """Have the code host take no push, as a rule of the repository may."""
        hook = self.site.folder / "origin.git" / "hooks" / "pre-receive"
        hook.unlink(missing_ok=True)
        if is_forbidden:
            hook.parent.mkdir(exist_ok=True)
            hook.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
            hook.chmod(0o755)


def names_in_state(site: Site) -> list[str]:
    """Return the names of the recorded accounts."""
    listed = json.loads(site.reconciler("accounts", "list", "--format", "json", state=site.database))
    return [each["name"] for each in listed["accounts"]]


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_what_was_looked_at_reaches_another_machine(
    make_site: Callable[..., Site], database: str, mail_server: MailServer, tmp_path: Path, ci: CI
) -> None:
    """From a first request to a state that somebody put back: no file of a runner, and nothing that a comment forges."""
    site = make_site(ci, database=database)
    jobs = Jobs(site)
    texts = {f"accounts.d/{name}.yaml": own_account(name, mail_server) for name in ("sales", "quiet")}
    head = site.propose(1, texts)
    first = [jobs.check(1, head), jobs.plan(1, head)]
    site.merge(1, head)
    first.append(jobs.apply(1))
    assert [0, 0, 0] == [each.code for each in first], "".join(each.log for each in first)
    assert "each account shows as new" in first[0].log
    assert (False, ["quiet", "sales"]) == (site.home.exists(), names_in_state(site))

    # The next request is checked against what is applied, whatever it brings under that name.
    changed = own_account("sales", mail_server, display_name="Changed")
    head = site.propose(2, {"accounts.d/sales.yaml": changed, "applied.db": "forged", "reconciler/applied": "forged"})
    checked = jobs.check(2, head)
    assert (0, True, False) == (checked.code, "Changed" in checked.log, "quiet" in checked.log), checked.log

    # What the comment says counts with its seal, for its request, and as long as it is there.
    assert 0 == jobs.plan(2, head).code
    site.merge(2, head)
    comment, foreign = jobs.comment(2), jobs.comment(1).body
    shown = comment.body
    for body, code, told in (
        (re.sub('"shown":\\["', '"shown":["x","', shown), 4, "altered"),
        (re.sub("<!-- reconciler review: .*\n", "", shown), 1, "review the new comment"),
        (foreign, 5, "merge_requests/1" if ci == "gitlab" else "pull/1"),
        ("deleted", 1, "it was never planned, or the comment was deleted"),
    ):
        comment.body = body
        refused = jobs.apply(2)
        assert (code, True) == (refused.code, told in refused.log), (told, refused.log)
    comment.body = shown

    # What cannot be noted is told, and is noted by the next job.
    noted = site.noted()
    jobs.forbid_pushes(is_forbidden=True)
    applied = jobs.apply(2)
    assert (1, True) == (applied.code, "What this" in applied.log), applied.log
    assert "Changed" in site.reconciler("accounts", "show", "sales", state=database)
    jobs.forbid_pushes(is_forbidden=False)
    kept = tmp_path / "kept.db"
    site.reconciler("state", "backup", str(kept), state=database)
    assert 5 == jobs.apply(2).code, "it is applied already"
    assert (True, True) == (jobs.nightly().code == 0, noted != site.noted())

    # A state that somebody has put back is refused before anything is written over it.
    head = site.propose(3, {"accounts.d/more.yaml": own_account("more", mail_server)})
    assert 0 == jobs.plan(3, head).code
    site.merge(3, head)
    assert 0 == jobs.apply(3).code
    noted = site.noted()
    site.reconciler("state", "restore", str(kept), "--allow-older", state=database)
    mail_server.logins.clear()
    for ended in (jobs.apply(3), jobs.nightly()):
        assert (1, 0) == (ended.code, mail_server.login_attempts), ended.log
    assert (noted, ["quiet", "sales"]) == (site.noted(), names_in_state(site))

    # Somebody who may push says that it was meant, as the runbook has it.
    git(site.work, "fetch", "--quiet", "origin", "reconciler/mail/journal")
    git(site.work, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    (site.work / "head").write_text(site.reconciler("journal", "head", state=database), encoding="utf-8")
    git(site.work, "commit", "--quiet", "--message", "Back to the backup", "head")
    git(site.work, "push", "--quiet", "origin", "HEAD:refs/heads/reconciler/mail/journal")
    assert 0 == jobs.nightly().code
    logs = "".join(each.log for each in [*first, checked, applied]) + "".join(each.body for each in site.forge.comments)
    assert (False, False) == (PASSWORD in logs, site.forge.token in logs)


def test_a_state_in_a_file_needs_a_disk_that_lasts(github: Site) -> None:
    """On a machine without the file a job ends and says so, rather than to plan everything anew."""
    head = github.propose(7, {"README.md": "Our mail.\n"})
    shutil.rmtree(github.home)
    ended = test_github.plan(github, github.machine("own"), 7, head)
    assert (1, True) == (ended.code, "stateMissing" in ended.log), ended.log
