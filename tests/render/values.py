"""Example values that the renderers' tests and golden texts are made from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Diagnostic, Location, error, warning
from reconciler.model.accounts.recorded import Approval, RecordedAccount, RecordedVerification, Suspension
from reconciler.model.canonical import canonical_json
from reconciler.model.journal.entries import Revision
from reconciler.model.plan import (
    Announcement,
    ApplyInputs,
    Change,
    FieldChange,
    LiftedGuard,
    PlanStatus,
    SavedPlan,
    Scalar,
    Summary,
)
from reconciler.model.verification.evidence import CONVERSATION, UNCHANGED, Check, CheckName, Evidence, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.accounts.kinds import Kind

NOON = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)


def changed(path: str, before: Scalar, after: Scalar, *, rotated: bool = False) -> FieldChange:
    """Return one field's change."""
    return FieldChange(path=path, before=before, after=after, rotated=rotated)


def passed(*, seconds: float = 0.41) -> Verification:
    """Return a verification to envelope without fault, over a direct connection."""
    made = [name for name in CONVERSATION if name not in {"proxy", "message"}]
    checks = [_step(name, seconds if name == "dns" else 0.0) for name in made]
    checks.insert(1, Check(check="proxy", status="skipped", code="notDeclared", message="No proxy is declared."))
    checks.append(Check(check="message", status="skipped", code="beyondDepth", message="The depth is envelope."))
    return Verification(status="passed", depth="envelope", checked_at=NOON, checks=tuple(checks))


def failed(message: str = "The server refused the login: 535 5.7.8 Bad credentials.") -> Verification:
    """Return a verification in which the login failed."""
    before: tuple[CheckName, ...] = ("dns", "connect", "greeting", "tls")
    after: tuple[CheckName, ...] = ("sender", "recipient")
    wrong = Check(
        check="auth", status="failed", class_="permanent", code="badCredentials", message=message, seconds=0.1
    )
    later = [Check(check=name, status="skipped", code="earlierFailure", message="auth failed.") for name in after]
    checks = (*(_step(name, 0.05) for name in before), wrong, *later)
    return Verification(status="failed", depth="envelope", checked_at=NOON, checks=checks)


def withheld() -> Verification:
    """Return a verification without login, because the secret may not travel there."""
    message = "env:SMTP_RELAY has never been sent to mail.example.net:587."
    auth = Check(check="auth", status="skipped", code="withheld", message=message)
    return Verification(status="withheld", depth="connect", checked_at=NOON, checks=(_step("dns", 0.1), auth))


def offline() -> Verification:
    """Return a verification that made no connection."""
    skipped = Check(check="dns", status="skipped", code="beyondDepth", message="The depth is offline.")
    return Verification(status="skipped", depth="offline", checks=(skipped,))


def server_down() -> Verification:
    """Return a verification that was not made since the server did not answer others."""
    message = "smtp.example.com did not answer three accounts in a row."
    skipped = Check(check="connect", status="skipped", code="serverDown", message=message)
    return Verification(status="failed", depth="envelope", checked_at=NOON, checks=(skipped,))


def warned() -> Verification:
    """Return a verification that passed with a warning about the domain."""
    spf = Check(check="spf", status="warned", code="spfMissing", message="example.com publishes no SPF record.")
    good = passed()
    return good.model_copy(update={"checks": (*good.checks, spf)})


def _step(name: CheckName, seconds: float) -> Check:
    return Check(check=name, status="passed", code="ok", message=f"{name} is as it should be.", seconds=seconds)


def plan(
    changes: Sequence[Change] = (),
    *,
    status: PlanStatus = "ready",
    summary: Summary | None = None,
    diagnostics: Sequence[Diagnostic] = (),
    lifted: Sequence[LiftedGuard] = (),
    project: str = "mail",
    verifies: Announcement | None = None,
) -> SavedPlan:
    """Return a plan of these changes, with nothing of what apply would need."""
    return SavedPlan(
        tool="reconciler 0.1.0",
        created_at=NOON,
        project=project,
        lineage="5f0c",
        serial=6,
        status=status,
        changes_digest="sha256:" + "c" * 64,
        plan_digest="sha256:" + "p" * 64,
        summary=summary or Summary(unchanged=40),
        changes=tuple(changes),
        lifted_guards=tuple(lifted),
        diagnostics=tuple(diagnostics),
        apply_verifies=verifies,
        inputs=ApplyInputs(accounts={}),
    )


