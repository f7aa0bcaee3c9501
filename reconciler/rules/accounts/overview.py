"""What there is to look at among the recorded accounts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.overview import MATTERS, Concern
from reconciler.rules.accounts.passwords import provider_without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime, timedelta

    from reconciler.model.accounts.overview import Matter
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status

_OF_STATUS: Mapping[Status, Matter] = {
    "failing": "failing",
    "suspended": "suspended",
    "rejected": "rejected",
    "pending": "pending",
    "unverified": "unverified",
}
"""The statuses that are a concern by themselves."""


def concerns(
    accounts: Iterable[RecordedAccount],
    *,
    since: Mapping[str, datetime],
    now: datetime,
    verified_within: timedelta,
    ends_within: timedelta,
) -> tuple[Concern, ...]:
    """Return what to look at, the most urgent first, then by account.

    ``since`` tells of accounts when their status began. An active account that passed longer than ``verified_within``
    ago is stale; a certificate is told where it ends within ``ends_within``, or has ended.
    """
    found = [
        concern
        for account in accounts
        for concern in (
            *_of_status(account, since.get(account.name)),
            *_stale(account, now - verified_within),
            *_certificate(account, now, ends_within),
            *_password(account),
        )
    ]
    return tuple(sorted(found, key=lambda each: (MATTERS.index(each.matter), each.account)))


def _of_status(account: RecordedAccount, since: datetime | None) -> Iterator[Concern]:
    matter = _OF_STATUS.get(account.status)
    if matter is not None:
        reason = account.status_reason or f"It is {account.status}."
        yield Concern(matter=matter, account=account.name, reason=reason, since=since)


def _stale(account: RecordedAccount, oldest: datetime) -> Iterator[Concern]:
    last = account.verification
    if last is None or account.status != "active" or not kind_of(account).needs_verification:
        return
    if last.checked_at is None or last.checked_at < oldest:
        reason = "It was not verified for long."
        yield Concern(matter="stale", account=account.name, reason=reason, since=last.checked_at)


def _certificate(account: RecordedAccount, now: datetime, within: timedelta) -> Iterator[Concern]:
    ends = account.certificate_ends
    if ends is None or ends > now + within:
        return
    server = account.settings.server
    place = server.place if server is not None else "the platform's server"
    verb = "has ended" if ends <= now else "ends soon"
    yield Concern(matter="certificate", account=account.name, reason=f"The certificate of {place} {verb}.", until=ends)


def _password(account: RecordedAccount) -> Iterator[Concern]:
    provider = provider_without_passwords(account)
    if provider is not None:
        reason = f"It logs in to {provider.name} by password, which is dropped there or will be; what lasts is OAuth2."
        yield Concern(matter="password", account=account.name, reason=reason)
