"""A real SMTP server on the loopback interface, for tests and for the demo.

``MailServer`` behaves (aiosmtpd; STARTTLS, implicit TLS or neither; PLAIN and LOGIN, and those of ``sasl`` on demand)
and records what it was sent; what it refuses is declared in ``Refusals``. Servers that break the protocol are in ``scripted``.

    with MailServer(tls_context=TestCA().server_context("localhost"), users={"anna": "s3cret"}) as server:
        ...  # connect to server.host, server.port
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import selectors
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.certificates import TestCA
from tests.support.sasl import MECHANISMS, MailServerLogins

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence
    from types import TracebackType

__all__ = ["Encryption", "MailServer", "ReceivedMessage", "Refusals", "TestCA"]

Encryption = Literal["starttls", "tls", "none"]

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd warns of clients that tests send on purpose

_BIND_ADDRESS = "127.0.0.1"
_STOP_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """What the server says no to; each reply is a whole line such as ``550 5.7.1 not yours``."""

    greeting: str | None = None
    """Said in place of 220, after which the server closes."""
    login: str | None = None
    """Said to every login, right or wrong."""
    wrong_login: str = "535 5.7.8 Error: authentication failed"
    """Said to a login with a wrong user name or password."""
    senders: Mapping[str, str] = field(default_factory=dict)
    """Reply to MAIL by address."""
    recipients: Mapping[str, str] = field(default_factory=dict)
    """Reply to RCPT by address."""
    message: str | None = None
    """Reply after the final dot."""


@dataclass(frozen=True)
class ReceivedMessage:
    """One message that the server took."""

    envelope_from: str
    recipients: tuple[str, ...]
    content: bytes
    username: str | None
    """Who was logged in; None: nobody."""


class MailServer:
    """An SMTP server that runs in a thread of its own between ``start`` and ``stop``, or inside ``with``.

    ``host`` is the name that clients use (and that the certificate should be for); the server listens on 127.0.0.1
    only. ``port`` 0 takes a free one. ``requires_auth`` defaults to whether there are users. A
    ``reply_delay_seconds`` is waited before each reply, to stand for a distant server. What was received stays
    readable after the server has stopped.
    """

    def __init__(  # noqa: PLR0913 - keyword-only options of a test server, all with defaults
        self,
        *,
        host: str = "localhost",
        port: int = 0,
        encryption: Encryption = "starttls",
        tls_context: ssl.SSLContext | None = None,
        users: Mapping[str, str] | None = None,
        requires_auth: bool | None = None,
        mechanisms: Sequence[str] = ("PLAIN", "LOGIN"),
        refusals: Refusals | None = None,
        queue_reply: str = "250 2.0.0 Ok: queued as TEST4711",
        reply_delay_seconds: float = 0.0,
    ) -> None:
        """Keep the settings; nothing listens yet."""
        if encryption != "none" and tls_context is None:
            raise ValueError("a server with TLS needs a tls_context, such as TestCA().server_context('localhost')")
        self.host = host
        self.port = port
        self.encryption: Encryption = encryption
        self.users = dict(users or {})
        self.requires_auth = bool(self.users) if requires_auth is None else requires_auth
        self.mechanisms = tuple(mechanisms)
        self.refusals = refusals or Refusals()
        self.queue_reply = queue_reply
        self.reply_delay_seconds = reply_delay_seconds
        self.messages: list[ReceivedMessage] = []
        self.logins: Counter[str] = Counter()
        """Login attempts, right or wrong, by user name."""
        self.commands: Counter[str] = Counter()
        """MAIL and RCPT by address: ``MAIL:sales@example.com``."""
        self.connections = 0
        self.tls_context = tls_context
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def login_attempts(self) -> int:
        """How many logins were tried, over all users."""
        return sum(self.logins.values())

    def start(self) -> MailServer:
        """Listen in a new thread and return once connections are taken; ``OSError`` where the port is taken."""
        selector = selectors.DefaultSelector()
        self._loop = loop = asyncio.SelectorEventLoop(selector)
        loop.set_exception_handler(lambda _loop, _context: None)  # clients that break off are what tests are about
        implicit = self.tls_context if self.encryption == "tls" else None
        try:
            listening = loop.run_until_complete(
                loop.create_server(self._make_protocol, _BIND_ADDRESS, self.port, ssl=implicit, backlog=1024)
            )
        except OSError:
            loop.close()
            raise
        self.port = listening.sockets[0].getsockname()[1]
        self._thread = threading.Thread(
            target=self._run, args=(loop, selector, listening), name="mail server", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for the thread to end."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)
        self._loop = self._thread = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _run(
        self, loop: asyncio.AbstractEventLoop, selector: selectors.BaseSelector, listening: asyncio.Server
    ) -> None:
        asyncio.set_event_loop(loop)
        no_connections = _registered(selector)  # what listens, and the loop's own
        loop.run_forever()
        for taking in listening.sockets:  # the server itself is closed last: what it has just taken is still its own
            loop.remove_reader(taking.fileno())
        loop.run_until_complete(_end_connections(selector, no_connections))
        listening.close()
        loop.close()

    def _make_protocol(self) -> asyncio.Protocol:
        self.connections += 1
        return _Conversation(self)


def _registered(selector: selectors.BaseSelector) -> set[int]:
    return {key.fd for key in selector.get_map().values()}


async def _end_connections(selector: selectors.BaseSelector, others: set[int]) -> None:
    """Close every connection, so that no socket is left to a search for garbage, which would fall into a later test."""
    await asyncio.sleep(0)  # a connection that was taken as the loop stopped is known to a task alone, which begins now
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    while taken := _registered(selector) - others:
        for number in taken:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as connection:
                connection.shutdown(socket.SHUT_RDWR)
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # what is closed gives its socket back in the loop's next turn


class _Conversation(MailServerLogins, SMTP):
    """One connection; differs from aiosmtpd's in its mechanisms, the greeting it can refuse with and its delay."""

    def __init__(self, server: MailServer) -> None:
        starttls = server.encryption == "starttls"
        super().__init__(
            _Hooks(server),
            hostname=server.host,
            ident="test server",
            tls_context=server.tls_context if starttls else None,
            auth_require_tls=starttls,
            auth_exclude_mechanism={"PLAIN", "LOGIN", *MECHANISMS} - set(server.mechanisms),
            authenticator=_Logins(server),
            loop=server._loop,  # noqa: SLF001 - the two classes are one server
        )
        self._server = server
        self.users = server.users
        self._is_greeted = False

    def _create_session(self) -> Session:
        return _Session(self.loop)

    async def push(self, status: Any) -> None:
        """Send one reply line, after the delay; the first one is the greeting."""
        if self._server.reply_delay_seconds:
            await asyncio.sleep(self._server.reply_delay_seconds)
        greeting, self._is_greeted = (None if self._is_greeted else self._server.refusals.greeting), True
        await super().push(greeting or status)
        if greeting and self.transport is not None:
            self.transport.close()


