"""Digests of the pages of a report, by what each was made of, so that a page which is there already is not made again.

There is one file for each folder that reports are written to, below ``.reconciler/pages``. It is sealed with a key that no
pull request has: a file that somebody else wrote there, or that was made for another project or by another version, counts
as absent. It holds no page and no name, and whoever reads a site is shown none of it: a page is left as it is where its file
has the digest that is kept here, and is made anew where that was altered or is gone. A cache that cannot be read or written
costs the making of the pages and nothing else, so nothing here ever fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.sealedfiles import SealedFiles, remove_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.model.canonical import JsonObject
    from reconciler.model.secrets.values import FingerprintKey

_FORMAT_VERSION = "1.0"
_MAX_OCTETS = 64 * 1024 * 1024
_SEALED_AS = "pages of a report"


class PageCache(FrozenByName):
    """What is kept of the report in one folder."""

    folder: Path
    """The folder of the files; it is made when the first is kept."""
    key: FingerprintKey
    project: str
    site: str
    """The digest of the path of the folder that the report is written to."""
    program: str
    """The digest of the program that makes the pages."""

    def find(self) -> dict[str, str]:
        """Return the SHA-256 of pages, in hexadecimals, by the digest of what they were made of; empty without any."""
        document = self._files.find(self._subject)
        if document is None or document.get("program") != self.program or not isinstance(document.get("pages"), str):
            return {}
        words = document["pages"].split()
        return dict(zip(words[::2], words[1::2], strict=False))

    def keep(self, pages: Mapping[str, str]) -> None:
        """Keep the digests of the pages that were written last in the place of those before."""
        # As one text, because looking through thousands of values to seal them takes longer than to read them.
        content = {"program": self.program, "pages": " ".join(word for pair in sorted(pages.items()) for word in pair)}
        self._files.keep(self._subject, content)

    @property
    def _files(self) -> SealedFiles:
        return SealedFiles(
            folder=self.folder, key=self.key, sealed_as=_SEALED_AS, max_octets=_MAX_OCTETS, follows_links=False
        )

    @property
    def _subject(self) -> JsonObject:
        key_id = self.key.key_id
        return {"formatVersion": _FORMAT_VERSION, "project": self.project, "site": self.site, "keyId": key_id}


def forget_pages(folder: Path) -> tuple[Path, ...]:
    """Remove all that is kept, as it was made of what somebody's name stood in; return what could not be removed."""
    return remove_files(folder, lambda _: True)
