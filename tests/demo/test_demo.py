"""The demo tells its story to the end on a copy, and fails where a step comes to something else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from demo.example import CHECKOUT, ExampleProject, running_example
from demo.playground import VARIABLES_FILE, write_variables
from demo.story import FIRST_STEPS, STEPS_WITH_A_WRONG_PASSWORD, NotAsExpected, Step, run_step, tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ExampleProject]:
    """Yield a running example project that nothing has been done with."""
    with running_example(tmp_path / "project") as example:
        yield example


def test_whole_story(project: ExampleProject) -> None:
    """Each command is shown with its output and its exit code, from the first plan to the blocked one."""
    told = "".join(tell(project))
    steps = (*FIRST_STEPS, *STEPS_WITH_A_WRONG_PASSWORD)
    assert [line.removeprefix("$ ") for line in told.splitlines() if line.startswith("$ ")] == [
        step.command for step in steps
    ]
    assert [line for line in told.splitlines() if line.startswith("[exit code")] == [
        f"[exit code {step.exit_code}]" for step in steps
    ]
    assert project.message_count == 5


@pytest.mark.parametrize("is_in_ci", [True, False])
def test_what_the_caller_has_set_does_not_matter(
    is_in_ci: bool,  # noqa: FBT001 - a parameter of the test
    project: ExampleProject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The project's commands see neither CI nor the caller's settings of reconciler and passwords."""
    monkeypatch.setenv("RECONCILER_STATE", "sqlite:///elsewhere.db")
    monkeypatch.setenv("SMTP_SALES_PL_PASSWORD", "the caller's")
    if is_in_ci:
        monkeypatch.setenv("CI", "true")
    else:
        monkeypatch.delenv("CI", raising=False)
    environment = project.environment
    assert [name for name in environment if name.startswith(("CI", "RECONCILER_"))] == []
    assert environment["SMTP_SALES_PL_PASSWORD"] == project.variables["SMTP_SALES_PL_PASSWORD"]


def test_another_exit_code_is_noticed(project: ExampleProject) -> None:
    """A step that ends with another exit code than it should stops the story."""
    step = Step(heading="", command="reconciler validate", exit_code=3)
    with pytest.raises(NotAsExpected, match="ended with 0 instead of 3"):
        list(run_step(step, project))


def test_a_missing_text_is_noticed(project: ExampleProject) -> None:
    """A step whose output lacks what it should show stops the story."""
    step = Step(heading="", command="reconciler validate", shows=("no output has this",))
    with pytest.raises(NotAsExpected, match="does not show: no output has this"):
        list(run_step(step, project))


def test_a_password_in_an_output_is_noticed(project: ExampleProject) -> None:
    """An output that holds a password is not shown and stops the story."""
    name, password = "SMTP_SALES_PL_PASSWORD", project.variables["SMTP_SALES_PL_PASSWORD"]
    leak = Step(heading="", command=f'this -c "import os; print(os.environ[{name!r}])"')
    told: list[str] = []
    with pytest.raises(NotAsExpected, match="holds a password"):
        told.extend(run_step(leak, project, program=(sys.executable,)))
    assert password not in "".join(told)


def test_an_edit_that_finds_nothing_is_noticed(project: ExampleProject) -> None:
    """A manifest that does not hold what the story would change stops the story."""
    with pytest.raises(ValueError, match="0 times instead of once"):
        project.replace_in_manifest("accounts.d/support.yaml", "not there", "anything")


def test_checkout_validates() -> None:
    """The examples of the checkout are valid where they stand."""
    finished = subprocess.run(
        [sys.executable, "-m", "reconciler", "--project-dir", str(CHECKOUT), "validate"],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stderr


def test_variables_of_the_playground(project: ExampleProject) -> None:
    """The playground's file gives a shell the passwords, and nobody but its owner may read it."""
    write_variables(project)
    path = project.folder / VARIABLES_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    printed = subprocess.run(
        ["/bin/sh", "-c", f'. ./{VARIABLES_FILE} && printf %s "$SMTP_SALES_DE_PASSWORD"'],
        cwd=project.folder,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert printed.stdout == project.variables["SMTP_SALES_DE_PASSWORD"]
