"""Edits of the manifests: add, delete and rename an account. State is never touched: the plan does the rest."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_WORD, clip
from reconciler.diagnostics import Diagnostic, Location, error, note, warning
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.manifests.editing import removals, renaming, search, write_edit
from reconciler.model.accounts.edited import Edited
from reconciler.model.accounts.kinds import KINDS
from reconciler.operations.manifests import in_every_environment, read_desired
from reconciler.rules.accounts.select import is_pattern, is_selected, unmatched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from reconciler.manifests.editing import FileEdit, FoundDocument, Search
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.accounts.select import Sides


_PLACE = re.compile(r":\d+(?=\D|\Z)")


def folder_of(workspace: Workspace) -> Path:
    """Return the manifests folder."""
    return workspace.root / workspace.project.manifests


def places_of_documents(workspace: Workspace) -> dict[str, Location]:
    """Return where each named document of the manifests folder begins, of several with one name the first."""
    found = search(folder_of(workspace), root=workspace.root).documents
    return {name: document.location for name, document in found.items()}


def declared_accounts(workspace: Workspace) -> Mapping[str, str]:
    """Return the file of each account that the manifests declare; nothing where they cannot be read to their end."""
    searched = search(folder_of(workspace), root=workspace.root)
    if searched.problems:
        return {}
    return {name: each.file for name, each in searched.documents.items() if each.kind in KINDS}


def delete_accounts(workspace: Workspace, selectors: Sequence[str]) -> tuple[Edited, ...]:
    """Remove the documents of accounts, and what overlays say of them: all that selectors mean, or none.

    Raises ``InvalidInput`` where one means no account, or a document cannot be removed safely.
    """
    recorded = recorded_accounts(workspace)
    searched = search(folder_of(workspace), root=workspace.root)
    names = _declared_names(workspace, selectors, recorded or {})
    found = [_find(searched, name, recorded) for name in names]
    overlays = {name: _overlays_of(workspace, each) for name, each in zip(names, found, strict=True)}
    changed = [*((folder_of(workspace), each) for each in found), *chain.from_iterable(overlays.values())]
    by_file: defaultdict[tuple[Path, Path], list[FoundDocument]] = defaultdict(list)
    for folder, each in changed:
        by_file[folder, each.path].append(each)
    edits = {path: removals(documents, folder=folder) for (folder, path), documents in by_file.items()}
    _write(workspace, *edits.values())
    return tuple(
        Edited(
            action="delete",
            name=name,
            kind=each.kind,
            file=each.file,
            is_whole_file=edits[each.path].after is None,
            overlays=tuple(overlay.file for _, overlay in overlays[name]),
            plan_target=(target := _recorded_as(name, each, recorded)),
            needs_environment=needs_environment(workspace),
            remarks=_remarks_on_deletion(name, target, recorded),
        )
        for name, each in zip(names, found, strict=True)
    )


def _declared_names(
    workspace: Workspace, selectors: Sequence[str], recorded: Mapping[str, RecordedAccount]
) -> list[str]:
    """Return the names written, declared or not, and those of the declared accounts that patterns mean."""
    named = {each for each in selectors if not is_pattern(each)}
    patterns = [each for each in selectors if is_pattern(each)]
    if not patterns:
        return sorted(named)
    desired = in_every_environment(workspace, read_desired)
    broken = [each for each in desired.problems if each.severity == "error"]
    if broken:
        raise InvalidInput(broken)
    sides: dict[str, Sides] = {
        each.name: (each, recorded[each.name]) if each.name in recorded else (each,) for each in desired.accounts
    }
    nothing = unmatched(patterns, list(sides.values()))
    if nothing:
        raise InvalidInput(nothing)
    return sorted(named | {name for name, each in sides.items() if is_selected(each, patterns, ())})


def rename_account(workspace: Workspace, old: str, new: str) -> Edited:
    """Give an account another name, so that the plan shows a rename; raise ``InvalidInput`` where it cannot be."""
    folder = folder_of(workspace)
    recorded = recorded_accounts(workspace)
    searched = search(folder, root=workspace.root)
    found = _find(searched, old, recorded)
    if new == old:
        raise InvalidInput(error("nameTaken", f"The account is called {clip(old, SHOWN_WORD)} already.", subject=old))
    require_free(searched, new, lambda: recorded, but=old)
    declared = found.value["metadata"].get("previousName")
    previous = _previous_name(old, new, declared if isinstance(declared, str) else None, recorded)
    edit = renaming(found, new, previous, folder=folder)

    def follow(overlay: FoundDocument, *, folder: Path) -> FileEdit:
        return renaming(overlay, new, None, folder=folder)

    overlays = _overlays_of(workspace, found)
    _write(workspace, edit, *(follow(each, folder=place) for place, each in overlays))
    is_unsure = declared is not None and previous not in {None, old} and (recorded is None or previous not in recorded)
    return Edited(
        action="rename",
        name=new,
        kind=found.kind,
        file=found.file,
        is_whole_file=False,
        previous_name=previous,
        renamed_from=old,
        overlays=tuple(overlay.file for _, overlay in overlays),
        plan_target=new,
        needs_environment=needs_environment(workspace),
        remarks=(_kept(old, new, str(previous), found),) if is_unsure else (),
    )


def needs_environment(workspace: Workspace) -> bool:
    """Tell whether a plan of what was edited has to be told which environment is meant."""
    return bool(workspace.environments) and workspace.environment is None


def recorded_accounts(workspace: Workspace) -> Mapping[str, RecordedAccount] | None:
    """Return the recorded accounts by name; None where there is no state here, or none that can be read."""
    try:
        with workspace.open_store() as store:
            return store.read_accounts()
    except ReconcilerError:
        return None


def require_free(
    searched: Search,
    name: str,
    recorded: Callable[[], Mapping[str, RecordedAccount] | None],
    *,
    but: str | None = None,
) -> None:
    """Raise ``InvalidInput`` where a manifest has the name, or state has it for an account that is being renamed.

    State is asked only where a manifest renames an account of that name: opening it takes longer than all the rest.
    ``but`` is the account that may go back to the name that it has in state.
    """
    taken = searched.documents.get(name)
    if taken is not None:
        detail = f"{name} is declared at {taken.location} already. Choose another name."
        raise InvalidInput(error("nameTaken", detail, subject=name, location=taken.location))
    if searched.problems:
        raise InvalidInput(searched.problems)
    renamed = any(_previous_of(each) == name for known, each in searched.documents.items() if known != but)
    if renamed and name in (recorded() or {}):
        detail = f"{name} is recorded in state, and a manifest renames it. Apply that first, or choose another name."
        raise InvalidInput(error("nameTaken", detail, subject=name))


def new_problems(workspace: Workspace, *edits: FileEdit) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Return the errors, and the other remarks, that ``validate`` would find only after the edits."""
    edited = {each.path: each.after for each in edits}
    before = Counter(_without_place(each) for each in in_every_environment(workspace, read_desired).problems)
    errors: list[Diagnostic] = []
    remarks: list[Diagnostic] = []
    for problem in in_every_environment(workspace, lambda place: read_desired(place, instead=edited)).problems:
        key = _without_place(problem)
        if before[key] > 0:
            before[key] -= 1
        else:
            (errors if problem.severity == "error" else remarks).append(problem)
    return errors, remarks


