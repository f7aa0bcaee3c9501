"""The key of fingerprints: a file beside the SQLite state, or a secret that the project file names."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from reconciler.errors import SecretUnreadable
from reconciler.model.references import reference_text
from reconciler.model.secrets import FingerprintKey

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.secrets.reader import SecretReader

_KEY_OCTETS = 32
KEY_FILE = "fingerprint.key"


def load_fingerprint_key(
    reader: SecretReader, named: dict[str, str] | None, *, state_file: Path | None
) -> FingerprintKey | None:
    """Return the key: the named secret, else the file beside the SQLite state; None where there is none.

    Raises ``SecretUnreadable`` when the project file names a key that cannot be read.
    """
    if named is not None:
        reference = reference_text(named)
        reading = reader.read([reference])
        if reference in reading.problems:
            raise SecretUnreadable(reading.problems[reference])
        return FingerprintKey(reading.values[reference].reveal().encode())
    if state_file is None:
        return None
    try:
        text = (state_file.parent / KEY_FILE).read_text("ascii").strip()
        return FingerprintKey(bytes.fromhex(text)) if text else None
    except (OSError, ValueError):
        return None


def make_key_file(state_file: Path) -> FingerprintKey:
    """Return the key beside the SQLite state, made with mode 0600 where there is none yet.

    The file appears whole or not at all: it is written under another name and linked into place.
    """
    path = state_file.parent / KEY_FILE
    state_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{KEY_FILE}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_OCTETS) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return FingerprintKey(bytes.fromhex(path.read_text("ascii").strip()))
