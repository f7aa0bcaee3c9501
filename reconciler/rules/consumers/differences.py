"""How what a consumer has of each account differs from what it is to have.

*Settled* is an account of which the consumer was given what it is to have: what differs then, somebody else has done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.consumers.view import Difference, Drift

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """One account in a consumer: its settings as text, and its secret by keyed fingerprint."""

    text: str
    fingerprint: str | None = None
    """None where there is no secret, or where it cannot be told."""


def differences(
    wanted: Mapping[str, Shape],
    found: Mapping[str, Shape],
    *,
    settled: Collection[str],
    published: Collection[str],
    tells_secrets: bool,
) -> tuple[Difference, ...]:
    """Return what differs, by account.

    ``published`` are the accounts that the consumer was ever given and has still to have taken from it, ``settled`` those
    of them that are as they are to be. ``tells_secrets``: what is found tells its secrets.

    >>> wanted, found = {"a": Shape(text="1"), "b": Shape(text="1")}, {"a": Shape(text="2"), "c": Shape(text="1")}
    >>> told = differences(wanted, found, settled={"a"}, published={"a", "c"}, tells_secrets=True)
    >>> [(each.account, each.drift) for each in told]
    [('a', 'edited'), ('b', 'new'), ('c', 'removed')]
    """
    told = []
    for name in sorted(wanted.keys() | found.keys()):
        drift = _drift(
            wanted.get(name),
            found.get(name),
            is_settled=name in settled,
            was_published=name in published,
            tells_secrets=tells_secrets,
        )
        if drift is not None:
            told.append(Difference(account=name, drift=drift))
    return tuple(told)


def _drift(
    wanted: Shape | None, found: Shape | None, *, is_settled: bool, was_published: bool, tells_secrets: bool
) -> Drift | None:
    if wanted is None:
        # What was never published there, somebody else has written.
        return "removed" if was_published else "edited"
    if found is None:
        return "edited" if is_settled else "new"
    if wanted.text != found.text:
        return "edited" if is_settled else "changed"
    if wanted.fingerprint is None or (found.fingerprint is None and not tells_secrets):
        # It cannot be compared: what was given last is what is there.
        return None if is_settled or wanted.fingerprint is None else "changed"
    return "secret" if wanted.fingerprint != found.fingerprint else None
