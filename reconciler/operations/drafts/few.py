"""The ground of a plan where a few manifests have changed since one that changed nothing, and nothing else has.

Of the other accounts facts are kept, sealed as the plan is. Only those are looked at that have changed, and those that they
meet (``rules.accounts.meetings``). Whatever is not sure has the plan made as a whole, which costs time and nothing else.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.manifests import Few, octets_digest
from reconciler.model.accounts.rest import Rest, facts_of
from reconciler.operations.manifests import read_desired
from reconciler.plancache import KeptFacts
from reconciler.rules.accounts.meetings import are_told_apart, met, named
from reconciler.rules.secrets.judgement import needs_all_accounts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.accounts.rest import Facts
    from reconciler.model.plan import SavedPlan
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.operations.manifests import Desired
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Store

_MOST = 200
"""The most files that are read, and accounts: with more of them the whole is not much dearer."""


class FewChanged(FrozenByName):
    """What is desired and recorded of the accounts that are looked at."""

    desired: Desired
    store: Store
    """The state, open."""
    recorded: RecordedState
    digests: Mapping[str, bytes]
    """What the files that were read held when they were compared, by path."""
    vouched: frozenset[str]
    """Recorded accounts that are as the journal last recorded them."""
    fingerprints: Mapping[str, str]
    """What secrets gave when it was found that nothing but manifests has changed."""

    def suffices_for(self, problems: Iterable[Diagnostic], secrets: SecretsRead) -> bool:
        """Tell whether a draft with these problems is that of the whole, and its files are still what they were.

        It is not where ``secrets`` has another value of one that the rest has too, such as one that was read for a change
        alone: the value may be a rotation, and that is a change of all who have it.
        """
        told_anew = {name for name, _ in self.fingerprints.items() ^ secrets.fingerprints.items()}
        if not told_anew.isdisjoint(self.desired.rest.secrets):
            return False
        try:
            is_same = all(octets_digest(path) == digest for path, digest in self.digests.items())
        except OSError:
            return False
        return is_same and are_told_apart((*self.desired.problems, *problems), frozenset({"one", "all", "changes"}))


def facts_to_keep(
    workspace: Workspace,
    plan: SavedPlan,
    desired: Desired,
    recorded: RecordedState,
    digests: Mapping[str, bytes],
    *,
    store: Store,
) -> KeptFacts | None:
    """Return what a plan of a few changed manifests would rest on; None where there could be none.

    So it is where a rule that this project has looks at all accounts, and where an overlay changes manifests.
    """
    grants = workspace.project.secrets.grants
    if workspace.overlay is not None or any(grant.consumer is None for grant in grants):
        return None
    if not are_told_apart(plan.diagnostics, frozenset({"one", "all"})) or len(named(plan.diagnostics)) > _MOST:
        return None
    files = _as_shown(digests, workspace)
    if files is None:
        return None
    pending = {
        name: each.updated_at.isoformat() for name, each in recorded.accounts.items() if each.status == "pending"
    }
    return KeptFacts(
        files=files,
        facts=tuple(facts_of(each, pending_since=pending.get(each.name)) for each in desired.accounts),
        server_files=tuple(sorted(desired.server_files)),
        taken=desired.taken,
        head=store.journal_head(),
        is_unaltered=not store.alterations(recorded.accounts.keys()),
    )


def few_changed(
    workspace: Workspace,
    told: Iterable[Diagnostic],
    kept: KeptFacts,
    digests: Mapping[str, bytes],
    secrets: SecretsRead,
) -> FewChanged | None:
    """Return what is to be looked at since a plan was made that rested on what was ``kept``; None where it is the whole.

    ``told`` is what that plan had to say; ``digests`` are of the manifest files as they are, by path; ``secrets`` what was read
    to find that nothing else changed.
    """
    files = _as_shown(digests, workspace, known=kept.files.keys())
    if files is None:
        return None
    changed = {file for file, digest in files.items() if kept.files.get(file) != digest} | (
        kept.files.keys() - files.keys()
    )
    if len(changed) > _MOST or not changed.isdisjoint(kept.server_files):
        return None
    concerned = named(told)
    wanted = {*changed, *kept.server_files, *(each.file for each in kept.facts if each.name in concerned)}
    wanted |= met((), (), Rest(kept.facts))  # those whose place is told, to read them at once
    desired, names = _read(workspace, kept, wanted, files.keys())
    if desired is None or not desired.server_files <= {*kept.server_files}:
        return None
    store = workspace.open_store()
    recorded = store.read_some(names, compares_values=secrets.were_read or secrets.are_withheld)
    if store.publications() or needs_all_accounts(recorded) or store.journal_head() != kept.head:
        return None  # others count with them, or more was recorded since
    read = {os.fspath(workspace.root / file): files[file] for file in wanted if file in files}
    vouched = frozenset(recorded.accounts) if kept.is_unaltered else frozenset[str]()
    return FewChanged(
        desired=desired,
        store=store,
        recorded=recorded,
        digests=read,
        vouched=vouched,
        fingerprints=secrets.fingerprints,
    )


def _read(
    workspace: Workspace, kept: KeptFacts, wanted: set[str], present: Collection[str]
) -> tuple[Desired | None, frozenset[str]]:
    """Return what the wanted files and all that they meet declare, and the names of their accounts, before and now.

    None for what is more than a few, and for what is wrong. Files that are met are added to ``wanted``.
    """
    left: Sequence[Facts] = kept.facts
    before: list[Facts] = []
    while len(wanted) <= _MOST:
        before += [each for each in left if each.file in wanted]
        left = [each for each in left if each.file not in wanted]
        rest = Rest(tuple(left))
        few = Few(files=tuple(sorted(wanted.intersection(present))), taken=kept.taken)
        desired = read_desired(workspace, few=few, rest=rest)
        now = [facts_of(each) for each in desired.accounts]
        if not desired.is_valid or len(now) + len(before) > _MOST:
            break
        more = met(now, before, rest)
        if not more:
            return desired, frozenset(name for each in (*now, *before) for name in each.names)
        wanted |= more
    return None, frozenset()


def _as_shown(
    digests: Mapping[str, bytes], workspace: Workspace, *, known: AbstractSet[str] = frozenset()
) -> dict[str, bytes] | None:
    """Return digests by the names under which the files are shown; None where these do not lead back to the files.

    Those that are ``known`` did before, below the same folder.
    """
    beginning = f"{workspace.root}{os.sep}"
    size = len(beginning)
    files = {path[size:]: digest for path, digest in digests.items() if path.startswith(beginning)}
    leads_back = len(files) == len(digests) and "".join([beginning, *(files.keys() - known)]).isprintable()
    return files if leads_back else None
