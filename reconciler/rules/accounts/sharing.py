"""Passwords that accounts of different users have in common: one of them is not the right one, most often.

``sales.de``, ``sales-de`` and ``sales_de`` all make ``SMTP_SALES_DE_PASSWORD``. What comes from a MailServer is meant to be
shared, and one user may have several accounts; both are left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, enumerated, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.located import LocatedManifest

_LOGIN = ("spec", "smtp", "authentication", "password")


def shared_passwords(
    accounts: Sequence[DesiredAccount], located: Mapping[str, LocatedManifest]
) -> Iterator[Diagnostic]:
    """Yield a warning for each reference to a password that accounts with different user names have of their own.

    The accounts are in the order of their names.
    """
    sharing: dict[str, list[DesiredAccount]] = defaultdict(list)
    for account in accounts:
        server = account.settings.server
        if server is None:
            continue
        for secret in {*server.login.secrets} - account.server_secrets:
            sharing[secret].append(account)
    for secret, alike in sorted(sharing.items()):
        if len({_user_of(each) for each in alike}) > 1:
            yield _told(secret, alike, located)


def _user_of(account: DesiredAccount) -> str:
    return (account.settings.own_server.login.username or "").lower()


def _told(secret: str, alike: Sequence[DesiredAccount], located: Mapping[str, LocatedManifest]) -> Diagnostic:
    names = [each.name for each in alike]
    users = sorted({_user_of(each) for each in alike})
    detail = (
        f"{enumerated(names)} all log in with {secret}, and as different users: {enumerated(users)}. One value is hardly the "
        "password of them all. Give each account a reference of its own; where the users do have one password, put it into "
        "a MailServer that they share."
    )
    where = located[names[0]].locator.value_at(_LOGIN)
    return replace(warning("passwordShared", detail, location=where), subjects=tuple(names))
