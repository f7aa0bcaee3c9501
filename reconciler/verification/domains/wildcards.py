"""Whether a record stands where a wildcard puts it (RFC 4592), or at another name than the one that was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.verification.domains.answers import DnsTrouble

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_LONGEST_NAME = 253
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


def stands_at_name_twice(
    name: str, domain: str, meant: re.Pattern[bytes], lookups: Lookups, *, deadline: Deadline
) -> bool:
    """Tell whether a record stands at a name with the domain written twice, as panels make it that add the domain."""
    twice = f"{name}.{domain}"
    if len(twice) > _LONGEST_NAME:
        return False
    try:
        texts = lookups.ask(twice, "TXT", deadline=deadline).texts
    except DnsTrouble:
        return False
    return any(map(meant.match, texts)) and not is_wildcard(twice, texts, lookups, deadline=deadline)
