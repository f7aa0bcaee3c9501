"""The view of all accounts: search, filters, one account; history and the journal's check."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Literal

from reconciler.characters import folded
from reconciler.classes import FrozenByName
from reconciler.errors import InvalidInput, StateUnavailable
from reconciler.model.accounts.kinds import KindWord, kind_of
from reconciler.model.journal.keys import APPLY
from reconciler.operations.accounts.select import select_accounts
from reconciler.rules.accounts.select import is_pattern, is_selected, may_select_none, unknown_account, unmatched
from reconciler.rules.journal.since import status_since
from reconciler.store import Aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status
    from reconciler.model.journal.entries import JournalEntry
    from reconciler.model.journal.events import JournalEvent
    from reconciler.operations.workspace import Workspace

_IN_JSON_OTHERWISE = frozenset('"\\')
"""What JSON writes with a backslash, beside what is not printable."""
KindFilter = Literal["all"] | KindWord
SEARCHED: Mapping[str, Callable[[RecordedAccount], Iterable[str]]] = {
    "name": lambda account: (account.name,),
    "title": lambda account: (account.metadata.title,),
    "display name": lambda account: (account.settings.display_name,),
    "e-mail, as it is written and as it is compared": lambda account: (
        account.settings.email,
        account.written.get("spec.email", ""),
    ),
    "MailServer": lambda account: (account.server or "",),
    "host, port and user name of its mail server": lambda account: (
        ()
        if (server := account.settings.server) is None
        else (server.host, str(server.port), server.login.username or "")
    ),
    "references of its secrets": lambda account: (route.secret for route in account.secret_routes),
}
"""Where a search looks, each place with its words in the reference."""


class AccountFilter(FrozenByName):
    """Which accounts to show; what is None or empty does not narrow."""

    search: str | None = None
    """Part of a name, title, display name, e-mail, server, port, user name or secret reference; case does not count."""
    kind: KindFilter = "all"
    status: Status | None = None
    selectors: tuple[str, ...] = ()
    user: str | None = None
    """Show what this user sees: marketing accounts, shared own accounts, and those the user owns."""


def list_accounts(workspace: Workspace, wanted: AccountFilter, aside: Aside) -> tuple[RecordedAccount, ...]:
    """Return the recorded accounts that pass the filter, by name; those that cannot be read are put ``aside``.

    Raises ``InvalidInput`` with every selector that can only be a mistake: no account has what it asks for.
    """
    with workspace.open_store() as store:
        accounts = (
            store.read_accounts(aside)
            if wanted.search is None or wanted.selectors
            else store.find_accounts(partial(_may_hold, folded(wanted.search)), aside)
        )
    asked = [selector for selector in wanted.selectors if not may_select_none(selector)]
    nothing = unmatched(asked, [(each,) for each in accounts.values()])
    if nothing:
        raise InvalidInput(nothing)
    return tuple(accounts[name] for name in sorted(accounts) if _passes(accounts[name], wanted))


def has_accounts(workspace: Workspace) -> bool:
    """Tell whether any account is recorded."""
    with workspace.open_store() as store:
        return store.has_accounts()


def _may_hold(sought: str, text: str) -> bool:
    """Tell whether a search could find an account by what is written of it, which JSON may write otherwise."""
    return not _IN_JSON_OTHERWISE.isdisjoint(sought) or not sought.isprintable() or sought in folded(text)


def not_active_since(workspace: Workspace, accounts: Iterable[RecordedAccount]) -> Mapping[str, datetime]:
    """Return, by name, since when each account that cannot send has its status.

    The journal tells that. For somebody who may read the accounts alone the mapping is empty.
    """
    waiting = {account.name: account for account in accounts if account.status != "active"}
    if not waiting:
        return {}
    try:
        with workspace.open_store() as store, store.snapshot() as snapshot:
            earlier_names = snapshot.earlier_names(waiting)
            journal = snapshot.journal(but=APPLY)
            first = next(journal, None)
            events = _events(chain((first,), journal)) if first is not None else ()
    except StateUnavailable:  # whoever may see the accounts need not be one who may see the rest
        return {}
    return status_since(waiting, events, earlier_names=earlier_names)


def _events(journal: Iterable[tuple[JournalEntry, Mapping[str, object]]]) -> tuple[JournalEvent, ...]:
    # The models of all events are imported where there is one.
    from reconciler.rules.journal.events import events_of

    return events_of(journal)


def _passes(account: RecordedAccount, wanted: AccountFilter) -> bool:
    return (
        wanted.kind in {"all", kind_of(account).word}
        and (wanted.status is None or account.status == wanted.status)
        and (wanted.search is None or _is_found(account, wanted.search))
        and is_selected((account,), wanted.selectors, ())
        and (wanted.user is None or is_visible_to(account, wanted.user))
    )


def _is_found(account: RecordedAccount, text: str) -> bool:
    sought = folded(text)
    return any(sought in folded(place) for places in SEARCHED.values() for place in places(account))


def is_visible_to(account: RecordedAccount, user: str) -> bool:
    """Tell whether a view for this user shows the account. Shapes views; it is no access control."""
    if kind_of(account).is_shown_to_everybody or account.settings.shared:
        return True
    owner = account.metadata.owner
    return owner is not None and folded(owner) == folded(user)


def show_account(workspace: Workspace, name: str) -> RecordedAccount:
    """Return one account; raise ``InvalidInput`` with the nearest name where there is none."""
    with workspace.open_store() as store:
        account = store.read_account(name)
        return account if account is not None else known_account(name, store.read_accounts(Aside({})))


def show_accounts(workspace: Workspace, selectors: Sequence[str], aside: Aside) -> list[RecordedAccount]:
    """Return the accounts that selectors mean, by name; raise ``InvalidInput`` with each that means none.

    Those that cannot be read, and may be meant, are put ``aside``.
    """
    unreadable = Aside({})
    with workspace.open_store() as store:
        accounts = store.read_accounts(unreadable)
    is_named = {each: not is_pattern(each) for each in selectors}
    meant = [name for name in unreadable.problems if name in selectors or not all(is_named.values())]
    aside.problems.update((name, unreadable.problems[name]) for name in meant)
    sought = [each for each in selectors if each not in unreadable.problems]
    unknown = [each for each in sought if is_named[each] and each not in accounts]
    if unknown:
        raise InvalidInput([unknown_account(name, accounts) for name in unknown])
    return select_accounts(sought, accounts.values()) if sought else []


def known_account(name: str, accounts: Mapping[str, RecordedAccount]) -> RecordedAccount:
    """Return one of the recorded accounts; raise ``InvalidInput`` with the nearest name where there is none."""
    if name not in accounts:
        raise InvalidInput(unknown_account(name, accounts))
    return accounts[name]
