"""Evidence of accounts for which nobody is contacted: at depth offline, or through a server that nobody declares."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.model.verification.evidence import DOMAIN_CHECKS, Evidence, Verification, all_skipped, status_of
from reconciler.rules.verification.hosts import why_forbidden

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.project import VerificationPolicy
    from reconciler.model.step import Wanted
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Check, SkipCode

BEYOND_DEPTH = "Not made: the verification goes to depth {depth}."
_NO_PLATFORM = "Marketing accounts are verified with the platform's server, and the project file declares none."
_OFF = "Not made: domain checks are off (verification.domainChecks)."


def without_platform(step: Wanted, at: datetime) -> Evidence:
    """Return the evidence of a marketing account where the project file declares no platform's server.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.step import Keep
    >>> news = Keep(after=DesiredAccount(kind="MarketingAccount", name="news", document={}))
    >>> without_platform(news, datetime(2026, 9, 7, tzinfo=UTC)).verification.status
    'skipped'
    """
    verification = Verification.of_fields(
        status="skipped", depth=step.depth, checked_at=at, checks=all_skipped("notDeclared", _NO_PLATFORM)
    )
    return Evidence.of_fields(settings_digest=step.settings_digest or "", verification=verification)


def offline(step: Wanted, platform: PlatformServer | None, policy: VerificationPolicy, at: datetime) -> Evidence:
    """Return the evidence of an account at depth offline: no check is made, and a host that may not be contacted is told."""
    hosted = platform.server if platform is not None else None
    server = hosted if step.sends_through_platform else step.after.settings.own_server
    beyond: tuple[SkipCode, str] = ("beyondDepth", BEYOND_DEPTH.format(depth=step.depth))
    if server is None:
        beyond = ("notDeclared", _NO_PLATFORM)
    else:
        _, *ways = server.hosts
        forbidden = why_forbidden((step.after.written.get("spec.smtp.host", server.host), *ways), policy.servers)
        if forbidden is not None:
            beyond = ("unknownDestination", forbidden)
    found = _unasked(*beyond, step.depth, at, is_off=policy.domain_checks == "off")
    if step.settings_digest is None:
        return found
    return found.model_copy(update={"settings_digest": step.settings_digest})


@lru_cache(maxsize=64)
def _unasked(code: SkipCode, message: str, depth: Depth, at: datetime, *, is_off: bool) -> Evidence:
    """Return evidence in which nothing is checked: one value for all accounts for which it reads the same."""
    checks = (*all_skipped(code, message), *skipped_domain_checks(is_off=is_off))
    verification = Verification.of_fields(status=status_of(checks), depth=depth, checked_at=at, checks=checks)
    return Evidence.of_fields(settings_digest="", verification=verification)


def skipped_domain_checks(*, is_off: bool) -> tuple[Check, ...]:
    """Return the domain checks of an account that has none made: they are off, or its verification is offline.

    >>> [{each.code for each in skipped_domain_checks(is_off=is_off)} for is_off in (True, False)]
    [{'notDeclared'}, {'beyondDepth'}]
    """
    if is_off:
        return all_skipped("notDeclared", _OFF, DOMAIN_CHECKS)
    return all_skipped("beyondDepth", BEYOND_DEPTH.format(depth="offline"), DOMAIN_CHECKS)
