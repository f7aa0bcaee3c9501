"""The checks of one conversation as they are made: outcome, sentence, time; and why the others were not made."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.events import somebody_listens, tell
from reconciler.model.verification.evidence import CONVERSATION, Check, is_within, skipped_check
from reconciler.rules.verification.refusals import Circumstances, meaning_of_fault
from reconciler.verification.providers import recognise
from reconciler.verification.rejected import of_the_password
from reconciler.verification.retries import Earlier
from reconciler.verification.sentences import sentence, skip_sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.event import EventName
    from reconciler.model.verification.evidence import CheckName, CheckStatus, FailureClass
    from reconciler.smtp.faults import SmtpFault
    from reconciler.verification.target import Target

_BEFORE_LOGIN = frozenset({"connect", "greeting", "tls"})


class Stopped(Exception):
    """A check failed or was withheld; the checks after it are not made."""


_BESIDE_THE_PASSWORD = frozenset({"rateLimited", "accountSuspended", "serverRefused", "authUnavailable"})
"""What a server may say of a login, and what its provider's general advice on user name and password is no answer to."""


class Ledger:
    """Checks by name, at most one each; ``current`` is the one at work."""

    def __init__(
        self, target: Target, *, sender: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin without any check; ``sender`` is the account whose checks they are, None those of all."""
        self._target = target
        self._sender = sender
        self._clock = clock
        self._checks: dict[CheckName, Check] = {}
        self._earlier: dict[CheckName, Earlier] = {}
        self._began_at = clock()
        self.fault: SmtpFault | None = None
        """How the check at work failed, as it was recorded."""
        self.current: CheckName = "dns"

    def start_over(self) -> None:
        """Forget all checks, so that they are made anew. The next record of one that had failed tells so."""
        if self.fault is not None:
            known = self._earlier.get(self.current)
            self._earlier[self.current] = Earlier.after(known, self._began_at, self.fault)
        self.fault = None
        self._checks = {}

    def continue_from(self, opening: Ledger) -> None:
        """Start over with the checks of the opening as they are, for one of the senders that share it."""
        self.start_over()
        self._checks = dict(opening._checks)
        self._earlier |= opening._earlier
        self.current = opening.current
        if opening.fault is not None:
            failed = self._checks[self.current]
            # An attempt before had come further than the one at work.
            later = CONVERSATION[CONVERSATION.index(self.current) + 1 :]
            furthest = next((check for check in reversed(later) if check in self._earlier), None)
            before = "" if furthest is None else self._earlier[furthest].on_failure_before(furthest)
            self._checks[self.current] = replace(failed, message=failed.message + before)

    def begin(self, check: CheckName) -> bool:
        """Start the clock of a check and return True; False where the depth or the account does not ask for it.

        The time of a check that is made again counts from its first attempt, pauses included.
        """
        self.current = check
        self._began_at = self._earlier[check].began_at if check in self._earlier else self._clock()
        is_made = is_within(check, self._target.depth) and is_declared(check, self._target)
        if is_made:
            self._tell("checkBegan")
        return is_made

    def passed(self, message: str) -> None:
        """Record that nothing is wrong with the check at work."""
        self._record("passed", "ok", message + self._on_success())

    def warned(self, code: str, message: str) -> None:
        """Record a warning about the check at work."""
        self._record("warned", code, message + self._on_success())

    def failed(self, fault: SmtpFault) -> Stopped:
        """Record a fault under the check at work, and return what ends the conversation."""
        if fault.code == "withheld":
            return self.withheld(sentence(fault, self.current, self._target))
        known, advice = self._understood(fault)
        message = sentence(known, self.current, self._target, advice=advice)
        if "other_addresses" in known.facts and self.current in _BEFORE_LOGIN:
            message += f" Of its other addresses, {known.facts['other_addresses']}."
        if "chosen_by_proxy" in known.facts:
            message += " Which address of the host that was, the proxy alone knows; no other was tried."
        # Attempts before may have to do with it, a reply of theirs above all.
        earlier = self._earlier.get(self.current)
        message += of_the_password(fault, self._target.access)
        message += earlier.on_failure(known) if earlier is not None else ""
        self._record("failed", known.code, message, known.failure_class)
        self.fault = known
        return Stopped()

    def _understood(self, fault: SmtpFault) -> tuple[SmtpFault, str | None]:
        """Return a fault by the code that the server's words stand for, and a provider's advice; None: there is none."""
        row = recognise(fault, self._target.server.host)
        advice = row.advice if row is not None else None
        if row is not None:
            fault.facts.update(row.told(fault))
        if row is not None and row.code is not None:
            return fault.known_as(row.code), advice
        circumstances = Circumstances(
            is_logged_in=self._target.access.declares_login,
            has_token=self._target.access.token is not None,
            sender=fault.facts.get("sender"),
            recipient=fault.facts.get("recipient"),
        )
        meaning = meaning_of_fault(fault, circumstances)
        if row is not None and self.current == "auth":
            if meaning is None or not (row.is_general and meaning.code in _BESIDE_THE_PASSWORD):
                return fault, advice  # which knows more of a refused login than words that many servers use
            advice = None
        return (fault if meaning is None else fault.known_as(meaning.code, meaning.variant)), advice

    def withheld(self, message: str) -> Stopped:
        """Record that the credential stays here, and return what ends the conversation."""
        self._record("skipped", "withheld", message)
        return Stopped()

    def checks(self) -> tuple[Check, ...]:
        """Return every check of a conversation in its order; those not made are skipped, with the reason."""
        return tuple(self._checks.get(check) or self._skipped(check) for check in CONVERSATION)

    def _on_success(self) -> str:
        earlier = self._earlier.get(self.current)
        return earlier.on_success() if earlier else ""

    def _record(self, status: CheckStatus, code: str, message: str, failure_class: FailureClass | None = None) -> None:
        seconds = round(self._clock() - self._began_at, 3)
        self._checks[self.current] = Check(
            check=self.current, status=status, class_=failure_class, code=code, message=message, seconds=seconds
        )
        self._tell("checkEnded", status=status, class_=failure_class, code=code, text=message, seconds=seconds)

    def _tell(self, event: EventName, **facts: Any) -> None:
        """Tell whoever listens of the check at work: for its sender alone, where it is one sender's."""
        if not somebody_listens():
            return
        whose = {} if self._sender is None else {"accounts": (self._sender,)}
        tell(event, server=self._target.server.place, check=self.current, **whose, **facts)

    def _skipped(self, check: CheckName) -> Check:
        if not is_within(check, self._target.depth):
            code = "beyondDepth"
        else:
            code = "earlierFailure" if is_declared(check, self._target) else "notDeclared"
        message = skip_sentence(code, check, self._target.depth)
        return skipped_check(check, code, message)


def is_declared(check: CheckName, target: Target) -> bool:
    """Tell whether the account declares what a check looks at."""
    proxy = target.server.proxy
    if check == "dns":
        return proxy is None or not proxy.resolves_remotely
    if check == "proxy":
        return proxy is not None
    if check == "tls":
        return target.server.encryption != "none"
    return check != "auth" or target.access.declares_login
