"""What the pipelines that ``init`` writes may do, and what a pull request may do to them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reconciler.scaffold import write_project
from tests.scaffold.variants import VARIANTS
from tests.system.ci.runner import GitLab, Machine

if TYPE_CHECKING:
    from pathlib import Path

_PROTECTED = ("plan", "apply", "nightly")
_SHARED = {
    "environment": r"(?:environment|name): (reconciler/.+)$",
    "group": r"group: (reconciler.+)$",
    "branch": r'refs/heads/(reconciler/[^/"]+)/',
    "packages": r'[:/](\.\w+/\S+requirements.txt)"',
    "issue": r"<!-- reconciler status: (\S+) -->",
    "folder": r"PROJECT_DIR: (\S+)",
}
_SHARED_OF = {
    "github": _SHARED | {"check's name": r"^    name: (.*)$", "workflow": "^name: (.*)$"},
    "gitlab": _SHARED
    | {"job": r"^(\S+):$", "report": r"(?:junit|codequality): (\S+)$", "choice": r'\$IN_PROJECT == "(.*?)"'},
}
"""What is the repository's or the machine's, and so would be one thing for two projects that name it alike."""


def _written(folder: Path, ci: Any, path: str, state: Any = "sqlite", approval: Any = "environments") -> dict[str, Any]:
    write_project(folder, name="mail", operator=None, ci=ci, state=state, approval=approval)
    document: dict[str, Any] = yaml.safe_load((folder / path).read_text(encoding="utf-8"))
    return document


@pytest.fixture
def github(tmp_path: Path) -> dict[str, Any]:
    """Return the workflow for GitHub."""
    return _written(tmp_path / "github", "github", ".github/workflows/reconciler.yml")


@pytest.fixture
def commented(tmp_path: Path) -> dict[str, Any]:
    """Return the workflow for GitHub that is asked by comments."""
    return _written(tmp_path / "commented", "github", ".github/workflows/reconciler.yml", approval="comments")


@pytest.fixture
def gitlab(tmp_path: Path) -> dict[str, Any]:
    """Return the pipeline for GitLab, each job with what it extends."""
    return _jobs_of_gitlab(_written(tmp_path / "gitlab", "gitlab", ".gitlab-ci.yml"))


def _jobs_of_gitlab(document: dict[str, Any]) -> dict[str, Any]:
    """Return the jobs by what they do, each with what it extends."""
    service = GitLab(Machine, document, {})  # type: ignore[arg-type] # no job is run
    return {name.removeprefix("mail:"): service.job(name) for name in document if not name.startswith(".")}


def _shell(job: dict[str, Any]) -> str:
    """Return the whole shell of a job of either service."""
    steps = [step["run"] for step in job.get("steps", ())]
    return "\n".join([*steps, *job.get("before_script", ()), *job.get("script", ())])


class _UniqueKeys(yaml.SafeLoader):
    """A loader that refuses a mapping with a key twice, of which both services take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as it is called
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), keys
        return super().construct_mapping(node, deep)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_one_document(name: str) -> None:
    """It is YAML without a key that is there twice, no mark of a template is left, and each piece of shell can be read."""
    text = VARIANTS[name].text()
    assert [] == re.findall("@[A-Za-z_]+@", text)
    document = yaml.load(text, _UniqueKeys)  # noqa: S506 - a safe loader
    shell = [_shell(job) for job in document.get("jobs", document).values() if isinstance(job, dict)]
    for each in filter(None, shell):
        subprocess.run(["bash", "-n"], input=each, encoding="utf-8", check=True)


_LISTED = [
    ("sales-eu sales-us", ["sales-eu", "sales-us"]),
    ("sales-eu\nsales-us\n\n", ["sales-eu", "sales-us"]),
    (" sales-eu\r\nsales-us\tsales-de\r\n", ["sales-eu", "sales-us", "sales-de"]),
    ("label:team=* $(id) `id`", ["label:team=*", "$(id)", "`id`"]),
    ("", []),
]


