"""One file over HTTPS of a host that a domain's owner chooses: an end, a greatest size, a certificate that holds.

The host may be whatever somebody wrote; so nothing is contacted but an address that is never forbidden, no redirect is
followed here, and no more than 64 KiB is read.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

from reconciler.smtp.bounded import TooLong
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.https import Answer, NotHttp, Request, ask
from reconciler.smtp.tls import refusal_in_words
from reconciler.smtp.tlsalerts import reason_of
from reconciler.verification.domains.answers import DnsTrouble

if TYPE_CHECKING:
    from reconciler.smtp.deadline import Deadline
    from reconciler.verification.domains.lookup import Lookups

_UNREACHED = {
    "hostNotFound": "its host does not exist in the DNS",
    "nameLookupFailed": "the name servers gave no answer about its host",
    "connectionRefused": "its host refused the connection",
    "unreachable": "there is no way through the network to its host",
    "timedOut": "its host did not take the connection in time",
}


class FetchTrouble(Exception):
    """The file cannot be had; the message says why, as a clause."""


def get(host: str, path: str, lookups: Lookups, *, accept: str, deadline: Deadline, port: int = 443) -> Answer:
    """Return what a host answers to a request for a file; raise ``FetchTrouble`` where no answer comes."""
    request = Request(method="GET", host=host, target=path, authority=host, accept=accept)
    try:
        dialer = DirectDialer(host, port, resolver=lambda name: _addresses(name, lookups, deadline))
        connection = dialer.connect(deadline)
        with contextlib.closing(connection.wire):
            return ask(connection, request, deadline, shown_form=b"", show=_shown)
    except SmtpFault as fault:
        raise FetchTrouble(_UNREACHED.get(fault.code) or "its host has an address that is never contacted") from None
    except ssl.SSLCertVerificationError as refusal:
        raise FetchTrouble(f"its certificate does not hold ({refusal_in_words(refusal)})") from None
    except ssl.SSLError as refusal:
        raise FetchTrouble(f"TLS failed ({reason_of(refusal)})") from None
    except NotHttp:
        raise FetchTrouble("its host does not answer as HTTP has it") from None
    except TooLong:
        raise FetchTrouble("it is longer than 64 KiB") from None
    except TimeoutError:
        raise FetchTrouble("its host did not answer in time") from None
    except OSError:
        raise FetchTrouble("its host closed the connection") from None


def _addresses(host: str, lookups: Lookups, deadline: Deadline) -> tuple[str, ...]:
    """Return what the name servers of the domain checks say; raise as ``getaddrinfo`` does."""
    import socket

    try:
        answers = [lookups.ask(host, kind, deadline=deadline) for kind in ("AAAA", "A")]
    except DnsTrouble:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer") from None
    found = tuple(address for answer in answers for address in answer.addresses)
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    return found


def _shown(answer: Answer) -> bytes:
    lines = answer.content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return f"HTTP status {answer.status}\r\n\r\n".encode() + lines
