"""Accounts, routes and revisions to put into states."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from reconciler.model.accounts.recorded import Approval, RecordedAccount, RecordedVerification, Suspension
from reconciler.model.canonical import canonical_json
from reconciler.model.journal.entries import Revision
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.model.verification.evidence import Check, Evidence, Verification

if TYPE_CHECKING:
    from reconciler.model.journal.entries import JournalEntry
    from reconciler.store.store import Store

AT = datetime(2026, 3, 1, 12, 30, 15, 250, tzinfo=UTC)
PROJECT = "mail"
LINEAGE = "lineage-of-the-tests"
URL = "sqlite:///.reconciler/state.db"


def account(name: str = "sales", *, revision: int = 1, title: str = "Sprzedaż") -> RecordedAccount:
    """Return an own account with every part filled in."""
    document = {
        "metadata": {"title": title, "labels": {"team": "sales"}, "annotations": {}},
        "spec": {
            "email": f"{name}@example.com",
            "displayName": "Example",
            "shared": True,
            "smtp": {
                "host": "smtp.example.com",
                "port": 587,
                "encryption": "starttls",
                "authentication": {"mechanism": "auto", "username": name, "password": "env:SMTP_SALES"},
            },
        },
    }
    check = Check(check="connect", status="passed", code="ok", message="Connected.", seconds=0.25)
    verification = Verification(status="passed", depth="message", checked_at=AT, checks=(check,))
    return RecordedAccount(
        kind="OwnAccount",
        name=name,
        canonical=canonical_json(document),
        written={"spec.email": "sales@żółw.example"},
        revision=revision,
        created_at=AT,
        updated_at=AT,
        settings_digest="sha256:" + "0" * 64,
        ca_digest="c" * 64,
        fingerprints={"env:SMTP_SALES": "hmac-sha256:" + "a" * 64},
        fingerprint_key_id="0123456789abcdef",
        approval=Approval(decision="rejected", actor="anna", at=AT, reason="no contract", subject_digest="sha256:1"),
        verification=RecordedVerification(outcome="passed", checked_at=AT, depth="message", reason=None),
        suspension=Suspension(reason="spam", actor="anna", at=AT),
        evidence=Evidence(settings_digest="sha256:" + "0" * 64, verification=verification),
    )


def bare_account(name: str = "newsletter") -> RecordedAccount:
    """Return a marketing account with nothing optional."""
    return RecordedAccount(
        kind="MarketingAccount",
        name=name,
        canonical='{"metadata":{},"spec":{"email":"news@example.com"}}',
        revision=1,
        created_at=AT,
        updated_at=AT,
    )


def route(host: str = "smtp.example.com", *, value: str | None = "a") -> SecretRoute:
    """Return a route of a secret; ``value`` stands for its fingerprint."""
    return SecretRoute(
        secret="env:SMTP_SALES",
        fingerprint=None if value is None else "hmac-sha256:" + value * 64,
        route=Route(username="sales", host=host, port=587, encryption="starttls"),
    )


def change(
    name: str, *, action: Literal["create", "update", "rename", "delete"] = "create", previous: str | None = None
) -> dict[str, Any]:
    """Return a change as a revision tells it."""
    told: dict[str, Any] = {"action": action, "kind": "OwnAccount", "name": name, "cause": "manifest", "fields": []}
    return told if previous is None else {**told, "previousName": previous}


def revision(number: int, *changes: dict[str, Any]) -> Revision:
    """Return an applied plan."""
    return Revision(
        revision=number,
        at=AT,
        actor="anna",
        actor_source="flag",
        commit="a" * 40,
        reference="https://example.com/pull/7",
        plan_digest=f"sha256:plan-{number}",
        summary={"create": len(changes)},
        changes=changes,
    )


def told_by(store: Store) -> tuple[tuple[JournalEntry, dict[str, object]], ...]:
    """Return the journal's entries in their order, each with what it tells."""
    with store.snapshot() as snapshot:
        return tuple(snapshot.journal())
