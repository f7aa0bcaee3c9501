"""The commands that open one SMTP session, each with its replies turned into values or faults. RFC 5321.

The steps in order: ``greet``, ``start_tls``, ``log_in``, then any number of ``transactions``, then ``leave``.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import secrets
from typing import TYPE_CHECKING

from reconciler.smtp import tls
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.hello import helo_argument, names_another_protocol, parse_extensions
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.replies import joined
from reconciler.smtp.sasl import MECHANISMS, choose, fitting, has_another
from reconciler.smtp.transactions import AUTHENTICATION_REQUIRED, FIRST_REFUSAL, Transactions
from reconciler.smtp.wire import MASKED

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.channel import Channel
    from reconciler.smtp.replies import Reply
    from reconciler.smtp.sasl import Credential, Exchange
    from reconciler.smtp.tls import TlsFacts

_MAX_COMMAND_OCTETS = 510
_MAX_RESPONSE_OCTETS = 12_288
"""RFC 4954 section 4: the longest base64 text of a login."""

_AUTH_CODES = {
    534: "strongerLoginRequired",
    535: "credentialsRejected",
    538: "encryptionRequired",
}
_READY, _LOGGED_IN, _DONE, _CHALLENGE = 220, 235, 250, 334
_KNOWN_MECHANISMS = frozenset(each.wire_name for each in MECHANISMS.values())
"""Words of ours, which tell nothing of a credential."""
_MECHANISM_AT_FAULT = frozenset({502, 504})
_REJECTED = 535


@contextlib.contextmanager
def _told_as(variant: str) -> Iterator[None]:
    """Name the command that nothing answered in time, where the check is about another one."""
    try:
        yield
    except SmtpFault as fault:
        if fault.code == "timedOut":
            fault.facts.setdefault("variant", variant)
        raise


class Session(Transactions):
    """One session on one channel; the steps are called in SMTP's order, and a fault ends it."""

    def __init__(
        self, channel: Channel, *, is_loopback: bool, make_nonce: Callable[[], str] = secrets.token_urlsafe
    ) -> None:
        """Take over the channel; on loopback alone a login may go unencrypted. ``make_nonce`` gives random text."""
        super().__init__(channel)
        self._is_loopback = is_loopback
        self._make_nonce = make_nonce
        self._greeting: Reply | None = None
        self._helo_name = ""
        self._refused_ehlo: Reply | None = None
        """The refusal of EHLO where HELO was taken: nothing is offered then, for a reason that stands there."""
        self.has_tried_login = False
        """Whether AUTH was sent, or begun to be, whatever came of it."""

    @property
    def can_be_overheard(self) -> bool:
        """Whether what is said can be read on the way: it is neither encrypted nor within this machine."""
        return not (self._channel.is_encrypted or self._is_loopback)

    @property
    def offered_mechanisms(self) -> frozenset[str]:
        """The SASL mechanisms of the last EHLO reply, in upper case; a mask in place of one in which a credential stands."""
        words = self._extensions.get("AUTH", "").split()
        return frozenset(
            word if word in _KNOWN_MECHANISMS or not self._channel.tells(word) else MASKED for word in words
        )

    def has_greeting_within(self, seconds: float) -> bool:
        """Tell whether anything comes within ``seconds``: the beginning of the greeting, or the connection's end."""
        self._channel.step = "greeting"
        return self._channel.has_answer_within(seconds)

    def greet(self, helo_name: str | None) -> None:
        """Read the greeting and say EHLO, or HELO to a server that knows no EHLO. RFC 5321 sections 3.1, 3.2."""
        self._channel.step = "greeting"
        try:
            greeting = self._channel.read_reply()
        except SmtpFault as fault:
            if fault.code != "invalidReply":
                raise
            raise fault.known_as("notSmtp") from None
        if greeting.code < FIRST_REFUSAL and greeting.code != _READY:
            raise SmtpFault("notSmtp", step="greeting", reply=greeting, facts={"sample": str(greeting)})
        if greeting.code != _READY:
            code = "serverBusy" if greeting.is_transient else "serverRefused"
            raise SmtpFault(code, step="greeting", reply=greeting)
        self._greeting = greeting
        self._helo_name = helo_argument(helo_name, self._channel.local_address)
        self._say_hello()

    def start_tls(self, context: ssl.SSLContext, server_name: str, *, pin: str | None = None) -> TlsFacts:
        """Upgrade by STARTTLS, forget what was offered in clear text and ask again. RFC 3207 section 4.2."""
        self._channel.step = "tls"
        if not self.offers("STARTTLS"):
            raise self._not_offered("starttlsNotOffered", step="tls")
        self._channel.send(b"STARTTLS\r\n")
        with _told_as("starttls"):
            reply = self._channel.read_reply()
        self._require_meaningful(reply, _READY)
        if reply.code != _READY:
            raise SmtpFault("starttlsRefused", step="tls", reply=reply)
        self._channel.unasked()  # what has come by now, the handshake refuses
        facts = self._encrypt(context, server_name, pin)
        self._say_hello()
        return facts

    def encrypt_at_once(self, context: ssl.SSLContext, server_name: str, *, pin: str | None = None) -> TlsFacts:
        """Do the TLS handshake before the greeting (implicit TLS, RFC 8314); ``NotTls`` passes through."""
        return tls.encrypt(self._channel, context, server_name, pin=pin)

    def require_login(self, mechanism: str, *, is_token: bool) -> None:
        """Raise what ``log_in`` would raise for want of encryption or of the mechanism; nothing is sent.

        For a credential that is to be got only once it is of use.
        """
        self._channel.step = "auth"
        if self.can_be_overheard:
            raise SmtpFault("withheld", step="auth", facts={"variant": "offered"} if self.offers("STARTTLS") else None)
        if not self.offered_mechanisms and self._refused_ehlo is not None:
            raise self._not_offered("authNotOffered", step="auth")
        if not self.offered_mechanisms and self.offers("STARTTLS"):
            raise SmtpFault("authNotOffered", step="auth", facts={"variant": "beforeTls"})
        fitting(mechanism, self.offered_mechanisms, is_token=is_token)

    def log_in(self, mechanism: str, credential: Credential) -> str:
        """Log in, once, and return the mechanism's name on the wire. RFC 4954.

        Where the server says that a mechanism is at fault, which it had offered, and the account leaves the choice open,
        the password goes by the next one; never after a refusal of the password.

        Raise ``SmtpFault`` of step auth; its code is ``withheld`` where the connection is neither encrypted nor
        to this machine, and then nothing was sent.
        """
        self.require_login(mechanism, is_token=credential.is_token)
        mask = self._channel.mask(CredentialMask(credential.username, credential.secret))
        refused: list[str] = []
        while True:
            offered = self.offered_mechanisms.difference(refused)
            exchange = choose(mechanism, offered, credential, nonce=self._make_nonce())
            reply = self._exchange(exchange, mask)
            self._require_meaningful(reply, _LOGGED_IN)
            if reply.code == _LOGGED_IN:
                exchange.require_success()
                return exchange.wire_name
            refused.append(exchange.wire_name)
            if not (_blames_mechanism(reply) and has_another(mechanism, offered - {exchange.wire_name}, credential)):
                raise self._refused_login(reply, exchange, refused, is_token=credential.is_token)

    def _refused_login(self, reply: Reply, exchange: Exchange, tried: list[str], *, is_token: bool) -> SmtpFault:
        """Return the fault of a login that was refused by the last of the mechanisms tried."""
        facts = {
            "mechanism": exchange.wire_name if reply.code == _REJECTED else " and ".join(tried),
            "others": ", ".join(sorted(self.offered_mechanisms - {exchange.wire_name})),
            **self._told(exchange),
        }
        code = _auth_code(reply, is_token=is_token)
        if reply.code == AUTHENTICATION_REQUIRED and not self._channel.is_encrypted:
            code = "encryptionRequired"  # RFC 3207 section 4: no other command is missing before a login
        return SmtpFault(code, step="auth", reply=reply, facts=facts)

    def leave(self) -> None:
        """Give up the current transaction, if any, and close without waiting for replies."""
        self._channel.say_farewell(b"RSET\r\nQUIT")

    def _say_hello(self) -> None:
        self._extensions, self._refused_ehlo = {}, None
        argument = self._helo_name.encode("ascii")
        with _told_as("hello"):
            reply = self._channel.ask(b"EHLO " + argument)
        self._require_meaningful(reply, _DONE)
        if reply.code == _DONE:
            self._extensions = parse_extensions(reply)
            return
        if not reply.is_transient:
            self._refused_ehlo, reply = reply, self._say_helo(argument, refused=reply)
            self._require_meaningful(reply, _DONE)
        if reply.code != _DONE:
            raise self._refused_hello(reply)

    def _say_helo(self, argument: bytes, *, refused: Reply) -> Reply:
        """Return the reply to HELO. Where the server hung up after it refused EHLO, return that refusal."""
        try:
            return self._channel.ask(b"HELO " + argument)
        except SmtpFault as fault:
            if fault.code != "connectionLost":
                raise
            return refused

    def _not_offered(self, code: str, *, step: CheckName) -> SmtpFault:
        """Return the fault of something that is not offered, with the refusal of EHLO where that is why."""
        facts = {"variant": "noEhlo"} if self._refused_ehlo is not None else {}
        return SmtpFault(code, step=step, reply=self._refused_ehlo, facts=facts)

    def _refused_hello(self, reply: Reply) -> SmtpFault:
        """Return the fault of a refused EHLO: of the name, or of SMTP itself where the banner names another protocol."""
        greeting = self._greeting
        if greeting is None or reply.is_transient or not names_another_protocol(greeting.said):
            return SmtpFault("helloRefused", step=self._channel.step, reply=reply)
        facts = {"variant": "hello", "sample": greeting.words}
        return SmtpFault("notSmtp", step=self._channel.step, reply=reply, facts=facts, heard=greeting.said)

    def _encrypt(self, context: ssl.SSLContext, server_name: str, pin: str | None) -> TlsFacts:
        try:
            return tls.encrypt(self._channel, context, server_name, pin=pin)
        except tls.NotTls:
            reason = "the server went on in clear text after STARTTLS"
            raise SmtpFault("tlsFailed", step="tls", facts={"reason": reason}) from None

    def _exchange(self, exchange: Exchange, mask: CredentialMask) -> Reply:
        """Play one login to its end and return the reply that decides it."""
        line, shown = b"AUTH " + exchange.wire_name.encode("ascii"), f"AUTH {exchange.wire_name}"
        response = exchange.initial_response()
        pending = None if response is None else _encoded(response, exchange)
        if pending is not None and len(line) + 1 + len(pending) <= _MAX_COMMAND_OCTETS:
            line, pending, shown = line + b" " + (pending or b"="), None, f"{shown} {MASKED}"
        self.has_tried_login = True
        reply = self._channel.ask(line, shown=shown)
        while reply.is_intermediate:
            if pending is None:
                pending = self._answer(exchange, reply)
                mask.hide(*exchange.derived_secrets())
            reply, pending = self._channel.ask(pending, shown=MASKED), None
        return reply

    def _answer(self, exchange: Exchange, reply: Reply) -> bytes:
        """Return the answer to a challenge, in base64; where there is none, break the login off and raise."""
        if reply.code != _CHALLENGE:
            facts = {"sample": str(reply), "variant": "misplaced"}
            raise SmtpFault("invalidReply", step="auth", reply=reply, facts=facts)
        challenge = _challenge(reply)
        try:
            return _encoded(exchange.respond(challenge), exchange)
        except SmtpFault as fault:
            # The login is cancelled (RFC 4954 section 4); whatever the server says to that, the conversation is over.
            with contextlib.suppress(SmtpFault):
                self._channel.send(b"*\r\n")
            if _is_in_words(reply, challenge) and fault.code == "unexpectedChallenge":
                raise SmtpFault(
                    fault.code, step=fault.step, reply=reply, facts={**fault.facts, "variant": "words"}
                ) from None
            raise

    def _told(self, exchange: Exchange) -> dict[str, str]:
        """Return what the server said inside the login, masked, cleaned and cut."""
        return {name: self._channel.sample(text.encode("utf-8", "replace")) for name, text in exchange.told().items()}


