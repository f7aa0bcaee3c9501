"""The view of all accounts: search, filters, one account; history and the journal's check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reconciler.characters import folded
from reconciler.diagnostics import error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.model.accounts.kinds import KindWord, kind_of
from reconciler.rules.accounts.select import Selectable, selects

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status
    from reconciler.operations.workspace import Workspace

KindFilter = Literal["all"] | KindWord


@dataclass(frozen=True, kw_only=True)
class AccountFilter:
    """Which accounts to show; what is None or empty does not narrow."""

    search: str | None = None
    """Part of a name, title, display name or e-mail; case does not count."""
    kind: KindFilter = "all"
    status: Status | None = None
    selectors: tuple[str, ...] = ()
    user: str | None = None
    """Show what this user sees: marketing accounts, shared own accounts, and those the user owns."""


def list_accounts(workspace: Workspace, wanted: AccountFilter) -> tuple[RecordedAccount, ...]:
    """Return the recorded accounts that pass the filter, by name."""
    with workspace.open_store() as store:
        accounts = store.read_state().accounts
    return tuple(accounts[name] for name in sorted(accounts) if _passes(accounts[name], wanted))


def _passes(account: RecordedAccount, wanted: AccountFilter) -> bool:
    return (
        wanted.kind in {"all", kind_of(account).word}
        and (wanted.status is None or account.status == wanted.status)
        and (wanted.search is None or _is_found(account, wanted.search))
        and (not wanted.selectors or _is_selected(account, wanted.selectors))
        and (wanted.user is None or is_visible_to(account, wanted.user))
    )


def _is_found(account: RecordedAccount, text: str) -> bool:
    places = (
        account.name,
        account.metadata.get("title", ""),
        account.spec["displayName"],
        account.spec["email"],
        account.written.get("spec.email", ""),
    )
    sought = folded(text)
    return any(sought in folded(place) for place in places)


def _is_selected(account: RecordedAccount, selectors: tuple[str, ...]) -> bool:
    selectable = Selectable((account.name,), (account.metadata.get("labels", {}),))
    return any(selects(selector, selectable) for selector in selectors)


def is_visible_to(account: RecordedAccount, user: str) -> bool:
    """Tell whether a view for this user shows the account. Shapes views; it is no access control."""
    if kind_of(account).is_shown_to_everybody or account.spec.get("shared"):
        return True
    owner: str | None = account.metadata.get("owner")
    return owner is not None and folded(owner) == folded(user)


def show_account(workspace: Workspace, name: str) -> RecordedAccount:
    """Return one account; raise ``InvalidInput`` with the nearest name where there is none."""
    with workspace.open_store() as store:
        accounts = store.read_state().accounts
    if name not in accounts:
        detail = (
            f"No account called {name} is recorded.{did_you_mean(name, accounts)} See\n    reconciler accounts list"
        )
        raise InvalidInput(error("unknownAccount", detail, subject=name))
    return accounts[name]
