"""From an active account of state to the server that it sends through, with the credential that may travel there.

The rules are those of ``verify --recorded``: the settings that were applied, routes that state has recorded or that are
granted, the key that state was made with, the private CA as applied. And one more: messages of a marketing account go
to the platform's server that the account was verified with, since the project file alone names that server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, InvalidInput, SecretUnreadable
from reconciler.model.accounts.kinds import kind_of
from reconciler.oauth2 import TokenCache
from reconciler.operations.conversations.run import read_secrets, require_state_key
from reconciler.operations.conversations.secrets import unusable_accounts, wanted_secrets
from reconciler.operations.conversations.targets import proxy_of
from reconciler.operations.conversations.tokens import token_source
from reconciler.operations.conversations.trust import usable_cas
from reconciler.operations.manifests import require_platform
from reconciler.operations.verify.outcome import judge
from reconciler.rules.verification.hosts import why_forbidden
from reconciler.rules.verification.settings import was_verified_with
from reconciler.sending import Outlet

if TYPE_CHECKING:
    from typing import Any

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.operations.conversations.run import SecretsAtHand
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.accounts.platform import PlatformServer


def outlet_of(
    account: RecordedAccount, recorded: RecordedState, workspace: Workspace
) -> tuple[Outlet, tuple[str, ...]]:
    """Return where the account's messages go and how to log in there, and the grants needed; nothing is contacted.

    Raises ``InvalidInput`` or ``SecretUnreadable`` where a part is missing, ``GuardRefused`` where a credential may not
    travel, or the server may not be contacted.
    """
    platform = _platform_for(account, workspace)
    spec: dict[str, Any] = {"smtp": platform.smtp} if platform is not None else account.spec
    proxy = spec.get("proxy")
    hosts = [spec["smtp"]["host"], *([proxy["host"]] if proxy else [])]
    forbidden = why_forbidden(hosts, workspace.project.verification.servers)
    if forbidden is not None:
        raise GuardRefused(error("destinationForbidden", forbidden, subject=account.name))
    wanted = wanted_secrets([account], platform, workspace)
    secrets = read_secrets(workspace, wanted.readable, depth="message")
    if wanted.readable and secrets.readings.were_read:
        require_state_key(recorded, secrets.readings.key_id)
    unusable = unusable_accounts([account], workspace, wanted, secrets)
    if unusable:
        problems = tuple(unusable.values())
        is_secret = any(problem.code.startswith("secret") for problem in problems)
        raise (SecretUnreadable if is_secret else InvalidInput)(problems)
    judgement = judge([account], workspace, platform=platform, recorded=recorded, secrets=secrets)
    if judgement.problem is not None:
        raise GuardRefused(judgement.problem)
    if platform is not None and not was_verified_with(platform, account, recorded):
        raise GuardRefused(_other_platform(account, platform))
    return _outlet(spec, secrets, workspace), judgement.grants_used


def _platform_for(account: RecordedAccount, workspace: Workspace) -> PlatformServer | None:
    kind = kind_of(account)
    if not kind.sends_through_platform:
        return None
    platform = require_platform(workspace)
    if platform is None:
        detail = (
            f"{account.name} is {kind.label_with_article}, which sends through the platform's server, and the project file "
            "declares none. Write there\n    platform: {smtp: {host: …, authentication: {username: …, password: {env: …}}}}"
        )
        raise InvalidInput(error("noPlatformServer", detail, subject=account.name))
    return platform


def _other_platform(account: RecordedAccount, platform: PlatformServer) -> Diagnostic:
    """Return the refusal of a server that no verification of the account has seen: who edits a line may not move mail."""
    detail = (
        f"{account.name} was not verified with {platform.smtp['host']}:{platform.smtp['port']} as platform.smtp of the "
        f"project file declares it now, so nothing was contacted. To have it verified:\n    reconciler verify {account.name} --recorded"
    )
    return error("platformNotVerified", detail, subject=account.name)


def _outlet(spec: dict[str, Any], secrets: SecretsAtHand, workspace: Workspace) -> Outlet:
    smtp: dict[str, Any] = spec["smtp"]
    login: dict[str, Any] = smtp.get("authentication", {})
    private_cas = usable_cas([spec], workspace)
    tokens = TokenCache(allowed_hosts=workspace.project.verification.servers)
    return Outlet(
        host=smtp["host"],
        port=smtp["port"],
        encryption=smtp["encryption"],
        helo_name=smtp.get("heloName"),
        ca_pem=private_cas[smtp["caFile"]].pem if smtp.get("caFile") in private_cas else None,
        mechanism=login.get("mechanism"),
        username=login.get("username"),
        password=secrets.values.get(login.get("password", "")),
        token=token_source(login, secrets.values, tokens),
        proxy=proxy_of(spec),
        proxy_password=secrets.values.get(spec.get("proxy", {}).get("password", "")),
    )
