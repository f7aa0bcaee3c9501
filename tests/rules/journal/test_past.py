"""What was recorded at a revision is told from the changes that the revisions keep."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.journal.entries import Revision
from reconciler.rules.journal.past import accounts_at
from reconciler.rules.plan.diff import flatten

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def revision(number: int, *changes: dict[str, Any]) -> Revision:
    """Return a revision with these changes."""
    return Revision(
        revision=number,
        at=NOW.replace(day=number),
        actor="anna",
        actor_source="flag",
        plan_digest="x",
        summary={},
        changes=changes,
    )


def change(action: str, name: str, previous: str | None = None, **fields: tuple[Any, Any]) -> dict[str, Any]:
    """Return a change; fields by path, with __ for a dot, before and after."""
    listed = [{"path": key.replace("__", "."), "before": was, "after": now} for key, (was, now) in fields.items()]
    return {"action": action, "kind": "OwnAccount", "name": name, "previousName": previous, "fields": listed}


LIFE = (
    revision(1, change("create", "a", spec__email=(None, "a@example.com")), change("create", "b")),
    revision(2, change("update", "a", spec__email=("a@example.com", "b@example.com"))),
    revision(3, change("rename", "c", "a"), change("rename", "a", "b")),
    revision(4, change("delete", "c", spec__email=("b@example.com", None))),
    revision(5, change("create", "c", spec__email=(None, "new@example.com"))),
)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, []),
        (1, [("a", "a@example.com", None), ("b", None, "a")]),
        (2, [("a", "b@example.com", None), ("b", None, "a")]),
        (3, [("a", None, "a"), ("c", "b@example.com", None)]),
        (4, [("a", None, "a")]),
        (5, [("a", None, "a"), ("c", "new@example.com", "c")]),
    ],
)
def test_a_revision_left_these_accounts(number: int, expected: list[tuple[str, str | None, str | None]]) -> None:
    """Each with its values of then, and the name under which it is recorded today; names are given up and taken."""
    found = [(each.name, each.values.get("spec.email"), each.name_now) for each in accounts_at(LIFE, number)]
    assert expected == found


_TEXT = st.text(alphabet='abż@."[]/ 0', min_size=1, max_size=8)
_KEYS = st.text(alphabet="ab.-_/0", min_size=1, max_size=6)


@given(
    st.dictionaries(_KEYS, _TEXT, max_size=3),
    st.dictionaries(_KEYS, _TEXT, max_size=3),
    st.lists(st.fixed_dictionaries({"email": st.just("a@example.com")}), min_size=2, max_size=12),
)
def test_a_document_is_made_again_from_its_values(
    labels: dict[str, str], annotations: dict[str, str], replies: list[dict[str, str]]
) -> None:
    """Whatever keys people give their labels, and however many addresses replies go to."""
    document = {
        "metadata": {key: value for key, value in (("labels", labels), ("annotations", annotations)) if value},
        "spec": {"email": "sales@example.com", "replyTo": replies, "smtp": {"host": "h.example", "port": 25}},
    }
    listed = [{"path": path, "before": None, "after": value} for path, value in flatten(document).items()]
    made = {**change("create", "a"), "fields": listed}
    assert document == accounts_at([revision(1, made)], 1)[0].recorded.document


def test_domains_become_canonical_and_keep_how_they_were_written() -> None:
    """A change shows żółw.example as it was written; the document has its A-label."""
    made = change("create", "a", spec__email=(None, "a@żółw.example"), spec__smtp__host=(None, "mx.żółw.example"))
    account = accounts_at([revision(1, made)], 1)[0].recorded
    assert ("a@xn--w-uga1v8h.example", "mx.xn--w-uga1v8h.example") == (
        account.document["spec"]["email"],
        account.document["spec"]["smtp"]["host"],
    )
    assert {"spec.email": "a@żółw.example", "spec.smtp.host": "mx.żółw.example"} == account.written


def test_what_was_erased_cannot_be_made_again() -> None:
    """An account of which something was erased says so."""
    erased = accounts_at([revision(1, change("create", "a", spec__email=(None, "[erased]")))], 1)[0]
    assert erased.is_erased