class _Session(Session):
    """A session whose ``login_data`` may be assigned without aiosmtpd's warning that it will go away."""

    login_data: Any = None


class _Logins:
    """Decides logins; aiosmtpd calls it once for each attempt."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def __call__(
        self, _smtp: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, offered: LoginPassword
    ) -> AuthResult:
        username = offered.login.decode("utf-8", "backslashreplace")
        self._server.logins[username] += 1
        if self._server.refusals.login:
            return AuthResult(success=False, handled=False, message=self._server.refusals.login)
        expected = self._server.users.get(username)
        if expected is None or expected.encode() != offered.password:
            return AuthResult(success=False, handled=False, message=self._server.refusals.wrong_login)
        return AuthResult(success=True, auth_data=offered)


class _Hooks:
    """What happens at each command; method names are aiosmtpd's."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_EHLO(  # noqa: N802 - aiosmtpd finds it by this name
        self, _smtp: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if self._server.users and self._server.mechanisms:
            return responses
        return [line for line in responses if not line.startswith("250-AUTH")]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's signature
        self, _smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._server.commands[f"MAIL:{address}"] += 1
        if self._server.requires_auth and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if address in self._server.refusals.senders:
            return self._server.refusals.senders[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's signature
        self, _smtp: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self._server.commands[f"RCPT:{address}"] += 1
        if address in self._server.refusals.recipients:
            return self._server.refusals.recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self._server.refusals.message:
            return self._server.refusals.message
        login = session.auth_data.login if isinstance(session.auth_data, LoginPassword) else None
        self._server.messages.append(
            ReceivedMessage(
                envelope_from=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                content=bytes(envelope.original_content or b""),
                username=None if login is None else login.decode("utf-8", "backslashreplace"),
            )
        )
        return self._server.queue_reply

    async def handle_exception(self, _error: Exception) -> str:
        return "451 4.3.0 the test server could not go on"
