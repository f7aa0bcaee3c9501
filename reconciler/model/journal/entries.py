"""What was done, by whom, from where: revisions and the entries of the journal."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.canonical import JsonObject
from reconciler.model.verification.evidence import Instant


class Actor(Value):
    """Who did something, as far as can be told: a claim, not a proof."""

    name: str = Field(description="The name claimed.")
    source: Literal["flag", "ci", "login"] = Field(description="Where the name was taken from.")


class Provenance(Value):
    """Where an apply came from."""

    actor: Actor = Field(description="Who applied.")
    commit: str | None = Field(None, description="The git commit of the manifests; null outside git.")
    is_dirty: bool = Field(default=False, description="The manifests had changes that were not committed.")
    reference: str | None = Field(None, description="Address of the pull request, if given.")


class Revision(Value):
    """One applied plan, as history shows it."""

    revision: int = Field(description="Its number, from 1.")
    at: Instant = Field(description="When it was applied.")
    actor: str = Field(description="Who applied it.")
    actor_source: Literal["flag", "ci", "login"] = Field(description="Where that name was taken from.")
    commit: str | None = Field(None, description="The git commit.")
    reference: str | None = Field(None, description="The pull request.")
    plan_digest: str = Field(description="Digest of the plan.")
    summary: dict[str, int] = Field(description="Counts of create, update, rename, delete, unchanged, held.")
    changes: Annotated[tuple[JsonObject, ...], Field(strict=False)] = Field(
        description="The changes: action, kind, name, previousName, cause, fields."
    )


class JournalEntry(Value):
    """One link of the journal's chain."""

    sequence: int = Field(description="Its number, from 1 without gaps.")
    at: Instant = Field(description="When it was written.")
    event: str = Field(description="What happened: apply, approve, suspend, …")
    payload_digest: str = Field(description="SHA-256 of the payload's canonical JSON.")
    previous: str = Field(description="The hash of the entry before; for the first, of the lineage.")
    hash: str = Field(description="SHA-256 over sequence, at, event, payload digest and previous.")
