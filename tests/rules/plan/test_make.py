"""What the planner makes of one account: its change, its secrets, and whether it is verified."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.reading import SecretsRead
from reconciler.rules.plan.make import make_plan
from reconciler.rules.verification.settings import settings_digest
from tests.rules.single import PASSWORD, PROXY, VALUES, codes, drafted, only, own
from tests.rules.states import (
    ANOTHER_KEY,
    KEY,
    KEY_ID,
    desired_of,
    empty_state,
    fingerprints_of,
    policy,
    project,
    state_of,
)

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.secrets.values import FingerprintKey


@pytest.mark.parametrize("parts", [{"targets": ("none", "x*")}, {"excludes": ("none", "x*")}])
def test_a_selector_that_selects_nothing_is_told(parts: dict[str, Any]) -> None:
    """Of targets and of exclusions."""
    assert ["selectorMatchesNothing none", "selectorMatchesNothing x*"] == codes(drafted([own()], **parts))


def test_what_is_not_selected_is_left_out() -> None:
    """Neither changed nor counted, and refused nothing."""
    recorded = state_of([own("b"), own("c"), own("d"), own("e")], VALUES)
    wanted = [own("b", host="other.example"), own("d", metadata=", previousName: c"), own("e")]
    draft = drafted(wanted, recorded, targets=("e",))
    assert () == draft.steps
    assert 1 == draft.unchanged
    assert [] == codes(draft)
    assert "renameTaken d" in codes(drafted(wanted, recorded))


@pytest.mark.parametrize(
    ("after", "action", "cause", "fields"),
    [
        (own(host="i.example"), "update", "manifest", ["spec.smtp.host"]),
        (own("b", metadata=", previousName: a"), "rename", "manifest", []),
        (own(metadata=", title: T"), "update", "manifest", ["metadata.title"]),
        (own(secret="SMTP_B"), "update", "manifest", [PASSWORD]),
    ],
)
def test_what_a_change_is_called(after: DesiredAccount, action: str, cause: str, fields: list[str]) -> None:
    """Its action, cause and fields, and the revision that it is made from."""
    recorded = state_of([own()], VALUES)
    recorded = replace(recorded, accounts={"a": replace(recorded.accounts["a"], revision=7)})
    change = only(drafted([after], recorded)).change
    assert action == change.action
    assert cause == change.cause
    assert fields == [each.path for each in change.fields]
    assert 7 == change.base_revision
    assert "OwnAccount" == change.kind
    assert ("a" if action == "rename" else None) == change.previous_name


def test_a_change_names_the_server_that_it_comes_from() -> None:
    """A new account's and a changed one's."""
    text = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, displayName: A, "
        "smtp: {server: relay}}\n---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: relay}\n"
        "spec: {host: h.example}\n"
    )
    (before,) = desired_of(text)
    (after,) = desired_of(text.replace("displayName: A", "displayName: B"))
    assert ["relay", "relay"] == [
        only(drafted([before])).change.server,
        only(drafted([after], state_of([before]))).change.server,
    ]


def test_a_deletion_shows_what_goes() -> None:
    """Every field with its value as written, the private CA's content among them, and nothing to verify."""
    before = own(host="Ż.example", smtp=", caFile: ca.pem", contents={"ca.pem": "one"})
    (deletion,) = drafted([], state_of([before], VALUES), allow_deletes=1).steps
    fields = {each.path: (each.before, each.after) for each in deletion.change.fields}
    assert "delete" == deletion.change.action
    assert "OwnAccount" == deletion.change.kind
    assert "a" == deletion.change.name
    assert 1 == deletion.change.base_revision
    assert (("Ż.example", None), True) == (fields["spec.smtp.host"], "spec.smtp.caFile.sha256" in fields)
    assert deletion.after is None
    assert not deletion.needs_evidence
    assert deletion.withheld == ()


