"""The attacker's table, of secrets that are exchanged for tokens: which token a server gets is part of the route.

A client's secret may be recorded for one token at one server and for another at another. Whoever can write a pull
request brings neither server the other's token, a token of the client in place of a person's, or the secret itself.
"""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, marketing_account
from tests.kept import FIRST
from tests.support.assertions import SigningKey, parts_of, pem_of
from tests.support.earlier import without_tokens
from tests.support.scripted import ScriptedServer, polite
from tests.support.tokenserver import TokenServer, http_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.project import Outcome
    from tests.support.certificates import TestCA
    from tests.support.scripted import Wire

    Attack = Callable[["Tokens"], None]

KEY = SigningKey.rsa()
GOOGLE, PEM = KEY.service_account(), pem_of(KEY.certificate()) + KEY.pem
VALUES = {
    "CLIENT": "canary-Client-61a0",
    "COPY": "canary-Client-61a0",
    "REFRESH": "canary-Refresh-77e2",
    "GOOGLE": GOOGLE,
    "GOOGLE_COPY": GOOGLE,
    "PEM": PEM,
}
EARLIER = FIRST / "state-2-without-tokens.sql"
EARLIER_KEY = "4ac6546a6264c192f0cdf179af1687e1287ef85e1153195c2a6ff855d941ccf7"


def issue_what_is_asked(wire: Wire, form: dict[str, str]) -> None:
    """Give a token that tells what it was given for."""
    if "assertion" in form:
        claims = parts_of(form["assertion"])[1]
        form.update(client_id=claims["sub"].partition("@")[0], grant_type="signed", scope=claims["scope"])
    told = "-".join(form.get(name, "none") for name in ("client_id", "grant_type", "scope"))
    wire.send(http_answer({"access_token": told, "token_type": "Bearer", "expires_in": 3600}))


def account(  # noqa: PLR0913 - one argument for each part that attacks vary
    name: str,
    mail: ScriptedServer | int,
    url: str,
    *,
    scope: str = "a",
    client: str = "app",
    client_secret: str | None = "CLIENT",  # noqa: S107 - the name of a variable
    refresh: str | None = None,
    certificate: str | None = None,
    google: str | None = None,
    login: str | None = None,
    username: str | None = None,
) -> str:
    """Return the manifest of an account that logs in with a token."""
    secrets = [f"clientSecret: {{env: SMTP_{client_secret}}}"] if client_secret else []
    secrets += [f"refreshToken: {{env: SMTP_{refresh}}}"] if refresh else []
    secrets += [f"clientCertificate: {{env: SMTP_{certificate}}}"] if certificate else []
    secrets += [f"serviceAccount: {{env: SMTP_{google}}}"] if google else []
    exchange = f"oauth2: {{tokenUrl: '{url}', clientId: {client}, scope: {scope}, {', '.join(secrets)}}}"
    port = mail if isinstance(mail, int) else mail.port
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\nspec:\n"
        f"  email: {name}@example.com\n  displayName: Example\n  shared: true\n  smtp:\n    host: 127.0.0.1\n"
        f"    port: {port}\n    encryption: none\n    authentication:\n"
        f"      username: {username or name}@example.com\n      {login or 'mechanism: xoauth2'}\n"
        + ("" if login else f"      {exchange}\n")
    )


@dataclass
class Tokens:
    """A project, an endpoint, and two mail servers that trust it."""

    project: Project
    endpoint: TokenServer
    a: ScriptedServer
    b: ScriptedServer

    def write(self, name: str, mail: ScriptedServer, *, query: str = "", **parts: str | None) -> None:
        """Write the manifest of an account."""
        self.project.write_account(name, account(name, mail, self.endpoint.url + query, **parts))  # type: ignore[arg-type]

    def record(self) -> None:
        """Apply what is written, with the grants that the plan asks for, which are taken away again."""
        refused = self.project.run("plan", "--format", "json").document["diagnostics"]
        lines = [line.strip() for each in refused for line in each["detail"].splitlines()]
        grants = [f"    {line}\n" for line in lines if line.startswith("- {secret:")]
        self.project.write_project("secrets:\n  grants:\n" + "".join(grants) if grants else "")
        self.project.run_well("apply", "--auto-approve")
        self.project.write_project()
        self.project.forget_evidence()

    def forget_tokens(self) -> None:
        """Have state hold the logins as earlier versions recorded them."""
        without_tokens(self.project.state_file)

    def received(self) -> dict[str, set[bytes]]:
        """Return what each server was logged in with."""
        return {
            name: {base64.b64decode(line.split(b" ")[2]) for line in server.lines if line.startswith(b"AUTH ")}
            for name, server in (("a", self.a), ("b", self.b))
        }


