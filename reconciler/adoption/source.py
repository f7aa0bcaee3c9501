"""What a reader is handed, what it hands back, and what all readers have in common."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, Location, error, note
from reconciler.model.secrets.values import SecretValue

_APART = re.compile(r"[\s:-]")
_SHA256 = re.compile(r"[0-9a-f]{64}")

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.adoption.found import SourceReading


class Source(FrozenByName):
    """One text of another program's settings."""

    text: str = field(repr=False)
    file: str
    """Its name as it is shown."""
    companions: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The texts of the files that it names, by the name as written, as far as there are any."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """For tables: the column of each setting that is called otherwise than expected."""

    def at(self, line: int | None) -> Location:
        """Return the place of a line."""
        return Location(self.file, line)


class Reader(Protocol):
    """Reads the settings of one kind of program."""

    name: str
    """What the kind is called on the command line."""

    def recognises(self, source: Source) -> bool:
        """Tell whether a text is of this kind, by its content."""
        ...

    def names_files(self, source: Source) -> tuple[str, ...]:
        """Return the files that belong to the same settings, as the text names them."""
        ...

    def read(self, source: Source) -> SourceReading:
        """Return what the text says; never raise for what it holds, never run any of it."""
        ...


class ReadsAlone:
    """For readers whose settings are in one file."""

    def names_files(self, _source: Source) -> tuple[str, ...]:
        """Return no files."""
        return ()


def secret_of(text: str | None) -> SecretValue | None:
    """Return a password as it is kept; None for none."""
    return SecretValue(text) if text else None


def unreadable(source: Source, line: int | None, detail: str) -> Diagnostic:
    """Return the problem of what cannot be read; ``detail`` repeats nothing of it."""
    return error("sourceUnreadable", detail, location=source.at(line))


def passed_over(source: Source, line: int | None, detail: str) -> Diagnostic:
    """Return the remark on what is not taken over."""
    return note("settingNotTaken", detail, location=source.at(line))


def pin_of(text: str | None) -> str | None:
    """Return a fingerprint as manifests write it; None for what is none of SHA-256.

    >>> pin_of(":".join(["AB"] * 32)), pin_of("AB:CD")
    ('sha256:abababababababababababababababababababababababababababababababab', None)
    """
    digits = _APART.sub("", (text or "").strip().lower().removeprefix("sha256")).removeprefix("0x")
    return f"sha256:{digits}" if _SHA256.fullmatch(digits) else None


_OF_THE_SYSTEM = frozenset({
    "system", "ca-certificates.crt", "ca-bundle.crt", "ca-bundle.trust.crt", "ca-bundle.pem", "tls-ca-bundle.pem",
    "cert.pem", "cacert.pem", "ca-root-nss.crt",
})  # fmt: skip
"""What files are called that hold the CAs that systems trust anyway."""


def private_ca(file: str | None) -> str | None:
    """Return the file of a private CA; None for none, and for those that are trusted anyway."""
    return file if file and file.rpartition("/")[2] not in _OF_THE_SYSTEM else None


def port_of(text: str | None) -> int | None:
    """Return a port; None for what is none."""
    written = (text or "").strip()
    most = 65535
    return int(written) if written.isascii() and written.isdecimal() and 0 < int(written[:6]) <= most else None
