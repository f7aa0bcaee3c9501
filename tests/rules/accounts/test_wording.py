"""What says the same stays as recorded: NFC and NFD of one text are no change, and nothing else is taken over."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.accounts.recorded import Approval, RecordedState, approval_digest
from reconciler.rules.accounts.wording import worded_as_recorded
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from reconciler.rules.plan.match import match, unmarked_renames
from tests.rules.states import NOW, applied, desired_of, policy, state_of

Form = Literal["NFC", "NFD"]
BOTH_WAYS = pytest.mark.parametrize(("was", "now"), [("NFD", "NFC"), ("NFC", "NFD")])
VALUES = {"env:SMTP_SALES_PASSWORD": "s1", "env:SMTP_PROXY_PASSWORD": "p1"}
TEXTS = {
    "title": "Sprzedaż Łódź",
    "owner": "Zoë Ünal",
    "city": "Łódź",
    "note": "Café\nÜbersee",
    "localpart": "josé",
    "display": "Ünal é 한국어",
    "reply": "łódź.é",
    "reply_display": "Łódź Büro",
    "user": "zoë",
    "detail": "opiekun_é",
    "name_detail": "담당자",
}
"""One text for each field that is compared as text."""


def manifests(form: Form, texts: dict[str, str] | None = None) -> str:
    """Return the manifests of one account of either kind with all its text in one form, as JSON, which is YAML."""
    text = {name: unicodedata.normalize(form, each) for name, each in (texts or TEXTS).items()}
    metadata = {
        "title": text["title"],
        "owner": text["owner"],
        "labels": {"city": text["city"]},
        "annotations": {"example.com/note": text["note"]},
    }
    common = {
        "email": f"{text['localpart']}@bücher.example",
        "displayName": text["display"],
        "replyTo": {"email": f"{text['reply']}@example.com", "displayName": text["reply_display"]},
    }
    override = {"emailDetail": text["detail"], "displayNameDetail": text["name_detail"]}
    login = {"username": "{email}", "password": {"env": "SMTP_SALES_PASSWORD"}}
    proxy: dict[str, Any] = {"type": "socks5", "host": "proxy.example.com", "port": 1080, "username": text["user"]}
    proxy["password"] = {"env": "SMTP_PROXY_PASSWORD"}
    own = {**common, "smtp": {"host": "smtp.example.com", "authentication": login}, "proxy": proxy}
    marketing = {**common, "overrideFrom": override, "overrideTo": override}
    return "\n---\n".join(
        json.dumps(
            {"apiVersion": "reconciler/v1", "kind": kind, "metadata": {**metadata, "name": name}, "spec": spec},
            ensure_ascii=False,
        )
        for kind, name, spec in (("OwnAccount", "sales", own), ("MarketingAccount", "news", marketing))
    )


def approved(form: Form, texts: dict[str, str] | None = None) -> RecordedState:
    """Return the state that recorded these manifests, with the approval of the marketing account."""
    state = state_of(desired_of(manifests(form, texts)), VALUES)
    news = state.accounts["news"]
    subject = approval_digest(news.kind, news.settings)
    assert subject is not None
    decided = replace(news, approval=Approval(decision="approved", actor="olga", at=NOW, subject_digest=subject))
    return replace(state, accounts={**state.accounts, "news": decided})


@BOTH_WAYS
def test_every_text_is_compared(was: Form, now: Form) -> None:
    """The manifests differ in each of their texts, and planning finds no change and nothing to say."""
    draft = make_plan(desired_of(manifests(now)), approved(was), policy(VALUES))
    assert () == draft.steps
    assert 2 == draft.unchanged
    assert () == draft.problems


_CHARACTERS = st.sampled_from(sorted(set("".join(TEXTS.values())) - {"\n", " ", ".", "_"} | set("aZ9ñḗΐй각ậö")))
_ANY = st.text(_CHARACTERS, min_size=1, max_size=8)


@given(texts=st.fixed_dictionaries(dict.fromkeys(TEXTS, _ANY)), is_decomposed=st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_text_is_compared(texts: dict[str, str], is_decomposed: bool) -> None:  # noqa: FBT001 - hypothesis fills it in
    """Whatever the texts are, a state in one form planned against manifests in the other is an empty plan."""
    forms: tuple[Form, Form] = ("NFD", "NFC") if is_decomposed else ("NFC", "NFD")
    was, now = forms
    draft = make_plan(desired_of(manifests(now, texts)), approved(was, texts), policy(VALUES))
    assert ((), 2) == (draft.steps, draft.unchanged)


@BOTH_WAYS
@pytest.mark.parametrize("changed", sorted(TEXTS))
def test_one_text_changes(was: Form, now: Form, changed: str) -> None:
    """A text that really changes is the only one that is shown, and is recorded as written; then nothing is left."""
    state = approved(was)
    desired = desired_of(manifests(now, {**TEXTS, changed: "ÿ" + TEXTS[changed]}))
    plan = finish_plan(make_plan(desired, state, policy(VALUES)), {}, Making("test", NOW))
    shown = {field.path.rpartition(".")[2] for change in plan.changes for field in change.fields}
    assert len(shown) == (2 if changed == "localpart" else 1)
    after = applied(plan, state)
    recorded = "".join(each.canonical for each in after.accounts.values())
    assert unicodedata.normalize(now, "ÿ") in recorded
    assert () == make_plan(desired, after, policy(VALUES)).steps


@BOTH_WAYS
def test_an_approval_outlives_another_change(was: Form, now: Form) -> None:
    """A new title leaves approval and verified settings as they are, though every other text has another form."""
    desired = desired_of(manifests(now, {**TEXTS, "title": "Nowy"}))
    plan = finish_plan(make_plan(desired, approved(was), policy(VALUES)), {}, Making("test", NOW))
    prepared = plan.inputs.accounts
    assert [("news", False, False), ("sales", False, False)] == [
        (name, prepared[name].awaits_approval, prepared[name].needs_evidence) for name in sorted(prepared)
    ]


@BOTH_WAYS
def test_domains_as_written_go_with_their_text(was: Form, now: Form) -> None:
    """An address that stays as recorded stays as its author wrote it then; one that changes is as written now."""
    before = approved(was).accounts["sales"]
    (same,) = [each for each in desired_of(manifests(now)) if each.name == "sales"]
    assert before.written == worded_as_recorded(same, before).written
    (other,) = [each for each in desired_of(manifests(now, {**TEXTS, "localpart": "é"})) if each.name == "sales"]
    assert other.written == worded_as_recorded(other, before).written
    assert before.written != other.written


def test_an_address_written_without_its_own_domain_loses_the_former_one() -> None:
    """A domain now written as its A-labels is shown as recorded, because the address says the same."""
    before = approved("NFD").accounts["sales"]
    text = manifests("NFC").replace("bücher.example", "xn--bcher-kva.example")
    (now,) = [each for each in desired_of(text) if each.name == "sales"]
    assert ({}, before.written) == (now.written, worded_as_recorded(now, before).written)


def test_what_is_equal_is_the_same_value() -> None:
    """An account that is as recorded is handed back, and so is one in which every difference is a change."""
    before = approved("NFC").accounts["sales"]
    for text in (manifests("NFC"), manifests("NFC", {**TEXTS, "title": "Nowy"})):
        (account,) = [each for each in desired_of(text) if each.name == "sales"]
        assert account == worded_as_recorded(account, before)
        assert (text == manifests("NFC")) == (account is worded_as_recorded(account, before))


@pytest.mark.parametrize(
    ("field", "was"),
    [
        ('"password": {"file": "secrets/TEXT"}', "authentication.password"),
        (
            '"oauth2": {"tokenUrl": "https://a.example", "clientId": "TEXT", "clientSecret": {"env": "SMTP_A"}}',
            "clientId",
        ),
        (
            '"oauth2": {"tokenUrl": "https://a.example", "clientId": "a", "scope": "TEXT", "clientSecret": {"env": "SMTP_A"}}',
            "scope",
        ),
    ],
)
def test_names_of_octets_are_not_compared_as_text(field: str, was: str) -> None:
    """Another form of a secret's key, a client or a scope is another one: a change."""
    text = (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\n"
        'spec: {email: a@example.com, displayName: A, smtp: {host: a.example, authentication: {"username": a, FIELD}}}\n'
    ).replace("FIELD", field)
    composed, decomposed = text.replace("TEXT", "é"), text.replace("TEXT", "e\u0301")
    draft = make_plan(desired_of(composed), state_of(desired_of(decomposed)), policy())
    assert [was] == [path.path.removeprefix("spec.smtp.")[-len(was) :] for path in draft.steps[0].change.fields]


