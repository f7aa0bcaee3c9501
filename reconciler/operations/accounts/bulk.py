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
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reconciler.manifests.editing import FileEdit, Search
    from reconciler.model.canonical import JsonView
    from reconciler.operations.accounts.add import NewAccount
    from reconciler.operations.workspace import Workspace


class Row(FrozenByName):
    """One account of a table, and where it stands there."""

    account: NewAccount
    place: Location


def add_accounts(workspace: Workspace, rows: Sequence[Row], *, file: Path | None = None) -> AddedAccounts:
    """Write a manifest for each row, into a file of its own or all into one new ``file``.

    Raises ``InvalidInput`` with all that is wrong, each at its place in the table, and writes nothing then.
    """
    searched = search(folder_of(workspace), root=workspace.root)
    if searched.problems:
        raise InvalidInput(searched.problems)
    places = _places(rows, searched)
    variables = Variables.of(searched)
    documents = {row.account.name: document_of(row.account, searched, variables) for row in rows}
    edits = _edits(documents, workspace, file)
    errors, remarks = new_problems(workspace, *edits)
    if errors:
        raise InvalidInput([_at_row(each, places) for each in errors])
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


def _places(rows: Sequence[Row], searched: Search) -> dict[str, Location]:
    """Return where each account stands in the table; raise ``InvalidInput`` for names that are taken."""
    places: dict[str, Location] = {}
    problems: list[Diagnostic] = []
    for row in rows:
        name = row.account.name
        taken = places.get(name) or (searched.documents[name].location if name in searched.documents else None)
        if taken is not None:
            detail = (
                f"{name} is declared at {taken} already; names are unique. Nothing was written. Choose another name."
            )
            problems.append(error("nameTaken", detail, subject=name, location=row.place))
        places.setdefault(name, row.place)
    if problems:
        raise InvalidInput(problems)
    return places


def _edits(documents: Mapping[str, JsonView], workspace: Workspace, file: Path | None) -> list[FileEdit]:
    folder, root = folder_of(workspace), workspace.root
    texts = {name: to_yaml(document) for name, document in documents.items()}
    if file is None:
        paths = {folder / file_of(name): text for name, text in texts.items()}
    else:
        paths = {root / file: "---\n".join(texts.values())} if texts else {}
    return [addition(path, schema_line(path, root) + text, folder=folder, root=root) for path, text in paths.items()]


def _at_row(problem: Diagnostic, places: Mapping[str, Location]) -> Diagnostic:
    """Return a problem of a document that was not written, at the place of its row."""
    place = next((places[name] for name in problem.concerned if name in places), None)
    return replace(problem, location=place, detail=f"{problem.detail} Nothing was written.") if place else problem
