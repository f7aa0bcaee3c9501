"""Lines out, replies in, over one socket: every wait bounded by the deadline, every reply by a cap."""

from __future__ import annotations

import contextlib
import math
import select
import socket
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.masking import WITHHELD, Hearing
from reconciler.smtp.replies import REPLY_LINE, Reply, clean, cleaned_lines, legible
from reconciler.smtp.tlsalerts import fault_of_alert, is_alert
from reconciler.smtp.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.masking import CredentialMask

_MAX_LINE_OCTETS = 4096
_MAX_REPLY_LINES = 128
_MAX_REPLY_OCTETS = 64 * 1024
_READ_OCTETS = 4096
_MAX_SAMPLE = 60
_MAX_REMEMBERED = 120
"""How many characters of earlier words are read together with the next ones."""
_CHALLENGE = 334
_LEAVING = b"421"
_NOTES = {
    "timedOut": "no answer within the time limit",
    "connectionLost": "the server closed the connection",
    "replyTooLong": "the reply is longer than any",
}
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What a socket that waits for nothing says where there is nothing to read, or no room to write."""
_LAST_WORDS_SECONDS = 0.2
_FAREWELL_SECONDS = 1.0


class Channel:
    """The two directions of one connection. ``step`` names the check at work; faults carry it."""

    def __init__(self, connected: socket.socket, deadline: Deadline, wire: Wire | None = None) -> None:
        """Take over the socket, and what tells whoever listens of what is said over it.

        The socket waits for nothing by itself: what can be done at once, which is most, needs no clock set for it.
        """
        connected.settimeout(0)
        self._socket = connected
        self._deadline = deadline
        self._received = bytearray()
        self._masks: list[CredentialMask] = []
        self.wire = wire or Wire()
        self.wire.masks = self._masks
        self._heard = ""
        """The end of what was said so far, masked: a secret may be told in two replies."""
        self._alert: ssl.SSLError | None = None
        """What the server said by TLS on ending it, once it has: only the first reading is told."""
        self.step: CheckName = "greeting"
        self._has_heard = self._has_heard_by_tls = False
        """Whether anything has come at all, and whether anything has come since the handshake."""
        self.presents_certificate = False
        """Whether the client has a certificate to show in the handshake, where the server asks for one."""

    @property
    def deadline(self) -> Deadline:
        """What bounds every wait."""
        return self._deadline

    def renew(self, deadline: Deadline) -> None:
        """Put another deadline in force: each message over a connection has one of its own."""
        self._deadline = deadline

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is in force."""
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def has_cipher(self) -> bool:
        """Whether a cipher was agreed on, be it in a handshake that failed later."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.cipher() is not None

    @property
    def local_address(self) -> str:
        """This machine's address on the connection."""
        return str(self._socket.getsockname()[0])

    def release(self, timeout_seconds: float) -> socket.socket:
        """Hand the socket over to somebody else, who waits so long for each reply; the channel is of no use afterwards."""
        self._socket.settimeout(timeout_seconds)
        return self._socket

    def mask(self, mask: CredentialMask) -> CredentialMask:
        """Mask a credential in every reply from now on, and return what does it: an earlier mask of it serves on."""
        for each in self._masks:
            if each.is_of_the_same(mask):
                return each
        self._masks.append(mask)
        return mask

    def encrypt(self, context: ssl.SSLContext, server_name: str) -> ssl.SSLSocket:
        """Do the TLS handshake and speak TLS from now on; ``ssl.SSLError`` and ``OSError`` are the caller's.

        Refuses where the server said more than asked in clear text: RFC 3207 section 4.2 wants nothing from before
        the handshake to count, and what was said cannot be told from what somebody slipped in.
        """
        if self._received:
            raise SmtpFault("plaintextInjected", step="tls", facts={"sample": self.sample(bytes(self._received))})
        wrapped = context.wrap_socket(self._socket, server_hostname=server_name, do_handshake_on_connect=False)
        self._socket = wrapped
        wrapped.settimeout(self._deadline.remaining_seconds())
        try:
            wrapped.do_handshake()
        finally:
            wrapped.settimeout(0)
        return wrapped

    def has_answer_within(self, seconds: float) -> bool:
        """Tell whether anything comes within ``seconds``: the first octets of a reply, or the connection's end."""
        try:
            if not self._received:
                self._receive(self._deadline.sooner(seconds))
        except TimeoutError:
            return False
        except OSError:
            raise self._fault("connectionLost") from None
        return True

    def send(self, octets: bytes, *, shown: str | None = None) -> None:
        """Send octets as they are; where the server has closed, its last words become the fault.

        Whoever listens is told what is ``shown`` in their place, where they are secret.
        """
        self.wire.sent(octets, shown=shown)
        try:
            rest = memoryview(octets)
            self._deadline.remaining_seconds()
            while rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except _NOT_NOW as not_now:
                    wanted = select.POLLIN if isinstance(not_now, ssl.SSLWantReadError) else select.POLLOUT
                    self._wait_until(wanted, self._deadline)
        except TimeoutError:
            raise self._fault("timedOut") from None
        except OSError:
            raise self._last_words() from None

    def ask(self, line: bytes, *, shown: str | None = None) -> Reply:
        """Send one line, without its CR LF, and return the reply; ``shown`` as ``send`` has it.

        Raise ``SmtpFault`` unaskedReply where the server says anything before or beside it: its replies could no
        longer be told apart, and a stale one might pass for success.
        """
        self.say([line], shown=shown)
        reply = self.read_reply()
        self.require_silence()
        return reply

    def say(self, lines: Sequence[bytes], *, shown: str | None = None) -> None:
        """Send lines in one go, each without its CR LF; the reply to each is to be read, and then ``require_silence``."""
        self._refuse(self.unasked())
        self.send(b"".join(line + b"\r\n" for line in lines), shown=shown)

    def require_silence(self) -> None:
        """Raise ``SmtpFault`` unaskedReply where the server has said more than it was asked."""
        self._refuse(bytes(self._received))

    def unasked(self) -> bytes:
        """Return what the server has said without being asked, as far as it has arrived; wait for nothing."""
        if not self._received:
            try:
                self._receive(None)
            except OSError:
                return b""  # nothing has come; or the end has, which the next step is told of
        return bytes(self._received)

    def read_reply(self) -> Reply:
        """Return the next whole reply; raise ``SmtpFault`` for silence, a closed connection, or no reply at all."""
        return self._reply_of(self._read_lines())

    def _reply_of(self, raw: tuple[bytes, ...]) -> Reply:
        """Return lines of one code as a reply, told to whoever listens."""
        code, texts = _parsed(raw)
        self.wire.heard_reply(raw, is_challenge=code == _CHALLENGE)
        masked = tuple(map(self._masked, texts)) if self._masks else texts
        cleaned, text = legible(masked)
        # Not by way of ``legible``, which remembers what it made.
        unmasked = cleaned_lines(texts) if masked != texts else None
        return Reply(code, cleaned, texts[-1] if code == _CHALLENGE else b"", self._hear(text, masked), unmasked)

    def _read_lines(self) -> tuple[bytes, ...]:
        """Return the lines of the next reply."""
        lines, total_octets = list[bytes](), 0
        while True:
            try:
                line = self._read_line()
            except SmtpFault as fault:
                if fault.code == "timedOut" and (lines or self._received):
                    fault.facts["variant"] = "unfinished"
                fault.reply = self._unfinished(lines)
                raise
            mark = _mark_of(line)
            if mark is None:
                raise self._not_a_reply(line)
            if lines and lines[0][:3] != line[:3]:
                raise self._not_a_reply(line, variant="mixed")
            lines.append(line)
            if mark != b"-":
                return tuple(lines)
            # Counted behind the last line: the limits are for a reply that does not come to an end.
            total_octets += len(line)
            if len(lines) >= _MAX_REPLY_LINES or total_octets > _MAX_REPLY_OCTETS:
                raise self._fault("replyTooLong")

    def _unfinished(self, lines: list[bytes]) -> Reply | None:
        """Return what has come of a reply that did not come to its end: the reason of a refusal stands there too."""
        rest = bytes(self._received)
        if _mark_of(rest) is not None and all(line[:3] == rest[:3] for line in lines[:1]):
            lines = [*lines, rest]
        return self._reply_of(tuple(lines)) if lines else None

    def sample(self, octets: bytes) -> str:
        """Return the beginning of foreign octets for a message: masked, cleaned, cut; or a sentence in their place."""
        self.wire.heard(octets)
        masked = self._masked(octets)
        text = clean(masked, max_characters=_MAX_SAMPLE)
        hearing = self._hear(text, (masked,))
        return WITHHELD if hearing is not None and hearing.tells else text

    def tells(self, text: str) -> bool:
        """Tell whether a credential could be read in foreign text."""
        return Hearing(text, b"", self._masks).tells

    def say_farewell(self, line: bytes) -> None:
        """Send a last line without waiting for a reply, and close; nothing that goes wrong matters any more."""
        with contextlib.suppress(OSError):
            self._socket.settimeout(min(_FAREWELL_SECONDS, self._deadline.remaining_seconds()))
            self._socket.send(line + b"\r\n")
            self.wire.sent(line)
        self.close()

    def interrupt(self) -> None:
        """End the connection both ways, so that whoever waits for it in another thread waits no longer."""
        with contextlib.suppress(OSError):
            # Not that of SSLSocket, which leaves the socket open in clear text for a moment.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket."""
        self.wire.close()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _read_line(self) -> bytes:
        while (end := self._received.find(b"\n")) < 0:
            self._refuse_early()
            try:
                is_open = self._receive(self._deadline)
            except TimeoutError:
                raise self._fault("timedOut") from None
            except OSError:
                is_open = False
            if not is_open:
                raise self._fault("connectionLost")
        line = bytes(self._received[:end]).removesuffix(b"\r")
        if len(line) > _MAX_LINE_OCTETS:
            raise self._fault("replyTooLong")
        del self._received[: end + 1]
        return line

    def _refuse_early(self) -> None:
        """Give up on what can no longer become a reply, rather than wait for the end of its line."""
        if len(self._received) > _MAX_LINE_OCTETS:
            raise self._fault("replyTooLong")
        beginning = bytes(self._received[:4])
        if len(beginning) == 4 and REPLY_LINE.match(beginning.rstrip(b"\r")) is None:  # noqa: PLR2004 - code, mark
            raise self._not_a_reply(bytes(self._received))

    def _receive(self, limit: Deadline | None) -> bool:
        """Read what has come, or comes in time; return False at the connection's end.

        Raise ``TimeoutError`` for nothing, and at once what the socket says where nothing is waited for.
        """
        while True:
            try:
                octets = self._socket.recv(_READ_OCTETS)
                break
            except _NOT_NOW as not_now:
                if limit is None:
                    raise
                wanted = select.POLLOUT if isinstance(not_now, ssl.SSLWantWriteError) else select.POLLIN
                self._wait_until(wanted, limit)
            except ssl.SSLError as refusal:
                if is_alert(refusal):
                    self._alert = refusal
                raise
        self._received += octets
        self._has_heard = self._has_heard or bool(octets)
        self._has_heard_by_tls = self._has_heard_by_tls or (bool(octets) and self.is_encrypted)
        return bool(octets)

    def _wait_until(self, wanted: int, limit: Deadline) -> None:
        """Return once the socket can be read, or written; raise ``TimeoutError`` where that takes too long."""
        waiting = select.poll()
        waiting.register(self._socket, wanted)
        if not waiting.poll(math.ceil(limit.remaining_seconds() * 1000)):
            raise TimeoutError

    def _last_words(self) -> SmtpFault:
        """Return the fault of a closed connection, with the reply to nothing in which servers often say why."""
        self._deadline = self._deadline.sooner(_LAST_WORDS_SECONDS)
        try:
            reply: Reply | None = self.read_reply()
        except SmtpFault as fault:
            reply = fault.reply
        return (
            self._fault("connectionLost") if reply is None else SmtpFault("connectionLost", step=self.step, reply=reply)
        )

    def _refuse(self, unasked: bytes) -> None:
        """Refuse what came unasked, but for 421: a server says that whenever it must leave. RFC 5321 section 3.8."""
        if not _LEAVING.startswith(unasked[: len(_LEAVING)]):
            raise SmtpFault("unaskedReply", step=self.step, facts={"sample": self.sample(unasked)})

    def _not_a_reply(self, line: bytes, *, variant: str = "") -> SmtpFault:
        heard = clean(line, max_characters=_MAX_SAMPLE)
        facts = {"variant": variant} if variant else {}
        return SmtpFault("invalidReply", step=self.step, facts={"sample": self.sample(line), **facts}, heard=heard)

    def _hear(self, text: str, masked: tuple[bytes, ...]) -> Hearing | None:
        """Return what tells whether words may be shown, beside those before them, and remember their end.

        None where there is no credential: they may.
        """
        hearing = Hearing(text, b"\n".join(masked), self._masks, before=self._heard) if self._masks else None
        self._heard = f"{self._heard}\n{text}"[-_MAX_REMEMBERED:]
        return hearing

    def _masked(self, octets: bytes) -> bytes:
        for mask in self._masks:
            octets = mask.apply(octets)
        return octets

    def _fault(self, code: str) -> SmtpFault:
        self.wire.note(_NOTES.get(code, code))
        if code == "connectionLost" and self._alert is not None:
            presented = self.presents_certificate
            return fault_of_alert(self._alert, step=self.step, has_cipher=True, has_presented=presented)
        if code == "connectionLost" and self.is_encrypted and not self._has_heard_by_tls:
            return SmtpFault(code, step=self.step, facts={"variant": "afterTls"})
        if code == "connectionLost" and not self._has_heard:
            return SmtpFault(code, step=self.step, facts={"variant": "silent"})
        return SmtpFault(code, step=self.step)


@lru_cache(maxsize=64)
def _mark_of(line: bytes) -> bytes | None:
    """Return what stands between a reply's code and its text; None for a line of no reply.

    Kept, as what comes of it: a server says the same to each message.
    """
    found = REPLY_LINE.match(line)
    return None if found is None else found.group(2) or b""


@lru_cache(maxsize=64)
def _parsed(lines: tuple[bytes, ...]) -> tuple[int, tuple[bytes, ...]]:
    """Return the code of a whole reply, and the text of each line."""
    return int(lines[0][:3]), tuple(line[4:] for line in lines)
