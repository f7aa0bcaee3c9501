"""What a plan without a seal counts for: a list of wishes, and nothing that it says of itself.

Anybody can write such a plan. What it shows, actions and fields before and after, was compared with state and with the
documents to record; that may be recorded. Whatever else a plan file says is only a claim: how deep to verify, what
needs no evidence and what evidence there is, what was held and why, guards and grants that were used, what it was
limited to, by which key fingerprints were made, from which manifest an account comes. None of it counts. What apply
needs of it is derived anew from project and state, or does without.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from reconciler.classes import dataclass
from reconciler.diagnostics import Location
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.located import CertificateFile, LocatedManifest
from reconciler.model.accounts.manifest import API_VERSION, MODELS
from reconciler.model.accounts.server import is_pin
from reconciler.model.canonical import canonical_json
from reconciler.model.plan import ApplyInputs, Summary
from reconciler.model.secrets.values import is_secret
from reconciler.model.step import Update
from reconciler.rules.accounts.desired import resolve
from reconciler.rules.accounts.servers import NO_CERTIFICATES, CaFiles, CertificateFiles
from reconciler.rules.plan.diff import flatten
from reconciler.rules.verification.settings import settings_digest, settings_of, was_verified_with

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.accounts.located import Path
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.plan import Change, PreparedAccount, SavedPlan
    from reconciler.model.step import Step


@dataclass(frozen=True, slots=True)
class Ground:
    """What wishes are judged by: state and project."""

    recorded: RecordedState
    platform: PlatformServer | None
    approves_automatically: bool

    def before(self, change: Change) -> RecordedAccount | None:
        """Return what state has of the account of a change."""
        return self.recorded.accounts.get(change.recorded_name or "")


def as_wishes(plan: SavedPlan, ground: Ground) -> SavedPlan:
    """Return a plan that has no seal with nothing in it but what it shows; the rest is derived, or absent.

    Its changes were compared with the documents already. What it calls held is left out, as it shows; errors that it
    tells of stay, so that a guard that refused goes on to refuse.
    """
    changes = tuple(_wish(change, plan, ground) for change in plan.changes if not change.held)
    counts = Counter(change.action for change in changes)
    existing = len(changes) - counts["create"]
    accounts = {
        change.name: _prepared(change, plan.inputs.accounts[change.name], ground)
        for change in changes
        if change.action != "delete"
    }
    return plan.model_copy(
        update={
            "changes": changes,
            "summary": Summary.model_validate({**counts, "unchanged": len(ground.recorded.accounts) - existing}),
            "lifted_guards": (),
            "diagnostics": tuple(each for each in plan.diagnostics if each.severity == "error"),
            "inputs": ApplyInputs(accounts=accounts, approvals=plan.inputs.approvals),
        }
    )


def _wish(change: Change, plan: SavedPlan, ground: Ground) -> Change:
    """Return a change with the cause that it has, and without the server that it says its settings come through."""
    before = ground.before(change)
    after = plan.inputs.accounts.get(change.name)
    is_rotation = (
        change.action == "update"
        and before is not None
        and after is not None
        and before.canonical == canonical_json(after.document)
        and before.ca_digest == after.ca_digest
    )
    return change.model_copy(update={"cause": "rotation" if is_rotation else "manifest", "server": None})


def _prepared(change: Change, claimed: PreparedAccount, ground: Ground) -> PreparedAccount:
    """Return what is to be recorded, with the fingerprints that state has for the same references.

    The manifest stays, as the claim that guards look at; what vouches for it is state alone.
    """
    before = ground.before(change)
    known = before.fingerprints if before is not None else {}
    secrets = {each.secret for each in claimed.secret_routes}
    is_settled = (
        not kind_of(change).is_accepted_by_platform
        or ground.approves_automatically
        or (
            before is not None and before.approval is not None and before.approval.covers(change.kind, claimed.settings)
        )
    )
    return claimed.model_copy(
        update={
            "written": _written(claimed, before),
            "fingerprints": {secret: known[secret] for secret in sorted(secrets & known.keys())},
            "settings_digest": None,
            "needs_evidence": any(field.rotated for field in change.fields)
            or not _is_verified(claimed, before, ground),
            "server_manifest": None,
            "server_secrets": (),
            "leaves_server": False,
            "evidence": None,
            "awaits_approval": not is_settled,
        }
    )


def _written(claimed: PreparedAccount, before: RecordedAccount | None) -> dict[str, str]:
    """Return domains as their author wrote them: where one changes as it was shown, elsewhere as state has it."""
    if before is None:
        return claimed.written
    was, now = flatten(before.document), flatten(claimed.document)
    changed = {path for path in now if now[path] != was.get(path)}
    kept = {path: text for path, text in before.written.items() if path in now and path not in changed}
    return {**kept, **{path: text for path, text in claimed.written.items() if path in changed}}


def _is_verified(claimed: PreparedAccount, before: RecordedAccount | None, ground: Ground) -> bool:
    """Tell whether state has these very settings, verified with the platform's server as it is now where that counts."""
    if before is None:
        return False
    if settings_of(before.settings, before.ca_digest) != settings_of(claimed.settings, claimed.ca_digest):
        return False
    if not kind_of(before).sends_through_platform:
        return True
    if ground.platform is not None:
        return was_verified_with(ground.platform, before, ground.recorded)
    digest = settings_digest(
        before.kind, before.settings, ca_digest=before.ca_digest, fingerprints=before.fingerprints, platform=None
    )
    return before.settings_digest in {None, digest}


