"""One entry of a contacts file: a contact's card, or a line that could not be read."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact's card, its values as the file has them: nothing is checked yet."""

    email: str
    """The contact's own address; empty where the card has none."""
    name: str | None = None
    details: Mapping[str, str | None] = field(default_factory=dict)
    """The named values of the card; the names in NFC. None: the name is there without a value."""
    line: int | None = None
    """The line of the file that the card begins on, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLine:
    """A line of the file, or a record of several, that could not be read; the rest could."""

    line: int
    """Where it begins, from 1."""
    reason: str
    """What is wrong, as a sentence without the full stop."""