CREATED = Change(
    action="create",
    kind="MarketingAccount",
    name="newsletter",
    fields=(
        changed("metadata.labels.team", None, "news"),
        changed("metadata.title", None, "Wiadomości 日本語"),
        changed("spec.displayName", None, "Example News"),
        changed("spec.email", None, "news@example.com"),
        changed("spec.replyTo.email", None, "office@example.com"),
    ),
    verification=offline(),
)
UPDATED = Change(
    action="update",
    kind="OwnAccount",
    name="sales-pl",
    base_revision=3,
    fields=(
        changed("metadata.title", "Sales", None),
        changed("spec.replyTo.email", None, "help@example.com"),
        changed("spec.shared", before=False, after=True),
        changed("spec.smtp.authentication.password", "env:SMTP_SALES", "env:SMTP_SALES", rotated=True),
        changed("spec.smtp.encryption", "starttls", "tls"),
        changed("spec.smtp.port", 587, 465),
    ),
    verification=passed(),
)
DELETED = Change(
    action="delete",
    kind="OwnAccount",
    name="old-shop",
    base_revision=2,
    fields=(
        changed("spec.displayName", "Old Shop", None),
        changed("spec.email", "shop@example.com", None),
    ),
)
RENAMED = Change(
    action="rename",
    kind="OwnAccount",
    name="support-eu",
    previous_name="support",
    base_revision=4,
    verification=UNCHANGED,
)
HELD = Change(
    action="update",
    kind="OwnAccount",
    name="billing",
    cause="rotation",
    held=True,
    base_revision=1,
    fields=(changed("spec.smtp.authentication.password", "env:SMTP_BILL", "env:SMTP_BILL", rotated=True),),
    verification=failed(),
)
BLOCKING = UPDATED.model_copy(update={"name": "relay", "verification": failed()})
WITHHELD = UPDATED.model_copy(update={"name": "courier", "verification": withheld()})
FULL_SUMMARY = Summary(create=1, update=1, rename=1, delete=1, unchanged=40, held=1)


def through_server(name: str, verification: Verification) -> Change:
    """Return a new account that takes its settings from a MailServer."""
    return Change(
        action="create",
        kind="OwnAccount",
        name=name,
        server="office365",
        fields=(
            changed("spec.displayName", None, name.title()),
            changed("spec.email", None, f"{name}@example.com"),
            changed("spec.smtp.authentication.mechanism", None, "xoauth2"),
            changed("spec.smtp.authentication.username", None, f"{name}@example.com"),
            changed("spec.smtp.encryption", None, "starttls"),
            changed("spec.smtp.host", None, "smtp.office365.com"),
            changed("spec.smtp.port", None, 587),
        ),
        verification=verification,
    )


def moved_server(name: str, verification: Verification) -> Change:
    """Return an update that comes from the MailServer alone: the same for every account through it."""
    fields = (changed("spec.smtp.host", "smtp.office365.com", "smtp.example.net"),)
    return Change(
        action="update", kind="OwnAccount", name=name, server="office365", base_revision=5, fields=fields,
        verification=verification,
    )  # fmt: skip


DIAGNOSTICS = (
    error(
        "unknownField",
        "accounts.d/sales.yaml has the field prot under spec.smtp, which does not exist. Did you mean port? Write:\n"
        "    port: 587\n\nNothing was read from the field.",
        subject="sales-pl",
        location=Location("accounts.d/sales.yaml", 12, 7),
    ),
    warning("noReplyTo", "Replies to newsletter go to news@example.com.", subject="newsletter"),
)
TOO_MANY_DELETES = error(
    "tooManyDeletes", "The plan deletes 12 of 40 accounts; guards.maxDeletes allows 5. If all is meant:\n"
    "    reconciler plan --allow-deletes 12",
)  # fmt: skip


