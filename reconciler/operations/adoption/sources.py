"""Reads the files of a source: with suspicion, up to a size, and nothing that lies outside its folder."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.adoption.readers import READERS, reader_of
from reconciler.adoption.source import Source, unreadable
from reconciler.classes import FrozenByName
from reconciler.diagnostics import enumerated, error
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of
from reconciler.model.adoption.adopted import Taken
from reconciler.operations.adoption.certificates import located

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.adoption.source import Reader
    from reconciler.diagnostics import Diagnostic

MAX_OCTETS = 5 * 1024 * 1024
_MOST_COMPANIONS = 50
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_KIND = re.compile(r"[a-z]{2,}:")
_ADDRESS = re.compile(r"[a-z0-9+.-]+://|[^/:#]+:[^/@]*@", re.IGNORECASE)
"""How the address of a server begins, and a login before one: the form in which a password stands in it."""
_WITHIN_FOLDERS = {"main.cf": "postfix", "prefs.js": "thunderbird"}
"""What is read of a folder: the file that stands for a program's settings."""


class AskedSource(FrozenByName):
    """One source as it was asked for."""

    path: Path
    shown: str
    kind: str | None = None
    """None: chosen by content."""
    account: str | None = None
    """The label of the one account that is meant; None: all."""
    columns: Mapping[str, str] | None = None
    text: str | None = None
    """What came by standard input instead of a file."""


def asked_source(written: str, *, kind: str | None = None) -> AskedSource:
    """Return what ``KIND:FILE#ACCOUNT`` asks for; kind and account may be left out.

    Raises ``InvalidInput``, also for the address of a server in the place of a file, which is not repeated: it may hold a
    password.
    """
    before, colon, after = written.partition(":")
    if colon and before in READERS:
        if kind is not None and kind != before:
            detail = f"--from says {kind}, and the source {before}. Keep one of them."
            raise InvalidInput(error("badUsage", detail))
        kind, written = before, after
    if kind is not None and kind not in READERS:
        detail = f"There is no kind of source of that name. There are: {', '.join(READERS)}."
        raise InvalidInput(error("sourceUnknown", detail))
    path, _, account = written.partition("#") if not Path(written).expanduser().exists() else (written, "", "")
    if _ADDRESS.match(written) and not Path(path).expanduser().exists():
        detail = (
            "An address stands where a file is to be named. It is not repeated here, since it may hold a password. To try the "
            "settings that it names:\n    reconciler check smtps://USER@HOST\nTo take them over, write the address into a file "
            "and name that, or hand it in:\n    reconciler import --from url -"
        )
        raise InvalidInput(error("sourceUnreadable", detail))
    return AskedSource(path=Path(path).expanduser(), shown=path, kind=kind, account=account or None)


def read_source(asked: AskedSource) -> tuple[list[Taken], list[Diagnostic]]:
    """Return the accounts of a source, and what could not be understood; raise ``InvalidInput`` where it cannot be read."""
    path = _file_of(asked)
    text = asked.text if asked.text is not None else read_text(path, asked.shown)
    source = Source(text=text, file=asked.shown, columns=dict(asked.columns or {}))
    reader = READERS[asked.kind] if asked.kind is not None else reader_of(source)
    if reader is None:
        detail = (
            f"The content is of none of the kinds that are read: {', '.join(READERS)}. Say which it is with --from KIND, or "
            "make a table of it, with a header that has host, email, username and password."
        )
        raise InvalidInput(replace(error("sourceUnknown", detail), location=source.at(None)))
    source = replace(source, companions=_companions(reader, source, path))
    reading = reader.read(source)
    taken = [Taken(found=located(found, path.parent), kind=reader.name, file=asked.shown) for found in reading.accounts]
    if asked.account is not None:
        chosen = [each for each in taken if asked.account in {each.found.label, each.found.email}]
        if not chosen:
            labels = enumerated([each.found.label for each in taken]) or "none"
            detail = f"{asked.shown} has no account of that name. It has: {labels}."
            raise InvalidInput(error("accountNotTaken", detail))
        return [chosen[0]], []
    return taken, [*reading.problems]


def _file_of(asked: AskedSource) -> Path:
    """Return the file to read: of a folder the one that stands for a program's settings."""
    if asked.text is not None or not asked.path.is_dir():
        return asked.path
    for name, kind in _WITHIN_FOLDERS.items():
        if asked.kind in {None, kind} and (asked.path / name).is_file():
            return asked.path / name
    detail = f"{asked.shown} is a folder, and holds neither {' nor '.join(_WITHIN_FOLDERS)}. Name the file itself."
    raise InvalidInput(error("sourceUnreadable", detail))


def read_text(path: Path, shown: str) -> str:
    """Return the text of a file of settings; raise ``InvalidInput`` where it is none."""
    try:
        octets = read_regular_file(path, MAX_OCTETS)
    except (OSError, ValueError) as failure:
        reason = reason_of(failure) if isinstance(failure, OSError) else "its name is not one of a file"
        kind = shown.partition(":")[0] if _KIND.match(shown) else ""
        kinds = f" What stands before the colon is no kind of source; there are: {', '.join(READERS)}." if kind else ""
        detail = f"The file cannot be read: {reason}.{kinds} Check the path and its permissions."
        raise InvalidInput(unreadable(Source(text="", file=shown), None, detail)) from None
    return text_of(octets, shown)


def text_of(octets: bytes, shown: str) -> str:
    """Return what a file of settings says, or standard input; raise ``InvalidInput`` where it is too large, or no text.

    Of octets that are no text none is repeated: they may belong to a password.
    """
    source = Source(text="", file=shown)
    if len(octets) > MAX_OCTETS:
        detail = f"It is larger than {MAX_OCTETS // 1024 // 1024} MiB, which settings are not. Nothing of it was read."
        raise InvalidInput(unreadable(source, None, detail))
    try:
        return octets.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as refusal:
        if octets.startswith(_UTF_16_MARKS):
            line, what = None, "It is UTF-16 and not UTF-8."
        else:
            before = octets[: refusal.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            line = before.count(b"\n") + 1
            what = "A letter here is not UTF-8; it was probably saved in another encoding, such as Windows-1250 or Latin-1."
        detail = f"{what} Save it as UTF-8, which spreadsheets call CSV UTF-8. Nothing of it was taken."
        raise InvalidInput(unreadable(source, line, detail)) from None


def _beside(folder: Path, name: str) -> Path | None:
    """Return the file that a name means in a folder: its last part, else its last two, as ``sasl/sasl_passwd``."""
    parts = [part for part in Path(name).parts if part not in {"/", "..", "."}]
    places = (folder.joinpath(*parts[-length:]) for length in (1, 2) if len(parts) >= length)
    return next((place for place in places if place.is_file()), None)


def _companions(reader: Reader, source: Source, path: Path) -> dict[str, str]:
    """Return the texts of the files that a source names: those in its folder, whatever folder it names them in."""
    found: dict[str, str] = {}
    for name in reader.names_files(source)[:_MOST_COMPANIONS]:
        beside = _beside(path.parent, name)
        if beside is None:
            continue
        try:
            found[name] = read_text(beside, name)
        except InvalidInput:
            continue  # the reader tells of a file that is not beside it
    return found
