"""The sources that the project file declares: one command for each key, or many secrets at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.secrets.sources.bulk import MAX_OCTETS as MAX_BULK_OCTETS
from reconciler.secrets.sources.bulk import NotBulk, parse_bulk
from reconciler.secrets.values import MAX_OCTETS, secret_value, unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.model.secrets.sources import SecretSource
    from reconciler.model.secrets.values import SecretValue
    from reconciler.programs import Stop
    from reconciler.secrets.sources.file import SecretFiles


class DeclaredSources:
    """Reads ``SOURCE:KEY`` from the sources that are declared under ``secrets.sources``."""

    def __init__(
        self, sources: Mapping[str, SecretSource], *, environ: Mapping[str, str], files: SecretFiles, checkout: Path
    ) -> None:
        """Read nothing yet. No program below ``checkout`` will be run."""
        self.declared = sources
        self._environ = environ
        self._files = files
        self._checkout = checkout

    def read_one(self, name: str, key: str, stop: Stop) -> SecretValue:
        """Return the value that the command of a source gives for one key; raise ``Unreadable``."""
        from reconciler.programs import filled

        reference = f"{name}:{key}"
        octets = self._run(name, filled(self.declared[name].command or (), key), reference, MAX_OCTETS, stop)
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            detail = f"What the command of secrets.sources.{name} wrote for {reference} is not UTF-8 text."
            raise unreadable("secretInvalid", detail, subject=reference) from None
        return secret_value(text, reference)

    def read_all(self, name: str, stop: Stop) -> Mapping[str, SecretValue | None]:
        """Return all values of a source by key, not checked yet; raise ``Unreadable`` where the source gives none."""
        source, place = self.declared[name], f"secrets.sources.{name}"
        if source.command is not None:
            octets = self._run(name, source.command, place, MAX_BULK_OCTETS, stop)
        elif source.env is not None:
            octets = self._from_variable(source.env, place)
        else:
            octets = self._files.read_bulk(source.file or "", place, max_octets=MAX_BULK_OCTETS)
        assert source.format is not None  # noqa: S101 - what makes it a source of many
        try:
            return parse_bulk(octets, source.format)
        except NotBulk as refusal:
            detail = f"What {place} gives cannot be read as {source.format}: {refusal}. Nothing of it was used."
            raise unreadable("secretSourceFailed", detail, subject=place) from None

    def _from_variable(self, variable: str, place: str) -> bytes:
        text = self._environ.get(variable)
        if text is None:
            detail = (
                f"The environment variable {variable}, from which {place} reads, is not set. Set it where this "
                f"command runs:\n    export {variable}=…"
            )
            raise unreadable("secretMissing", detail, subject=place)
        octets = text.encode("utf-8", "surrogateescape")
        if len(octets) > MAX_BULK_OCTETS:
            raise unreadable("secretSourceFailed", f"{variable} is larger than 8 MiB.", subject=place)
        return octets

    def _run(self, name: str, command: tuple[str, ...], subject: str, max_octets: int, stop: Stop) -> bytes:
        from reconciler.programs import CommandFailed, CommandNotRun, run_command, shown

        source = self.declared[name]
        try:
            return run_command(
                command,
                environ=self._environ,
                passed=source.environment,
                timeout_seconds=source.timeout_seconds,
                max_octets=max_octets,
                checkout=self._checkout,
                stop=stop,
            )
        except CommandFailed as failure:
            why = f"The command of secrets.sources.{name} gave no value: {failure}."
            unseen = "What it wrote to standard error is not shown, because it may hold secrets. To see it, run"
            detail = (
                f"{why} {unseen}\n    {shown(command)}"
                if not isinstance(failure, CommandNotRun)
                else f"{why} It reads\n    {shown(command)}"
            )
            raise unreadable("secretSourceFailed", detail, subject=subject) from None