@pytest.fixture
def tokens(project: Project, ca: TestCA, tmp_path: Path) -> Iterator[Tokens]:
    """Run the endpoint and the servers, with the secrets in variables."""
    project.set_variable("SSL_CERT_FILE", str(ca.write_pem(tmp_path / "ca.pem")))
    for name, value in VALUES.items():
        project.set_variable(f"SMTP_{name}", value)
    offer = polite({"EHLO": "250-test.example\r\n250 AUTH PLAIN LOGIN XOAUTH2"})
    with (
        TokenServer(ca.server_context(), issue_what_is_asked) as endpoint,
        ScriptedServer(offer) as a,
        ScriptedServer(offer) as b,
    ):
        yield Tokens(project, endpoint, a, b)


def two_scopes(tokens: Tokens) -> None:
    """One client's secret, for one scope at one server, and for another at the other."""
    tokens.write("a", tokens.a, scope="a")
    tokens.write("b", tokens.b, scope="b")


def two_endpoints(tokens: Tokens) -> None:
    """One secret at two endpoints of a provider, which differ in their audience."""
    tokens.write("a", tokens.a, query="?audience=a")
    tokens.write("b", tokens.b, query="?audience=b")


def two_clients(tokens: Tokens) -> None:
    """One secret of two clients."""
    tokens.write("a", tokens.a, client="one")
    tokens.write("b", tokens.b, client="two")


def two_kinds_of_grant(tokens: Tokens) -> None:
    """One secret that asks for itself at one server, and with a person's refresh token at the other."""
    tokens.write("a", tokens.a)
    tokens.write("b", tokens.b, refresh="REFRESH")


def one_refresh_token(tokens: Tokens) -> None:
    """Use a public client's refresh token for one scope at one server, and for another at the other."""
    tokens.write("a", tokens.a, scope="a", client_secret=None, refresh="REFRESH")
    tokens.write("b", tokens.b, scope="b", client_secret=None, refresh="REFRESH")


def exchange_scopes(tokens: Tokens) -> None:
    """Have each server's token go to the other."""
    tokens.write("a", tokens.a, scope="b")
    tokens.write("b", tokens.b, scope="a")


def two_mailboxes(tokens: Tokens) -> None:
    """One service account's key, for one scope at one server, and for another at the other."""
    tokens.write("a", tokens.a, scope="a", client_secret=None, google="GOOGLE")
    tokens.write("b", tokens.b, scope="b", client_secret=None, google="GOOGLE")


def two_certified(tokens: Tokens) -> None:
    """One client's certificate, for one scope at one server, and for another at the other."""
    tokens.write("a", tokens.a, scope="a", client_secret=None, certificate="PEM")
    tokens.write("b", tokens.b, scope="b", client_secret=None, certificate="PEM")


def _signed(server: str, **parts: str | None) -> Attack:
    """Return the pull request that changes the account ``b``, which a service account's key logs in."""
    changed: dict[str, str | None] = {"scope": "b", "client_secret": None, "google": "GOOGLE", **parts}
    return lambda tokens: tokens.write("b", getattr(tokens, server), **changed)  # type: ignore[arg-type]


def _certified(server: str, **parts: str | None) -> Attack:
    """Return the same for an account that a client's certificate logs in."""
    changed: dict[str, str | None] = {"scope": "b", "client_secret": None, "certificate": "PEM", **parts}
    return lambda tokens: tokens.write("b", getattr(tokens, server), **changed)  # type: ignore[arg-type]


