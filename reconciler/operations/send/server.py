"""From an active account of state to the server that it sends through, with the credential that may travel there.

The rules are those of ``verify --recorded``: the settings that were applied, routes that state has recorded or that are
granted, the key that state was made with, the private CA as applied. And one more: messages of a marketing account go
to the platform's server that the account was verified with, since the project file alone names that server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, InvalidInput, SecretUnreadable, StateUnavailable
from reconciler.model.accounts.kinds import kind_of
from reconciler.oauth2 import TokenCache
from reconciler.operations.conversations.secrets import judge_compared, read_secrets, unusable_accounts, wanted_secrets
from reconciler.operations.conversations.targets import access_of
from reconciler.operations.conversations.trust import usable_files
from reconciler.operations.manifests import require_platform
from reconciler.operations.verify.outcome import step_to_verify
from reconciler.rules.secrets.judgement import require_state_key
from reconciler.rules.verification.hosts import why_forbidden
from reconciler.rules.verification.settings import was_verified_with

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.operations.workspace import Workspace
    from reconciler.smtp.access import Access
    from reconciler.store import Register


def access_to_send(
    account: RecordedAccount, recorded: RecordedState, register: Register, workspace: Workspace
) -> tuple[Access, tuple[str, ...]]:
    """Return where the account's messages go and how to log in there, and the grants needed; nothing is contacted.

    Raises ``InvalidInput`` or ``SecretUnreadable`` where a part is missing, ``GuardRefused`` where a credential may not
    travel, or the server may not be contacted.
    """
    platform = _platform_for(account, workspace)
    server = platform.server if platform is not None else account.settings.own_server
    forbidden = why_forbidden(server.hosts, workspace.project.verification.servers)
    if forbidden is not None:
        raise GuardRefused(error("destinationForbidden", forbidden, subject=account.name))
    wanted = wanted_secrets([account], platform, workspace)
    secrets = read_secrets(workspace, wanted.readable, depth="message")
    if wanted.readable and secrets.were_read:
        require_state_key(recorded, secrets.key_id)
    unusable = unusable_accounts([account], workspace, wanted, secrets)
    if unusable:
        problems = tuple(unusable.values())
        is_secret = any(problem.code.startswith("secret") for problem in problems)
        raise (SecretUnreadable if is_secret else InvalidInput)(problems)
    step = step_to_verify(account, workspace, platform=platform, secrets=secrets, depth="message")
    judgement = judge_compared(
        [step], workspace, recorded=recorded, register=register, platform=platform, secrets=secrets
    )
    if judgement.problem is not None:
        raise GuardRefused(judgement.problem)
    if platform is not None and not was_verified_with(platform, account, recorded):
        detail = (
            f"{account.name} was not verified with {platform.server.host}:{platform.server.port} as platform.smtp of the "
            f"project file declares it now, so nothing was contacted. To have it verified:\n    reconciler verify {account.name} --recorded"
        )
        raise GuardRefused(error("platformNotVerified", detail, subject=account.name))
    tokens = TokenCache(allowed_hosts=workspace.project.verification.servers)
    access = access_of(server, secrets=secrets.values, tokens=tokens, files=usable_files([server], workspace))
    return access, judgement.grants_used


def hindrances(accounts: Iterable[RecordedAccount], workspace: Workspace) -> dict[str, str]:
    """Return why active accounts that send through the platform could not send now, by name, as the end of a sentence.

    Nothing is contacted and no secret is read: it is what can be told from the project file and from state; nothing where
    the routes of state may not be read.
    """
    concerned = [each for each in accounts if each.status == "active" and kind_of(each).sends_through_platform]
    if not concerned:
        return {}
    try:
        platform = require_platform(workspace)
    except InvalidInput:
        return {each.name: "platform.smtp in the project file cannot be used" for each in concerned}
    if platform is None:
        return {each.name: "the project file names no server for it (platform.smtp)" for each in concerned}
    try:
        with workspace.open_store() as store:
            recorded = store.read_state()
    except StateUnavailable:  # whoever may see the accounts need not be one who may see the routes
        return {}
    why = "it was not verified with the platform's server as the project file names it now; run verify --recorded"
    return {each.name: why for each in concerned if not was_verified_with(platform, each, recorded)}


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
