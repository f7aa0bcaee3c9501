"""How a conversation ends early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.verification.codes import CHECK_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.verification.evidence import CheckName, FailureClass
    from reconciler.smtp.replies import Reply

_ENDING = frozenset({"connectionLost", "timedOut", "invalidReply", "replyTooLong", "unaskedReply", "unknownDelivery"})
_LEAVING = 421


class SmtpFault(Exception):
    """A step could not be done. ``code`` is one of ``model.check_codes``; nothing that is shown holds a credential.

    ``step`` is the check that the code belongs to; ``reply`` the server's words, where it spoke; ``facts`` what a
    sentence about the fault may name, cleaned text all of it; ``heard`` what came that was no reply, cleaned alone: for
    judgement, never shown.
    """

    def __init__(
        self,
        code: str,
        *,
        step: CheckName,
        reply: Reply | None = None,
        facts: Mapping[str, str] | None = None,
        heard: str = "",
    ) -> None:
        """Keep the facts; where the table leaves the class open, the reply decides it."""
        super().__init__(f"{step}: {code}" + (f": {reply}" if reply else ""))
        self.code = code
        self.step: CheckName = step
        self.reply = reply
        self.facts: dict[str, str] = dict(facts or {})
        self.heard = heard
        self.failure_class: FailureClass = CHECK_CODES[code].failure_class or _class_of(reply)

    def known_as(self, code: str, variant: str = "") -> SmtpFault:
        """Return the fault under another code, and one of that code's sentences; what was seen stays."""
        facts = {**self.facts, "variant": variant} if variant else self.facts
        return SmtpFault(code, step=self.step, reply=self.reply, facts=facts, heard=self.heard)

    @property
    def ends_connection(self) -> bool:
        """Whether the connection is of no more use: it is lost, out of step, or the server leaves (421)."""
        return self.code in _ENDING or (self.reply is not None and self.reply.code == _LEAVING)


def _class_of(reply: Reply | None) -> FailureClass:
    return "transient" if reply is not None and reply.is_transient else "permanent"
