"""A plan as ``plan`` and ``show`` print it as JSON: what its published schema is made of, which no command needs to print it."""

from typing import Annotated

from pydantic import Field

from reconciler.model.accounts.settings import Document
from reconciler.model.plan import Change, Plan


class ShownChange(Change):
    """One change with what it comes to."""

    after: Document | None = Field(
        description="The whole resolved document, metadata and spec, as apply would record it: secrets as references, domains as A-labels; null for a delete."
    )


class ShownPlan(Plan):
    """What ``plan`` and ``show`` print: a plan with the documents that it would record."""

    changes: Annotated[tuple[ShownChange, ...], Field(strict=False)] = Field(description="The changes, by name.")