def _overlays_of(workspace: Workspace, found: FoundDocument) -> list[tuple[Path, FoundDocument]]:
    """Return what the overlays of every environment say of a manifest, each with its overlay's folder."""
    environments = workspace.declared.environments.values() if workspace.declared is not None else ()
    folders = sorted({workspace.root / each.overlay for each in environments if each.overlay is not None})
    name = found.value["metadata"]["name"]
    overlays = [(folder, search(folder, root=workspace.root).documents.get(name)) for folder in folders]
    return [(folder, each) for folder, each in overlays if each is not None and each.kind == found.kind]


def _write(workspace: Workspace, *edits: FileEdit) -> None:
    """Make edits, unless the manifests would have a problem more."""
    errors, _ = new_problems(workspace, *edits)
    if errors:
        raise InvalidInput(errors)
    for edit in edits:
        write_edit(edit)


def _without_place(problem: Diagnostic) -> Diagnostic:
    """Return a problem without its line and column: an edit moves the lines below it."""
    place = problem.location and Location(problem.location.file)
    return replace(problem, location=place, detail=_PLACE.sub("", problem.detail))


def _find(searched: Search, name: str, recorded: Mapping[str, RecordedAccount] | None) -> FoundDocument:
    found = searched.documents.get(name)
    if found is not None and found.kind in KINDS:
        return found
    shown = clip(name, SHOWN_WORD)
    if found is not None:
        detail = (
            f"{shown} is a {clip(found.kind, SHOWN_WORD) or 'document without a kind'}, not an account. Accounts may refer "
            "to it by its name, so edit the manifests by hand."
        )
        raise InvalidInput(error("unknownAccount", detail, subject=shown, location=found.location))
    if searched.problems:
        raise InvalidInput(searched.problems)
    if recorded is not None and name in recorded:
        detail = (
            f"No manifest declares {shown}; it is in state alone, and the next plan deletes it. See\n"
            f"    reconciler plan --target {shown}"
        )
        raise InvalidInput(error("unknownAccount", detail, subject=shown))
    accounts = [known for known, each in searched.documents.items() if each.kind in KINDS]
    detail = f"No manifest declares an account called {shown}.{did_you_mean(name, accounts)}"
    raise InvalidInput(error("unknownAccount", detail, subject=shown))


