"""Files of a manifests folder that look like manifests and are not read: whoever wrote one may believe that it counts.

As other tools do, a folder is read by the endings of its files' names. What an editor leaves beside a file (hidden, or with
``~`` or ``#`` around its name) is nobody's belief and is passed over in silence, as Terraform passes it over.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_REPLY, one_line
from reconciler.diagnostics import Diagnostic, Location, enumerated, note
from reconciler.files import read_regular_file
from reconciler.manifests.folder import MAX_ENTRIES, entries_of, shown_path
from reconciler.manifests.octets import is_manifest
from reconciler.model.accounts.manifest import API_VERSION
from reconciler.yamlsource import MAX_FILE_OCTETS

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = frozenset({"yaml", "yml", "json"})
"""What stands behind a dot in the name of a file that may be a manifest: ``sales.json``, ``sales.yaml.bak``."""
_MOST_LOOKED_AT = 1_000
_SIGN = API_VERSION.encode()


def lookalikes(folder: Path, root: Path) -> list[Diagnostic]:
    """Return one note on the files below a folder that hold manifests and are not read for their names; else nothing."""
    if not folder.is_dir():
        return []
    found = sorted(
        shown_path(path, root) for path in islice(_candidates(folder, root), _MOST_LOOKED_AT) if _is_one(path)
    )
    if not found:
        return []
    names = enumerated([one_line(each, limit=SHOWN_REPLY) for each in found])
    is_one = len(found) == 1
    does = "looks like a manifest and is" if is_one else "look like manifests and are"
    detail = (
        f"{names} {does} not read: {'its name does' if is_one else 'their names do'} not end in .yaml or .yml. What is meant to count needs such a name; JSON can stand in such a file as it is. What is not meant "
        "to count can stay."
    )
    return [note("manifestNotRead", detail, location=Location(one_line(found[0], limit=SHOWN_REPLY)))]


def _candidates(folder: Path, root: Path) -> Iterator[Path]:
    for entry in islice(entries_of(folder, root, []), MAX_ENTRIES):
        if entry is None:
            return
        name = entry[entry.rfind("/") + 1 :]
        is_of_an_editor = name.startswith((".", "#")) or name.endswith("~")
        if not is_of_an_editor and not is_manifest(name) and not _PARTS.isdisjoint(name.lower().split(".")[1:]):
            yield Path(entry)


def _is_one(path: Path) -> bool:
    """Tell whether a file names the version of our format; one that cannot be read does not."""
    try:
        return _SIGN in read_regular_file(path, MAX_FILE_OCTETS, follows_link=False)
    except (OSError, ValueError):
        return False
