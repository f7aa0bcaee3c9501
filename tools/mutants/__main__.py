"""``python -m tools.mutants [MODULE...]``: every mutant of the planner, or of some of its modules."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.mutants.explained import as_toml, compare, read_explained
from tools.mutants.mutants import Identity, Mutant, mutants_of, read_module
from tools.mutants.planted import OPTIONS, SameExamples
from tools.mutants.trials import Result, Trials

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PACKAGE = "reconciler.rules"
EXPLAINED = ROOT / "tests/rules/mutants.toml"
TESTS = (
    "tests/rules",
    "tests/test_planfile.py",
    # What a plan begins with is told as it is read.
    "tests/render/test_plan_head.py",
    "tests/render/test_plan_details.py",
)
_TOLD_EVERY = 100


def main() -> int:
    """Return 0 where every survivor is explained and every explanation still holds, else 1; 2 for a run that failed."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="secrets/routes, plan/guards, ...; all of them by default"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    chosen = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets decides whether a test notices that something is not sorted: the same in every run.
        again = [sys.executable, "-m", "tools.mutants", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606 - this very program
    unknown = [title for title in chosen.modules if not _path(title).is_file()]
    if unknown:
        parser.error(f"{PACKAGE} has no module {', '.join(unknown)}")
    explained = read_explained(EXPLAINED)
    mutants = _mutants(chosen.modules)
    results = _tried(mutants, explained, jobs=chosen.jobs)
    if len(results) != len(mutants):
        return 2
    return _told(results, explained, modules=chosen.modules)


def _path(title: str) -> Path:
    return ROOT / PACKAGE.replace(".", "/") / f"{title}.py"


def _mutants(titles: list[str]) -> list[Mutant]:
    folder = ROOT / PACKAGE.replace(".", "/")
    inside = [path.relative_to(folder).with_suffix("").as_posix() for path in sorted(folder.rglob("*.py"))]
    chosen = titles or [title for title in inside if not title.endswith("__init__")]
    modules = [read_module(_path(title), package=PACKAGE, title=title) for title in chosen]
    return [mutant for module in modules for mutant in mutants_of(module)]


def _tried(mutants: list[Mutant], explained: Mapping[Identity, str], *, jobs: int) -> list[Result]:
    done = Counter[str]()

    def tell(result: Result) -> None:
        done[result.outcome] += 1
        if result.outcome == "survived" and result.mutant.identity not in explained:
            print(f"survived: {result.mutant.identity}", file=sys.stderr, flush=True)
        if done.total() % _TOLD_EVERY == 0:
            print(f"{done.total()} of {len(mutants)}", file=sys.stderr, flush=True)

    trials = Trials(mutants, TESTS, jobs, tell)
    pytest.main([*OPTIONS, *TESTS], plugins=[SameExamples(), trials])
    return trials.results


def _told(results: list[Result], explained: Mapping[Identity, str], *, modules: list[str]) -> int:
    survivors = [each.mutant.identity for each in results if each.outcome == "survived"]
    found = compare(survivors, explained, modules=modules)
    outcomes = Counter(each.outcome for each in results)
    if found.unexplained:
        print(f"Not explained. Write tests that find these, or say in {EXPLAINED.relative_to(ROOT)} why none can:\n")
        print(as_toml(found.unexplained))
    if found.stale:
        print(f"Explained, and no survivor any more. Remove from {EXPLAINED.relative_to(ROOT)}:\n")
        print(as_toml(found.stale))
    print(
        f"{len(results)} mutants: {outcomes['killed']} killed, {outcomes['timeout']} endless, "
        f"{len(survivors) - len(found.unexplained)} explained, {len(found.unexplained)} not explained."
    )
    return 1 if found.unexplained or found.stale else 0


if __name__ == "__main__":
    sys.exit(main())