def _previous_of(found: FoundDocument) -> object:
    return found.value["metadata"].get("previousName")


def _previous_name(
    old: str, new: str, declared: str | None, recorded: Mapping[str, RecordedAccount] | None
) -> str | None:
    """Return the previous name to write: the one that state has for the account.

    An earlier rename that was not applied yet is not lost: the name that it began with stays. Back to that name
    needs no previous name at all; where state cannot be seen, the name that is left is right whether it was applied
    or not.
    """
    if declared is None or (recorded is not None and old in recorded):
        return old
    if declared != new:
        return declared
    return None if recorded is not None and new in recorded else old


def _kept(old: str, new: str, previous: str, found: FoundDocument) -> Diagnostic:
    detail = (
        f"The manifest says already that the account was called {previous}, and it could not be seen in state whether "
        f"that rename was applied, so previousName stays {previous}. The plan should show one rename to {new}. If it "
        f"shows {old} deleted instead, write\n    previousName: {old}"
    )
    return warning("previousNameKept", detail, subject=new, location=found.location)


def _recorded_as(name: str, found: FoundDocument, recorded: Mapping[str, RecordedAccount] | None) -> str | None:
    """Return the name that state has for a deleted account, as far as it can be seen; None where it has none."""
    if recorded is None or name in recorded:
        return name
    previous = _previous_of(found)
    return previous if isinstance(previous, str) and previous in recorded else None


def _remarks_on_deletion(
    name: str, recorded_as: str | None, recorded: Mapping[str, RecordedAccount] | None
) -> tuple[Diagnostic, ...]:
    remarks = []
    account = (recorded or {}).get(recorded_as or name)
    if account is not None and account.metadata.prevent_delete:
        detail = (
            f"{name} is recorded with preventDelete: true, so the plan will refuse to delete it. If it is to go, bring "
            "the manifest back, apply it with\n    preventDelete: false\nand then delete it."
        )
        remarks.append(warning("protectedAccount", detail, subject=name))
    if recorded_as not in {None, name}:
        detail = f"{name} is recorded as {recorded_as}, its previous name: the plan deletes that account."
        remarks.append(note("previousNameKept", detail, subject=name))
    return tuple(remarks)