def test_a_creation_shows_all_there_is() -> None:
    """Every field as written, the private CA's content among them; it needs evidence."""
    creation = only(drafted([own(host="Ż.example", smtp=", caFile: ca.pem", contents={"ca.pem": "one"})]))
    fields = {each.path: (each.before, each.after) for each in creation.change.fields}
    assert (None, "Ż.example") == fields["spec.smtp.host"]
    assert "spec.smtp.caFile.sha256" in fields
    assert creation.needs_evidence is True
    assert [each.path for each in creation.change.fields] == sorted(fields)
    assert creation.change.base_revision is None
    assert creation.change.previous_name is None
    assert creation.before is None


def test_another_certificate_is_a_change_to_verify() -> None:
    """The manifest is the same, the content of its private CA is not."""
    before, after = (own(smtp=", caFile: ca.pem", contents={"ca.pem": text}) for text in ("one", "two"))
    change = only(drafted([after], state_of([before], VALUES)))
    assert ["spec.smtp.caFile.sha256"] == [each.path for each in change.change.fields]
    assert "manifest" == change.change.cause
    assert change.needs_evidence is True


@pytest.mark.parametrize(("rotated", "paths"), [("env:SMTP_A", [PASSWORD]), ("env:SMTP_B", ["spec.proxy.password"])])
def test_a_rotated_secret_is_shown_where_it_is_used(rotated: str, paths: list[str]) -> None:
    """By its reference on both sides, at every field that is a secret, and at no text that reads the same."""
    account = own(metadata=f", labels: {{password: '{rotated}'}}, title: '{rotated}'", spec=PROXY)
    rules = policy({**VALUES, rotated: "new"})
    change = only(make_plan([account], state_of([account], VALUES), rules))
    assert "rotation" == change.change.cause
    assert paths == [each.path for each in change.change.fields]
    assert change.needs_evidence is True
    assert [(rotated, rotated, True)] == [(each.before, each.after, each.rotated) for each in change.change.fields]
    assert fingerprints_of({**VALUES, rotated: "new"}) == change.fingerprints


def test_a_rotation_beside_another_change_is_the_manifests() -> None:
    """Both are shown, in the order of paths."""
    change = only(make_plan([own(host="i.example")], state_of([own()], VALUES), policy({"env:SMTP_A": "new"})))
    assert ("manifest", [PASSWORD, "spec.smtp.host"]) == (
        change.change.cause,
        [each.path for each in change.change.fields],
    )


@pytest.mark.parametrize(
    ("readings", "is_rotated"),
    [
        (SecretsRead(key=KEY, fingerprints={"env:SMTP_A": "other"}), True),
        (SecretsRead(key=KEY, fingerprints={}), False),
        (SecretsRead(key=ANOTHER_KEY, fingerprints={"env:SMTP_A": "other"}), False),
        (SecretsRead(fingerprints={"env:SMTP_A": "other"}), False),
        (SecretsRead(key=KEY, fingerprints={"env:SMTP_A": "other"}, were_read=False), False),
    ],
    ids=["read", "not this one", "another key", "no key", "nothing read"],
)
def test_when_a_rotation_can_be_told(readings: SecretsRead, *, is_rotated: bool) -> None:
    """Where the value was read, and fingerprinted with state's key."""
    draft = make_plan([own()], state_of([own()], VALUES), policy(secrets=readings))
    assert is_rotated == bool(draft.steps)


def test_without_a_key_nothing_can_be_told() -> None:
    """Neither where state has none and the plan has none."""
    state = replace(state_of([own()], VALUES), fingerprint_key_id=None)
    unkeyed = SecretsRead(fingerprints={"env:SMTP_A": "other"})
    assert () == make_plan([own()], state, policy(secrets=unkeyed)).steps


def test_a_secret_that_the_account_uses_no_longer_is_not_rotated() -> None:
    """Its new value concerns nobody; the account's change is what its manifest says."""
    rules = policy({"env:SMTP_A": "new", "env:SMTP_B": "two"})
    change = only(make_plan([own(secret="SMTP_B")], state_of([own()], VALUES), rules))
    assert [("env:SMTP_A", "env:SMTP_B", False)] == [
        (each.before, each.after, each.rotated) for each in change.change.fields
    ]
    assert fingerprints_of({"env:SMTP_B": "two"}) == change.fingerprints


