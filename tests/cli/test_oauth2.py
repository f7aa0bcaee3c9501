"""Accounts that log in by OAuth2: a token is got on the way, and its endpoint is a route of its own."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import USER, Project
from tests.support.scripted import ScriptedServer, polite
from tests.support.tokenserver import TokenServer, issue, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import TestCA

TOKEN = "ya29.access-token_0123456789"
REFRESH_TOKEN = "1//0Refresh-Token.of_Anna~0123456789"
REFRESH, SECRET = "SMTP_SALES_REFRESH", "SMTP_CLIENT_SECRET"
CLIENT_SECRET = "hush/client+secret=8Q~zK"
_OFFER = "250-test.example\r\n250 AUTH PLAIN XOAUTH2"


@pytest.fixture
def endpoint(ca: TestCA) -> Iterator[TokenServer]:
    """Run a token endpoint that issues tokens."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as running:
        yield running


@pytest.fixture
def mail() -> Iterator[ScriptedServer]:
    """Run a mail server on this machine that takes tokens."""
    with ScriptedServer(polite({"EHLO": _OFFER})) as running:
        yield running


@pytest.fixture
def anna(project: Project, ca: TestCA, tmp_path: Path) -> Project:
    """Return a project with the secrets of OAuth2, and the endpoint's CA trusted as the system's."""
    project.set_variable("SSL_CERT_FILE", str(ca.write_pem(tmp_path / "ca.pem")))
    project.set_variable(REFRESH, REFRESH_TOKEN)
    project.set_variable(SECRET, CLIENT_SECRET)
    return project


def account(name: str, mail: ScriptedServer, credential: str, *, mechanism: str = "auto") -> str:
    """Return the manifest of an account with a token."""
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\n"
        f"spec:\n  email: {USER}\n  displayName: Example Sales\n  shared: true\n  smtp:\n    host: 127.0.0.1\n"
        f"    port: {mail.port}\n    encryption: none\n    authentication:\n      mechanism: {mechanism}\n"
        f"      username: {USER}\n      {credential}\n"
    )


def oauth2(url: str, *, client_secret: bool = True, refresh_token: bool = True, scope: str = "mail") -> str:
    """Return the credential that is got from an endpoint."""
    secrets = [f"clientSecret: {{env: {SECRET}}}"] if client_secret else []
    secrets += [f"refreshToken: {{env: {REFRESH}}}"] if refresh_token else []
    return f"oauth2: {{tokenUrl: '{url}', clientId: anna-client, scope: {scope}, {', '.join(secrets)}}}"


def logins(mail: ScriptedServer) -> set[bytes]:
    """Return the tokens that the mail server saw."""
    lines = [line.split(b" ")[2] for line in mail.lines if line.startswith(b"AUTH XOAUTH2 ")]
    return {base64.b64decode(line).split(b"\x01")[1] for line in lines}


def test_a_token_is_got_and_logs_in(anna: Project, mail: ScriptedServer, endpoint: TokenServer) -> None:
    """Three accounts of one client ask once; plan passes, apply records; no secret is shown or kept."""
    for name in ("one", "two", "three"):
        anna.write_account(name, account(name, mail, oauth2(endpoint.url)))
    planned = anna.run_well("plan", "--format", "json", "--out", "plan.json")
    assert ["passed"] * 3 == [change["verification"]["status"] for change in planned.document["changes"]]
    expected = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, "client_id": "anna-client"}
    assert [{**expected, "client_secret": CLIENT_SECRET, "scope": "mail"}] == endpoint.forms
    assert {f"auth=Bearer {TOKEN}".encode()} == logins(mail)
    applied = anna.run_well("apply", "plan.json")
    assert {"one": "active", "two": "active", "three": "active"} == anna.statuses()
    kept = [path.read_bytes() for path in anna.folder.rglob("*") if path.is_file()]
    shown = [each.encode() for each in (planned.out, planned.err, applied.out, applied.err)]
    for secret in (TOKEN, REFRESH_TOKEN, CLIENT_SECRET):
        assert [] == [text for text in (*kept, *shown) if secret.encode() in text]


def test_client_credentials_log_in(anna: Project, mail: ScriptedServer, endpoint: TokenServer) -> None:
    """Without a refresh token the client's own credentials are exchanged."""
    anna.write_account("sales", account("sales", mail, oauth2(endpoint.url, refresh_token=False)))
    anna.run_well("verify", "--depth", "auth")
    assert ["client_credentials"] == [form["grant_type"] for form in endpoint.forms]
    assert {f"auth=Bearer {TOKEN}".encode()} == logins(mail)


@pytest.mark.parametrize("mechanism", ["auto", "xoauth2"])
def test_an_access_token_by_reference_logs_in(anna: Project, mail: ScriptedServer, mechanism: str) -> None:
    """A token that is at hand is sent as a token, never as a password."""
    anna.set_variable("SMTP_SALES_TOKEN", TOKEN)
    credential = "accessToken: {env: SMTP_SALES_TOKEN}"
    anna.write_account("sales", account("sales", mail, credential, mechanism=mechanism))
    anna.run_well("plan")
    assert {f"auth=Bearer {TOKEN}".encode()} == logins(mail)
    assert 0 == mail.received(b"AUTH PLAIN")


