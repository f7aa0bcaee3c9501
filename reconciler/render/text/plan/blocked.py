"""What blocks a plan, in plain words, and a way out for each kind of obstacle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.diagnostics import CODES, MOST_NAMES, enumerated
from reconciler.render.text.parts.layout import hang
from reconciler.rules.plan.finish import FAILED_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Plan
    from reconciler.render.text.parts.style import Style

_MOST_VARIABLES = 3
_REJECTED = "credentialsRejected"
_PASSWORD_PATH = "spec.smtp.authentication.password"  # noqa: S105 - a path
_VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_WITHHELD = "credentialWithheld"
_ABOUT_VERIFICATION = FAILED_CODES | {"verificationIncomplete", _WITHHELD}


def blocked_lines(plan: Plan, *, style: Style) -> list[str]:
    """Return the closing words of a blocked plan: each obstacle and its way out, commands on lines of their own."""
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
    is_withheld = names or any((each.severity, each.code) == ("error", _WITHHELD) for each in plan.diagnostics)
    if not is_withheld or "projectNotTrusted" in _error_codes(plan, is_guard=True):
        return []  # an untrusted project file withholds every credential, wherever it would go
    # One that is withheld from a consumer is of no account's verification.
    whose = f" from {enumerated(names)}" if names else ""
    return _obstacle(f"A credential was withheld{whose}. The error {_WITHHELD} says why, and the ways on.", style)


def _failed(plan: Plan, style: Style) -> list[str]:
    names = _names(plan, "failed")
    if not names:
        return []
    # Variables of passwords that servers reject; none where they are too many to list.
    found = {
        variable[1]
        for change in plan.changes
        if not change.held and any(check.code == _REJECTED for check in change.verification.checks)
        for field in change.fields
        if field.path == _PASSWORD_PATH and (variable := _VARIABLE.fullmatch(str(field.after)))
    }
    variables = sorted(found) if len(found) <= _MOST_VARIABLES else []
    lines = _obstacle(f"Verification failed for {enumerated(names)}. Mend what the checks say, and plan again:", style)
    lines += [f"        {style.show(f'export {variable}=…')}" for variable in variables]
    lines.append("        reconciler plan")
    lines += hang("    ", f"Or leave {'it' if len(names) == 1 else 'them'} out for now:", width=style.width)
    if len(names) <= MOST_NAMES:
        excluded = " ".join(f"--exclude {name}" for name in names)
        lines.append(f"        {style.show(f'reconciler plan {excluded}')}")
    return [*lines, "        reconciler plan --hold-failing"]


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
    """Return the codes of the errors, sorted, without those that a verification explains better."""
    errors: Iterable[str] = (problem.code for problem in plan.diagnostics if problem.severity == "error")
    told = set(errors) - _ABOUT_VERIFICATION
    return sorted(code for code in told if code in CODES and CODES[code].is_guard is is_guard)
