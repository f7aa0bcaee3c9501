"""The attacker's table for CI: where a job runs, where its checkout ends, and who answers for it.

Each row is a way by which a pull request's project file could be believed. That would run a command, which leaves a
trace.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.model.cisystems import CI_SYSTEMS, is_marked, set_variables
from tests.cli.project import CHECKOUT, Project, own_account
from tests.support.repositories import committed, git

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.mailserver import MailServer

# --- CI is recognised

JOBS: dict[str, dict[str, str]] = {
    "any, by CI": {"CI": "true"},
    "any, by a word of its own": {"CI": "woodpecker"},
    "any, by another general variable": {"CONTINUOUS_INTEGRATION": "true"},
    "any, by a name": {"CI_NAME": "codeship"},
    "any, by the number of the build": {"BUILD_NUMBER": "12"},
    "any, by the id of the build": {"BUILD_ID": "12"},
    "CI denied inside of a system": {"CI": "false", "TEAMCITY_VERSION": "2024.03"},
    "GitHub": {"GITHUB_ACTIONS": "true"},
    "GitHub, by the run": {"GITHUB_RUN_ID": "1658821493"},
    "GitLab": {"GITLAB_CI": "true"},
    "GitLab, by the job": {"CI_JOB_ID": "50"},
    "Gitea": {"GITEA_ACTIONS": "true"},
    "Forgejo": {"FORGEJO_ACTIONS": "true"},
    "Azure Pipelines": {"TF_BUILD": "True"},
    "Azure Pipelines, by the collection": {"SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/example/"},
    "CircleCI": {"CIRCLECI": "true"},
    "Bitbucket": {"BITBUCKET_BUILD_NUMBER": "7"},
    "Bitbucket, by the pipeline": {"BITBUCKET_PIPELINE_UUID": "{6f6d}"},
    "Buildkite": {"BUILDKITE": "true"},
    "Buildkite, by the build": {"BUILDKITE_BUILD_ID": "4735ba57"},
    "CodeBuild": {"CODEBUILD_BUILD_ID": "mail:b1e666"},
    "CodeBuild, by the ARN": {"CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-central-1:1:build/mail:b1e666"},
    "Amplify": {"AWS_APP_ID": "d1", "AWS_BRANCH": "pr-7"},
    "Cloud Build": {"BUILDER_OUTPUT": "/builder/outputs"},
    "Cloud Build, by what a step is handed": {"PROJECT_ID": "example", "BUILD_ID": "b5f"},
    "Drone": {"DRONE": "true"},
    "Drone, by the build": {"DRONE_BUILD_NUMBER": "7"},
    "Harness": {"HARNESS_BUILD_ID": "7"},
    "Woodpecker": {"CI_SYSTEM_NAME": "woodpecker"},
    "Jenkins": {"JENKINS_URL": "https://ci.example.com/"},
    "Jenkins without a URL": {"JENKINS_HOME": "/var/lib/jenkins"},
    "Jenkins without a URL, by the job": {"BUILD_ID": "12", "JOB_NAME": "mail/PR-7"},
    "Jenkins without a URL, by the tag": {"BUILD_TAG": "jenkins-mail-12", "JOB_NAME": "mail"},
    "Jenkins without a URL, by the node": {"EXECUTOR_NUMBER": "0x", "NODE_NAME": "built-in"},
    "Hudson": {"HUDSON_URL": "https://ci.example.com/"},
    "TeamCity": {"TEAMCITY_VERSION": "2024.03 (build 156166)"},
    "TeamCity, by its file": {"TEAMCITY_BUILD_PROPERTIES_FILE": "/opt/agent/temp/build.properties"},
    "Bamboo": {"bamboo_planKey": "MAIL-PLAN"},
    "Bamboo, by the build": {"bamboo_buildKey": "MAIL-PLAN-JOB1"},
    "Bamboo, by the agent": {"bamboo_agentId": "131073"},
    "Bamboo, by any variable of a plan": {"bamboo_something_of_ours": "x"},
    "GoCD": {"GO_PIPELINE_NAME": "mail"},
    "GoCD, by the label": {"GO_PIPELINE_LABEL": "12"},
    "GoCD, by the server": {"GO_SERVER_URL": "https://gocd.example.com:8154/go"},
    "Concourse, by the pipeline": {"BUILD_PIPELINE_NAME": "mail"},
    "Concourse, by the server": {"ATC_EXTERNAL_URL": "https://ci.example.com"},
    "AppVeyor": {"APPVEYOR": "True"},
    "Travis": {"TRAVIS": "true"},
    "Semaphore": {"SEMAPHORE": "true"},
    "Buddy": {"BUDDY_WORKSPACE_ID": "1"},
    "Codefresh": {"CF_BUILD_ID": "5a7"},
    "Cirrus": {"CIRRUS_CI": "true"},
    "Screwdriver": {"SD_BUILD_ID": "7"},
    "SourceHut": {"JOB_ID": "7", "JOB_URL": "https://builds.sr.ht/~example/job/7"},
    "Taskcluster": {"TASK_ID": "fN1", "RUN_ID": "r0"},
    "Prow": {"PROW_JOB_ID": "1ce07fa2"},
    "OpenShift": {"OPENSHIFT_BUILD_NAME": "mail-7"},
    "Argo Workflows": {"ARGO_TEMPLATE": "{}"},
    "Argo Workflows, by the node": {"ARGO_NODE_ID": "mail-7"},
    "Argo CD": {"ARGOCD_APP_NAME": "mail"},
    "JetBrains Space": {"JB_SPACE_PROJECT_KEY": "MAIL"},
    "Vela": {"VELA": "true"},
    "Atlantis": {"PULL_NUM": "7", "BASE_REPO_NAME": "mail"},
    "Spacelift": {"TF_VAR_spacelift_run_id": "01F"},
    "env0": {"ENV0_ENVIRONMENT_ID": "a1"},
    "Scalr": {"SCALR_RUN_ID": "run-1"},
    "HCP Terraform": {"TFC_RUN_ID": "run-1"},
    "Octopus": {"TentacleHome": "/etc/octopus"},
    "Netlify": {"NETLIFY": "true"},
    "Vercel": {"VERCEL": "1"},
    "Render": {"RENDER": "true"},
    "Cloudflare": {"CF_PAGES": "1"},
    "Heroku": {"HEROKU_TEST_RUN_ID": "a1"},
    "Xcode Cloud": {"CI_XCODE_PROJECT": "Mail.xcodeproj"},
    "Bitrise": {"BITRISE_IO": "true"},
    "Codemagic": {"CM_BUILD_ID": "a1"},
    "App Center": {"APPCENTER_BUILD_ID": "7"},
    "Expo": {"EAS_BUILD": "true"},
    "Earthly": {"EARTHLY_CI": "true"},
    "Gerrit": {"GERRIT_PROJECT": "mail"},
    "Gerrit, by the change": {"GERRIT_CHANGE_NUMBER": "4711"},
    "Agola": {"AGOLA_GIT_REF": "refs/pull/7/head"},
    "Strider": {"STRIDER": "true"},
    "dsari": {"DSARI": "true"},
    "LayerCI": {"LAYERCI": "true"},
    "Sail CI": {"SAILCI": "true"},
    "ReleaseHub": {"RELEASE_BUILD_ID": "a1"},
    "Solano": {"TDDIUM": "true"},
    "Shippable": {"SHIPPABLE": "true"},
    "Nevercode": {"NEVERCODE": "true"},
    "Magnum": {"MAGNUM": "true"},
    "Xcode Server": {"XCS": "1"},
    "Appcircle": {"AC_APPCIRCLE": "true"},
    "a container that was told": {"RECONCILER_TRUST_PROJECT": "never"},
    "a container that was told in capitals": {"RECONCILER_TRUST_PROJECT": " Never\n"},
    "a container that was told, CI denied": {"RECONCILER_TRUST_PROJECT": "never", "CI": "false"},
}

TRACE = "trace-of-key"


def test_every_system_has_a_row() -> None:
    """What the table of CI systems holds is tried here, each system by one of its marks at least; the docs name it."""
    page = (CHECKOUT / "docs" / "ci.md").read_text(encoding="utf-8")
    for system in CI_SYSTEMS:
        assert any(is_marked(set_variables(job), system) for job in JOBS.values()), system.name
        assert system.name.split(",")[0] in page


@pytest.fixture
def evil(bare: Project) -> Project:
    """Return a project whose file has a command of a pull request's run for the key of fingerprints."""
    trace = str(bare.folder.parent / TRACE).removesuffix("key")
    bare.write_project(
        f"secrets: {{sources: {{evil: {{command: [touch, '{trace}{{key}}']}}}}, fingerprintKey: {{evil: key}}}}\n"
    )
    return bare


