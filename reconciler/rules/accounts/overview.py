"""What there is to look at among the recorded accounts. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.overview import MATTERS, Concern
from reconciler.model.text.globs import is_glob
from reconciler.rules.accounts.passwords import provider_without_passwords
from reconciler.rules.accounts.select import selects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    every = tuple(accounts)
    found = [
        concern
        for account in every
        for concern in (
            *_of_status(account, since.get(account.name)),
            *_wavering(account),
            *_stale(account, now - verified_within),
            *_certificate(account, now, ends_within),
            *_password(account),
        )
    ]
    return tuple(sorted(_together(found, every), key=lambda each: (MATTERS.index(each.matter), each.account)))


def _together(found: Sequence[Concern], accounts: Sequence[RecordedAccount]) -> Iterator[Concern]:
    """Yield the concerns; those that several accounts share have the selector that means all of these and no other."""
    groups: defaultdict[tuple[Matter, str], set[str]] = defaultdict(set)
    for concern in found:
        groups[concern.matter, concern.reason].add(concern.account)
    selectors = {key: _selector_of(names, accounts) for key, names in groups.items() if len(names) > 1}
    for concern in found:
        yield concern.model_copy(update={"together": selectors.get((concern.matter, concern.reason))})


def _selector_of(names: set[str], accounts: Sequence[RecordedAccount]) -> str | None:
    """Return a selector of exactly these accounts, by what the first of them has; None where there is none."""
    first = next(account for account in accounts if account.name in names)
    server = first.settings.server
    candidates = (
        *(() if first.server is None else (f"server:{first.server}",)),
        *(() if server is None else (f"host:{server.host}",)),
        *(f"secret:{route.secret}" for route in first.secret_routes),
        *(f"label:{key}={value}" for key, value in first.metadata.labels.items()),
        f"status:{first.status}",
    )
    return next(
        (
            selector
            for selector in candidates
            if not is_glob(selector)
            and all(selects(selector, (account,)) == (account.name in names) for account in accounts)
        ),
        None,
    )


def _of_status(account: RecordedAccount, since: datetime | None) -> Iterator[Concern]:
    matter = _OF_STATUS.get(account.status)
    if matter is not None:
        reason = account.status_reason or f"It is {account.status}."
        yield Concern(matter=matter, account=account.name, reason=reason, since=since)


def _wavering(account: RecordedAccount) -> Iterator[Concern]:
    last = account.verification
    if last is None or account.status != "active" or not last.transient_failures:
        return
    server = account.settings.server
    place = server.place if server is not None else "the platform's server"
    reason = f"The last verification with {place} failed, which may pass by itself and does not count yet."
    yield Concern(matter="wavering", account=account.name, reason=reason, since=account.last_failed)


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
