"""The details of a plan in groups: everything that changes is told once, and nothing twice."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from reconciler.model.plan import Change, FieldChange, Scalar
from reconciler.render.text import Style, plan_text
from reconciler.render.text.parts.names import listed
from reconciler.rules.plan.alike import shared_changes
from reconciler.rules.plan.defaults import is_default
from tests.render import golden, values
from tests.support.work import counted_work

SCREEN = Style(width=80)
WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heath",
    "islet",
    "jetty",
    "knoll",
    "lagoon",
    "mesa",
)


def details(*changes: Change) -> str:
    """Return the text below the head of a plan of these changes."""
    return plan_text(values.plan(changes), style=SCREEN).partition("\n\n")[2]


def update(name: str, *fields: FieldChange, server: str | None = None) -> Change:
    """Return an update of an own account that needs no verification."""
    return Change(action="update", kind="OwnAccount", name=name, server=server, fields=fields)


@pytest.mark.parametrize("is_numbered", [True, False])
def test_many_creates_fit_sixty_lines(is_numbered: bool) -> None:  # noqa: FBT001
    """150 new accounts through 4 servers are told in 60 lines of 80 columns, head and all, whatever they are called."""
    changes = []
    for number in range(150):
        name = f"desk-{number:03}" if is_numbered else f"{WORDS[number % 13]}-{WORDS[number // 13]}"
        made = values.through_server(name, values.passed(seconds=number / 100))
        changes.append(made.model_copy(update={"server": f"relay-{number % 4}"}))
    random.Random(7).shuffle(changes)  # noqa: S311 - an order
    lines = plan_text(values.plan(changes), style=SCREEN).splitlines()

    assert len(lines) <= 60
    if is_numbered:
        return
    named = {word.strip(" ,") for line in lines for word in line.split()}
    assert [change.name for change in changes if change.name not in named] == []


def test_creates_of_many_shapes_stand_by_server() -> None:
    """New accounts that each have other fields are told by server all the same, and what only some have is named."""
    draw = random.Random(5)  # noqa: S311 - cases
    optional = ("metadata.title", "metadata.owner", "metadata.labels.team", "spec.replyTo.email")
    changes = []
    for number in range(60):
        made = values.through_server(f"{WORDS[number % 13]}-{WORDS[number // 13]}", values.passed())
        more = tuple(values.changed(path, None, f"x{number}") for path in optional if draw.random() < 0.5)
        changes.append(made.model_copy(update={"fields": (*made.fields, *more), "server": f"relay-{number % 4}"}))
    text = details(*changes)
    assert text.count("+ create 15 OwnAccounts through relay-") == 4
    assert text.count("some of them: labels.team, owner, replyTo.email, title") == 4


def test_the_same_update_is_told_once_across_servers() -> None:
    """Accounts through several servers, and those that change something of their own too, share what they share."""
    port = values.changed("spec.smtp.port", 25, 587)
    name = values.changed("spec.displayName", "a", "b")
    text = details(
        update("a", port, server="one"), update("b", port, server="two"), update("c", name, port, server="two")
    )
    assert text == (
        "  ~ update 3 OwnAccounts\n      a, b, c\n      ~ smtp.port  25 → 587\n\n"
        "  ~ update OwnAccount c through two\n      ~ displayName  a → b\n"
    )


def test_every_change_of_a_field_is_told_once() -> None:
    """Whatever accounts share, each field of each account is in one bundle and in no second one."""
    draw = random.Random(3)  # noqa: S311 - cases
    paths = ("spec.smtp.port", "spec.smtp.host", "spec.displayName", "metadata.title")
    for _ in range(50):
        changes = [
            update(f"n{number}", *(values.changed(path, 0, draw.randrange(3)) for path in paths if draw.random() < 0.6))
            for number in range(12)
        ]
        told = [(name, field) for each in shared_changes(changes) for name in each.names for field in each.fields]
        assert sorted(told, key=repr) == sorted(
            ((change.name, field) for change in changes for field in change.fields), key=repr
        )


def test_one_and_true_are_not_the_same_change() -> None:
    """Values are told apart by type too."""
    first, second = update("a", values.changed("spec.x", 0, 1)), update("b", values.changed("spec.x", 0, after=True))
    assert [each.names for each in shared_changes([first, second])] == [("a",), ("b",)]


def test_rotated_secrets_are_told_once() -> None:
    """Accounts whose own secrets were rotated are told together, though each has its own reference."""
    changes = [
        update(f"n{number}", values.changed("spec.smtp.authentication.password", ref, ref, rotated=True))
        for number, ref in enumerate(("env:A", "env:B", "env:C"))
    ]
    assert details(*changes) == (
        "  ~ update 3 OwnAccounts (secrets rotated)\n      n0 to n2\n      smtp.authentication.password\n"
    )


def test_a_field_that_many_change_each_in_its_own_way_is_counted() -> None:
    """Of more than ten, one example is told; of fewer every value."""

    def changes(count: int) -> list[Change]:
        return [
            update(f"n{number:02}", values.changed("spec.displayName", "a", f"b{number}")) for number in range(count)
        ]

    assert "→ b9" in details(*changes(10))
    many = details(*changes(40))
    assert "update 40 accounts: displayName, each to a value of its own" in many
    assert len(many.splitlines()) == 3


def test_deletions_are_told_by_name_alone() -> None:
    """Every account that goes is named, by its kind, and none of its fields."""
    gone = [values.DELETED.model_copy(update={"name": f"{WORDS[n % 13]}-{WORDS[n // 13]}"}) for n in range(60)]
    text = details(*gone)
    assert text.startswith("  - delete 60 OwnAccounts\n")
    assert "shop@example.com" not in text
    assert [change.name for change in gone if change.name not in text] == []


def test_defaults_are_not_told() -> None:
    """What holds without being written is left out of a new account, and shown by --full."""
    fields = (values.changed("spec.email", None, "a@example.com"), values.changed("spec.shared", None, after=False))
    made = values.CREATED.model_copy(update={"fields": fields})
    assert "shared" not in details(made)
    assert "shared" in plan_text(values.plan([made]), style=SCREEN, view="full")
    assert "shared  true → false" in details(update("a", values.changed("spec.shared", before=True, after=False)))


@pytest.mark.parametrize(
    ("path", "after", "expected"),
    [
        ("spec.shared", False, True),
        ("spec.shared", True, False),
        ("spec.shared", 0, False),
        ("spec.smtp.authentication.mechanism", "auto", True),
        ("spec.smtp.authentication.mechanism", "plain", False),
        ("spec.smtp.encryption", "starttls", False),
        ("spec.overrideTo.onInvalid", "fallback", True),
    ],
)
def test_what_is_a_default(path: str, after: Scalar, expected: bool) -> None:  # noqa: FBT001
    """A default is the very value that holds without the line; how a connection is encrypted is always told."""
    assert is_default(values.changed(path, None, after)) is expected


def test_a_reason_is_told_once() -> None:
    """Accounts that fail alike, whatever becomes of them, share one text of why."""
    failing = [
        values.BLOCKING.model_copy(update={"name": "a"}),
        values.through_server("b", values.failed()),
        values.moved_server("c", values.failed()),
    ]
    text = details(*failing)
    assert text.count("The server refused the login") == 1
    assert "  3 accounts: a, b, c\n" in text


def test_what_is_withheld_from_many_is_one_block() -> None:
    """Eighty accounts whose routes differ share one cause: the error lists the routes, so the details tell it once."""
    withheld = []
    for number in range(80):
        found = values.withheld()
        *before, auth = found.checks
        own = replace(
            auth, message=f"env:X was not sent: desk-{number}@example.com at smtp.example.com:587 is a new route."
        )
        found = found.model_copy(update={"checks": (*before, own)})
        withheld.append(values.WITHHELD.model_copy(update={"name": f"desk-{number:02}", "verification": found}))
    text = details(*withheld)
    assert (
        "  80 accounts: desk-00 to desk-79\n    ✗ auth withheld: no credential was sent: each would take a route"
        in text
    )
    assert 1 == text.count("auth withheld")


def test_compact_is_the_head_of_every_view() -> None:
    """Each view begins with the same lines; only the one that shows everything points to no other."""
    plan = golden.grouped_plan()
    compact, grouped, full = (plan_text(plan, style=SCREEN, view=view).splitlines() for view in golden.VIEWS)
    assert grouped[: len(compact)] == compact
    assert full[: len(compact) - 1] == compact[:-1]


@pytest.mark.parametrize(
    ("names", "most", "told"),
    [
        (["b", "a"], 9, "a, b"),
        (["a-1", "a-2"], 9, "a-1, a-2"),
        (["a-1", "a-2", "a-3"], 9, "a-1 to a-3"),
        (["a-9", "a-10", "a-8"], 9, "a-8, a-9, a-10"),
        (["a-09", "a-10", "a-08"], 9, "a-08 to a-10"),
        (["a-1", "a-2", "a-3", "b", "c"], 1, "a-1 to a-3 and 2 more"),
        (["1", "2", "3", "x"], 9, "x, 1 to 3"),
        (["a-1", "a-2", "a-3", "a-5"], 9, "a-1 to a-3, a-5"),
    ],
)
def test_names_in_ranges(names: list[str], most: int, told: str) -> None:
    """Three or more names whose numbers follow each other, written alike, are a range."""
    assert sorted(told.split(", ")) == sorted(listed(names, most=most).split(", "))


def test_details_grow_with_their_changes() -> None:
    """Four times the changes take four times the work, not sixteen times."""

    def work(count: int) -> int:
        label = values.changed("metadata.title", "a", "b")
        changes = [update(f"n{n}", label, values.changed("spec.displayName", "a", f"{n}")) for n in range(count)]
        changes += [values.through_server(f"shop-{n}", values.failed(f"{n}")) for n in range(count)]
        plan = values.plan(changes)
        with counted_work() as counted:
            plan_text(plan, style=SCREEN)
        return counted.calls

    work(1)  # imports
    assert work(400) < 5 * work(100)


@pytest.mark.parametrize("count", [1, 5])
def test_where_an_overlay_has_accounts_send_is_told_with_its_place(count: int) -> None:
    """The host is in the heading of what is new, and a row of its own where an overlay says it, once for all of a server."""
    changes = []
    for number in range(count):
        made = values.through_server(f"desk-{number}", values.passed())
        fields = [
            replace(field, origin="overlays/staging/office.yaml:5") if field.path == "spec.smtp.host" else field
            for field in made.fields
        ]
        changes.append(made.model_copy(update={"fields": tuple(fields)}))
    text = details(*changes)
    assert 1 == text.count("(overlays/staging/office.yaml:5)")
    assert "smtp.host" in text
