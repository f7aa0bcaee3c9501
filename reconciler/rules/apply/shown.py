"""Whether what a plan would record is what it shows.

A plan shows fields before and after, and carries whole documents to record. Where the seal cannot be checked, somebody
could have altered the documents and left what is shown. So apply makes the fields anew, from state and the documents,
once it is known that state is what the plan was made from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.text.domains import NotADomain, NotAnAddress, address_to_ascii, host_to_ascii
from reconciler.rules.plan.diff import differing_leaves, flatten
from reconciler.rules.plan.digests import changes_digest
from reconciler.rules.secrets.scopes import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.plan import Action, Change, FieldChange, PreparedAccount, SavedPlan, Scalar


def altered_changes(plan: SavedPlan, recorded: Mapping[str, RecordedAccount]) -> tuple[str, ...]:
    """Return the names of the changes that would record something else than the plan shows, by name.

    Changes that are held record nothing. A plan whose digest of changes does not fit them is altered in all of them.
    """
    if plan.changes_digest != changes_digest(plan.changes, plan.lifted_guards):
        return tuple(change.name for change in plan.changes)
    return tuple(
        change.name
        for change in plan.changes
        if not change.held
        and not _is_as_shown(change, recorded.get(change.recorded_name or ""), plan.inputs.accounts.get(change.name))
    )


def _is_as_shown(change: Change, before: RecordedAccount | None, after: PreparedAccount | None) -> bool:
    is_deletion = change.action == "delete"
    if change.action != _action(change, before) or (after is None) != is_deletion:
        return False
    leaves_before = flatten(before.document, ca_digest=before.ca_digest) if before is not None else {}
    leaves_after = flatten(after.document, ca_digest=after.ca_digest) if after is not None else {}
    written_before = before.written if before is not None else {}
    written_after = after.written if after is not None else {}
    # The author's spelling is what is shown, so one of another domain would hide what is recorded.
    if not all(_means(text, leaves_after.get(path)) for path, text in written_after.items()):
        return False
    differing = differing_leaves(
        leaves_before, leaves_after, written_before=written_before, written_after=written_after
    )
    shown = [each for each in change.fields if not each.rotated and each.path != MANIFEST]
    # As many, so that none is shown twice.
    if len(shown) != len(differing) or {each.path: (each.before, each.after) for each in shown} != differing:
        return False
    return all(_is_rotation(each, before, after) for each in change.fields if each.rotated)


def _action(change: Change, before: RecordedAccount | None) -> Action:
    """Return what a change must call itself."""
    if before is None:
        return "create"
    if change.previous_name is not None:
        return "rename"
    return "delete" if change.action == "delete" else "update"


def _is_rotation(field: FieldChange, before: RecordedAccount | None, after: PreparedAccount | None) -> bool:
    """Tell whether a field shown as rotated is a reference that stays, whose value the plan found to be another."""
    if before is None or after is None or field.before != field.after:
        return False
    if flatten(after.document).get(field.path) != field.after or not isinstance(field.after, str):
        return False
    now = after.fingerprints.get(field.after)
    return now is not None and now != before.fingerprints.get(field.after)


def _means(written: str, canonical: Scalar) -> bool:
    """Tell whether a domain as its author wrote it is the one to be recorded."""
    try:
        return canonical == (address_to_ascii(written) if "@" in written else host_to_ascii(written))
    except (NotADomain, NotAnAddress):
        return False
