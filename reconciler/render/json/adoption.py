"""The JSON documents of imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.json.documents import Document, diagnostic_documents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.adoption.adopted import Adoption, NewSecret


def import_document(
    adoption: Adoption,
    files: Sequence[str],
    *,
    to_set: Collection[NewSecret],
    diagnostics: Iterable[Diagnostic],
) -> Document:
    """Return what ``import`` prints: accounts as they were found, files, and secrets by reference, never a value."""
    missing = {each.reference for each in to_set}
    return {
        "formatVersion": FORMAT_VERSION,
        "accounts": [
            {
                "label": each.label,
                "source": each.kind,
                "file": each.file,
                "line": each.line,
                "became": each.became,
                "name": each.name,
                "email": each.email,
                "server": each.server,
            }
            for each in adoption.outcomes
        ],
        "files": list(files),
        "secrets": [
            {"reference": each.reference, "accounts": list(each.accounts), "toSet": each.reference in missing}
            for each in adoption.secrets
        ],
        "diagnostics": diagnostic_documents(diagnostics),
    }
