"""Plans that changed nothing, kept with a digest of all that they rest on, so that the same again is told at once.

There is one file for each way of asking, below ``.reconciler/plans``. Each is sealed with a key that no pull request
has: a file that somebody else wrote there, or that was made for another project or by another version, counts as absent.
A cache that cannot be read or written costs the making of a plan and nothing else, so nothing here ever fails. Nothing
of a file is run, and none says where a secret travels: a plan that changes nothing contacts nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.classes import dataclass
from reconciler.model.canonical import canonical_json
from reconciler.model.plan import SavedPlan
from reconciler.sealedfiles import SealedFiles, remove_files

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.canonical import JsonObject
    from reconciler.model.secrets.values import FingerprintKey

_FORMAT_VERSION = "1.0"
_MAX_OCTETS = 64 * 1024 * 1024
_SEALED_AS = "plan without changes"


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan that changed nothing, and what it rests on."""

    ground: str
    """The digest of all that it rests on, ``beside`` and ``secrets`` as they were read included."""
    beside: tuple[str, ...]
    """The files that its manifests name and that were read."""
    secrets: tuple[str, ...]
    """The references that its manifests name."""
    plan: SavedPlan


@dataclass(frozen=True, kw_only=True)
class PlanCache:
    """What is kept of one project for one way of asking."""

    folder: Path
    """The folder of the files; it is made when the first is kept."""
    key: FingerprintKey
    project: str
    asked: str
    """The digest of what was asked."""

    def find(self) -> KeptPlan | None:
        """Return what is kept; None without any."""
        document = self._files.find(self._subject)
        if document is None:
            return None
        try:
            return KeptPlan(
                ground=document["ground"],
                beside=tuple(document["beside"]),
                secrets=tuple(document["secrets"]),
                # By way of JSON, because strict models take dates and sequences from JSON only.
                plan=SavedPlan.model_validate_json(canonical_json(document["plan"]), by_alias=True, by_name=False),
            )
        except (ValidationError, KeyError, TypeError):
            return None

    def keep(self, kept: KeptPlan) -> None:
        """Keep a plan in the place of an earlier one."""
        found = {"ground": kept.ground, "beside": list(kept.beside), "secrets": list(kept.secrets)}
        self._files.keep(self._subject, {**found, "plan": kept.plan.model_dump(mode="json")})

    @property
    def _files(self) -> SealedFiles:
        return SealedFiles(
            folder=self.folder, key=self.key, sealed_as=_SEALED_AS, max_octets=_MAX_OCTETS, follows_links=False
        )

    @property
    def _subject(self) -> JsonObject:
        key_id = self.key.key_id
        return {"formatVersion": _FORMAT_VERSION, "project": self.project, "asked": self.asked, "keyId": key_id}


def forget_plans(folder: Path) -> None:
    """Remove all that is kept, as somebody's name may stand in it; a file that cannot be removed stays."""
    remove_files(folder, lambda _: True)
