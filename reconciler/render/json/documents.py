"""The JSON documents that commands print: camelCase, absent values null, moments in UTC with Z.

A minor version of ``formatVersion`` adds keys; a reader refuses a major that it does not know. Moments have
microseconds only where there are some.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.written import as_written
from reconciler.model.canonical import JsonObject, canonical_json
from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.safe import safe_json
from reconciler.render.times import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.overview import Overview
    from reconciler.model.accounts.recorded import Approval, RecordedAccount, RecordedVerification, Suspension
    from reconciler.model.base import Value
    from reconciler.model.comparison import Comparison
    from reconciler.model.mail.sending import SendDocument
    from reconciler.model.plan import Messages, SavedPlan, Summary
    from reconciler.model.verification.evidence import Verification

Document = JsonObject
_BESIDE_THE_PLAN = {"inputs", "seal"}


def to_json(document: Document | list[Document], *, unicode: bool = True) -> str:
    r"""Return the document as indented JSON that ends with a newline.

    Text stays readable Unicode; control and direction characters are written as ``\uXXXX``, which is the same
    document and cannot steer a terminal. Without ``unicode`` everything is ASCII, for an output that can carry
    nothing else. Raises ``ValueError`` for NaN and infinity.
    """
    return safe_json(json.dumps(document, indent=2, ensure_ascii=not unicode, allow_nan=False)) + "\n"


def plan_document(plan: SavedPlan) -> Document:
    """Return what ``plan`` and ``show`` print: the plan, each change with the document that apply would record.

    The rest of what only apply needs is left out.
    """
    shown = dumped(plan, exclude=_BESIDE_THE_PLAN)
    for change in shown["changes"]:
        recorded = plan.inputs.accounts.get(change["name"])
        # A saved plan has forgotten in what order the document was made.
        change["after"] = json.loads(canonical_json(recorded.document)) if recorded is not None else None
    return shown


def error_document(diagnostics: Iterable[Diagnostic]) -> Document:
    """Return what any command prints that could not do its work."""
    return {
        "formatVersion": FORMAT_VERSION,
        "status": "invalid",
        "diagnostics": diagnostic_documents(diagnostics),
    }


def comparison_document(compared: Comparison, diagnostics: Iterable[Diagnostic] = ()) -> Document:
    """Return what ``diff --format json`` prints."""
    return {"formatVersion": FORMAT_VERSION, **dumped(compared), "diagnostics": diagnostic_documents(diagnostics)}


def validate_document(accounts: Mapping[str, Kind], diagnostics: Iterable[Diagnostic], *, valid: bool) -> Document:
    """Return what ``validate`` prints; ``accounts`` has the kind of each declared account by name."""
    return {
        "formatVersion": FORMAT_VERSION,
        "valid": valid,
        "accounts": [{"name": name, "kind": kind} for name, kind in sorted(accounts.items())],
        "diagnostics": diagnostic_documents(diagnostics),
    }


def verify_document(
    findings: Mapping[str, Verification], kinds: Mapping[str, Kind], *, diagnostics: Iterable[Diagnostic] = ()
) -> Document:
    """Return what ``verify`` prints: kind and verification by account name."""
    return {
        "formatVersion": FORMAT_VERSION,
        "accounts": [
            {"name": name, "kind": kinds[name], "verification": dumped(found)}
            for name, found in sorted(findings.items())
        ],
        "diagnostics": diagnostic_documents(diagnostics),
    }


def apply_document(
    status: Literal["applied", "empty", "refused", "invalid"],
    revision: int | None,
    *,
    summary: Summary | None = None,
    messages: Iterable[Messages] = (),
    diagnostics: Iterable[Diagnostic] = (),
) -> Document:
    """Return what ``apply`` prints; ``revision`` is null where nothing was applied, ``summary`` without a plan.

    ``messages`` are the test messages that were sent for it.
    """
    return {
        "formatVersion": FORMAT_VERSION,
        "status": status,
        "revision": revision,
        "summary": dumped(summary) if summary else None,
        "messagesSent": [dumped(each) for each in messages],
        "diagnostics": diagnostic_documents(diagnostics),
    }


def accounts_document(
    accounts: Sequence[RecordedAccount],
    since: Mapping[str, datetime] | None = None,
    diagnostics: Sequence[Diagnostic] = (),
) -> Document:
    """Return what ``accounts list`` prints, in the order given; with ``diagnostics`` only where there are some."""
    began = since or {}
    entries = [account_entry(account, began.get(account.name)) for account in accounts]
    return {"formatVersion": FORMAT_VERSION, "accounts": entries, **_problems_of(diagnostics)}


def account_document(
    *accounts: RecordedAccount,
    since: Mapping[str, datetime] | None = None,
    diagnostics: Sequence[Diagnostic] = (),
) -> Document:
    """Return what ``accounts show`` prints: the entries of the list, with settings and evidence."""
    began = since or {}
    entries = [
        {
            **account_entry(account, began.get(account.name)),
            "spec": spec_as_written(account),
            "evidence": dumped(account.evidence) if account.evidence else None,
        }
        for account in accounts
    ]
    return {"formatVersion": FORMAT_VERSION, "accounts": entries, **_problems_of(diagnostics)}


def _problems_of(diagnostics: Sequence[Diagnostic]) -> Document:
    return {"diagnostics": diagnostic_documents(diagnostics)} if diagnostics else {}


def send_document(sent: SendDocument) -> Document:
    """Return what ``send`` prints."""
    return {**dumped(sent, exclude={"diagnostics"}), "diagnostics": diagnostic_documents(sent.diagnostics)}


def overview_document(overview: Overview) -> Document:
    """Return what ``status`` prints."""
    return {
        **dumped(overview, exclude={"diagnostics"}),
        "diagnostics": diagnostic_documents(overview.diagnostics),
    }


def journal_document(
    entries: int,
    head: str,
    *,
    problems: Sequence[str] = (),
    redacted: Mapping[int, int] | None = None,
    unguarded: Sequence[str] = (),
    diagnostics: Iterable[Diagnostic] = (),
) -> Document:
    """Return what ``journal check`` prints: number of entries, last hash, problems, erased payloads, what is not guarded."""
    return {
        "formatVersion": FORMAT_VERSION,
        "valid": not problems,
        "entries": entries,
        "head": head,
        "problems": list(problems),
        "redacted": [{"entry": entry, "by": by} for entry, by in sorted((redacted or {}).items())],
        "unguarded": list(unguarded),
        "diagnostics": diagnostic_documents(diagnostics),
    }


def diagnostic_documents(diagnostics: Iterable[Diagnostic]) -> list[Document]:
    """Return the problems as ``{severity, code, summary, detail, subject, subjects, location: {file, line, column}|null}``."""
    return [_diagnostic(problem) for problem in diagnostics]


def account_entry(account: RecordedAccount, since: datetime | None = None) -> Document:
    """Return one account as ``accounts list`` prints it, with domains as they are written.

    ``since`` is when it began not to be active; None where it is, or that was not asked.
    A marketing account belongs to the platform, and everybody sees it; so its ``shared`` is true.
    """
    metadata, settings = account.metadata, account.settings
    return {
        "name": account.name,
        "kind": account.kind,
        "title": metadata.title or None,
        "email": account.written.get("spec.email", settings.email),
        "displayName": settings.display_name,
        "owner": metadata.owner,
        "shared": kind_of(account).is_shown_to_everybody or settings.shared,
        "labels": dict(metadata.labels),
        "status": account.status,
        "statusReason": account.status_reason,
        "statusSince": instant(since) if since is not None else None,
        "approval": _approval(account.approval),
        "verification": _verification(account.verification, account.last_failed),
        "suspended": _suspension(account.suspension),
        "server": _server(account),
        "secrets": sorted({route.secret for route in account.secret_routes}),
        "certificateEnds": instant(account.certificate_ends) if account.certificate_ends is not None else None,
        "createdAt": instant(account.created_at),
        "updatedAt": instant(account.updated_at),
        "revision": account.revision,
    }


def spec_as_written(account: RecordedAccount) -> Document:
    """Return the recorded settings, with domains as their author wrote them and secrets as references."""
    return as_written(account.spec, account.written)


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


def _verification(verification: RecordedVerification | None, failed_at: datetime | None) -> Document | None:
    if verification is None:
        return None
    checked_at = instant(verification.checked_at) if verification.checked_at else None
    passed = instant(verification.last_passed) if verification.last_passed else None
    return {
        "outcome": verification.outcome,
        "checkedAt": checked_at,
        "depth": verification.depth,
        "lastPassedAt": passed,
        "lastFailedAt": failed_at and instant(failed_at),
    }


def _server(account: RecordedAccount) -> Document | None:
    """Return the server of the account's own; null for what sends through the platform."""
    server = account.settings.server
    if server is None:
        return None
    return {
        "name": account.server,
        "host": server.host,
        "port": server.port,
        "encryption": server.encryption,
        "username": server.login.username,
    }


def _suspension(suspension: Suspension | None) -> Document | None:
    if suspension is None:
        return None
    return {"reason": suspension.reason, "actor": suspension.actor, "at": instant(suspension.at)}


def dumped(value: Value, *, exclude: set[str] | None = None) -> Document:
    """Return a model as a document, with its moments in UTC: the model would write them in their own zones."""
    document: Document = with_instants(value.model_dump(by_alias=True, exclude=exclude))
    return document


def with_instants(value: Any) -> Any:
    """Return what a document is made of with its moments in UTC."""
    if isinstance(value, dict):
        return {key: with_instants(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_instants(item) for item in value]
    return instant(value) if isinstance(value, datetime) else value
