"""What is erased of an account, what stays, and of whom."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.planning.erasure import (
    ERASED,
    Erasure,
    addresses_of,
    erase_from_changes,
    erase_from_payload,
    is_personal,
)

ANNA = Erasure(names={"anna-pl": None, "anna": 5}, addresses=frozenset({"anna@example.com"}))


def changed(name: str, path: str, before: Any, after: Any) -> dict[str, Any]:
    """Return a change of one field."""
    return {"action": "update", "name": name, "fields": [{"path": path, "before": before, "after": after}]}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.email", True),
        ("spec.displayName", True),
        ("spec.replyTo.email", True),
        ("spec.replyTo.displayName", True),
        ("metadata.title", True),
        ("metadata.owner", True),
        ("metadata.annotations.note", True),
        ("spec.smtp.authentication.username", True),
        ("spec.proxy.username", True),
        ("spec.smtp.host", False),
        ("metadata.labels.team", False),
        ("spec.overrideFrom.emailDetail", False),
        ("spec.smtp.authentication.password", False),
    ],
)
def test_personal_fields_are_known(path: str, expected: bool) -> None:  # noqa: FBT001 - the table's column
    """E-mail, names, reply-to, title, owner, annotations and user names are personal; servers and labels are not."""
    assert expected == is_personal(path)


def test_values_go_and_absence_stays() -> None:
    """A value becomes a mark, null stays null, and a second erasure finds nothing."""
    (once,) = erase_from_changes([changed("anna-pl", "spec.email", None, "anna@example.com")], ANNA, serial=7)
    assert {"path": "spec.email", "before": None, "after": ERASED} == once["fields"][0]
    assert (once,) == erase_from_changes([once], ANNA, serial=7)


@pytest.mark.parametrize(
    ("value", "expected"), [("vault:mail/ANNA@example.com", ERASED), ("env:SMTP", "env:SMTP"), (587, 587)]
)
def test_addresses_go_wherever_they_stand(value: object, expected: object) -> None:
    """A secret reference that was filled in with the address is erased; a port and another reference are not."""
    (change,) = erase_from_changes([changed("anna", "spec.smtp.password", value, None)], ANNA, serial=4)
    assert expected == change["fields"][0]["before"]


@pytest.mark.parametrize(
    ("name", "serial", "expected"), [("anna-pl", 9, True), ("anna", 4, True), ("anna", 5, False), ("other", 1, False)]
)
def test_a_name_is_the_account_s_only_as_long_as_it_was(name: str, serial: int, expected: bool) -> None:  # noqa: FBT001
    """Under an earlier name another account may have been made since; its data is not touched."""
    (change,) = erase_from_changes([changed(name, "spec.email", "x@example.com", None)], ANNA, serial=serial)
    assert expected == (change["fields"][0]["before"] == ERASED)


def test_addresses_are_collected_from_the_account_s_own_changes() -> None:
    """Before and after, of every revision, in any letters; not of others, and not of fields that are not personal."""
    changes = [
        (7, [changed("anna-pl", "spec.email", "Old@Example.com", "new@example.com")]),
        (
            4,
            [
                changed("anna", "metadata.owner", "boss@example.com", None),
                changed("other", "spec.email", "o@e.com", None),
            ],
        ),
        (5, [changed("anna", "spec.email", "else@example.com", None)]),
        (8, [changed("anna-pl", "spec.displayName", "Anna", None), changed("anna-pl", "spec.smtp.host", "a@b", None)]),
    ]
    expected = {"old@example.com", "new@example.com", "boss@example.com"}
    assert expected == addresses_of(changes, Erasure(names=ANNA.names))


def test_a_payload_loses_what_belongs_to_the_account() -> None:
    """Reasons, overrides, digests that could be guessed, and text with the address go; others' parts stay."""
    payload: dict[str, Any] = {
        "actor": "anna@example.com",
        "reason": "asked",
        "revision": {"revision": 7, "changes": [changed("anna-pl", "spec.email", "a@b.c", None)]},
        "changesDigest": "sha256:guessable",
        "overrides": {"anna-pl": "on leave", "other": "because"},
        "accounts": {
            "anna-pl": {"before": {"status": "active", "reason": None}, "after": {"status": "failing", "reason": "no"}},
            "other": {"after": {"reason": "kept"}},
        },
        "approvals": {"anna-pl": {"after": {"decision": "approved", "subjectDigest": "sha256:guessable"}}},
        "verification": {"anna-pl": {"seen": ["553 anna@example.com is not yours", "250 ok"]}},
        "accountDigests": {"anna-pl": "sha256:row"},
        "held": ["anna-pl"],
    }
    kept = erase_from_payload(payload, ANNA, serial=7)
    assert kept == {
        **payload,
        "reason": ERASED,
        "revision": {"revision": 7, "changes": [changed("anna-pl", "spec.email", ERASED, None)]},
        "changesDigest": ERASED,
        "overrides": {"anna-pl": ERASED, "other": "because"},
        "accounts": {
            "anna-pl": {
                "before": {"status": "active", "reason": None},
                "after": {"status": "failing", "reason": ERASED},
            },
            "other": {"after": {"reason": "kept"}},
        },
        "approvals": {"anna-pl": {"after": {"decision": "approved", "subjectDigest": ERASED}}},
        "verification": {"anna-pl": {"seen": [ERASED, "250 ok"]}},
    }
    assert kept == erase_from_payload(kept, ANNA, serial=7)


def test_a_payload_of_others_is_left_as_it_is() -> None:
    """Nothing is changed where the account is not concerned, whatever the payload looks like."""
    payload = {"reason": "theirs", "accounts": {"other": {"after": {"reason": "x"}}}, "revision": 7, "n": None}
    assert payload == erase_from_payload(payload, ANNA, serial=7)
