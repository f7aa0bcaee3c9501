"""What becomes of an account that needs a secret which cannot be read: its verification fails, and nobody else's does.

The exception is a secret that may not be read: one that ``secrets.allow`` does not cover, whose source is not declared,
or whose file git tracks, so that it is published. That is a fault of the input, and stops the plan.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import enumerated
from reconciler.model.verification.evidence import CONVERSATION, Check, Verification

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.secrets.routes import Route, SecretRoute
    from reconciler.model.verification.evidence import CheckName
    from reconciler.model.verification.missing import Missing

MISSING_CODES = frozenset({"secretMissing", "secretInvalid", "secretSourceFailed"})
"""The problems of a secret that are a failed verification of the accounts that need it."""
_NOT_MADE = "Not made: nothing was contacted, because a secret that the conversation needs cannot be read."


def check_using(route: Route) -> CheckName:
    """Return the check of a verification that uses a secret on a route to a server.

    >>> from reconciler.model.secrets.routes import Route
    >>> login = Route(host="smtp.example.com", port=587, encryption="starttls")
    >>> check_using(login), check_using(login.model_copy(update={"proof": "signature"}))
    ('auth', 'tls')
    """
    if route.purpose == "proxy":
        return "proxy"
    return "tls" if route.purpose == "smtp" and route.proof == "signature" else "auth"


def missing_secrets(routes: Iterable[SecretRoute], unreadable: Mapping[str, Diagnostic]) -> tuple[Missing, ...]:
    """Return what is missing of the secrets that these routes need, the proxy's first, each problem once.

    >>> from reconciler.diagnostics import error
    >>> from reconciler.model.secrets.routes import Route, SecretRoute
    >>> routes = [SecretRoute(secret="env:SMTP_A", route=Route(host="smtp.example.com", port=465, encryption="tls"))]
    >>> [each.check for each in missing_secrets(routes, {"env:SMTP_A": error("secretMissing", "It is not set.")})]
    ['auth']
    >>> missing_secrets(routes, {"env:SMTP_A": error("secretNotAllowed", "It is not covered.")})
    ()
    """
    if not unreadable:
        return ()
    from reconciler.model.verification.missing import Missing

    found = {
        Missing(check_using(each.route), unreadable[each.secret])
        for each in routes
        if each.secret in unreadable and unreadable[each.secret].code in MISSING_CODES
    }
    return tuple(sorted(found, key=lambda each: (CONVERSATION.index(each.check), each.problem.detail)))


def failed_without(missing: Sequence[Missing]) -> Verification:
    r"""Return the verification of an account whose secrets are missing: failed for good where the first one is needed.

    >>> from reconciler.diagnostics import error
    >>> from reconciler.model.verification.missing import Missing
    >>> lost = Missing("auth", error("secretMissing", "SMTP_A is not set. Set it:\n    export SMTP_A=…"))
    >>> [(each.check, each.message) for each in failed_without([lost]).checks if each.status == "failed"]
    [('auth', 'SMTP_A is not set. Set it: export SMTP_A=…')]
    """
    first = missing[0]
    failed = Check(
        check=first.check,
        status="failed",
        class_="permanent",
        code=first.problem.code,
        # A check's message is one sentence; the lines of a problem's detail are there to be copied.
        message=" ".join(first.problem.detail.split()),
    )
    return Verification(
        status="failed",
        checks=tuple(
            failed
            if check == first.check
            else Check(check=check, status="skipped", code="earlierFailure", message=_NOT_MADE)
            for check in CONVERSATION
        ),
    )


def missing_problems(missing: Mapping[str, Sequence[Missing]]) -> list[Diagnostic]:
    """Return one error for each cause, with the accounts that were not verified because of it.

    >>> from reconciler.diagnostics import error
    >>> from reconciler.model.verification.missing import Missing
    >>> lost = Missing("auth", error("secretMissing", "SMTP_A is not set."))
    >>> [each.detail for each in missing_problems({"sales": [lost], "news": [lost], "press": []})]
    ['news, sales were not verified. SMTP_A is not set.']
    """
    concerned: dict[Diagnostic, dict[str, None]] = defaultdict(dict)
    for name in sorted(missing):
        for each in missing[name]:
            concerned[each.problem][name] = None
    return [_told(problem, list(names)) for problem, names in concerned.items()]


def _told(problem: Diagnostic, names: Sequence[str]) -> Diagnostic:
    verb = "was" if len(names) == 1 else "were"
    return replace(
        problem,
        detail=f"{enumerated(names)} {verb} not verified. {problem.detail}",
        subject=names[0] if len(names) == 1 else problem.subject,
        subjects=() if len(names) == 1 else tuple(names),
    )
