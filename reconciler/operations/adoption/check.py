"""``check``: the verification of one set of settings, without project and state; nothing is written.

What is not said, port and encryption, is found out first: the ways to speak to the server are tried at once, to the end
of TLS and without a login, and the safest that works is taken. Only then does the password travel, once.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import note, warning
from reconciler.errors import InvalidInput
from reconciler.manifests import read_ca_files, read_certificate_files
from reconciler.manifests.documents import read_document
from reconciler.model.accounts.located import LocatedManifest
from reconciler.model.accounts.manifest import API_VERSION
from reconciler.model.project import Project
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.servers.terms import TOKEN_MECHANISMS
from reconciler.model.text.placeholders import as_literal, placeholder_in
from reconciler.model.verification.context import TestContext
from reconciler.model.verification.depths import reaches
from reconciler.model.verification.evidence import CONVERSATION
from reconciler.oauth2 import TokenCache
from reconciler.operations.conversations.queue import Limits, converse
from reconciler.operations.conversations.targets import Means, make_target
from reconciler.operations.conversations.trust import usable_files
from reconciler.operations.verify.outcome import Verified, find_evidence, step_to_verify, verified
from reconciler.operations.whereabouts import PROJECT_FILE
from reconciler.operations.workspace import Workspace
from reconciler.rules.accounts.desired import resolve
from reconciler.rules.accounts.servers import CaFiles, CertificateFiles
from reconciler.rules.adoption.names import variable
from reconciler.rules.adoption.wanted import proxy_settings, reply_settings
from reconciler.rules.adoption.ways import Way, ways_to_try
from reconciler.rules.secrets.judgement import Judgement
from reconciler.verification import USUAL_RETRIES
from reconciler.yamlsource import read_documents
from reconciler.yamlsource.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.adoption.found import FoundAccount
    from reconciler.model.canonical import JsonObject, JsonView
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Verification
    from reconciler.operations.conversations.queue import Progress
    from reconciler.verification import Target

_CONTEXT = TestContext(project="check")
_TRIAL_SECONDS = 5
_TRIALS = Limits(concurrency=8, per_server=4, stop_server_after=8, deadline_seconds=30)
_NO_RETRIES = replace(USUAL_RETRIES, attempts=1, attempts_where_refused=1)
_NOBODY = "nobody@example.invalid"
"""Stands for the address where none is known; the verification ends before it would be named."""


class SettingsToCheck(FrozenByName):
    """The settings to check, as far as they are known."""

    name: str
    found: FoundAccount
    reference: Mapping[str, str]
    """Where the password is to come from, as a manifest names it."""
    password: SecretValue | None = field(default=None, repr=False)
    key: SecretValue | None = field(default=None, repr=False)
    """The key of the client's certificate."""
    remarks: tuple[Diagnostic, ...] = ()


class Checked(FrozenByName):
    """What came of it."""

    verified: Verified
    manifest: str
    """The document that declares these settings, as YAML."""
    is_declared: bool
    """False where the manifest lacks something that only a person knows: the address."""


def workspace_of_nothing(
    folder: Path,
    *,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    operator: str | None = None,
    verification: JsonView | None = None,
) -> Workspace:
    """Return what a run works in that belongs to no project: defaults, and no file below ``folder`` but a private CA."""
    document = {
        "apiVersion": API_VERSION,
        "kind": "Project",
        "metadata": {"name": "check"},
        "verification": dict(verification or {}),
    }
    return Workspace(
        root=folder,
        project_file=folder / PROJECT_FILE,
        project=Project.model_validate(document),
        state_url="",
        operator=operator,
        environ=environ,
        now=now,
    )


