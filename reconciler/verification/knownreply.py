"""One reply of a provider that is known, with the advice that goes with it; the table is ``providers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass

if TYPE_CHECKING:
    import re

    from reconciler.model.servers.providers import Provider
    from reconciler.smtp.faults import SmtpFault


@dataclass(frozen=True, slots=True)
class KnownReply:
    """One reply of one provider; ``code`` None leaves the failure's code to what any server's words would have."""

    providers: tuple[Provider, ...]
    faults: frozenset[str]
    """The codes of the failures that the row is about."""
    reply: re.Pattern[str]
    """Found in the code and the words of the reply."""
    advice: str
    code: str | None = None
    sign: re.Pattern[str] | None = None
    """Found in replies of this provider, whatever the host; None: the host alone decides."""
    is_about_recipient: bool = False
    """Whether the row is for replies that name the recipient, and not the sender."""

    @property
    def is_general(self) -> bool:
        """Whether any words will do, so that the advice is no answer to what these say."""
        return self.reply.pattern == ""

    def fits(self, fault: SmtpFault, host: str) -> bool:
        """Tell whether a fault is what the row describes."""
        if fault.code not in self.faults or fault.reply is None:
            return False
        said = fault.reply.said
        is_theirs = any(each.has(host) for each in self.providers) or bool(self.sign and self.sign.search(said))
        return is_theirs and bool(self.reply.search(said)) and (not self.is_about_recipient or _names_recipient(fault))

    def told(self, fault: SmtpFault) -> dict[str, str]:
        """Return what the reply tells, as it is shown, of the names that the advice uses."""
        found = self.reply.search(str(fault.reply))
        return {name: value.strip() for name, value in found.groupdict().items() if value} if found else {}


def _names_recipient(fault: SmtpFault) -> bool:
    """Tell whether a reply names the recipient's address and not the sender's."""
    said = fault.reply.said.lower() if fault.reply is not None else ""
    recipient, sender = (fault.facts.get(name, "").lower() for name in ("recipient", "sender"))
    return bool(recipient) and recipient in said and (not sender or sender not in said)
