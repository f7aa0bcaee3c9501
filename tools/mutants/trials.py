"""Runs the tests against each mutant, inside one pytest session that has everything imported and collected.

Every mutant has a process of its own, forked from that session. It exchanges the code of one function, runs the tests
that reach the altered statement, those that found others there first, and ends at the first that fails. A constant that
only the functions of its module use is exchanged in the same way. What else runs while a module is imported cannot be
exchanged afterwards: for such mutants the tests of the same room are run, with what was made of the altered code made
again in place (``remade``); where that cannot be, and to confirm what survives it, with everything imported anew
(``planted``). What neither a test nor an import reaches survives as it is.
"""

from __future__ import annotations
import __future__

import ast
import gc
import inspect
import os
import re
import resource
import signal
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from importlib import import_module
from time import process_time
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Literal

import pytest
from _pytest.runner import runtestprotocol

from tools.mutants import planted, remade
from tools.mutants.mutants import is_run_on_import

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

    from tools.mutants.mutants import Mutant

Outcome = Literal["killed", "timeout", "survived"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{3,}")
_PLANNER = "reconciler.rules."
_KILLED, _SURVIVED, _BROKEN, _STUCK = 17, 0, 18, 19
_MAX_BYTES = 4 * 2**30
_LEAST_SECONDS = 5.0
"""Of processor time, however little the tests take; a machine that is busy with other things takes no mutant for slow."""
_TIMES = 3
"""Of what a test took as the code is, when it was slowed down by being observed."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant."""

    mutant: Mutant
    outcome: Outcome
    killer: str = ""


@dataclass(slots=True)
class _Test:
    """A test with what the unaltered run showed of it."""

    item: pytest.Item
    seconds: float
    lines: frozenset[tuple[str, int]]
    case: str
    """What it is parametrised with; empty where it is not."""


@dataclass(slots=True)
class _Running:
    """A process with a mutant; ``killer`` is the pipe by which it tells which test failed."""

    mutant: Mutant
    killer: int
    is_final: bool
    """Whether it is not tried again, where it survives, with everything imported anew."""


@dataclass
class Trials:
    """A pytest plugin that runs the collected tests once as they are, and then against each mutant."""

    mutants: Sequence[Mutant]
    tests: str
    """The folder where each room has its tests."""
    jobs: int
    tell: Callable[[Result], None]
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with no test run."""
        self._tests: list[_Test] = []
        self._kills: dict[str, Counter[str]] = defaultdict(Counter)
        self._running: dict[int, _Running] = {}
        self._remaking = remade.Remaking(())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run everything; the session itself passes where the tests pass as they are."""
        files = frozenset(str(mutant.module.path) for mutant in self.mutants)
        self._tests = [_observed(item, files) for item in session.items]
        self._tests.sort(key=lambda test: test.seconds)
        # Of what is imported by now, tests included.
        self._remaking = remade.loaded({mutant.module.name for mutant in self.mutants})
        # What is there already is not looked at by the collector again, and so stays shared between the processes.
        gc.collect()
        gc.freeze()
        for mutant in self.mutants:
            while len(self._running) >= self.jobs:
                self._reap()
            self._start(mutant)
        while self._running:
            self._reap()
        return True

    def _start(self, mutant: Mutant) -> None:
        wanted = {(str(mutant.module.path), line) for line in mutant.lines}
        tests = [test for test in self._tests if test.lines & wanted]
        if not tests and not is_run_on_import(mutant):
            self._finish(Result(mutant, "survived"))
        elif not tests or (mutant.function is None and mutant.constant is None):
            tests = self._by_promise(mutant, self._tests_of_room(mutant))
            self._fork(mutant, lambda killer: _run_remade(mutant, tests, self._remaking, killer), is_final=False)
        else:
            tests = self._by_promise(mutant, tests)
            self._fork(mutant, lambda killer: _run_mutant(mutant, tests, killer), is_final=True)

    def _start_afresh(self, mutant: Mutant) -> None:
        seconds = {test.item.nodeid: test.seconds for test in self._tests}
        self._fork(mutant, lambda _killer: _run_afresh(mutant, self._room(mutant), seconds), is_final=True)

    def _room(self, mutant: Mutant) -> str:
        return f"{self.tests}/{mutant.module.room}"

    def _tests_of_room(self, mutant: Mutant) -> list[_Test]:
        return [test for test in self._tests if test.item.nodeid.startswith(self._room(mutant) + "/")]

    def _by_promise(self, mutant: Mutant, tests: list[_Test]) -> list[_Test]:
        """Return tests with those first whose case names what stands beside the altered code, such as a row's code.

        Then come those that found other mutants of the function, and those that found others of the module.
        """
        here, near = self._kills[mutant.identity.where], self._kills[mutant.module.name]
        beside = _words_beside(mutant)

        def promise(test: _Test) -> tuple[bool, int, int]:
            names_it = any(word in test.case for word in beside)
            return not names_it, -here[test.item.nodeid], -near[test.item.nodeid]

        return sorted(tests, key=promise)

    def _fork(self, mutant: Mutant, run: Callable[[int], None], *, is_final: bool) -> None:
        """Start a process that runs a mutant, and ends with it."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            run(write)
        os.close(write)
        self._running[pid] = _Running(mutant, read, is_final)

    def _reap(self) -> None:
        pid, status = os.wait()
        running = self._running.pop(pid)
        with os.fdopen(running.killer, encoding="utf-8") as pipe:
            killer = pipe.read()
        outcome = _outcome(status)
        if outcome == "survived" and not running.is_final:
            self._start_afresh(running.mutant)
            return
        if killer:
            for place in (running.mutant.identity.where, running.mutant.module.name):
                self._kills[place][killer] += 1
        self._finish(Result(running.mutant, outcome, killer))

    def _finish(self, result: Result) -> None:
        self.results.append(result)
        self.tell(result)


def _outcome(status: int) -> Outcome:
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) == signal.SIGPROF else "killed"
    code = os.waitstatus_to_exitcode(status)
    if code == _BROKEN:
        raise RuntimeError("A mutant could not be tried")
    return "survived" if code in {_SURVIVED, _STUCK} else "killed"


def _observed(item: pytest.Item, files: frozenset[str]) -> _Test:
    """Run a test as it is; return it with the lines of ``files`` that it ran."""
    lines: set[tuple[str, int]] = set()
    forget()  # whoever finds a result that an earlier test left runs no line of it

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    begun = process_time()
    sys.settrace(trace)
    try:
        reports = runtestprotocol(item, log=False, nextitem=None)
    finally:
        sys.settrace(None)
    for report in reports:
        if report.failed:
            raise pytest.UsageError(f"{item.nodeid} fails as the code is; mend it first\n{report.longreprtext}")
    case = str(item.callspec.params) if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ""
    return _Test(item, process_time() - begun, frozenset(lines), case)


def _words_beside(mutant: Mutant) -> list[str]:
    """Return the names and codes among the texts that stand beside altered code of a table, in the same call or mapping."""
    if mutant.function is not None:
        return []
    texts = [node.value for node in ast.iter_child_nodes(mutant.slot.parent) if isinstance(node, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and _NAME.fullmatch(text)]


def _run_mutant(mutant: Mutant, tests: Sequence[_Test], killer: int) -> None:
    """Run tests against a mutant, in this process, which ends here."""
    code = _BROKEN
    try:
        _become_quiet()
        forget()
        code = _result_of(tests, killer) if _exchange(mutant) else _KILLED
    finally:
        os._exit(code)


def _run_remade(mutant: Mutant, tests: Sequence[_Test], remaking: remade.Remaking, killer: int) -> None:
    """Run tests against a mutant that an import runs, with what it goes into made again; this process ends here."""
    code = _BROKEN
    try:
        _become_quiet()
        forget()
        _limit(_LEAST_SECONDS)
        try:
            stale = _remade(mutant, remaking)
        except remade.Stuck:
            code = _STUCK
        except Exception:  # noqa: BLE001 - whatever an altered expression may raise
            code = _KILLED
        else:
            code = _result_of([test for test in tests if str(test.item.path) not in stale], killer)
    finally:
        os._exit(code)


def _result_of(tests: Sequence[_Test], killer: int) -> int:
    for test in tests:
        # Each test has a limit of its own: a mutant without an end is not given the time of all.
        _limit(_LEAST_SECONDS + _TIMES * test.seconds)
        if any(report.failed for report in runtestprotocol(test.item, log=False, nextitem=None)):
            os.write(killer, test.item.nodeid.encode())
            return _KILLED
    return _SURVIVED


def _run_afresh(mutant: Mutant, room: str, seconds: Mapping[str, float]) -> None:
    """Run the tests of a mutant's room against it, in this process, which ends here."""
    code = _BROKEN
    try:
        _become_quiet()
        _limit(_LEAST_SECONDS + _TIMES * sum(seconds.values()))
        with mutant.planted() as tree:
            ast.fix_missing_locations(tree)
            is_noticed = planted.is_noticed(mutant.module.name, tree, [room], seconds=seconds)
        code = _KILLED if is_noticed else _SURVIVED
    finally:
        os._exit(code)


def forget() -> None:
    """Empty the caches of the planner's functions: they hold results of the code as it was."""
    planner = [module for name, module in sys.modules.items() if name.startswith(_PLANNER)]
    for each in (each for module in planner for each in vars(module).values()):
        if hasattr(each, "cache_clear"):
            each.cache_clear()


def _become_quiet() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _limit(seconds: float) -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))