def is_believed(project: Project, *words: str) -> bool:
    """Tell whether a project file's command is run; where it is not, the command line says that it is not trusted."""
    refused = project.run(*words, "state", "init")
    trace = project.folder.parent / TRACE
    if trace.exists():
        trace.unlink()
        return True
    assert (4, True) == (refused.code, "[projectNotTrusted]" in refused.err), refused
    return False


@pytest.mark.parametrize("job", JOBS)
def test_a_job_is_recognised(evil: Project, job: str) -> None:
    """In a job of any system no command runs by the word of a project file in the checkout."""
    for name, value in JOBS[job].items():
        evil.set_variable(name, value)
    assert not is_believed(evil)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"CI": ""},
        {"CI": "0"},
        {"CI": "FALSE"},
        {"GITHUB_ACTIONS": "false", "TF_BUILD": "no"},
        {"JOB_NAME": "mail"},
        {"PROJECT_ID": "example"},
        {"GITHUB_TOKEN": "x", "KUBERNETES_SERVICE_HOST": "10.0.0.1"},
    ],
)
def test_what_is_no_job_is_not_taken_for_one(evil: Project, variables: dict[str, str]) -> None:
    """On a machine of somebody's own the project file is theirs, whatever tokens and halves of marks are set."""
    for name, value in variables.items():
        evil.set_variable(name, value)
    assert is_believed(evil)