@pytest.mark.parametrize(
    ("key", "state_key", "expected"),
    [(KEY, KEY_ID, "read"), (ANOTHER_KEY, KEY_ID, "recorded"), (KEY, None, "read")],
    ids=["the same key", "another key", "the first key"],
)
def test_which_fingerprints_count(key: FingerprintKey, state_key: str | None, expected: str) -> None:
    """As read, unless they were made with another key than state's; then as recorded."""
    state = replace(state_of([own()], VALUES), fingerprint_key_id=state_key)
    readings = SecretsRead(key=key, fingerprints={"env:SMTP_A": "read"})
    change = only(make_plan([own(host="i.example")], state, policy(secrets=readings)))
    known = {"env:SMTP_A": "read" if expected == "read" else state.accounts["a"].fingerprints["env:SMTP_A"]}
    assert known == change.fingerprints
    settings = own(host="i.example").settings
    made = settings_digest("OwnAccount", settings, ca_digest=None, fingerprints=known, platform=None)
    assert (made, True) == (change.settings_digest, made is not None)


def test_redundant_grants_are_those_of_all_accounts() -> None:
    """A grant that only an account needs which is not selected, or does not change, is needed."""
    grants = [{"secret": "env:SMTP_A", "servers": ["h.example"]}]
    parts = {"project": project(secrets={"grants": grants}), "targets": ("b",)}
    recorded = state_of([own("b", secret="SMTP_B")], VALUES)
    assert [] == codes(drafted([own(), own("b", secret="SMTP_B")], recorded, **parts))
    both = state_of([own(), own("b", secret="SMTP_B")], VALUES)
    assert ["grantRedundant None"] == codes(drafted([own(), own("b", secret="SMTP_B")], both, **parts))


def test_a_value_counts_for_grants_too() -> None:
    """A grant over what state knows by its value, under another reference, is redundant."""
    grants = [{"secret": "env:SMTP_B", "servers": ["h.example"]}]
    rules = policy({"env:SMTP_A": "one", "env:SMTP_B": "one"}, project=project(secrets={"grants": grants}))
    assert ["grantRedundant None"] == codes(make_plan([own(secret="SMTP_B")], state_of([own()], VALUES), rules))
    rotated = state_of([own()], {"env:SMTP_A": "of before"})
    assert ["grantRedundant None"] == codes(make_plan([own(secret="SMTP_B")], rotated, rules))


def test_guards_are_lifted_once() -> None:
    """The same lift of two accounts is noted once, and those of all guards together."""
    exceptions = [
        {"verification": ["*"], "depth": "offline", "until": "2026-12-31", "reason": "x"},
        {"verification": ["*"], "depth": "offline", "until": "2026-12-31", "reason": "x"},
    ]
    draft = drafted([own(), own("b", secret="SMTP_B")], project=project(guards={"exceptions": exceptions}))
    assert ["guards.exceptions: x (to offline)"] == [each.by for each in draft.lifted_guards]


def test_a_secret_that_is_recorded_beside_an_account_is_not_its_own() -> None:
    """A fingerprint that state holds of a reference which the account does not use tells nothing of it."""
    state = state_of([own()], VALUES)
    account = state.accounts["a"]
    beside = replace(account, fingerprints={**account.fingerprints, "env:SMTP_B": "of another day"})
    assert () == drafted([own()], replace(state, accounts={"a": beside})).steps


def test_a_move_alone_is_the_manifests_change() -> None:
    """An account that is declared in another scope, and is the same otherwise, is an update that shows the move."""
    scoped = {"allow": ["env:SMTP_*", {"secret": "env:X_*", "manifests": "elsewhere/**"}]}
    moved = replace(own(), file="elsewhere/a.yaml")
    change = only(drafted([moved], state_of([own()], VALUES), project=project(secrets=scoped)))
    assert "update" == change.change.action
    assert "manifest" == change.change.cause
    assert ["manifest"] == [each.path for each in change.change.fields]
    assert change.needs_evidence is False


