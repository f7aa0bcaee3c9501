"""From a host name to the addresses that may be contacted; ``model.addresses`` says which never are."""

from __future__ import annotations

import ipaddress
import math
import socket
import threading
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.events import tell
from reconciler.model.text.addresses import never_contacted, with_reasons
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.smtp.deadline import Deadline

    Resolver = Callable[[str], tuple[str, ...]]
    """From a name to its addresses, in the order to try them; may raise ``OSError`` as ``getaddrinfo`` does."""

_MAX_ADDRESSES = 8
SERVES_SECONDS = 0.5
"""How long an answer serves whoever asks for the name: a run asks for one server's hundreds of times a second. Each
of them judges the addresses for itself. It is less than the shortest pause before another attempt."""
_NAME_UNKNOWN = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


def usable_addresses(host: str, resolver: Resolver, deadline: Deadline) -> tuple[str, ...]:
    """Return the addresses of a host that may be contacted, at most eight, in the resolver's order of preference.

    Raise ``SmtpFault`` of step dns where there is none, or none is found in time.
    """
    try:
        found = _look_up(host, resolver, deadline)
    except SmtpFault as fault:
        tell("said", speaker="note", text=f"look up {host}: {fault.code}")
        raise
    tell("said", speaker="note", text=f"look up {host}: {', '.join(found)}")
    allowed = tuple(address for address in found if never_contacted(address) is None)
    if not allowed:
        raise SmtpFault("forbiddenAddress", step="dns", facts={"addresses": with_reasons(found)})
    return allowed[:_MAX_ADDRESSES]


def ask_system(host: str) -> tuple[str, ...]:
    """Return the addresses that the system's resolver gives."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class _LookUp:
    """One call of the system's resolver, which cannot be interrupted, in a thread that can be left waiting."""

    def __init__(self, host: str, resolver: Resolver) -> None:
        self.is_done = threading.Event()
        self.addresses: tuple[str, ...] = ()
        self.error: OSError | UnicodeError | None = None
        self.serves_until = math.inf
        """A moment of the monotonic clock; what has no answer yet is waited for by all."""
        threading.Thread(target=self._run, args=(host, resolver), name=f"resolve {host}", daemon=True).start()

    def _run(self, host: str, resolver: Resolver) -> None:
        try:
            self.addresses = resolver(host)
        except (OSError, UnicodeError) as refusal:
            self.error = refusal
        finally:
            self.serves_until = time.monotonic() + SERVES_SECONDS if self.addresses else -math.inf
            self.is_done.set()


@lru_cache(maxsize=256)
def _literal(host: str) -> str | None:
    """Return the IP address that a host is; None for a name, which must be looked up."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


_look_ups: dict[tuple[str, Resolver], _LookUp] = {}
"""Those at work, and those whose answer still serves."""
_look_ups_lock = threading.Lock()


def _shared_look_up(host: str, resolver: Resolver) -> _LookUp:
    """Return the look-up of a name that is at work or was answered just now, else a new one; what failed is asked anew."""
    with _look_ups_lock:
        now = time.monotonic()
        look_up = _look_ups.get((host, resolver))
        if look_up is None or look_up.serves_until < now:
            for old in [key for key, each in _look_ups.items() if each.serves_until < now]:
                del _look_ups[old]
            look_up = _look_ups[host, resolver] = _LookUp(host, resolver)
        return look_up


def _look_up(host: str, resolver: Resolver, deadline: Deadline) -> tuple[str, ...]:
    """Return the addresses of a host. Look-ups of one name within a moment share one call of the resolver.

    The resolver itself knows no deadline: where it runs over, its thread ends when the resolver gives up, and there
    is never more than one such thread for a name.
    """
    try:
        host = host_to_ascii(host)
    except NotADomain:
        raise SmtpFault("hostNotFound", step="dns") from None
    literal = _literal(host)
    if literal is not None:
        return (literal,)
    look_up = _shared_look_up(host, resolver)
    try:
        is_done = look_up.is_done.wait(deadline.remaining_seconds())
    except TimeoutError:
        is_done = False
    if not is_done:
        raise SmtpFault("timedOut", step="dns")
    if look_up.error is None:
        return look_up.addresses
    is_unknown = isinstance(look_up.error, UnicodeError) or look_up.error.errno in _NAME_UNKNOWN
    raise SmtpFault("hostNotFound" if is_unknown else "nameLookupFailed", step="dns")
