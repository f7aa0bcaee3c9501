"""Adds many accounts at once: all of them, or none where one of them would not be valid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, Location, error
from reconciler.errors import InvalidInput
from reconciler.manifests.editing import addition, search, write_edit
from reconciler.model.accounts.edited import AddedAccounts
from reconciler.operations.accounts.add import Variables, document_of, file_of, references_of, schema_line
from reconciler.operations.accounts.edit import folder_of, new_problems
from reconciler.yamlsource.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from reconciler.manifests.editing import FileEdit, Search
    from reconciler.operations.accounts.add import NewAccount
    from reconciler.operations.workspace import Workspace
    from reconciler.yamlsource.writing import Node


class Row(FrozenByName):
    """One account of a table, and where it stands there."""

    account: NewAccount
    place: Location


def add_accounts(
    workspace: Workspace, rows: Sequence[Row], *, file: Path | None = None, problems: Iterable[Diagnostic] = ()
) -> AddedAccounts:
    """Write a manifest for each row, into a file of its own or all into one new ``file``.

    Raises ``InvalidInput`` with all that is wrong, each at its place in the table, and writes nothing then. ``problems``
    are those that were found in reading the table.
    """
    searched = search(folder_of(workspace), root=workspace.root)
    if searched.problems:
        raise InvalidInput(searched.problems)
    wrong = [*problems]
    places: dict[str, Location] = {}
    variables = Variables.of(searched)
    documents: dict[str, Mapping[str, Node]] = {}
    for row in rows:
        try:
            _require_free(row, searched, places)
            places[row.account.name] = row.place
            documents[row.account.name] = document_of(row.account, searched, variables)
        except InvalidInput as refused:
            wrong += [_at_row(each, row.place) for each in refused.diagnostics]
    edits = _edits(documents, workspace, file)
    errors, remarks = new_problems(workspace, *edits)
    wrong += [_at_row(each, _place_of(each, places)) for each in errors]
    if wrong:
        raise InvalidInput(sorted(wrong, key=lambda each: (each.location and each.location.line) or 0))
    for edit in edits:
        write_edit(edit)
    return AddedAccounts(
        names=tuple(documents),
        files=tuple(edit.file for edit in edits),
        secrets=tuple(
            dict.fromkeys(each for document in documents.values() for each in references_of(document["spec"]))
        ),
        remarks=(*variables.remarks, *(each for each in remarks if places.keys() & {*each.concerned})),
    )


def _require_free(row: Row, searched: Search, places: Mapping[str, Location]) -> None:
    """Raise ``InvalidInput`` for a name that a row above or a manifest has."""
    name = row.account.name
    taken = places.get(name) or (searched.documents[name].location if name in searched.documents else None)
    if taken is not None:
        detail = f"{name} is declared at {taken} already; names are unique. Choose another name."
        raise InvalidInput(error("nameTaken", detail, subject=name))


def _edits(documents: Mapping[str, Mapping[str, Node]], workspace: Workspace, file: Path | None) -> list[FileEdit]:
    folder, root = folder_of(workspace), workspace.root
    texts = {name: to_yaml(document) for name, document in documents.items()}
    if file is None:
        paths = {folder / file_of(name): text for name, text in texts.items()}
    else:
        paths = {root / file: "---\n".join(texts.values())} if texts else {}
    return [addition(path, schema_line(path, root) + text, folder=folder, root=root) for path, text in paths.items()]


def _place_of(problem: Diagnostic, places: Mapping[str, Location]) -> Location | None:
    return next((places[name] for name in problem.concerned if name in places), None)


def _at_row(problem: Diagnostic, place: Location | None) -> Diagnostic:
    """Return a problem of a document that was not written, at the place of its row."""
    told = problem.detail if "\n" in problem.detail else f"{problem.detail} Nothing was written."
    return replace(problem, location=place, detail=told) if place else problem
