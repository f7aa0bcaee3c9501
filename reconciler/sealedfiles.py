"""Files beside the project that are sealed with a key: what somebody else wrote there counts as absent.

Each holds one JSON object, and its name follows from its subject: what it is of, for which project, under which key. So a
file that was moved to another's place is not taken for it. A file that cannot be read or written costs the work that it
would have spared and nothing else, so nothing here ever fails.
"""

from __future__ import annotations

import contextlib
import hmac
import json
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.files import keep_out_of_git, leads_elsewhere, read_regular_file, replace_file
from reconciler.model.canonical import canonical_json, digest, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.model.canonical import JsonObject
    from reconciler.model.secrets.values import FingerprintKey


@dataclass(frozen=True, kw_only=True)
class SealedFiles:
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
        if leads_elsewhere(self.folder):
            return None
        try:
            octets = read_regular_file(self._path(subject), self.max_octets, follows_link=self.follows_links)
            document = json.loads(octets) if len(octets) <= self.max_octets else None
            if not isinstance(document, dict) or any(document.get(field) != value for field, value in subject.items()):
                return None
            seal = str(document.pop("seal", None)).encode("utf-8", "replace")
            is_ours = hmac.compare_digest(seal, self._seal(document).encode())
        except (OSError, ValueError, RecursionError):
            return None
        return document if is_ours else None

    def keep(self, subject: JsonObject, content: JsonObject) -> None:
        """Keep something of a subject in the place of what was kept before."""
        if leads_elsewhere(self.folder):
            return
        document = {**subject, **content}
        with contextlib.suppress(OSError, ValueError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keep_out_of_git(self.folder.parent)
            sealed = {**document, "seal": self._seal(document)}
            replace_file(self._path(subject), canonical_json(sealed).encode(), is_durable=False)

    def _path(self, subject: JsonObject) -> Path:
        return self.folder / f"{sha256_hex(canonical_json(subject))}.json"

    def _seal(self, document: JsonObject) -> str:
        return self.key.seal(f"{self.sealed_as} {digest(document)}")


def remove_files(folder: Path, is_wanted: Callable[[Path], bool]) -> None:
    """Remove the kept files of a folder that are wanted away, whatever key they are sealed with.

    One that cannot be read or removed stays, and stops nothing.
    """
    if leads_elsewhere(folder):
        return
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, RecursionError):
                if is_wanted(path):
                    path.unlink(missing_ok=True)