class _Nowhere:
    """Finds every place of a document that stands in no file."""

    def value_at(self, path: Path) -> Location:  # noqa: ARG002 - a locator takes a path
        """Return no place."""
        return Location("")

    key_at = value_at


def is_document(change: Change, prepared: PreparedAccount) -> bool:
    """Tell whether a document is one that some manifest of this kind and name resolves to; plans show no other."""
    document: dict[str, object] = json.loads(canonical_json(prepared.document))
    metadata = document.get("metadata")
    if document.keys() != {"metadata", "spec"} or not isinstance(metadata, dict):
        return False
    written = {
        "apiVersion": API_VERSION,
        "kind": change.kind,
        "metadata": {**metadata, "name": change.name},
        "spec": _with_references(document["spec"]),
    }
    certificates = _without_fingerprint(written["spec"])
    try:
        manifest = MODELS[change.kind].model_validate(written, by_name=False)
    except ValidationError:
        return False
    ca_file = getattr(getattr(manifest.spec, "smtp", None), "ca_file", None)
    if (ca_file is None) != (prepared.ca_digest is None):
        return False
    # Without the file of a private CA, too: the document names it, and holds nothing of its content.
    made = resolve([LocatedManifest(manifest, "", _Nowhere())], CaFiles({}, {}), certificates=certificates).accounts
    return [prepared.document] == [account.document for account in made]


def _without_fingerprint(spec: Any) -> CertificateFiles:
    """Take the fingerprint of a client's certificate out of a spec, which manifests do not have; return it by its file."""
    smtp = spec.get("smtp") if isinstance(spec, dict) else None
    declared = smtp.get("clientCertificate") if isinstance(smtp, dict) else None
    if not isinstance(declared, dict):
        return NO_CERTIFICATES
    path, fingerprint = declared.get("certFile"), declared.pop("fingerprint", None)
    if not isinstance(path, str) or not isinstance(fingerprint, str) or not is_pin(fingerprint):
        return NO_CERTIFICATES
    return CertificateFiles({path: CertificateFile(pem="", fingerprint=fingerprint)}, {})


def _with_references(node: Any, path: tuple[str, ...] = ()) -> Any:
    """Return a spec with its secrets as a manifest writes them."""
    if isinstance(node, dict):
        return {name: _with_references(each, (*path, name)) for name, each in node.items()}
    if is_secret(path) and isinstance(node, str):
        source, _, of_source = node.partition(":")
        return {source: of_source}
    return node


def unproven_rotations(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the names of the steps that show a value as rotated which was not read, or is the one recorded.

    >>> from dataclasses import replace
    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount
    >>> from reconciler.model.plan import FieldChange
    >>> at, shown = datetime(2026, 9, 7, tzinfo=UTC), FieldChange(path="p", before="env:A", after="env:A", rotated=True)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> step = Update(before=eu, after=eu.as_desired, fields=(shown,))
    >>> unproven_rotations([step]), unproven_rotations([replace(step, fingerprints={"env:A": "f"})])
    (('eu',), ())
    """
    return tuple(
        step.name
        for step in steps
        if isinstance(step, Update)
        and any(
            step.fingerprints.get(secret) in {None, step.before.fingerprints.get(secret)}
            for secret in (str(field.after) for field in step.fields if field.rotated)
        )
    )
