"""What adding many accounts did, and what is to be set: as text, and as the one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import counted, several
from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.json.documents import diagnostic_documents
from reconciler.render.text.parts.layout import finish, hang

if TYPE_CHECKING:
    from reconciler.model.accounts.edited import AddedAccounts
    from reconciler.model.canonical import JsonObject
    from reconciler.render.text.parts.style import Style


def added_text(added: AddedAccounts, *, style: Style) -> str:
    """Return how many accounts were added where, the secrets to set, and the next command."""
    if not added.names:
        return finish(["The table has no line with an account. Nothing was written."])
    where = added.files[0] if len(added.files) == 1 else several(len(added.files), "new file")
    what = f"Added {several(len(added.names), 'own account')} in {where}: {counted(added.names)}."
    lines = hang("", style.show(what), width=style.width)
    if added.secrets:
        lines += hang("", "Where reconciler runs, these must be set before the plan:", width=style.width)
        for reference in added.secrets:
            source, _, key = reference.partition(":")
            lines.append(f"    {style.show(f'export {key}=…' if source == 'env' else reference)}")
    lines += hang("", "Nothing is recorded yet. To see the plan:", width=style.width)
    return finish([*lines, "    reconciler plan"])


def added_document(added: AddedAccounts) -> JsonObject:
    """Return what ``accounts add own --from-csv`` prints with ``--format json``."""
    return {
        "formatVersion": FORMAT_VERSION,
        "action": "add",
        "accounts": list(added.names),
        "files": list(added.files),
        "secrets": list(added.secrets),
        "diagnostics": diagnostic_documents(added.remarks),
    }
