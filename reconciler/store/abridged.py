"""The short form of an apply of very many accounts, which its payload begins with, so that the rest need not be read."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from reconciler.model.journal.keys import ABRIDGED
from reconciler.store.sql import pieces_of

if TYPE_CHECKING:
    from reconciler.model.canonical import JsonObject
    from reconciler.store.sql import LongText

_BEGINNING = f'{{"{ABRIDGED}":'


def read_short_form(text: str | LongText) -> JsonObject | None:
    """Return what the short form of a payload tells, itself under ``ABRIDGED``; None where it has none that can be read."""
    pieces = pieces_of(text)
    first = next(pieces, "")
    if not first.startswith(_BEGINNING):
        return None
    from reconciler.rules.journal.abridge import read_abridged
    from reconciler.store.jsonpieces import first_member

    short = first_member(chain([first], pieces), ABRIDGED)
    return None if read_abridged(short) is None else {**short["told"], ABRIDGED: short}
