"""The plan that changes nothing, told again where nothing that it rests on has changed.

The premise: a plan is a pure function of the manifests, the files that they name, the project file, the state, what the
secrets are, the request and the day. So a digest over all of these tells whether the last plan is this one too, and
where it is, and changed nothing, it need not be made again. Whatever is not sure counts as another one: a link, a
state that is not one file, a key that is not there. Then the plan is made, which costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import reconciler
from reconciler.classes import dataclass
from reconciler.errors import ReconcilerError
from reconciler.files import file_digest
from reconciler.manifests import digest_of, file_digests, folder_digest, read_ca_files, read_certificate_files
from reconciler.model.canonical import digest
from reconciler.operations.conversations.secrets import read_secrets
from reconciler.operations.drafts.few import facts_to_keep, few_changed
from reconciler.plancache import KeptPlan, PlanCache
from reconciler.rules.plan.digests import plan_digest

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.plan import SavedPlan
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.operations.drafts.few import FewChanged
    from reconciler.operations.manifests import Desired
    from reconciler.operations.workspace import Workspace

_FOLDER = ".reconciler/plans"
_BESIDE_A_STATE = ("-journal", "-wal")
"""What SQLite keeps beside a file whose last write is not in it yet."""


def plans_folder(workspace: Workspace) -> Path:
    """Return where a project's last plans are kept."""
    return workspace.root / _FOLDER


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a plan was asked for, as far as a plan that changes nothing depends on it."""

    depth: str
    rest: str
    """All the rest, as text."""
    reads_all_secrets: bool


class Recall:
    """One run's look at what is kept of the last plan: before it is made, and after."""

    def __init__(self, workspace: Workspace, asked: Asked) -> None:
        """Look at nothing yet."""
        self._workspace = workspace
        self._asked = asked
        self._cache = self._find_cache()
        self._surroundings: str | None = None
        self._before = ""
        """The digest of the manifests before the plan is made."""
        self._manifests: dict[str, bytes] = {}
        self._kept: tuple[KeptPlan, SecretsRead] | None = None
        """The last plan where nothing but manifests has changed since, and the secrets that were read to find that."""

    def find(self) -> tuple[SavedPlan, SecretsRead] | None:
        """Return the last plan where it is this one too, as of now and unsealed, with the secrets that were read for it."""
        if self._cache is None:
            return None
        self._surroundings = self._digest_of_surroundings()
        self._before = digest_of(self._manifests)
        kept = self._cache.find() if self._surroundings is not None else None
        if kept is None:
            self._manifests = {}  # of thousands of files, and there is nothing to compare them with
            return None
        with contextlib.suppress(ReconcilerError):  # told when the plan is made
            # What a plan looks at before it knows of a change: of the dear secrets none, unless all are asked for.
            named = frozenset(kept.secrets)
            reader = self._workspace.secret_reader()
            dear = (
                frozenset()
                if self._asked.reads_all_secrets
                else frozenset(each for each in named if reader.is_dear(each))
            )
            secrets = read_secrets(self._workspace, named - dear, depth=self._asked.depth, passed_over=dear)
            if kept.ground != self._ground(kept.beside, kept.secrets, secrets):
                return None
            self._kept = kept, secrets
            if kept.manifests == self._before:
                again = kept.plan.model_copy(update={"created_at": self._workspace.now(), "seal": None})
                return again.model_copy(update={"plan_digest": plan_digest(again)}), secrets
        return None

    def find_few(self) -> FewChanged | None:
        """Return what is to be looked at where a few manifests have changed since the last plan, and nothing else has."""
        if self._cache is None or self._kept is None:
            return None
        last, secrets = self._kept
        kept = self._cache.find_facts(last)
        return few_changed(self._workspace, last.plan, kept, self._manifests, secrets) if kept is not None else None

    def keep(self, plan: SavedPlan, desired: Desired, recorded: RecordedState | None, secrets: SecretsRead) -> None:
        """Keep a plan that changes nothing, unless what it rests on changed while it was made.

        ``recorded`` is the state that it was made of; None where that is not as the journal recorded it.
        """
        is_empty = plan.status == "empty" and not (plan.changes or plan.consumers or plan.lifted_guards)
        if self._cache is None or self._surroundings is None or not is_empty:
            return
        if self._surroundings != self._digest_of_surroundings() or self._before != digest_of(self._manifests):
            return
        manifests = self._manifests
        beside, named = tuple(sorted(desired.beside)), tuple(sorted(desired.secrets))
        ground = self._ground(beside, named, secrets)
        kept = KeptPlan(ground=ground, beside=beside, secrets=named, plan=plan, manifests=digest_of(manifests))
        self._cache.keep(kept)
        facts = facts_to_keep(self._workspace, plan, desired, recorded, manifests) if recorded is not None else None
        if facts is not None:
            self._cache.keep_facts(kept, facts)

    def _find_cache(self) -> PlanCache | None:
        """Return where plans like this one are kept; None where no key would seal them."""
        with contextlib.suppress(ReconcilerError):  # told by what needs the key
            key = self._workspace.keyless_seal_key()
            if key is not None:
                return PlanCache(
                    folder=plans_folder(self._workspace),
                    key=key,
                    project=self._workspace.project.metadata.name,
                    asked=digest([self._asked.depth, self._asked.rest, self._asked.reads_all_secrets]),
                )
        return None

    def _digest_of_surroundings(self) -> str | None:
        """Return a digest of all but manifests and what they name; None where nobody can tell whether it changes."""
        place = self._workspace
        state, folder = place.state_file, place.root / place.project.manifests
        overlay = place.root / place.overlay if place.overlay is not None else None
        manifests, overlays = file_digests(folder), folder_digest(overlay) if overlay is not None else ""
        self._manifests = manifests or {}
        if (
            state is None
            or manifests is None
            or overlays is None
            or any(os.path.lexists(f"{state}{end}") for end in _BESIDE_A_STATE)
        ):
            return None
        try:
            paths = (state, folder, *((overlay,) if overlay is not None else ()))
            files = [file_digest(state), file_digest(place.project_file), *map(os.path.realpath, paths)]
            code = Path(reconciler.__file__).stat().st_mtime_ns
        except (OSError, ValueError):
            return None
        return digest([
            f"reconciler {reconciler.__version__}", str(code), sys.version, str(place.now().date()),
            os.fspath(place.root), os.path.realpath(place.root), os.fspath(place.project_file), place.state_url,
            place.operator, place.is_project_trusted, place.is_state_trusted, place.state_named_by,
            self._asked.depth, self._asked.rest, place.environment, overlays, *files,
        ])  # fmt: skip

    def _ground(self, beside: tuple[str, ...], named: tuple[str, ...], secrets: SecretsRead) -> str:
        """Return the digest of the surroundings, and of what the manifests name as it is now."""
        root = self._workspace.root
        look = self._workspace.secret_reader().look(named)
        found = [
            *(repr(read(beside, root=root)) for read in (read_ca_files, read_certificate_files)),
            repr(look),
            repr(sorted(secrets.fingerprints.items())),
            repr(sorted(secrets.unreadable.items())),
            repr((secrets.key_id, secrets.were_read, secrets.are_withheld, sorted(secrets.passed_over))),
        ]
        return digest([self._surroundings, beside, named, found])
