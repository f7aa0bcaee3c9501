"""Evidence kept beside the project, so that planning again neither connects nor mails again.

There is one file for each account's settings under each rule, below ``.reconciler/evidence``. Each is sealed with
the key of the fingerprints: a file that somebody else wrote there, or that was written for another account or
project, counts as absent. A cache that cannot be read or written costs a second verification and nothing else, so
nothing here ever fails.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.classes import FrozenByName
from reconciler.files import read_regular_file
from reconciler.model.canonical import canonical_json
from reconciler.model.verification.evidence import Evidence
from reconciler.sealedfiles import SealedFiles, remove_files

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    from reconciler.model.canonical import JsonObject
    from reconciler.model.secrets.values import FingerprintKey

_FORMAT_VERSION = "1.0"
_MAX_OCTETS = 1024 * 1024
_SEALED_AS = "evidence"


class EvidenceCache(FrozenByName):
    """The evidence of one project."""

    folder: Path
    """The folder of the files; it is made when the first is kept."""
    key: FingerprintKey
    project: str

    def find(self, name: str, settings_digest: str, *, rule: str) -> Evidence | None:
        """Return the kept evidence of an account with these settings under this rule, however old; None without any.

        ``rule`` is the digest of everything that verification depends on beside the settings.
        """
        document = self._files.find(self._subject(name, settings_digest, rule))
        if document is None:
            return None
        try:
            # By way of JSON, because strict models take dates and sequences from JSON only.
            evidence = Evidence.model_validate_json(canonical_json(document["evidence"]), by_alias=True, by_name=False)
        except (ValidationError, KeyError):
            return None
        return evidence if evidence.settings_digest == settings_digest else None

    def keep(self, name: str, evidence: Evidence, *, rule: str) -> None:
        """Keep evidence in the place of earlier evidence of the same settings under the same rule."""
        subject = self._subject(name, evidence.settings_digest, rule)
        self._files.keep(subject, {"evidence": evidence.model_dump(mode="json")})

    def forget_before(self, moment: datetime) -> None:
        """Remove the evidence that was kept before a moment; a file that cannot be removed stays, and stops nothing."""
        remove_files(self.folder, lambda path: path.lstat().st_mtime < moment.timestamp())

    @property
    def _files(self) -> SealedFiles:
        return SealedFiles(
            folder=self.folder, key=self.key, sealed_as=_SEALED_AS, max_octets=_MAX_OCTETS, follows_links=True
        )

    def _subject(self, name: str, settings_digest: str, rule: str) -> JsonObject:
        return {
            "formatVersion": _FORMAT_VERSION,
            "project": self.project,
            "name": name,
            "settingsDigest": settings_digest,
            "rule": rule,
            "keyId": self.key.key_id,
        }


def forget_accounts(folder: Path, names: Collection[str]) -> tuple[Path, ...]:
    """Remove the kept evidence of accounts, whatever key it is sealed with; return what could not be read or removed."""

    def is_of_one(path: Path) -> bool:
        document = json.loads(read_regular_file(path, _MAX_OCTETS))
        return isinstance(document, dict) and document.get("name") in names

    return remove_files(folder, is_of_one)


def oldest_useful(now: datetime, ttl_hours: int) -> datetime:
    """Return the moment before which evidence is too old to be used."""
    return now - timedelta(hours=ttl_hours)
