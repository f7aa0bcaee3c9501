"""Writes manifests into a folder and reads them, as the commands do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifests import ManifestSet, read_manifests

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: reconciler/v1\nkind: OwnAccount\n"
GOOD = f"""{HEAD}metadata: {{name: sales}}
spec:
  email: sales@example.com
  displayName: Example Sales
  smtp: {{host: smtp.example.com}}
"""


def read_text(root: Path, text: str | bytes) -> ManifestSet:
    """Return what one file ``accounts.d/a.yaml`` with this content gives."""
    folder = root / "accounts.d"
    folder.mkdir(exist_ok=True)
    (folder / "a.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_manifests(folder, root=root)


def places(found: ManifestSet) -> list[tuple[str, str]]:
    """Return code and place of each problem, in their order."""
    return [(problem.code, str(problem.location)) for problem in found.problems]


def own(spec: str, *, metadata: str = "{name: sales}") -> str:
    """Return an own account whose line 4 holds everything of its ``spec``, in braces."""
    return f"{HEAD}metadata: {metadata}\nspec: {{{spec}}}\n"


def with_authentication(authentication: str) -> str:
    """Return an own account whose line 9 holds its ``authentication``."""
    return GOOD.replace(
        "  smtp: {host: smtp.example.com}\n",
        f"  smtp:\n    host: smtp.example.com\n    authentication: {authentication}\n",
    )
