"""The commands of one SMTP session, each with its replies turned into values or faults. RFC 5321.

The steps in order: ``greet``, ``start_tls``, ``log_in``, ``mail``, ``rcpt``, ``send_message`` or ``reset``, ``leave``.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import secrets
import socket
from typing import TYPE_CHECKING

from reconciler.model.text.domains import NotADomain, address_to_ascii, domain_to_ascii, host_to_ascii
from reconciler.smtp import tls
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.replies import refusal_of_recipient
from reconciler.smtp.sasl import choose, fitting

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.channel import Channel
    from reconciler.smtp.replies import Reply
    from reconciler.smtp.sasl import Credential, Exchange
    from reconciler.smtp.tls import TlsFacts

_MAX_COMMAND_OCTETS = 510
_MAX_RESPONSE_OCTETS = 12_288
"""RFC 4954 section 4: the longest base64 text of a login."""
_LINE_END = re.compile(rb"\r\n|\r|\n")
_KEYWORD = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}\Z")

_AUTH_CODES = {
    504: "mechanismRefused",
    530: "authenticationRequired",
    534: "strongerLoginRequired",
    535: "credentialsRejected",
    538: "encryptionRequired",
}
_READY, _LOGGED_IN, _DONE, _CHALLENGE, _SEND_MESSAGE = 220, 235, 250, 334, 354
_FIRST_REFUSAL = 400
_AUTHENTICATION_REQUIRED, _REJECTED, _TOO_LARGE = 530, 535, 552


class Session:
    """One session on one channel; the steps are called in SMTP's order, and a fault ends it."""

    def __init__(
        self, channel: Channel, *, is_loopback: bool, make_nonce: Callable[[], str] = secrets.token_urlsafe
    ) -> None:
        """Take over the channel; on loopback alone a login may go unencrypted. ``make_nonce`` gives random text."""
        self._channel = channel
        self._is_loopback = is_loopback
        self._make_nonce = make_nonce
        self._helo_name = ""
        self._extensions: dict[str, str] = {}
        self.has_tried_login = False
        """Whether AUTH was sent, or begun to be, whatever came of it."""
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

    @property
    def offered_mechanisms(self) -> frozenset[str]:
        """The SASL mechanisms of the last EHLO reply, in upper case, but for words in which a credential stands."""
        return frozenset(word for word in self._extensions.get("AUTH", "").split() if not self._channel.tells(word))

    def has_greeting_within(self, seconds: float) -> bool:
        """Tell whether anything comes within ``seconds``: the beginning of the greeting, or the connection's end."""
        self._channel.step = "greeting"
        return self._channel.has_answer_within(seconds)

    def greet(self, helo_name: str | None) -> None:
        """Read the greeting and say EHLO, or HELO to a server that knows no EHLO. RFC 5321 sections 3.1, 3.2."""
        self._channel.step = "greeting"
        greeting = self._read_greeting()
        if greeting.code < _FIRST_REFUSAL and greeting.code != _READY:
            raise SmtpFault("notSmtp", step="greeting", reply=greeting, facts={"sample": str(greeting)})
        if greeting.code != _READY:
            code = "serverBusy" if greeting.is_transient else "serverRefused"
            raise SmtpFault(code, step="greeting", reply=greeting)
        self._helo_name = helo_argument(helo_name, self._channel.local_address)
        self._say_hello()

    def start_tls(self, context: ssl.SSLContext, server_name: str) -> TlsFacts:
        """Upgrade by STARTTLS, forget what was offered in clear text and ask again. RFC 3207 section 4.2."""
        self._channel.step = "tls"
        if not self.offers("STARTTLS"):
            raise SmtpFault("starttlsNotOffered", step="tls")
        self._channel.send(b"STARTTLS\r\n")
        reply = self._channel.read_reply()
        self._require_meaningful(reply, _READY)
        if reply.code != _READY:
            raise SmtpFault("starttlsRefused", step="tls", reply=reply)
        self._channel.unasked()  # what has come by now, the handshake refuses
        facts = self._encrypt(context, server_name)
        self._say_hello()
        return facts

    def encrypt_at_once(self, context: ssl.SSLContext, server_name: str) -> TlsFacts:
        """Do the TLS handshake before the greeting (implicit TLS, RFC 8314); ``NotTls`` passes through."""
        return tls.encrypt(self._channel, context, server_name)

    def require_login(self, mechanism: str, *, is_token: bool) -> None:
        """Raise what ``log_in`` would raise for want of encryption or of the mechanism; nothing is sent.

        For a credential that is to be got only once it is of use.
        """
        self._channel.step = "auth"
        if not (self._channel.is_encrypted or self._is_loopback):
            raise SmtpFault("withheld", step="auth")
        fitting(mechanism, self.offered_mechanisms, is_token=is_token)

    def log_in(self, mechanism: str, credential: Credential) -> str:
        """Log in, once, and return the mechanism's name on the wire. RFC 4954.

        Raise ``SmtpFault`` of step auth; its code is ``withheld`` where the connection is neither encrypted nor
        to this machine, and then nothing was sent.
        """
        self.require_login(mechanism, is_token=credential.is_token)
        exchange = choose(mechanism, self.offered_mechanisms, credential, nonce=self._make_nonce())
        mask = self._channel.mask(CredentialMask(credential.username, credential.secret))
        reply = self._exchange(exchange, mask)
        self._require_meaningful(reply, _LOGGED_IN)
        if reply.code != _LOGGED_IN:
            facts = {"mechanism": exchange.wire_name, **self._told(exchange)}
            raise SmtpFault(_auth_code(reply, is_token=credential.is_token), step="auth", reply=reply, facts=facts)
        exchange.require_success()
        return exchange.wire_name

    def mail(self, address: str, *, size: int | None = None, is_8bit: bool = False, needs_utf8: bool = False) -> None:
        """Name the envelope sender. RFC 5321 section 4.1.1.2.

        Of the message to come: its ``size`` in octets, told where the server wants to know it (RFC 1870), whether it
        holds octets beyond ASCII (RFC 6152), and whether it or its recipient needs SMTPUTF8 (RFC 6531). The sender's
        own address is looked at here.
        """
        self.has_handed_over = False
        path = self._path(address, "sender")
        parameters = self._message_parameters(size=size, is_8bit=is_8bit, needs_utf8=needs_utf8 or not path.isascii())
        reply = self._channel.ask(b"MAIL FROM:" + path + parameters)
        self._require(reply, "sender", refused="senderRefused", deferred="senderDeferred")

    def rcpt(self, address: str) -> None:
        """Name the recipient. RFC 5321 section 4.1.1.3."""
        path = self._path(address, "recipient")
        reply = self._channel.ask(b"RCPT TO:" + path)
        refused, deferred = refusal_of_recipient(reply)
        self._require(reply, "recipient", refused=refused, deferred=deferred)

    def send_message(self, message: bytes, *, before_end: Callable[[], None] | None = None) -> str:
        """Send a message and return the server's words on accepting it. RFC 5321 sections 4.1.1.4, 4.5.2.

        ``before_end`` is called when all but the final dot has been sent: what it raises keeps the message from being
        taken. Raise ``SmtpFault`` unknownDelivery where the connection ends after the final dot: the message may have
        arrived, and must not be sent again.
        """
        self._channel.step = "message"
        reply = self._channel.ask(b"DATA")
        self._require_meaningful(reply, _SEND_MESSAGE)
        if reply.code != _SEND_MESSAGE:
            self._require_message(reply)
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
            raise SmtpFault("unknownDelivery", step="message", reply=fault.reply) from None
        self._require_message(reply)
        return reply.words

    def reset(self) -> None:
        """Give up the current transaction and stay connected. RFC 5321 section 4.1.1.5."""
        self._channel.step = "sender"
        reply = self._channel.ask(b"RSET")
        if not reply.is_positive:
            raise SmtpFault("connectionLost", step="sender", reply=reply)

    def leave(self) -> None:
        """Give up the current transaction, if any, and close without waiting for replies."""
        self._channel.say_farewell(b"RSET\r\nQUIT")

    def _read_greeting(self) -> Reply:
        try:
            return self._channel.read_reply()
        except SmtpFault as fault:
            if fault.code != "invalidReply":
                raise
            raise SmtpFault("notSmtp", step="greeting", facts=fault.facts) from None

    def _say_hello(self) -> None:
        self._extensions = {}
        argument = self._helo_name.encode("ascii")
        reply = self._channel.ask(b"EHLO " + argument)
        self._require_meaningful(reply, _DONE)
        if reply.code == _DONE:
            self._extensions = parse_extensions(reply)
            return
        if not reply.is_transient:
            reply = self._channel.ask(b"HELO " + argument)
            self._require_meaningful(reply, _DONE)
        if reply.code != _DONE:
            raise SmtpFault("helloRefused", step=self._channel.step, reply=reply)

    def _encrypt(self, context: ssl.SSLContext, server_name: str) -> TlsFacts:
        try:
            return tls.encrypt(self._channel, context, server_name)
        except tls.NotTls:
            reason = "the server went on in clear text after STARTTLS"
            raise SmtpFault("tlsFailed", step="tls", facts={"reason": reason}) from None

    def _exchange(self, exchange: Exchange, mask: CredentialMask) -> Reply:
        """Play one login to its end and return the reply that decides it."""
        line = b"AUTH " + exchange.wire_name.encode("ascii")
        response = exchange.initial_response()
        pending = None if response is None else _encoded(response, exchange)
        if pending is not None and len(line) + 1 + len(pending) <= _MAX_COMMAND_OCTETS:
            line, pending = line + b" " + (pending or b"="), None
        self.has_tried_login = True
        reply = self._channel.ask(line)
        while reply.is_intermediate:
            if pending is None:
                pending = self._answer(exchange, reply)
                mask.hide(*exchange.derived_secrets())
            reply, pending = self._channel.ask(pending), None
        return reply

    def _answer(self, exchange: Exchange, reply: Reply) -> bytes:
        """Return the answer to a challenge, in base64; where there is none, break the login off and raise."""
        if reply.code != _CHALLENGE:
            raise SmtpFault("invalidReply", step="auth", reply=reply, facts={"sample": str(reply)})
        try:
            return _encoded(exchange.respond(_challenge(reply)), exchange)
        except SmtpFault:
            self._break_off()
            raise

    def _told(self, exchange: Exchange) -> dict[str, str]:
        """Return what the server said inside the login, masked, cleaned and cut."""
        return {name: self._channel.sample(text.encode("utf-8", "replace")) for name, text in exchange.told().items()}

    def _break_off(self) -> None:
        """Cancel the login (RFC 4954 section 4); whatever the server says to that, the conversation is over."""
        with contextlib.suppress(SmtpFault):
            self._channel.send(b"*\r\n")

    def _path(self, address: str, step: CheckName) -> bytes:
        self._channel.step = step
        path = f"<{address_to_ascii(address)}>"
        if not path.isascii() and not self.offers("SMTPUTF8"):
            raise SmtpFault("internationalAddressUnsupported", step=step)
        return path.encode()

    def _message_parameters(self, *, size: int | None, is_8bit: bool, needs_utf8: bool) -> bytes:
        if needs_utf8 and not self.offers("SMTPUTF8"):
            raise SmtpFault("internationalAddressUnsupported", step=self._channel.step)
        parameters = b" SMTPUTF8" if needs_utf8 else b""
        parameters += b" BODY=8BITMIME" if (needs_utf8 or is_8bit) and self.offers("8BITMIME") else b""
        return parameters + (b" SIZE=%d" % size if size is not None and self.offers("SIZE") else b"")

    def _require_meaningful(self, reply: Reply, *expected: int) -> None:
        """Refuse a reply below 400 that does not belong to the command: it may be the late answer to another one."""
        if reply.code < _FIRST_REFUSAL and reply.code not in expected:
            raise SmtpFault("invalidReply", step=self._channel.step, reply=reply, facts={"sample": str(reply)})

    def _require_no_early_success(self) -> None:
        """Refuse a server that confirms the message before its end; a refusal may come as early as it likes."""
        early = self._channel.unasked()
        if early and early[:1] not in {b"4", b"5"}:
            raise SmtpFault("unaskedReply", step="message", facts={"sample": self._channel.sample(early)})

    def _require(self, reply: Reply, step: CheckName, *, refused: str, deferred: str) -> None:
        if reply.is_positive:
            return
        self._require_meaningful(reply)
        if reply.code == _AUTHENTICATION_REQUIRED:
            raise SmtpFault("authenticationRequired", step=step, reply=reply)
        raise SmtpFault(deferred if reply.is_transient else refused, step=step, reply=reply)

    def _require_message(self, reply: Reply) -> None:
        refused = "messageTooLarge" if reply.code == _TOO_LARGE else "messageRefused"
        if reply.is_intermediate:
            raise SmtpFault("unknownDelivery", step="message", reply=reply)
        self._require(reply, "message", refused=refused, deferred="messageDeferred")


