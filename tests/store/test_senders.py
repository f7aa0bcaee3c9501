"""The view senders: what programs look up by SQL is what the state has."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

import pytest

from reconciler.model.accounts.kinds import Kind
from reconciler.model.accounts.recorded import Approval, RecordedVerification, Suspension
from reconciler.model.canonical import canonical_json
from tests.store.values import AT, PROJECT, account, bare_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.store import Store

    Senders = Callable[[], dict[str, dict[str, Any]]]

OUTCOMES = (None, *get_args(RecordedVerification.model_fields["outcome"].annotation))


def put(store: Store, *accounts: RecordedAccount) -> None:
    """Record accounts."""
    with store.write() as transaction:
        for each in accounts:
            transaction.put_account(each)
        transaction.append_journal("apply", {}, at=AT)


def test_active_is_what_the_status_is(store: Store, senders: Senders) -> None:
    """For every combination of kind, decision, verification and suspension, a sender is active where the account is."""
    approval = Approval(decision="approved", actor="anna", at=AT, subject_digest="sha256:1")
    approvals = (None, approval, approval.model_copy(update={"decision": "rejected"}))
    stops = (None, Suspension(reason="spam", actor="anna", at=AT))
    accounts = [
        replace(
            bare_account(f"a{number}"),
            kind=kind,
            approval=decision,
            verification=RecordedVerification(outcome=outcome) if outcome is not None else None,
            suspension=stop,
        )
        for number, (kind, decision, outcome, stop) in enumerate(product(get_args(Kind), approvals, OUTCOMES, stops))
    ]
    put(store, *accounts)
    found = senders()
    assert {each.name: each.status == "active" for each in accounts} == {
        name: bool(row["active"]) for name, row in found.items()
    }
    assert 0 < sum(bool(row["active"]) for row in found.values()) < len(found)


REPLIES: list[tuple[object, str | None]] = [
    (None, None),
    ({}, None),
    ({"displayName": "Help"}, None),
    ({"email": "help@example.com", "displayName": "Help"}, "help@example.com"),
    ([{"email": "a@example.com"}, {"displayName": "B"}, {"email": "c@example.com"}], "a@example.com, c@example.com"),
]


@pytest.mark.parametrize(("reply_to", "expected"), REPLIES)
def test_a_sender_tells_where_and_as_what(
    store: Store, senders: Senders, reply_to: object, expected: str | None
) -> None:
    """Addresses, server, login and the reference of the password, never its value; replies as one text."""
    document = json.loads(account().canonical)
    if reply_to is not None:
        document["spec"]["replyTo"] = reply_to
    changed = replace(account(), canonical=canonical_json(document), suspension=None, approval=None)
    put(store, changed)
    row = senders()["sales"]
    assert (expected, True) == (row.pop("reply_to"), bool(row.pop("active")))
    assert {
        "project": PROJECT, "name": "sales", "kind": "own", "email": "sales@example.com", "display_name": "Example",
        "host": "smtp.example.com", "port": 587, "encryption": "starttls", "mechanism": "auto", "username": "sales",
        "secret": "env:SMTP_SALES", "demands": None,
    } == row  # fmt: skip
    assert expected == (", ".join(changed.settings.reply_addresses) or None)


def test_what_a_look_up_cannot_carry_is_told(store: Store, senders: Senders) -> None:
    """Whatever the access to a server demands beside the columns stands in one of them, and nothing where it is all."""
    document = json.loads(account().canonical)
    demanding = document["spec"]["smtp"]
    demanding |= {
        "caFile": "ca.pem",
        "certificate": "sha256:0",
        "clientCertificate": {"certFile": "c"},
        "heloName": "h",
    }
    demanding["authentication"] |= {"oauth2": {"tokenUrl": "https://example.com"}, "accessToken": "env:TOKEN"}
    document["spec"]["proxy"] = {"type": "socks5", "host": "proxy.example.com", "port": 1080}
    without_login = json.loads(account().canonical)
    del without_login["spec"]["smtp"]["authentication"]
    put(
        store,
        replace(account("all"), canonical=canonical_json(document)),
        replace(account("open"), canonical=canonical_json(without_login)),
        bare_account("news"),
    )
    found = senders()
    assert "proxy oauth2 accessToken privateCa certificate clientCertificate heloName" == found["all"]["demands"]
    assert (None, None, None) == tuple(found["open"][each] for each in ("mechanism", "username", "secret"))
    assert (None, None, "news@example.com") == tuple(found["news"][each] for each in ("host", "demands", "email"))
