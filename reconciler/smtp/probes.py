"""Second looks at a server whose port and encryption do not fit: they tell what the port really speaks.

A probe opens a connection of its own, carries no credential and no mail, and never fails: what it cannot find out,
it does not say.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from reconciler.smtp import tls
from reconciler.smtp.channel import Channel
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.smtp.certificate import Certificate
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.dial import Dialer

_PROBE_SECONDS = 5.0
_UNFINISHED = frozenset({"timedOut", "connectionLost"})


def speaks_tls_at_once(dialer: Dialer, server_name: str, deadline: Deadline) -> bool:
    """Tell whether the port answers a ClientHello: implicit TLS keeps silent until it sees one."""
    try:
        with _second_connection(dialer, deadline) as session:
            session.encrypt_at_once(tls.observing_context(), server_name)
    except SmtpFault as fault:
        return fault.step == "tls" and fault.code not in _UNFINISHED
    except tls.NotTls:
        return False
    return True


def clear_text_offer(dialer: Dialer, helo_name: str | None, deadline: Deadline) -> Literal["starttls", "none"] | None:
    """Return the encryption to declare for a port that begins in clear text; None where it is no mail server."""
    try:
        with _second_connection(dialer, deadline) as session:
            session.greet(helo_name)
            return "starttls" if session.offers("STARTTLS") else "none"
    except SmtpFault:
        return None


def presented_chain(
    dialer: Dialer, server_name: str, helo_name: str | None, deadline: Deadline, *, is_implicit: bool
) -> tuple[Certificate, ...]:
    """Return the certificates that the server sends, trusted or not, its own first; nothing where it sends none."""
    try:
        return take_chain(dialer, server_name, helo_name, deadline, is_implicit=is_implicit)
    except (SmtpFault, tls.NotTls):
        return ()


def take_chain(
    dialer: Dialer, server_name: str, helo_name: str | None, deadline: Deadline, *, is_implicit: bool
) -> tuple[Certificate, ...]:
    """Return the certificates that the server sends, its own first.

    Raises ``SmtpFault`` or ``NotTls`` where the conversation does not come to them.
    """
    with _second_connection(dialer, deadline) as session:
        if is_implicit:
            return session.encrypt_at_once(tls.observing_context(), server_name).chain
        session.greet(helo_name)
        return session.start_tls(tls.observing_context(), server_name).chain


@contextlib.contextmanager
def _second_connection(dialer: Dialer, deadline: Deadline) -> Iterator[Session]:
    try:
        within = deadline.sooner(min(_PROBE_SECONDS, deadline.remaining_seconds() / 2))
    except TimeoutError:
        raise SmtpFault("timedOut", step="connect") from None
    connection = dialer.connect(within)
    connection.wire.note("a second look at the port: neither login nor mail goes over this connection")
    channel = Channel(connection.socket, within, connection.wire)
    try:
        yield Session(channel, is_loopback=False)
    finally:
        channel.close()
