"""One resolver for the servers of accounts and of the platform: what it merges, fills in, and finds wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.accounts.manifest import MailServerSpec
from reconciler.model.accounts.passage import Proxy
from reconciler.model.accounts.server import Smtp
from reconciler.model.servers.terms import DEFAULT_PORTS
from reconciler.rules.accounts.platform import resolve_platform
from reconciler.rules.accounts.servers import (
    CaFiles,
    CertificateFiles,
    as_written,
    certificate_path,
    merged,
    resolve_server,
)
from tests.rules.states import ca_files, certificate_files, desired_of, project

if TYPE_CHECKING:
    from reconciler.rules.accounts.servers import ServerResolution

VALUES = {"name": "sales", "email": "anna@example.com", "localpart": "anna", "domain": "example.com"}
LOGIN = {"username": "{email}", "password": {"env": "SMTP_{name}"}}


def resolved(proxy: dict[str, Any] | None = None, **smtp: Any) -> ServerResolution:
    """Return what an account's server resolves to."""
    return resolve_server({"host": "smtp.example.com", **smtp}, proxy, ca_files({}), values=VALUES)


def flaws(found: ServerResolution) -> list[tuple[str, str]]:
    """Return what is wrong, each with its path."""
    return [(flaw.kind, ".".join(flaw.path)) for flaw in found.flaws]


@pytest.mark.parametrize("encryption", DEFAULT_PORTS)
def test_the_port_follows_the_encryption(encryption: str) -> None:
    """Unless one is given."""
    server = resolved(encryption=encryption).server
    assert server is not None
    assert DEFAULT_PORTS[server.encryption] == server.port
    assert resolved(encryption=encryption, port=26).server == server.model_copy(update={"port": 26})


def test_defaults_and_values_are_filled_in() -> None:
    """The document has what goes without saying, with placeholders filled in and secrets as references."""
    found = resolved(
        {"type": "http", "host": "{domain}", "port": 1, "username": "{localpart}", "remoteDns": True},
        host="mail.{domain}",
        authentication=LOGIN,
    )
    assert found.server is not None
    assert found.server.to_document() == {
        "host": "mail.example.com",
        "port": 587,
        "encryption": "starttls",
        "authentication": {"mechanism": "auto", "username": "anna@example.com", "password": "env:SMTP_sales"},
    }
    assert "http://anna@example.com:1" == (found.server.proxy and found.server.proxy.way)
    assert {} == found.written


def test_hosts_are_a_labels_and_what_was_written_is_kept() -> None:
    """At each path where the text is another."""
    proxy = {"type": "http", "host": "proxy.żółw.example", "port": 1}
    found = resolved(proxy, host="żółw.example", heloName="łoś.example")
    assert {
        "spec.smtp.host": "żółw.example",
        "spec.smtp.heloName": "łoś.example",
        "spec.proxy.host": "proxy.żółw.example",
    } == found.written
    assert found.server is not None
    assert ("xn--w-uga1v8h.example", "proxy.xn--w-uga1v8h.example") == found.server.hosts


TOKEN = {"tokenUrl": "https://l.example/t", "clientId": "c", "clientSecret": {"env": "C"}}


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ({}, ["noUsername", "noCredential"]),
        ({"username": "u"}, ["noCredential"]),
        ({"password": {"env": "P"}}, ["noUsername"]),
        ({"username": "u", "password": {"env": "P"}}, []),
        ({"username": "u", "mechanism": "xoauth2", "password": {"env": "P"}}, ["mechanism"]),
        ({"username": "u", "mechanism": "oauthbearer", "accessToken": {"env": "T"}}, []),
        ({"username": "u", "mechanism": "plain", "accessToken": {"env": "T"}}, ["mechanism"]),
        ({"username": "u", "mechanism": "login", "oauth2": TOKEN}, ["mechanism"]),
        ({"username": "u", "oauth2": TOKEN}, []),
    ],
)
def test_what_a_login_lacks_is_the_same_for_accounts_and_platform(login: dict[str, Any], expected: list[str]) -> None:
    """A mechanism that does not take the credential is found for the platform's server as for any other."""
    assert expected == [kind for kind, _ in flaws(resolved(authentication=login))]
    without_placeholders = resolve_server({"host": "h", "authentication": login}, None, ca_files({}), values=None)
    assert expected == [kind for kind, _ in flaws(without_placeholders)]


def test_the_platform_is_told_of_a_mechanism_that_does_not_fit() -> None:
    """It would else be told by the first verification only, or by the first mail."""
    login = {"username": "p", "mechanism": "plain", "accessToken": {"env": "SMTP_T"}}
    declared = project(platform={"smtp": {"host": "smtp.example.com", "authentication": login}}).platform.smtp
    server, problems = resolve_platform(declared, ca_files({}))
    assert server is None
    assert [("contradiction", "platform.smtp in the project file: The mechanism plain takes a password")] == [
        (each.code, each.detail.partition(",")[0]) for each in problems
    ]


