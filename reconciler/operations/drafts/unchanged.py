"""The plan that changes nothing, told again where nothing that it rests on has changed.

The premise: a plan is a pure function of the manifests, the files that they name, the project file, the state, what the
secrets are, the request and the day. So a digest over all of these tells whether the last plan is this one too, and
where it is, and changed nothing, it need not be made again. Whatever is not sure counts as another one: a link, a
state that is not one file, a key that is not there. Then the plan is made, which costs time and nothing else.

Where no secret has to be read to tell, it is told to people without a model of the project or the plan: to import these
takes longer than to look at ten thousand files.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import reconciler
from reconciler.classes import FrozenByName, replace
from reconciler.errors import ReconcilerError
from reconciler.files import begun_digest, file_digest
from reconciler.manifests import digest_of, file_digests, folder_digest, read_ca_files, read_certificate_files
from reconciler.model.canonical import digest
from reconciler.model.secrets.reading import withheld
from reconciler.operations.place import key_at_a_glance
from reconciler.plancache import KeptPlan, PlanCache
from reconciler.provenance import tracked_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.plan import SavedPlan
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.operations.drafts.few import FewChanged
    from reconciler.operations.drafts.request import Asked
    from reconciler.operations.manifests import Desired
    from reconciler.operations.place import Place
    from reconciler.operations.workspace import Workspace
    from reconciler.plancache import KeptRemarks
    from reconciler.store import Store

_FOLDER = ".reconciler/plans"
_BESIDE_A_STATE = ("-journal", "-wal")
"""What SQLite keeps beside a file whose last write is not in it yet."""


def plans_folder(root: Path) -> Path:
    """Return where a project's last plans are kept."""
    return root / _FOLDER


def state_files_in_git(root: Path) -> tuple[str, ...]:
    """Return the files of the project's state folder that git tracks."""
    return tracked_files(root, root / ".reconciler")


def recall_at_a_glance(place: Place, asked: Asked, environ: Mapping[str, str]) -> Recall | None:
    """Return the look at the last plan of a project that was found at a glance; None where none is kept."""
    # Path.is_dir raises for a folder below one that may not be entered, where nothing is kept that we could read.
    if not os.path.isdir(plans_folder(place.root)) or state_files_in_git(place.root):  # noqa: PTH112 - as above
        return None
    with contextlib.suppress(ReconcilerError):  # told by what needs the key
        key = key_at_a_glance(place, environ)
        return Recall(place, asked, key) if key is not None else None
    return None


class _Seen(FrozenByName):
    """What a plan rests on, as it is at one moment."""

    surroundings: str
    """The digest of all but the manifests and what they name."""
    manifests: Mapping[str, bytes] = field(compare=False)
    """The digest of each manifest file, by its path."""
    digest: str
    """The digest of all manifest files."""