def helo_argument(helo_name: str | None, local_address: str) -> str:
    """Return the argument of EHLO: the name given, this machine's if it is a full one, or its address as a literal.

    RFC 5321 section 4.1.4 asks for an address literal where there is no meaningful name.
    """
    if helo_name:
        name = host_to_ascii(helo_name)
        return _literal(name) if _is_address(name) else name
    own = socket.gethostname()
    try:
        name = domain_to_ascii(own)
    except NotADomain:
        return _literal(local_address)
    return name if "." in name and not _is_address(name) else _literal(local_address)


def parse_extensions(reply: Reply) -> dict[str, str]:
    """Return the extensions of an EHLO reply, keyword to parameters, in upper case; ``AUTH=LOGIN`` counts too."""
    extensions: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.upper().replace("AUTH=", "AUTH ", 1).partition(" ")
        if _KEYWORD.match(keyword):
            words = [word for word in parameters.split() if keyword != "AUTH" or _KEYWORD.match(word)]
            extensions[keyword] = " ".join([*extensions.get(keyword, "").split(), *words])
    return extensions


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdecimal()


def _literal(address: str) -> str:
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _challenge(reply: Reply) -> bytes | None:
    try:
        return base64.b64decode(reply.challenge.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None


def _encoded(response: bytes, exchange: Exchange) -> bytes:
    encoded = base64.b64encode(response)
    if len(encoded) > _MAX_RESPONSE_OCTETS:
        raise SmtpFault(
            "credentialUnusable", step="auth", facts={"variant": "tooLong", "mechanism": exchange.wire_name}
        )
    return encoded


def _auth_code(reply: Reply, *, is_token: bool) -> str:
    if reply.is_transient:
        return "authUnavailable"
    if is_token and reply.code == _REJECTED:
        return "accessTokenRejected"
    return _AUTH_CODES.get(reply.code, "authRefused")


def _transparent(message: bytes) -> bytes:
    """Return a message ready for DATA: lines end in CR LF, leading dots are doubled, the final dot is added."""
    lines = _LINE_END.split(message)
    if lines and not lines[-1]:
        lines.pop()
    stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
    return b"\r\n".join([*stuffed, b".", b""]) if stuffed else b"\r\n.\r\n"
