"""What the page needs to compare two revisions: of each the changes, by name, with fields where something was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.render.html.site.history import fields_of
from reconciler.render.html.site.paths import account_path
from reconciler.render.review import field_rows
from reconciler.render.safe import safe

if TYPE_CHECKING:
    from reconciler.model.canonical import JsonObject, JsonView
    from reconciler.model.journal.report import Report


def told_changes(report: Report) -> JsonObject:
    """Return the changes of every revision, the oldest first, as the page's script reads them, and the accounts' pages.

    A change is ``[action, name, previous name, [[field, before, after, is rotated], …]]``. What an account was created
    with, or had when it was deleted, is told on its page and the revision's.
    """
    revisions = sorted(
        (each.revision for each in report.occurrences if each.revision is not None), key=lambda each: each.revision
    )
    told = [[each.revision, [_told(change) for change in each.changes]] for each in revisions]
    return {"revisions": told, "accounts": {safe(each.name): account_path(each.name) for each in report.accounts}}


def _told(change: JsonView) -> list[Any]:
    previous = change.get("previousName")
    action = str(change.get("action"))
    fields = [] if action in ("create", "delete") else _fields(change)
    return [safe(action), safe(change.get("name")), "" if previous is None else safe(previous), fields]


def _fields(change: JsonView) -> list[list[str | bool | None]]:
    return [[row.label, row.before, row.after, row.is_rotated] for row in field_rows(fields_of(change))]
