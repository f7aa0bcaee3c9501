"""Reads manifests, the project file and private CAs from disk, and explains what is wrong with them.

Not allowed here: resolving (``rules.accounts.desired`` does), secrets, the network. Every problem of every file comes in
one run, with file, line and column.

Each reader is imported when it is first asked for: whoever only compares octets needs no model of what is in them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.manifests.ca_files import read_ca_files, read_certificate_files
    from reconciler.manifests.folder import Few, ManifestSet, read_manifests
    from reconciler.manifests.glance import ProjectGlance, project_at_a_glance
    from reconciler.manifests.octets import digest_of, file_digests, folder_digest, octets_digest
    from reconciler.manifests.overlays import read_overlays, unknown_overlays
    from reconciler.manifests.projectfile import ProjectFile, read_project

__all__ = [
    "Few",
    "ManifestSet",
    "ProjectFile",
    "ProjectGlance",
    "digest_of",
    "file_digests",
    "folder_digest",
    "octets_digest",
    "project_at_a_glance",
    "read_ca_files",
    "read_certificate_files",
    "read_manifests",
    "read_overlays",
    "read_project",
    "unknown_overlays",
]

_PLACES = {
    **dict.fromkeys(("read_ca_files", "read_certificate_files"), "ca_files"),
    **dict.fromkeys(("Few", "ManifestSet", "read_manifests"), "folder"),
    **dict.fromkeys(("ProjectGlance", "project_at_a_glance"), "glance"),
    **dict.fromkeys(("digest_of", "file_digests", "folder_digest", "octets_digest"), "octets"),
    **dict.fromkeys(("read_overlays", "unknown_overlays"), "overlays"),
    **dict.fromkeys(("ProjectFile", "read_project"), "projectfile"),
}


def __getattr__(name: str) -> Any:
    """Return a reader, importing where it is made."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{place}"), name)
