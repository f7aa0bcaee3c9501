"""What is told of accounts whose verification failed: once for all that failed by one cause, where the cause is written.

Accounts are contacted at an *endpoint*: host, port and proxy, for marketing accounts the platform's. Once an endpoint is
down, its other accounts are not tried; that is no finding of its own, so they are told with those that were.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import as_one, error, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.text.domains import host_to_ascii

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from reconciler.diagnostics import Diagnostic, Location
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.servers.server import Server
    from reconciler.model.verification.evidence import Verification

_OF_THE_ENDPOINT = frozenset({"dns", "proxy", "connect", "greeting", "tls"})
_OF_THE_RUN = frozenset({"operatorMissing", "deadline"})
"""What ends a verification and is no fault of the endpoint."""
_UNTRIED = frozenset({"withheld", "serverDown", "unknownDestination", "deadline"})


class Failure(FrozenByName):
    """One account whose verification failed, with the sentence that says why."""

    name: str
    reason: str
    endpoint: Hashable = None
    """What was contacted; None where that is not known, or where the project refuses the host whoever names it."""
    is_untried: bool = False
    """The endpoint was down already, so the account was not tried."""
    location: Location | None = None
    """Where the endpoint is declared for several accounts; None where each account declares its own."""


def failure_of(verification: Verification) -> str:
    """Return the sentence of the first check that made a verification fail.

    >>> from reconciler.model.verification.evidence import Check, Verification
    >>> refused = Check(check="auth", status="failed", class_="permanent", code="credentialsRejected", message="No.")
    >>> failure_of(Verification(status="failed", checks=(refused,))), failure_of(Verification(status="failed"))
    ('auth: No.', 'It was not verified.')
    """
    for check in verification.checks:
        if check.status == "failed" or check.code in _UNTRIED:
            return f"{check.check}: {check.message}"
    return "It was not verified."


def failure(
    verification: Verification, account: DesiredAccount | RecordedAccount, platform: PlatformServer | None
) -> Failure:
    """Return the failure of an account; marketing accounts are verified with the ``platform``."""
    if any(check.code in _OF_THE_RUN for check in verification.checks):
        return Failure(name=account.name, reason=failure_of(verification))
    is_refused = any(check.code == "unknownDestination" for check in verification.checks)
    is_hosted = kind_of(account).sends_through_platform
    place = getattr(account, "server_location", None)
    if is_hosted:
        place = platform.location if platform is not None else None
    elif not _is_shared(verification, account):
        place = None
    return Failure(
        name=account.name,
        reason=failure_of(verification),
        endpoint=None if is_refused else PLATFORM if is_hosted else _endpoint(account.settings.own_server),
        is_untried=any(check.code == "serverDown" for check in verification.checks),
        location=place,
    )


def _is_shared(verification: Verification, account: DesiredAccount | RecordedAccount) -> bool:
    """Tell whether the failure is one of what the account has from its MailServer: the endpoint, or the login there."""
    first = next((check.check for check in verification.checks if check.status == "failed"), "connect")
    return first in _OF_THE_ENDPOINT or (first == "auth" and bool(getattr(account, "server_secrets", ())))


def _endpoint(server: Server) -> Hashable:
    proxy = server.proxy
    return host_to_ascii(server.host), server.port, proxy and proxy.host, proxy and proxy.port


def failure_problems(failures: Iterable[Failure], tell: Callable[[str, str], Diagnostic]) -> list[Diagnostic]:
    """Return one problem for all that failed by the same cause; ``tell`` makes one of a name and a reason.

    It stands where the accounts' common endpoint is declared; that of one account alone has no place of its own.

    >>> down = {"reason": "connect: Nobody answers.", "endpoint": "smtp.example.com"}
    >>> alike = [Failure(name=name, **down) for name in ("news", "sales")]
    >>> [(each.concerned, each.code) for each in failure_problems(alike, held_change)]
    [(('news', 'sales'), 'heldChange')]
    >>> [each.concerned for each in failure_problems([*alike, Failure(name="press", reason="auth: No.")], held_change)]
    [('news', 'sales'), ('press',)]
    """
    found = list(failures)
    # An endpoint that is down is told with what most of its accounts met.
    met: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for each in found:
        if not each.is_untried:
            met[each.endpoint][each.reason] += 1
    down = {endpoint: max(counts, key=counts.__getitem__) for endpoint, counts in met.items()}
    by_cause: dict[Hashable, list[Failure]] = {}
    for each in found:
        reason = down.get(each.endpoint, each.reason) if each.is_untried else each.reason
        place = each.location if each.endpoint is not None else None
        by_cause.setdefault((each.endpoint, place, reason), []).append(replace(each, reason=reason))
    return [_problem(alike, tell) for alike in by_cause.values()]


def _problem(alike: Sequence[Failure], tell: Callable[[str, str], Diagnostic]) -> Diagnostic:
    problem = as_one([tell(each.name, each.reason) for each in alike])
    places = {each.location for each in alike}
    if len(alike) == 1 or problem.location is not None or len(places) > 1:
        return problem
    return replace(problem, location=places.pop())


def held_change(name: str, reason: str) -> Diagnostic:
    """Return the warning that a change is left out because its verification failed.

    >>> held_change("sales", "auth: The password is refused.").detail
    'The change of sales is left out: auth: The password is refused.'
    """
    return warning("heldChange", f"The change of {name} is left out: {reason}", subject=name)


def blocking_change(name: str, reason: str) -> Diagnostic:
    """Return the error that a change is refused because its verification failed."""
    return error("verificationFailed", reason, subject=name)
