"""From accounts to conversations: the server, the credential read late, the sender, and what is withheld."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.model.accounts.settings import ResolvedReplyTo
from reconciler.operations.conversations.tokens import token_source
from reconciler.rules.secrets.grants import withheld_reason
from reconciler.rules.verification.missing import check_using
from reconciler.smtp.access import Access
from reconciler.smtp.clientcertificate import ClientCertificate
from reconciler.verification import Sender, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.server import Server
    from reconciler.model.step import Wanted
    from reconciler.model.verification.context import TestContext
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import CheckName
    from reconciler.oauth2 import TokenCache
    from reconciler.operations.conversations.trust import PemFiles
    from reconciler.operations.workspace import Workspace


_SECONDS_PER_FURTHER_SENDER = 2


class Means(FrozenByName):
    """What every conversation of a run is held with."""

    secrets: Mapping[str, SecretValue]
    tokens: TokenCache
    context: TestContext
    files: PemFiles
    stands_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By account whose test message stands for others: those."""


def access_of(server: Server, *, secrets: Mapping[str, SecretValue], tokens: TokenCache, files: PemFiles) -> Access:
    """Return the server with those of its secrets that were read, and its files; the same to verify and to send."""
    private_ca = files.private_cas.get(server.ca_file or "")
    return Access(
        server=server,
        ca_pem=private_ca.pem if private_ca is not None else None,
        password=secrets.get(server.login.password or ""),
        token=token_source(server.login, secrets, tokens),
        client_certificate=_client_certificate(server, secrets, files),
        proxy_password=secrets.get((server.proxy and server.proxy.password) or ""),
    )


def _client_certificate(
    server: Server, secrets: Mapping[str, SecretValue], files: PemFiles
) -> ClientCertificate | None:
    """Return the client's certificate with its key, as far as both are at hand; None where no other will do."""
    declared = server.client_certificate
    file = files.certificates.get(declared.cert_file) if declared is not None else None
    key = secrets.get(declared.key) if declared is not None else None
    if declared is None or file is None or key is None or file.fingerprint != declared.fingerprint:
        return None
    return ClientCertificate(pem=file.pem, key=key)


def make_target(step: Wanted, workspace: Workspace, means: Means) -> Target:
    """Return the conversation that verifies an own account, with its host as the author wrote it."""
    server = step.after.settings.own_server
    host = step.after.written.get("spec.smtp.host", server.host)
    return _make_target(server.model_copy(update={"host": host}), (step,), workspace, means)


def make_platform_targets(
    steps: Sequence[Wanted], platform: PlatformServer, workspace: Workspace, means: Means
) -> list[Target]:
    """Return the conversations that verify marketing accounts: one for all that go to the same depth."""
    by_depth: dict[tuple[Depth, bool], list[Wanted]] = defaultdict(list)
    for step in steps:
        by_depth[step.depth, bool(step.withheld)].append(step)
    return [_make_target(platform.server, alike, workspace, means) for alike in by_depth.values()]


def _make_target(server: Server, steps: Sequence[Wanted], workspace: Workspace, means: Means) -> Target:
    """Return a conversation with a server for one or more accounts, which are withheld and verified alike.

    Each account beyond the first has some of the time limit of its own: the limit is one account's.
    """
    step = steps[0]
    policy = workspace.project.verification
    return Target(
        access=access_of(server, secrets=means.secrets, tokens=means.tokens, files=means.files),
        withheld=_withheld_reason(step, workspace, "auth"),
        proxy_withheld=_withheld_reason(step, workspace, "proxy"),
        certificate_withheld=_withheld_reason(step, workspace, "tls"),
        depth=step.depth,
        operator=workspace.operator,
        senders=tuple(_sender(each, means.stands_for.get(each.name, ())) for each in steps),
        timeout_seconds=policy.timeout_seconds + _SECONDS_PER_FURTHER_SENDER * (len(steps) - 1),
        allowed_hosts=policy.servers,
        context=means.context,
    )


def _withheld_reason(step: Wanted, workspace: Workspace, check: CheckName) -> str | None:
    """Return why a secret that a check would use stays here; None: it may go."""
    withheld = tuple(each for each in step.withheld if check_using(each.route) == check)
    return withheld_reason(withheld, is_project_trusted=workspace.is_project_trusted) if withheld else None


def _sender(step: Wanted, stands_for: tuple[str, ...]) -> Sender:
    settings = step.after.settings
    first, *further = settings.replies or (ResolvedReplyTo(),)
    return Sender(
        name=step.name,
        kind=step.kind,
        email=step.after.written.get("spec.email", settings.email),
        display_name=settings.display_name,
        reply_to_email=first.email,
        reply_to_display_name=first.display_name,
        stands_for=stands_for,
        further_replies=tuple((each.email, each.display_name) for each in further if each.email is not None),
    )
