"""Secrets from files: where one may lie, with its links followed first, and never one that git tracks.

A path counts by where it leads. It is resolved once a run, so that the file that was judged is the file that is
read: it is opened along the resolved path without following links, and the open file is compared again with those
that no manifest may name.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.files import open_in_place
from reconciler.model.secrets.spelling import is_normal_key
from reconciler.model.text.globs import matches
from reconciler.secrets.ownfiles import OwnFiles
from reconciler.secrets.values import MAX_OCTETS, Unreadable, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.diagnostics import Diagnostic

    Judge = Callable[[Path, os.stat_result, str], Unreadable | None]


def relative_spelling(key: str, root: Path) -> str | None:
    """Return the relative path for a file inside the project folder that is named by an absolute one; else None.

    A file is inside with its path as written, or with its links followed.
    """
    if not key.startswith("/"):
        return None
    try:
        project = root.stat()
        for place in (Path(key), Path(os.path.realpath(key))):
            for folder in (place, *place.parents):
                if folder.exists() and os.path.samestat(folder.stat(), project):
                    return place.relative_to(folder).as_posix()
    except (OSError, ValueError):  # a path that leads nowhere is told when it is read
        return None
    return None


class SecretFiles:
    """Reads files below the project folder, or where ``secrets.allow`` names them."""

    def __init__(
        self,
        root: Path,
        *,
        allowed: Iterable[str],
        is_tracked: Callable[[Path], bool],
        own: OwnFiles | None = None,
        has_scopes: bool = False,
    ) -> None:
        """Read relative to ``root``; ``allowed`` are the globs of ``secrets.allow``; ``is_tracked`` asks git.

        ``own`` are the files that no manifest may name. With ``has_scopes`` some files are for some manifests only,
        so a file with several names is refused: each name could be another's.
        """
        self.root = root.resolve()
        self._allowed = tuple(allowed)
        self._is_tracked = is_tracked
        self._own = own or OwnFiles()
        self._has_scopes = has_scopes
        self._resolved: dict[str, Path] = {}

    def place_of(self, key: str) -> str:
        """Return the key of the file that a key leads to with links followed; relative inside the project folder.

        Raises ``OSError`` or ``RuntimeError`` where it leads nowhere.
        """
        path = self._path_of(key)
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    def problem_with(self, key: str, reference: str) -> Diagnostic | None:
        """Return the reason why no manifest may name a file; None, as far as can be told without opening it."""
        normal = relative_spelling(key, self.root)
        if normal is not None:
            detail = (
                f"{reference} is a file inside the project folder, which is named by its path from there, so that it has "
                f"one name. Write\n    file: {normal}"
            )
            return unreadable("invalidValue", detail, subject=reference).problem
        try:
            path = self._path_of(key)
            refusal = self._judge(path, path.lstat(), reference)
        except (OSError, RuntimeError, ValueError):
            return None
        return refusal.problem if refusal is not None else None

    def read(self, key: str, reference: str) -> str:
        """Return the text of the file that a manifest names; raise ``Unreadable``."""
        problem = self.problem_with(key, reference)
        if problem is not None:
            raise Unreadable(problem)
        return _decoded(self._octets(self._allowed_path, key, reference, MAX_OCTETS, self._judge), reference)

    def read_key(self, key: str, reference: str) -> str:
        """Return the text of the file that the project file names as a key; raise ``Unreadable``."""
        return _decoded(self._octets(self._allowed_path, key, reference, MAX_OCTETS, lambda *_: None), reference)

    def read_bulk(self, key: str, source: str, *, max_octets: int) -> bytes:
        """Return the content of the file that the project file names as a source; raise ``Unreadable``."""
        return self._octets(self._inside, key, source, max_octets, self._judge_bulk)

    def _judge(self, path: Path, status: os.stat_result, subject: str) -> Unreadable | None:
        if self._own.holds(path, status):
            return _own_file(subject)
        if not self._has_scopes or status.st_nlink <= 1:
            return None
        detail = (
            f"{subject} is one of several names (hard links) of one file, and secrets.allow gives some files to some folders "
            "only, so it cannot be told whose it is. Copy the secret into a file of its own."
        )
        return unreadable("secretNotAllowed", detail, subject=subject)

    def _judge_bulk(self, path: Path, status: os.stat_result, subject: str) -> Unreadable | None:
        return _own_file(subject) if self._own.holds_of_state(path, status) else None

    def _path_of(self, key: str) -> Path:
        if key not in self._resolved:
            self._resolved[key] = (self.root / key).resolve()
        return self._resolved[key]

    def _octets(self, find: Callable[[str, str], Path], key: str, subject: str, max_octets: int, judge: Judge) -> bytes:
        try:
            path = find(key, subject)
            with open_in_place(path) as file:
                refusal = judge(path, os.fstat(file.fileno()), subject)
                if refusal is not None:
                    raise refusal
                octets = file.read(max_octets + 1)
            if len(octets) > max_octets:
                raise OSError(0, f"it is larger than {max_octets} bytes")  # noqa: TRY301 - told as the others are
        except (OSError, RuntimeError, ValueError) as failure:  # a loop of links is a RuntimeError before Python 3.13
            why = getattr(failure, "strerror", None) or "its path leads nowhere"
            detail = f"The file {key} cannot be read: {why}. {_cure(failure)}"
            raise unreadable("secretMissing", detail, subject=subject) from None
        # After reading, so that a file that is not there is told as that.
        if self._is_tracked(path):
            detail = (
                f"The file {key} is in git, so everybody who can read the repository has the secret, and always will. "
                "Change the secret, then take the file out of git and ignore it:\n"
                f"    git rm --cached {key}"
            )
            raise unreadable("secretTracked", detail, subject=subject)
        return octets

    def _allowed_path(self, key: str, reference: str) -> Path:
        """Return the file that a key names, with links followed; raise ``Unreadable`` where no secret may lie there.

        A link counts by where it leads: a pull request could bring one from an allowed name to another's secret.
        Which manifest may name the place is decided before, in ``rules.secrets.allow``.
        """
        path = self._path_of(key)
        place = f"file:{self.place_of(key)}"
        if is_normal_key(key) and (path == self.root / key or any(matches(glob, place) for glob in self._allowed)):
            return path
        detail = (
            f"{reference} leads, with links followed, to a file that secrets.allow in the project file does not cover. "
            "Put the file itself in the allowed place, or have the owner of the project file allow the place it leads "
            "to."
        )
        raise unreadable("secretNotAllowed", detail, subject=reference)

    def _inside(self, key: str, source: str) -> Path:
        """Return the file of a source: any absolute path, or a relative one that stays inside the project folder."""
        path = self._path_of(key)
        if key.startswith("/") or path.is_relative_to(self.root):
            return path
        detail = f"The file {key} of {source} lies, with links followed, outside the project folder. Name it by its absolute path."
        raise unreadable("secretNotAllowed", detail, subject=source)


def _cure(failure: Exception) -> str:
    """Return what to do about a file that cannot be read: of one that is there it is not told that it has to be written."""
    if isinstance(failure, PermissionError):
        return f"Let the user who runs this command (number {os.geteuid()}) read it, and enter its folders."
    is_there = isinstance(failure, OSError) and failure.errno == 0
    return "Have the path name a file that holds the secret alone." if is_there else "Write it where this command runs."


def _decoded(octets: bytes, reference: str) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise unreadable(
            "secretInvalid", f"What {reference} holds is not UTF-8 text. Save the file as UTF-8.", subject=reference
        ) from None


def _own_file(subject: str) -> Unreadable:
    detail = (
        f"{subject} is, under this name or another, a file of reconciler's own: its state or what lies in the state's "
        "folder, a key, a source of many secrets, or the project file. No password is read from such a file, whatever "
        "secrets.allow covers. Keep each secret in a file of its own."
    )
    return unreadable("secretNotAllowed", detail, subject=subject)
