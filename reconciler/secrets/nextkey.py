"""The key that is about to follow the one beside the SQLite state.

Order of writes: the next key is put beside the present one, on the disk for good; then state is written with
fingerprints of the next key and its id; then the next key takes the place of the present one. Whoever finds a next
key whose id is state's finishes that last step, so a crash between any two of them leaves a state with its key.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import SecretUnreadable, StateUnavailable
from reconciler.files import replace_file, sync_folder
from reconciler.model.secrets import FingerprintKey
from reconciler.secrets.key import KEY_FILE, KEY_OCTETS, read_key_file

if TYPE_CHECKING:
    from pathlib import Path

_NEXT_FILE = f"{KEY_FILE}.next"


def draft_next_key(state_file: Path) -> FingerprintKey:
    """Return a new key, written beside the present one; to be called under the state's write lock.

    Raises ``StateUnavailable`` where it cannot be written.
    """
    key = FingerprintKey(secrets.token_bytes(KEY_OCTETS))
    path = state_file.with_name(_NEXT_FILE)
    try:
        replace_file(path, key.octets.hex().encode() + b"\n")
        sync_folder(path.parent)
    except OSError as failure:
        detail = f"The next fingerprint key {path} cannot be written: {failure.strerror}. Nothing was changed."
        raise StateUnavailable(error("stateUnavailable", detail)) from None
    return key


def has_next_key(state_file: Path) -> bool:
    """Tell whether a change of the key was begun here and not finished."""
    return state_file.with_name(_NEXT_FILE).exists()


def settle_next_key(state_file: Path, key_id: str | None) -> None:
    """Put the next key in the place of the present one if it is the one that state names; else leave both.

    Somebody else may settle it at the same moment.
    """
    path = state_file.with_name(_NEXT_FILE)
    with contextlib.suppress(OSError, SecretUnreadable):
        if read_key_file(path).key_id == key_id:
            path.replace(state_file.with_name(KEY_FILE))
            sync_folder(path.parent)
