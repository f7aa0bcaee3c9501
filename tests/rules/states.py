"""Desired and recorded accounts made from manifests, and what applying a plan makes of recorded ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reconciler.manifests.documents import read_document
from reconciler.model.accounts.located import CaFile, CertificateFile, LocatedManifest
from reconciler.model.accounts.recorded import RecordedAccount, RecordedState, RecordedVerification
from reconciler.model.canonical import canonical_json, sha256_hex
from reconciler.model.project import Project
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.secrets.values import FingerprintKey
from reconciler.model.step import Delete, Rename
from reconciler.rules.accounts.desired import ResolvedAccounts, certificate_paths, resolve
from reconciler.rules.accounts.servers import CaFiles, CertificateFiles
from reconciler.rules.apply.admission import steps_of
from reconciler.rules.apply.record import recorded_account
from reconciler.rules.plan.policy import Policy
from reconciler.yamlsource import read_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.plan import SavedPlan

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
KEY = FingerprintKey(b"key of the tests")
KEY_ID = KEY.key_id
ANOTHER_KEY = FingerprintKey(b"another key")


def project(**parts: Any) -> Project:
    """Return a project with some parts of its file as given."""
    written = {"apiVersion": "reconciler/v1", "kind": "Project", "metadata": {"name": "mail"}, **parts}
    return Project.model_validate(written, by_name=False)


def ca_files(contents: Mapping[str, str]) -> CaFiles:
    """Return private CAs by path from their contents."""
    return CaFiles({path: CaFile(pem=text, digest=sha256_hex(text)) for path, text in contents.items()}, {})


def located(text: str, *, file: str = "accounts.d/accounts.yaml") -> list[LocatedManifest]:
    """Return the manifests of a YAML text, which must be valid."""
    read = read_documents(text.encode(), file=file)
    assert not read.problems
    manifests = []
    for document in read.documents:
        manifest, problems = read_document(document)
        assert problems == []
        assert manifest is not None
        manifests.append(LocatedManifest(manifest, file, document))
    return manifests


def certificate_files(paths: Iterable[str]) -> CertificateFiles:
    """Return client certificates by path, each with a fingerprint of its own."""
    return CertificateFiles(
        {path: CertificateFile(pem="", fingerprint=f"sha256:{sha256_hex(path)}") for path in paths}, {}
    )


def resolution_of(text: str, contents: Mapping[str, str] | None = None) -> ResolvedAccounts:
    """Return what a YAML text of manifests resolves to."""
    manifests = located(text)
    certificates = certificate_files(certificate_paths(manifests))
    return resolve(manifests, ca_files(contents or {}), certificates=certificates)


def desired_of(text: str, contents: Mapping[str, str] | None = None) -> tuple[DesiredAccount, ...]:
    """Return the desired accounts of a YAML text, which must resolve without a problem."""
    resolution = resolution_of(text, contents)
    assert resolution.problems == ()
    return resolution.accounts


def fingerprints_of(values: Mapping[str, str]) -> dict[str, str]:
    """Return a stand-in for keyed fingerprints: equal for equal values, of another text than the value."""
    return {secret: "hmac-sha256:" + sha256_hex(value) for secret, value in values.items()}


def policy(values: Mapping[str, str] | None = None, **parts: Any) -> Policy:
    """Return a policy of the default project, with secrets' values as read."""
    secrets = SecretsRead(key=KEY, fingerprints=fingerprints_of(values or {}))
    return Policy(**{"project": project(), "today": NOW.date(), "secrets": secrets, **parts})


def empty_state() -> RecordedState:
    """Return the state that ``state init`` makes."""
    return RecordedState(project="mail", lineage="11111111", serial=0, accounts={})


def recorded_of(account: DesiredAccount, fingerprints: Mapping[str, str]) -> RecordedAccount:
    """Return an account as revision 1 recorded it, verified."""
    wanted = {each.secret for each in account.secret_routes}
    return RecordedAccount(
        kind=account.kind,
        name=account.name,
        canonical=canonical_json(account.document),
        written=account.written,
        revision=1,
        created_at=NOW,
        updated_at=NOW,
        ca_digest=account.ca_digest,
        fingerprints={secret: text for secret, text in fingerprints.items() if secret in wanted},
        verification=RecordedVerification(outcome="passed", checked_at=NOW, depth="message"),
        manifest=account.file,
    )


def state_of(
    accounts: Sequence[DesiredAccount], values: Mapping[str, str] | None = None, *, key_id: str = KEY_ID
) -> RecordedState:
    """Return the state after revision 1 recorded these accounts, with the routes of their secrets."""
    fingerprints = fingerprints_of(values or {})
    return RecordedState(
        project="mail",
        lineage="11111111",
        serial=1 if accounts else 0,
        accounts={account.name: recorded_of(account, fingerprints) for account in accounts},
        routes=tuple(
            route.model_copy(update={"fingerprint": fingerprints.get(route.secret)})
            for account in accounts
            for route in account.secret_routes
        ),
        fingerprint_key_id=key_id,
    )


def applied(plan: SavedPlan, state: RecordedState) -> RecordedState:
    """Return the state that applying the plan leaves, made as apply makes it, without a database."""
    rules = Policy(project=project(), today=NOW.date())
    steps = steps_of(plan, state, rules, depth="message", is_sealed=True)
    accounts = dict(state.accounts)
    routes = list(state.routes)
    number = state.serial + 1
    earlier = dict(state.earlier_names)
    key_id = state.fingerprint_key_id or plan.inputs.fingerprint_key_id
    for step in steps:
        if isinstance(step, Delete | Rename):
            del accounts[step.before.name]
            earlier.pop(step.before.name, None)
    for step in steps:
        if isinstance(step, Delete):
            continue
        if isinstance(step, Rename):
            earlier[step.name] = (step.before.name, *state.earlier_names.get(step.before.name, ()))
        accounts[step.name] = recorded_account(step, revision=number, at=NOW, is_approved=False, key_id=key_id)
        routes.extend(step.routes)
    known = replace(state, serial=number, accounts=accounts, routes=tuple(routes), fingerprint_key_id=key_id)
    return replace(known, earlier_names=earlier)
