"""``init`` begins a project that works, and leaves alone what is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reconciler.scaffold import project_name
from tests.cli.commandtree import parse
from tests.cli.project import marketing_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.project import Project

_ALWAYS = [
    ".schemas/account.schema.json",
    ".schemas/overlay.schema.json",
    ".schemas/project.schema.json",
    "accounts.d/example.yaml",
    ".gitignore",
]
_CI_FILES = {
    "github": [".github/workflows/reconciler.yml", ".github/reconciler-requirements.txt", ".github/CODEOWNERS.example"],
    "gitlab": [".gitlab-ci.yml", ".gitlab/reconciler-requirements.txt", ".gitlab/CODEOWNERS.example"],
    "none": [],
}
_PIPELINES = {"github": ".github/workflows/reconciler.yml", "gitlab": ".gitlab-ci.yml"}
_ARRAY = re.compile(r"\$\{\w+\[@\]\}")
"""Any number of words, none among them."""
_STEP = re.compile(r"^\s*(?:- )?(reconciler .*?)(?: > \S+)?(?: \|\| [a-z]+=\$\?)?$", re.MULTILINE)


@pytest.fixture
def empty(bare: Project) -> Project:
    """Return an empty folder to work in."""
    (bare.folder / "reconciler.yaml").unlink()
    (bare.folder / "accounts.d").rmdir()
    return bare


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, check=True, encoding="utf-8").stdout


def _made(project: Project, *words: str) -> dict[str, Any]:
    return project.run_well("init", *words, "--format", "json").document


def _pipeline(project: Project, ci: str, *, state: str = "sqlite") -> tuple[str, dict[str, Any]]:
    _made(project, "--ci", ci, "--state", state)
    text = (project.folder / _PIPELINES[ci]).read_text(encoding="utf-8")
    return text, yaml.safe_load(text)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def test_a_fresh_folder_becomes_a_project(empty: Project) -> None:
    """After init the project is valid; its plan is empty, and says how to write the first account."""
    document = _made(empty)
    assert ("mail", [*_ALWAYS, "reconciler.yaml"], [], True) == tuple(
        document[each] for each in ("name", "made", "kept", "stateMade")
    )
    empty.run_well("validate")
    planned = empty.run_well("plan", "--detailed-exitcode", "--format", "json")
    assert ("empty", ["noManifests"]) == (planned.document["status"], planned.codes)
    assert planned.document["diagnostics"][0]["detail"].endswith("\n    reconciler accounts add own")
    assert "\n        reconciler accounts add own\n" in empty.run_well("plan").err


def test_another_folder_and_an_operator(empty: Project) -> None:
    """DIR is made; the operator stands in the project file; what to do next is told with the folder."""
    outcome = empty.run_well("init", "new/The Post", "--operator", "ops@example.com")
    written = yaml.safe_load((empty.folder / "new/The Post/reconciler.yaml").read_text(encoding="utf-8"))
    assert ({"name": "the-post"}, {"email": "ops@example.com"}) == (written["metadata"], written["operator"])
    assert "\n    cd 'new/The Post'\n    reconciler accounts add own\n" in outcome.out
    empty.run_well("--project-dir", "new/The Post", "validate")


def test_git_ignores_state_and_secrets(empty: Project) -> None:
    """Of a new project git would add neither state nor keys nor secret files nor the report."""
    _git(empty.folder, "init", "--quiet")
    _made(empty)
    (empty.folder / "secrets").mkdir()
    (empty.folder / "secrets" / "sales").write_text("x", encoding="utf-8")
    empty.run_well("report", "--out", "report")
    _git(empty.folder, "add", "--all")
    assert sorted([*_ALWAYS, "reconciler.yaml"]) == sorted(_git(empty.folder, "ls-files").split())


def test_twice_is_harmless(empty: Project) -> None:
    """A project that is there is an error with what to do, and nothing of it changes."""
    _made(empty)
    before = {path: path.read_bytes() for path in empty.folder.rglob("*") if path.is_file()}
    again = empty.run("init")
    assert 1 == again.code
    assert "[projectExists]" in again.err
    assert "reconciler state init" in again.err
    assert before == {path: path.read_bytes() for path in empty.folder.rglob("*") if path.is_file()}


def test_existing_files_are_kept_and_told(empty: Project) -> None:
    """A file of the same name, a dangling link too, is left; of .gitignore the missing lines are told."""
    (empty.folder / ".gitignore").write_text("mine\n", encoding="utf-8")
    (empty.folder / ".gitlab-ci.yml").symlink_to("nowhere")
    outcome = empty.run_well("init", "--ci", "gitlab")
    assert "mine\n" == (empty.folder / ".gitignore").read_text(encoding="utf-8")
    assert Path("nowhere") == (empty.folder / ".gitlab-ci.yml").readlink()
    assert "left as they are:\n    .gitignore\n    .gitlab-ci.yml\n" in outcome.out
    assert "\n    .reconciler/\n    secrets/\n" in outcome.out


def test_an_interrupted_init_goes_on(empty: Project) -> None:
    """Where the project file is not there yet, init makes what is missing; a state that is there is left."""
    lineage = _made(empty)["lineage"]
    (empty.folder / "reconciler.yaml").unlink()
    again = _made(empty)
    assert ["reconciler.yaml"] == again["made"]
    assert again["stateMade"] is False
    assert lineage == again["lineage"]


@pytest.mark.parametrize("blocker", ["accounts.d", "place"])
def test_a_file_in_the_way_of_a_folder(empty: Project, blocker: str) -> None:
    """A file where a folder is needed is told, and no project is left half-made."""
    (empty.folder / blocker).write_text("", encoding="utf-8")
    words = ("init", "place") if blocker == "place" else ("init",)
    refused = empty.run(*words, "--format", "json")
    assert (1, ["projectNotMade"]) == (refused.code, refused.codes)
    assert not (empty.folder / "reconciler.yaml").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--name", "Not a name"), "invalidName"),
        (("--operator", "nobody"), "invalidEmail"),
    ],
)
def test_wrong_words_write_nothing(empty: Project, words: tuple[str, ...], code: str) -> None:
    """A name or an operator that is not valid is refused before anything is written."""
    refused = empty.run("init", *words, "--format", "json")
    assert 1 == refused.code
    assert [code] == refused.codes
    assert [] == list(empty.folder.iterdir())


@pytest.mark.parametrize("place", ["accounts.d", "accounts.d/deep/er", "through/link"])
def test_a_folder_among_the_manifests_of_a_project_is_refused(empty: Project, place: str) -> None:
    """Its manifests would be read by the project around it; that project is named, and nothing is written."""
    _made(empty)
    (empty.folder / "through").symlink_to(empty.folder / "accounts.d")
    before = sorted(empty.folder.rglob("*"))
    told = empty.run("init", place)
    assert (1, "") == (told.code, told.out)
    assert "[projectExists]" in told.err
    assert str(empty.folder) in told.err
    assert before == sorted(empty.folder.rglob("*"))
    empty.run_well("init", "elsewhere")


def test_the_manifests_folder_of_a_project_is_the_one_it_names(empty: Project) -> None:
    """A project around whose file names another folder, or cannot be read, still keeps its manifests to itself."""
    file = empty.folder / "reconciler.yaml"
    _made(empty)
    file.write_text(
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: mail}\nmanifests: mail\n", encoding="utf-8"
    )
    assert "[projectExists]" in empty.run("init", "mail/new").err
    file.write_text("unreadable: [", encoding="utf-8")
    assert "[projectExists]" in empty.run("init", "accounts.d/new").err


@pytest.mark.parametrize("place", ["/dev/null", "/dev/null/deeper"])
def test_a_folder_that_is_none_is_named(empty: Project, place: str) -> None:
    """The message names DIR, not a file that would have been in it."""
    told = empty.run("init", place, "--name", "mail", "--format", "json")
    assert (1, ["projectNotMade"]) == (told.code, told.codes)
    assert told.document["diagnostics"][0]["detail"].startswith(place)


def test_a_project_file_elsewhere_is_refused(empty: Project) -> None:
    """--project-file contradicts init."""
    assert "[badUsage]" in empty.run("--project-file", "other.yaml", "init").err


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("Mail", "mail"),
        ("Zażółć gęślą", "zazoc-gesla"),
        ("..a..b..", "a.b"),
        ("№§", "no"),
        ("邮件", "mail"),
        ("", "mail"),
        ("x" * 80, "x" * 63),
        ("y" * 62 + "-z", "y" * 62),
        ("123", "123"),
        ("null", "null"),
    ],
)
def test_odd_folder_names(empty: Project, folder: str, name: str) -> None:
    """Whatever a folder is called, its project has a valid name, and the project file is valid."""
    assert name == project_name(folder)
    _made(empty, "p", "--name", name)
    empty.run_well("--project-dir", "p", "validate")


@pytest.mark.parametrize(
    ("remote", "extra", "ci"),
    [
        ("git@github.com:example/mail.git", None, "github"),
        ("https://gitlab.example.com/example/mail.git", None, "gitlab"),
        ("https://git.example.com/example/mail.git", None, "none"),
        ("https://git.example.com/example/mail.git", ".github", "github"),
    ],
)
def test_the_remote_chooses_the_pipeline(empty: Project, remote: str, extra: str | None, ci: str) -> None:
    """At the root of a repository its remote, or .github, says for which system a pipeline is written."""
    _git(empty.folder, "init", "--quiet")
    _git(empty.folder, "remote", "add", "origin", remote)
    if extra is not None:
        (empty.folder / extra).mkdir()
    assert [*_ALWAYS, *_CI_FILES[ci], "reconciler.yaml"] == _made(empty)["made"]


@pytest.mark.parametrize("ci", _CI_FILES)
def test_the_flag_chooses_the_pipeline(empty: Project, ci: str) -> None:
    """--ci writes the files of that system and no other's."""
    assert [*_ALWAYS, *_CI_FILES[ci], "reconciler.yaml"] == _made(empty, "--ci", ci)["made"]