def test_both_sides_are_shown_as_written() -> None:
    """The domain before as its author wrote it then, and after as now."""
    change = only(drafted([own(host="Ź.example")], state_of([own(host="Ż.example")], VALUES)))
    assert [("Ż.example", "Ź.example")] == [(each.before, each.after) for each in change.change.fields]


def test_the_digest_covers_the_private_ca() -> None:
    """It is made with the content of the certificate."""
    account = own(smtp=", caFile: ca.pem", contents={"ca.pem": "one"})
    known = fingerprints_of({"env:SMTP_A": "one"})
    made = settings_digest(
        "OwnAccount", account.settings, ca_digest=account.ca_digest, fingerprints=known, platform=None
    )
    assert made == only(drafted([account])).settings_digest


def test_a_rotated_token_secret_is_shown() -> None:
    """Below oauth2 too; a user name that reads like the reference is no secret."""
    text = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, displayName: A, "
        "smtp: {host: h.example, authentication: {mechanism: xoauth2, username: 'env:SMTP_A', oauth2: {tokenUrl: "
        "'https://l.example/t', clientId: c, clientSecret: {env: SMTP_A}, refreshToken: {env: SMTP_B}}}}}\n"
    )
    desired = desired_of(text)
    change = only(make_plan(desired, state_of(desired, VALUES), policy({**VALUES, "env:SMTP_A": "new"})))
    assert ["spec.smtp.authentication.oauth2.clientSecret"] == [each.path for each in change.change.fields]


def test_a_rotated_secret_that_comes_to_another_field_is_shown_there_once() -> None:
    """Where it stood already it is shown as rotated, where it comes to as a field of the manifest."""
    after = own(spec=PROXY.replace("SMTP_B", "SMTP_A"))
    change = only(make_plan([after], state_of([own()], VALUES), policy({"env:SMTP_A": "new"})))
    shown = {each.path: (each.before, each.rotated) for each in change.change.fields if each.after == "env:SMTP_A"}
    assert {PASSWORD: ("env:SMTP_A", True), "spec.proxy.password": (None, False)} == shown
    assert len({each.path for each in change.change.fields}) == len(change.change.fields)


def test_what_is_to_be_verified() -> None:
    """The changes that need evidence, and no others."""
    recorded = state_of([own(), own("gone")], VALUES)
    draft = drafted([own(metadata=", title: T"), own("new", secret="SMTP_B")], recorded, allow_deletes=1)
    assert ["a", "gone", "new"] == [each.change.name for each in draft.steps]
    assert ["new"] == [each.change.name for each in draft.to_verify]


def test_a_private_ca_that_stays_needs_no_evidence() -> None:
    """An account that is only relabelled was verified with the same certificate."""
    parts: dict[str, Any] = {"smtp": ", caFile: ca.pem", "contents": {"ca.pem": "one"}}
    change = only(drafted([own(metadata=", title: T", **parts)], state_of([own(**parts)], VALUES)))
    assert not change.needs_evidence


def test_fingerprints_come_in_order() -> None:
    """By reference, whatever was read first."""
    account = own(secret="SMTP_B", spec=PROXY.replace("SMTP_B", "SMTP_A"))
    rules = policy({"env:SMTP_B": "two", "env:SMTP_A": "one"})
    assert ["env:SMTP_A", "env:SMTP_B"] == [*only(make_plan([account], empty_state(), rules)).fingerprints]


def test_no_grant_is_shown_that_would_cover_a_secret_of_an_account_left_out() -> None:
    """What a manifest names is known, whether the plan is for it or not."""
    new = [own(f"x{each}", secret=f"SMTP_X{each}", host="n.example") for each in range(1000, 1030)]
    other = own("other", secret="SMTP_X1099")
    rules = policy(project=project(secrets={"firstUse": "grant"}), excludes=("other",))
    shown = [
        next(
            each.detail
            for each in make_plan(desired, empty_state(), rules).problems
            if each.code == "credentialWithheld"
        )
        for desired in ([*new, own("other", secret="OTHER")], [*new, other])
    ]
    assert [True, False] == ['"env:SMTP_X10*"' in detail for detail in shown]
