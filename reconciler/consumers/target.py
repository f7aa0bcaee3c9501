"""``Target``: what a consumer is written to and read from, whether files or a command do it."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.consumers.folder import FilePlace, Unwritable, carry_out, held, look, stamped, steps_between, sweep
from reconciler.consumers.form import Entry
from reconciler.consumers.forms import form_of
from reconciler.consumers.maps import compile_maps, is_compiled, run_postfix
from reconciler.consumers.postfix import unmet
from reconciler.model.secrets.values import SecretValue
from reconciler.programs import CommandFailed, Stop, run_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.consumers.folder import FileFound
    from reconciler.consumers.form import Had
    from reconciler.model.consumers.capabilities import Capabilities
    from reconciler.model.consumers.settings import Consumer
    from reconciler.model.secrets.values import FingerprintKey

_ANSWER_OCTETS = 1024 * 1024
_UNKNOWN = SecretValue("?")


class Machine(FrozenByName):
    """Where commands run: the variables that they may be given, and the checkout that they may not come from."""

    environ: Mapping[str, str] = field(repr=False)
    checkout: Path


class ConsumerContents(FrozenByName):
    """What a consumer has."""

    accounts: Mapping[str, Had]
    is_edited: bool = False
    """Something in it is not as it was written here."""
    is_there: bool = True
    """Anything was ever written there."""
    files: Mapping[str, FileFound] = field(default_factory=dict, repr=False)


class Target(ABC):
    """One consumer, to be read and written."""

    def __init__(self, consumer: Consumer, name: str, machine: Machine) -> None:
        """Take the consumer with its path absolute, and its name."""
        self.consumer = consumer
        self.name = name
        self._machine = machine

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, in words: a path, or the command."""

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """Return what it can carry; raise ``Unwritable``."""

    @abstractmethod
    def look(self, key: FingerprintKey) -> ConsumerContents:
        """Return what it has; raise ``Unwritable``."""

    @abstractmethod
    def expected(self, entries: Sequence[Entry]) -> Mapping[str, Had]:
        """Return what it would have of these, read back; what the secrets are does not matter."""

    @abstractmethod
    def write(self, entries: Sequence[Entry], seen: ConsumerContents, key: FingerprintKey) -> None:
        """Have it hold exactly these; raise ``Unwritable``."""

    def unmet(self) -> str | None:
        """Return lines that the program itself must be set up with and is not, to copy; None where all is well."""
        return None

    @contextlib.contextmanager
    def kept_alone(self) -> Iterator[None]:
        """Keep other publications to the same place away."""
        yield

    def run_after(self) -> None:
        """Run the command ``after``, if there is one; raise ``Unwritable`` where it fails. Its output is thrown away."""
        if self.consumer.after is None:
            return
        try:
            self._run(self.consumer.after, max_octets=_ANSWER_OCTETS)
        except CommandFailed as failure:
            raise Unwritable(f"What is to be had was written, and the command after failed: {failure}.") from None

    def _run(self, command: Sequence[str], *, max_octets: int, given: bytes = b"") -> bytes:
        """Return what a command of the consumer's answers, run as the project file says; raise ``CommandFailed``."""
        with Stop() as stop:
            return run_command(
                command,
                environ=self._machine.environ,
                passed=self.consumer.environment,
                timeout_seconds=self.consumer.timeout_seconds,
                max_octets=max_octets,
                checkout=self._machine.checkout,
                stop=stop,
                given=given,
            )


class FileTarget(Target):
    """A consumer that reads files."""

    def __init__(self, consumer: Consumer, name: str, machine: Machine) -> None:
        """Take the consumer with its path absolute, and its name."""
        super().__init__(consumer, name, machine)
        assert consumer.path is not None  # noqa: S101 - a rule of the model
        self._form = form_of(consumer)
        self._place = FilePlace(path=Path(consumer.path), layout=self._form.layout)

    @property
    def place(self) -> str:
        """The path."""
        return str(self._place.path)

    def capabilities(self) -> Capabilities:
        """Return what the form can carry."""
        return self._form.capabilities

    @contextlib.contextmanager
    def kept_alone(self) -> Iterator[None]:
        """Lock the folder, and sweep up what a run that was killed has left there."""
        with held(self._place):
            sweep(self._place)
            yield

    def unmet(self) -> str | None:
        """Ask Postfix how it is set up; a machine without it gets the maps for another, and is not asked."""
        if self.consumer.type != "postfix":
            return None
        try:
            settings, services = (
                run_postfix(["postconf", flag], self._machine.environ, self._machine.checkout) for flag in ("-n", "-M")
            )
        except Unwritable:
            return None
        return unmet(self.consumer, settings, services)

    def look(self, key: FingerprintKey) -> ConsumerContents:
        """Return what the files hold; what is not of the form counts as edited."""
        files = look(self._place, key, self.name, adopts=self.consumer.adopt)
        texts = {name: files[name].text if name in files else "" for name in self._form.layout.files}
        is_edited = not all(each.is_intact for each in files.values())
        if not files:
            return ConsumerContents(accounts={}, is_there=False)
        try:
            accounts = self._form.read(texts)
        except ValueError:
            return ConsumerContents(accounts={}, is_edited=True, files=files)
        return ConsumerContents(accounts=accounts, is_edited=is_edited, files=files)

    def expected(self, entries: Sequence[Entry]) -> Mapping[str, Had]:
        """Return what the form would read back of these."""
        unknown = [
            Entry(
                sender=each.sender,
                secret=_UNKNOWN if each.sender.secret is not None and each.reference is None else None,
                reference=each.reference,
            )
            for each in entries
        ]
        return self._form.read(self._form.write(unknown, self.consumer, self.name))

    def write(self, entries: Sequence[Entry], seen: ConsumerContents, key: FingerprintKey) -> None:
        """Replace the files that differ, in the order that is right wherever it ends."""
        layout = self._form.layout
        final = self._form.write(entries, self.consumer, self.name)
        found = {name: each.text for name, each in seen.files.items()}
        try:
            interim = (
                self._form.interim(found, final) if seen.accounts.keys() - {e.sender.name for e in entries} else {}
            )
        except ValueError:
            interim = {}
        whole = {name: stamped(text, layout, key, self.name) for name, text in final.items()}
        between = {name: stamped(text, layout, key, self.name) for name, text in interim.items()}
        steps = steps_between(seen.files, whole, between, layout)
        compiles = self.consumer.type == "postfix" and self.consumer.maps == "lmdb"
        for step in steps:
            carry_out(self._place, [step])
            # Postfix reads the databases: their order is the one that counts, so each is made behind its own text.
            if compiles and step.name in layout.files:
                compile_maps(self._place.path, [step.name], self._machine.environ, self._machine.checkout)
        # A run that was killed may have left a text without its database, and no step above writes that text again.
        if compiles and not is_compiled(self._place.path, layout.files):
            compile_maps(self._place.path, layout.files, self._machine.environ, self._machine.checkout)
