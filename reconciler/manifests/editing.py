"""Edits manifest files: one document is added, renamed or removed, and every other octet stays.

An edit is read back before anything is written. It must mean exactly what was meant, and every other document must
be the same, octet for octet; otherwise it is refused, and the refusal says what to do by hand.
"""

from __future__ import annotations

import copy
import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, Location, error
from reconciler.errors import InvalidInput
from reconciler.files import create_file, read_regular_file, reason_of, replace_file
from reconciler.manifests.folder import NoRoom, Room, manifest_paths, require_few_problems, shown_path
from reconciler.manifests.octets import is_manifest
from reconciler.yamlsource import MAX_FILE_OCTETS, read_documents
from reconciler.yamlsource.layout import placed_documents
from reconciler.yamlsource.splicing import (
    CannotSplice,
    with_document,
    with_entry_after,
    with_value,
    without_document,
    without_entry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reconciler.model.canonical import JsonObject
    from reconciler.yamlsource import YamlDocument
    from reconciler.yamlsource.layout import PlacedDocument, PlacedNode

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_METADATA = ("metadata",)


class FoundDocument(FrozenByName):
    """One document of a manifest file; ``index`` is its place among those of the file that are not empty."""

    path: Path
    file: str
    """The path as problems show it: relative to the project folder, with forward slashes."""
    octets: bytes
    documents: tuple[YamlDocument, ...]
    index: int

    @property
    def value(self) -> JsonObject:
        """The document's content."""
        value: JsonObject = self.documents[self.index].value
        return value

    @property
    def kind(self) -> str:
        """The document's kind, as it is written; empty where it has none."""
        kind = self.value.get("kind")
        return kind if isinstance(kind, str) else ""

    @property
    def location(self) -> Location:
        """Where the document begins."""
        return self.documents[self.index].location


class FileEdit(FrozenByName):
    """A file as it was and as it is to be; ``before`` is None for a new file, ``after`` for one that is removed."""

    path: Path
    file: str
    before: bytes | None
    after: bytes | None


class Search(FrozenByName):
    """The named documents, of each name the first, and the problems of files that could not be read to their end."""

    documents: dict[str, FoundDocument]
    problems: tuple[Diagnostic, ...]


def search(folder: Path, *, root: Path) -> Search:
    """Return every named document below the manifests folder, valid or not, and what could not be read."""
    paths, problems = manifest_paths(folder, root=root) if folder.is_dir() else ([], [])
    documents: dict[str, FoundDocument] = {}
    room = Room()
    try:
        for path in paths:
            for name, found in _documents_of(path, shown_path(path, root), room, problems):
                documents.setdefault(name, found)
    except NoRoom as refusal:
        problems.append(refusal.problem)
    return Search(documents=documents, problems=tuple(problems))


def _documents_of(path: Path, file: str, room: Room, problems: list[Diagnostic]) -> Iterator[tuple[str, FoundDocument]]:
    """Yield the named documents of a file, and add its problems to ``problems``; raise ``NoRoom`` beyond a limit."""
    try:
        octets = read_regular_file(path, MAX_FILE_OCTETS)
    except OSError as failure:
        detail = f"The file cannot be read: {reason_of(failure)}. Check the path and its permissions."
        problems.append(error("fileUnreadable", detail, location=Location(file)))
        return
    room.take_octets(len(octets), file)
    read = read_documents(octets, file=file)
    room.take_weight(sum(document.weight for document in read.documents), file)
    problems.extend(read.problems)
    require_few_problems(len(problems), file)
    for index, document in enumerate(read.documents):
        name = _name_of(document.value)
        if name is not None:
            yield name, FoundDocument(path=path, file=file, octets=octets, documents=read.documents, index=index)


def addition(path: Path, document: str, *, folder: Path, root: Path) -> FileEdit:
    """Return the edit that adds a document to a file, which is made where it is missing; raise ``InvalidInput``."""
    file = shown_path(path, root)
    _refuse_place(path, file, folder)
    if not path.exists():
        return FileEdit(path=path, file=file, before=None, after=document.encode())
    try:
        octets = read_regular_file(path, MAX_FILE_OCTETS)
    except OSError as failure:
        raise _not_editable(file, f"The file cannot be read: {reason_of(failure)}.") from None
    read = read_documents(octets, file=file)
    if read.problems:
        raise InvalidInput(read.problems)
    after = _spliced(octets, file, lambda text: with_document(text, document), "Put the account into another file.")
    added = read_documents(document.encode(), file=file).documents
    meant = [*(each.value for each in read.documents), *(each.value for each in added)]
    _prove(octets, after, file, meant, changed=len(read.documents))
    return FileEdit(path=path, file=file, before=octets, after=after)


def removal(found: FoundDocument, *, folder: Path) -> FileEdit:
    """Return the edit that removes a document, and the file with its only one; raise ``InvalidInput``."""
    _refuse_edit(found, folder)
    if len(found.documents) == 1:
        return FileEdit(path=found.path, file=found.file, before=found.octets, after=None)
    by_hand = f"Remove the document that begins in line {found.location.line} by hand."
    index = _placed_index(found)
    after = _spliced(found.octets, found.file, lambda text: without_document(text, index), by_hand)
    meant = [each.value for position, each in enumerate(found.documents) if position != found.index]
    _prove(found.octets, after, found.file, meant, removed=found.index, by_hand=by_hand)
    return FileEdit(path=found.path, file=found.file, before=found.octets, after=after)


def removals(found: Sequence[FoundDocument], *, folder: Path) -> FileEdit:
    """Return the edit that removes several documents of one file; raise ``InvalidInput``."""
    # The last first, so that those before it stay at their places.
    last, *others = sorted(found, key=lambda each: each.index, reverse=True)
    edit = removal(last, folder=folder)
    for each in others:
        octets = edit.after or b""
        left = replace(each, octets=octets, documents=read_documents(octets, file=each.file).documents)
        edit = replace(removal(left, folder=folder), before=last.octets)
    return edit


def renaming(found: FoundDocument, name: str, previous_name: str | None, *, folder: Path) -> FileEdit:
    """Return the edit that sets a document's name, and its previous name, or none; raise ``InvalidInput``."""
    _refuse_edit(found, folder)
    lines = f"    name: {name}" + (f"\n    previousName: {previous_name}" if previous_name else "")
    remove = "" if previous_name else " and remove previousName"
    by_hand = f"In the metadata that begin in line {found.location.line} or below, write by hand{remove}\n{lines}"
    index = _placed_index(found)

    def splice(text: str) -> str:
        metadata = _placed_metadata(text, index)
        if previous_name is None:
            text = text if metadata.entry("previousName") is None else without_entry(text, metadata, "previousName")
        elif metadata.entry("previousName") is None:
            text = with_entry_after(text, metadata, "name", ("previousName", previous_name))
        else:
            text = with_value(text, _metadata(text, index, "previousName"), previous_name)
        # Placed anew each time: the edit before has moved what stands behind it.
        return with_value(text, _metadata(text, index, "name"), name)

    after = _spliced(found.octets, found.file, splice, by_hand)
    meant = [each.value for each in found.documents]
    meant[found.index] = _renamed(found.value, name, previous_name)
    _prove(found.octets, after, found.file, meant, changed=found.index, by_hand=by_hand)
    return FileEdit(path=found.path, file=found.file, before=found.octets, after=after)


def write_edit(edit: FileEdit) -> None:
    """Make the edit on disk, keeping the file's mode; raise ``InvalidInput``, and change nothing, where it fails."""
    try:
        if edit.before is None:
            edit.path.parent.mkdir(parents=True, exist_ok=True)
            create_file(edit.path, edit.after or b"")
            return
        if read_regular_file(edit.path, MAX_FILE_OCTETS) != edit.before:
            raise _unwritable(edit, "The file was changed meanwhile")
        if edit.after is None:
            edit.path.unlink()
        else:
            replace_file(edit.path, edit.after, mode=stat.S_IMODE(edit.path.stat().st_mode), is_one_of_many=True)
    except OSError as failure:
        raise _unwritable(edit, f"{edit.file}: {reason_of(failure)}") from None


def _name_of(value: object) -> str | None:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None


def _spliced(octets: bytes, file: str, splice: Callable[[str], str], by_hand: str) -> bytes:
    mark = _BYTE_ORDER_MARK if octets.startswith(_BYTE_ORDER_MARK) else b""
    try:
        return mark + splice(octets[len(mark) :].decode()).encode()
    except CannotSplice:
        raise _not_editable(file, by_hand) from None


def _prove(
    before: bytes,
    after: bytes,
    file: str,
    meant: Sequence[Any],
    *,
    changed: int | None = None,
    removed: int | None = None,
    by_hand: str = "Put the account into another file.",
) -> None:
    """Raise ``InvalidInput`` unless the outcome means what was meant, and every other document is as it was."""
    read = read_documents(after, file=file)
    kept_before = [text for index, text in enumerate(_texts(before)) if index not in {changed, removed}]
    kept_after = [text for index, text in enumerate(_texts(after)) if index != changed] if not read.problems else []
    # As JSON, because true and 1 are equal in Python.
    as_meant = json.dumps(meant, sort_keys=True) == json.dumps([each.value for each in read.documents], sort_keys=True)
    if read.problems or kept_before != kept_after or not as_meant:
        raise _not_editable(file, by_hand)


def _texts(octets: bytes) -> list[str]:
    """Return the text of every document that is not empty, from its first character to its last."""
    text = octets.decode("utf-8-sig")
    return [text[each.root.start : each.content_end] for each in placed_documents(text) if not _is_empty(each)]


def _is_empty(document: PlacedDocument) -> bool:
    root = document.root
    return root.is_scalar and root.start == root.end


def _placed_index(found: FoundDocument) -> int:
    """Return the index of the found document among all documents of its file, the empty ones among them."""
    text = found.octets.decode("utf-8-sig")
    full = [index for index, each in enumerate(placed_documents(text)) if not _is_empty(each)]
    if len(full) != len(found.documents):
        raise _not_editable(found.file, f"Edit the document that begins in line {found.location.line} by hand.")
    return full[found.index]


def _placed_metadata(text: str, index: int) -> PlacedNode:
    metadata = placed_documents(text)[index].mapping_at(_METADATA)
    if metadata is None:
        raise CannotSplice
    return metadata


def _metadata(text: str, index: int, key: str) -> PlacedNode:
    entry = _placed_metadata(text, index).entry(key)
    if entry is None:
        raise CannotSplice
    return entry.value


def _renamed(value: JsonObject, name: str, previous_name: str | None) -> JsonObject:
    renamed: JsonObject = copy.copy(value)
    metadata = {key: each for key, each in value["metadata"].items() if key != "previousName"}
    renamed["metadata"] = metadata | {"name": name} | ({"previousName": previous_name} if previous_name else {})
    return renamed


def _refuse_edit(found: FoundDocument, folder: Path) -> None:
    """Raise ``InvalidInput`` for a file that is a link, or that has a problem which may hide a document."""
    _refuse_place(found.path, found.file, folder)
    problems = read_documents(found.octets, file=found.file).problems
    if problems:
        raise InvalidInput(problems)


def _refuse_place(path: Path, file: str, folder: Path) -> None:
    """Raise ``InvalidInput`` for a link, and for a path outside the manifests folder or not read as a manifest."""
    inside = Path(os.path.realpath(folder))
    if path.is_symlink() or not Path(os.path.realpath(path.parent)).is_relative_to(inside):
        raise _not_editable(file, "The file is a link, or lies outside the manifests folder. Name a file inside it.")
    if not path.absolute().is_relative_to(folder.absolute()):
        raise _not_editable(file, "The file lies outside the manifests folder. Name a file inside it.")
    parts = path.absolute().relative_to(folder.absolute()).parts
    if ".." in parts or not is_manifest(path.name) or any(part.startswith(".") for part in parts):
        detail = "Files end in .yaml or .yml, and hidden files and folders are not read. Choose another name."
        raise _not_editable(file, detail)


def _not_editable(file: str, detail: str) -> InvalidInput:
    return InvalidInput(error("manifestNotEditable", f"Nothing was changed. {detail}", location=Location(file)))


def _unwritable(edit: FileEdit, reason: str) -> InvalidInput:
    detail = f"{reason}. Nothing was changed. Mend that, then run the command again."
    return InvalidInput(error("manifestUnwritable", detail, location=Location(edit.file)))
