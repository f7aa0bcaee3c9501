"""What a run would send, counted before the first message, so that somebody can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.envelope import Resolver
from reconciler.sending.entries import entry_of, line_of, verdict_without_message

if TYPE_CHECKING:
    from reconciler.envelope import Identity
    from reconciler.sending.results import Results
    from reconciler.sending.run import Cards


class Ahead(FrozenByName):
    """How many messages go out now, and what was done before."""

    messages: int
    """How many contacts get a message in this run if the server takes all."""
    accepted: int
    """How many have got it in earlier runs."""
    sender: str
    """The account's own address; contacts may see another one where the account has an override."""
    server: str
    """Host and port."""


def messages_ahead(cards: Cards, results: Results, identity: Identity, *, limit: int | None) -> int:
    """Return how many messages the first turn of a run attempts."""
    count, resolver = 0, Resolver(identity)
    with cards() as opened:
        for card in opened:
            if count == limit:
                break
            if results.stage(line_of(card)) in {None, "deferred"}:
                count += verdict_without_message(entry_of(card, resolver)) is None
    return count
