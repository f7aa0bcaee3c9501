"""A role of a state in PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from reconciler.classes import FrozenByName


class Role(FrozenByName):
    """What somebody may do with a state, and nothing beyond it."""

    name: str
    does: str
    """What it is for, as a clause."""
    grants: tuple[str, ...]
    """Each with the schema as ``{schema}``, up to the word TO."""

    def named(self, prefix: str, schema_name: str) -> Self:
        """Return the role as a schema has it: its whole name, and its grants in full."""
        grants = tuple(grant.format(schema=schema_name) for grant in self.grants)
        return replace(self, name=prefix + self.name, grants=grants)
