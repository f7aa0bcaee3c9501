"""The checks of one conversation as they are made: outcome, sentence, time; and why the others were not made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.model.evidence import CONVERSATION, Check, is_within
from reconciler.verification.sentences import sentence, skip_sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.evidence import CheckName, CheckStatus, FailureClass
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
        self._began_at = clock()
        self.current: CheckName = "dns"

    def fork(self) -> Ledger:
        """Return a copy to go on with for one sender."""
        copy = Ledger(self._target, clock=self._clock)
        copy._checks = dict(self._checks)
        copy.current = self.current
        return copy

    def begin(self, check: CheckName) -> bool:
        """Start the clock of a check and return True; False where the depth or the account does not ask for it."""
        self.current = check
        self._began_at = self._clock()
        return is_within(check, self._target.depth) and is_declared(check, self._target)

    def passed(self, message: str) -> None:
        """Record that nothing is wrong with the check at work."""
        self._record("passed", "ok", message)

    def warned(self, code: str, message: str) -> None:
        """Record a warning about the check at work."""
        self._record("warned", code, message)

    def failed(self, fault: SmtpFault) -> Stopped:
        """Record a fault under the check at work, and return what ends the conversation."""
        if fault.code == "withheld":
            return self.withheld(sentence(fault, self.current, self._target))
        self._record("failed", fault.code, sentence(fault, self.current, self._target), fault.failure_class)
        return Stopped()

    def withheld(self, message: str) -> Stopped:
        """Record that the credential stays here, and return what ends the conversation."""
        self._record("skipped", "withheld", message)
        return Stopped()

    def checks(self) -> tuple[Check, ...]:
        """Return every check of a conversation in its order; those not made are skipped, with the reason."""
        return tuple(self._checks.get(check) or self._skipped(check) for check in CONVERSATION)

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
    if check in {"dns", "proxy"}:
        return (check == "proxy") == (target.server.proxy is not None)
    if check == "tls":
        return target.server.encryption != "none"
    return check != "auth" or target.declares_login
