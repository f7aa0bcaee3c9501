"""What ``history`` prints as JSON, in pieces: one apply may have changed more accounts than a document is to be held of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.json.documents import dumped, to_json, with_instants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import JournalEvent

_STEP = "  "


def history_document(revisions: Iterable[Revision], *, events: Iterable[JournalEvent] = ()) -> Iterator[str]:
    """Yield the pieces of the one JSON document, in the order given: the applied plans, and all entries of the journal.

    It is what ``to_json`` would make of the whole, an account's change a piece.
    """
    yield f'{{\n{_STEP}"formatVersion": {_indented(FORMAT_VERSION, "")},\n{_STEP}"revisions": '
    yield from _list((_revision(each, _STEP * 2) for each in revisions), _STEP)
    yield f',\n{_STEP}"events": '
    yield from _list(([_indented(dumped(each), _STEP * 2)] for each in events), _STEP)
    yield "\n}\n"


def _revision(revision: Revision, indent: str) -> Iterator[str]:
    """Yield a revision; its changes stand last in it."""
    beside = _indented(dumped(revision, exclude={"changes"}), indent)
    yield beside.removesuffix(f"\n{indent}}}") + f',\n{indent}{_STEP}"changes": '
    yield from _list(
        ([_indented(with_instants(each), indent + _STEP * 2)] for each in revision.changes), indent + _STEP
    )
    yield f"\n{indent}}}"


def _list(items: Iterable[Iterable[str]], indent: str) -> Iterator[str]:
    """Yield a list, each of its items in pieces."""
    separator = f"[\n{indent}{_STEP}"
    for item in items:
        yield separator
        yield from item
        separator = f",\n{indent}{_STEP}"
    yield "[]" if separator.startswith("[") else f"\n{indent}]"


def _indented(value: Any, indent: str) -> str:
    """Return JSON whose further lines are indented; a string in it has no line of its own."""
    return to_json(value).removesuffix("\n").replace("\n", f"\n{indent}")