class Recall:
    """One run's look at what is kept of the last plan: before it is made, and after."""

    def __init__(self, place: Place, asked: Asked, key: FingerprintKey) -> None:
        """Look at all that a plan rests on as it is before the plan is made; plans are kept sealed with ``key``."""
        self._place = place
        self._asked = asked
        self._cache = PlanCache(
            folder=plans_folder(place.root),
            key=key,
            project=place.project,
            asked=digest([asked.depth, asked.rest, asked.reads_all_secrets]),
        )
        seen = self._look()
        self._kept = self._cache.find() if seen is not None else None
        if seen is not None and self._kept is None:
            # They are of thousands of files, and there is nothing to compare them with.
            seen = replace(seen, manifests={})
        self._before = seen
        self._compared: SecretsRead | None = None
        """The secrets that were read to find that nothing but manifests has changed; None: that was not found."""

    def remarks(self, environ: Mapping[str, str]) -> KeptRemarks | None:
        """Return what people are told of the last plan where it is this one too; None where more than variables has to tell.

        Raises ``SecretUnreadable`` for a key of fingerprints that cannot be used.
        """
        kept, seen = self._kept, self._before
        if kept is None or seen is None or kept.manifests != seen.digest:
            return None
        if not all(each.startswith("env:") for each in kept.secrets):
            return None
        secrets = withheld(self._asked.depth, is_project_trusted=self._place.is_project_trusted)
        secrets = secrets or self._read_variables(kept.secrets, environ)
        if kept.ground != self._ground(seen, kept.beside, kept.secrets, secrets, ({}, {})):
            return None
        return kept.remarks()

    def _read_variables(self, named: Iterable[str], environ: Mapping[str, str]) -> SecretsRead:
        from reconciler.secrets import SecretReader, key_beside
        from reconciler.secrets.ownkeys import own_secrets

        state_file = self._place.state_file
        key = key_beside(state_file) if state_file is not None else None
        # Which variables a manifest may name was settled when the plan was made, by the project file as it still is.
        reader = SecretReader(self._place.root, environ, allowed=(), own_keys=partial(own_secrets, environ, key))
        return reader.read_for_run(named, key)

    def find(self, workspace: Workspace) -> tuple[SavedPlan, SecretsRead] | None:
        """Return the last plan where it is this one too, as of now and unsealed, with the secrets that were read for it."""
        kept, seen = self._kept, self._before
        if kept is None or seen is None:
            return None
        from reconciler.operations.conversations.secrets import read_secrets
        from reconciler.rules.plan.digests import plan_digest

        with contextlib.suppress(ReconcilerError):  # told when the plan is made
            # What a plan looks at before it knows of a change: of the dear secrets none, unless all are asked for.
            named = frozenset(kept.secrets)
            reader = workspace.secret_reader()
            dear = (
                frozenset()
                if self._asked.reads_all_secrets
                else frozenset(each for each in named if reader.is_dear(each))
            )
            secrets = read_secrets(workspace, named - dear, depth=self._asked.depth, passed_over=dear)
            look = reader.look(named)
            if kept.ground != self._ground(seen, kept.beside, kept.secrets, secrets, (look.places, look.problems)):
                return None
            self._compared = secrets
            plan = kept.saved_plan() if kept.manifests == seen.digest else None
            if plan is not None:
                again = plan.model_copy(update={"created_at": self._place.now(), "seal": None})
                return again.model_copy(update={"plan_digest": plan_digest(again)}), secrets
        return None

    def find_few(self, workspace: Workspace) -> FewChanged | None:
        """Return what is to be looked at where a few manifests have changed since the last plan, and nothing else has.

        To be asked after ``find``.
        """
        last, seen, secrets = self._kept, self._before, self._compared
        if last is None or seen is None or secrets is None:
            return None
        from reconciler.operations.drafts.few import few_changed

        facts, told = self._cache.find_facts(last), last.remarks()
        if facts is None or told is None:
            return None
        return few_changed(workspace, told.diagnostics, facts, seen.manifests, secrets)

    def keep(
        self,
        workspace: Workspace,
        plan: SavedPlan,
        desired: Desired,
        recorded: RecordedState | None,
        secrets: SecretsRead,
        *,
        store: Store,
    ) -> None:
        """Keep a plan that changes nothing, unless what it rests on changed while it was made.

        ``recorded`` is the state that it was made of; None where that is not as the journal recorded it.
        """
        is_empty = plan.status == "empty" and not (plan.changes or plan.consumers or plan.lifted_guards)
        seen = self._look() if is_empty and self._before is not None else None
        if seen is None or seen != self._before:
            return
        from reconciler.operations.drafts.few import facts_to_keep

        beside, named = tuple(sorted(desired.beside)), tuple(sorted(desired.secrets))
        look = workspace.secret_reader().look(named)
        ground = self._ground(seen, beside, named, secrets, (look.places, look.problems))
        document = plan.model_dump(mode="json")
        kept = KeptPlan(ground=ground, beside=beside, secrets=named, plan=document, manifests=seen.digest)
        self._cache.keep(kept)
        if recorded is None:
            return
        facts = facts_to_keep(workspace, plan, desired, recorded, seen.manifests, store=store)
        if facts is not None:
            self._cache.keep_facts(kept, facts)

    def _look(self) -> _Seen | None:
        """Return what a plan rests on as it is now; None where nobody can tell whether it changes."""
        place, state = self._place, self._place.state_file
        overlays = folder_digest(place.overlay) if place.overlay is not None else ""
        if state is None or overlays is None:
            return None
        # SQLite keeps them beside the file itself, where the path is a link to it.
        files_of_state = {os.fspath(state), os.path.realpath(state)}
        if any(os.path.lexists(f"{each}{end}") for each in files_of_state for end in _BESIDE_A_STATE):
            return None
        # A state takes about as long as all manifests.
        digest_of_state = begun_digest(state, "blake2b")
        manifests = file_digests(place.manifests)
        paths = (state, place.manifests, *((place.overlay,) if place.overlay is not None else ()))
        try:
            files = [digest_of_state(), file_digest(place.project_file), *map(os.path.realpath, paths)]
            code = Path(reconciler.__file__).stat().st_mtime_ns
        except (OSError, ValueError):
            return None
        if manifests is None:
            return None
        surroundings = digest([
            f"reconciler {reconciler.__version__}", str(code), sys.version, str(place.now().date()),
            os.fspath(place.root), os.path.realpath(place.root), os.fspath(place.project_file), place.state_url,
            place.operator, place.is_project_trusted, place.is_state_trusted, place.state_named_by,
            self._asked.depth, self._asked.rest, place.environment, overlays, *files,
        ])  # fmt: skip
        return _Seen(surroundings=surroundings, manifests=manifests, digest=digest_of(manifests))

    def _ground(
        self,
        seen: _Seen,
        beside: tuple[str, ...],
        named: tuple[str, ...],
        secrets: SecretsRead,
        look: tuple[Mapping[str, str], Mapping[str, Diagnostic]],
    ) -> str:
        """Return the digest of the surroundings, and of what the manifests name as it is now.

        ``look`` are the places that references to files lead to, and the problems of those.
        """
        found = [
            *(repr(read(beside, root=self._place.root)) for read in (read_ca_files, read_certificate_files)),
            repr((dict(look[0]), dict(look[1]))),
            repr(sorted(secrets.fingerprints.items())),
            repr(sorted(secrets.unreadable.items())),
            repr((secrets.key_id, secrets.were_read, secrets.are_withheld, sorted(secrets.passed_over))),
        ]
        return digest([seen.surroundings, beside, named, found])
