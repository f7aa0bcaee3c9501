"""From accounts to conversations: the server, the credential read late, the sender, and what is withheld."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.manifests import read_ca_files
from reconciler.model.evidence import Evidence, Observed, Verification, all_skipped
from reconciler.planning.grants import withheld_reason
from reconciler.verification import Sender, Server, Target, TestContext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.model.evidence import Depth
    from reconciler.model.manifest import Kind, Mechanism
    from reconciler.model.route import SecretRoute
    from reconciler.model.secrets import SecretValue
    from reconciler.operations.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One account to verify, with the digest of the settings that the evidence will vouch for."""

    name: str
    kind: Kind
    spec: dict[str, Any]
    settings_digest: str | None
    depth: Depth
    withheld: tuple[SecretRoute, ...] = ()


def make_target(
    subject: Subject, workspace: Workspace, *, secrets: Mapping[str, SecretValue], context: TestContext
) -> Target:
    """Return the conversation that verifies an own account."""
    smtp: dict[str, Any] = subject.spec["smtp"]
    login: dict[str, Any] = smtp.get("authentication", {})
    credential = login.get("password") or login.get("accessToken")
    policy = workspace.project.verification
    return Target(
        server=Server(
            host=smtp["host"],
            port=smtp["port"],
            encryption=smtp["encryption"],
            helo_name=smtp.get("heloName"),
            ca_pem=_ca_pem(smtp.get("caFile"), workspace),
            mechanism=_mechanism(login),
            username=login.get("username"),
            proxy=_proxy(subject.spec),
        ),
        password=secrets.get(credential) if credential else None,
        withheld=withheld_reason(subject.withheld) if subject.withheld else None,
        depth=subject.depth,
        operator=workspace.operator,
        senders=(_sender(subject),),
        timeout_seconds=policy.timeout_seconds,
        allowed_hosts=policy.servers,
        context=context,
    )


def _mechanism(login: dict[str, Any]) -> Mechanism | None:
    """Return the mechanism declared; a token is never sent as if it were a password."""
    declared: Mechanism | None = login.get("mechanism")
    has_token = "accessToken" in login or "oauth2" in login
    return "xoauth2" if declared == "auto" and has_token else declared


def _proxy(spec: dict[str, Any]) -> str | None:
    proxy = spec.get("proxy")
    return f"{proxy['type']}://{proxy['host']}:{proxy['port']}" if proxy is not None else None


def _ca_pem(path: str | None, workspace: Workspace) -> str | None:
    if path is None:
        return None
    usable, _ = read_ca_files([path], root=workspace.root)
    return usable[path].pem if path in usable else None


def _sender(subject: Subject) -> Sender:
    reply_to: dict[str, str] = subject.spec.get("replyTo", {})
    return Sender(
        name=subject.name,
        kind=subject.kind,
        email=subject.spec["email"],
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
