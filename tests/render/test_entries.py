"""What changes alike is one entry of a review, and nothing is lost by that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.entries import Entry, FieldRow, Member, together

LABELS = ("displayName", "email", "shared")


def entry(name: str, values: dict[str, str], server: str | None, previous: str | None = None) -> Entry:
    """Return an update of one account."""
    fields = tuple(
        FieldRow(action="create", label=label, before=None, after=after, is_rotated=False)
        for label, after in sorted(values.items())
    )
    return Entry(
        action="update", kind="OwnAccount", members=(Member(name=name),), previous_name=previous, server=server,
        fields=fields, remarks=(),
    )  # fmt: skip


made = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(LABELS), st.sampled_from(["a", "b", "c|d"])),
        st.sampled_from([None, "office"]),
        st.sampled_from([None, "old"]),
    ),
    max_size=12,
)


def alone(entries: tuple[Entry, ...]) -> list[Entry]:
    """Return the entries parted until each is of one account."""
    waiting, found = [*entries], []
    while waiting:
        each = waiting.pop()
        if len(each.members) == 1:
            found.append(each)
        else:
            waiting += each.parted()
    return sorted(found, key=lambda each: each.first.name)


@given(made)
def test_nothing_is_lost(changes: list[tuple[dict[str, str], str | None, str | None]]) -> None:
    """Parted again, the entries are those that were put together, each with every value of its account."""
    entries = [entry(f"n-{number:02}", *change) for number, change in enumerate(changes)]
    assert entries == alone(together(entries))


@given(made)
def test_what_is_alike_is_one_entry(changes: list[tuple[dict[str, str], str | None, str | None]]) -> None:
    """No two entries have the same fields, unless they are renames; what stands in a table differs, and is no sign of tables."""
    told = together([entry(f"n-{number:02}", *change) for number, change in enumerate(changes)])
    plain = [(each.server, each.fields) for each in told if each.previous_name is None and not each.columns]
    assert len(set(plain)) == len(plain)
    for each in told:
        assert all(len({member.own[at] for member in each.members}) > 1 for at in range(len(each.columns)))
        assert "|" not in "".join(row.text for member in each.members for row in member.own)
