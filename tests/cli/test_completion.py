"""Completion in the shell: the scripts, and what they get when somebody presses Tab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import CHECKOUT, Project, environment, marketing_account, own_account

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\nspec: {host: a.example.com}\n"


def complete(folder: Path, line: str, *, kind: str = "zsh") -> list[str]:
    """Return what Tab at the end of a line offers, as the program tells it to a shell; nothing may go to stderr."""
    words = line.split(" ")
    asked = {"_RECONCILER_COMPLETE": f"{kind}_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    if kind == "fish":
        asked["COMP_CWORD"] = words[-1]
    ended = subprocess.run(
        [sys.executable, "-m", "reconciler"],
        cwd=folder,
        env=environment(asked),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=30,
    )
    assert "" == ended.stderr
    lines = ended.stdout.splitlines()
    return lines[1::3] if kind == "zsh" else [each.partition(",")[2].partition("\t")[0] for each in lines]


def test_the_script_completes_in_a_real_bash(bare: Project) -> None:
    """Bash reads the script and completes commands and names with it."""
    bare.write_account("news", marketing_account("news"))
    bare.write_account("blog", marketing_account("blog"))
    bin_folder = bare.folder / "bin"
    bin_folder.mkdir()
    program = bin_folder / "reconciler"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = (
        'eval "$(reconciler completion bash)"\n'
        "ask() { COMPREPLY=(); COMP_WORDS=($1); COMP_CWORD=$2; _reconciler_completion reconciler; echo ${COMPREPLY[*]}; }\n"
        "ask 'reconciler accounts rename ne' 3\nask 'reconciler accounts re' 2\nask 'reconciler val' 1\n"
    )
    bash = shutil.which("bash")
    assert bash is not None
    path = os.pathsep.join([str(bin_folder), os.environ["PATH"]])
    ended = subprocess.run(
        [bash, "--norc", "-c", script],
        cwd=bare.folder,
        env=environment({"PATH": path}),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert ("news\nrename\nvalidate\n", "") == (ended.stdout, ended.stderr)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(bare: Project, shell: str) -> None:
    """The script of a shell asks the program by the variable that click's mechanism has."""
    script = bare.run_well("completion", shell).out
    assert f"_RECONCILER_COMPLETE={shell}_complete" in script
    assert 1 == bare.run("completion", "tcsh").code


def test_fish_and_zsh_are_offered_the_same(bare: Project) -> None:
    """Whatever the shell, the same words are offered."""
    assert ["plan"] == complete(bare.folder, "reconciler pla")
    assert ["plan"] == complete(bare.folder, "reconciler pla", kind="fish")


def test_options_and_choices_are_completed(bare: Project) -> None:
    """Options of a command, the values of one that has few, and presets."""
    assert ["--detailed-exitcode"] == complete(bare.folder, "reconciler plan --det")
    assert ["offline"] == complete(bare.folder, "reconciler plan --depth o")
    assert ["gmail", "google-workspace"] == complete(bare.folder, "reconciler accounts add own x --preset g")


def test_names_come_from_manifests_without_state(bare: Project) -> None:
    """Without a state, accounts are those of the manifests, in whatever style they are written; servers apart."""
    bare.write_account("own", own_account("sales", 25) + "---\n" + SERVER)
    block = marketing_account("x").replace("metadata: {name: x}", 'metadata:   # ours\n  title: A\n  name: "blog"')
    bare.write_account("news", f"# c\n{marketing_account('news')}---\n{block}")
    assert ["blog", "news", "sales"] == complete(bare.folder, "reconciler accounts show ")
    assert ["office"] == complete(bare.folder, "reconciler accounts add own x --server ")
    elsewhere = bare.folder.parent
    assert ["news"] == complete(elsewhere, f"reconciler --project-dir {bare.folder} accounts delete n")


def test_names_come_from_state_where_there_is_one(project: Project) -> None:
    """What is recorded is offered where it can be looked at; a plan's target may be either."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.remove_account("news")
    project.write_account("blog", marketing_account("blog"))
    assert ["news"] == complete(project.folder, "reconciler suspend ")
    assert ["blog", "news"] == complete(project.folder, "reconciler plan --target ")
    assert ["blog"] == complete(project.folder, "reconciler accounts delete ")


@pytest.mark.parametrize("name", ["$(id)", "`id`", "news;id", "a\nplain,b", "-rf", "*", "żółw", "a b", "a\x1b[2J"])
def test_a_name_that_a_shell_would_run_is_not_offered(project: Project, name: str) -> None:
    """What somebody wrote into state behind the program's back does not get into the line that Enter runs."""
    project.write_account("news", marketing_account("news"))
    project.write_account("blog", marketing_account("blog"))
    project.run_well("apply", "--auto-approve")
    project.execute_sql("UPDATE accounts SET name = ? WHERE name = 'blog'", name)
    assert ["news"] == complete(project.folder, "reconciler accounts show ")
    assert ["news"] == complete(project.folder, "reconciler accounts show ", kind="fish")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"state: [", b"metadata: {name: mail}\nstate: postgresql://x/y\n"])
def test_completion_is_silent_whatever_is_wrong(bare: Project, content: bytes) -> None:
    """A broken project offers nothing and says nothing: a message would land in the line that is being typed."""
    (bare.folder / "reconciler.yaml").write_bytes(content)
    bare.write_account("bad", "metadata: [\n")
    assert [] == complete(bare.folder, "reconciler accounts show ")
    assert "plan" in complete(bare.folder, "reconciler nonsense ")


def test_a_broken_state_falls_back_to_the_manifests(project: Project) -> None:
    """A file that is no database is passed over in silence."""
    project.write_account("news", marketing_account("news"))
    project.state_file.write_bytes(b"not a database")
    assert ["news"] == complete(project.folder, "reconciler accounts show ")


def test_completing_a_command_imports_none(bare: Project) -> None:
    """The names of commands are offered from the table: no command and no heavy library is imported for that."""
    asked = {"_RECONCILER_COMPLETE": "zsh_complete", "COMP_WORDS": "reconciler pl", "COMP_CWORD": "1"}
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reconciler"],
        cwd=CHECKOUT,
        env=environment(asked),
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=30,
    )
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "plan" in ended.stdout
    assert set() == {
        name for name in imported if name.startswith(("reconciler.cli.commands.", "pydantic", "reconciler.store."))
    }


def test_environments_are_completed_and_give_names_of_their_own_state(bare: Project) -> None:
    """--env offers what the project file declares in a block; names then come from that environment's state."""
    block = "environments:\n  staging:\n    state: sqlite:///.reconciler/staging.db\n  production:\n    state: sqlite:///.reconciler/x.db\n"
    bare.write_project(block)
    bare.write_account("sales", marketing_account("sales"))
    bare.run_well("--env", "staging", "state", "init")
    bare.run_well("--env", "staging", "apply", "--auto-approve")
    bare.remove_account("sales")
    assert ["production", "staging"] == complete(bare.folder, "reconciler --env ")
    assert ["sales"] == complete(bare.folder, "reconciler --env staging suspend ")
    assert [] == complete(bare.folder, "reconciler --env production suspend ")
