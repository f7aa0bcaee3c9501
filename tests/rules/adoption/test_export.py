"""From recorded accounts back to manifests, and to lines of a table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.rules.adoption.export import CSV_COLUMNS, is_more_than_a_row, manifest_of, row_of
from tests.rules.states import desired_of, recorded_of, resolution_of

FULL: dict[str, Any] = {
    "apiVersion": "reconciler/v1",
    "kind": "OwnAccount",
    "metadata": {
        "name": "sales",
        "title": "Sales",
        "owner": "anna@example.com",
        "labels": {"team": "sales", "x": "y"},
        "annotations": {"note": "a b"},
        "preventDelete": True,
    },
    "spec": {
        "email": "sales@bücher.example",
        "displayName": "Example {Sales}",
        "replyTo": [{"email": "help@example.com", "displayName": "Help"}, {"email": "more@example.com"}],
        "shared": True,
        "smtp": {
            "host": "smtp.bücher.example",
            "port": 2525,
            "encryption": "starttls",
            "heloName": "mail.example.com",
            "caFile": "ca.pem",
            "certificate": "sha256:" + "d" * 64,
            "authentication": {"mechanism": "plain", "username": "a{{b}}", "password": {"env": "SMTP_SALES"}},
        },
        "proxy": {
            "type": "socks5",
            "host": "proxy.example.com",
            "port": 1080,
            "username": "m{{b}}",
            "password": {"file": "secrets/proxy"},
            "remoteDns": True,
        },
    },
}
OAUTH2: dict[str, Any] = {
    "apiVersion": "reconciler/v1",
    "kind": "OwnAccount",
    "metadata": {"name": "sales"},
    "spec": {
        "email": "sales@example.com",
        "displayName": "Example Sales",
        "replyTo": {"email": "help@example.com", "displayName": "Help"},
        "smtp": {
            "host": "smtp.example.com",
            "encryption": "tls",
            "authentication": {
                "mechanism": "xoauth2",
                "username": "sales@example.com",
                "oauth2": {
                    "tokenUrl": "https://login.example.com/token",
                    "clientId": "c",
                    "clientSecret": {"vault": "mail/client:a"},
                    "refreshToken": {"env": "SMTP_REFRESH"},
                },
            },
        },
    },
}
MARKETING: dict[str, Any] = {
    "apiVersion": "reconciler/v1",
    "kind": "MarketingAccount",
    "metadata": {"name": "news"},
    "spec": {
        "email": "news@example.com",
        "displayName": "News",
        "overrideFrom": {
            "emailDetail": "keeper_email",
            "displayNameDetail": "keeper_name",
            "onMissing": "fallback",
            "onInvalid": "skip",
            "pairing": "together",
        },
    },
}
BARE: dict[str, Any] = {
    "apiVersion": "reconciler/v1",
    "kind": "OwnAccount",
    "metadata": {"name": "sales"},
    "spec": {
        "email": "s@example.com",
        "displayName": "S",
        "smtp": {"host": "smtp.example.com", "encryption": "starttls"},
    },
}
MANIFESTS = {"in full": FULL, "with a token": OAUTH2, "marketing": MARKETING, "bare": BARE}


def in_order(manifest: dict[str, Any]) -> list[list[str]]:
    """Return the keys as they stand, down to those of a login."""
    smtp = manifest["spec"].get("smtp", {})
    parts = (manifest, manifest["metadata"], manifest["spec"], smtp, smtp.get("authentication", {}))
    return [list(part) for part in parts]


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS)
def test_an_account_is_exported_as_it_was_written(manifest: dict[str, Any]) -> None:
    """In the order in which people write it, with what goes without saying left out; planned again nothing changes."""
    text = json.dumps(manifest)
    (account,) = desired_of(text, {"ca.pem": "a CA"})
    exported = manifest_of(recorded_of(account, {}))
    assert manifest == exported
    assert in_order(manifest) == in_order(exported)
    again = resolution_of(json.dumps(exported), {"ca.pem": "a CA"}).accounts
    assert [account.document] == [each.document for each in again]


@pytest.mark.parametrize(
    ("smtp", "expected"),
    [
        ({"host": "h.example", "port": 587}, {"host": "h.example", "encryption": "starttls"}),
        ({"host": "h.example", "port": 465}, {"host": "h.example", "port": 465, "encryption": "starttls"}),
        ({"host": "h.example", "port": 465, "encryption": "tls"}, {"host": "h.example", "encryption": "tls"}),
        (
            {
                "host": "h.example",
                "authentication": {"mechanism": "auto", "username": "u", "password": {"env": "SMTP_A"}},
            },
            {
                "host": "h.example",
                "encryption": "starttls",
                "authentication": {"username": "u", "password": {"env": "SMTP_A"}},
            },
        ),
    ],
)
def test_the_usual_is_left_out(smtp: dict[str, Any], expected: dict[str, Any]) -> None:
    """The port of the encryption, the mechanism auto, an account that is not shared, and what is empty."""
    manifest = {**BARE, "spec": {**BARE["spec"], "shared": False, "smtp": smtp}}
    (account,) = desired_of(json.dumps(manifest))
    exported = manifest_of(recorded_of(account, {}))
    assert {"email", "displayName", "smtp"} == exported["spec"].keys()
    assert expected == exported["spec"]["smtp"]
    assert {"name": "sales"} == exported["metadata"]


METADATA = ["name", "title", "owner", "labels", "annotations", "preventDelete"]
SPEC = ["email", "displayName", "replyTo", "shared", "smtp", "proxy", "overrideFrom", "overrideTo"]
SMTP = ["host", "port", "encryption", "heloName", "caFile", "certificate", "clientCertificate", "authentication"]
LOGIN = ["mechanism", "username", "password", "accessToken", "oauth2"]


def test_what_a_later_version_recorded_comes_last() -> None:
    """It is exported as it stands; all that is known comes before it, in one order, and nothing that is empty."""
    (account,) = desired_of(json.dumps(BARE))
    login = {"a": 1, **dict.fromkeys(reversed(LOGIN), "env:X")}
    smtp = {"a": [{"b": 1, "c": None}], **dict.fromkeys(reversed(SMTP), 1), "authentication": login}
    spec = {"a": 1, "gone": None, **dict.fromkeys(reversed(SPEC), True), "smtp": smtp}
    empty: dict[str, Any] = {"labels": {}, "preventDelete": False}
    recorded = recorded_of(account, {})
    document = {"metadata": {"a": 1, **dict.fromkeys(reversed(METADATA[1:]), "x")}, "spec": spec}
    exported = manifest_of(replace(recorded, canonical=json.dumps(document)))
    assert [["apiVersion", "kind", "metadata", "spec"], *([*keys, "a"] for keys in (METADATA, SPEC, SMTP, LOGIN))] == (
        in_order(exported)
    )
    assert [{"b": 1}] == exported["spec"]["smtp"]["a"]
    bare = manifest_of(replace(recorded, canonical=json.dumps({**document, "metadata": empty})))
    assert {"name": "sales"} == bare["metadata"]


def row(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the cells of a manifest that are not empty."""
    cells = row_of(manifest)
    assert list(CSV_COLUMNS) == list(cells)
    return {column: text for column, text in cells.items() if text}


