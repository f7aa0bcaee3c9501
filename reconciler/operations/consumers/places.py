"""Where consumers are on this machine: paths made absolute, and refused where a password must not lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.consumers.folder import FilePlace
from reconciler.consumers.forms import form_of
from reconciler.consumers.opening import open_target
from reconciler.consumers.target import Machine
from reconciler.diagnostics import error
from reconciler.files import reason_of
from reconciler.provenance import is_out_of_git, repository_of
from reconciler.secrets import STATE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.consumers.target import Target
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.consumers.settings import Consumer
    from reconciler.operations.workspace import Workspace


class Targets(FrozenByName):
    """The consumers that can be used, by name, and why the others cannot."""

    usable: Mapping[str, Target]
    problems: Mapping[str, Diagnostic]


def open_targets(workspace: Workspace) -> Targets:
    """Return every consumer of the project file as a target; nothing is read or run for it."""
    machine = Machine(environ=workspace.environ, checkout=repository_of(workspace.root) or workspace.root.resolve())
    usable: dict[str, Target] = {}
    problems: dict[str, Diagnostic] = {}
    overlaps = refused_overlaps(workspace)
    for name, consumer in sorted(workspace.project.consumers.items()):
        absolute, why = _place(consumer, workspace)
        if why is None and name in overlaps:
            problems[name] = overlaps[name]
            continue
        if why is not None:
            problems[name] = _refused(name, consumer, why, workspace)
            continue
        path = str(absolute) if absolute is not None else None
        usable[name] = open_target(consumer.model_copy(update={"path": path}), name, machine)
    return Targets(usable=usable, problems=problems)


def refused_overlaps(workspace: Workspace) -> dict[str, Diagnostic]:
    """Return an error for each consumer that would write into files of one before it, by name; links are followed.

    No look is taken at whether anything may be written there.
    """
    taken: dict[str, FilePlace] = {}
    problems: dict[str, Diagnostic] = {}
    for name, consumer in sorted(workspace.project.consumers.items()):
        if consumer.path is None:
            continue
        path = os.path.realpath(workspace.root / consumer.path)
        place = FilePlace(path=Path(path), layout=form_of(consumer).layout)
        other = next((each for each, held in taken.items() if held.meets(place)), None)
        taken[name] = place
        if other is not None:
            declared = workspace.place_of("consumers", other, "path")
            at = f", declared at {declared}," if declared is not None else ""
            why = f"leads to files of the consumer {other}{at} too, and each would replace what the other wrote"
            problems[name] = _refused(name, consumer, why, workspace)
    return problems


def _place(consumer: Consumer, workspace: Workspace) -> tuple[Path | None, str | None]:
    """Return the absolute path of a consumer, None for a command, and why it cannot be used."""
    if consumer.path is None:
        return None, None
    path = Path(consumer.path)
    if ".." in path.parts:
        return None, "has .. in it; write the path that is meant"
    absolute = path if path.is_absolute() else workspace.root / path
    try:
        return _looked_at(absolute, consumer, workspace)
    except (OSError, RuntimeError) as failure:  # Python before 3.13 tells a circle of links by RuntimeError
        why = reason_of(failure) if isinstance(failure, OSError) else "it leads through a circle of links"
        return None, f"cannot be looked at: {why}"


def _looked_at(absolute: Path, consumer: Consumer, workspace: Workspace) -> tuple[Path, str | None]:
    """Return the path with links in its folders followed, and why it cannot be used; raise ``OSError`` where it cannot be told."""
    resolved = absolute.parent.resolve() / absolute.name
    root = workspace.root.resolve()
    why = None
    inside = resolved / "transport" if consumer.type == "postfix" else resolved
    is_relative = not Path(consumer.path or "").is_absolute()
    if is_relative and not resolved.is_relative_to(root):
        why = "leads out of the project folder by a link; write it as an absolute path"
    elif consumer.type != "postfix" and absolute.is_dir():
        why = "is a folder; name the file in it"
    elif STATE_FOLDER in resolved.parts or _is_own(resolved, workspace):
        why = "is a place of reconciler's own: its state, its keys or what it reads"
    elif not is_out_of_git(inside, environ=workspace.environ):
        why = (
            "lies in a work tree of git, and git does not ignore it, so a commit could publish it. Add it to .gitignore, or "
            "choose a path elsewhere"
        )
    return resolved, why


def _is_own(path: Path, workspace: Workspace) -> bool:
    root = workspace.root.resolve()
    own = [workspace.project_file.resolve(), root / workspace.project.manifests]
    state = workspace.state_file
    own += [state.resolve()] if state is not None else []
    return any(path == each or path.is_relative_to(each) or each.is_relative_to(path) for each in own)


def _refused(name: str, consumer: Consumer, why: str, workspace: Workspace) -> Diagnostic:
    detail = f"The path {consumer.path} of the consumer {name} {why}. Nothing is written there."
    return error("consumerPathRefused", detail, subject=name, location=workspace.place_of("consumers", name, "path"))