def test_a_project_with_its_state_in_a_database(empty: Project) -> None:
    """The project file names a database and the key, is valid, and no state is made; what is left to do is told."""
    document = _made(empty, "--state", "postgresql")
    assert (False, None) == (document["stateMade"], document["lineage"])
    assert not (empty.folder / ".reconciler").exists()
    written = yaml.safe_load((empty.folder / "reconciler.yaml").read_text(encoding="utf-8"))
    assert ("postgresql", {"env": "RECONCILER_FINGERPRINT_KEY"}) == (
        written["state"].partition("://")[0],
        written["secrets"]["fingerprintKey"],
    )
    empty.run_well("validate")
    told = empty.run_well("init", "other", "--state", "postgresql").out
    assert "The state is not made yet" in told
    assert "\n    openssl rand -hex 32\n" in told
    assert "\n    reconciler state init\n" in told


@pytest.mark.parametrize("ci", _CI_FILES)
@pytest.mark.parametrize("state", ["sqlite", "postgresql"])
def test_no_mark_of_a_template_is_left(empty: Project, ci: str, state: str) -> None:
    """What is written is for one kind of state, and says nothing of how it was chosen."""
    for each in _made(empty, "--ci", ci, "--state", state)["made"]:
        assert not re.search("@[A-Za-z_]+@", (empty.folder / each).read_text(encoding="utf-8"))