@pytest.mark.parametrize(
    ("smtp", "expected"),
    [
        ({"host": "{name}-.{domain}"}, [("host", "smtp.host")]),
        ({"authentication": {**LOGIN, "password": {"file": "{email}/x"}}}, []),
        ({"authentication": {**LOGIN, "password": {"env": "{email}"}}}, [("secret", "smtp.authentication.password")]),
        (
            {"authentication": {"username": "u", "oauth2": {**TOKEN, "clientSecret": {"env": "{domain}"}}}},
            [("secret", "smtp.authentication.oauth2.clientSecret")],
        ),
    ],
    ids=["host", "file", "variable", "client secret"],
)
def test_what_is_filled_in_must_be_one(smtp: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """A host must be a host then, and a key one that its source takes; the path says which."""
    assert expected == flaws(resolved(**smtp))


def test_a_slash_out_of_an_address_leads_nowhere() -> None:
    """It would name another folder's secret."""
    values = {**VALUES, "localpart": "a/b"}
    login = {"username": "u", "password": {"file": "secrets/{localpart}"}}
    found = resolve_server({"host": "h", "authentication": login}, None, ca_files({}), values=values)
    assert [("secret", "smtp.authentication.password")] == flaws(found)


def test_where_nothing_is_filled_in_no_placeholder_stands() -> None:
    """Each is told by its path; doubled braces are braces."""
    login = {"username": "{email}", "password": {"env": "SMTP_{name}"}}
    found = resolve_server({"host": "h", "authentication": login}, None, ca_files({}), values=None)
    assert [("placeholder", f"smtp.authentication.{name}") for name in ("username", "password")] == flaws(found)
    doubled = {**login, "username": "{{email}}", "password": {"env": "P"}}
    found = resolve_server({"host": "h", "authentication": doubled}, None, ca_files({}), values=None)
    assert "{email}" == (found.server and found.server.login.username)


def test_a_private_ca_that_cannot_be_used_is_a_flaw() -> None:
    """One that can has its digest told."""
    unusable = CaFiles({}, {"ca.pem": "It is empty."})
    found = resolve_server({"host": "h", "caFile": "ca.pem"}, None, unusable, values=VALUES)
    assert [("caFile", "smtp.caFile")] == flaws(found)
    assert "ca.pem: It is empty." == found.flaws[0].text
    usable = ca_files({"ca.pem": "one"})
    digest = usable.usable["ca.pem"].digest
    assert digest == resolve_server({"host": "h", "caFile": "ca.pem"}, None, usable, values=VALUES).ca_digest


def test_a_server_without_a_host_is_none() -> None:
    """What else is wrong is told beside it."""
    found = resolve_server({"authentication": {}}, None, ca_files({}), values=VALUES)
    assert [
        ("noUsername", "smtp.authentication"),
        ("noCredential", "smtp.authentication"),
        ("noHost", "smtp"),
    ] == flaws(found)


def parse(model: Any, **parts: Any) -> Any:
    """Return a part of a manifest."""
    return model.model_validate(parts, by_name=False)


def test_own_settings_win_over_those_of_the_server() -> None:
    """Each setting by itself; of the login too, and a proxy as a whole."""
    shared = parse(
        MailServerSpec,
        host="smtp.example.com",
        port=26,
        authentication={"username": "{email}", "mechanism": "plain", "password": {"env": "P"}},
        proxy={"type": "http", "host": "p.example.com", "port": 1},
    )
    own = parse(Smtp, server="relay", port=27, authentication={"username": "u"})
    smtp, proxy = merged(as_written(own), None, as_written(shared))
    assert smtp == {
        "host": "smtp.example.com",
        "port": 27,
        "authentication": {"username": "u", "mechanism": "plain", "password": {"env": "P"}},
    }
    assert "p.example.com" == (proxy and proxy["host"])
    way = as_written(parse(Proxy, type="socks5", host="q.example.com", port=2))
    assert {"type": "socks5", "host": "q.example.com", "port": 2, "remoteDns": True} == merged(
        as_written(parse(Smtp, server="relay")), way, as_written(shared)
    )[1]


@pytest.mark.parametrize("own", [{"caFile": "own.pem"}, {"certificate": "sha256:" + "a" * 64}])
@pytest.mark.parametrize("inherited", [{"caFile": "ca.pem"}, {"certificate": "sha256:" + "b" * 64}])
def test_trust_of_an_account_replaces_that_of_its_server(own: dict[str, str], inherited: dict[str, str]) -> None:
    """A pin of the MailServer's would otherwise make the account's own CA count for nothing."""
    theirs = parse(MailServerSpec, host="h", **inherited)
    smtp, _ = merged(as_written(parse(Smtp, server="relay", **own)), None, as_written(theirs))
    assert {"host": "h", **own} == smtp


def test_an_own_credential_replaces_one_of_any_form() -> None:
    """Two of them would contradict each other."""
    shared = parse(MailServerSpec, host="h", authentication={"username": "u", "oauth2": TOKEN})
    own = parse(Smtp, server="relay", authentication={"password": {"env": "P"}})
    assert {"username": "u", "password": {"env": "P"}} == merged(as_written(own), None, as_written(shared))[0][
        "authentication"
    ]


LOGINS = {
    "password": "mechanism: plain, password: {env: SMTP_%s}",
    "accessToken": "mechanism: xoauth2, accessToken: {env: SMTP_%s}",
    "oauth2": "mechanism: xoauth2, oauth2: {tokenUrl: 'https://login.example.com/token', clientId: c, "
    "clientSecret: {env: SMTP_%s}}",
}


@pytest.mark.parametrize("own", LOGINS)
@pytest.mark.parametrize("shared", LOGINS)
def test_a_credential_of_its_own_takes_the_place_of_the_servers(own: str, shared: str) -> None:
    """Whatever form either has; nothing of the server's travels for the account."""
    (account,) = desired_of(
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: relay}\n"
        f"spec: {{host: h.example.com, authentication: {{username: s, {LOGINS[shared] % 'SHARED'}}}}}\n"
        "---\napiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, "
        f"displayName: A, smtp: {{server: relay, authentication: {{username: a, {LOGINS[own] % 'OWN'}}}}}}}\n"
    )
    assert {"env:SMTP_OWN"} == {each.secret for each in account.secret_routes}


