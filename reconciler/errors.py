"""Every exception that the package raises on purpose, each with the exit code that it means.

The tree::

    ReconcilerError                 1   anything that stops a command
    ├── InvalidInput                1   manifests, project file or arguments are wrong
    ├── SecretUnreadable            1   a secret that is needed cannot be had
    ├── SenderUnavailable           1   the server of an applied account does not let it in
    ├── Declined                    1   the person asked said no, or nobody was there to ask
    ├── OutputLost                  1   stdout takes nothing, so what was done could not be told there
    ├── StateError                  1   the state cannot be used
    │   ├── StateMissing            1   there is none; `reconciler state init` makes it
    │   ├── StateUnavailable        1   locked, read-only, full, corrupt or out of reach
    │   │   └── RowUnreadable       1   a row holds what is never written
    │   └── JournalBroken           1   the journal does not hold together
    ├── VerificationFailed          3   a check failed, so nothing was applied
    ├── GuardRefused                4   a guard refused, or a credential was withheld
    └── PlanStale                   5   the state is no longer what was planned from or looked at

The facts are in ``diagnostics``; the text of the exception is made from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from reconciler.diagnostics import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.diagnostics import Diagnostic


class ReconcilerError(Exception):
    """Something stopped a command; ``diagnostics`` says what, where, why and what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        """Keep one or more problems as they are to be shown: each cause once, in their order."""
        problems = diagnostics if isinstance(diagnostics, (tuple, list)) else (diagnostics,)
        self.diagnostics: tuple[Diagnostic, ...] = grouped(problems)
        super().__init__("; ".join(problem.summary for problem in self.diagnostics))


class InvalidInput(ReconcilerError):
    """Manifests, the project file or arguments are wrong."""


class SecretUnreadable(ReconcilerError):
    """A secret that is needed cannot be read."""


class SenderUnavailable(ReconcilerError):
    """The server of an applied account cannot be reached, or does not let the account in."""


class Declined(ReconcilerError):
    """A question was answered with no, or could not be asked."""


class OutputLost(ReconcilerError):
    """Standard output cannot be written, such as on a full disk."""


class StateError(ReconcilerError):
    """The state cannot be used."""


class StateMissing(StateError):
    """There is no state where one was expected."""


class StateUnavailable(StateError):
    """The state is locked, read-only, full, corrupt or out of reach."""


class RowUnreadable(StateUnavailable):
    """A row of the state does not hold what reconciler writes: something else altered it, or the file is damaged."""


class JournalBroken(StateError):
    """The journal's chain does not hold."""


class VerificationFailed(ReconcilerError):
    """A check failed, so nothing was applied."""

    exit_code = 3


class GuardRefused(ReconcilerError):
    """A guard refused the plan, or a credential was withheld."""

    exit_code = 4


class PlanStale(ReconcilerError):
    """The state has changed since the plan was made, or since whoever decides has looked at it."""

    exit_code = 5