@BOTH_WAYS
def test_an_unmarked_rename_is_suspected_in_either_form(was: Form, now: Form) -> None:
    """A new account that says the same as one that goes looks like its rename."""
    state = approved(was)
    desired = desired_of(manifests(now).replace('"name": "news"', '"name": "press"'))
    refusals, warnings = unmarked_renames(match(desired, state).steps, state)
    assert ([], ["looksRenamed"]) == (refusals, [each.code for each in warnings])


def replies(*texts: str, email: str = "a@bücher.example", more: str = "") -> str:
    """Return an account whose mail is answered to these people; one is written as a mapping, several as a list."""
    each = [{"email": f"{text}@example.com", "displayName": text} for text in texts]
    return (
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a" + more + "}\nspec: {email: " + email + ", "
        "displayName: A, smtp: {host: h.example}, replyTo: "
        + json.dumps(each if len(each) > 1 else each[0], ensure_ascii=False)
        + "}\n"
    )


COMPOSED, DECOMPOSED = "é", "e\u0301"


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ((DECOMPOSED, "b"), (COMPOSED, "b"), [DECOMPOSED, "b"]),
        (("b", DECOMPOSED), ("b", COMPOSED), ["b", DECOMPOSED]),
        ((DECOMPOSED, DECOMPOSED), (COMPOSED, "x"), [DECOMPOSED, "x"]),
        ((DECOMPOSED, "b"), (COMPOSED, "b", "c"), [COMPOSED, "b", "c"]),
        ((DECOMPOSED, "b"), (COMPOSED,), [COMPOSED]),
        ((DECOMPOSED,), (COMPOSED, "b"), [COMPOSED, "b"]),
    ],
    ids=["the first", "the second", "one of two that change", "one more", "one instead of two", "two instead of one"],
)
def test_entries_of_a_list_are_compared_where_there_are_as_many(
    was: tuple[str, ...], now: tuple[str, ...], expected: list[str]
) -> None:
    """Each with the one in its place; another number of entries is a change of the whole, recorded as written."""
    (before,), (account,) = desired_of(replies(*was)), desired_of(replies(*now))
    worded = worded_as_recorded(account, state_of([before]).accounts["a"])
    assert expected == [each.display_name for each in worded.settings.replies]
    assert (len(expected) > 1) == isinstance(worded.spec["replyTo"], list)


