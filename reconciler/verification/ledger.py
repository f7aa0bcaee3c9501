"""The checks of one conversation as they are made: outcome, sentence, time; and why the others were not made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.model.verification.evidence import CONVERSATION, Check, is_within
from reconciler.verification.providers import recognise
from reconciler.verification.retries import Earlier
from reconciler.verification.sentences import sentence, skip_sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.verification.evidence import CheckName, CheckStatus, FailureClass
    from reconciler.smtp.faults import SmtpFault
    from reconciler.verification.target import Target


class Stopped(Exception):
    """A check failed or was withheld; the checks after it are not made."""


class Ledger:
    """Checks by name, at most one each; ``current`` is the one at work."""

    def __init__(self, target: Target, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any check."""
        self._target = target
        self._clock = clock
        self._checks: dict[CheckName, Check] = {}
        self._earlier: dict[CheckName, Earlier] = {}
        self._began_at = clock()
        self.fault: SmtpFault | None = None
        """How the check at work failed, as it was recorded."""
        self.current: CheckName = "dns"

    def start_over(self) -> None:
        """Forget all checks, to make them anew; of one that failed, its next record tells that it did."""
        if self.fault is not None:
            known = self._earlier.get(self.current)
            attempts = known.attempts + 1 if known else 1
            self._earlier[self.current] = Earlier(attempts, self._began_at, self.fault)
        self.fault = None
        self._checks = {}

    def continue_from(self, opening: Ledger) -> None:
        """Start over with the checks of the opening as they are, for one of the senders that share it."""
        self.start_over()
        self._checks = dict(opening._checks)
        self._earlier |= opening._earlier
        self.current = opening.current

    def begin(self, check: CheckName) -> bool:
        """Start the clock of a check and return True; False where the depth or the account does not ask for it.

        The time of a check that is made again counts from its first attempt, pauses included.
        """
        self.current = check
        self._began_at = self._earlier[check].began_at if check in self._earlier else self._clock()
        return is_within(check, self._target.depth) and is_declared(check, self._target)

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
        known, advice = recognise(fault, self._target.server.host)
        message = sentence(known, self.current, self._target, advice=advice)
        earlier = self._earlier.get(self.current)
        message += earlier.on_failure(known) if earlier else ""
        self._record("failed", known.code, message, known.failure_class)
        self.fault = known
        return Stopped()

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

    def _skipped(self, check: CheckName) -> Check:
        if not is_within(check, self._target.depth):
            code = "beyondDepth"
        else:
            code = "earlierFailure" if is_declared(check, self._target) else "notDeclared"
        message = skip_sentence(code, check, self._target.depth)
        return Check(check=check, status="skipped", code=code, message=message)


def is_declared(check: CheckName, target: Target) -> bool:
    """Tell whether the account declares what a check looks at."""
    proxy = target.server.proxy
    if check == "dns":
        return proxy is None or not proxy.resolves_remotely
    if check == "proxy":
        return proxy is not None
    if check == "tls":
        return target.server.encryption != "none"
    return check != "auth" or target.declares_login
