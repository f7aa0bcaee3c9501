"""Projects with environments, and several projects in one repository: each has its own, on both code hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.cli.project import PASSWORD, USER, own_account
from tests.support.mailserver import MailServer
from tests.system.ci.forge import GITHUB
from tests.system.ci.hostile import EVIL_PROJECT, canaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.system.ci.runner import Ended, Machine
    from tests.system.ci.site import Site

CI = Literal["github", "gitlab"]
PRODUCTION_PASSWORD = "another-horse-stapled"
ENVIRONMENTS = {
    "staging": {"SMTP_STAGING_PASSWORD": PASSWORD},
    "production": {"SMTP_PROD_PASSWORD": PRODUCTION_PASSWORD},
}
both = pytest.mark.parametrize("ci", ["github", "gitlab"])


@pytest.fixture
def production() -> Iterator[MailServer]:
    """Run the mail server that counts."""
    with MailServer(encryption="none", users={USER: PRODUCTION_PASSWORD}) as running:
        yield running


def ran(
    site: Site, machine: Machine, job: str, number: int, *, where: str | None, project: str = "mail", **by_hand: str
) -> Ended:
    """Run a job of the main branch for a pull request that is open, or was merged as the head of main, or by hand."""
    if site.ci == "gitlab":
        folder = machine.folder / "project"
        folder.mkdir(exist_ok=True)
        asked = {"MERGE_REQUEST": str(number), "MERGE_COMMIT": site.head_of(number)} if job == "plan" else {}
        gitlab = site.gitlab(machine, {"CI_COMMIT_BRANCH": "main", **asked, **by_hand}, commit=site.main())
        return gitlab.run(f"{project}:{where}:{job}" if where else f"{project}:{job}", folder)
    events = {"plan": "pull_request_target", "apply": "pull_request_target", "nightly": "schedule"}
    told = {}
    if job in {"plan", "apply"}:
        told = site.pull_request(number, site.head_of(number), merged=site.main() if job == "apply" else None)
    inputs = {name.lower(): text for name, text in by_hand.items()}
    more = (
        {"inputs": {"accounts": "", "reason": "", "revision": "", "environment": where, **inputs}} if by_hand else told
    )
    service = site.github(machine, events.get(job, "workflow_dispatch"), project=project, **more)
    assert [job] == service.started()
    return service.run(job, None if by_hand else where)


def checked(site: Site, machine: Machine, number: int, head: str, project: str = "mail", **changed: str) -> Ended:
    """Run the job without secrets."""
    if site.ci == "github":
        github = site.github(
            machine,
            "pull_request",
            project=project,
            sha=site.merge_preview(number, head),
            **site.pull_request(number, head),
        )
        return github.run("check")
    service = site.gitlab(machine, changed, commit=head, protected=False)
    return service.run(f"{project}:check", site.checkout(head))


def sales(server: MailServer, production: MailServer) -> dict[str, str]:
    """Return the account of both environments, with what production has of its own."""
    own = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: sales}\nspec:\n  smtp:\n"
        f"    port: {production.port}\n    authentication: {{password: {{env: SMTP_PROD_PASSWORD}}}}\n"
    )
    manifest = own_account("sales", server, secret="{env: SMTP_STAGING_PASSWORD}")
    return {"accounts.d/sales.yaml": manifest, "overlays/production/sales.yaml": own}


@both
@pytest.mark.parametrize("has_database", [False, True], ids=["sqlite", "postgresql"])
def test_each_environment_has_its_own(
    make_site: Callable[..., Site],
    mail_server: MailServer,
    production: MailServer,
    request: pytest.FixtureRequest,
    ci: CI,
    *,
    has_database: bool,
) -> None:
    """Plans, secrets, comments, applies, nights and stops of the one leave the other as it is, whatever keeps the states."""
    database = request.getfixturevalue("database") if has_database else None
    site = make_site(ci, environments=ENVIRONMENTS, database=database)
    machine = site.machine("own")
    head = site.propose(7, sales(mail_server, production))
    hosted = site.machine("hosted")
    offline = checked(site, hosted, 7, head)
    assert (0, 0) == (offline.code, mail_server.login_attempts + production.login_attempts), offline.log

    planned = [ran(site, machine, "plan", 7, where="staging")]
    assert 0 == planned[0].code, planned[0].log
    assert 1 == mail_server.login_attempts, planned[0].log
    assert 0 == production.login_attempts, planned[0].log
    planned.append(ran(site, machine, "plan", 7, where="production"))
    assert 0 == planned[1].code, planned[1].log
    assert 1 == mail_server.login_attempts, planned[1].log
    assert 1 == production.login_attempts, planned[1].log
    markers = [f"<!-- reconciler plan: mail/{each} -->" for each in ENVIRONMENTS]
    assert markers == [body.splitlines()[0] for body in site.forge.bodies(7)]

    site.merge(7, head)
    accounts = {}
    for each in ENVIRONMENTS:
        ended = ran(site, machine, "apply", 7, where=each)
        assert 0 == ended.code, ended.log
        accounts[each] = [
            site.reconciler("--env", name, "accounts", "list", state=site.state_of(name)) for name in ENVIRONMENTS
        ]
    assert [True, False] == ["sales" in text for text in accounts["staging"]]
    assert [True, True] == ["sales" in text for text in accounts["production"]]

    where = {"IN_ENVIRONMENT": "production"} if ci == "gitlab" else {}
    stopped = ran(
        site, machine, "by-hand", 7, where="production", COMMAND="suspend", ACCOUNTS="sales", REASON="Leak", **where
    )
    assert 0 == stopped.code, stopped.log
    nights = [ran(site, machine, "nightly", 7, where=each) for each in ENVIRONMENTS]
    assert [0, 0] == [each.code for each in nights], "".join(each.log for each in nights)
    assert 2 == len({site.noted(at=f"mail/{each}") for each in ENVIRONMENTS})
    bodies = [issue.body or "" for issue in site.forge.issues]
    assert [f"<!-- reconciler status: mail@{each} -->" for each in ENVIRONMENTS] == [
        body.splitlines()[0] for body in bodies
    ]
    assert [False, True] == ["Leak" in body for body in bodies]
    logs = "".join(each.log for each in [offline, *planned, *nights, stopped]) + "".join(
        [*site.forge.bodies(7), *bodies]
    )
    assert [False, False] == [each in logs for each in (PASSWORD, PRODUCTION_PASSWORD)]


@both
def test_a_pull_request_gets_at_no_other_environments_secret(
    make_site: Callable[..., Site],
    mail_server: MailServer,
    production: MailServer,
    another_server: MailServer,
    tmp_path: Path,
    ci: CI,
) -> None:
    """An overlay of staging that names production's secret is refused, one that moves staging's is withheld.

    The other environment is planned as if nothing were, and what the request brings is not run.
    """
    site = make_site(ci, environments=ENVIRONMENTS, starts=True)
    machine = site.machine("own")
    head = site.propose(1, sales(mail_server, production))
    assert 0 == ran(site, machine, "plan", 1, where="staging").code
    site.merge(1, head)
    assert 0 == ran(site, machine, "apply", 1, where="staging").code
    attempts = mail_server.login_attempts, production.login_attempts

    def overlay(secret: str) -> dict[str, str]:
        text = sales(mail_server, another_server)["overlays/production/sales.yaml"].replace(
            "SMTP_PROD_PASSWORD", secret
        )
        evil = EVIL_PROJECT + (
            "environments:\n  staging: {state: 'sqlite:///x.db', overlay: overlays/staging}\n"
            "  production: {state: 'sqlite:///y.db', overlay: overlays/production}\n"
        )
        return {"overlays/staging/sales.yaml": text, "reconciler.yaml": evil, **canaries(tmp_path / "canary")}

    for number, secret, wanted in ((2, "SMTP_PROD_PASSWORD", 1), (3, "SMTP_STAGING_PASSWORD", 4)):
        site.propose(number, overlay(secret))
        ended = ran(site, machine, "plan", number, where="staging")
        assert (wanted, 0) == (ended.code, another_server.login_attempts), ended.log
        assert PRODUCTION_PASSWORD not in ended.log
    assert attempts == (mail_server.login_attempts, production.login_attempts)
    assert not (tmp_path / "canary").exists()


def started(site: Site, machine: Machine, project: str, changed: str) -> list[str]:
    """Return which jobs of a project a pull request that changes one file starts, but for the check; then its merge."""
    if site.ci == "github":
        found = []
        for merged in (None, "1" * 40):
            told = site.pull_request(7, "0" * 40, merged=merged)
            github = site.github(machine, "pull_request_target", project=project, **told)
            found += github.started(changed=[changed])
        return found
    service = site.gitlab(machine, {}, commit=site.main())
    request = service.started(changed=[changed], CI_PIPELINE_SOURCE="merge_request_event")
    assert {"mail:check", "news:check"} == request.keys(), "without any pipeline nobody could merge"
    asked = {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BRANCH": "main", "MERGE_REQUEST": "7"}
    assert {} == service.started(**asked)
    chosen = service.started(**asked, IN_PROJECT=project) if changed.startswith(f"{project}/") else {}
    after = service.started(changed=[changed], CI_PIPELINE_SOURCE="push", CI_COMMIT_BRANCH="main")
    return [each.removeprefix(f"{project}:") for each in (*chosen, *after) if each.startswith(f"{project}:")]


@both
def test_two_projects_of_a_repository(make_site: Callable[..., Site], mail_server: MailServer, ci: CI) -> None:
    """A change of the one starts nothing of the other but a check that ends at once; neither meets the other's files."""
    site = make_site(ci, folder_in_repository="mail")
    site.begin("news", "news")
    site.commit("main", {}, at="main")
    machine = site.machine("own")
    for ours, theirs in (("mail", "news"), ("news", "mail")):
        assert ["plan", "apply"] == started(site, machine, ours, f"{ours}/accounts.d/sales.yaml")
        assert [] == started(site, machine, ours, f"{theirs}/accounts.d/sales.yaml")
        assert [] == started(site, machine, ours, "README.md")

    for number, project in ((7, "mail"), (8, "news")):
        head = site.propose(number, {f"{project}/accounts.d/sales.yaml": own_account("sales", mail_server)})
        hosted = site.machine(f"hosted-{project}")
        for each in ("mail", "news"):
            untouched = {"UNTOUCHED": "true"} if each != project and ci == "gitlab" else {}
            ended = checked(site, hosted, number, head, each, **untouched)
            assert (0, each != project) == (ended.code, f"Nothing of {each} is changed." in ended.log), ended.log
        planned = ran(site, machine, "plan", number, where=None, project=project)
        site.merge(number, head)
        applied = ran(site, machine, "apply", number, where=None, project=project)
        night = ran(site, machine, "nightly", number, where=None, project=project)
        assert [0, 0, 0] == [each.code for each in (planned, applied, night)], planned.log + applied.log + night.log
        assert [f"<!-- reconciler plan: {project} -->"] == [each.splitlines()[0] for each in site.forge.bodies(number)]
        assert site.noted(at=project) in night.log
    assert ["mail", "news"] == [(each.body or "").splitlines()[0].split()[-2] for each in site.forge.issues]


