"""Passwords that accounts of different users have in common: one of them is not the right one, most often.

``sales.de``, ``sales-de`` and ``sales_de`` all make ``SMTP_SALES_DE_PASSWORD``. What comes from a MailServer is meant to be
shared, and one user may have several accounts; both are left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, enumerated, warning
from reconciler.model.accounts.rest import NOBODY, own_logins, user_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.located import LocatedManifest
    from reconciler.model.accounts.rest import Rest

_LOGIN = ("spec", "smtp", "authentication", "password")


def shared_passwords(
    accounts: Sequence[DesiredAccount], located: Mapping[str, LocatedManifest], rest: Rest = NOBODY
) -> Iterator[Diagnostic]:
    """Yield a warning for each reference to a password that accounts with different user names have of their own.

    It is told where the first of them by name is ``located``; at no place where that one is of the rest, which whoever
    hands in the rest makes sure of.
    """
    sharing: dict[str, dict[str, str]] = defaultdict(dict)
    for account in accounts:
        for secret in own_logins(account):
            sharing[secret][account.name] = user_of(account)
    for each in rest:
        for secret in each.own_logins:
            sharing[secret][each.name] = each.user
    for secret, users in sorted(sharing.items()):
        if len({*users.values()}) > 1:
            yield _told(secret, users, located)


def _told(secret: str, by_name: Mapping[str, str], located: Mapping[str, LocatedManifest]) -> Diagnostic:
    names = sorted(by_name)
    users = sorted({*by_name.values()})
    detail = (
        f"{enumerated(names)} all log in with {secret}, and as different users: {enumerated(users)}. One value is hardly the "
        "password of them all. Give each account a reference of its own; where the users do have one password, put it into "
        "a MailServer that they share."
    )
    where = located[names[0]].locator.value_at(_LOGIN) if names[0] in located else None
    return replace(warning("passwordShared", detail, location=where), subjects=tuple(names))