SIGNING_ATTACKS: dict[str, tuple[Attack, Attack]] = {
    "another token URL": (two_mailboxes, _signed("b", query="?audience=evil")),
    "another scope": (two_mailboxes, _signed("b", scope="a")),
    "a wider scope": (two_mailboxes, _signed("b", scope="admin")),
    "another login server": (two_mailboxes, _signed("a")),
    "another mailbox": (two_mailboxes, _signed("b", username="chief")),
    "under another reference": (two_mailboxes, _signed("b", scope="a", google="GOOGLE_COPY")),
    "a key as a client's secret": (two_mailboxes, _signed("b", google=None, client_secret="GOOGLE")),
    "a key as a refresh token": (two_mailboxes, _signed("b", google=None, refresh="GOOGLE")),
    "a key as a password": (two_mailboxes, _signed("b", login="password: {env: SMTP_GOOGLE}")),
    "a key as a token": (two_mailboxes, _signed("b", login="accessToken: {env: SMTP_GOOGLE}")),
    "a certificate's other token URL": (two_certified, _certified("b", query="?audience=evil")),
    "a certificate's other scope": (two_certified, _certified("b", scope="a")),
    "a certificate's other login server": (two_certified, _certified("a")),
    "a certificate's other client": (two_certified, _certified("b", client="other")),
    "a certificate as a client's secret": (two_certified, _certified("b", certificate=None, client_secret="PEM")),
    "a certificate as a password": (two_certified, _certified("b", login="password: {env: SMTP_PEM}")),
    "a certificate with a person's token": (two_certified, _certified("b", refresh="REFRESH")),
}
"""The same of what signs and is never sent: a key may sign for no other endpoint, scope, mailbox or server."""


@pytest.mark.parametrize(("recorded", "attack"), SIGNING_ATTACKS.values(), ids=SIGNING_ATTACKS)
def test_a_key_signs_for_nobody_else(tokens: Tokens, recorded: Attack, attack: Attack) -> None:
    """Neither endpoint nor server hears of it, and no part of a key stands in any output: exit 4."""
    recorded(tokens)
    tokens.record()
    attacked(tokens, attack)


