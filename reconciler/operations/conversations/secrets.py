"""What accounts of state need before a server is contacted with their secrets, and why it cannot be had.

An account is contacted with the settings that were applied. So its secrets must still be allowed and readable, and its
private CA must be the one that it was applied with: trust is part of a secret's route. Where they may travel is judged
in ``checksettings``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.accounts.kinds import kind_of
from reconciler.operations.conversations.trust import ca_problems
from reconciler.rules.accounts.platform import platform_routes
from reconciler.rules.secrets.allow import is_allowed, is_allowed_somewhere

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.project import Secrets
    from reconciler.operations.conversations.run import SecretsAtHand
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.accounts.platform import PlatformServer


@dataclass(frozen=True, kw_only=True)
class WantedSecrets:
    """The references whose values a run needs: the accounts' own, less those ``refused``, and the platform's."""

    own: frozenset[str]
    """Those that the project file allows to an account."""
    refused: frozenset[tuple[str, str]]
    """Account and reference, where the project file no longer allows it."""
    platform: frozenset[str]

    @property
    def readable(self) -> frozenset[str]:
        """Those that may be read."""
        return self.own | self.platform


def wanted_secrets(
    accounts: Sequence[RecordedAccount], platform: PlatformServer | None, workspace: Workspace
) -> WantedSecrets:
    """Return the references that the accounts need, the platform's where marketing accounts are among them."""
    named = {(account.name, each.secret) for account in accounts for each in account.secret_routes}
    look = workspace.secret_reader().look(secret for _, secret in named)
    allowed = {
        (account.name, each.secret)
        for account in accounts
        for each in account.secret_routes
        if each.secret not in look.problems
        and _is_allowed(each.secret, account, workspace.project.secrets, look.places)
    }
    through_platform = platform_routes(platform, {each.kind for each in accounts}, {})
    return WantedSecrets(
        own=frozenset(secret for _, secret in allowed),
        refused=frozenset(named - allowed),
        platform=frozenset(each.secret for each in through_platform),
    )


def _is_allowed(secret: str, account: RecordedAccount, rules: Secrets, places: Mapping[str, str]) -> bool:
    """Tell whether the account may name the secret, from the manifest that it was recorded from where state knows it."""
    if account.manifest is None:
        return is_allowed_somewhere(secret, rules, places)
    return is_allowed(secret, account.manifest, rules, places)


def unusable_accounts(
    accounts: Sequence[RecordedAccount], workspace: Workspace, wanted: WantedSecrets, secrets: SecretsAtHand
) -> dict[str, Diagnostic]:
    """Return the accounts that cannot be contacted, by name, each with the reason; nothing was contacted for it."""
    return {
        **_refused_secrets(accounts, wanted.refused),
        **_unreadable_secrets(accounts, wanted.platform, secrets),
        **ca_problems({each.name: (each.spec, each.ca_digest) for each in accounts}, workspace, changed=_altered_ca),
    }


def _refused_secrets(accounts: Iterable[RecordedAccount], refused: frozenset[tuple[str, str]]) -> dict[str, Diagnostic]:
    """Return the accounts that name a secret which the project file no longer allows."""
    return {
        account.name: error(
            "secretNotAllowed",
            f"{secret} was allowed when {account.name} was applied, and the project file, or a rule of this version, does "
            "not let its manifest name it any more. Nothing was read. Have the owner of the project file allow it, or "
            "change the account; validate tells more about manifests.",
            subject=account.name,
        )
        for account in accounts
        for secret in sorted(each.secret for each in account.secret_routes)
        if (account.name, secret) in refused
    }


def _unreadable_secrets(
    accounts: Iterable[RecordedAccount], platform_secrets: frozenset[str], secrets: SecretsAtHand
) -> dict[str, Diagnostic]:
    """Return the accounts that need a secret which cannot be read here; marketing accounts need the platform's."""
    unreadable = secrets.readings.unreadable
    problems = {}
    for account in accounts:
        own = {each.secret for each in account.secret_routes}
        needed = own | platform_secrets if kind_of(account).sends_through_platform else own
        for secret in sorted(needed):
            if secret in unreadable:
                problems[account.name] = replace(unreadable[secret], subject=account.name)
    return problems


def _altered_ca(name: str, path: str) -> Diagnostic:
    detail = (
        f"{path} is not the certificate that {name} was applied with, so its server was not contacted. Apply the "
        "change of the file first, or bring the file back."
    )
    return error("caFileUnusable", detail, subject=name)