USUAL = {
    "name": "sales",
    "email": "s@example.com",
    "display_name": "S",
    "shared": "no",
    "host": "smtp.example.com",
    "port": "587",
    "encryption": "starttls",
}


def test_a_line_has_a_cell_for_all_that_the_columns_name() -> None:
    """Lists are joined by semicolons."""
    assert {
        "name": "sales",
        "email": "sales@bücher.example",
        "display_name": "Example {Sales}",
        "title": "Sales",
        "owner": "anna@example.com",
        "reply_to": "help@example.com;more@example.com",
        "shared": "yes",
        "host": "smtp.bücher.example",
        "port": "2525",
        "encryption": "starttls",
        "mechanism": "plain",
        "username": "a{{b}}",
        "password_env": "SMTP_SALES",
        "helo_name": "mail.example.com",
        "ca_file": "ca.pem",
        "prevent_delete": "yes",
        "labels": "team=sales;x=y",
        "annotations": "note=a b",
    } == row(FULL)
    assert {**USUAL, "no_login": "yes"} == row(BARE)


@pytest.mark.parametrize(
    ("login", "cells"),
    [
        ({"password": {"env": "SMTP_A"}}, {"password_env": "SMTP_A"}),
        ({"password": {"file": "secrets/a"}}, {"password_file": "secrets/a"}),
        ({"password": {"vault": "mail/a"}}, {"password_from": "vault:mail/a"}),
        ({"accessToken": {"env": "SMTP_T"}}, {"access_token_env": "SMTP_T"}),
        ({"accessToken": {"vault": "t"}}, {}),
    ],
)
def test_a_line_says_where_the_secret_is(login: dict[str, Any], cells: dict[str, str]) -> None:
    """By the column of its source."""
    smtp = {**BARE["spec"]["smtp"], "authentication": {"username": "u", **login}}
    assert {**USUAL, "username": "u", **cells} == row({**BARE, "spec": {**BARE["spec"], "smtp": smtp}})


@pytest.mark.parametrize(
    ("reply_to", "cells"),
    [
        ({"email": "h@example.com", "displayName": "Help"}, {"reply_to": "h@example.com", "reply_to_name": "Help"}),
        ({"displayName": "Help"}, {"reply_to_name": "Help"}),
        ([{"email": "h@example.com", "displayName": "Help"}], {"reply_to": "h@example.com", "reply_to_name": "Help"}),
        ({}, {}),
    ],
)
def test_a_line_says_where_replies_go(reply_to: Any, cells: dict[str, str]) -> None:
    """A name has a column only where there is one address."""
    found = row({**BARE, "spec": {**BARE["spec"], "replyTo": reply_to}})
    assert {**USUAL, "no_login": "yes", **cells} == found


@pytest.mark.parametrize(("encryption", "port"), [("starttls", "587"), ("tls", "465"), ("none", "25")])
def test_a_line_has_the_usual_port_where_none_is_written(encryption: str, port: str) -> None:
    """A table says it for every account."""
    smtp = {"host": "smtp.example.com", "encryption": encryption}
    found = row({**BARE, "spec": {**BARE["spec"], "smtp": smtp}})
    assert (port, encryption) == (found["port"], found["encryption"])


@pytest.mark.parametrize(
    ("smtp", "replies", "expected"),
    [
        ({"certificate": "sha256:0f"}, None, True),
        ({"clientCertificate": {"certFile": "c.pem"}}, None, True),
        ({}, [{"email": "a@example.com", "displayName": "A"}, {"email": "b@example.com"}], True),
        (
            {"heloName": "a.example.com", "caFile": "c.pem"},
            [{"email": "a@example.com"}, {"email": "b@example.com"}],
            False,
        ),
        ({}, {"email": "a@example.com", "displayName": "A"}, False),
    ],
)
def test_what_a_table_cannot_hold_is_known(smtp: dict[str, Any], replies: Any, expected: bool) -> None:  # noqa: FBT001 - the table's column
    """A pin, a client's certificate and the names of several reply-to addresses have no column, so export tells of them."""
    spec = {"smtp": smtp} | ({"replyTo": replies} if replies is not None else {})
    assert expected == is_more_than_a_row({"spec": spec})
