"""Reads secrets by reference, each at most once a run, the dear ones side by side."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from reconciler.diagnostics import Diagnostic
from reconciler.model.secrets.values import SecretValue
from reconciler.secrets.sources.command import Stop
from reconciler.secrets.sources.declared import DeclaredSources
from reconciler.secrets.sources.file import SecretFiles
from reconciler.secrets.values import Unreadable, secret_value, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from reconciler.model.project import SecretSource
    from reconciler.secrets.ownfiles import OwnFiles

COMMANDS_AT_ONCE = 8
"""How many source commands run side by side."""

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Reading:
    """The secrets that could be read, by reference, and for the others the problem."""

    values: Mapping[str, SecretValue]
    problems: Mapping[str, Diagnostic]


@dataclass(frozen=True, slots=True)
class Look:
    """Where references to files lead, before any is read."""

    places: Mapping[str, str]
    """By reference of a file that is reached through a link: the reference of the file itself, if it may be named."""
    problems: Mapping[str, Diagnostic]
    """By reference, why no manifest may name the file."""


def _not_tracked(_: Path) -> bool:
    return False


class SecretReader:
    """Reads ``env:`` and ``file:`` references, and those of declared sources."""

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        *,
        allowed: Iterable[str],
        sources: Mapping[str, SecretSource] | None = None,
        is_tracked: Callable[[Path], bool] = _not_tracked,
        checkout: Path | None = None,
        own: OwnFiles | None = None,
        has_scopes: bool = False,
    ) -> None:
        """Read files relative to ``root``; ``allowed`` are the globs of ``secrets.allow``; ``is_tracked`` asks git.

        No program below ``checkout``, the repository that ``root`` lies in, is run; None: below ``root``. ``own`` are
        the files that no manifest may name; ``has_scopes`` says that some files are for some manifests only.
        """
        self._environ = environ
        self._files = SecretFiles(root, allowed=allowed, is_tracked=is_tracked, own=own, has_scopes=has_scopes)
        self._sources = DeclaredSources(
            sources or {}, environ=environ, files=self._files, checkout=checkout or self._files.root
        )
        self._bulk: dict[str, Mapping[str, SecretValue | None] | Diagnostic] = {}
        self._values: dict[str, SecretValue] = {}
        self._problems: dict[str, Diagnostic] = {}

    def is_dear(self, reference: str) -> bool:
        """Tell whether reading the reference runs a command of its own."""
        return self._is_command_for_each(reference.partition(":")[0])

    def look(self, references: Iterable[str]) -> Look:
        """Return where references to files lead; nothing is opened, and what is not there is told by ``read``."""
        places: dict[str, str] = {}
        problems: dict[str, Diagnostic] = {}
        for reference in sorted({each for each in references if each.startswith("file:")}):
            key = reference.removeprefix("file:")
            problem = self._files.problem_with(key, reference)
            if problem is not None:
                problems[reference] = problem
                continue
            with contextlib.suppress(OSError, RuntimeError, ValueError):
                place = self._files.place_of(key)
                if place != key:
                    places[reference] = f"file:{place}"
        return Look(places, problems)

    def read_key(self, reference: str) -> Reading:
        """Return what a reference gives that the project file names as a key: also a file that no manifest may name."""
        source, _, key = reference.partition(":")
        if source != "file":
            return self.read([reference])
        outcome = _outcome(lambda each: secret_value(self._files.read_key(key, each), each), reference)
        if isinstance(outcome, SecretValue):
            return Reading({reference: outcome}, {})
        return Reading({}, {reference: outcome})

    def read(self, references: Iterable[str]) -> Reading:
        """Return the values of the references, and a problem for each that cannot be read; nothing is raised."""
        wanted = sorted(set(references))
        unread = [each for each in wanted if each not in self._values and each not in self._problems]
        with Stop() as stop:
            self._read_bulk_sources({each.partition(":")[0] for each in unread}, stop)
            dear = [each for each in unread if self.is_dear(each)]
            for reference in unread:
                if reference not in dear:
                    self._take_outcome(reference, _outcome(self._read_one, reference))
            for reference, outcome in _side_by_side(lambda each: self._read_dear(each, stop), dear, stop):
                self._take_outcome(reference, outcome)
        return Reading(
            {reference: self._values[reference] for reference in wanted if reference in self._values},
            {reference: self._problems[reference] for reference in wanted if reference in self._problems},
        )

    def take(self, reference: str, text: str) -> None:
        """Take what a person typed as the value of a reference, under the rules for every value."""
        self._problems.pop(reference, None)
        self._take_outcome(reference, _outcome(lambda each: secret_value(text, each), reference))

    def _take_outcome(self, reference: str, outcome: SecretValue | Diagnostic) -> None:
        if isinstance(outcome, SecretValue):
            self._values[reference] = outcome
        else:
            self._problems[reference] = outcome

    def _is_command_for_each(self, source: str) -> bool:
        declared = self._sources.declared.get(source)
        return declared is not None and declared.format is None

    def _read_bulk_sources(self, named: Iterable[str], stop: Stop) -> None:
        """Read, side by side, each source of many that is named and was not read yet."""
        wanted = sorted(
            name
            for name in named
            if name in self._sources.declared and not self._is_command_for_each(name) and name not in self._bulk
        )
        for name, found in _side_by_side(lambda each: self._sources.read_all(each, stop), wanted, stop):
            self._bulk[name] = found

    def _read_dear(self, reference: str, stop: Stop) -> SecretValue:
        source, _, key = reference.partition(":")
        return self._sources.read_one(source, key, stop)

    def _read_one(self, reference: str) -> SecretValue:
        source, _, key = reference.partition(":")
        if source == "env":
            return secret_value(self._from_variable(key), reference)
        if source == "file":
            return secret_value(self._files.read(key, reference), reference)
        if source in self._bulk:
            return self._from_bulk(source, key, reference)
        detail = (
            f"{reference} names the source {source}, which the project file does not declare under secrets.sources."
        )
        raise unreadable("unknownSecretSource", detail, subject=reference)

    def _from_variable(self, name: str) -> str:
        text = self._environ.get(name)
        if text is None:
            detail = f"The environment variable {name} is not set. Set it where this command runs:\n    export {name}=…"
            raise unreadable("secretMissing", detail, subject=f"env:{name}")
        return text

    def _from_bulk(self, source: str, key: str, reference: str) -> SecretValue:
        found = self._bulk[source]
        if isinstance(found, Diagnostic):
            raise Unreadable(found)
        if key not in found:
            detail = (
                f"secrets.sources.{source} was read and holds no key {key}. Add it there, or correct the reference "
                f"{reference}."
            )
            raise unreadable("secretMissing", detail, subject=reference)
        value = found[key]
        if value is None:
            detail = f"{reference} is there, but it is not text. Write it as a JSON string, in quotes."
            raise unreadable("secretInvalid", detail, subject=reference)
        return secret_value(value.reveal(), reference)


def _outcome(read: Callable[[Job], Outcome], job: Job) -> Outcome | Diagnostic:
    try:
        return read(job)
    except Unreadable as failure:
        return failure.problem


def _side_by_side(
    read: Callable[[Job], Outcome], jobs: list[Job], stop: Stop
) -> list[tuple[Job, Outcome | Diagnostic]]:
    """Return each job with its outcome; where this thread is interrupted, the commands that run are ended at once."""
    if not jobs:
        return []
    with ThreadPoolExecutor(min(COMMANDS_AT_ONCE, len(jobs)), thread_name_prefix="secrets") as pool:
        started = [pool.submit(_outcome, read, job) for job in jobs]
        try:
            return [(job, each.result()) for job, each in zip(jobs, started, strict=True)]
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
