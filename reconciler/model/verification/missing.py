"""What a verification needs and does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.verification.evidence import CheckName


@dataclass(frozen=True, slots=True)
class Missing:
    """A secret that a verification needs and does not have: the step that needs it, and why it cannot be read."""

    check: CheckName
    problem: Diagnostic
