"""What is erased of an account, what stays, and of whom."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rules.journal.erasure import (
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
                changed("other", "spec.email", "o@example.com", None),
            ],
        ),
        (5, [changed("anna", "spec.email", "else@example.com", None)]),
        (8, [changed("anna-pl", "spec.displayName", "Anna", None), changed("anna-pl", "spec.smtp.host", "a@b", None)]),
    ]
    expected = {"old@example.com", "new@example.com", "boss@example.com"}
    assert expected == addresses_of(changes, Erasure(names=ANNA.names))


@pytest.mark.parametrize("written", ["Anna@bücher.example", "anna@XN--BCHER-KVA.example"])
@pytest.mark.parametrize(
    "text", ["550 <ANNA@xn--bcher-kva.example> is not yours", "for anna@BÜCHER.example", "anna@bu\u0308cher.example"]
)
def test_an_address_goes_in_every_spelling_of_its_domain(written: str, text: str) -> None:
    """With letters or as A-labels, in any case and composition, whichever of them the manifest had."""
    erasure = Erasure(names=ANNA.names)
    changes = [changed("anna-pl", "spec.email", None, written), changed("anna-pl", "spec.smtp.heloName", text, None)]
    erased = erase_from_changes(
        changes, Erasure(names=ANNA.names, addresses=addresses_of([(7, changes)], erasure)), serial=7
    )
    assert ERASED == erased[1]["fields"][0]["before"]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"targets": ["username:ANNA@example.com", "label:a=b"]}, {"targets": [ERASED, "label:a=b"]}),
        ({"grantsUsed": ["vault:mail/anna@example.com"]}, {"grantsUsed": [ERASED]}),
        ({"liftedGuards": [{"code": "c", "by": "anna@example.com"}]}, {"liftedGuards": [{"code": "c", "by": ERASED}]}),
        ({"reason": "anna@example.com moved", "secret": "env:*"}, {"reason": ERASED, "secret": "env:*"}),
        ({"comment": "https://x.example/?to=Anna%40Example.com#1"}, {"comment": ERASED}),
        ({"comment": "https://x.example/?next=%2Fto%3Danna%2540example.com"}, {"comment": ERASED}),
        ({"comment": "https://x.example/?to=joanna%40example.org"}, None),
        ({"accounts": {"other": {"after": {"reason": "anna@example.com"}}}}, None),
        ({"actor": "anna@example.com"}, None),
        ({"revision": {"revision": 7, "actor": "anna@example.com", "changes": []}}, None),
    ],
    ids=lambda value: next(iter(value), None) if isinstance(value, dict) else "as it was",
)
def test_an_address_goes_from_what_an_entry_says_of_no_account(
    part: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    """Selectors, grants, lifted guards and reasons lose it; what stands with another account, and who acted, do not."""
    assert (expected or part) == erase_from_payload(part, ANNA, serial=7)


def test_a_payload_loses_what_belongs_to_the_account() -> None:
    """Reasons, overrides, digests that could be guessed, and text with the address go; others' parts stay."""
    payload: dict[str, Any] = {
        "actor": "anna@example.com",
        "reason": "asked",
        "revision": {"revision": 7, "changes": [changed("anna-pl", "spec.email", "other@example.com", None)]},
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


@pytest.mark.parametrize(
    "key",
    [
        "reason",
        "email",
        "displayName",
        "username",
        "title",
        "owner",
        "replyTo",
        "annotations",
        "subjectDigest",
    ],
)
def test_personal_parts_of_a_payload_go_however_deep(key: str) -> None:
    """Under such a key everything is erased, in lists and documents too; null stays, and what stands beside it."""
    part = {"spec": {key: ["x", {"any": 587, "none": None}], "port": 587, "host": "smtp.example.com"}}
    kept = erase_from_payload({"approvals": {"anna-pl": part}}, ANNA, serial=7)
    expected = {"spec": {key: [ERASED, {"any": ERASED, "none": None}], "port": 587, "host": "smtp.example.com"}}
    assert {"approvals": {"anna-pl": expected}} == kept


@pytest.mark.parametrize("key", ["accountDigests", "revisionDigests", "redactedPayloads"])
def test_what_the_store_lists_for_the_chain_stays(key: str) -> None:
    """Digests by which the journal proves itself are no data of the account."""
    payload = {key: {"anna-pl": "anna@example.com"}}
    assert payload == erase_from_payload(payload, ANNA, serial=7)


def test_a_reason_that_was_not_given_stays_absent() -> None:
    """A null reason is left, and so is the digest of changes where none of them is the account's."""
    revision = {"revision": 7, "changes": [changed("other", "spec.email", "other@example.com", None)]}
    payload: dict[str, Any] = {"reason": None, "accounts": {"anna-pl": {}}, "revision": revision, "changesDigest": "d"}
    assert payload == erase_from_payload(payload, ANNA, serial=7)
    for damaged in ({"revision": {"revision": 7}}, {"revision": {"changes": "x"}}, {"revision": "x", "accounts": "x"}):
        assert damaged == erase_from_payload(damaged, ANNA, serial=7)


def test_a_reason_of_many_goes_for_one_of_them() -> None:
    """It is erased where the entry concerns the account beside others, as long as the name was its own."""
    payload = {"reason": "leak", "accounts": {"other": {}, "anna": {}}}
    assert ERASED == erase_from_payload(payload, ANNA, serial=4)["reason"]
    assert "leak" == erase_from_payload(payload, ANNA, serial=5)["reason"]


def test_changes_without_fields_have_nothing_to_erase() -> None:
    """A change as old versions wrote it, without fields, is left with none; others' changes as they are."""
    own, other = {"action": "delete", "name": "anna-pl"}, {"action": "delete", "name": "other"}
    assert ({**own, "fields": []}, other) == erase_from_changes([own, other], ANNA, serial=7)
    assert frozenset() == addresses_of([(7, [own, other])], ANNA)


def test_a_side_that_a_field_lacks_is_absent_afterwards() -> None:
    """What stands beside the values of a field stays, and a value that has gone already is not touched."""
    change = {"name": "anna-pl", "fields": [{"path": "spec.email", "after": ERASED, "rotated": True}]}
    (erased,) = erase_from_changes([change], ANNA, serial=7)
    assert [{"path": "spec.email", "before": None, "after": ERASED, "rotated": True}] == erased["fields"]


def test_addresses_are_texts_with_an_at_sign() -> None:
    """Personal values of other forms are no addresses."""
    fields = [
        {"path": "spec.replyTo.email", "before": "reply@example.com"},
        {"path": "metadata.title", "before": "Anna", "after": True},
    ]
    assert {"reply@example.com"} == addresses_of([(7, [{"name": "anna-pl", "fields": fields}])], ANNA)


@pytest.mark.parametrize(("address", "elsewhere"), [("jos\u00e9", "JOSE\u0301"), ("jose\u0301", "jos\u00c9")])
def test_an_address_goes_in_either_form(address: str, elsewhere: str) -> None:
    """NFC and NFD of an address are one address, whichever of them a record holds."""
    own = changed("anna", "spec.email", f"{address}@example.com", None)
    erasure = Erasure(names={"anna": None}, addresses=addresses_of([(1, [own])], ANNA))
    (change,) = erase_from_changes(
        [changed("anna", "spec.smtp.password", f"vault:{elsewhere}@example.com", None)], erasure, serial=1
    )
    assert ERASED == change["fields"][0]["before"]


def test_an_erasure_without_addresses_goes_by_names_alone() -> None:
    """Text elsewhere is not looked through."""
    nobody = Erasure(names={"anna": None})
    (change,) = erase_from_changes(
        [changed("anna", "spec.smtp.password", "vault:anna@example.com", None)], nobody, serial=1
    )
    assert "vault:anna@example.com" == change["fields"][0]["before"]
    assert ("[erased]", False) == (ERASED, nobody.concerns("other", 0))


@pytest.mark.parametrize(("serial", "expected"), [(4, ERASED), (5, "kept")])
def test_parts_by_account_go_as_long_as_the_name_was_its_own(serial: int, expected: str) -> None:
    """An entry of a later revision speaks of another account under the earlier name."""
    payload = {"overrides": {"anna": "kept"}}
    assert {"overrides": {"anna": expected}} == erase_from_payload(payload, ANNA, serial=serial)


def test_any_of_the_addresses_is_found() -> None:
    """A text goes for one address that it holds."""
    both = Erasure(names={"anna": None}, addresses=frozenset({"anna@example.com", "old@example.com"}))
    (change,) = erase_from_changes(
        [changed("anna", "spec.smtp.password", "vault:old@example.com", None)], both, serial=1
    )
    assert ERASED == change["fields"][0]["before"]


@pytest.mark.parametrize(("serial", "expected"), [(4, ERASED), (5, "x@example.com")])
def test_a_revision_is_erased_as_of_its_number(serial: int, expected: str) -> None:
    """The changes of a revision that an entry tells are the account's as long as the name was its own."""
    payload = {"revision": {"changes": [changed("anna", "spec.email", "x@example.com", None)]}}
    kept = erase_from_payload(payload, ANNA, serial=serial)
    assert expected == kept["revision"]["changes"][0]["fields"][0]["before"]