# --- RECONCILER_TRUST_PROJECT


@pytest.mark.parametrize("variables", [{}, {"CI": "true"}])
@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--trust-project"),
        ("apply", "--auto-approve", "--trust-project"),
        ("verify", "--trust-project"),
        ("verify", "--recorded", "--trust-project"),
        ("state", "init", "--trust-project"),
        ("state", "rekey", "--trust-project"),
    ],
    ids=" ".join,
)
def test_never_is_not_answered_by_the_flag(evil: Project, words: tuple[str, ...], variables: dict[str, str]) -> None:
    """Where never is said, a job that claims to be the protected branch's is refused, and told why; nothing runs."""
    for name, value in {**variables, "RECONCILER_TRUST_PROJECT": "never"}.items():
        evil.set_variable(name, value)
    refused = evil.run(*words, "--format", "json")
    assert (4, ["trustForbidden"]) == (refused.code, refused.codes)
    assert "Leave --trust-project out" in refused.document["diagnostics"][0]["detail"]
    assert not (evil.folder.parent / TRACE).exists()


@pytest.mark.parametrize("value", ["", "always", "true", "1", "false", "nevr", "never,always", "auto"])
@pytest.mark.parametrize("words", [("plan",), ("validate",), ("state", "init", "--trust-project")], ids=" ".join)
def test_a_value_that_is_not_known_trusts_nothing(evil: Project, value: str, words: tuple[str, ...]) -> None:
    """There is no other value than never: each ends every command, so that a misspelt one cannot open a door."""
    evil.set_variable("RECONCILER_TRUST_PROJECT", value)
    refused = evil.run(*words, "--format", "json")
    assert (1, ["trustUnknown"]) == (refused.code, refused.codes)
    assert not (evil.folder.parent / TRACE).exists()


def test_never_lets_a_protected_copy_count(evil: Project, tmp_path: Path) -> None:
    """A project file outside the checkout is the pipeline's own, so it is believed also where never is said."""
    (evil.folder / ".git").mkdir()
    copy = tmp_path / "protected.yaml"
    shutil.copy(evil.folder / "reconciler.yaml", copy)
    evil.set_variable("RECONCILER_TRUST_PROJECT", "never")
    assert is_believed(evil, "--project-file", str(copy))
    assert not is_believed(evil)


