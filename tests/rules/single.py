"""Plans of one account or two: the accounts, and what state knows of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler.model.accounts.platform import PlatformServer
from reconciler.model.accounts.recorded import Approval, approval_digest
from reconciler.model.servers.server import Server
from reconciler.model.step import Create, Delete, Update
from reconciler.rules.plan.make import make_plan
from tests.rules.states import NOW, desired_of, empty_state, policy, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.rules.plan.make import Draft

SERVER = PlatformServer(
    server=Server.model_validate(
        {
            "host": "p.example",
            "port": 587,
            "encryption": "starttls",
            "authentication": {"username": "p", "password": "env:SMTP_PLATFORM"},
        }
    )
)
"""The platform's server."""
(THERE,) = SERVER.secret_routes
VALUES = {"env:SMTP_A": "one", "env:SMTP_B": "two"}
PASSWORD = "spec.smtp.authentication.password"
PROXY = ", proxy: {type: http, host: q.example, port: 1, username: m, password: {env: SMTP_B}}"


@dataclass(frozen=True)
class Claim:
    """Whoever has secrets that travel, as the rules of routes see it."""

    name: str
    manifest: str
    routes: tuple[SecretRoute, ...]


def own(
    name: str = "a",
    *,
    secret: str = "SMTP_A",  # noqa: S107 - the name of a variable
    host: str = "h.example",
    metadata: str = "",
    smtp: str = "",
    spec: str = "",
    contents: dict[str, str] | None = None,
) -> DesiredAccount:
    """Return an own account with a password."""
    (account,) = desired_of(
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{metadata}}}\nspec: {{email: a@example.com, "
        f"displayName: A, smtp: {{host: {host}, authentication: {{username: a, password: {{env: {secret}}}}}{smtp}}}{spec}}}\n",
        contents,
    )
    return account


def news(metadata: str = "") -> DesiredAccount:
    """Return a marketing account."""
    (account,) = desired_of(
        f"apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {{name: news{metadata}}}\n"
        "spec: {email: n@example.com, displayName: N}\n"
    )
    return account


def drafted(desired: list[DesiredAccount], recorded: RecordedState | None = None, **parts: Any) -> Draft:
    """Return the draft, with all values read."""
    return make_plan(desired, recorded or empty_state(), policy(VALUES, **parts))


def only(draft: Draft) -> Create | Update:
    """Return its only step, which is of an account that is to be."""
    (step,) = draft.steps
    assert not isinstance(step, Delete)
    return step


def codes(draft: Draft) -> list[str]:
    """Return the problems' codes and subjects."""
    return [f"{each.code} {each.subject}" for each in draft.problems]


def approved(account: DesiredAccount, **parts: Any) -> RecordedState:
    """Return the state where the platform has approved the account."""
    state = state_of([account], VALUES)
    recorded = state.accounts["news"]
    subject = approval_digest(recorded.kind, recorded.settings)
    assert subject is not None
    approval = Approval(decision="approved", actor="p", at=NOW, subject_digest=subject)
    return replace(state, accounts={"news": replace(recorded, approval=approval, **parts)})
