"""The typed server: how it is named, what of it is secret, and what tells two ways to it apart."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.servers.server import Login, OAuth2Login, Proxy, Server


def server(**parts: Any) -> Server:
    """Return a server."""
    return Server.model_validate({"host": "smtp.example.com", "port": 587, "encryption": "starttls", **parts})


@pytest.mark.parametrize(("host", "place"), [("smtp.example.com", "smtp.example.com:587"), ("::1", "[::1]:587")])
def test_a_place_is_written_as_people_write_it(host: str, place: str) -> None:
    """An IPv6 address stands in brackets."""
    assert place == server(host=host).place
    assert f"http proxy {place}" == str(Proxy(type="http", host=host, port=587))


def test_the_hosts_are_all_that_is_contacted() -> None:
    """The proxy's host is one of them."""
    proxy = Proxy(type="socks5", host="proxy.example.com", port=1080)
    assert ("smtp.example.com",) == server().hosts
    assert ("smtp.example.com", "proxy.example.com") == server().model_copy(update={"proxy": proxy}).hosts


@pytest.mark.parametrize("part", [{"mechanism": "auto"}, {"username": "u"}, {"password": "env:P"}, {"oauth2": {}}])
def test_a_login_that_is_declared_in_part_is_declared(part: dict[str, Any]) -> None:
    """It must not be forgotten, and mail handed over without it."""
    assert server(authentication=part).declares_login


def test_without_any_part_there_is_no_login() -> None:
    """Absent, or of absent parts alone."""
    assert not server().declares_login
    assert not server(authentication={}).declares_login


def test_the_secrets_of_a_login_go_to_two_places() -> None:
    """Password and token go to the mail server, what is exchanged for a token to the endpoint first."""
    oauth2 = OAuth2Login(token_url="https://login.example.com/token", client_secret="env:C", refresh_token="env:R")
    assert ("env:P", "env:T") == Login(password="env:P", access_token="env:T", oauth2=oauth2).secrets
    assert ("env:C", "env:R") == oauth2.secrets
    assert () == Login().secrets


@pytest.mark.parametrize(
    ("parts", "way"),
    [
        ({}, "socks5://p.example:1080"),
        ({"username": "m"}, "socks5://m@p.example:1080"),
        ({"type": "http"}, "http://p.example:1080"),
        ({"remoteDns": False}, "socks5://p.example:1080?dns=local"),
        ({"remoteDns": True}, "socks5://p.example:1080"),
        ({"password": "env:P"}, "socks5://p.example:1080"),
    ],
)
def test_two_ways_through_a_proxy_differ_in_all_but_the_password(parts: dict[str, Any], way: str) -> None:
    """The text stands in recorded routes, so it must stay as it is."""
    assert way == Proxy.model_validate({"type": "socks5", "host": "p.example", "port": 1080, **parts}).way


def test_what_a_later_version_has_added_stays() -> None:
    """It is kept at every depth, so that a document is not changed by being read."""
    document = {
        "host": "h",
        "port": 1,
        "encryption": "tls",
        "certificate": "sha256:0",
        "authentication": {"username": "u", "oauth2": {"tokenUrl": "t", "workloadIdentity": {"file": "f"}}},
    }
    assert document == Server.model_validate(document).to_document()