def check_settings(asked: SettingsToCheck, workspace: Workspace, *, depth: Depth, progress: Progress) -> Checked:
    """Verify one set of settings, and return what was found with the manifest that declares it.

    Raises ``InvalidInput`` for settings that no manifest may have.
    """
    remarks = [*asked.remarks]
    if asked.found.email is None and reaches(depth, "envelope"):
        depth = "auth"
        detail = "No address to send from is known, so the check ended with the login. Add\n    --email ADDRESS"
        remarks.append(note("senderUnknown", detail, subject=asked.name))
    ways = ways_to_try(asked.found.port, asked.found.security.encryption)
    way = ways[0]
    _account(_document(asked, way), workspace)  # what no manifest may have is told before anybody is contacted
    if len(ways) > 1 and depth != "offline":
        way, told = _found_out(asked, ways, workspace)
        remarks.append(told)
    account = _account(_document(asked, way), workspace)
    secrets = _secrets(asked, account)
    step = step_to_verify(account, workspace, platform=None, secrets=secrets, depth=depth)
    nothing = Judgement(withheld={}, problem=None)
    evidence = find_evidence(
        [step], _quiet(workspace, asked), nothing, platform=None, secrets=secrets, context=_CONTEXT, progress=progress
    )
    outcome = verified([step], evidence, nothing, platform=None, remarks=remarks)
    return Checked(
        verified=outcome,
        manifest=to_yaml(_document(asked, way)),
        is_declared=asked.found.email is not None,
    )


def _secrets(asked: SettingsToCheck, account: DesiredAccount) -> SecretsRead:
    """Return the secrets that are at hand, by the reference that the account has for each."""
    server = account.settings.own_server
    certificate, proxy, asked_proxy = server.client_certificate, server.proxy, asked.found.proxy
    at_hand = {
        server.login.password or server.login.access_token: asked.password,
        certificate.key if certificate is not None else None: asked.key,
        proxy.password if proxy is not None else None: asked_proxy.password if asked_proxy is not None else None,
    }
    return SecretsRead(values={name: value for name, value in at_hand.items() if name and value is not None})


def _quiet(workspace: Workspace, asked: SettingsToCheck) -> Workspace:
    """Return the workspace without questions about a domain, where there is no address that would have one."""
    if asked.found.email is not None:
        return workspace
    policy = workspace.project.verification.model_copy(update={"domain_checks": "off"})
    return replace(workspace, project=workspace.project.model_copy(update={"verification": policy}))


def _document(asked: SettingsToCheck, way: Way) -> JsonObject:
    found = asked.found
    email = found.email or _NOBODY
    smtp: JsonObject = {"host": found.host, "port": way.port, "encryption": way.encryption}
    smtp |= {"heloName": found.helo_name} if found.helo_name else {}
    # What is said of certificates contradicts a connection without TLS, and the document would be refused.
    if way.encryption != "none":
        smtp |= {"caFile": found.ca_file} if found.ca_file else {}
        smtp |= {"certificate": found.certificate} if found.certificate else {}
        smtp |= _shown(found)
    if found.has_login and (found.username or asked.password is not None):
        login: JsonObject = {"mechanism": found.mechanism} if found.mechanism else {}
        login["username"] = _user_name(found.username or email)
        credential = "accessToken" if found.mechanism in TOKEN_MECHANISMS else "password"
        smtp["authentication"] = {**login, credential: dict(asked.reference)}
    spec: JsonObject = {"email": email, "displayName": found.display_name or email.partition("@")[0]}
    replies = reply_settings(found.reply_to)
    if replies:
        spec["replyTo"] = replies[0] if len(replies) == 1 else replies
    reference = {"env": variable(asked.name, "PROXY_PASSWORD")}
    spec |= {"proxy": proxy_settings(found.proxy, reference)} if found.proxy is not None else {}
    return {
        "apiVersion": API_VERSION,
        "kind": "OwnAccount",
        "metadata": {"name": asked.name},
        "spec": {**spec, "smtp": smtp},
    }


def _shown(found: FoundAccount) -> JsonObject:
    if found.client_certificate is None:
        return {}
    key = found.client_key or found.client_certificate
    return {"clientCertificate": {"certFile": found.client_certificate, "key": {"file": key}}}