_OWN = {"certFile": "certs/{name}.pem", "key": {"file": "secrets/{name}.key"}}


def test_a_client_certificate_is_its_file_its_key_and_what_the_file_holds() -> None:
    """Names are filled in, the key is a reference, and the fingerprint stands beside them."""
    files = certificate_files(["certs/sales.pem"])
    smtp = {"host": "h.example.com", "clientCertificate": _OWN}
    found = resolve_server(smtp, None, ca_files({}), values=VALUES, certificates=files)
    assert found.server is not None
    assert {
        "certFile": "certs/sales.pem",
        "key": "file:secrets/sales.key",
        "fingerprint": files.usable["certs/sales.pem"].fingerprint,
    } == found.server.to_document()["clientCertificate"]


def test_a_certificate_that_cannot_be_used_is_a_flaw() -> None:
    """With the path as it reads and the reason, also where nobody has read the file."""
    files = CertificateFiles({}, {"certs/sales.pem": "It is empty."})
    smtp = {"host": "h.example.com", "clientCertificate": _OWN}
    found = resolve_server(smtp, None, ca_files({}), values=VALUES, certificates=files)
    assert [("certFile", "smtp.clientCertificate.certFile")] == flaws(found)
    assert "certs/sales.pem: It is empty." == found.flaws[0].text
    unread = resolve_server(smtp, None, ca_files({}), values=VALUES)
    assert ["certs/sales.pem: The file was not read."] == [flaw.text for flaw in unread.flaws]


def test_an_accounts_certificate_takes_the_place_of_its_servers() -> None:
    """As a whole, so that no key goes with a certificate that is another's."""
    theirs = MailServerSpec.model_validate({"host": "h.example.com", "clientCertificate": _OWN}, by_name=False)
    other = {"certFile": "other.pem", "key": {"env": "SMTP_KEY"}}
    own = Smtp.model_validate({"server": "relay", "clientCertificate": other}, by_name=False)
    assert other == merged(as_written(own), None, as_written(theirs))[0]["clientCertificate"]
    inheriting = Smtp.model_validate({"server": "relay"}, by_name=False)
    assert _OWN == merged(as_written(inheriting), None, as_written(theirs))[0]["clientCertificate"]
    assert "other.pem" == certificate_path(own, theirs)
    assert _OWN["certFile"] == certificate_path(inheriting, theirs)
    assert None is certificate_path(inheriting, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [("caFile", "ca.pem"), ("certificate", "sha256:" + "a" * 64), ("clientCertificate", _OWN)],
)
def test_what_tls_looks_at_is_of_no_use_without_tls(key: str, value: Any) -> None:
    """Whoever declares it takes the way for guarded: the flaw is told where the encryption is turned off."""
    files, cas = certificate_files(["certs/sales.pem"]), ca_files({"ca.pem": "a CA"})
    smtp = {"host": "h.example.com", "encryption": "none", key: value}
    found = resolve_server(smtp, None, cas, values=VALUES, certificates=files)
    assert [("withoutTls", "smtp.encryption")] == flaws(found)
    assert f"{key} stands beside encryption: none" in found.flaws[0].text
    assert [] == flaws(resolve_server({**smtp, "encryption": "tls"}, None, cas, values=VALUES, certificates=files))
