"""``Form``: one way of writing accounts for a program, as texts of files, and of reading them back.

Premise: what was written is compared with what is to be by writing that and reading both back, so that a form is
described once. What stands between the accounts is told by the stamp, which covers all of a file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.consumers.references import Reference
    from reconciler.model.consumers.capabilities import Capabilities
    from reconciler.model.consumers.sender import Sender
    from reconciler.model.consumers.settings import Consumer
    from reconciler.model.secrets.values import SecretValue


class Entry(FrozenByName):
    """A sender with its secret; None where none is written."""

    sender: Sender
    secret: SecretValue | None = None
    reference: Reference | None = None
    """What leads to the secret where it is referred to; None where it is written, or nothing is said of it."""

    @property
    def password(self) -> str | None:
        """The secret's value, to be written at once."""
        return self.secret.reveal() if self.secret is not None else None


class Had(FrozenByName):
    """What is found of one account: its text without the secret, and the secret."""

    shape: str
    secret: SecretValue | None = field(default=None, repr=False)


class Layout(FrozenByName):
    """The files of a form: their names in the folder, or "" for the one file that ``path`` names."""

    files: tuple[str, ...]
    """In the order in which they are written where accounts are added: secrets before the routes that lead to them."""
    comment: str = "# "
    """What begins the line of the stamp; JSON has it as its first key."""


class Form(ABC):
    """One form of a consumer."""

    layout: Layout
    capabilities: Capabilities

    @abstractmethod
    def write(self, entries: Sequence[Entry], consumer: Consumer, name: str) -> Mapping[str, str]:
        """Return the text of each file, without its stamp."""

    @abstractmethod
    def read(self, texts: Mapping[str, str]) -> Mapping[str, Had]:
        """Return what files hold of each account, by name; raise ``ValueError`` where they are not of the form."""

    def interim(self, found: Mapping[str, str], final: Mapping[str, str]) -> Mapping[str, str]:
        """Return, by file, the texts to write first: they keep what is removed, since routes lead there until those are written."""
        return {}
