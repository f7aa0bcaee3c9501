"""Reads secrets by reference, each at most once a run.

A reference is *dear* if reading it runs a command of its own; dear ones are read side by side.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from reconciler.classes import Frozen, dataclass
from reconciler.diagnostics import Diagnostic, error
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.secrets.values import SecretValue
from reconciler.secrets.sources.file import SecretFiles
from reconciler.secrets.values import Unreadable, secret_value, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from reconciler.model.secrets.sources import SecretSource
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.programs import Stop
    from reconciler.secrets.ownfiles import OwnFiles
    from reconciler.secrets.ownkeys import OwnKeys
    from reconciler.secrets.sources.declared import DeclaredSources

COMMANDS_AT_ONCE = 8
"""How many source commands run side by side."""

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Reading:
    """The secrets that could be read, by reference, and the problems of the others."""

    values: Mapping[str, SecretValue]
    problems: Mapping[str, Diagnostic]


class Look(Frozen):
    """The files that references lead to, before any of them is read."""

    places: Mapping[str, str]
    """For a file that is reached through a link: the reference of the file itself, as far as manifests may name it."""
    problems: Mapping[str, Diagnostic]
    """The reason why no manifest may name a file, by reference."""


class SecretReader:
    """Reads ``env:`` and ``file:`` references and those of declared sources, each at most once."""

    def __init__(  # noqa: PLR0913 - one for each kind of thing that is kept from manifests
        self,
        root: Path,
        environ: Mapping[str, str],
        *,
        allowed: Iterable[str],
        sources: Mapping[str, SecretSource] | None = None,
        is_tracked: Callable[[Path], bool] = lambda _: False,
        checkout: Path | None = None,
        own: OwnFiles | None = None,
        has_scopes: bool = False,
        own_keys: Callable[[], Iterable[bytes]] = tuple,
    ) -> None:
        """Read files relative to ``root``; ``allowed`` are the globs of ``secrets.allow``; ``is_tracked`` asks git.

        No program below ``checkout``, the repository around ``root``, is run; None: below ``root``. ``own`` are the
        files that no manifest may name. ``has_scopes`` says that some files are for some manifests only.
        ``own_keys`` gives the octets of reconciler's own keys, which no value may be; it is asked once a value was
        read.
        """
        self._find_own_keys = own_keys
        self._environ = environ
        self._files = SecretFiles(root, allowed=allowed, is_tracked=is_tracked, own=own, has_scopes=has_scopes)
        self._declared = sources or {}
        self._checkout = checkout or self._files.root
        self._bulk: dict[str, Mapping[str, SecretValue | None] | Diagnostic] = {}
        self._values: dict[str, SecretValue] = {}
        self._problems: dict[str, Diagnostic] = {}
        self._own: dict[str, bool] = {}

    def is_dear(self, reference: str) -> bool:
        """Tell whether reading a reference runs a command of its own."""
        return self._is_command_for_each(reference.partition(":")[0])

    def look(self, references: Iterable[str]) -> Look:
        """Return the places that references to files lead to; nothing is opened, and ``read`` tells what is missing."""
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
        """Return the value of a reference that the project file names as a key; the file may be closed to manifests."""
        source, _, key = reference.partition(":")
        if source != "file":
            return self._read([reference])
        outcome = _outcome(lambda each: secret_value(self._files.read_key(key, each), each), reference)
        if isinstance(outcome, SecretValue):
            return Reading({reference: outcome}, {})
        return Reading({}, {reference: outcome})

    def read(self, references: Iterable[str]) -> Reading:
        """Return the values of the references, and a problem for each that cannot be read; nothing is raised.

        A value that is a key of reconciler, or holds one, is a problem too, whatever reference gives it.
        """
        reading = self._read(references)
        own_keys = {each: _kept(each) for each, value in reading.values.items() if self._is_own(each, value)}
        values = {each: value for each, value in reading.values.items() if each not in own_keys}
        return Reading(values, {**reading.problems, **own_keys})

    def read_for_run(
        self, references: Iterable[str], key: FingerprintKey | None, *, passed_over: frozenset[str] = frozenset()
    ) -> SecretsRead:
        """Return what a run knows of these secrets: values, fingerprints under a key, and why the others cannot be had.

        ``passed_over`` are those that are not among them because reading them is dear.
        """
        reading = self.read(references)
        fingerprints = {name: value.fingerprint(key) for name, value in reading.values.items()} if key else {}
        # What a link gives is what the file itself holds, so a known file is recognised by its new value too.
        places = self.look(fingerprints).places
        fingerprints |= {place: fingerprints[link] for link, place in places.items()}
        return SecretsRead(
            values=reading.values,
            fingerprints=fingerprints,
            key=key,
            unreadable=reading.problems,
            passed_over=passed_over,
        )

    def _is_own(self, reference: str, value: SecretValue) -> bool:
        if reference not in self._own:
            self._own[reference] = self._own_keys.is_in(value.reveal())
        return self._own[reference]

    @cached_property
    def _sources(self) -> DeclaredSources:
        from reconciler.secrets.sources.declared import DeclaredSources

        return DeclaredSources(self._declared, environ=self._environ, files=self._files, checkout=self._checkout)

    @cached_property
    def _own_keys(self) -> OwnKeys:
        from reconciler.secrets.ownkeys import OwnKeys

        return OwnKeys(self._find_own_keys())

    def _read(self, references: Iterable[str]) -> Reading:
        wanted = sorted(set(references))
        unread = [each for each in wanted if each not in self._values and each not in self._problems]

        # First, because the references to such a source are then looked up in what it gave.
        self._read_bulk_sources({each.partition(":")[0] for each in unread})
        dear = [each for each in unread if self.is_dear(each)]
        for reference in unread:
            if reference not in dear:
                self._take_outcome(reference, _outcome(self._read_one, reference))
        for reference, outcome in _side_by_side(self._read_dear, dear):
            self._take_outcome(reference, outcome)
        return Reading(
            {reference: self._values[reference] for reference in wanted if reference in self._values},
            {reference: self._problems[reference] for reference in wanted if reference in self._problems},
        )

    def _read_dear(self, reference: str, stop: Stop) -> SecretValue:
        source, _, key = reference.partition(":")
        return self._sources.read_one(source, key, stop)

    def _read_all(self, name: str, stop: Stop) -> Mapping[str, SecretValue | None]:
        return self._sources.read_all(name, stop)

    def take(self, reference: str, text: str) -> None:
        """Take what a person typed as the value of a reference; the rules for every value hold."""
        self._own.pop(reference, None)
        self._problems.pop(reference, None)
        self._take_outcome(reference, _outcome(lambda each: secret_value(text, each), reference))

    def _take_outcome(self, reference: str, outcome: SecretValue | Diagnostic) -> None:
        if isinstance(outcome, SecretValue):
            self._values[reference] = outcome
        else:
            self._problems[reference] = outcome

    def _is_command_for_each(self, source: str) -> bool:
        declared = self._declared.get(source)
        return declared is not None and declared.format is None

    def _read_bulk_sources(self, named: Iterable[str]) -> None:
        """Read, side by side, each named source of many secrets that was not read yet."""
        wanted = sorted(
            name
            for name in named
            if name in self._declared and not self._is_command_for_each(name) and name not in self._bulk
        )
        for name, found in _side_by_side(self._read_all, wanted):
            self._bulk[name] = found

    def _read_one(self, reference: str) -> SecretValue:
        source, _, key = reference.partition(":")
        if source == "env":
            return secret_value(self._from_variable(key), reference)
        if source == "file":
            return secret_value(self._files.read(key, reference), reference)
        if source in self._bulk:
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


def _kept(reference: str) -> Diagnostic:
    detail = (
        f"{reference} gives a key of reconciler, or what a variable of its own holds, as it stands or encoded. Whoever has "
        "that can open the state, seal plans, or tell which value has which fingerprint, so it is sent nowhere. Correct "
        "the reference, or what is stored there; if a mailbox has this as its password, change one of the two."
    )
    return error("secretIsKey", detail, subject=reference)


def _outcome(read: Callable[[Job], Outcome], job: Job) -> Outcome | Diagnostic:
    try:
        return read(job)
    except Unreadable as failure:
        return failure.problem


def _side_by_side(read: Callable[[Job, Stop], Outcome], jobs: Sequence[Job]) -> list[tuple[Job, Outcome | Diagnostic]]:
    """Return each job with its outcome; the jobs run side by side, and end what they run when they are told to stop.

    Where this thread is interrupted, the commands that run are ended at once.
    """
    if not jobs:
        return []
    # Running programs takes much that is slow to import, and secrets in variables and files need none.
    from concurrent.futures import ThreadPoolExecutor

    from reconciler.programs import Stop

    workers = min(COMMANDS_AT_ONCE, len(jobs))
    with Stop() as stop, ThreadPoolExecutor(workers, thread_name_prefix="secrets") as pool:
        started = [pool.submit(_outcome, lambda each: read(each, stop), job) for job in jobs]
        try:
            return [(job, each.result()) for job, each in zip(jobs, started, strict=True)]
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
