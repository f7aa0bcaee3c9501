"""The files of a consumer: looked at with suspicion, and replaced whole, secrets before the routes that lead to them.

Each file has a stamp in its first line: a keyed digest of all that follows. So a hand edit is told from what was
written here, and nothing can be told of the passwords in it without the key. A file without a stamp is somebody else's.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import time
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.files import read_regular_file, reason_of, replace_file, sync_folder
from reconciler.model.secrets.values import SecretValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.consumers.form import Layout
    from reconciler.model.secrets.values import FingerprintKey

_MAX_OCTETS = 16 * 1024 * 1024
_STAMP = re.compile(
    r'(?:# |\{"madeBy": ")made by reconciler for the consumer ([A-Za-z0-9_-]+); do not edit: '
    r'(hmac-sha256:[0-9a-f]{64})(?:",)?'
)
_LOOSE = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_PUBLIC = 0o644
"""The mode of files of CAs: they are public, and Postfix reads them when it is root no longer."""
_EXTRA = re.compile(r"\.?ca-[0-9a-f]{16}\.pem")
"""The names of the files of private CAs, after the path."""


class Unwritable(Exception):
    """A consumer's files cannot be read or may not be written; the text is one sentence or more, without any secret."""


class FileFound(FrozenByName):
    """One file of a consumer as it is."""

    text: str = field(repr=False)
    """Without the stamp."""
    is_intact: bool
    """It is as it was written here."""
    whole: str = field(repr=False)


class FilePlace(FrozenByName):
    """Where a consumer's files are: one file, or a folder of several."""

    path: Path
    layout: Layout

    def file(self, name: str) -> Path:
        """Return the path of a file by its name in the form."""
        is_folder = len(self.layout.files) > 1
        return self.path / name if is_folder else self.path.with_name(self.path.name + name)

    @property
    def folder(self) -> Path:
        """The folder that the files lie in."""
        return self.path if len(self.layout.files) > 1 else self.path.parent

    def meets(self, other: FilePlace) -> bool:
        """Tell whether two places have a file in common, or one has a file where the other needs a folder.

        What is written beside the files counts with them: databases of maps, and the files of private CAs.
        """
        return self._takes_from(other) or other._takes_from(self)

    def _takes_from(self, other: FilePlace) -> bool:
        return any(self._writes(path) or self._writes_above(path) for path in map(other.file, other.layout.files))

    def _writes(self, path: Path) -> bool:
        own = [self.file(name) for name in self.layout.files]
        is_folder = len(own) > 1
        if path in own or (is_folder and path in {self.file(f"{name}.lmdb") for name in self.layout.files}):
            return True
        beginning = "" if is_folder else self.path.name
        is_beside = path.parent == self.folder and path.name.startswith(beginning)
        return is_beside and _EXTRA.fullmatch(path.name[len(beginning) :]) is not None

    def _writes_above(self, path: Path) -> bool:
        return any(self.file(name) in path.parents for name in self.layout.files)


def look(place: FilePlace, key: FingerprintKey, consumer: str, *, adopts: bool) -> dict[str, FileFound]:
    """Return the files that are there, by name; a file that this consumer has not written is refused unless it ``adopts``.

    Raises ``Unwritable`` for what cannot be read or is none of ours.
    """
    found: dict[str, FileFound] = {}
    for name in (*place.layout.files, *_extras(place)):
        path = place.file(name)
        try:
            octets = read_regular_file(path, _MAX_OCTETS, follows_link=False)
            is_loose = bool(stat.S_IMODE(path.stat().st_mode) & (_WRITABLE if _EXTRA.fullmatch(name) else _LOOSE))
        except FileNotFoundError:
            continue
        except OSError as failure:
            raise Unwritable(f"{path} cannot be read: {_why(failure)}.") from None
        try:
            whole = octets.decode("utf-8")
        except UnicodeDecodeError:
            whole = octets.decode("utf-8", "replace")
        if len(octets) > _MAX_OCTETS:
            raise Unwritable(f"{path} is larger than 16 MiB, so reconciler has not written it.")
        found[name] = _found(whole, path, key, consumer, adopts=adopts, is_loose=is_loose)
    return found


def _extras(place: FilePlace) -> list[str]:
    """Return the names of the files of CAs that are there."""
    is_folder = len(place.layout.files) > 1
    beginning = "" if is_folder else place.path.name
    with contextlib.suppress(OSError), os.scandir(place.folder) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(beginning)]
        return sorted(each for name in names if _EXTRA.fullmatch(each := name[len(beginning) :]))
    return []