def test_a_comment_names_the_project(make_site: Callable[..., Site], mail_server: MailServer) -> None:
    """Of two projects only the one that the comment names is planned; one whose name begins alike says nothing."""
    site = make_site("github", approval="comments", folder_in_repository="mail")
    site.begin("mail-eu", "eu")
    site.commit("main", {}, at="main")
    site.forge.permissions["member"] = "write"
    machine = site.machine("own")
    head = site.propose(7, {"eu/accounts.d/sales.yaml": own_account("sales", mail_server)})
    site.forge.pulls[7] = {"state": "open", "head": {"sha": head}, "base": {"ref": "main"}, "merged": False}

    def asked(text: str, project: str) -> dict[str, Ended]:
        service = site.github(machine, "issue_comment", project=project, **site.comment(7, text))
        return {job: service.run(job) for job in service.started()}

    assert {} == asked(f"/plan {head}", "mail")
    quiet = asked(f"/plan mail-eu {head}", "mail")["plan"]
    assert 0 == quiet.code, quiet.log
    assert [] == site.forge.bodies(7), quiet.log
    assert 0 == mail_server.login_attempts, quiet.log
    answered = asked("/plan mail-eu", "mail-eu")["plan"]
    assert (1, f"/plan mail-eu {head}") == (answered.code, site.forge.bodies(7)[-1].splitlines()[-1].strip())
    ended = asked(f"/plan mail-eu {head}", "mail-eu")["plan"]
    assert (0, 1) == (ended.code, mail_server.login_attempts), ended.log
    assert "    /apply mail-eu" == site.forge.bodies(7)[-1].splitlines()[-1]