ATTACKS: dict[str, tuple[Attack, Attack]] = {
    "another scope": (two_scopes, lambda tokens: tokens.write("b", tokens.b, scope="a")),
    "another server": (two_scopes, lambda tokens: tokens.write("a", tokens.b, scope="a", username="b")),
    "a new account": (two_scopes, lambda tokens: tokens.write("c", tokens.b, scope="a", username="b")),
    "both scopes exchanged": (
        two_scopes, exchange_scopes,
    ),
    "under another reference": (
        two_scopes, lambda tokens: tokens.write("b", tokens.b, scope="a", client_secret="COPY"),
    ),
    "another audience": (two_endpoints, lambda tokens: tokens.write("b", tokens.b, query="?audience=a")),
    "another client": (two_clients, lambda tokens: tokens.write("b", tokens.b, client="one")),
    "the client's token in place of a person's": (two_kinds_of_grant, lambda tokens: tokens.write("b", tokens.b)),
    "a refresh token's other scope": (
        one_refresh_token,
        lambda tokens: tokens.write("b", tokens.b, scope="a", client_secret=None, refresh="REFRESH"),
    ),
    "the client's secret as a password": (
        two_scopes, lambda tokens: tokens.write("b", tokens.b, login="password: {env: SMTP_CLIENT}"),
    ),
    "the client's secret as a token": (
        two_scopes, lambda tokens: tokens.write("b", tokens.b, login="accessToken: {env: SMTP_CLIENT}"),
    ),
    "the client's secret as a password, by another reference": (
        two_scopes, lambda tokens: tokens.write("b", tokens.b, login="password: {env: SMTP_COPY}"),
    ),
    "the refresh token as a password": (
        one_refresh_token, lambda tokens: tokens.write("b", tokens.b, login="password: {env: SMTP_REFRESH}"),
    ),
    "the refresh token as a token": (
        one_refresh_token, lambda tokens: tokens.write("b", tokens.b, login="accessToken: {env: SMTP_REFRESH}"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("is_earlier", [False, True], ids=["recorded now", "recorded by an earlier version"])
@pytest.mark.parametrize(("recorded", "attack"), ATTACKS.values(), ids=ATTACKS)
def test_a_server_gets_no_other_token(tokens: Tokens, recorded: Attack, attack: Attack, *, is_earlier: bool) -> None:
    """Neither endpoint nor server hears of it: plan, apply and verify withhold the secret, exit 4."""
    recorded(tokens)
    tokens.record()
    if is_earlier:
        tokens.forget_tokens()
    attacked(tokens, attack)


def _telling(value: str) -> list[str]:
    """Return the lines of a value by which it would be known."""
    return [line for line in value.splitlines() if len(line) > 16 and "-----" not in line and "project" not in line]


def attacked(tokens: Tokens, attack: Attack) -> None:
    """Assert that after the pull request plan, verify and apply withhold the secret, and nobody hears of it."""
    before, asked = tokens.received(), len(tokens.endpoint.forms)
    attack(tokens)
    for words in (("plan",), ("verify",), ("apply", "--auto-approve"), ("apply", "--auto-approve", "--hold-failing")):
        refused = tokens.project.run(*words, "--format", "json")
        assert (4, True) == (refused.code, "credentialWithheld" in refused.codes), (words, refused)
        assert not any(line in refused.out + refused.err for value in VALUES.values() for line in _telling(value))
    assert before == tokens.received()
    given = {form.get("scope") for form in tokens.endpoint.forms[asked:]}
    assert given <= {"a", "b"}  # what verify asked for the account that is as it was


RECORDED = (two_scopes, two_endpoints, two_clients, two_kinds_of_grant, one_refresh_token)
SIGNING = (two_mailboxes, two_certified)


@pytest.mark.parametrize("recorded", SIGNING, ids=lambda each: each.__name__)
def test_what_signs_is_recorded_and_goes_on(tokens: Tokens, recorded: Attack) -> None:
    """Keys have routes and fingerprints like other secrets: applied once, verified without a grant, rotated as others."""
    recorded(tokens)
    tokens.record()
    assert [] == tokens.project.run_well("plan", "--format", "json").document["changes"]
    tokens.project.run_well("verify")
    state = tokens.project.state_file.read_bytes()
    assert [] == [line for value in (GOOGLE, PEM) for line in _telling(value) if line.encode() in state]
    other = SigningKey.rsa()
    tokens.project.set_variable("SMTP_GOOGLE", other.service_account())
    tokens.project.set_variable("SMTP_GOOGLE_COPY", other.service_account())
    tokens.project.set_variable("SMTP_PEM", pem_of(other.certificate()) + other.pem)
    changes = tokens.project.run_well("plan", "--format", "json").document["changes"]
    assert ["rotation", "rotation"] == [change["cause"] for change in changes]


def test_one_key_serves_many_mailboxes_at_first_use(tokens: Tokens) -> None:
    """A service account's key that many mailboxes of one server share needs no grant for its first journey."""
    for name in ("a", "b", "c"):
        tokens.write(name, tokens.a, client_secret=None, google="GOOGLE")
    tokens.project.run_well("apply", "--auto-approve")
    told = {f"user={name}@example.com\x01auth=Bearer {name}-signed-a\x01\x01".encode() for name in ("a", "b", "c")}
    assert told == tokens.received()["a"]


@pytest.mark.parametrize("is_earlier", [False, True], ids=["recorded now", "recorded by an earlier version"])
@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each.__name__)
def test_what_is_recorded_goes_on(tokens: Tokens, recorded: Attack, *, is_earlier: bool) -> None:
    """Accounts as they were are verified along their routes, changed in other ways too, without a grant."""
    recorded(tokens)
    tokens.record()
    if is_earlier:
        tokens.forget_tokens()
    assert [] == tokens.project.run_well("plan", "--format", "json").document["changes"]
    tokens.project.run_well("verify")
    for path in sorted((tokens.project.folder / "accounts.d").iterdir()):
        path.write_text(path.read_text(encoding="utf-8").replace("Example", "Beispiel"), encoding="utf-8")
    assert 2 == len(tokens.project.run_well("plan", "--format", "json").document["changes"])


def test_a_grant_names_the_token(tokens: Tokens) -> None:
    """The lines that a refusal prints let that token go there, and no other."""
    two_scopes(tokens)
    tokens.record()
    tokens.write("b", tokens.b, scope="a")
    refused = tokens.project.run("plan", "--format", "json").document["diagnostics"]
    lines = [line.strip() for each in refused for line in each["detail"].splitlines()]
    grants = "".join(f"    {line}\n" for line in lines if line.startswith("- {secret:"))
    assert '"scope":"a"' in grants
    tokens.project.write_project(f"secrets:\n  grants:\n{grants}")
    tokens.project.run_well("apply", "--auto-approve")
    told = b"user=b@example.com\x01auth=Bearer app-client_credentials-a\x01\x01"
    assert told in tokens.received()["b"]
    tokens.write("b", tokens.b, scope="a", refresh="REFRESH")
    assert 4 == tokens.project.run("plan").code


# A real state of the version before


PLATFORM = (
    "platform:\n  smtp:\n    host: 127.0.0.1\n    port: 1126\n    encryption: none\n    authentication:\n"
    "      mechanism: xoauth2\n      username: platform@example.com\n      oauth2: {tokenUrl: 'https://localhost:1443/token', "
    "clientId: app, scope: bulk, clientSecret: {env: SMTP_PLATFORM}}\n"
)


@pytest.fixture
def earlier(project: Project) -> Project:
    """Return a project with a state that the version before made, its key, and the manifests that were applied.

    Nothing listens at its servers' ports.
    """
    with closing(sqlite3.connect(project.state_file)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            database.execute(f"DROP TABLE {table}")
        database.executescript(EARLIER.read_text(encoding="utf-8"))
    project.run_well("state", "migrate")
    project.key_file.write_text(EARLIER_KEY + "\n", encoding="ascii")
    for name, value in {
        "CLIENT": "one-secret-of-the-client",
        "REFRESH": "a-refresh-token",
        "PLATFORM": "the-secret-of-the-platform",
        "PASSWORD": "a-password",
    }.items():
        project.set_variable(f"SMTP_{name}", value)
    project.write_project(PLATFORM)
    url = "https://localhost:1443/token"
    project.write_account("a", account("a", 1125, url, scope="mail.a"))
    project.write_account("b", account("b", 1127, url, scope="mail.b"))
    project.write_account("c", account("c", 1125, url, scope="mail.a", refresh="REFRESH"))
    project.write_account("d", account("d", 1125, url, login="password: {env: SMTP_PASSWORD}"))
    project.write_account("news", marketing_account("news").replace(", displayName: Example Office", ""))
    return project


def withheld(outcome: Outcome) -> bool:
    """Tell whether a credential was withheld."""
    return "credentialWithheld" in outcome.out


def test_a_state_of_the_version_before_is_as_it_was(earlier: Project) -> None:
    """Nothing is to be changed; verifying goes along the recorded routes, by manifests and as recorded, the platform's too."""
    planned = earlier.run_well("plan", "--format", "json")
    assert ("empty", []) == (planned.document["status"], planned.document["changes"])
    earlier.run_well("journal", "check")
    for words in (("verify",), ("verify", "--recorded")):
        found = earlier.run(*words, "--format", "json")
        assert (3, False) == (found.code, withheld(found)), found
        assert {"failed"} == {each["verification"]["status"] for each in found.document["accounts"]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b", account("b", 1127, "https://localhost:1443/token", scope="mail.a")),
        ("a", account("a", 1125, "https://localhost:1443/token", scope="mail.b")),
        ("c", account("c", 1125, "https://localhost:1443/token", scope="mail.a")),
        ("b", account("b", 1127, "", login="password: {env: SMTP_CLIENT}")),
        ("c", account("c", 1125, "", login="accessToken: {env: SMTP_REFRESH}")),
        ("x", account("x", 1126, "", login="password: {env: SMTP_PLATFORM}", username="platform")),
    ],
    ids=["scope", "scope, the other way", "grant type", "as a password", "as a token", "the platform's, as a password"],
)
def test_a_state_of_the_version_before_lets_no_other_token_go(earlier: Project, name: str, text: str) -> None:
    """What was recorded without its token counts for the token that its account, or the project file, asks for alone."""
    earlier.write_account(name, text)
    for words in (("plan",), ("verify",), ("apply", "--auto-approve")):
        refused = earlier.run(*words, "--format", "json")
        assert (4, True) == (refused.code, withheld(refused))