def _challenge(reply: Reply) -> bytes | None:
    try:
        return base64.b64decode(reply.challenge.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_in_words(reply: Reply, challenge: bytes | None) -> bool:
    """Tell whether a challenge says something to people: words where base64 belongs, whose octets would be no text."""
    if " " not in joined(reply.heard):
        return False
    return challenge is None or not challenge.decode("utf-8", "replace").isprintable()


def _encoded(response: bytes, exchange: Exchange) -> bytes:
    encoded = base64.b64encode(response)
    if len(encoded) > _MAX_RESPONSE_OCTETS:
        raise SmtpFault(
            "credentialUnusable", step="auth", facts={"variant": "tooLong", "mechanism": exchange.wire_name}
        )
    return encoded


def _blames_mechanism(reply: Reply) -> bool:
    """Tell whether a refusal of a login is about the mechanism, and not about who logs in. RFC 4954, RFC 5248."""
    if reply.is_transient or reply.code == _REJECTED:
        return False
    return reply.code in _MECHANISM_AT_FAULT or reply.enhanced in {"5.5.4", "5.7.4"}


def _auth_code(reply: Reply, *, is_token: bool) -> str:
    if reply.is_transient:
        return "authUnavailable"
    if _blames_mechanism(reply):
        return "mechanismRefused"
    if is_token and reply.code == _REJECTED:
        return "accessTokenRejected"
    return _AUTH_CODES.get(reply.code, "authRefused")
