"""Passwords that a provider takes no longer, or not for much longer: said before anything is connected to.

Gmail is none of them: what a reference gives may be an app password, which lasts, and a warning that is to be ignored
teaches people to ignore warnings. Where it is not one, the login fails, and says what to make.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.classes import Frozen
from reconciler.diagnostics import Diagnostic, enumerated, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.servers.providers import MICROSOFT_365, OUTLOOK_COM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.located import LocatedManifest
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.servers.providers import Provider

_BASIC = frozenset({"auto", "plain", "login"})

_OAUTH2_LINES = """\
    authentication:
      mechanism: xoauth2
      username: "{{email}}"
      oauth2:
        tokenUrl: {token_url}
        clientId: …
        clientSecret: {{env: SMTP_CLIENT_SECRET}}
        refreshToken: {{env: SMTP_REFRESH_TOKEN}}
        scope: {scope}"""


class _Ending(Frozen):
    """What a provider does with passwords, and what to write instead."""

    provider: Provider
    what: str
    lines: str


def _oauth2(token_url: str, scope: str) -> str:
    return _OAUTH2_LINES.format(token_url=token_url, scope=scope)


_ENDINGS = (
    # Microsoft: "Exchange Online to retire Basic auth for Client Submission (SMTP AUTH)", as revised in January 2026;
    # "Authenticate an IMAP, POP or SMTP connection using OAuth".
    _Ending(
        MICROSOFT_365,
        "Microsoft turns login by password (basic authentication) off by default for existing organisations at the "
        "end of December 2026, and will remove it later; an administrator can turn it on again until then. What lasts "
        "is OAuth2. Write",
        _oauth2(
            "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token",
            "https://outlook.office.com/SMTP.Send offline_access",
        ),
    ),
    # Microsoft: "Modern Authentication methods now needed to continue syncing Outlook Email in non-Microsoft apps".
    _Ending(
        OUTLOOK_COM,
        "Outlook.com has taken no password and no app password over SMTP since September 2024. Write",
        _oauth2(
            "https://login.microsoftonline.com/consumers/oauth2/v2.0/token",
            "https://outlook.office.com/SMTP.Send offline_access",
        ),
    ),
)


def ending_passwords(
    accounts: Sequence[DesiredAccount], located: Mapping[str, LocatedManifest]
) -> Iterator[Diagnostic]:
    """Yield one warning for each provider that drops passwords, at the first of the accounts that have one there."""
    by_ending: dict[_Ending, list[DesiredAccount]] = {ending: [] for ending in _ENDINGS}
    for account in accounts:
        ending_there = _ending_at(account)
        if ending_there is not None:
            by_ending[ending_there].append(account)
    for ending, affected in by_ending.items():
        if affected:
            names = tuple(sorted({account.name for account in affected}))
            verb = "logs" if len(names) == 1 else "log"
            told = warning(
                "basicAuthEnding",
                f"{enumerated(names)} {verb} in to {ending.provider.name} by password. {ending.what}\n{ending.lines}",
                subject=names[0] if len(names) == 1 else None,
                location=(len(names) > 1 and affected[0].server_location)
                or located[affected[0].name].locator.key_at(("spec", "smtp", "authentication")),
            )
            yield replace(told, subjects=names if len(names) > 1 else ())


def provider_without_passwords(account: DesiredAccount | RecordedAccount) -> Provider | None:
    """Return the provider that an account logs in to by a password which it drops; None for every other account.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> smtp = {"host": "smtp.office365.com", "port": 587, "encryption": "starttls"}
    >>> login = {"mechanism": "auto", "username": "a@example.com", "password": "env:SMTP_A"}
    >>> spec = {"email": "a@example.com", "displayName": "A", "smtp": {**smtp, "authentication": login}}
    >>> provider_without_passwords(DesiredAccount(kind="OwnAccount", name="a", document={"spec": spec})).name
    'Microsoft 365'
    >>> spec["smtp"] = {**smtp, "host": "smtp.gmail.com", "authentication": login}
    >>> provider_without_passwords(DesiredAccount(kind="OwnAccount", name="a", document={"spec": spec})) is None
    True
    """
    ending = _ending_at(account)
    return ending.provider if ending is not None else None


def _ending_at(account: DesiredAccount | RecordedAccount) -> _Ending | None:
    """Return what the provider does with passwords where the account logs in by one; None where it goes on taking them."""
    server = None if kind_of(account).sends_through_platform else account.settings.server
    if server is None or server.login.password is None or server.login.mechanism not in _BASIC:
        return None
    return _ending_of(server.host)


@lru_cache(maxsize=1024)
def _ending_of(host: str) -> _Ending | None:
    return next((each for each in _ENDINGS if each.provider.has(host)), None)
