"""The JSON documents that commands print: camelCase, absent values null, moments in UTC with Z.

A minor version of ``formatVersion`` adds keys; a reader refuses a major that it does not know. Moments have
microseconds only where there are some.
"""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from reconciler.model.accounts.kinds import kind_of
from reconciler.model.plan import FORMAT_VERSION
from reconciler.render.safe import safe_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.recorded import Approval, RecordedAccount, RecordedVerification, Suspension
    from reconciler.model.base import Value
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import JournalEvent
    from reconciler.model.mail.sending import SendDocument
    from reconciler.model.plan import Plan, Summary
    from reconciler.model.verification.evidence import Verification

Document = dict[str, Any]
_BESIDE_THE_PLAN = {"inputs", "seal"}


def to_json(document: Document, *, unicode: bool = True) -> str:
    r"""Return the document as indented JSON that ends with a newline.

    Text stays readable Unicode; control and direction characters are written as ``\uXXXX``, so that the output is
    the same document and cannot steer a terminal. Without ``unicode`` everything is ASCII, for an output that can
    carry nothing else. NaN and infinity raise ``ValueError``.
    """
    return safe_json(json.dumps(document, indent=2, ensure_ascii=not unicode, allow_nan=False)) + "\n"


def instant(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with Z; one without a time zone is taken to be UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat().removesuffix("+00:00") + "Z"


def plan_document(plan: Plan) -> Document:
    """Return what ``plan`` and ``show`` print; of a saved plan, without what only apply needs."""
    return _dumped(plan, exclude=_BESIDE_THE_PLAN)


def error_document(diagnostics: Iterable[Diagnostic]) -> Document:
    """Return what any command prints that could not do its work."""
    return {
        "formatVersion": FORMAT_VERSION,
        "status": "invalid",
        "diagnostics": diagnostic_documents(diagnostics),
    }


def validate_document(accounts: Mapping[str, Kind], diagnostics: Iterable[Diagnostic], *, valid: bool) -> Document:
    """Return what ``validate`` prints; ``accounts`` gives the kind of each declared account by name."""
    return {
        "formatVersion": FORMAT_VERSION,
        "valid": valid,
        "accounts": [{"name": name, "kind": kind} for name, kind in sorted(accounts.items())],
        "diagnostics": diagnostic_documents(diagnostics),
    }


def verify_document(
    findings: Mapping[str, Verification], kinds: Mapping[str, Kind], *, diagnostics: Iterable[Diagnostic] = ()
) -> Document:
    """Return what ``verify`` prints: by account name, its kind and its verification."""
    return {
        "formatVersion": FORMAT_VERSION,
        "accounts": [
            {"name": name, "kind": kinds[name], "verification": _dumped(found)}
            for name, found in sorted(findings.items())
        ],
        "diagnostics": diagnostic_documents(diagnostics),
    }


def apply_document(
    status: Literal["applied", "empty", "refused", "invalid"],
    revision: int | None,
    *,
    summary: Summary | None = None,
    diagnostics: Iterable[Diagnostic] = (),
) -> Document:
    """Return what ``apply`` prints; ``revision`` and ``summary`` are null where nothing was applied or planned."""
    return {
        "formatVersion": FORMAT_VERSION,
        "status": status,
        "revision": revision,
        "summary": _dumped(summary) if summary else None,
        "diagnostics": diagnostic_documents(diagnostics),
    }


def accounts_document(accounts: Sequence[RecordedAccount]) -> Document:
    """Return what ``accounts list`` prints, in the order given."""
    return {"formatVersion": FORMAT_VERSION, "accounts": [account_entry(account) for account in accounts]}


def account_document(account: RecordedAccount) -> Document:
    """Return what ``accounts show`` prints: the entry of the list with the settings and the evidence."""
    evidence = _dumped(account.evidence) if account.evidence else None
    entry = {**account_entry(account), "spec": spec_as_written(account), "evidence": evidence}
    return {"formatVersion": FORMAT_VERSION, "accounts": [entry]}


def send_document(sent: SendDocument) -> Document:
    """Return what ``send`` prints."""
    return {**_dumped(sent, exclude={"diagnostics"}), "diagnostics": diagnostic_documents(sent.diagnostics)}


def history_document(revisions: Iterable[Revision], *, events: Iterable[JournalEvent] = ()) -> Document:
    """Return what ``history`` prints, in the order given: the applied plans, and every entry of the journal."""
    return {
        "formatVersion": FORMAT_VERSION,
        "revisions": [_dumped(revision) for revision in revisions],
        "events": [_dumped(event) for event in events],
    }


def journal_document(
    entries: int, head: str, *, problems: Sequence[str] = (), redacted: Mapping[int, int] | None = None
) -> Document:
    """Return what ``journal check`` prints: number of entries, last hash, what does not hold, what was erased."""
    return {
        "formatVersion": FORMAT_VERSION,
        "valid": not problems,
        "entries": entries,
        "head": head,
        "problems": list(problems),
        "redacted": [{"entry": entry, "by": by} for entry, by in sorted((redacted or {}).items())],
    }


def diagnostic_documents(diagnostics: Iterable[Diagnostic]) -> list[Document]:
    """Return the problems as ``{severity, code, summary, detail, subject, subjects, location: {file, line, column}|null}``."""
    return [_diagnostic(problem) for problem in diagnostics]


def account_entry(account: RecordedAccount) -> Document:
    """Return one account as ``accounts list`` shows it, domains as written.

    A marketing account belongs to the platform and everybody sees it, so ``shared`` is true there.
    """
    metadata, spec = account.metadata, account.spec
    return {
        "name": account.name,
        "kind": account.kind,
        "title": metadata.get("title"),
        "email": account.written.get("spec.email", spec["email"]),
        "displayName": spec["displayName"],
        "owner": metadata.get("owner"),
        "shared": kind_of(account).is_shown_to_everybody or spec.get("shared", False),
        "labels": dict(metadata.get("labels", {})),
        "status": account.status,
        "statusReason": account.status_reason,
        "approval": _approval(account.approval),
        "verification": _verification(account.verification),
        "suspended": _suspension(account.suspension),
        "createdAt": instant(account.created_at),
        "updatedAt": instant(account.updated_at),
        "revision": account.revision,
    }


def spec_as_written(account: RecordedAccount) -> Document:
    """Return the recorded settings with domains as their author wrote them; secrets are references."""
    spec: Document = copy.deepcopy(account.spec)
    for path, text in account.written.items():
        root, *steps = path.split(".")
        if root == "spec" and steps:
            _overlay(spec, steps, text)
    return spec


def _overlay(spec: Document, steps: list[str], text: str) -> None:
    place: Any = spec
    for step in steps[:-1]:
        place = place.get(step)
        if not isinstance(place, dict):
            return
    if isinstance(place.get(steps[-1]), str):
        place[steps[-1]] = text


def _diagnostic(problem: Diagnostic) -> Document:
    place = problem.location
    return {
        "severity": problem.severity,
        "code": problem.code,
        "summary": problem.summary,
        "detail": problem.detail,
        "subject": problem.subject,
        "subjects": list(problem.subjects),
        "location": {"file": place.file, "line": place.line, "column": place.column} if place else None,
    }


def _approval(approval: Approval | None) -> Document | None:
    if approval is None:
        return None
    at = instant(approval.at)
    return {"decision": approval.decision, "actor": approval.actor, "at": at, "reason": approval.reason}


def _verification(verification: RecordedVerification | None) -> Document | None:
    if verification is None:
        return None
    checked_at = instant(verification.checked_at) if verification.checked_at else None
    return {"outcome": verification.outcome, "checkedAt": checked_at, "depth": verification.depth}


def _suspension(suspension: Suspension | None) -> Document | None:
    if suspension is None:
        return None
    return {"reason": suspension.reason, "actor": suspension.actor, "at": instant(suspension.at)}


def _dumped(value: Value, *, exclude: set[str] | None = None) -> Document:
    """Return a model as a document; moments are converted here, since the model writes their own time zone."""
    dumped: Document = _with_instants(value.model_dump(by_alias=True, exclude=exclude))
    return dumped


def _with_instants(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_instants(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_instants(item) for item in value]
    return instant(value) if isinstance(value, datetime) else value
