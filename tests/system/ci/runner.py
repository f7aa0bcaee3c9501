"""The jobs of a pipeline, run as the services' runners run them, as far as the shell of a step can tell.

Where a runner would do more (containers, services, actions of others) the pipelines have nothing of it, which is
asserted here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

_STEP_SECONDS = 300
_EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")
_PATH = re.compile(r"[a-z_]+(?:\.[A-Za-z_]+)*")
_COMPARISON = re.compile(r"(?P<path>[a-z_.]+)(?: (?P<sign>==|!=) '(?P<text>[^']*)')?")
_BEGINS = re.compile(r"startsWith\((?P<path>[a-z_.]+), '(?P<text>[^']*)'\)")
_IS_ONE_OF = re.compile(r"contains\('(?P<text>[A-Z ]*)', (?P<path>[a-z_.]+)\)")
_RULE = re.compile(r"""\$(?P<name>[A-Z_]+)(?: (?P<sign>==|=~) (?P<other>null|\$[A-Z_]+|"[^"]*"|/[^/]*/))?""")
_PYTHON = """\
#!/bin/sh
if [ -n "{template}" ] && [ "$1 $2 $3" = "-I -m venv" ]; then exec ln -s "{template}" "$4"; fi
exec "{python}" "$@"
"""


@dataclass(frozen=True)
class Ended:
    """How a job or a step ended; ``log`` is what the service would show."""

    code: int
    log: str


@dataclass
class Machine:
    """A machine of a runner: its home folder, its programs, and how it reaches the code host."""

    folder: Path
    variables: Mapping[str, str]
    """What the administrator has set on the machine."""
    template: Path | None = None
    """An environment with the tool, to which ``python3 -I -m venv`` makes a link; pip then finds all installed.

    What lies in its folder ``programs`` stands in the place of the machine's own.
    """

    def __post_init__(self) -> None:
        """Make the home folder and a ``python3`` of the version for which there are wheels."""
        (self.folder / "home").mkdir(parents=True)
        programs = self.folder / "bin"
        programs.mkdir()
        python = programs / "python3"
        python.write_text(_PYTHON.format(python=os.path.realpath(sys.executable), template=self.template or ""))
        python.chmod(0o755)
        for each in (self.template / "programs").glob("*") if self.template else ():
            (programs / each.name).symlink_to(each)

    def renew(self, *kept: str) -> None:
        """Take away what jobs have left on the machine, so that the next one finds a machine as if it were another."""
        for each in self.folder.iterdir():
            if each.name not in {"bin", *kept}:
                shutil.rmtree(each)
        (self.folder / "home").mkdir(exist_ok=True)

    def environment(self) -> dict[str, str]:
        """Return what every job on the machine sees, and none of what the tests are run with."""
        own = os.path.dirname(sys.executable)  # noqa: PTH120 - compared with the text of PATH
        places = [each for each in os.environ.get("PATH", os.defpath).split(os.pathsep) if each != own]
        return {
            "PATH": os.pathsep.join([str(self.folder / "bin"), *places]),
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "CI": "true",
            **self.variables,
        }


