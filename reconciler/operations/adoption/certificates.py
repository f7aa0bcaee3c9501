"""The certificates that sources name: found where they are, copied into the project, and told of where that cannot be.

Certificates are public, and of a file nothing else is copied. A private key stays where it is: the manifest names a file
of the project that git does not see, and a person puts it there.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import ssl
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of, replace_file
from reconciler.rules.secrets.allow import is_allowed_somewhere

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.adoption.adopted import NewDocument, Taken
    from reconciler.model.adoption.found import FoundAccount
    from reconciler.operations.workspace import Workspace

_MAX_OCTETS = 1024 * 1024
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".key"})
_FOLDER, _KEYS, _MODE = "certs", "secrets", 0o644


class Placed(FrozenByName):
    """Accounts with their certificates as files of the project, and those of the files that are not there yet."""

    taken: tuple[Taken, ...]
    copies: dict[str, str]
    """The text of each new file, by its name in the project."""


def located(found: FoundAccount, folder: Path) -> FoundAccount:
    """Return an account with its files as they are found from here: beside the source, else where the source says."""

    def place(written: str | None) -> str | None:
        if written is None:
            return None
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            path = Path(written).expanduser()
            for each in (folder / path.name, folder / path):
                if each.is_file():
                    return str(each)
        return written

    return replace(
        found,
        ca_file=place(found.ca_file),
        client_certificate=place(found.client_certificate),
        client_key=place(found.client_key),
    )


def placed_files(taken: Sequence[Taken], workspace: Workspace) -> Placed:
    """Return the accounts with each certificate in the project; what cannot be taken is among what they lost."""
    placing = _Placing(workspace)
    return Placed(taken=tuple(placing.account(each) for each in taken), copies=placing.copies)


class _Placing:
    """Which file of the project each certificate has."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._places: dict[str, str | _Unusable] = {}
        self.copies: dict[str, str] = {}

    def account(self, taken: Taken) -> Taken:
        found, lost = taken.found, [*taken.found.lost]
        if found.security.encryption == "none":
            return replace(taken, found=replace(found, ca_file=None, certificate=None, client_certificate=None))
        ca_file = self._certificate(found.ca_file, "A private CA", "caFile", lost)
        certificate = self._certificate(found.client_certificate, "The client's certificate", "clientCertificate", lost)
        key = self._key(found, lost) if certificate is not None else None
        found = replace(
            found,
            ca_file=ca_file,
            client_certificate=certificate if key is not None else None,
            client_key=key,
            lost=tuple(lost),
        )
        return replace(taken, found=found)

    def _certificate(self, path: str | None, what: str, field: str, lost: list[str]) -> str | None:
        if path is None:
            return None
        if path not in self._places:
            try:
                self._places[path] = self._free(Path(path).stem, _certificates_of(Path(path)))
            except _Unusable as refusal:
                self._places[path] = refusal
        place = self._places[path]
        if isinstance(place, _Unusable):
            lost.append(
                f"{what} is in {_named_file(path)}, {place}. Put it into the project folder, and write {field}."
            )
            return None
        return place

    def _free(self, stem: str, text: str) -> str:
        """Return the file of the project that holds these certificates, or is to."""
        number = 1
        while True:
            file = f"{_FOLDER}/{_PLAIN.sub('-', stem).strip('-.') or 'ca'}{'' if number == 1 else f'-{number}'}.pem"
            there = self._workspace.root / file
            present = self.copies.get(file) or (_text_of(there) if there.exists() else text)
            if present == text:
                if not there.exists():
                    self.copies[file] = text
                return file
            number += 1

    def _key(self, found: FoundAccount, lost: list[str]) -> str | None:
        """Return the file that the manifest names for the key: as the source has it, where a manifest may."""
        source = found.client_key or found.client_certificate or ""
        rules = self._workspace.project.secrets
        if is_allowed_somewhere(f"file:{source}", rules):
            return source
        stem = _PLAIN.sub("-", Path(found.client_certificate or "").stem).strip("-.")
        key = f"{_KEYS}/{stem or 'client'}.key"
        if not is_allowed_somewhere(f"file:{key}", rules):
            lost.append(
                f"The client's certificate has its key in {_named_file(source)}, which secrets.allow lets no manifest name. Write "
                "clientCertificate with a key that it may have."
            )
            return None
        lost.append(
            "The key of the client's certificate was not copied. Put it where the manifest names it, and git does not see it:\n"
            f"    install -D -m 600 {shlex.quote(_named_file(source))} {shlex.quote(key)}"
        )
        return key


_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")


class _Unusable(Exception):
    """A file cannot be used; the text says why, as a clause."""


def _named_file(written: str) -> str:
    """Return a file as it is told; what is none by its looks may be a password in the wrong line."""
    return written if "/" in written or Path(written).suffix in _SUFFIXES else "the file that it names"


def _certificates_of(path: Path) -> str:
    """Return the certificates of a file, and nothing else of it."""
    try:
        octets = read_regular_file(path, _MAX_OCTETS)
    except (OSError, ValueError) as failure:
        reason = reason_of(failure) if isinstance(failure, OSError) else "its name is not one of a file"
        raise _Unusable(f"which cannot be read here ({reason})") from None
    pem = "".join(f"{each}\n" for each in _CERTIFICATE.findall(octets[:_MAX_OCTETS].decode("ascii", "replace")))
    pem = pem.replace("\r", "")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise _Unusable("which holds no certificate in PEM form") from None
    return pem


def _text_of(path: Path) -> str:
    try:
        return read_regular_file(path, _MAX_OCTETS).decode("ascii", "replace")
    except OSError:
        return ""


@contextmanager
def copied(copies: dict[str, str], drafts: Sequence[NewDocument], workspace: Workspace) -> Iterator[tuple[str, ...]]:
    """Write the certificates that new manifests name, and take them back where those are not written after all."""
    named = {name for draft in drafts for name in _named(draft)}
    made: list[Path] = []
    try:
        for file in (each for each in copies if each in named):
            path = workspace.root / file
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(path, copies[file].encode(), mode=_MODE)
            except OSError as failure:
                detail = f"{file} cannot be written: {reason_of(failure)}. Nothing was written."
                raise InvalidInput(error("sourceUnreadable", detail)) from None
            made.append(path)
        yield tuple(file for file in copies if file in named)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _named(draft: NewDocument) -> Iterator[str]:
    spec = draft.document["spec"]
    smtp = spec.get("smtp", spec)
    yield smtp.get("caFile", "")
    yield smtp.get("clientCertificate", {}).get("certFile", "")
