"""Whether what stands at a name comes from a wildcard (RFC 4592), which answers for every name without records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.verification.domains.answers import DnsTrouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_NOBODYS = "no-such-name-e3b0c442"
"""A label that nobody publishes; the same in every run, so that a resolver's cache answers the next one."""


def is_wildcard(name: str, texts: Sequence[bytes], lookups: Lookups, *, deadline: Deadline) -> bool:
    """Tell whether the TXT records of a name are those that a name beside it has, which nobody published."""
    if not texts:
        return False
    beside = f"{_NOBODYS}.{name.partition('.')[2]}"
    try:
        return tuple(texts) == lookups.ask(beside, "TXT", deadline=deadline).texts
    except DnsTrouble:
        return False