def _remade(mutant: Mutant, remaking: remade.Remaking) -> frozenset[str]:
    """Make again what a mutant goes into; return the files of tests that hold what was made before."""
    with mutant.planted() as tree:
        (altered,) = [each for each in tree.body if any(node is mutant.replacement for node in ast.walk(each))]
        if mutant.function is not None:
            _exchange(mutant)
        elif not isinstance(altered, ast.Assign | ast.AnnAssign):
            raise remade.Stuck
        return remaking.remake(mutant.module.name, altered, tree.body)


def _exchange(mutant: Mutant) -> bool:
    """Give the function its altered code, whoever has imported it, or the module its altered constant.

    False where the constant cannot be made: such a module could not be imported, which every test would notice.
    """
    module = import_module(mutant.module.name)
    with mutant.planted() as tree:
        code = ast.Module([mutant.constant], []) if mutant.constant is not None else tree
        # The types that a constant is annotated with are not there when the planner runs.
        flags = __future__.annotations.compiler_flag
        compiled = compile(ast.fix_missing_locations(code), str(mutant.module.path), "exec", flags)
    if mutant.function is None:
        try:
            exec(compiled, vars(module))  # noqa: S102 - our own code, altered
        except Exception:  # noqa: BLE001 - whatever an altered expression may raise
            return False
        return True
    function = function_of(module, mutant.function)
    unaltered = function.__code__
    (altered,) = [
        each
        for each in _codes(compiled)
        if (each.co_qualname, each.co_firstlineno) == (unaltered.co_qualname, unaltered.co_firstlineno)
    ]
    function.__code__ = altered
    return True


def function_of(module: Any, name: str) -> FunctionType:
    """Return the function of this qualified name that a module defines, whatever keeps its results."""
    found = module
    for step in name.split("."):
        found = vars(found)[step]
    for kept_by in ("fget", "func"):  # a property, and one whose value is kept
        found = getattr(found, kept_by, found)
    function = inspect.unwrap(found)
    assert isinstance(function, FunctionType)  # noqa: S101 - the planner has functions, methods and properties
    return function


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)
