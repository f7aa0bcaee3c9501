"""Evidence from earlier runs: which of it answers this run's question, and what of this run's is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.evidencecache import EvidenceCache, oldest_useful
from reconciler.model.canonical import digest
from reconciler.rules.verification.evidence import is_worth_keeping, may_be_reused

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.model.step import Wanted
    from reconciler.model.verification.evidence import Evidence
    from reconciler.operations.workspace import Workspace

_FOLDER = ".reconciler/evidence"


def evidence_folder(workspace: Workspace) -> Path:
    """Return where a project's evidence is kept."""
    return workspace.root / _FOLDER


class KeptEvidence:
    """The evidence kept below the project folder; without a key of fingerprints nothing is kept or taken."""

    def __init__(self, workspace: Workspace, key: FingerprintKey | None) -> None:
        """Look at nothing yet."""
        self._project = workspace.project
        self._now = workspace.now()
        self._cache = (
            EvidenceCache(folder=evidence_folder(workspace), key=key, project=self._project.metadata.name)
            if key is not None
            else None
        )
        # Of the project's rules those that a conversation's outcome depends on; domain checks are made anew each time.
        self._rule = digest({"servers": list(self._project.verification.servers)})

    def find(self, step: Wanted) -> Evidence | None:
        """Return evidence that spares the account its conversation; None where there is none.

        An account with a withheld credential never has any: nothing may be concluded about what must not be tried.
        """
        if self._cache is None or step.settings_digest is None or step.withheld:
            return None
        found = self._cache.find(step.name, step.settings_digest, rule=self._rule)
        ttl_hours = self._project.verification.evidence_ttl_hours
        if found is None or not may_be_reused(found, depth=step.depth, ttl_hours=ttl_hours, now=self._now):
            return None
        return found

    def keep(self, step: Wanted, evidence: Evidence) -> None:
        """Keep evidence of an account where later runs may take it."""
        if self._cache is not None and step.settings_digest is not None and is_worth_keeping(evidence):
            self._cache.keep(step.name, evidence, rule=self._rule)

    def forget_old(self) -> None:
        """Remove what is of no use any more."""
        if self._cache is None:
            return
        self._cache.forget_before(oldest_useful(self._now, self._project.verification.evidence_ttl_hours))
