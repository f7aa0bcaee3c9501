"""What an import comes to: the documents that are new, where their secrets are to be, and what became of each account."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.adoption.found import FoundAccount
    from reconciler.model.canonical import JsonView
    from reconciler.model.secrets.values import SecretValue

Became = Literal["added", "unchanged", "differs", "refused"]
"""A manifest was made; one declares it already; one declares it otherwise and was left alone; none can declare it."""


class Taken(FrozenByName):
    """One account of a source, and where it was found."""

    found: FoundAccount
    kind: str
    """The kind of source, such as msmtp."""
    file: str


class NewDocument(FrozenByName):
    """One new document."""

    name: str
    file: str
    """The file to write, relative to the manifests folder."""
    document: JsonView
    doubt: str = ""
    """What is to be known of its encryption, as a comment."""


class NewSecret(FrozenByName):
    """A secret that a new document refers to."""

    key: str
    """The variable, or the key of the source."""
    reference: str
    """As diagnostics have it: SOURCE:KEY."""
    accounts: tuple[str, ...]
    value: SecretValue | None = field(default=None, repr=False)
    """None where the source does not have it."""


class Outcome(FrozenByName):
    """What became of one account of a source."""

    label: str
    kind: str
    file: str
    line: int | None
    became: Became
    name: str | None = None
    """The manifest that declares it."""
    email: str | None = None
    server: str | None = None
    """Host, port and encryption, as they are written."""


class Adoption(FrozenByName):
    """What the sources become, before anything is written."""

    drafts: tuple[NewDocument, ...] = ()
    secrets: tuple[NewSecret, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    remarks: tuple[Diagnostic, ...] = ()
