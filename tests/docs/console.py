"""Run the commands that a page of the documentation shows, and compare or replace the output that it shows.

A block ```` ```console ```` holds commands after ``$ `` (continued after ``> ``), each with its output. A block
```` ```yaml ```` that begins with ``# file: PATH`` is written to that file. They run in order, in a copy of the example
project with its mail servers. Other blocks are left alone; commands that are not to be run stand in ```` ```sh ````.

    python -m tests.docs.console        # writes the outputs of README.md and docs/guide.md anew
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from demo.example import CHECKOUT, STARTTLS_PORT, TLS_PORT, running_example

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.example import ExampleProject

PAGES = ("README.md", "docs/tutorial.md", "docs/guide.md", "docs/marketing.md", "docs/adopting.md")
"""The pages whose commands are run."""
COMMAND_SECONDS = 60
_PROJECT_FOLDER = "/home/anna/mail"
"""What stands in the documentation for the folder of the project."""
_PERSON = {"LOGNAME": "anna", "USER": "anna", "COLUMNS": "100"}

_BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_LINE = re.compile(r"# file: (\S+)\n")
_VARYING = (
    (re.compile(r" \(\d+\.\d\ds\)"), ""),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "IDENTITY"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC|[+-]\d\d:\d\d)?"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\b\d+(\.\d+)? ?(s|ms|seconds?)\b( to \d+(\.\d+)? ?(s|ms|seconds?)\b)?"), "DURATION"),
    (re.compile(r"\b[0-9a-f]{40,64}(\n +[0-9a-f]{1,24})?\b"), "DIGEST"),
    (re.compile(r"\b[0-9a-f]{7,64}\b"), "DIGEST"),
    (re.compile(r"(?<=in DURATION:)(\s+[a-z,;:]+)+"), " CHECKS"),
    (re.compile(r" {2,}"), "  "),
    (re.compile(r"[-─]{3,}"), "---"),
)
"""What differs from run to run, in this order; after a duration a line may break in another place."""


@dataclass(frozen=True)
class Shown:
    """One command of a page with the output that the page shows."""

    command: str
    output: str


@dataclass(frozen=True)
class Written:
    """One file that a page tells the reader to write."""

    path: str
    text: str


def steps_of(page: str) -> list[Shown | Written]:
    """Return what a page's text asks for, in order."""
    return [step for match in _BLOCK.finditer(page) for step in _steps_of_block(match[1], match[2])]


def _steps_of_block(language: str, body: str) -> Iterator[Shown | Written]:
    if language == "yaml":
        named = _FILE_LINE.match(body)
        if named:
            yield Written(named[1], body[named.end() :])
        return
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, output = re.match(r"(.*\n(?:> .*\n)*)((?:.*\n)*)", part).groups()  # type: ignore[union-attr]
        yield Shown(command.rstrip("\n").replace("\n> ", "\n"), output)


def run_page(steps: list[Shown | Written], folder: Path) -> list[Shown]:
    """Run a page's steps in a copy of the example project at ``folder``; return the commands with their real output."""
    ran = []
    with running_example(folder) as project:
        for step in steps:
            if isinstance(step, Written):
                path = project.folder / step.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_with_ports(step.text, _ports(project)), encoding="utf-8")
            else:
                ran.append(replace(step, output=_run(step.command, project)))
    return ran


def normalised(text: str) -> str:
    """Return text without what differs from run to run: times, durations, digests, widths that follow from them."""
    for pattern, placeholder in _VARYING:
        text = pattern.sub(placeholder, text)
    return text


def with_outputs(page: str, ran: list[Shown]) -> str:
    """Return the page with the outputs that ran; an output that differs in times alone stays as it stands."""
    outputs = iter(ran)

    def rewrite(match: re.Match[str]) -> str:
        if match[1] != "console":
            return match[0]
        parts = (_as_shown(step, next(outputs)) for step in _steps_of_block(match[1], match[2]))
        return "```console\n" + "".join(parts) + "```"

    return _BLOCK.sub(rewrite, page)


def _as_shown(step: Shown | Written, ran: Shown) -> str:
    assert isinstance(step, Shown)
    output = step.output if normalised(step.output) == normalised(ran.output) else ran.output
    command = step.command.replace("\n", "\n> ")
    return f"$ {command}\n{output}"


def _run(command: str, project: ExampleProject) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    finished = subprocess.run(
        ["/bin/sh", "-c", _with_ports(command, _ports(project))],
        cwd=project.folder,
        env=project.environment | _PERSON | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=COMMAND_SECONDS,
        check=False,
        encoding="utf-8",
    )
    output = finished.stdout.replace(str(project.folder), _PROJECT_FOLDER)
    output = _with_ports(output, {taken: declared for declared, taken in _ports(project).items()})
    return output if not output or output.endswith("\n") else output + "\n"


def _ports(project: ExampleProject) -> dict[int, int]:
    """Return the ports that the servers have, by those that the example declares; these may be taken."""
    return {STARTTLS_PORT: project.starttls.port, TLS_PORT: project.tls.port}


def _with_ports(text: str, ports: dict[int, int]) -> str:
    for before, after in ports.items():
        text = re.sub(rf"\b{before}\b", str(after), text)
    return text


def main() -> None:
    """Write the outputs of every page anew."""
    for name in PAGES:
        path = CHECKOUT / name
        page = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory(prefix="reconciler-docs-") as scratch:
            ran = run_page(steps_of(page), Path(scratch) / "mail")
        path.write_text(with_outputs(page, ran), encoding="utf-8")


if __name__ == "__main__":
    main()
