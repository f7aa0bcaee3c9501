"""A conversation in rounds: each takes up again what failed in the one before and may be tried once more.

Premises: a login is begun at most once, so once AUTH was sent no connection is opened again, whatever happens; and a
message is handed over again only where the server said that it did not take it. Without a login, a connection that
was lost before a message was handed over is opened again.

The senders of one conversation share its rounds and pauses: all have their turn before any has its second, so that
one sender's retries take no time from another's first attempt. Those that had no turn, because the connection was
lost, come first in the next round: a sender upon which the server hangs up cannot keep the others from theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.smtp.faults import SmtpFault
from reconciler.verification.ledger import Ledger, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.conversation import Conversation
    from reconciler.verification.retries import Retries
    from reconciler.verification.target import Sender, Target


class Attempts:
    """The rounds of one conversation and, for each sender by name, what its last one came to."""

    def __init__(self, target: Target, conversation: Conversation, *, deadline: Deadline, retries: Retries) -> None:
        """Prepare; nothing is contacted yet."""
        self._conversation = conversation
        self._deadline = deadline
        self._retries = retries
        self._opening = Ledger(target)
        self._is_open = False
        self._rounds = 0
        self.ledgers = {sender.name: Ledger(target, sender=sender.name) for sender in target.senders}
        self.queue_ids: dict[str, str | None] = {}

    def make(self, senders: Sequence[Sender]) -> None:
        """Try every sender, and again where that is allowed, until all is settled or the time is up."""
        pending = list(senders)
        while pending := self._round(pending):
            if not self._retries.wait(self._deadline, attempts_made=self._rounds):
                return

    def _round(self, senders: list[Sender]) -> list[Sender]:
        """Return the senders to try again, in the order to try them."""
        self._rounds += 1
        if not self._is_open or self._conversation.is_broken:
            trouble = self._open(senders)
            if trouble is not None:
                return senders if self._may_open_again(trouble) else []
        without_turn: list[Sender] = []
        again: list[Sender] = []
        for sender in senders:
            had_turn = not self._conversation.is_broken
            trouble = self._try(sender)
            if trouble is not None and self._may_try_again(trouble, had_turn=had_turn):
                (again if had_turn else without_turn).append(sender)
        if self._conversation.is_broken:
            self._conversation.close()
        return without_turn + again

    def _open(self, senders: list[Sender]) -> SmtpFault | Stopped | None:
        self._opening.start_over()
        trouble = _trouble(self._opening, lambda: self._conversation.open(self._opening))
        self._is_open = trouble is None
        if trouble is not None:
            self._conversation.close()
            for sender in senders:
                self.ledgers[sender.name].continue_from(self._opening)
        return trouble

    def _try(self, sender: Sender) -> SmtpFault | Stopped | None:
        ledger = self.ledgers[sender.name]
        ledger.continue_from(self._opening)

        def step() -> None:
            self.queue_ids[sender.name] = self._conversation.try_sender(sender, ledger)

        return _trouble(ledger, step)

    def _may_open_again(self, trouble: SmtpFault | Stopped) -> bool:
        return self._is_allowed(trouble) and not self._conversation.has_tried_login

    def _may_try_again(self, trouble: SmtpFault | Stopped, *, had_turn: bool) -> bool:
        """Tell whether a sender may be tried again: on this connection, or on a new one if that is allowed."""
        if not self._conversation.is_broken:
            return self._is_allowed(trouble)
        was_handed_over = had_turn and self._conversation.has_handed_over
        return self._may_open_again(trouble) and not was_handed_over

    def _is_allowed(self, trouble: SmtpFault | Stopped) -> bool:
        return isinstance(trouble, SmtpFault) and self._retries.allow(trouble, attempts_made=self._rounds)


def _trouble(ledger: Ledger, step: Callable[[], None]) -> SmtpFault | Stopped | None:
    """Run a step; a fault becomes the failed check, and so does whatever unexpected comes up in one account."""
    try:
        return _recorded(ledger, step)
    except Exception as fault:  # noqa: BLE001 - one account's fault must not end the run; its text may hold secrets
        unexpected = SmtpFault("internalFault", step=ledger.current, facts={"sample": type(fault).__name__})
        ledger.failed(unexpected)
        return unexpected


def _recorded(ledger: Ledger, step: Callable[[], None]) -> SmtpFault | Stopped | None:
    try:
        step()
    except Stopped as stopped:
        return stopped
    except SmtpFault as fault:
        ended = ledger.failed(fault)
        return ledger.fault or ended  # what was recorded: a provider's words may have changed code and class
    return None
