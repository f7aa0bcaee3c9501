"""The overlays of an environment: documents of a folder, each of which changes one manifest there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error, sort_key
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.manifests.documents import identity_problems
from reconciler.manifests.folder import NoRoom, Room, manifest_paths, octets_of, real_path, shown_path
from reconciler.manifests.overlaid import Overlays, identity_of
from reconciler.model.accounts.located import Overlay
from reconciler.yamlsource import each_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.diagnostics import Location
    from reconciler.manifests.overlaid import Identity
    from reconciler.yamlsource import YamlDocument


def read_overlays(
    folder: Path,
    *,
    root: Path,
    instead: Mapping[Path, bytes | None] | None = None,
    declared: Location | None = None,
) -> tuple[Overlays, list[Diagnostic]]:
    """Return the overlays of a folder, sub-folders included, and what is wrong with them.

    A missing folder is an error: without it the environment would have the values of another. ``instead`` gives files
    another content than they have on disk, as for manifests. ``declared`` is where the project file names the folder.
    """
    edited = instead or {}
    if not folder.is_dir() and not edited:
        what = "is no folder" if os.path.lexists(folder) else "does not exist"
        detail = f"The folder {shown_path(folder, root)} of the environment's overlays {what}. Make it, or correct overlay in the project file."
        return Overlays(), [error("overlayMissing", detail, location=declared)]
    present, problems = manifest_paths(folder, root=root) if folder.is_dir() else ([], [])
    gone = {path for path, octets in edited.items() if octets is None}
    found: dict[Identity, Overlay] = {}
    room = Room()
    try:
        for path in sorted({*present, *edited} - gone):
            for overlay in _overlays_of(path, root, edited.get(path), room, problems):
                first = found.setdefault(overlay.identity, overlay)
                if first is not overlay:
                    name, where = overlay.identity[1], overlay.locator.value_at(("metadata", "name"))
                    detail = f"{name} is changed at {first.location} already; put both into one document, so that it is told what holds."
                    problems.append(error("duplicateName", detail, subject=name, location=where))
    except NoRoom as refusal:
        problems.append(refusal.problem)
    return Overlays(found), sorted(problems, key=sort_key)


def unknown_overlays(overlays: Overlays) -> list[Diagnostic]:
    """Return an error for each overlay that was laid on nothing: its values would be lost in silence."""
    return [
        error("unknownOverlay", _why_unknown(identity, overlays), subject=identity[1], location=overlay.location)
        for identity, overlay in overlays.by_identity.items()
        if identity not in overlays.used
    ]


def _why_unknown(identity: Identity, overlays: Overlays) -> str:
    kind, name = identity
    other = overlays.kinds.get(name)
    if other is not None:
        return f"The overlay is for the {kind} {name}, and the manifests declare {name} as {other}. Write\n    kind: {other}"
    if overlays.kinds.get(overlays.renamed.get(name, "")) == kind:
        return f"The overlay is for the {kind} {name}, which is called {overlays.renamed[name]} now. Write\n    name: {overlays.renamed[name]}"
    known = [each for each, its_kind in overlays.kinds.items() if its_kind == kind]
    return (
        f"The overlay is for the {kind} {name}, and no manifest declares one of that name.{did_you_mean(name, known)} An overlay "
        "changes what the manifests declare; what is new belongs among them."
    )


def _overlays_of(
    path: Path, root: Path, instead: bytes | None, room: Room, problems: list[Diagnostic]
) -> Iterator[Overlay]:
    file, real = shown_path(path, root), real_path(path)
    octets = instead if instead is not None else octets_of(path, root, real=real)
    if isinstance(octets, Diagnostic):
        problems.append(octets)
        return
    room.take_octets(len(octets), file)
    real_file = shown_path(real, Path(os.path.realpath(root))) if real is not None and instead is None else None
    for document in each_document(octets, file=file, problems=problems):
        room.take_weight(document.weight, file)
        wrong = [*identity_problems(document), *_nameless(document)]
        problems.extend(wrong)
        identity = identity_of(document.value)
        if not wrong and identity is not None:
            yield Overlay(identity, document.value, file, document, real_file)


def _nameless(document: YamlDocument) -> list[Diagnostic]:
    metadata = document.value.get("metadata") if isinstance(document.value, dict) else {"name": ""}
    if isinstance(metadata, dict) and isinstance(metadata.get("name"), str):
        return []
    detail = "An overlay says by kind and name which manifest it changes, and here the name is missing. Add\n    metadata: {name: NAME}"
    return [error("missingField", detail, location=document.key_at(("metadata",)))]