def test_a_pipeline_below_the_root_of_a_repository(empty: Project) -> None:
    """GitHub's lies at the root, under the project's name; GitLab's in the folder, and one at the root names it."""
    (empty.folder / ".git").mkdir()
    made = _made(empty, "mail/eu", "--name", "eu", "--ci", "github")["made"]
    assert {"../../.github/workflows/reconciler-eu.yml", "../../.github/CODEOWNERS.example"} < set(made)
    workflow = yaml.safe_load((empty.folder / ".github/workflows/reconciler-eu.yml").read_text(encoding="utf-8"))
    assert ("mail/eu", "/srv/reconciler/eu") == (workflow["env"]["PROJECT_DIR"], workflow["env"]["RECONCILER_HOME"])
    for folder in ("mail/us", "mail/pl"):
        told = empty.run_well("init", folder, "--ci", "gitlab").out
    root = yaml.safe_load((empty.folder / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    assert {"include": [{"local": "mail/us/.gitlab-ci.yml"}]} == root
    assert "\n    include: [{local: mail/pl/.gitlab-ci.yml}]\n" in told


def test_a_folder_that_no_pipeline_can_name(empty: Project) -> None:
    """A path that would be a pattern, or shell, is refused before anything is written."""
    (empty.folder / ".git").mkdir()
    for name in ("a b", "$(id)", "x*", "żółw", "x'y"):
        refused = empty.run("init", name, "--ci", "gitlab")
        assert (1, True) == (refused.code, "[projectNotMade]" in refused.err)
        assert not (empty.folder / name).exists()


@pytest.mark.parametrize("first", [".", "eu/mail"])
@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_two_projects_of_a_repository_have_two_names(empty: Project, ci: str, first: str) -> None:
    """What one is to find by its name would be the other's; the other is named, and nothing is written. Again is no second."""
    (empty.folder / ".git").mkdir()
    empty.run_well("init", "--ci", ci, "--name", "mail", first)
    refused = empty.run("init", "--ci", ci, "--name", "mail", "us/mail")
    said = " ".join(refused.err.split())
    assert (1, True) == (refused.code, "[projectNotMade]" in said)
    assert f"The project in {first} is called mail too" in said
    assert not (empty.folder / "us").exists()
    empty.run_well("init", "--ci", ci, "--name", "news", "us/mail")
    empty.run_well("--project-dir", first, "init", "--ci", ci)


def test_a_pipeline_is_added_to_a_project(empty: Project) -> None:
    """Where the project is there, --ci writes its pipeline, for the environments that it has, and nothing else."""
    _made(empty, "--ci", "none")
    path = empty.folder / "reconciler.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    del document["state"]
    document["environments"] = {
        "staging": {"state": "sqlite:///.reconciler/staging.db"},
        "production": {"state": "postgresql://db.example.com/mail"},
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    before = path.read_bytes()
    assert _CI_FILES["github"] == _made(empty, "--ci", "github")["made"]
    workflow = yaml.safe_load((empty.folder / _PIPELINES["github"]).read_text(encoding="utf-8"))
    for job in ("plan", "apply", "nightly"):
        assert {"environment": ["staging", "production"]} == workflow["jobs"][job]["strategy"]["matrix"]
    assert ([], _CI_FILES["github"]) == tuple(_made(empty, "--ci", "github")[each] for each in ("made", "kept"))
    assert "were left as they are" in empty.run_well("init", "--ci", "github").out
    for words in (
        ("--name", "x"),
        ("--operator", "ops@example.com"),
        ("--state", "sqlite"),
        ("--approval", "comments"),
    ):
        assert 1 == empty.run("init", "--ci", "gitlab", *words).code
    assert (before, False) == (path.read_bytes(), (empty.folder / ".gitlab-ci.yml").exists())


@pytest.mark.parametrize("state", ["sqlite", "postgresql"])
@pytest.mark.parametrize("ci", _PIPELINES)
def test_every_command_of_a_pipeline_is_one(empty: Project, ci: str, state: str) -> None:
    """Each line that calls reconciler is accepted by its command line; the shell of each step can be read."""
    _, document = _pipeline(empty, ci, state=state)
    steps = [text for text in _texts(document) if _STEP.search(text) or "\n" in text]
    lines = [line for text in steps for line in _STEP.findall(text)]
    told = {" ".join(shlex.split(line)[1:]) for line in lines}
    assert 6 <= len(told)
    assert any("apply --reviewed" in each for each in told)
    for line in lines:
        words = (word for word in shlex.split(line)[1:] if not _ARRAY.fullmatch(word))
        parse(shlex.join(["reconciler", *words]))
    for text in steps:
        subprocess.run(["bash", "-n"], input=text, encoding="utf-8", check=True)


def test_the_steps_plan_a_pull_request_and_apply_it(empty: Project, tmp_path: Path) -> None:
    """The shell of the steps, run on a real repository and state: what was planned of a pull request is applied."""
    _, document = _pipeline(empty, "github")
    with (empty.folder / "reconciler.yaml").open("a", encoding="utf-8") as file:
        file.write("verification: {domainChecks: off}\n")
    _git(empty.folder, "init", "--quiet", "--initial-branch", "main")
    for setting in ("user.name=ci", "user.email=ci@example.com", "uploadpack.allowAnySHA1InWant=true"):
        _git(empty.folder, "config", *setting.split("="))
    base = _commit(empty.folder)
    _git(empty.folder, "checkout", "--quiet", "-b", "change")
    empty.write_account("news", marketing_account("news"))
    with (empty.folder / "reconciler.yaml").open("a", encoding="utf-8") as file:
        file.write("unknown: what the pull request says of the project does not count\n")
    head = _commit(empty.folder)
    _git(empty.folder, "revert", "--no-commit", "HEAD")
    empty.write_account("news", marketing_account("news"))
    merged = _commit(empty.folder)
    home = tmp_path / "home"
    home.mkdir()
    state = f"sqlite:///{home}/state.db"
    empty.run_well("--state", state, "state", "init")
    variables = {"GITHUB_SERVER_URL": f"file://{tmp_path}", "GITHUB_REPOSITORY": "mail", "RECONCILER_HOME": str(home)}
    variables |= {"GITHUB_SHA": base, "HEAD_SHA": head, "COMMIT": merged, "PULL_REQUEST": "7"}
    variables |= {
        "PULL_REQUEST_URL": "https://git.example.com/pull/7",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }
    for job in ("plan", "apply"):
        scratch = tmp_path / job
        scratch.mkdir(exist_ok=True)
        for step in document["jobs"][job]["steps"]:
            if step["name"].startswith(
                ("Fetch the base", "Fetch what was merged", "Check the journal", "Plan", "Apply")
            ):
                _run_step(step["run"], scratch, variables)
        if job == "plan":  # as the code host hands it on
            (tmp_path / "apply").mkdir()
            shutil.copy(scratch / "comment.md", tmp_path / "apply" / "looked-at.md")
    assert "<!-- reconciler plan: mail -->" in (tmp_path / "plan" / "comment.md").read_text(encoding="utf-8")
    listed = empty.run_well("--state", state, "accounts", "list", "--format", "json").document["accounts"]
    assert ["news"] == [each["name"] for each in listed]


def _commit(folder: Path) -> str:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "x")
    return _git(folder, "rev-parse", "HEAD").strip()


def _run_step(script: str, scratch: Path, variables: dict[str, str]) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    finished = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=scratch,
        env={**os.environ, **variables, "PATH": path, "CI": "true", "RUNNER_TEMP": str(scratch), "PROJECT_DIR": "."},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert 0 == finished.returncode, (script, finished.stdout, finished.stderr)
