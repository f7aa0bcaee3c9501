"""Files beside the project that are sealed with a key: what somebody else wrote there counts as absent.

Each holds one JSON object, and its name follows from its subject: what it is of, for which project, under which key. So a
file that was moved to another's place is not taken for it. A file that cannot be read or written costs the work that it
would have spared and nothing else, so nothing here ever fails.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.files import is_left_unfinished, keep_out_of_git, leads_elsewhere, read_regular_file, replace_file
from reconciler.model.canonical import canonical_json, digest, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.model.canonical import JsonObject
    from reconciler.model.secrets.values import FingerprintKey


_OCTETS = "octets"
"""The field of the digest of what stands behind a document."""


class SealedFiles(FrozenByName):
    """The sealed files of one folder, which is made when the first is kept."""

    folder: Path
    key: FingerprintKey
    sealed_as: str
    """What is sealed, so that no seal serves for something else."""
    max_octets: int
    follows_links: bool
    """Whether a file may be a link; the folder never may."""

    def find(self, subject: JsonObject) -> JsonObject | None:
        """Return what is kept of a subject, the subject and no seal in it; None where nothing is that has our seal."""
        octets = self._read(subject)
        return self._unsealed(subject, octets) if octets is not None else None

    def find_with_octets(self, subject: JsonObject) -> tuple[JsonObject, bytes] | None:
        """Return what was kept of a subject by ``keep`` with octets, and these; None where they are not those that were sealed."""
        head, _, octets = (self._read(subject) or b"").partition(b"\n")
        document = self._unsealed(subject, head)
        if document is None or document.pop(_OCTETS, None) != _digest_of(octets):
            return None
        return document, octets

    def keep(self, subject: JsonObject, content: JsonObject, *, octets: bytes | None = None) -> None:
        """Keep something of a subject in the place of what was kept before.

        ``octets`` stand behind it in the file and are sealed by their digest: thousands of values take longer to be looked
        through for a seal than to be read.
        """
        if leads_elsewhere(self.folder):
            return
        document = {**subject, **content, **({_OCTETS: _digest_of(octets)} if octets is not None else {})}
        with contextlib.suppress(OSError, ValueError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keep_out_of_git(self.folder.parent)
            head = canonical_json({**document, "seal": self._seal(document)}).encode()  # it has no end of a line
            content_of_file = head if octets is None else (head, b"\n", octets)
            replace_file(self._path(subject), content_of_file, is_durable=False, is_one_of_many=True)

    def _read(self, subject: JsonObject) -> bytes | None:
        if leads_elsewhere(self.folder):
            return None
        try:
            octets = read_regular_file(self._path(subject), self.max_octets, follows_link=self.follows_links)
        except (OSError, ValueError):
            return None
        return octets if len(octets) <= self.max_octets else None

    def _unsealed(self, subject: JsonObject, octets: bytes) -> JsonObject | None:
        try:
            document = json.loads(octets)
            if not isinstance(document, dict) or any(document.get(field) != value for field, value in subject.items()):
                return None
            seal = str(document.pop("seal", None)).encode("utf-8", "replace")
            is_ours = hmac.compare_digest(seal, self._seal(document).encode())
        except (ValueError, RecursionError):
            return None
        return document if is_ours else None

    def _path(self, subject: JsonObject) -> Path:
        return self.folder / f"{sha256_hex(canonical_json(subject))}.json"

    def _seal(self, document: JsonObject) -> str:
        return self.key.seal(f"{self.sealed_as} {digest(document)}")


def _digest_of(octets: bytes) -> str:
    return f"blake2b:{hashlib.blake2b(octets, digest_size=32).hexdigest()}"


def remove_files(folder: Path, is_wanted: Callable[[Path], bool]) -> tuple[Path, ...]:
    """Remove the kept files of a folder that are wanted away, whatever key they are sealed with.

    What a killed process has left unfinished goes too: it may tell of anybody.
    One that cannot be read or removed stays, and stops nothing; such ones are returned, or the folder where it cannot be
    looked through.
    """
    if leads_elsewhere(folder):
        return ()
    left = []
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".json" or is_left_unfinished(path))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError:
        return (folder,)
    for path in files:
        try:
            if is_left_unfinished(path) or is_wanted(path):
                path.unlink(missing_ok=True)
        except OSError:
            left.append(path)
        except (ValueError, RecursionError):  # none of ours
            continue
    return tuple(left)