def test_a_login_is_withheld_where_never_is_said(project: Project, server: MailServer) -> None:
    """Outside of any CI the variable alone keeps the password at home, and what needs none goes on."""
    project.write_account("sales", own_account("sales", server))
    project.set_variable("RECONCILER_TRUST_PROJECT", "never")
    assert (4, 0) == (project.run("plan").code, server.login_attempts)
    project.run_well("plan", "--depth", "offline")


# --- where a checkout ends

Layout = tuple[str, str]
"""Where the project folder and the project file are, relative to where the tests work."""


def exported(place: Path) -> Layout:
    """Unpack the whole of a repository without its .git; the project is a folder of it."""
    (place / "export/mail").mkdir(parents=True)
    return "export/mail", "export/reconciler.yaml"


def exported_beside(place: Path) -> Layout:
    """Do the same, with the project file in a folder beside the project's."""
    (place / "export/mail").mkdir(parents=True)
    return "export/mail", "export/shared/reconciler.yaml"


def exported_deep(place: Path) -> Layout:
    """Do the same, with the project three folders down and its file at the top."""
    (place / "export/teams/eu/mail").mkdir(parents=True)
    return "export/teams/eu/mail", "export/reconciler.yaml"


def in_an_image(place: Path) -> Layout:
    """Have a checkout that was copied into an image without its .git, of which the project is the whole."""
    (place / "app").mkdir()
    return "app", "app/ci/reconciler.yaml"


def with_git_dir_elsewhere(place: Path) -> Layout:
    """Have a working tree whose repository is named by GIT_DIR alone."""
    git(place, "init", "--quiet", "--bare", "repository.git")
    (place / "tree/mail").mkdir(parents=True)
    return "tree/mail", "tree/reconciler.yaml"


def of_a_bare_repository(place: Path) -> Layout:
    """Have a project that lies in a bare repository's folder."""
    git(place, "init", "--quiet", "--bare", "mail.git")
    (place / "mail.git/mail").mkdir()
    return "mail.git/mail", "mail.git/reconciler.yaml"


def worktree(place: Path) -> Layout:
    """Have a worktree, whose .git is a file."""
    git(committed(place / "main"), "worktree", "add", "--quiet", "../pull")
    (place / "pull/mail").mkdir()
    return "pull/mail", "pull/reconciler.yaml"


def submodule(place: Path) -> Layout:
    """Have a submodule: the repository around it was fetched too."""
    committed(place / "inner")
    git(committed(place / "outer"), "submodule", "--quiet", "add", "../inner", "mail")
    return "outer/mail", "outer/reconciler.yaml"


def nested(place: Path) -> Layout:
    """Have a repository in a repository's folder."""
    committed(place / "outer")
    committed(place / "outer/inner")
    return "outer/inner", "outer/reconciler.yaml"


def linked_project(place: Path) -> Layout:
    """Have a project folder that is a link into the checkout, given by the link's name."""
    (committed(place / "checkout") / "mail").mkdir()
    (place / "links").mkdir()
    (place / "links/mail").symlink_to(place / "checkout/mail")
    return "links/mail", "checkout/reconciler.yaml"


def project_led_out(place: Path) -> Layout:
    """Have a project folder that a pull request has made a link to somewhere without a repository."""
    committed(place / "checkout")
    (place / "elsewhere").mkdir()
    (place / "checkout/mail").symlink_to(place / "elsewhere")
    return "checkout/mail", "checkout/reconciler.yaml"


def file_led_out(place: Path) -> Layout:
    """Have a project file that a pull request has made a link to one outside."""
    (committed(place / "checkout") / "mail").mkdir()
    (place / "outside").mkdir()
    (place / "checkout/reconciler.yaml").symlink_to(place / "outside/reconciler.yaml")
    return "checkout/mail", "checkout/reconciler.yaml"


def folder_led_out(place: Path) -> Layout:
    """Have a folder of the project file that a pull request has made a link to one outside."""
    (committed(place / "checkout") / "mail").mkdir()
    (place / "outside").mkdir()
    (place / "checkout/protected").symlink_to(place / "outside")
    return "checkout/mail", "checkout/protected/reconciler.yaml"


def through_the_checkout(place: Path) -> Layout:
    """Have a path that leads into the checkout and out again, by a folder that may be made a link."""
    (committed(place / "checkout") / "mail").mkdir()
    (place / "outside").mkdir()
    return "checkout/mail", "checkout/mail/../../outside/reconciler.yaml"


