"""Completion in the shells themselves: somebody types at a prompt, presses Tab, then Enter.

The program's place is taken by a script that hands completion on to it, and otherwise tells which words it was called
with: so each test sees what the line had become when Enter was pressed.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, environment, marketing_account
from tests.support.terminal import run_on_terminal
from tests.system.support.processes import program

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """\
#!/bin/sh
if [ -n "$_RECONCILER_COMPLETE" ] || [ "$1" = completion ]; then exec "{python}" -m reconciler "$@"; fi
printf CALLED; printf ':%s' "$@"; printf ':END\\n'
"""
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(reconciler completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -Uz compinit && compinit -u; eval "$(reconciler completion zsh)"'),
    "fish": (
        ["fish", "--no-config", "-i", "-C", "function fish_prompt; echo 'READY '; end; function fish_greeting; end"],
        "reconciler completion fish | source",
    ),
}
HOSTILE = (
    "$(touch ran)",
    "`touch ran`",
    "n;touch ran",
    "n|touch ran",
    "n\ntouch ran",
    "n\nplain,$(touch ran)",
    "-n",
    "*",
)
SAID = "echo THE''RE"
"""Typed so that the terminal's echo of it is not what it says."""


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn; one that this machine does not have is skipped, and fails where CI is set."""
    name: str = request.param
    program(name)
    return name


@pytest.fixture
def recorded(project: Project) -> Project:
    """Return a project with one account recorded, and as many as there are hostile names beside it."""
    for name in ("news", *(f"x{number}" for number in range(len(HOSTILE)))):
        project.write_account(name, marketing_account(name))
    project.run_well("apply", "--auto-approve")
    for number, name in enumerate(HOSTILE):
        project.execute_sql("UPDATE accounts SET name = ? WHERE name = ?", name, f"x{number}")
    return project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """Return a project with state, and the program's stand-in beside it."""
    made = Project(tmp_path / "mail", monkeypatch, capsys)
    made.init()
    place = tmp_path / "bin"
    place.mkdir()
    program = place / "reconciler"
    program.write_text(PROGRAM.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    return made


def typed(project: Project, shell: str, *lines: str) -> str:
    """Return what a shell shows while lines are typed at its prompt, after it has read the script."""
    words, setup = SHELLS[shell]
    home = project.folder.parent
    variables = {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(home / "bin"), os.environ["PATH"]]),
        "TERM": "xterm",
        "PS1": "READY ",
        "LANG": "C.UTF-8",
        "XDG_DATA_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
    }
    answers = [("READY", f"{setup}; {SAID}"), ("THERE", lines[0]), *((":END", line) for line in lines[1:])]
    shown = run_on_terminal(
        words, folder=project.folder, environ=environment(variables), columns=200, answers=[*answers, (":END", "exit")]
    )
    return shown.text


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("reconciler val\t", "CALLED:validate:END"),
        ("reconciler accounts ren\t", "CALLED:accounts:rename:END"),
        ("reconciler plan --detailed\t", "CALLED:plan:--detailed-exitcode:END"),
        ("reconciler plan --depth off\t", "CALLED:plan:--depth:offline:END"),
        ("reconciler accounts add own x --preset post\t", "CALLED:accounts:add:own:x:--preset:postmark:END"),
    ],
)
def test_tab_completes_commands_options_and_values(project: Project, shell: str, line: str, called: str) -> None:
    """A command, one in a group, an option, one of its few values, and a preset are completed as they are typed."""
    assert called in typed(project, shell, line)


def test_tab_completes_an_account(recorded: Project, shell: str) -> None:
    """The name of an account is completed from state, as an argument and as a value."""
    shown = typed(recorded, shell, "reconciler accounts show ne\t", "reconciler plan --target ne\t")
    assert "CALLED:accounts:show:news:END" in shown
    assert "CALLED:plan:--target:news:END" in shown


def test_hostile_names_in_state_are_not_run(recorded: Project, shell: str) -> None:
    """Names that a shell would run, glob or take for an option are not offered: of all, one harmless name is left."""
    shown = typed(recorded, shell, "reconciler accounts show \t", "reconciler suspend n\t\t --reason x")
    assert "CALLED:accounts:show:news:END" in shown
    assert not (recorded.folder / "ran").exists()
    assert "touch" not in shown


@pytest.mark.parametrize("shell", ["bash"])
def test_a_broken_project_does_not_disturb_the_line(project: Project, shell: str) -> None:
    """Where nothing can be offered, Tab leaves the line as it is, and no message lands in it."""
    (project.folder / "reconciler.yaml").write_bytes(b"\xff: [")
    project.state_file.write_bytes(b"no database")
    shown = typed(project, shell, "reconciler accounts show ne\tx")
    assert "CALLED:accounts:show:nex:END" in shown
    assert "rror" not in shown
