"""Reads manifests, the project file and private CAs from disk, and explains what is wrong with them.

Not allowed here: resolving (``rules.accounts.desired`` does), secrets, the network. Every problem of every file comes in
one run, with file, line and column.
"""

from reconciler.manifests.ca_files import read_ca_files, read_certificate_files
from reconciler.manifests.folder import Few, ManifestSet, read_manifests
from reconciler.manifests.octets import digest_of, file_digests, folder_digest, octets_digest
from reconciler.manifests.overlays import read_overlays, unknown_overlays
from reconciler.manifests.projectfile import ProjectFile, read_project

__all__ = [
    "Few",
    "ManifestSet",
    "ProjectFile",
    "digest_of",
    "file_digests",
    "folder_digest",
    "octets_digest",
    "read_ca_files",
    "read_certificate_files",
    "read_manifests",
    "read_overlays",
    "read_project",
    "unknown_overlays",
]