def test_a_comment_applies_in_one_environment(
    make_site: Callable[..., Site], mail_server: MailServer, production: MailServer
) -> None:
    """`/apply staging` leaves production alone, a wrong word is answered once, and a bare `/apply` means each."""
    site = make_site("github", approval="comments", environments=ENVIRONMENTS)
    site.forge.permissions["member"] = "write"
    machine = site.machine("own")
    head = site.propose(7, sales(mail_server, production))
    told = {"state": "open", "head": {"sha": head}, "base": {"ref": "main"}, "merged": False}
    site.forge.pulls[7] = told

    def asked(text: str) -> dict[str, Ended]:
        service = site.github(machine, "issue_comment", **site.comment(7, text))
        (job,) = service.started()
        return {each: service.run(job, each) for each in service.environments(job)}

    planned = asked(f"/plan {head}")
    assert [0, 0] == [each.code for each in planned.values()], "".join(each.log for each in planned.values())
    site.forge.pulls[7] = {**told, "state": "closed", "merged": True, "merge_commit_sha": site.merge(7, head)}
    wrong = asked("/apply elsewhere")
    assert [1, 1] == [each.code for each in wrong.values()]
    assert 1 == len([each for each in site.forge.bodies(7) if not each.startswith("<!--")])
    for text, wanted in (("/apply staging", [True, False]), ("/apply production", [True, True])):
        ended = asked(text)
        assert [0, 0] == [each.code for each in ended.values()], "".join(each.log for each in ended.values())
        listed = [
            site.reconciler("--env", each, "accounts", "list", state=site.state_of(each)) for each in ENVIRONMENTS
        ]
        assert wanted == ["sales" in each for each in listed]
    history = site.reconciler("--env", "production", "history", "--format", "json", state=site.state_of("production"))
    assert f"https://{GITHUB}/example/mail/pull/7" in history
