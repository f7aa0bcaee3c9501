"""All readers, by the kind of source that they read, in the order in which they are asked whether a text is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.adoption.sources import autoconfig, csv, django, dotenv, msmtp, postfix, thunderbird, url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.adoption.source import Reader, Source

READERS: Mapping[str, Reader] = {
    module.READER.name: module.READER for module in (autoconfig, thunderbird, postfix, msmtp, django, url, dotenv, csv)
}


def reader_of(source: Source) -> Reader | None:
    """Return the reader of a text by its content; None where it is of no kind that is known."""
    return next((reader for reader in READERS.values() if reader.recognises(source)), None)
