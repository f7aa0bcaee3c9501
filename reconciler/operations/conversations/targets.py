"""From accounts to conversations: the server, the credential read late, the sender, and what is withheld."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.model.verification.evidence import Evidence, Observed, Verification, all_skipped
from reconciler.operations.conversations.tokens import token_source
from reconciler.rules.secrets.grants import withheld_reason
from reconciler.verification import Proxy, Sender, Server, Target, TestContext

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.located import CaFile
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.verification.depths import Depth
    from reconciler.oauth2 import TokenCache
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.accounts.platform import PlatformServer


_SECONDS_PER_FURTHER_SENDER = 2


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One account to verify, with the digest of the settings that the evidence will vouch for."""

    name: str
    kind: Kind
    spec: dict[str, Any]
    settings_digest: str | None
    depth: Depth
    withheld: tuple[SecretRoute, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    """Path to text, for domains that the author wrote otherwise than the spec has them: messages show these."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What every conversation of a run is held with."""

    secrets: Mapping[str, SecretValue]
    tokens: TokenCache
    context: TestContext
    private_cas: Mapping[str, CaFile]
    """By path as written."""


def make_target(subject: Subject, workspace: Workspace, means: Means) -> Target:
    """Return the conversation that verifies an own account."""
    return _make_target(subject.spec, (subject,), workspace, means)


def make_platform_targets(
    subjects: Sequence[Subject], platform: PlatformServer, workspace: Workspace, means: Means
) -> list[Target]:
    """Return the conversations that verify marketing accounts: one for all that go to the same depth."""
    by_depth: dict[tuple[Depth, bool], list[Subject]] = defaultdict(list)
    for subject in subjects:
        by_depth[subject.depth, bool(subject.withheld)].append(subject)
    return [_make_target({"smtp": platform.smtp}, alike, workspace, means) for alike in by_depth.values()]


def _make_target(spec: dict[str, Any], subjects: Sequence[Subject], workspace: Workspace, means: Means) -> Target:
    """Return a conversation with a server for one or more accounts, which are withheld and verified alike.

    Each account beyond the first has some of the time limit of its own: the limit is one account's.
    """
    subject, secrets = subjects[0], means.secrets
    smtp: dict[str, Any] = spec["smtp"]
    login: dict[str, Any] = smtp.get("authentication", {})
    policy = workspace.project.verification
    return Target(
        server=Server(
            host=subject.written.get("spec.smtp.host", smtp["host"]),
            port=smtp["port"],
            encryption=smtp["encryption"],
            helo_name=smtp.get("heloName"),
            ca_pem=means.private_cas[smtp["caFile"]].pem if smtp.get("caFile") in means.private_cas else None,
            mechanism=login.get("mechanism"),
            username=login.get("username"),
            proxy=proxy_of(spec),
        ),
        password=secrets.get(login.get("password", "")),
        token=token_source(login, secrets, means.tokens),
        withheld=_withheld_reason(subject, workspace, at_proxy=False),
        proxy_password=secrets.get(spec.get("proxy", {}).get("password", "")),
        proxy_withheld=_withheld_reason(subject, workspace, at_proxy=True),
        depth=subject.depth,
        operator=workspace.operator,
        senders=tuple(_sender(each) for each in subjects),
        timeout_seconds=policy.timeout_seconds + _SECONDS_PER_FURTHER_SENDER * (len(subjects) - 1),
        allowed_hosts=policy.servers,
        context=means.context,
    )


def proxy_of(spec: Mapping[str, Any]) -> Proxy | None:
    """Return the proxy that an account's canonical settings declare; None where there is none."""
    proxy = spec.get("proxy")
    if proxy is None:
        return None
    return Proxy(
        type=proxy["type"],
        host=proxy["host"],
        port=proxy["port"],
        username=proxy.get("username"),
        resolves_remotely=proxy.get("remoteDns", True),
    )


def _withheld_reason(subject: Subject, workspace: Workspace, *, at_proxy: bool) -> str | None:
    """Return why a credential stays here: the one for the proxy, or the one for the mail server; None: it may go."""
    withheld = tuple(each for each in subject.withheld if (each.route.purpose == "proxy") == at_proxy)
    return withheld_reason(withheld, is_project_trusted=workspace.is_project_trusted) if withheld else None


def _sender(subject: Subject) -> Sender:
    reply_to: dict[str, str] = subject.spec.get("replyTo", {})
    return Sender(
        name=subject.name,
        kind=subject.kind,
        email=subject.written.get("spec.email", subject.spec["email"]),
        display_name=subject.spec["displayName"],
        reply_to_email=reply_to.get("email"),
        reply_to_display_name=reply_to.get("displayName"),
    )


def evidence_without_conversation(subject: Subject, reason: str, at: datetime) -> Evidence:
    """Return evidence that says why there was no conversation."""
    verification = Verification(
        status="skipped", depth=subject.depth, checked_at=at, checks=all_skipped("notDeclared", reason)
    )
    return Evidence(settings_digest=subject.settings_digest or "", verification=verification, observed=Observed())