@pytest.mark.parametrize(("listed", "accounts"), _LISTED)
@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_every_account_that_is_listed_is_stopped_by_hand(
    request: pytest.FixtureRequest, tmp_path: Path, ci: str, listed: str, accounts: list[str]
) -> None:
    """One after the other or each in a line of its own, and nothing of what is listed is shell or names files."""
    pipeline = request.getfixturevalue(ci)
    script = _shell((pipeline["jobs"] if ci == "github" else pipeline)["by-hand"])
    called = tmp_path / "reconciler"
    called.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", encoding="utf-8")
    called.chmod(0o755)
    variables = {"COMMAND": "suspend", "ACCOUNTS": listed, "REASON": "stop", "REVISION": ""}
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script[script.rindex("\n", 0, script.rindex("read -r")) :]],
        cwd=tmp_path,
        env={
            **variables,
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "RUNNER_TEMP": "temp",
            "scratch": "temp",
            "checked": "0",
        },
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert accounts == ran.stdout.split("\n--\n")[1].split("\n")[:-1]


@pytest.mark.parametrize("name", [name for name, each in VARIANTS.items() if each.folder != "."])
def test_two_projects_of_a_repository_meet_in_nothing(name: str) -> None:
    """Another project's pipeline has other files, jobs, environments, groups, artifacts and places on the runner."""
    ours = VARIANTS[name]
    theirs = replace(ours, project="mail-news", folder="eu/news")
    assert ours.path != theirs.path
    has_file = "sqlite" in (ours.environments.values() or {ours.state})
    place = {"place on the runner": r"RECONCILER_HOME: (\S+)"} if has_file else {}
    for what, pattern in (_SHARED_OF[ours.ci] | place).items():
        found = [set(re.findall(pattern, each.text(), re.MULTILINE)) for each in (ours, theirs)]
        assert all(found), what
        assert set() == found[0] & found[1], what


# GitHub


def test_a_job_may_do_what_it_needs(github: dict[str, Any], commented: dict[str, Any]) -> None:
    """Every job only reads, but for those that comment, keep an issue, or note the head; as a whole the workflow reads."""
    reads, comments, keeps = {"contents": "read"}, {"pull-requests": "write"}, {"issues": "write"}
    notes = {"contents": "write"}
    assert [reads, reads] == [github["permissions"], commented["permissions"]]
    both = {"check": reads, "plan": reads | comments, "nightly": notes | keeps, "by-hand": reads}
    assert both | {"apply": notes | {"pull-requests": "read"}} == {
        name: job["permissions"] for name, job in github["jobs"].items()
    }
    assert both | {"apply": notes | comments, "approve": reads | keeps} == {
        name: job["permissions"] for name, job in commented["jobs"].items()
    }


@pytest.mark.parametrize("variant", ["github", "commented"])
def test_only_the_job_without_secrets_runs_the_workflow_of_a_pull_request(
    request: pytest.FixtureRequest, variant: str
) -> None:
    """``check`` has GitHub's machine and no environment; the others run on events that take the default branch's file."""
    document = request.getfixturevalue(variant)
    jobs = document["jobs"]
    assert ("github.event_name == 'pull_request'", "ubuntu-latest") == (jobs["check"]["if"], jobs["check"]["runs-on"])
    assert jobs["check"].get("environment") is None
    of_the_default_branch = {
        "github": ("pull_request_target", "schedule", "workflow_dispatch"),
        "commented": ("issue_comment", "schedule", "workflow_dispatch"),
    }[variant]
    for name in jobs.keys() - {"check"}:
        assert ["self-hosted", "reconciler"] == jobs[name]["runs-on"]
        assert f"reconciler/mail/{name if name in _PROTECTED else 'apply'}" == jobs[name]["environment"]
        assert jobs[name]["if"].startswith(tuple(f"github.event_name == '{each}'" for each in of_the_default_branch))
    assert {"pull_request", *of_the_default_branch} == set(document["on"])


