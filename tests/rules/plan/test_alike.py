"""Changes that several accounts share, told once; and what of a new account goes without saying."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.plan import Change, FieldChange
from reconciler.rules.plan.alike import Shared, is_rotated_only, shared_changes
from reconciler.rules.plan.defaults import is_default

PORT = FieldChange(path="spec.smtp.port", before=25, after=587)
TITLE = FieldChange(path="metadata.title", before="a", after="b")
MOVED = FieldChange(path="spec.smtp.authentication.password", before="env:A", after="env:B")
NAME = FieldChange(path="spec.displayName", before="a", after="b")


def rotated(reference: str, path: str = "spec.smtp.authentication.password") -> FieldChange:
    """Return the rotation of a secret behind its reference."""
    return FieldChange(path=path, before=reference, after=reference, rotated=True)


def update(name: str, *fields: FieldChange, server: str | None = None) -> Change:
    """Return an update of these fields."""
    return Change(action="update", kind="OwnAccount", name=name, fields=fields, server=server)


def told(*changes: Change) -> list[tuple[str, list[str], bool]]:
    """Return the names, the paths, and whether it is a rotation, of what is told together."""
    return [
        (" ".join(each.names), [field.path.rpartition(".")[2] for field in each.fields], each.is_rotation)
        for each in shared_changes(changes)
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], []),
        ([update("a", PORT)], [("a", ["port"], False)]),
        ([update("a", PORT, TITLE)], [("a", ["title", "port"], False)]),
        ([update("b", PORT), update("a", PORT)], [("a b", ["port"], False)]),
        (
            [update("a", PORT, TITLE), update("b", PORT), update("c", TITLE, PORT)],
            [("a b c", ["port"], False), ("a c", ["title"], False)],
        ),
        (
            [update("b", TITLE), update("c", PORT), update("a", NAME)],
            [("a", ["displayName"], False), ("b", ["title"], False), ("c", ["port"], False)],
        ),
        (
            [update("a", PORT), update("b", replace(PORT, after=465))],
            [("a", ["port"], False), ("b", ["port"], False)],
        ),
        (
            [update("a", PORT), update("b", replace(PORT, before=465))],
            [("a", ["port"], False), ("b", ["port"], False)],
        ),
        (
            [
                update("a", FieldChange(path="spec.shared", before=None, after=True)),
                update("b", FieldChange(path="spec.shared", before=None, after=1)),
            ],
            [("a", ["shared"], False), ("b", ["shared"], False)],
        ),
        (
            [
                update("a", FieldChange(path="spec.shared", before=True, after=None)),
                update("b", FieldChange(path="spec.shared", before=1, after=None)),
            ],
            [("a", ["shared"], False), ("b", ["shared"], False)],
        ),
        (
            [update("a", TITLE), update("b", PORT), update("c", PORT)],
            [("b c", ["port"], False), ("a", ["title"], False)],
        ),
        (
            [update("a", TITLE, PORT), update("b", PORT), update("c", TITLE)],
            [("a b", ["port"], False), ("a c", ["title"], False)],
        ),
        (
            [update("a", MOVED), update("b", replace(MOVED, rotated=True))],
            [("a", ["password"], False), ("b", ["password"], False)],
        ),
        ([update("a", rotated("env:A")), update("b", rotated("env:B"))], [("a b", ["password"], True)]),
        (
            [update("a", rotated("env:A"), PORT), update("b", rotated("env:B"), PORT)],
            [("a b", ["port"], False), ("a b", ["password"], True)],
        ),
        ([update("a", rotated("env:A"), PORT)], [("a", ["password", "port"], False)]),
        (
            [update("a", rotated("env:A")), update("b", rotated("env:A", "spec.proxy.password"))],
            [("a", ["password"], True), ("b", ["password"], True)],
        ),
    ],
    ids=[
        "nothing",
        "one",
        "two fields of one",
        "one field of two",
        "one field of all",
        "nothing in common",
        "another value",
        "from another value",
        "true and 1",
        "from true and 1",
        "most accounts first",
        "of as many, by name",
        "another reference, with another value or not",
        "rotations",
        "rotations beside a change",
        "one rotation beside a change",
        "rotations of two fields",
    ],
)
def test_a_change_is_told_once_with_all_its_accounts(
    changes: list[Change], expected: list[tuple[str, list[str], bool]]
) -> None:
    """Those of most accounts first, else by name; fields by path, and rotations of several apart."""
    assert expected == told(*changes)


@pytest.mark.parametrize(
    ("servers", "expected"), [(("office", "office"), "office"), (("office", "other"), None), ((None, None), None)]
)
def test_a_server_is_told_where_it_is_one_for_all(servers: tuple[str | None, ...], expected: str | None) -> None:
    """Else nothing is said of it."""
    (shared,) = shared_changes([update(name, PORT, server=server) for name, server in zip("ab", servers, strict=True)])
    assert Shared(names=("a", "b"), fields=(PORT,), server=expected) == shared


def test_a_reference_that_changes_too_is_no_rotation_alone() -> None:
    """Only the value behind it is."""
    assert [True, False, False, False] == [
        is_rotated_only(field)
        for field in (
            rotated("env:A"),
            replace(rotated("env:A"), after="env:B"),
            PORT,
            replace(PORT, after=25),
        )
    ]


DEFAULTS: dict[str, Any] = {
    "metadata.preventDelete": False,
    "metadata.title": "",
    "spec.shared": False,
    "spec.smtp.authentication.mechanism": "auto",
    "spec.proxy.remoteDns": True,
    "spec.overrideFrom.onMissing": "fallback",
    "spec.overrideFrom.onInvalid": "fallback",
    "spec.overrideFrom.pairing": "perField",
    "spec.overrideTo.onMissing": "fallback",
    "spec.overrideTo.onInvalid": "fallback",
    "spec.overrideTo.pairing": "perField",
}


@pytest.mark.parametrize(("path", "value"), DEFAULTS.items())
def test_what_would_hold_anyway_goes_without_saying(path: str, value: Any) -> None:
    """Where it appears; not where it replaces something, and not another value."""
    assert is_default(FieldChange(path=path, before=None, after=value))
    assert not is_default(FieldChange(path=path, before="x", after=value))
    assert not is_default(FieldChange(path=path, before=None, after="other"))


@pytest.mark.parametrize(
    ("path", "value"),
    [("spec.shared", 0), ("spec.proxy.remoteDns", 1), ("spec.smtp.port", 587), ("spec.smtp.encryption", "starttls")],
)
def test_what_decides_where_a_secret_goes_is_told(path: str, value: Any) -> None:
    """Encryption and port are, default or not; and what is no truth value is no default of one."""
    assert not is_default(FieldChange(path=path, before=None, after=value))
