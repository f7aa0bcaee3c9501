"""What the demo shows, step by step, and what each step must come to."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.example import ExampleProject

COMMAND_SECONDS = 60


class NotAsExpected(Exception):
    """A step came to something else than it should; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of the story: why it is run, its exit code, and texts that its output must hold."""

    heading: str
    command: str
    exit_code: int = 0
    shows: tuple[str, ...] = ()


FIRST_STEPS = (
    Step(heading="Make the state, once", command="reconciler state init"),
    Step(heading="Check the manifests: no network, no secret, no state", command="reconciler validate"),
    Step(
        heading="See what would change; the plan logs in to the servers that it talks about",
        command="reconciler plan",
        shows=("sales-pl", "sales-de", "support", "newsletter", "invoices"),
    ),
    Step(
        heading="Apply: every account is verified with a test message, then all is recorded at once",
        command="reconciler apply --auto-approve",
    ),
    Step(
        heading="See the accounts: own ones are active, marketing ones await the platform",
        command="reconciler accounts list",
        shows=("active", "pending"),
    ),
    Step(
        heading="Plan again: nothing to do (with --detailed-exitcode, changes would be exit code 2)",
        command="reconciler plan --detailed-exitcode",
    ),
)
STEPS_WITH_A_WRONG_PASSWORD = (
    Step(
        heading="The plan finds out, and is blocked",
        command="reconciler plan",
        exit_code=3,
        shows=("sales-de", "auth"),
    ),
    Step(heading="So nothing is applied", command="reconciler apply --auto-approve", exit_code=3),
    Step(
        heading="What was applied, by whom",
        command="reconciler history",
    ),
)
MANIFEST = "accounts.d/sales/europe.yaml"
RIGHT = "password: {env: SMTP_SALES_DE_PASSWORD}"
WRONG = "password: {env: SMTP_WRONG_PASSWORD}"


def tell(project: ExampleProject) -> Iterator[str]:
    """Run the whole story, yielding its text piece by piece; raise ``NotAsExpected`` at the first surprise."""
    for step in FIRST_STEPS:
        yield from run_step(step, project)
    if not project.message_count:
        raise NotAsExpected("apply should have sent test messages, and the mail servers have none")
    yield f"\nThe mail servers have taken {project.message_count} test messages.\n"
    project.replace_in_manifest(MANIFEST, RIGHT, WRONG)
    yield f"\nNow somebody names a wrong password in {MANIFEST}:\n\n-        {RIGHT}\n+        {WRONG}\n"
    for step in STEPS_WITH_A_WRONG_PASSWORD:
        yield from run_step(step, project)
    _check_state_holds_no_password(project)


def run_step(
    step: Step, project: ExampleProject, *, program: tuple[str, ...] = (sys.executable, "-m", "reconciler")
) -> Iterator[str]:
    """Run one step, yielding its heading, command, output and exit code; raise ``NotAsExpected`` at a surprise.

    ``program`` is what runs in place of the command's first word.
    """
    yield f"\n# {step.heading}\n$ {step.command}\n"
    finished = subprocess.run(
        [*program, *shlex.split(step.command)[1:]],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=COMMAND_SECONDS,
        check=False,
        encoding="utf-8",
    )
    if any(password in finished.stdout for password in project.passwords):
        raise NotAsExpected(f"the output of `{step.command}`, which is not shown here, holds a password")
    yield finished.stdout
    yield f"[exit code {finished.returncode}]\n"
    if finished.returncode != step.exit_code:
        raise NotAsExpected(f"`{step.command}` ended with {finished.returncode} instead of {step.exit_code}")
    missing = [text for text in step.shows if text not in finished.stdout]
    if missing:
        raise NotAsExpected(f"the output of `{step.command}` does not show: {', '.join(missing)}")


def _check_state_holds_no_password(project: ExampleProject) -> None:
    for path in sorted((project.folder / ".reconciler").rglob("*")):
        if path.is_file() and any(password.encode() in path.read_bytes() for password in project.passwords):
            raise NotAsExpected(f"{path.name} holds a password")
