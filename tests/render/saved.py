"""Saved plans for reviewers' renderings: made of the example changes, with what apply would need of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import error, note
from reconciler.model.plan import ApplyInputs, Change, LiftedGuard, Plan, PreparedAccount, SavedPlan, Summary
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.rules.secrets.grants import withheld_problem
from tests.render import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.verification.depths import Depth

GRANTS = withheld_problem(
    {
        "courier": (
            SecretRoute(secret="env:SMTP_RELAY", route=Route(username="relay", host="mail.example.net", port=587,
                                                             encryption="starttls")),
        )
    }
)  # fmt: skip
"""The error that asks for a grant."""


def prepared(
    name: str, *, host: str = "smtp.example.com", reference: str = "env:SMTP_SALES", awaits_approval: bool = False
) -> PreparedAccount:
    """Return what apply needs of an own account that logs in at a server."""
    smtp: dict[str, Any] = {"host": host, "port": 587, "encryption": "starttls"}
    smtp["authentication"] = {"username": name, "password": reference}
    return PreparedAccount(
        document={"metadata": {}, "spec": {"email": f"{name}@example.com", "displayName": name, "smtp": smtp}},
        needs_evidence=True,
        manifest=f"accounts.d/{name}.yaml",
        awaits_approval=awaits_approval,
    )


def saved(plan: Plan, accounts: Mapping[str, PreparedAccount], *, depth: Depth | None = None) -> SavedPlan:
    """Return a plan as it is saved."""
    used = ('{secret: "env:SMTP_SALES", servers: [smtp.example.com:587]}',)
    facts = {name: getattr(plan, name) for name in Plan.model_fields}
    return SavedPlan(**facts, inputs=ApplyInputs(accounts=dict(accounts), depth=depth, grants_used=used))


def reviewed_plan() -> SavedPlan:
    """Return a plan with every action, a failed verification, a withheld credential, and a rotation that is held."""
    assert GRANTS is not None
    rotated = values.HELD.model_copy(update={"name": "invoices", "held": False, "verification": values.warned()})
    changes = [
        values.HELD, values.CREATED, values.DELETED, values.UPDATED, values.RENAMED, values.BLOCKING, values.WITHHELD,
        rotated, values.through_server("anna", values.passed()),
    ]  # fmt: skip
    failure = error("verificationFailed", "auth: The server refused the login: 535.", subject="relay")
    problems = [values.DIAGNOSTICS[1], values.TOO_MANY_DELETES, GRANTS, failure]
    problems.append(note("evidenceReused", "These very settings were verified lately.", subject="sales-pl"))
    plan = values.plan(
        changes,
        status="blocked",
        summary=Summary(create=2, update=4, rename=1, delete=1, unchanged=40, held=1),
        lifted=[LiftedGuard(code="protectedAccount", by="guards.exceptions of the project file")],
        diagnostics=problems,
    )
    accounts = {change.name: prepared(change.name) for change in (values.UPDATED, values.BLOCKING, rotated)}
    accounts["courier"] = prepared("courier", host="mail.example.net", reference="env:SMTP_RELAY")
    accounts["anna"] = prepared("anna@example.com", host="smtp.office365.com", reference="env:SMTP_ANNA")
    accounts["billing"] = prepared("billing", host="held.example.com")
    accounts["newsletter"] = PreparedAccount(
        document={"metadata": {}, "spec": {"email": "news@example.com", "displayName": "News"}},
        needs_evidence=True,
        awaits_approval=True,
    )
    return saved(plan, accounts)


def many_changes(count: int) -> SavedPlan:
    """Return a plan of very many changes: a deletion for each nine creations, all through their own secrets."""
    changes: list[Change] = []
    accounts: dict[str, PreparedAccount] = {}
    for number in range(count):
        name = f"desk-{number:04}"
        if number % 10:
            changes.append(values.through_server(name, values.passed(seconds=number / 100)))
            accounts[name] = prepared(name, reference=f"env:SMTP_{number:04}")
        else:
            changes.append(values.DELETED.model_copy(update={"name": name}))
    deleted = (count + 9) // 10
    summary = Summary(create=count - deleted, delete=deleted, unchanged=3)
    return saved(values.plan(changes, status="ready", summary=summary), accounts)


def empty_plan() -> SavedPlan:
    """Return a plan without changes."""
    return saved(values.plan(status="empty"), {})


def invalid_plan() -> SavedPlan:
    """Return a plan that could not be made."""
    plan = values.plan(status="invalid", summary=Summary(), diagnostics=values.DIAGNOSTICS[:1])
    return saved(plan, {}).model_copy(update={"serial": None})
