"""The short form of an apply of very many accounts: read in the place of the whole, and held against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.canonical import canonical_json
from reconciler.model.journal.keys import ABRIDGED
from reconciler.rules.journal import abridge
from reconciler.store import jsonpieces
from tests.store.values import AT, change, revision, told_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.store import Store

CHANGES = [change(f"desk-{number:04}") for number in range(2_000)]


def write(store: Store, *changes: dict[str, Any], number: int = 1) -> None:
    """Record an apply."""
    told = {"revision": {"revision": number, "changes": list(changes)}, "verification": {"a": {}}, "isDirty": True}
    with store.write() as transaction:
        transaction.add_revision(revision(number, *changes))
        transaction.append_journal("apply", told, at=AT)


def read_in_short(store: Store) -> list[dict[str, Any]]:
    """Return what the journal tells people."""
    with store.snapshot() as snapshot:
        return [told for _, told in snapshot.journal(has_changes=False, in_short=True)]


@pytest.mark.parametrize("is_piecewise", [False, True])
def test_it_is_read_in_the_place_of_the_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch, *, is_piecewise: bool
) -> None:
    """Nothing behind it is even parsed; nor is it told where all is."""
    for place in ("sql.LONG_TEXT", "sqlite.longtext.LONG_OCTETS") if is_piecewise else ():
        monkeypatch.setattr(f"reconciler.store.{place}", 0)
    write(store, *CHANGES)
    write(store, change("other"), number=2)
    assert all(ABRIDGED not in told for _, told in told_by(store))
    monkeypatch.setattr("reconciler.store.reading.payload_of", lambda _, text: dict.fromkeys(["whole"], len(text)))
    monkeypatch.setattr(jsonpieces, "read_object", lambda pieces, **_: {"whole": len("".join(pieces))})
    short, whole = read_in_short(store)
    monkeypatch.undo()
    assert {"isDirty", "revision", ABRIDGED} == short.keys()
    assert {"revision": 1} == short["revision"]
    assert 2_000 == short[ABRIDGED]["changes"]["first"][0]["count"]
    assert {"whole"} == whole.keys()
    assert () == store.check_journal().problems


@pytest.mark.parametrize("size", [0, 1 << 20])
def test_one_that_tells_otherwise_is_found(store: Store, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Whoever writes an entry whose chain holds, but whose short form is not that of the whole, is found out."""
    monkeypatch.setattr("reconciler.store.sqlite.longtext.LONG_OCTETS", size)
    honest = abridge.with_abridged

    def forged(payload: dict[str, Any]) -> dict[str, Any]:
        made = honest(payload)
        return {**made, ABRIDGED: {**made[ABRIDGED], "more": {"held": 7}}}

    monkeypatch.setattr("reconciler.store.transaction.with_abridged", forged)
    write(store, *CHANGES)
    assert ("Entry 1 tells in short otherwise what it did than in full.",) == store.check_journal().problems


def test_one_of_a_later_version_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it means is not known here, so the whole is read."""
    monkeypatch.setattr(abridge, "VERSION", 2)
    write(store, *CHANGES)
    monkeypatch.undo()
    (told,) = read_in_short(store)
    assert ABRIDGED not in told
    assert len(told["revision"]["changes"]) == 2_000
    assert () == store.check_journal().problems


def test_it_is_made_anew_where_something_is_erased(store: Store, edit: Callable[..., None]) -> None:
    """A redacted payload has the short form of what is left, and holds."""
    write(store, *CHANGES)
    with store.write() as transaction:
        ((entry, payload),) = transaction.journal()
        transaction.redact_payload(entry, {**payload, "reason": "[erased]"})
        transaction.append_journal("redact", {}, at=AT)
    assert ABRIDGED not in str(store.journal_payload(1))
    assert () == store.check_journal().problems
    edit(f"UPDATE journal_payloads SET payload = '{canonical_json({})}' WHERE sequence = 1")  # noqa: S608 - of this file
    assert store.check_journal().problems
