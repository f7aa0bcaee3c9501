"""The two keys: of fingerprints, and of plans.

The key of fingerprints is a secret that the project file names, else a file beside the SQLite state. The key of
plans is a variable.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import SecretUnreadable, StateUnavailable
from reconciler.files import keep_out_of_git, read_regular_file, reason_of, replace_file, sync_folder
from reconciler.model.secrets.values import FingerprintKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.secrets.reader import SecretReader


KEY_OCTETS = 32
_MAX_FILE_OCTETS = 1024
MIN_KEY_CHARACTERS = 32
"""The fewest characters of a key that a person chooses."""
PLAN_KEY_VARIABLE = "RECONCILER_PLAN_KEY"
KEY_FILE = "fingerprint.key"
STATE_FOLDER = ".reconciler"


def load_fingerprint_key(
    reader: SecretReader, named: dict[str, str] | None, *, state_file: Path | None
) -> FingerprintKey | None:
    """Return the key of fingerprints: the named secret, else the file beside the SQLite state, else None.

    Raises ``SecretUnreadable`` where the named key cannot be read, or the file holds none.
    """
    if named is not None:
        from reconciler.model.secrets.spelling import reference_text

        reference = reference_text(named)
        reading = reader.read_key(reference)
        if reference in reading.problems:
            raise SecretUnreadable(reading.problems[reference])
        return _strong_key(reading.values[reference].reveal(), reference)
    return key_beside(state_file) if state_file is not None else None


def key_beside(state_file: Path) -> FingerprintKey | None:
    """Return the key in the file beside the SQLite state, None where there is no file; raise as ``load_fingerprint_key`` does."""
    path = state_file.parent / KEY_FILE
    try:
        return read_key_file(path)
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise _unusable(path, "it is a link that leads to no file") from None
        return None
    except OSError as failure:
        raise _unreadable(path, failure) from None


def load_key_file(path: Path) -> FingerprintKey:
    """Return the key that a file holds; raise ``SecretUnreadable`` where it holds none or cannot be read."""
    try:
        return read_key_file(path)
    except OSError as failure:
        raise _unreadable(path, failure) from None


def load_plan_key(environ: Mapping[str, str]) -> FingerprintKey | None:
    """Return the key that seals plans, from ``RECONCILER_PLAN_KEY``; None where that is not set.

    Raises ``SecretUnreadable`` where it is set to something that is no key, as an empty text is.
    """
    text = environ.get(PLAN_KEY_VARIABLE)
    return None if text is None else _strong_key(text.removesuffix("\n"), f"env:{PLAN_KEY_VARIABLE}")


def _strong_key(text: str, reference: str) -> FingerprintKey:
    """Return a text as a key; raise ``SecretUnreadable`` for a short one.

    A short key could be found by trying, and then every password could, too.
    """
    if len(text) < MIN_KEY_CHARACTERS:
        detail = (
            f"{reference} has {len(text)} characters; a key needs {MIN_KEY_CHARACTERS} or more that nobody can guess. "
            "With a weak key, whoever reads state or a plan could find passwords by trying. This makes a key:\n"
            "    openssl rand -hex 32"
        )
        raise SecretUnreadable(error("keyWeak", detail, subject=reference))
    return FingerprintKey(text.encode("utf-8", "surrogateescape"))


def make_key_file(state_file: Path) -> FingerprintKey:
    """Return the key in the file beside the SQLite state; make it, with mode 0600, where there is none.

    The file appears whole or not at all: it is written under another name and linked into place. Raises
    ``StateUnavailable`` where it cannot be made, ``SecretUnreadable`` where there is a file that holds no key.
    """
    path = state_file.parent / KEY_FILE
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.name == STATE_FOLDER:
            keep_out_of_git(path.parent)
        draft = path.with_name(f".{KEY_FILE}.{os.urandom(4).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(os.urandom(KEY_OCTETS).hex() + "\n")
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    except OSError as failure:
        detail = (
            f"The fingerprint key {path} cannot be made: {failure.strerror or failure}. Have its folder made for whoever runs "
            "reconciler, or name a state elsewhere with --state."
        )
        raise StateUnavailable(error("stateUnavailable", detail)) from None
    return load_key_file(path)


def read_key_file(path: Path) -> FingerprintKey:
    """Return the key that a file holds; raise ``OSError`` where it cannot be read, ``SecretUnreadable`` where it holds none."""
    octets = read_regular_file(path, _MAX_FILE_OCTETS)
    if len(octets) > _MAX_FILE_OCTETS:
        raise _unusable(
            path, f"it is larger than {_MAX_FILE_OCTETS} bytes, and a key is {2 * KEY_OCTETS} hexadecimal digits"
        )
    if not octets.strip():
        raise _unusable(path, "it is empty")
    try:
        key = bytes.fromhex(octets.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_OCTETS:
        raise _unusable(path, f"it does not hold {2 * KEY_OCTETS} hexadecimal digits and nothing else")
    return FingerprintKey(key)


def _unreadable(path: Path, failure: OSError) -> SecretUnreadable:
    """Return the error for a key file that the system does not let us read, which need not be gone."""
    if isinstance(failure, PermissionError):
        cure = (
            f"The user who runs this (number {os.geteuid()}) needs the right to read it, and to enter its folders: run the "
            "command as the file's owner, or have the file given to this user."
        )
        return _unusable(path, reason_of(failure), cure)
    if isinstance(failure, FileNotFoundError):
        return _unusable(path, reason_of(failure), "Name the file that holds the key.", code="fingerprintKeyMissing")
    return _unusable(path, reason_of(failure))


def _unusable(
    path: Path,
    reason: str,
    cure: str = "Bring back the key that the state was made with.",
    *,
    code: str = "fingerprintKeyUnusable",
) -> SecretUnreadable:
    return SecretUnreadable(error(code, f"The fingerprint key {path} cannot be used: {reason}. {cure}"))


_NEXT_FILE = f"{KEY_FILE}.next"


def draft_next_key(state_file: Path) -> FingerprintKey:
    """Return a new key, written beside the present one; the caller holds the state's write lock.

    Raises ``StateUnavailable`` where it cannot be written.
    """
    key = FingerprintKey(os.urandom(KEY_OCTETS))
    path = state_file.with_name(_NEXT_FILE)
    try:
        replace_file(path, key.octets.hex().encode() + b"\n")
        sync_folder(path.parent)
    except OSError as failure:
        detail = f"The next fingerprint key {path} cannot be written: {failure.strerror}. Nothing was changed."
        raise StateUnavailable(error("stateUnavailable", detail)) from None
    return key


def has_next_key(state_file: Path) -> bool:
    """Tell whether a change of the key was begun here and not finished; a folder that may not be entered shows none."""
    return os.path.exists(state_file.with_name(_NEXT_FILE))  # noqa: PTH110 - Path.exists raises where it may not look


def settle_next_key(state_file: Path, key_id: str | None) -> None:
    """Put the next key in the place of the present one, if it is the key that state names; else leave both.

    Nothing is raised: somebody else may settle it at the same moment.
    """
    path = state_file.with_name(_NEXT_FILE)
    with contextlib.suppress(OSError, SecretUnreadable):
        if read_key_file(path).key_id == key_id:
            path.replace(state_file.with_name(KEY_FILE))
            sync_folder(path.parent)