def recorded(
    name: str = "sales-pl",
    *,
    kind: Kind = "OwnAccount",
    metadata: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    **more: Any,
) -> RecordedAccount:
    """Return an account as state has it; ``more`` are further attributes, such as its approval."""
    settings = {"email": f"{name}@example.com", "displayName": "Example Sales", **(spec or {})}
    return RecordedAccount(
        kind=kind,
        name=name,
        canonical=canonical_json({"metadata": metadata or {"labels": {}, "annotations": {}}, "spec": settings}),
        revision=7,
        created_at=NOON,
        updated_at=NOON + timedelta(days=1, microseconds=5),
        settings_digest="sha256:" + "5" * 64,
        **more,
    )


PASSED = RecordedVerification(outcome="passed", checked_at=NOON, depth="message")
ACTIVE = recorded(
    metadata={
        "title": "Sprzedaż Polska",
        "owner": "anna@example.com",
        "labels": {"team": "sales"},
        "annotations": {},
        "preventDelete": True,
    },
    spec={
        "email": "sales@xn--bcher-kva.example",
        "shared": True,
        "smtp": {
            "host": "smtp.xn--bcher-kva.example",
            "port": 587,
            "encryption": "starttls",
            "authentication": {"mechanism": "auto", "username": "sales", "password": "env:SMTP_SALES"},
        },
    },
    written={"spec.email": "sales@bücher.example", "spec.smtp.host": "smtp.bücher.example", "spec.proxy.host": "gone"},
    verification=PASSED,
    evidence=Evidence(settings_digest="sha256:" + "5" * 64, verification=passed()),
)
PENDING = recorded("newsletter", kind="MarketingAccount")
REJECTED = recorded(
    "contest",
    kind="MarketingAccount",
    approval=Approval(
        decision="rejected", actor="platform", at=NOON, reason="The domain is not ours.", subject_digest="sha256:0"
    ),
)
SUSPENDED = recorded("lottery", suspension=Suspension(reason="Abused.", actor="olga", at=NOON), verification=PASSED)
FAILING = recorded(
    "relay", verification=RecordedVerification(outcome="failed", checked_at=NOON, depth="auth", reason="535 refused")
)
WAITING = (
    PENDING,
    recorded(
        "invoices",
        kind="MarketingAccount",
        metadata={"title": "Rechnungen", "owner": "dora@example.com", "labels": {}, "annotations": {}},
        spec={
            "email": "rechnung@xn--bcher-kva.example",
            "displayName": "Example <office@example.com>",
            "replyTo": {"email": "accounting@example.com", "displayName": "Accounting"},
            "overrideFrom": {
                "emailDetail": "keeper_email",
                "displayNameDetail": "keeper_name",
                "onMissing": "fallback",
                "onInvalid": "skip",
                "pairing": "together",
            },
            "overrideTo": {
                "emailDetail": "billing_email",
                "onMissing": "skip",
                "onInvalid": "skip",
                "pairing": "perField",
            },
        },
        written={"spec.email": "rechnung@bücher.example"},
    ),
)
ACCOUNTS = (ACTIVE, PENDING, REJECTED, SUSPENDED, FAILING)

REVISIONS = (
    Revision(
        revision=7,
        at=NOON,
        actor="anna",
        actor_source="ci",
        commit="0123456789abcdef0123456789abcdef01234567",
        reference="https://git.example.com/mail/pulls/12",
        plan_digest="sha256:" + "p" * 64,
        summary={"create": 1, "update": 1, "rename": 1, "delete": 0, "unchanged": 40, "held": 0},
        changes=(
            CREATED.model_dump(mode="json", include={"action", "kind", "name", "cause", "fields"}),
            UPDATED.model_dump(mode="json", include={"action", "kind", "name", "cause", "fields"}),
            RENAMED.model_dump(mode="json", include={"action", "kind", "name", "previous_name", "cause", "fields"}),
        ),
    ),
    Revision(
        revision=6,
        at=NOON - timedelta(days=1),
        actor="olga",
        actor_source="login",
        commit=None,
        reference=None,
        plan_digest="sha256:" + "q" * 64,
        summary={"delete": 1},
        changes=(DELETED.model_dump(mode="json", include={"action", "kind", "name", "cause", "fields"}),),
    ),
)
