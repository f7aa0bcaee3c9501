"""Evidence kept beside the project, so that planning again neither connects nor mails again.

One file for one account's settings under one rule, below ``.reconciler/evidence``. Each is sealed with the key of the
fingerprints: what somebody else wrote there, or wrote for another account or project, counts as absent. A cache that
cannot be read or written costs a second verification and nothing else, so nothing here ever fails.
"""

from __future__ import annotations

import contextlib
import hmac
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.files import keep_out_of_git, read_regular_file, replace_file
from reconciler.model.canonical import canonical_json, digest, sha256_hex
from reconciler.model.verification.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    from reconciler.model.secrets.values import FingerprintKey

_FORMAT_VERSION = "1.0"
_MAX_OCTETS = 1024 * 1024
_SEALED_AS = "evidence"


@dataclass(frozen=True, kw_only=True)
class EvidenceCache:
    """The evidence of one project."""

    folder: Path
    """Where the files lie; made when something is kept."""
    key: FingerprintKey
    project: str

    def find(self, name: str, settings_digest: str, *, rule: str) -> Evidence | None:
        """Return what was found of an account with these settings under this rule, however old; None for nothing.

        ``rule`` is the digest of what verification depends on beside the settings.
        """
        if self._is_elsewhere():
            return None
        wanted = self._subject(name, settings_digest, rule)
        try:
            octets = read_regular_file(self._path(wanted), _MAX_OCTETS)
            document = json.loads(octets) if len(octets) <= _MAX_OCTETS else None
            if not isinstance(document, dict) or not self._is_genuine(document, wanted):
                return None
            # By way of JSON, because strict models take dates and sequences from JSON only.
            evidence = Evidence.model_validate_json(canonical_json(document["evidence"]), by_alias=True, by_name=False)
        except (OSError, ValueError, ValidationError, RecursionError, KeyError):
            return None
        return evidence if evidence.settings_digest == settings_digest else None

    def keep(self, name: str, evidence: Evidence, *, rule: str) -> None:
        """Keep evidence in place of what was found before of the same settings under the same rule."""
        if self._is_elsewhere():
            return
        subject = self._subject(name, evidence.settings_digest, rule)
        document = {**subject, "evidence": evidence.model_dump(mode="json")}
        document["seal"] = self._seal(document)
        with contextlib.suppress(OSError, ValueError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keep_out_of_git(self.folder.parent)
            replace_file(self._path(subject), canonical_json(document).encode(), is_durable=False)

    def forget_before(self, moment: datetime) -> None:
        """Remove what was kept before a moment; what cannot be removed keeps nothing else from it."""
        if self._is_elsewhere():
            return
        with contextlib.suppress(OSError):
            for path in sorted(self.folder.glob("*.json")):
                with contextlib.suppress(OSError):
                    if path.lstat().st_mtime < moment.timestamp():
                        path.unlink(missing_ok=True)

    def _is_elsewhere(self) -> bool:
        """Tell whether a link leads out of the project; a pull request could bring one."""
        return self.folder.is_symlink() or self.folder.parent.is_symlink()

    def _subject(self, name: str, settings_digest: str, rule: str) -> dict[str, Any]:
        return {
            "formatVersion": _FORMAT_VERSION,
            "project": self.project,
            "name": name,
            "settingsDigest": settings_digest,
            "rule": rule,
            "keyId": self.key.key_id,
        }

    def _path(self, subject: dict[str, Any]) -> Path:
        return self.folder / f"{sha256_hex(canonical_json(subject))}.json"

    def _is_genuine(self, document: dict[str, Any], wanted: dict[str, Any]) -> bool:
        if any(document.get(field) != value for field, value in wanted.items()):
            return False
        return hmac.compare_digest(str(document.get("seal")).encode("utf-8", "replace"), self._seal(document).encode())

    def _seal(self, document: dict[str, Any]) -> str:
        sealed = {field: value for field, value in document.items() if field != "seal"}
        return self.key.seal(f"{_SEALED_AS} {digest(sealed)}")


def forget_accounts(folder: Path, names: Collection[str]) -> None:
    """Remove what was kept of accounts, whichever key it was sealed with; what cannot be read stays."""
    if folder.is_symlink() or folder.parent.is_symlink():
        return
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, RecursionError):
                document = json.loads(read_regular_file(path, _MAX_OCTETS))
                if isinstance(document, dict) and document.get("name") in names:
                    path.unlink()


def oldest_useful(now: datetime, ttl_hours: int) -> datetime:
    """Return the moment before which evidence is of no use any more."""
    return now - timedelta(hours=ttl_hours)