def run_shell(script: Path, folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run a file of shell as both services do: bash that ends at the first command that fails."""
    finished = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        timeout=_STEP_SECONDS,
    )
    return Ended(finished.returncode, finished.stdout)


@dataclass
class GitHub:
    """GitHub Actions: which jobs an event starts, and their steps."""

    machine: Machine
    workflow: dict[str, Any]
    event: dict[str, Any]
    """The payload of the event, under ``event``, beside ``event_name``, ``sha``, ``token`` and so on."""
    variables: Mapping[str, str]
    secrets: Callable[[str], Mapping[str, str]] = field(default=lambda _: {})
    """The secrets of a job by the name of its environment; empty for a job that has none."""
    permit: Callable[[Mapping[str, str]], None] = field(default=lambda _: None)
    """Told what the token of a job may do, before it runs."""

    def started(self, *, changed: Iterable[str] | None = None) -> list[str]:
        """Return the names of the jobs that the event starts, where the pull request changes these files if any are said."""
        triggers = self.workflow["on"][self.event["event_name"]]
        paths = triggers.get("paths", ["/**"]) if isinstance(triggers, dict) else ["/**"]
        if changed is not None and not any(_is_below(f"{each}", f"{path}/*") for each in changed for path in paths):
            return []
        return [
            name
            for name, job in self.workflow["jobs"].items()
            if all(self._holds(each) for each in job["if"].split(" && "))
        ]

    def environments(self, name: str) -> list[str]:
        """Return for which environments of the project a job runs, each in a run of its own."""
        found: list[str] = self.workflow["jobs"][name]["strategy"]["matrix"]["environment"]
        return found

    def run(self, name: str, environment: str | None = None) -> Ended:
        """Run the steps of a job on a machine with an empty temporary folder; the first failure's code counts."""
        job = self.workflow["jobs"][name]
        assert not {"container", "services", "uses"} & set(job)
        assert (environment is not None) == ("strategy" in job)
        self.event["matrix"] = {"environment": environment}
        self.permit(job["permissions"])
        self.machine.renew()
        place = self.machine.folder / name
        (place / "temp").mkdir(parents=True)
        (place / "workspace").mkdir()
        ended = Ended(0, "")
        for number, step in enumerate(job["steps"]):
            if ended.code and step.get("if") != "always()":
                continue
            outcome = self._step(step, place, number, job)
            ended = Ended(ended.code or outcome.code, ended.log + outcome.log)
        return ended

    def step(self, job: str, name: str, place: Path) -> Ended:
        """Run one step in a folder that has been prepared."""
        described = self.workflow["jobs"][job]
        (step,) = (each for each in described["steps"] if each["name"] == name)
        (place / "workspace").mkdir(exist_ok=True)
        self.event["matrix"] = {}
        return self._step(step, place, 0, described)

    def _step(self, step: dict[str, Any], place: Path, number: int, job: dict[str, Any]) -> Ended:
        assert "uses" not in step
        assert "bash" == self.workflow["defaults"]["run"]["shell"]
        environment = self._environment(step, place, job)
        script = place / f"{number}.sh"
        script.write_text(step["run"], encoding="utf-8")
        return run_shell(script, place / "workspace", environment)

    def _environment(self, step: dict[str, Any], place: Path, job: dict[str, Any]) -> dict[str, str]:
        paths, event = place / "paths", place / "event.json"
        event.write_text(json.dumps(self.event["event"]), encoding="utf-8")
        found = self.machine.environment()
        if paths.exists():
            added = paths.read_text(encoding="utf-8").split()
            found["PATH"] = os.pathsep.join([*reversed(added), found["PATH"]])
        declared = {**self.workflow["env"], **job.get("env", {}), **(step.get("env") or {})}
        files = {name: str(place / name.lower()) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        return {
            **found,
            **self.variables,
            **files,
            **{name: self._filled(str(value), self._secrets_of(job)) for name, value in declared.items()},
            "GITHUB_ACTIONS": "true",
            "GITHUB_PATH": str(paths),
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_WORKSPACE": str(place / "workspace"),
            "RUNNER_TEMP": str(place / "temp"),
        }

    def _secrets_of(self, job: dict[str, Any]) -> Mapping[str, str]:
        return self.secrets(self._filled(job.get("environment", ""), {}))

    def _filled(self, text: str, secrets: Mapping[str, str]) -> str:
        return _EXPRESSION.sub(lambda match: str(self._value(match[1], secrets)), text)

    def _value(self, path: str, secrets: Mapping[str, str] | None = None) -> object:
        assert _PATH.fullmatch(path), path
        context, *names = path.split(".")
        found: Any = {"github": self.event, "secrets": secrets, "matrix": self.event.get("matrix")}[context]
        for name in names:
            found = found.get(name, "")
        return found

    def _holds(self, condition: str) -> bool:
        if begins := _BEGINS.fullmatch(condition):
            return str(self._value(begins["path"])).lower().startswith(begins["text"].lower())
        if is_one_of := _IS_ONE_OF.fullmatch(condition):
            return str(self._value(is_one_of["path"])).lower() in is_one_of["text"].lower()
        match = _COMPARISON.fullmatch(condition)
        assert match is not None, condition
        value = self._value(match["path"])
        if match["sign"] is None:
            return bool(value)
        return (value == match["text"]) == (match["sign"] == "==")


@dataclass
class GitLab:
    """GitLab CI: the shell of a job, which is its ``before_script`` and ``script`` in one."""

    machine: Machine
    pipeline: dict[str, Any]
    variables: Mapping[str, str]
    secrets: Callable[[str], Mapping[str, str]] = field(default=lambda _: {})
    """The secrets of a job by the name of its environment; empty for a job that has none."""

    def job(self, name: str) -> dict[str, Any]:
        """Return a job with what it extends: mappings are merged, all else takes the other's place."""
        job = dict(self.pipeline[name])
        return _merged(self.job(job.pop("extends")), job) if "extends" in job else job

    def started(self, *, changed: Iterable[str] = (), **variables: str) -> dict[str, dict[str, Any]]:
        """Return what a pipeline with variables starts, where these files were changed: the variables of each job's rule."""
        known = {"CI_DEFAULT_BRANCH": "main", **variables}
        found = {}
        for name in self.pipeline:
            if name.startswith(".") or name == "include":
                continue
            job = self.job(name)
            for rule in job["rules"]:
                paths = rule.get("changes", {}).get("paths")
                if all(_holds(each, {**job["variables"], **known}) for each in rule["if"].split(" && ")) and (
                    paths is None or any(_is_below(each, path) for each in changed for path in paths)
                ):
                    found[name] = rule.get("variables", {})
                    break
        return found

    def script(self, name: str) -> str:
        """Return the shell of a job, as the runner puts it together."""
        job = self.job(name)
        assert job["script"]
        return "\n".join([*job.get("before_script", ()), *job["script"]]) + "\n"

    def run(self, name: str, folder: Path) -> Ended:
        """Run a job in its project folder, which the runner has made."""
        self.machine.renew("project", "temp")
        place = self.machine.folder / "builds"
        place.mkdir()
        job = self.job(name)
        script = place / "script.sh"
        script.write_text(self.script(name), encoding="utf-8")
        where = job.get("environment", "")
        environment = {
            **self.machine.environment(),
            **{key: str(value) for key, value in job["variables"].items()},
            **self.secrets(where["name"] if isinstance(where, dict) else where),
            **self.variables,
            "GITLAB_CI": "true",
            "CI_PROJECT_DIR": str(folder),
        }
        return run_shell(script, folder, environment)


def _merged(parent: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(parent[key], own[key])
        for key in parent.keys() & own.keys()
        if isinstance(parent[key], dict) and isinstance(own[key], dict)
    }
    return {**parent, **own, **both}


def _holds(condition: str, variables: Mapping[str, Any]) -> bool:
    """Evaluate one of the comparisons that our rules make; what is not defined is null."""
    match = _RULE.fullmatch(condition)
    assert match is not None, condition
    value = variables.get(match["name"])
    if match["sign"] is None:
        return bool(value)
    if match["sign"] == "=~":
        return value is not None and re.search(match["other"].strip("/"), value) is not None
    other = match["other"]
    wanted = None if other == "null" else variables.get(other[1:]) if other.startswith("$") else other.strip('"')
    return bool(value == wanted)


def _is_below(path: str, pattern: str) -> bool:
    assert pattern.endswith("/**/*")
    return path.startswith(pattern.removesuffix("**/*").lstrip("/"))


def read_pipeline(text: str) -> dict[str, Any]:
    """Return a pipeline file's document."""
    document: dict[str, Any] = yaml.safe_load(text)
    return document
