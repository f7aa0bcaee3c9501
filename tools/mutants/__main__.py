"""``python -m tools.mutants [WHERE...]``: every mutant of the planner, or of some of its rooms, modules and functions."""

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
RULES = "tests/rules"
TESTS = (
    RULES,
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
        "where", nargs="*", metavar="WHERE", help="secrets, plan/guards, secrets/routes.judge_routes; all by default"
    )
    parser.add_argument("--room", action="store_true", help="only what the tests of its own room leave is run with all")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    chosen = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets decides whether a test notices that something is not sorted: the same in every run.
        again = [sys.executable, "-m", "tools.mutants", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606 - this very program
    mutants = _mutants(chosen.where)
    unknown = [each for each in chosen.where if not any(mutant.identity.is_in(each) for mutant in mutants)]
    if unknown:
        parser.error(f"{PACKAGE} has nothing to alter in {', '.join(unknown)}")
    explained = read_explained(EXPLAINED)
    results = _tried(mutants, explained, _rooms(mutants) if chosen.room else TESTS, jobs=chosen.jobs)
    left = [result for result in results if chosen.room and _is_news(result, explained)]
    if left:
        retried = _tried([result.mutant for result in left], explained, TESTS, jobs=chosen.jobs)
        results = [*(result for result in results if result not in left), *retried]
    if len(results) != len(mutants):
        return 2
    return _told(results, explained, where=chosen.where)


def _mutants(where: list[str]) -> list[Mutant]:
    folder = ROOT / PACKAGE.replace(".", "/")
    asked = {each.partition(".")[0] for each in where}
    mutants = []
    for path in sorted(folder.rglob("*.py")):
        title = path.relative_to(folder).with_suffix("").as_posix()
        if path.name != "__init__.py" and (not where or asked & {title, title.partition("/")[0]}):
            mutants += mutants_of(read_module(path, package=PACKAGE, title=title))
    return [each for each in mutants if not where or any(each.identity.is_in(one) for one in where)]


def _rooms(mutants: list[Mutant]) -> tuple[str, ...]:
    return tuple(sorted({f"{RULES}/{mutant.module.room}" for mutant in mutants}))


def _is_news(result: Result, explained: Mapping[Identity, str]) -> bool:
    return result.outcome == "survived" and result.mutant.identity not in explained


def _tried(
    mutants: list[Mutant], explained: Mapping[Identity, str], tests: tuple[str, ...], *, jobs: int
) -> list[Result]:
    done = Counter[str]()

    def tell(result: Result) -> None:
        done[result.outcome] += 1
        if _is_news(result, explained):
            print(f"survived: {result.mutant.identity}", file=sys.stderr, flush=True)
        if done.total() % _TOLD_EVERY == 0:
            print(f"{done.total()} of {len(mutants)}", file=sys.stderr, flush=True)

    trials = Trials(mutants, RULES, jobs, tell)
    pytest.main([*OPTIONS, *tests], plugins=[SameExamples(), trials])
    return trials.results


def _told(results: list[Result], explained: Mapping[Identity, str], *, where: list[str]) -> int:
    survivors = [each.mutant.identity for each in results if each.outcome == "survived"]
    found = compare(survivors, explained, where=where)
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