def test_a_comment_is_heard_of_whoever_may_be_asked_for(commented: dict[str, Any]) -> None:
    """Each job that a comment starts demands a person whom GitHub calls one of ours, and asks what they may do."""
    started = {name: job for name, job in commented["jobs"].items() if "issue_comment" in job["if"]}
    assert {"plan", "apply", "approve"} == started.keys()
    for job in started.values():
        conditions = job["if"].split(" && ")
        assert "github.event.comment.user.type == 'User'" in conditions
        assert "contains('OWNER MEMBER COLLABORATOR', github.event.comment.author_association)" in conditions
        (asks,) = (step["run"] for step in job["steps"] if step["name"].startswith("See who asks"))
        assert asks.index("/permission") < asks.index("asked=")
    assert ["created"] == commented["on"]["issue_comment"]["types"]


def test_nothing_of_an_event_is_put_into_shell(github: dict[str, Any], commented: dict[str, Any]) -> None:
    """Scripts hold no expression: what comes from outside reaches them in variables; and none of it is a text of theirs.

    But for what is given by hand, and a comment, which only says one of three things.
    """
    for job in (*github["jobs"].values(), *commented["jobs"].values()):
        assert "${{" not in _shell(job)
    by_hand = {f"github.event.inputs.{name}" for name in ("command", "accounts", "reason", "revision")}
    number = "github.event.pull_request.number"
    assert {
        "github.token",
        number,
        "github.event.pull_request.head.sha",
        "github.event.pull_request.html_url",
        "github.event.pull_request.merge_commit_sha",
    } | by_hand == set(re.findall(r"\$\{\{ *(.*?) *\}\}", str(github)))
    assert {
        "github.token",
        number,
        "github.event.comment.body",
        "github.event.comment.user.login",
        "github.event.issue.number",
        "github.event.issue.body",
        "github.event.issue.html_url",
    } | by_hand == set(re.findall(r"\$\{\{ *(.*?) *\}\}", str(commented)))


def test_no_action_of_others_is_used(github: dict[str, Any]) -> None:
    """Every step is shell of the workflow's own: there is nothing that somebody else could change."""
    steps = [step for job in github["jobs"].values() for step in job["steps"]]
    assert steps
    assert [] == [step["name"] for step in steps if "uses" in step or "run" not in step]


def test_jobs_that_would_meet_wait_or_give_way(github: dict[str, Any]) -> None:
    """A newer plan of a pull request ends the older one; an apply and a night's verification are never cut off.

    Those are in no group: groups are the repository's, so a pull request's own workflow could cancel what is in one.
    """
    found = {name: tuple(job["concurrency"].values()) for name, job in github["jobs"].items() if "concurrency" in job}
    request = "${{ github.event.pull_request.number }}"
    assert {
        "check": (f"reconciler-mail-check-{request}", True),
        "plan": (f"reconciler-mail-plan-{request}", True),
    } == found
    assert "concurrency" not in github


def test_secrets_are_named_nowhere_before_somebody_writes_them(github: dict[str, Any], gitlab: dict[str, Any]) -> None:
    """As written, no job is given any secret."""
    assert "secrets." not in str(github) + str(gitlab)


# GitLab


def test_only_pipelines_of_the_main_branch_have_the_runner_and_the_environments(gitlab: dict[str, Any]) -> None:
    """A merge request's pipeline is ``check`` alone, on a shared machine; all else demands the default branch."""
    assert [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}] == gitlab["check"]["rules"]
    assert not {"tags", "environment", "before_script", "secrets"} & set(gitlab["check"])
    for name in _PROTECTED:
        job = gitlab[name]
        (rule,) = job["rules"]
        assert "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"].split(" && ")
        assert ["reconciler"] == job["tags"]
        assert "none" == job["variables"]["GIT_STRATEGY"]
    environments = {name: gitlab[name]["environment"] for name in _PROTECTED}
    # Only of a deployment does GitLab ask for approval, and the night is not to wait for one.
    night = {"name": "reconciler/mail/nightly", "action": "verify"}
    assert {"plan": "reconciler/mail/plan", "apply": "reconciler/mail/apply", "nightly": night} == environments


