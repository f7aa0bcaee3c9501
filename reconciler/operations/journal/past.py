"""What state had at a revision: one account, all of them to compare, and their manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import enumerated, error, note
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.model.comparison import Side
from reconciler.operations.accounts.add import file_of
from reconciler.rules.accounts.select import is_pattern, is_selected, unmatched
from reconciler.rules.adoption.export import manifest_of
from reconciler.rules.journal.past import accounts_at, erased_alike
from reconciler.yamlsource.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.comparison import Leaves
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.journal.past import PastAccount


def past_accounts(workspace: Workspace, number: int) -> tuple[PastAccount, ...]:
    """Return the accounts as a revision left them, by name; raise ``InvalidInput`` for one that there is not."""
    with workspace.open_store() as store:
        revisions = store.revisions()
    last = max((each.revision for each in revisions), default=0)
    if number > last:
        detail = f"There is no revision {number}: the last one is {last}."
        raise InvalidInput(error("unknownRevision", detail))
    return accounts_at(revisions, number)


def past_accounts_of(workspace: Workspace, selectors: Sequence[str], number: int) -> list[PastAccount]:
    """Return the accounts that selectors mean as a revision left them; raise ``InvalidInput`` where one means none then."""
    accounts = {each.name: each for each in past_accounts(workspace, number)}
    unknown = [each for each in selectors if not is_pattern(each) and each not in accounts]
    if unknown:
        raise InvalidInput([_not_yet(name, number, accounts) for name in unknown])
    return _chosen(selectors, accounts.values(), workspace)


def _chosen(selectors: Sequence[str], past: Iterable[PastAccount], workspace: Workspace) -> list[PastAccount]:
    """Return those that selectors mean by what they were then or are now, all without selectors; by name.

    A revision does not keep through which MailServer an account went, nor its status. Raises ``InvalidInput``.
    """
    with workspace.open_store() as store:
        now = store.read_accounts()
    found = [(each, [each.recorded, *filter(None, [now.get(each.name_now or "")])]) for each in past]
    nothing = unmatched(selectors, [sides for _, sides in found])
    if nothing:
        raise InvalidInput(nothing)
    return sorted((each for each, sides in found if is_selected(sides, selectors, ())), key=lambda each: each.name)


def _not_yet(name: str, number: int, accounts: Mapping[str, PastAccount]) -> Diagnostic:
    """Return the error for a name that no account had then, with the one that its account had."""
    earlier = next((each.name for each in accounts.values() if each.name_now == name), None)
    if earlier is not None:
        hint = f" It was called {earlier} then:\n    reconciler accounts show {earlier} --revision {number}"
    else:
        hint = f"{did_you_mean(name, accounts)} See\n    reconciler history"
    detail = f"No account called {name} was recorded at revision {number}.{hint}"
    return error("unknownAccount", detail, subject=name)


def side_of_revision(workspace: Workspace, number: int) -> tuple[Side, dict[str, Leaves]]:
    """Return a revision as a side to compare, with the values of all accounts that were recorded then."""
    accounts = past_accounts(workspace, number)
    with workspace.open_store() as store:
        at = next((each.at for each in store.revisions() if each.revision == number), None)
    told = "before the first apply" if at is None else f"applied {at:%Y-%m-%d %H:%M} UTC"
    side = Side(source="revision", name=str(number), told=told)
    return side, {each.name: {"kind": each.kind, **each.values} for each in accounts}


def untold_differences(before: Mapping[str, Leaves], after: Mapping[str, Leaves]) -> list[Diagnostic]:
    """Return the note on accounts that two revisions may tell otherwise, where what they said was erased from both."""
    names = erased_alike(before, after)
    if not names:
        return []
    detail = (
        f"Personal data of {enumerated(names)} was erased from the past. Whether it differed between the two cannot be told: "
        "it counts as the same."
    )
    return [note("revisionErased", detail)]


def past_manifests(
    workspace: Workspace, number: int, selectors: Sequence[str]
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return the manifests of what a revision left, by file, and what is to be told of them.

    Planned against a state at that revision they change nothing; planned against today's they bring back what was, an
    account under its name of then as a rename. Raises ``InvalidInput`` for accounts of which something was erased.
    """
    past = {each.name: each for each in past_accounts(workspace, number)}
    with workspace.open_store() as store:
        now = store.read_state().accounts
    chosen = _chosen(selectors, past.values(), workspace)
    erased = [each.name for each in chosen if each.is_erased]
    if erased:
        detail = (
            f"Personal data of {enumerated(erased)} was erased from the past, so what it said then cannot be written. "
            "Nothing was written. Name the accounts that are to be."
        )
        raise InvalidInput([error("revisionErased", detail, subject=name) for name in erased])
    files: dict[str, str] = {}
    for each in chosen:
        current = now.get(each.name_now or "")
        is_unchanged = current is not None and current.revision == each.revision
        # State has an account that was not changed since whole, and the changes only what was shown of it.
        manifest = manifest_of(current if is_unchanged and current is not None else each.recorded)
        if each.name_now not in {None, each.name} and each.name_now not in past:
            manifest["metadata"] = {"name": each.name, "previousName": each.name_now, **manifest["metadata"]}
        files[file_of(each.name)] = to_yaml(manifest)
    return files, _changed_cas([each.recorded for each in chosen])


def _changed_cas(accounts: Sequence[RecordedAccount]) -> list[Diagnostic]:
    names = [each.name for each in accounts if each.ca_digest is not None]
    if not names:
        return []
    detail = (
        f"{enumerated(names)} trusted a private CA, of which a revision keeps the digest alone. The manifests name its "
        "file, and what is in that today is what a plan compares."
    )
    return [note("privateCaNotKept", detail)]