def _user_name(written: str) -> str:
    """Return a user name as a manifest writes it. Where it has no placeholder, braces are written so that they mean themselves."""
    return written if placeholder_in(written) is not None else as_literal(written)


def _account(document: JsonObject, workspace: Workspace) -> DesiredAccount:
    """Return the account that a document declares, read and resolved as any other manifest."""
    read = read_documents(to_yaml(document).encode(), file="")
    problems = [*read.problems]
    for each in read.documents:
        manifest, wrong = read_document(each)
        problems += wrong
        if manifest is None:
            continue
        smtp = document["spec"]["smtp"]
        cas = read_ca_files([smtp["caFile"]] if "caFile" in smtp else [], root=workspace.root)
        shown = [smtp["clientCertificate"]["certFile"]] if "clientCertificate" in smtp else []
        certificates = CertificateFiles(*read_certificate_files(shown, root=workspace.root))
        resolution = resolve([LocatedManifest(manifest, "", each)], CaFiles(*cas), certificates=certificates)
        problems += resolution.problems
        if resolution.accounts:
            return resolution.accounts[0]
    # The document is ours and in no file: its lines would lead nowhere.
    raise InvalidInput([replace(each, location=None) for each in problems])


def _found_out(asked: SettingsToCheck, ways: Sequence[Way], workspace: Workspace) -> tuple[Way, Diagnostic]:
    """Return the safest way to connect that works, with a remark; where none works, the way that came furthest."""
    found = try_ways(asked, ways, workspace)
    spoken = next((way for way in ways if found[way].status == "passed"), None)
    host = asked.found.host
    if spoken is None:
        furthest = max(ways, key=lambda way: _reached(found[way]))
        tried = ", ".join(map(str, ways))
        detail = f"None of the ways that were tried leads to an encrypted session at {host}: {tried}. What follows is of {furthest}."
        return furthest, warning("noWayFound", detail, subject=asked.name)
    refused = [f"{way}: {_why(found[way])}" for way in ways[: ways.index(spoken)]]
    instead = f" Tried before it, {'; '.join(refused)}." if refused else ""
    detail = f"Port and encryption were not both given, and {host} speaks {spoken.encryption} on port {spoken.port}.{instead}"
    return spoken, note("settingsFoundOut", detail, subject=asked.name)


def try_ways(asked: SettingsToCheck, ways: Sequence[Way], workspace: Workspace) -> dict[Way, Verification]:
    """Return what came of each way, up to the end of TLS; no login is made, and nothing is named but the host."""
    by_name = {f"way-{number}": way for number, way in enumerate(ways)}
    targets = [_trial(asked, name, way, workspace) for name, way in by_name.items()]
    findings = converse(
        targets, _TRIALS, now=workspace.now, progress=lambda _done, _total, _name: None, retries=_NO_RETRIES
    )
    return {way: findings[name].verification for name, way in by_name.items()}


def _trial(asked: SettingsToCheck, name: str, way: Way, workspace: Workspace) -> Target:
    account = _account(_document(replace(asked, name=name), way), workspace)
    step = step_to_verify(account, workspace, platform=None, secrets=SecretsRead(), depth="connect")
    on_the_way = _secrets(replace(asked, password=None), account).values
    means = Means(
        secrets=on_the_way,
        tokens=TokenCache(),
        context=_CONTEXT,
        files=usable_files([account.settings.smtp], workspace),
    )
    return replace(make_target(step, workspace, means), timeout_seconds=_TRIAL_SECONDS)


def _reached(found: Verification) -> int:
    """Return how many steps of the conversation a verification passed."""
    return sum(check.status in {"passed", "warned"} for check in found.checks if check.check in CONVERSATION)


def _why(found: Verification) -> str:
    failed = next((check for check in found.checks if check.status == "failed"), None)
    return f"{failed.check} failed ({failed.code})" if failed is not None else "not tried"