def link_into_the_checkout(place: Path) -> Layout:
    """Have a link outside that leads into the checkout."""
    (committed(place / "checkout") / "mail").mkdir()
    (place / "link").symlink_to(place / "checkout")
    return "checkout/mail", "link/reconciler.yaml"


def manifests_led_out(place: Path) -> Layout:
    """Have a folder of manifests that is a link into another checkout, in which the project file lies."""
    (committed(place / "manifests") / "accounts.d").mkdir()
    (committed(place / "project") / "mail").mkdir()
    (place / "project/mail/accounts.d").symlink_to(place / "manifests/accounts.d")
    return "project/mail", "manifests/reconciler.yaml"


INSIDE = (
    exported, exported_beside, exported_deep, in_an_image, with_git_dir_elsewhere, of_a_bare_repository, worktree,
    submodule, nested, linked_project, project_led_out, file_led_out, folder_led_out, through_the_checkout,
    link_into_the_checkout, manifests_led_out,
)  # fmt: skip
WORKING_FOLDERS = ("where the tests work", "the project folder", "the root")


@pytest.mark.parametrize("working", WORKING_FOLDERS)
@pytest.mark.parametrize("lay_out", INSIDE, ids=lambda each: each.__name__)
def test_what_came_with_the_checkout_is_not_believed(
    evil: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lay_out: Callable[[Path], Layout], working: str
) -> None:
    """A project file that a pull request could have brought, or led elsewhere, is not trusted, from wherever it is named."""
    place = tmp_path / "place"
    place.mkdir()
    project, file = lay_out(place)
    (place / file).parent.mkdir(exist_ok=True, parents=True)
    shutil.copy(evil.folder / "reconciler.yaml", place / file)
    monkeypatch.setenv("CI", "true")
    if lay_out is with_git_dir_elsewhere:
        monkeypatch.setenv("GIT_DIR", str(place / "repository.git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(place / "tree"))
    monkeypatch.chdir({"the root": Path("/"), "the project folder": place / project}.get(working, place))
    words = ("--project-dir", str(place / project), "--project-file", str(place / file))
    if working == "where the tests work":
        words = ("--project-dir", project, "--project-file", file)
    assert not is_believed(evil, *words)


@pytest.mark.parametrize("written", ["in full", "from the project folder", "by a link beside"])
@pytest.mark.parametrize("lay_out", [worktree, submodule, nested, linked_project], ids=lambda each: each.__name__)
def test_a_protected_copy_beside_the_checkout_is_believed(
    evil: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lay_out: Callable[[Path], Layout], written: str
) -> None:
    """Where there is a repository, what lies outside of it is the pipeline's own."""
    place = tmp_path / "place"
    place.mkdir()
    project, _ = lay_out(place)
    (tmp_path / "protected").mkdir()
    shutil.copy(evil.folder / "reconciler.yaml", tmp_path / "protected")
    (tmp_path / "link").symlink_to("protected")
    folder = (place / project).resolve()
    monkeypatch.setenv("CI", "true")
    monkeypatch.chdir(folder)
    file = {
        "in full": str(tmp_path / "protected/reconciler.yaml"),
        "from the project folder": os.path.relpath(tmp_path / "protected/reconciler.yaml", folder),
        "by a link beside": str(tmp_path / "link/reconciler.yaml"),
    }[written]
    assert is_believed(evil, "--project-dir", str(place / project), "--project-file", file)


def test_without_a_repository_only_another_top_folder_is_outside(
    evil: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an exported checkout nobody can tell how far up it goes, so a copy has to lie below another folder of the root."""
    if not (shared := Path("/dev/shm")).is_dir() or tmp_path.is_relative_to("/dev"):  # noqa: S108 - a folder that is not the tests'
        pytest.skip("there is no second top folder to write to")
    copy = shared / f"reconciler-test-{os.getpid()}.yaml"
    shutil.copy(evil.folder / "reconciler.yaml", copy)
    try:
        monkeypatch.setenv("CI", "true")
        assert is_believed(evil, "--project-file", str(copy))
        shutil.copy(copy, tmp_path / "beside.yaml")
        assert not is_believed(evil, "--project-file", str(tmp_path / "beside.yaml"))
    finally:
        copy.unlink()