def _found(whole: str, path: Path, key: FingerprintKey, consumer: str, *, adopts: bool, is_loose: bool) -> FileFound:
    first, _, rest = whole.partition("\n")
    stamp = _STAMP.fullmatch(first)
    if stamp is None or stamp[1] != consumer:
        if whole.strip() and not adopts:
            whose = f"was written for the consumer {stamp[1]}" if stamp is not None else "was not written by reconciler"
            raise Unwritable(
                f"{path} {whose}, so it is left as it is. If it may be replaced, look through it, and set adopt: true for "
                "the consumer; or choose another path."
            )
        return FileFound(text=whole, is_intact=not whole.strip(), whole=whole)
    text = "{\n" + rest if first.startswith("{") else rest
    is_as_written = stamp[2] == SecretValue(text).fingerprint(key)
    return FileFound(text=text, is_intact=is_as_written and not is_loose, whole=whole)


def stamped(text: str, layout: Layout, key: FingerprintKey, consumer: str) -> str:
    """Return a text with its stamp in the first line; JSON, which has no comments, has it as its first key."""
    digest = SecretValue(text).fingerprint(key)
    said = f"made by reconciler for the consumer {consumer}; do not edit: {digest}"
    if layout.comment or not text.startswith("{\n"):
        return f"# {said}\n{text}"
    return f'{{"madeBy": "{said}",\n{text.removeprefix("{" + chr(10))}'


class Write(FrozenByName):
    """One file to be put in place; None removes it."""

    name: str
    whole: str | None = field(repr=False)


def steps_between(
    found: Mapping[str, FileFound], final: Mapping[str, str], interim: Mapping[str, str], layout: Layout
) -> list[Write]:
    """Return the writes that make the files what they are to be, in an order that is safe wherever it is interrupted.

    ``interim`` are the texts with what is removed still in them. Where something is added, secrets and trust go before
    the routes that lead to them; where something is removed, the routes go first.
    """
    # What somebody has edited is written again whatever it says: only the mode may be another.
    has = {name: each.whole for name, each in found.items() if each.is_intact}
    *secrets, routes = layout.files
    extras = sorted(final.keys() - set(layout.files))
    steps: list[Write] = []

    def put(name: str, whole: str) -> None:
        if has.get(name) != whole:
            steps.append(Write(name=name, whole=whole))
            has[name] = whole

    for name in (*extras, *secrets):
        put(name, interim.get(name, final[name]))
    put(routes, final[routes])
    for name in secrets:
        put(name, final[name])
    return [*steps, *(Write(name=name, whole=None) for name in sorted(found.keys() - final.keys()))]


def carry_out(place: FilePlace, steps: Iterable[Write]) -> None:
    """Put each file in place, written beside, on the disk before it takes the name; raise ``Unwritable``.

    A file that is there keeps its owner, so that a program that may read it still may; nobody else may.
    """
    path = place.path
    try:
        if len(place.layout.files) > 1 and not place.path.exists():
            place.path.mkdir(mode=0o755)
            sync_folder(place.path.parent)
        for step in steps:
            path = place.file(step.name)
            if step.whole is None:
                path.unlink(missing_ok=True)
            else:
                mode = _PUBLIC if _EXTRA.fullmatch(step.name) else None
                is_module = path.suffix == ".py"
                replace_file(path, step.whole.encode("utf-8"), mode=mode, keeps_owner=True, is_later=is_module)
            sync_folder(place.folder)
    except OSError as failure:
        cure = f" Make the folder {place.folder} first." if isinstance(failure, FileNotFoundError) else ""
        raise Unwritable(f"{path} cannot be written: {_why(failure)}.{cure}") from None


@contextlib.contextmanager
def held(place: FilePlace, seconds: float = 60.0) -> Iterator[None]:
    """Keep other publications away from the folder, as long as this process lives; raise ``Unwritable``.

    A folder that is not there yet is made by whoever comes first, and needs no keeping.
    """
    folder = place.folder
    try:
        folder = folder if folder.exists() else folder.parent
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as failure:
        raise Unwritable(f"{folder} cannot be opened: {_why(failure)}. Make the folder first.") from None
    ends_at = time.monotonic() + seconds
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > ends_at:
                    raise Unwritable(f"Another publication to {folder} was under way for {seconds:g} s.") from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def sweep(place: FilePlace) -> None:
    """Remove what a run that was killed has left half-written beside the files: it may hold passwords."""
    names = [*place.layout.files, *_extras(place)]
    beginnings = tuple(f".{place.file(name).name[:60]}." for name in names)
    with contextlib.suppress(OSError), os.scandir(place.folder) as entries:
        for entry in entries:
            if entry.name.startswith(beginnings) and re.fullmatch(r".*\.[a-z0-9_]{8}\.new", entry.name):
                Path(entry.path).unlink(missing_ok=True)


def _why(failure: OSError) -> str:
    if failure.errno == errno.ELOOP:  # what O_NOFOLLOW says of a link
        return "it is a symbolic link, which might lead elsewhere tomorrow"
    return reason_of(failure)
