"""What an edit of the manifests did, and what to do next: as text, and as the one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import enumerated
from reconciler.model.accounts.kinds import KINDS
from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.json.documents import diagnostic_documents
from reconciler.render.text.parts.layout import finish, hang

if TYPE_CHECKING:
    from reconciler.model.accounts.edited import Edited
    from reconciler.model.canonical import JsonObject
    from reconciler.model.servers.presets import Preset
    from reconciler.render.text.parts.style import Style


_MOST_TARGETS = 3
"""The plan of more accounts is that of all."""


def edited_text(*edits: Edited, style: Style, preset: Preset | None = None) -> str:
    """Return what was changed in which file, what is to be set, and the next command."""
    first = edits[0]
    lines = [line for edited in edits for line in hang("", style.show(_what(edited)), width=style.width)]
    if preset is not None:
        source = f"{preset.title}: {preset.note} Source: {preset.source} ({preset.as_of})."
        lines += hang("", style.show(source), width=style.width)
    if first.secrets:
        lines += hang("", _to_set(first.secrets), width=style.width)
        lines += [f"    {style.show(_line_to_copy(secret))}" for secret in first.secrets]
    targets = [edited.plan_target for edited in edits if edited.plan_target is not None]
    lines += hang("", _next(first.action, len(edits), len(targets)), width=style.width)
    if targets:
        words = [word for target in targets for word in ("--target", target)] if len(targets) <= _MOST_TARGETS else []
        env = ["--env", "NAME"] if first.needs_environment else []
        lines.append(f"    {style.show(' '.join(['reconciler', *env, 'plan', *words]))}")
    return finish(lines)


def edited_document(*edits: Edited) -> JsonObject:
    """Return what ``accounts add``, ``delete`` and ``rename`` print with ``--format json``; of several edits a list."""
    if len(edits) == 1:
        return {"formatVersion": FORMAT_VERSION, **_document(edits[0])}
    return {"formatVersion": FORMAT_VERSION, "edits": [_document(edited) for edited in edits]}


def _document(edited: Edited) -> JsonObject:
    return {
        "action": edited.action,
        "name": edited.name,
        "kind": edited.kind,
        "file": edited.file,
        "wholeFile": edited.is_whole_file,
        "overlays": list(edited.overlays),
        "previousName": edited.previous_name,
        "secrets": list(edited.secrets),
        "diagnostics": diagnostic_documents(edited.remarks),
    }


def _what(edited: Edited) -> str:
    overlays = f", and in {enumerated(edited.overlays)}" if edited.overlays else ""
    if edited.action == "rename":
        previous = f", previousName {edited.previous_name}" if edited.previous_name else ""
        return f"Renamed {edited.renamed_from} to {edited.name} in {edited.file}{previous}{overlays}."
    kind = KINDS[edited.kind].label
    if edited.action == "delete":
        whole = ", and with it the file, which held nothing else" if edited.is_whole_file else ""
        return f"Removed the {kind} {edited.name} from {edited.file}{whole}{overlays}."
    where = "in the new file" if edited.is_whole_file else "at the end of"
    return f"Added the {kind} {edited.name} {where} {edited.file}."


def _to_set(secrets: tuple[str, ...]) -> str:
    places = {secret.partition(":")[0] for secret in secrets}
    if places == {"env"}:
        which = "this variable" if len(secrets) == 1 else "these variables"
        value = "its value never stands" if len(secrets) == 1 else "their values never stand"
        return f"Where reconciler runs, set {which} before the plan; {value} in a manifest:"
    if places == {"file"}:
        which = "this file" if len(secrets) == 1 else "these files"
        return f"Where reconciler runs, put the secret into {which}, which git must not track:"
    return "Where reconciler runs, these keys must be readable at their sources:"


def _line_to_copy(secret: str) -> str:
    source, _, key = secret.partition(":")
    return f"export {key}=…" if source == "env" else key


def _next(action: str, edits: int, applicable: int) -> str:
    if not applicable:
        return f"State does not have {'them' if edits > 1 else 'the account'}, so there is nothing to apply."
    if action == "add":
        return "Nothing is recorded yet. To see the plan, with the settings tried at the server:"
    them = "accounts that state has" if edits > 1 else "account if state has it"
    return f"State is as it was; the next apply {action}s the {them}. To see that:"