def test_a_refused_refresh_token_fails_the_plan(anna: Project, mail: ScriptedServer, ca: TestCA) -> None:
    """The plan ends with 3 and says what to do; the endpoint was asked once for both accounts, the server not at all."""
    respond = refuse("invalid_grant", f"Token {REFRESH_TOKEN} has been revoked.")
    with TokenServer(ca.server_context(), respond) as endpoint:
        for name in ("one", "two"):
            anna.write_account(name, account(name, mail, oauth2(endpoint.url)))
        refused = anna.run("plan", "--format", "json")
    checks = [change["verification"]["checks"] for change in refused.document["changes"]]
    codes = [check["code"] for each in checks for check in each if check["check"] == "auth"]
    assert 3 == refused.code
    assert ["tokenRefused", "tokenRefused"] == codes
    assert 1 == len(endpoint.forms)
    assert "Get a new refresh token" in refused.out
    assert REFRESH_TOKEN not in refused.out + refused.err
    assert 0 == mail.received(b"AUTH")


def test_a_host_that_is_not_listed_is_not_asked(anna: Project, mail: ScriptedServer, endpoint: TokenServer) -> None:
    """verification.servers holds for token endpoints too."""
    anna.write_project("verification: {servers: ['127.*']}\n")
    anna.write_account("sales", account("sales", mail, oauth2(endpoint.url)))
    refused = anna.run("plan", "--format", "json")
    assert (3, 0) == (refused.code, endpoint.connections)
    assert "tokenHostForbidden" in refused.out


@pytest.fixture
def settled(anna: Project, mail: ScriptedServer, endpoint: TokenServer) -> Project:
    """Return a project whose account is applied, so that its secrets are known with their routes."""
    anna.write_account("sales", account("sales", mail, oauth2(endpoint.url)))
    anna.run_well("apply", "--auto-approve")
    return anna


@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve"), ("verify",)], ids=" ".join)
def test_a_changed_token_url_is_a_new_route(
    settled: Project, mail: ScriptedServer, ca: TestCA, words: tuple[str, ...]
) -> None:
    """Known secrets are withheld from another endpoint: it is not contacted, and nobody logs in."""
    attempts = mail.received(b"AUTH")
    with TokenServer(ca.server_context(), issue(TOKEN)) as elsewhere:
        settled.write_account("sales", account("sales", mail, oauth2(elsewhere.url)))
        withheld = settled.run(*words, "--format", "json")
        assert (4, ["credentialWithheld"]) == (withheld.code, withheld.codes)
        assert elsewhere.url in withheld.out
        assert (0, attempts) == (elsewhere.connections, mail.received(b"AUTH"))


def test_another_path_of_the_endpoint_is_a_new_route(
    settled: Project, mail: ScriptedServer, endpoint: TokenServer
) -> None:
    """The whole address is the route: another tenant of the same provider is another place."""
    asked = len(endpoint.forms)
    settled.write_account("sales", account("sales", mail, oauth2(endpoint.url + "/other-tenant")))
    assert (4, asked) == (settled.run("plan").code, len(endpoint.forms))


def test_a_wider_scope_is_a_new_route(settled: Project, mail: ScriptedServer, endpoint: TokenServer) -> None:
    """A token that opens more is not even asked for until the scope is granted."""
    asked = len(endpoint.forms)
    settled.write_account("sales", account("sales", mail, oauth2(endpoint.url, scope="mail drive")))
    refused = settled.run("plan")
    assert (4, asked) == (refused.code, len(endpoint.forms))
    grants = [line.strip() for line in refused.err.splitlines() if line.strip().startswith("- {secret:")]
    assert [2, 2] == [
        sum(scope in grant for grant in grants) for scope in ('"scope":"drive mail"', 'scope: "drive mail"')
    ]
    settled.write_project("secrets:\n  grants:\n" + "".join(f"    {grant}\n" for grant in grants))
    settled.run_well("apply", "--auto-approve")
    assert "mail drive" == endpoint.forms[-1]["scope"]
    settled.write_project()
    settled.run_well("verify", "--recorded")


def test_a_changed_server_is_a_new_route_of_the_token(settled: Project, endpoint: TokenServer) -> None:
    """The token inherits the route of its secrets: for another mail server it is not even asked for."""
    asked = len(endpoint.forms)
    with ScriptedServer(polite({"EHLO": _OFFER})) as elsewhere:
        settled.write_account("sales", account("sales", elsewhere, oauth2(endpoint.url)))
        assert 4 == settled.run("plan").code
        assert (asked, 0) == (len(endpoint.forms), elsewhere.received(b"AUTH"))


def test_a_granted_token_url_is_asked(settled: Project, mail: ScriptedServer, ca: TestCA) -> None:
    """The grants that the message lists let the new endpoint be asked."""
    with TokenServer(ca.server_context(), issue(TOKEN)) as elsewhere:
        settled.write_account("sales", account("sales", mail, oauth2(elsewhere.url)))
        message = settled.run("plan").err
        grants = [line.strip() for line in message.splitlines() if line.strip().startswith("- {secret:")]
        assert 4 == len(grants)  # for each of two secrets the endpoint, and the login with the token that it gives
        settled.write_project("secrets:\n  grants:\n" + "".join(f"    {grant}\n" for grant in grants))
        settled.run_well("plan")
        assert 1 == len(elsewhere.forms)