def test_a_part_that_is_new_is_recorded_as_written() -> None:
    """There is nothing to compare it with; what stood there before and goes is no part of it."""
    labels = f", labels: {{city: {COMPOSED}}}"
    (plain,), (labelled,) = desired_of(replies(DECOMPOSED)), desired_of(replies(COMPOSED, more=labels))
    worded = worded_as_recorded(labelled, state_of([plain]).accounts["a"])
    assert ({"city": COMPOSED}, DECOMPOSED) == (worded.metadata.labels, worded.settings.replies[0].display_name)
    worded = worded_as_recorded(plain, state_of([labelled]).accounts["a"])
    assert ({}, COMPOSED) == (worded.metadata.labels, worded.settings.replies[0].display_name)


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (f"{DECOMPOSED}@xn--bcher-kva.example", f"{COMPOSED}@bücher.example", {}),
        (f"{DECOMPOSED}@bücher.example", f"{COMPOSED}@BÜCHER.example", {"spec.email": f"{DECOMPOSED}@bücher.example"}),
        ("a@bücher.example", "a@BÜCHER.example", {"spec.email": "a@BÜCHER.example"}),
    ],
    ids=["written as A-labels before", "another form of both", "the domain alone"],
)
def test_how_a_domain_was_written_goes_with_the_text_that_stays(was: str, now: str, expected: dict[str, str]) -> None:
    """Where the text itself is equal nothing is taken over, so the domain is told as it is written now."""
    (before,), (account,) = desired_of(replies("before", email=was)), desired_of(replies("now", email=now))
    assert expected == worded_as_recorded(account, state_of([before]).accounts["a"]).written
