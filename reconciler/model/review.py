"""What a comment says for apply of the plan that it shows: enough to tell whether another plan has more in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.canonical import digest

REVIEW_VERSION = "1.0"


class Review(Value):
    """A plan as somebody was shown it, in digests; what it would do cannot be read out of it."""

    format_version: str = Field(description="The version of this format.")
    project: str = Field(description="The project's name, with its environment.")
    lineage: str = Field(description="The lineage of the state that the plan was made from.")
    serial: int = Field(description="The serial of that state.")
    reference: str = Field(description="Where the plan was shown: the address of the pull request.")
    plan_digest: str = Field(description="The digest of the plan.")
    changes_digest: str = Field(description="The digest of its changes.")
    shown: Annotated[tuple[str, ...], Field(strict=False)] | None = Field(
        description="A digest of each change that the plan would do; null where they are too many: then all of them count."
    )
    held: Annotated[tuple[str, ...], Field(strict=False)] = Field((), description="The same of what it held.")
    lifted: Annotated[tuple[str, ...], Field(strict=False)] = Field((), description="The same of each lifted guard.")
    seal: str | None = Field(None, description="HMAC over all else; null in what was not sealed.")

    @property
    def sealed_text(self) -> str:
        """What the seal is over: never what a plan's is."""
        return f"review {digest(self.model_dump(mode='json', exclude={'seal'}))}"
