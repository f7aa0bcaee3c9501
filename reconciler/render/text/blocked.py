"""What blocks a plan, in plain words, and what to do about each kind of obstacle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import CODES
from reconciler.render.text.layout import hang

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.plan import Plan
    from reconciler.render.text.style import Style

_MOST_NAMES = 10
_ABOUT_VERIFICATION = frozenset({"verificationFailed", "verificationIncomplete", "credentialWithheld"})


def blocked_lines(plan: Plan, *, style: Style) -> list[str]:
    """Return the closing words of a blocked plan: each obstacle with its way out, commands on lines of their own."""
    verdict = hang("", "This plan is blocked: apply would refuse it.", width=style.width)
    lines = ["", *(style.paint(line, "bad") for line in verdict)]
    return [*lines, *_guards(plan, style), *_withheld(plan, style), *_failed(plan, style), *_errors(plan, style)]


def _guards(plan: Plan, style: Style) -> list[str]:
    codes = _error_codes(plan, is_guard=True)
    if not codes:
        return []
    noun = "A guard refuses it" if len(codes) == 1 else f"{len(codes)} guards refuse it"
    way_out = "The errors told with this plan say why, and how to lift what is meant."
    return _obstacle(f"{noun}: {', '.join(codes)}. {way_out}", style)


def _withheld(plan: Plan, style: Style) -> list[str]:
    names = _names(plan, "withheld")
    if not names or "projectNotTrusted" in _error_codes(plan, is_guard=True):
        return []  # an untrusted project file withholds every credential, wherever it would go
    return _obstacle(
        f"A credential was withheld from {_enumerate(names)}: it would go somewhere that it has not gone before. "
        "If the servers named above are right, the route must be granted in the project file.",
        style,
    )


def _failed(plan: Plan, style: Style) -> list[str]:
    names = _names(plan, "failed")
    if not names:
        return []
    lines = _obstacle(
        f"Verification failed for {_enumerate(names)}. Mend what the checks say and plan again, "
        f"or leave {'it' if len(names) == 1 else 'them'} out:",
        style,
    )
    shown = names[:_MOST_NAMES]
    more = " …" if len(names) > _MOST_NAMES else ""
    command = "reconciler plan " + " ".join(f"--exclude {name}" for name in shown) + more
    return [*lines, f"        {style.show(command)}"]


def _errors(plan: Plan, style: Style) -> list[str]:
    codes = _error_codes(plan, is_guard=False)
    if not codes:
        return []
    return _obstacle(f"Errors told with this plan must be mended first: {', '.join(codes)}.", style)


def _obstacle(text: str, style: Style) -> list[str]:
    return hang("  * ", style.show(text), width=style.width)


def _names(plan: Plan, status: str) -> list[str]:
    return [change.name for change in plan.changes if change.verification.status == status and not change.held]


def _error_codes(plan: Plan, *, is_guard: bool) -> list[str]:
    """Return the codes of the errors, sorted; those that a verification tells better are left to it."""
    errors: Iterable[str] = (problem.code for problem in plan.diagnostics if problem.severity == "error")
    told = set(errors) - _ABOUT_VERIFICATION
    return sorted(code for code in told if code in CODES and CODES[code].is_guard is is_guard)


def _enumerate(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