def test_what_is_done_by_hand_has_the_same_guards(gitlab: dict[str, Any]) -> None:
    """It is a protected job of a pipeline of the default branch that somebody starts, and nothing else starts it."""
    job = gitlab["by-hand"]
    (rule,) = job["rules"]
    wanted = {'$CI_PIPELINE_SOURCE == "web"', "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "$COMMAND"}
    assert wanted == set(rule["if"].split(" && "))
    assert (["reconciler"], "reconciler/mail/apply") == (job["tags"], job["environment"])


def test_one_at_a_time_of_what_writes_one_comment(gitlab: dict[str, Any]) -> None:
    """Plans of one merge request wait for each other; a merge request's own pipeline cannot keep others waiting."""
    groups = {name: job["resource_group"] for name, job in gitlab.items() if "resource_group" in job}
    assert {"plan": "reconciler-mail-plan-$MERGE_REQUEST"} == groups


def test_what_the_report_tells_is_for_members(gitlab: dict[str, Any]) -> None:
    """A public project does not publish what servers said of its accounts."""
    assert "developer" == gitlab["nightly"]["artifacts"]["access"]


# Both


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_the_tool_is_pinned_and_never_that_of_a_checkout(request: pytest.FixtureRequest, ci: str) -> None:
    """Every job installs by hash, wheels alone, outside of any checkout; protected ones what the main branch lists."""
    document = request.getfixturevalue(ci)
    variables = document.get("env") or document["check"]["variables"]
    assert "" == variables["RECONCILER_PACKAGE"]
    jobs = document.get("jobs", document)
    commit = {"plan": "SHA:", "apply": "FETCH_HEAD:", "nightly": "FETCH_HEAD:"}
    for name in ("check", *_PROTECTED):
        shell = _shell(jobs[name])
        assert "-I -m venv" in shell
        assert "-I -m pip install --quiet --only-binary :all:" in shell
        asked = [line.strip() for line in shell.splitlines() if line.strip().startswith("pip ")]
        place = "$RUNNER_TEMP" if ci == "github" else "$scratch"
        assert [
            f'pip --require-hashes --requirement "{place}/requirements.txt"',
            f'pip --no-deps --require-hashes --requirement "{place}/package.txt"',
        ] == asked
        assert shell.index("requirements.txt") < shell.index("pip --require-hashes")
        if name in _PROTECTED:
            at = commit[name] if ci == "github" else "CI_COMMIT_SHA:"
            assert f"{at}.{ci}/reconciler-requirements.txt" in shell


@pytest.mark.parametrize("ci", ["github", "gitlab", "github_database", "gitlab_database"])
def test_only_what_was_merged_is_trusted(request: pytest.FixtureRequest, ci: str) -> None:
    """Every protected job names the main branch's project file, and none trusts the one of the checkout."""
    document = request.getfixturevalue(ci)
    jobs = document.get("jobs", document)
    variable = "$RUNNER_TEMP" if ci.startswith("github") else "$scratch"
    for name in _PROTECTED:
        shell = _shell(jobs[name])
        assert "--trust-project" not in shell
        calls = [line.strip() for line in shell.splitlines() if line.strip().startswith("reconciler ")]
        assert calls
        file = f'--project-file "{variable}/reconciler.yaml"'
        needless = [line for line in calls if file not in line and not line.startswith("reconciler show")]
        assert [] == needless
        assert '$PROJECT_DIR/reconciler.yaml" >' in shell
    assert "apply --reviewed" in _shell(jobs["apply"])


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_where_a_request_is_planned_its_project_file_is_never_trusted(request: pytest.FixtureRequest, ci: str) -> None:
    """Both jobs that plan what has not been merged say so, for where CI would not be recognised; the others do not."""
    document = request.getfixturevalue(ci)
    jobs = document.get("jobs", document)
    said = {
        name: jobs[name].get("env") == {"RECONCILER_TRUST_PROJECT": "never"}
        or "export RECONCILER_TRUST_PROJECT=never" in _shell(jobs[name]).partition("reconciler plan")[0]
        for name in ("check", *_PROTECTED)
    }
    assert {"check": True, "plan": True, "apply": False, "nightly": False} == said


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_each_fetch_takes_files_as_they_are(request: pytest.FixtureRequest, ci: str) -> None:
    """Where files are fetched, no hook, symbolic link, filter or encoding of the pull request's wish has an effect."""
    document = request.getfixturevalue(ci)
    jobs = document.get("jobs", document)
    fetching = [_shell(jobs[name]) for name in ("check", *_PROTECTED) if "git init" in _shell(jobs[name])]
    assert 4 == len(fetching)
    for shell in fetching[ci == "gitlab" :]:  # of GitLab's `check` the service makes the checkout
        before, _, after = shell.partition("git init")
        assert "git checkout" not in before
        head = after.partition("checkout --quiet")[0]
        for line in ("core.symlinks false", "core.hooksPath /dev/null", "!filter", "!working-tree-encoding"):
            assert line in head


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_every_job_ends(request: pytest.FixtureRequest, ci: str) -> None:
    """Each job has a limit of time."""
    document = request.getfixturevalue(ci)
    jobs = document.get("jobs", document)
    assert all("timeout-minutes" in jobs[name] or "timeout" in jobs[name] for name in ("check", *_PROTECTED))


# With state in PostgreSQL


@pytest.fixture
def github_database(tmp_path: Path) -> dict[str, Any]:
    """Return the workflow for GitHub, with state in a database."""
    return _written(tmp_path / "github", "github", ".github/workflows/reconciler.yml", "postgresql")


@pytest.fixture
def gitlab_database(tmp_path: Path) -> dict[str, Any]:
    """Return the pipeline for GitLab, with state in a database."""
    return _jobs_of_gitlab(_written(tmp_path / "gitlab", "gitlab", ".gitlab-ci.yml", "postgresql"))


@pytest.mark.parametrize("ci", ["github_database", "gitlab_database"])
def test_a_database_is_named_by_the_main_branch_alone(request: pytest.FixtureRequest, ci: str) -> None:
    """No protected job names a state beside that of the main branch's project file."""
    document = request.getfixturevalue(ci)
    jobs = document.get("jobs", document)
    assert [] == [name for name in _PROTECTED if "RECONCILER_STATE" in _shell(jobs[name])]
    assert "sqlite:///" in _shell(jobs["check"])


def test_who_uses_the_database_and_the_key_is_said(github_database: dict[str, Any]) -> None:
    """A step is given the role's password where it reads state, and the key where it reads secrets."""
    given = {
        f"{name}/{step['name'].split()[0]}": sorted(
            each for each in step.get("env", {}) if each.startswith(("PG", "REC"))
        )
        for name, job in github_database["jobs"].items()
        for step in job["steps"]
    }
    role, all_of_it = ["PGPASSWORD", "PGUSER"], ["PGPASSWORD", "PGUSER", "RECONCILER_FINGERPRINT_KEY"]
    assert {
        "plan/Plan": all_of_it,
        "apply/Check": role,
        "apply/Apply": all_of_it,
        "apply/Note": role,
        "nightly/Check": role,
        "nightly/Verify": all_of_it,
        "nightly/Note": role,
        "nightly/Keep": role,
        "by-hand/Check": role,
        "by-hand/Do": all_of_it,
    } == {step: names for step, names in given.items() if names}


@pytest.mark.parametrize("ci", ["github", "commented", "gitlab"])
def test_whatever_writes_to_the_state_looks_at_the_journal_first(request: pytest.FixtureRequest, ci: str) -> None:
    """The head that was noted is compared before each job that applies, verifies, stops or decides; a stop alone is not held up."""
    document = request.getfixturevalue(ci)
    writing = re.compile(
        r"reconciler\S* (?:--project-file \S+ )?(?:apply|verify --recorded|approve|reject|suspend|resume) ?"
    )
    looks = []
    for name, job in document.get("jobs", document).items():
        shell = _shell(job) if isinstance(job, dict) else ""
        if (first := writing.search(shell)) is not None:
            assert re.search(r'journal check (?:--head "\$\(cat \S+\)"|"\$\{head\[@\]\}")', shell[: first.start()]), (
                name
            )
            looks.append(name)
    assert sorted(looks) == sorted({"apply", "nightly", "by-hand"} | ({"approve"} if ci == "commented" else set()))
