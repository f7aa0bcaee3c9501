"""Tokens for one run: each is asked for once, however many accounts need it at the same time.

A token serves until shortly before it expires. A refusal that will not pass stands for the rest of the run, so that
a wrong refresh token is not tried for each of eighty accounts; one that may pass is shared by all who waited for it,
may be tried again later, and stands after the third time.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.secrets.values import FingerprintKey
from reconciler.model.text.globs import matches_any_host
from reconciler.oauth2.answers import judge, masks_of
from reconciler.oauth2.assertions import signed
from reconciler.oauth2.https import post_form
from reconciler.oauth2.request import endpoint_of
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.model.secrets.values import SecretValue
    from reconciler.oauth2.request import Endpoint, TokenRequest
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.lookup import Resolver

    _Key = tuple[str | None, ...]

_MAX_TRANSIENT = 3
_MARGIN_SECONDS = 60.0
_WAITED = "the answer that another account waits for did not come within the account's time limit"


@dataclass
class _Slot:
    """What is known of one client at one endpoint; ``changed`` guards it and wakes those who wait."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    is_asking: bool = False
    token: SecretValue | None = None
    usable_until: float | None = None
    """By the cache's clock; None: for the whole run."""
    refresh_token: SecretValue | None = None
    """The latest one that the endpoint issued; None: the declared one is in use."""
    fault: SmtpFault | None = None
    is_out_of_time: bool = False
    """Whether the fault says no more than that who asked had no time left; others may have some."""
    transient_faults: int = 0

    def is_usable(self, at: float) -> bool:
        """Tell whether the token still serves."""
        return self.token is not None and (self.usable_until is None or at < self.usable_until)

    def is_final(self) -> bool:
        """Tell whether the fault stands for the rest of the run."""
        if self.fault is None:
            return False
        return self.fault.failure_class == "permanent" or self.transient_faults >= _MAX_TRANSIENT


class TokenCache:
    """Gets tokens and keeps them for one run, for any number of threads; nothing outlives the cache."""

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = ("*",),
        resolver: Resolver | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Begin without any token. ``allowed_hosts`` are the globs of ``verification.servers``.

        ``now`` gives the seconds since 1970 that signed requests name.
        """
        self._allowed_hosts = tuple(allowed_hosts)
        self._resolver = resolver
        self._clock = clock
        self._now = now
        self._slots: dict[_Key, _Slot] = {}
        self._lock = threading.Lock()
        self._key = FingerprintKey(os.urandom(32))  # of this cache alone: it decides what is the same, and no output

    def source(self, request: TokenRequest) -> CachedToken:
        """Return what gets the token of a request when it is called; nothing is contacted before it is."""
        return CachedToken(self, request)

    def known(self, request: TokenRequest) -> SecretValue | None:
        """Return the latest token of a request, expired or not; None where none was issued yet."""
        return self._slot(request).token

    def token(self, request: TokenRequest, deadline: Deadline) -> SecretValue:
        """Return a token, asking the endpoint if need be; raise ``SmtpFault`` of step auth where there is none.

        While another thread asks the same, wait for its answer, not beyond the deadline.
        """
        endpoint = endpoint_of(request.token_url)
        if not matches_any_host(self._allowed_hosts, endpoint.host):
            raise endpoint.fault("tokenHostForbidden")
        slot = self._slot(request)
        known = self._known(slot, endpoint, deadline)
        return known if known is not None else self._ask(slot, request, endpoint, deadline)

    def _slot(self, request: TokenRequest) -> _Slot:
        marks = (secret.fingerprint(self._key) if secret is not None else None for secret in request.identity)
        key = (request.token_url, request.client_id, request.scope, request.subject, *marks)
        with self._lock:
            return self._slots.setdefault(key, _Slot())

    def _known(self, slot: _Slot, endpoint: Endpoint, deadline: Deadline) -> SecretValue | None:
        """Return the token that still serves. None tells the caller to ask for one, which nobody else then does."""
        with slot.changed:
            has_waited = False
            while slot.is_asking:
                has_waited = True
                try:
                    slot.changed.wait(deadline.remaining_seconds())
                except TimeoutError:
                    raise endpoint.fault("tokenEndpointUnreachable", reason=_WAITED) from None
            if slot.is_usable(self._clock()):
                return slot.token
            if slot.fault is not None and (slot.is_final() or (has_waited and not slot.is_out_of_time)):
                raise _again(slot.fault)
            slot.is_asking = True
            return None

    def _ask(self, slot: _Slot, request: TokenRequest, endpoint: Endpoint, deadline: Deadline) -> SecretValue:
        asked_at = self._clock()
        current = replace(request, refresh_token=slot.refresh_token) if slot.refresh_token else request
        try:
            current = replace(
                current, assertion=signed(current, at_seconds=self._now(), identifier=os.urandom(16).hex())
            )
            answer = post_form(
                endpoint, current.form(), deadline=deadline, resolver=self._resolver, masks=masks_of(current)
            )
            issued = judge(answer, current, endpoint)
            slot.token, slot.fault, slot.transient_faults = issued.value, None, 0
            slot.refresh_token = issued.refresh_token or slot.refresh_token
            slot.usable_until = _usable_until(asked_at, issued.lifetime_seconds)
        except SmtpFault as fault:
            slot.fault, slot.is_out_of_time = _again(fault), deadline.is_over
            slot.transient_faults += fault.failure_class == "transient"
            raise
        finally:
            with slot.changed:
                slot.is_asking = False
                slot.changed.notify_all()
        return issued.value


@dataclass(frozen=True, eq=False)
class CachedToken:
    """The token of one request, out of a cache."""

    tokens: TokenCache
    request: TokenRequest

    def __call__(self, deadline: Deadline, /) -> SecretValue:
        """Return the token, asking the endpoint if need be; raise ``SmtpFault`` of step auth where there is none."""
        return self.tokens.token(self.request, deadline)

    def known(self) -> SecretValue | None:
        """Return the latest token, without asking for one."""
        return self.tokens.known(self.request)


def _usable_until(asked_at: float, lifetime_seconds: float | None) -> float | None:
    """Return until when a token serves: a minute before its end, or half of a life shorter than two."""
    if lifetime_seconds is None:
        return None
    return asked_at + lifetime_seconds - min(_MARGIN_SECONDS, lifetime_seconds / 2)


def _again(fault: SmtpFault) -> SmtpFault:
    """Return a copy of a fault: an exception that several threads raise would collect their tracebacks."""
    return SmtpFault(fault.code, step=fault.step, facts=fault.facts)
