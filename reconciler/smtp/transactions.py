"""What is said in a session that is open: envelope and message, once or many times. RFC 5321 section 3.3.

``mail``, ``rcpt``, ``send_message`` one after the other, as a check wants it that goes only so far; or ``begin`` and
``send_content``, as sending wants it, with all commands in one go where the server offers that.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from reconciler.model.text.domains import address_to_ascii, plain_address
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.channel import Channel
    from reconciler.smtp.replies import Reply

    _Command = tuple[CheckName, bytes, Callable[[Reply], None]]
    """The check that it is of, its line, and what raises where the reply refuses it."""

_SEND_MESSAGE = 354
FIRST_REFUSAL = 400
AUTHENTICATION_REQUIRED = 530
_TOO_LARGE = 552
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Transactions:
    """The mail transactions of one session; nothing here is called before the session is open."""

    def __init__(self, channel: Channel) -> None:
        """Take over the channel."""
        self._channel = channel
        self._extensions: dict[str, str] = {}
        """What the last EHLO reply offered, each word with what stands after it."""
        self.has_handed_over = False
        """Whether the end of the last message was sent, or begun to be, so that it may have been taken."""

    def offers(self, extension: str) -> bool:
        """Tell whether the last EHLO reply named an extension, such as STARTTLS."""
        return extension in self._extensions

    @property
    def max_message_octets(self) -> int | None:
        """The largest message that the server says it takes (RFC 1870); None where it says nothing of that."""
        declared = self._extensions.get("SIZE", "")
        return int(declared) or None if declared.isascii() and declared.isdecimal() else None

    def mail(self, address: str, *, size: int | None = None, is_8bit: bool = False, needs_utf8: bool = False) -> None:
        """Name the envelope sender. RFC 5321 section 4.1.1.2.

        Of the message to come: its ``size`` in octets, told where the server wants to know it (RFC 1870), whether it
        holds octets beyond ASCII (RFC 6152), and whether it or its recipient needs SMTPUTF8 (RFC 6531). The sender's
        own address is looked at here.
        """
        self.has_handed_over = False
        line = self._mail_line(address, size=size, is_8bit=is_8bit, needs_utf8=needs_utf8)
        self._judge_mail(self._channel.ask(line))

    def rcpt(self, address: str) -> None:
        """Name the recipient. RFC 5321 section 4.1.1.3."""
        line = self._rcpt_line(address)
        self._judge_rcpt(self._channel.ask(line))

    def begin(
        self,
        sender: str,
        recipient: str,
        *,
        size: int | None = None,
        is_8bit: bool = False,
        needs_utf8: bool = False,
        resets: bool = False,
    ) -> None:
        """Name the envelope and have the server ready for ``send_content``; what is said of the message is as in ``mail``.

        Where the server offers PIPELINING (RFC 2920) all goes out at once, and each reply is taken for its command.
        ``resets`` gives up an earlier transaction first. The first fault is raised, once every reply has come.
        """
        self.has_handed_over = False
        commands: list[_Command] = [
            ("sender", b"RSET", self._judge_reset),
            ("sender", self._mail_line(sender, size=size, is_8bit=is_8bit, needs_utf8=needs_utf8), self._judge_mail),
            ("recipient", self._rcpt_line(recipient), self._judge_rcpt),
            ("message", b"DATA", self._judge_data),
        ]
        commands = commands if resets else commands[1:]
        if self.offers("PIPELINING"):
            self._ask_together(commands)
            return
        for step, line, judge in commands:
            self._channel.step = step
            judge(self._channel.ask(line))

    def _ask_together(self, commands: Sequence[_Command]) -> None:
        """Send all commands, read the reply to each, and raise the first fault; the last command is DATA."""
        self._channel.step = commands[0][0]
        self._channel.say([line for _, line, _ in commands])
        first: SmtpFault | None = None
        awaits_message = False
        for step, _, judge in commands:
            self._channel.step = step
            try:
                judge(self._channel.read_reply())
                awaits_message = True
            except SmtpFault as fault:
                first, awaits_message = first or fault, False
                if fault.ends_connection:
                    self._channel.close()  # what is still to come would pass for the reply to something else
                    break
        if first is None:
            self._channel.require_silence()
            return
        if awaits_message:  # without an envelope: RFC 2920 section 3.1 has an empty message end that
            with contextlib.suppress(SmtpFault):
                self._channel.ask(b".")
        raise first

    def send_message(self, message: bytes) -> str:
        """Send a message to the envelope that was named, and return the server's words on accepting it."""
        self._channel.step = "message"
        self._judge_data(self._channel.ask(b"DATA"))
        return self.send_content(message)

    def send_content(self, message: bytes, *, before_end: Callable[[], None] | None = None) -> str:
        """Send a message to a server that waits for it, and return its words on accepting. RFC 5321 sections 4.1.1.4, 4.5.2.

        ``before_end`` is called when all but the final dot has been sent: what it raises keeps the message from being
        taken. Raise ``SmtpFault`` unknownDelivery where the connection ends after the final dot: the message may have
        arrived, and must not be sent again.
        """
        octets = _transparent(message)
        self._channel.send(octets[:-5])
        self._require_no_early_success()
        if before_end is not None:
            before_end()
        self.has_handed_over = True
        try:
            self._channel.send(octets[-5:])
            reply = self._channel.read_reply()
        except SmtpFault as fault:
            facts = {"variant": "notWaitedFor"} if fault.code == "timedOut" else {}
            raise SmtpFault("unknownDelivery", step="message", reply=fault.reply, facts=facts) from None
        self._require_message(reply)
        return reply.words_on_taking

    def reset(self) -> None:
        """Give up the current transaction and stay connected. RFC 5321 section 4.1.1.5."""
        self._channel.step = "sender"
        self._judge_reset(self._channel.ask(b"RSET"))

    def _mail_line(self, address: str, *, size: int | None, is_8bit: bool, needs_utf8: bool) -> bytes:
        path = self._path(address, "sender")
        is_international = needs_utf8 or not path.isascii()
        if is_international and not self.offers("SMTPUTF8"):
            raise SmtpFault("internationalAddressUnsupported", step=self._channel.step)
        parameters = b" SMTPUTF8" if is_international else b""
        parameters += b" BODY=8BITMIME" if (is_international or is_8bit) and self.offers("8BITMIME") else b""
        parameters += b" SIZE=%d" % size if size is not None and self.offers("SIZE") else b""
        return b"MAIL FROM:" + path + parameters

    def _rcpt_line(self, address: str) -> bytes:
        return b"RCPT TO:" + self._path(address, "recipient")

    def _judge_reset(self, reply: Reply) -> None:
        if not reply.is_positive:
            raise SmtpFault("connectionLost", step="sender", reply=reply)

    def _judge_mail(self, reply: Reply) -> None:
        self._require(reply, "sender", refused="senderRefused", deferred="senderDeferred")

    def _judge_rcpt(self, reply: Reply) -> None:
        self._require(reply, "recipient", refused="recipientRefused", deferred="recipientDeferred")

    def _judge_data(self, reply: Reply) -> None:
        self._require_meaningful(reply, _SEND_MESSAGE)
        if reply.code != _SEND_MESSAGE:
            self._require_message(reply)

    def _path(self, address: str, step: CheckName) -> bytes:
        self._channel.step = step
        path = f"<{plain_address(address) or address_to_ascii(address)}>"
        if not path.isascii() and not self.offers("SMTPUTF8"):
            raise SmtpFault("internationalAddressUnsupported", step=step)
        return path.encode()

    def _require_meaningful(self, reply: Reply, *expected: int) -> None:
        """Refuse a reply below 400 that does not belong to the command: it may be the late answer to another one."""
        if reply.code < FIRST_REFUSAL and reply.code not in expected:
            facts = {"sample": str(reply), "variant": "misplaced"}
            raise SmtpFault("invalidReply", step=self._channel.step, reply=reply, facts=facts)

    def _require_no_early_success(self) -> None:
        """Refuse a server that confirms the message before its end; a refusal may come as early as it likes."""
        early = self._channel.unasked()
        if early and early[:1] not in {b"4", b"5"}:
            raise SmtpFault("unaskedReply", step="message", facts={"sample": self._channel.sample(early)})

    def _require(self, reply: Reply, step: CheckName, *, refused: str, deferred: str) -> None:
        if reply.is_positive:
            return
        self._require_meaningful(reply)
        if reply.code == AUTHENTICATION_REQUIRED:
            raise SmtpFault("authenticationRequired", step=step, reply=reply)
        raise SmtpFault(deferred if reply.is_transient else refused, step=step, reply=reply)

    def _require_message(self, reply: Reply) -> None:
        refused = "messageTooLarge" if reply.code == _TOO_LARGE else "messageRefused"
        if reply.is_intermediate:
            raise SmtpFault("unknownDelivery", step="message", reply=reply, facts={"variant": "strange"})
        self._require(reply, "message", refused=refused, deferred="messageDeferred")


def _transparent(message: bytes) -> bytes:
    """Return a message ready for DATA: lines end in CR LF, leading dots are doubled, the final dot is added."""
    ends = message.count(b"\r\n")
    has_other_ends = message.count(b"\n") != ends or message.count(b"\r") != ends
    if message.endswith(b"\r\n") and not (has_other_ends or message.startswith(b".") or b"\n." in message):
        return message + b".\r\n"
    lines = _LINE_END.split(message)
    if lines and not lines[-1]:
        lines.pop()
    stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join([*stuffed, b".", b""]) if stuffed else b"\r\n.\r\n"
