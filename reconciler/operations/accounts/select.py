"""The accounts that a command's selectors mean, or an error for each selector that means none."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from reconciler.diagnostics import enumerated, error
from reconciler.errors import InvalidInput
from reconciler.rules.accounts.select import is_pattern, is_selected, unmatched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.operations.workspace import Workspace

AnyAccount = TypeVar("AnyAccount", "DesiredAccount", "RecordedAccount")


def select_accounts(selectors: Sequence[str], accounts: Iterable[AnyAccount]) -> list[AnyAccount]:
    """Return the accounts that the selectors select, by name; all of them without selectors.

    Raises ``InvalidInput`` with every selector that selects none.
    """
    listed = sorted(accounts, key=lambda account: account.name)
    nothing = unmatched(selectors, [(each,) for each in listed])
    if nothing:
        raise InvalidInput(nothing)
    return [each for each in listed if is_selected((each,), selectors, ())]


def one_account(workspace: Workspace, selector: str) -> str:
    """Return the name of the one recorded account that a selector means; a name as it is, recorded or not.

    Raises ``InvalidInput`` for a selector that means none, or several.
    """
    if not is_pattern(selector):
        return selector
    with workspace.open_store() as store:
        found = [each.name for each in select_accounts([selector], store.read_accounts().values())]
    if len(found) > 1:
        detail = f"{selector} means {enumerated(found)}, and this is about one account. Name it."
        raise InvalidInput(error("unknownAccount", detail, subject=selector))
    return found[0]
