"""What manifests resolve to: what is inherited, filled in and left out, and what is told of those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.rules.accounts.desired import ca_paths, certificate_paths, resolve
from reconciler.rules.accounts.servers import CaFiles, CertificateFiles
from tests.rules.states import ca_files, desired_of, located, resolution_of

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.desired import DesiredAccount

LOGIN = "authentication: {username: u, password: {env: SMTP_A}}"
OAUTH2 = (
    "oauth2: {tokenUrl: 'https://l.example/t', clientId: c, clientSecret: {env: SMTP_CLIENT}, "
    "refreshToken: {env: SMTP_REFRESH}}"
)


def own(smtp: str, *, metadata: str = "name: a", spec: str = "") -> str:
    """Return an own account's manifest; smtp stands in line 7."""
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{{metadata}}}\nspec:\n  email: a@example.com\n"
        f"  displayName: A\n  smtp: {{{smtp}}}\n{spec}"
    )


def server(spec: str, *, name: str = "relay") -> str:
    """Return a mail server's manifest."""
    return f"---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


def resolved(text: str, contents: dict[str, str] | None = None) -> DesiredAccount:
    """Return the only account, which must resolve."""
    (account,) = desired_of(text, contents)
    return account


def told(text: str) -> list[str]:
    """Return code, subject, place and text of each problem."""
    return [_told(each) for each in resolution_of(text).problems]


def _told(problem: Diagnostic) -> str:
    return f"{problem.severity} {problem.code} {problem.subject} {problem.location}: {problem.detail}"


PLACE = "accounts.d/accounts.yaml"


@pytest.mark.parametrize(
    ("encryption", "port"),
    [("", 587), (", encryption: starttls", 587), (", encryption: tls", 465), (", encryption: none", 25)],
)
def test_defaults_are_written_out(encryption: str, port: int) -> None:
    """STARTTLS, the port by encryption, and the mechanism; what is declared stays."""
    smtp = resolved(own(f"host: h.example.com{encryption}, {LOGIN}")).spec["smtp"]
    expected = encryption.removeprefix(", encryption: ") or "starttls"
    assert expected == smtp["encryption"]
    assert port == smtp["port"]
    assert "auto" == smtp["authentication"]["mechanism"]
    declared = resolved(own(f"host: h.example.com, port: 1{encryption}, {LOGIN.replace('{u', '{mechanism: plain, u')}"))
    assert (1, "plain") == (declared.spec["smtp"]["port"], declared.spec["smtp"]["authentication"]["mechanism"])
    assert "authentication" not in resolved(own("host: h.example.com")).spec["smtp"]


def test_a_document_has_what_was_declared_and_nothing_else() -> None:
    """Name and previous name stand beside it, empty parts are left out, and a mail server is merged in by value."""
    account = resolved(
        own(
            "server: relay, port: 26",
            metadata="name: a, previousName: b, title: T, owner: o@example.com, labels: {}, annotations: {}, preventDelete: false",
            spec="  replyTo: {}\n",
        )
        + server("host: h.example.com, heloName: helo.example.com, proxy: {type: http, host: p.example, port: 1}")
    )
    assert {
        "metadata": {"title": "T", "owner": "o@example.com"},
        "spec": {
            "email": "a@example.com",
            "displayName": "A",
            "shared": False,
            "smtp": {"host": "h.example.com", "heloName": "helo.example.com", "port": 26, "encryption": "starttls"},
            "proxy": {"type": "http", "host": "p.example", "port": 1, "remoteDns": True},
        },
    } == account.document
    assert "OwnAccount" == account.kind
    assert "a" == account.name
    assert "b" == account.previous_name
    assert "relay" == account.server
    assert {} == account.written
    assert PLACE == account.file
    assert f"{PLACE}:1:1" == str(account.location)
    assert account.ca_digest is None
    assert PLACE == account.server_file
    assert frozenset() == account.server_secrets


def test_what_is_not_empty_is_kept() -> None:
    """Labels, annotations, protection and half a reply-to."""
    metadata = "name: a, labels: {x: y}, annotations: {n: m}, preventDelete: true"
    account = resolved(own("host: h.example.com", metadata=metadata, spec="  replyTo: {displayName: R}\n"))
    assert {"labels": {"x": "y"}, "annotations": {"n": "m"}, "preventDelete": True} == account.document["metadata"]
    assert {"displayName": "R"} == account.spec["replyTo"]
    assert account.server is None
    assert "" == account.server_file
    assert frozenset() == account.server_secrets


def test_accounts_come_in_the_order_of_names() -> None:
    """Whatever the order of files; mail servers are no accounts."""
    names = [f"a{number}" for number in (3, 1, 2)]
    text = "---\n".join(own("host: h.example.com", metadata=f"name: {name}") for name in names)
    assert ["a1", "a2", "a3"] == [account.name for account in resolution_of(text + server("port: 1")).accounts]


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        ("host: h.example.com, caFile: own.pem", {"own.pem"}),
        ("host: h.example.com", set()),
    ],
)
def test_private_cas_are_named_by_accounts_and_servers(spec: str, paths: set[str]) -> None:
    """Every caFile of either is to be read; marketing accounts have none."""
    marketing = "---\napiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: n}\nspec: {email: n@example.com, displayName: N}\n"
    assert paths == ca_paths(located(own(spec) + marketing))
    assert {*paths, "server.pem"} == ca_paths(located(own(spec) + server("caFile: server.pem")))


@pytest.mark.parametrize(
    ("smtp", "place"),
    [("caFile: ca.pem, server: relay", f"a {PLACE}:7:18"), ("server: relay, host: h", f"relay {PLACE}:12:37")],
)
def test_a_private_ca_that_cannot_be_used(smtp: str, place: str) -> None:
    """The error is of whoever names the file, with the path and the reason."""
    manifests = located(own(smtp) + server("host: h.example.com, caFile: ca.pem"))
    (problem,) = resolve(manifests, CaFiles({}, {"ca.pem": "It is empty."})).problems
    assert f"error caFileUnusable {place}: ca.pem: It is empty." == _told(problem)


def test_the_content_of_a_private_ca_counts() -> None:
    """Its digest is the account's, from its own file or the server's."""
    contents = {"own.pem": "one", "server.pem": "two"}
    text = server("host: h.example.com, caFile: server.pem")
    digests = [resolved(own(f"server: relay{extra}") + text, contents).ca_digest for extra in ("", ", caFile: own.pem")]
    assert [ca_files(contents).usable[path].digest for path in ("server.pem", "own.pem")] == digests


def test_an_unknown_server_is_told_with_one_that_is_called_nearly_so() -> None:
    """The error stands at the name; an account's name is no server's."""
    text = own("server: realy") + server("host: h.example.com")
    assert [
        f"error unknownServer a {PLACE}:7:18: No manifest declares a MailServer called realy. Did you mean relay?"
    ] == told(text)
    assert [f"error unknownServer a {PLACE}:7:18: No manifest declares a MailServer called a."] == told(
        own("server: a")
    )


def test_a_host_that_nobody_names() -> None:
    """The error stands at the server, which it names: every account through it lacks the host."""
    (problem,) = told(own("server: relay, port: 1") + server("heloName: h.example.com"))
    assert problem.startswith(
        f"error missingField a {PLACE}:12:1: Neither the account nor the mail server relay names "
    )
    assert problem.endswith("\n    host: smtp.example.com")


@pytest.mark.parametrize(
    ("login", "inherited", "expected"),
    [
        ("username: own", "username: u, password: {env: SMTP_S}", {"username": "own", "password": "env:SMTP_S"}),
        (
            "password: {env: SMTP_A}",
            "username: u, password: {env: SMTP_S}",
            {"username": "u", "password": "env:SMTP_A"},
        ),
        (
            "accessToken: {env: SMTP_A}",
            "username: u, mechanism: xoauth2, " + OAUTH2,
            {"username": "u", "mechanism": "xoauth2", "accessToken": "env:SMTP_A"},
        ),
        (
            "mechanism: plain, password: {env: SMTP_A}",
            "username: u, mechanism: xoauth2, accessToken: {env: SMTP_T}",
            {"username": "u", "mechanism": "plain", "password": "env:SMTP_A"},
        ),
    ],
)
def test_a_login_is_merged(login: str, inherited: str, expected: dict[str, Any]) -> None:
    """The account's values win, and its credential takes the place of the server's of any form."""
    text = own(f"server: relay, authentication: {{{login}}}")
    merged = resolved(text + server(f"host: h.example.com, authentication: {{{inherited}}}")).spec["smtp"]
    assert {"mechanism": "auto", **expected} == merged["authentication"]
    alone = resolved(own(f"server: relay, {LOGIN}") + server("host: h.example.com")).spec["smtp"]
    assert {"mechanism": "auto", "username": "u", "password": "env:SMTP_A"} == alone["authentication"]


@pytest.mark.parametrize(
    ("smtp", "spec", "expected"),
    [
        ("", "", {"env:SMTP_CLIENT", "env:SMTP_REFRESH", "env:SMTP_PROXY"}),
        (", authentication: {username: own}", "", {"env:SMTP_CLIENT", "env:SMTP_REFRESH", "env:SMTP_PROXY"}),
        (", authentication: {accessToken: {env: SMTP_A}}", "", {"env:SMTP_PROXY"}),
        ("", "  proxy: {type: http, host: q.example, port: 1}\n", {"env:SMTP_CLIENT", "env:SMTP_REFRESH"}),
        (
            "",
            "  proxy: {type: http, host: q.example, port: 1, username: m, password: {env: SMTP_OWN}}\n",
            {"env:SMTP_CLIENT", "env:SMTP_REFRESH"},
        ),
    ],
    ids=["all", "with its own user name", "its own credential", "its own proxy", "its own password there"],
)
def test_secrets_that_come_from_a_server(smtp: str, spec: str, expected: set[str]) -> None:
    """What the account has not written itself is the server's to name."""
    proxy = "proxy: {type: http, host: p.example, port: 1, username: m, password: {env: SMTP_PROXY}}"
    login = f"authentication: {{mechanism: xoauth2, username: u, {OAUTH2}}}"
    account = resolved(own(f"server: relay{smtp}", spec=spec) + server(f"host: h.example.com, {login}, {proxy}"))
    assert expected == account.server_secrets


def test_a_password_that_comes_from_a_server() -> None:
    """It is the server's, and none is where there is no login."""
    account = resolved(own("server: relay") + server(f"host: h.example.com, {LOGIN}"))
    assert {"env:SMTP_A"} == account.server_secrets
    assert set() == resolved(own("server: relay") + server("host: h.example.com")).server_secrets


@pytest.mark.parametrize(
    ("name", "mechanism", "line"),
    [
        ("a", "auto", "password: {env: SMTP_A_PASSWORD}"),
        ("sales-pl.2", "plain", "password: {env: SMTP_SALES_PL_2_PASSWORD}"),
        ("a", "xoauth2", "accessToken: {env: SMTP_A_TOKEN}"),
        ("a", "oauthbearer", "accessToken: {env: SMTP_A_TOKEN}"),
    ],
)
def test_a_login_that_lacks_everything(name: str, mechanism: str, line: str) -> None:
    """Each part that is missing is an error of its own, at the login, with the line to add."""
    first, second = told(
        own(f"host: h.example.com, authentication: {{mechanism: {mechanism}}}", metadata=f"name: {name}")
    )
    place = f"error missingField {name} {PLACE}:7:31: "
    assert (
        f'{place}The login has no user name, neither here nor at the mail server. Add\n    username: "{{email}}"'
    ) == first
    assert f"{place}The login has no credential. Add a reference to it, never the secret itself:\n    {line}" == second


def test_a_credential_that_the_servers_mechanism_does_not_take() -> None:
    """The error stands at the account's login."""
    (problem,) = told(own(f"server: relay, {LOGIN}") + server("host: h, authentication: {mechanism: xoauth2}"))
    assert (
        f"error contradiction a {PLACE}:7:25: The mechanism xoauth2 takes accessToken or oauth2, not a password. "
        "Change one of the two."
    ) == problem


@pytest.mark.parametrize(
    ("mechanism", "credential", "expected"),
    [
        ("auto", "password: {env: SMTP_A}", True),
        ("auto", OAUTH2, True),
        ("login", "password: {env: SMTP_A}", True),
        ("xoauth2", OAUTH2, True),
        ("oauthbearer", "accessToken: {env: SMTP_A}", True),
        ("oauthbearer", OAUTH2, True),
    ],
)
def test_a_credential_that_the_mechanism_takes(mechanism: str, credential: str, *, expected: bool) -> None:
    """Tokens for the mechanisms of OAuth2, passwords for the others, either for auto."""
    login = f"authentication: {{mechanism: {mechanism}, username: u, {credential}}}"
    assert expected == (resolution_of(own(f"host: h.example.com, {login}")).problems == ())


def test_templates_are_filled_in() -> None:
    """Name and e-mail, in canonical form, stand in user names and in keys of every secret."""
    text = own(
        "host: h.example.com, authentication: {mechanism: xoauth2, username: '{name}/{email}', oauth2: {tokenUrl: "
        "'https://l.example/t', clientId: c, clientSecret: {vault: '{name}/c'}, refreshToken: {vault: '{email}'}}}",
        spec="  proxy: {type: http, host: p.example, port: 1, username: m, password: {vault: 'p/{name}/{name}'}}\n",
    ).replace("a@example.com", "a@ż.example")
    spec = resolved(text).spec
    login = spec["smtp"]["authentication"]
    assert "a/a@xn--hha.example" == login["username"]
    assert "vault:a/c" == login["oauth2"]["clientSecret"]
    assert "vault:a@xn--hha.example" == login["oauth2"]["refreshToken"]
    assert "vault:p/a/a" == spec["proxy"]["password"]


def test_a_key_that_cannot_be_filled_in() -> None:
    """The error stands at the reference, and shows what it reads."""
    (problem,) = told(
        own("host: h.example.com, authentication: {username: u, password: {env: 'SMTP_{name}'}}", metadata="name: a-b")
    )
    assert problem.startswith(
        f"error invalidValue a-b {PLACE}:7:71: With name and e-mail filled in, the reference reads env:SMTP_a-b, which "
        "env does not take. "
    )


def test_a_variable_has_no_other_spelling() -> None:
    """A name that no variable can have is told as that, whatever it looks like as a path."""
    login = "host: h.example.com, authentication: {username: u, password: {env: 'SMTP_{email}'}}"
    (problem,) = told(own(login).replace("a@example.com", "a//b@example.com"))
    assert "the reference reads env:SMTP_a//b@example.com, which env does not take. " in problem


@pytest.mark.parametrize(("source", "key"), [("file", "secrets/{email}"), ("vault", "{email}/x")])
def test_a_key_that_is_filled_in_to_another_spelling(source: str, key: str) -> None:
    """An address may hold slashes; the error tells what the reference would be in normal form."""
    login = f"host: h.example.com, authentication: {{username: u, password: {{{source}: '{key}'}}}}"
    (problem,) = told(own(login).replace("a@example.com", "a//b@example.com"))
    read, normal = (
        f"{source}:{key.replace('{email}', address)}" for address in ("a//b@example.com", "a/b@example.com")
    )
    assert f"the reference reads {read}, which is not in normal form: " in problem
    assert f"Write {normal}. Write the reference out for this account." in problem


def test_domains_are_canonical_and_kept_as_written() -> None:
    """Every host and address of the spec, by its path."""
    text = own(
        "host: Ł.example, heloName: Ń.example",
        spec="  replyTo: {email: r@Ś.example}\n  proxy: {type: http, host: Ź.example, port: 1}\n",
    ).replace("a@example.com", "a@Ć.example")
    account = resolved(text)
    assert {
        "spec.email": "a@Ć.example",
        "spec.replyTo.email": "r@Ś.example",
        "spec.smtp.host": "Ł.example",
        "spec.smtp.heloName": "Ń.example",
        "spec.proxy.host": "Ź.example",
    } == account.written
    spec = account.spec
    canonical = [
        spec["email"],
        spec["replyTo"]["email"],
        spec["smtp"]["host"],
        spec["smtp"]["heloName"],
        spec["proxy"]["host"],
    ]
    assert [True] * 5 == [text.isascii() and "xn--" in text for text in canonical]


def test_a_previous_name_is_one_account_s() -> None:
    """All further accounts that give it are one error, at the second previousName, with the place of the first."""
    text = "---\n".join(own("host: h.example.com", metadata=f"name: {name}, previousName: x") for name in "abc")
    first = server("port: 1").removeprefix("---\n") + "---\n" + own("host: h.example.com", metadata="name: d") + "---\n"
    resolution = resolution_of(first + text)
    where = (
        f"a has the same previousName at {PLACE}:16:35; only one account can be what x became. Where one of the renames was "
        "applied before, it is over: remove previousName from that account, and the other is planned."
    )
    assert [f"error contradiction None {PLACE}:24:35: {where}"] == [_told(each) for each in resolution.problems]
    assert [("b", "c")] == [each.subjects for each in resolution.problems]


def test_a_marketing_account_is_what_it_declares() -> None:
    """It has no server of its own, no private CA and no templates."""
    (account,) = desired_of(
        "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: n}\nspec: {email: n@Ż.example, "
        "displayName: '{name}', overrideFrom: {emailDetail: x}}\n"
    )
    assert "MarketingAccount" == account.kind
    assert "{name}" == account.spec["displayName"]
    assert account.server is None
    assert account.ca_digest is None
    assert ({"spec.email": "n@Ż.example"}, "x") == (account.written, account.spec["overrideFrom"]["emailDetail"])


@pytest.mark.parametrize(
    ("own_smtp", "shared", "paths", "inherited"),
    [
        ("host: h.example.com", "", set(), set()),
        ("host: h.example.com, clientCertificate: {certFile: 'c/{name}.pem', key: {env: A}}", "", {"c/a.pem"}, set()),
        ("server: relay", "clientCertificate: {certFile: 'c/{name}.pem', key: {env: B}}", {"c/a.pem"}, {"env:B"}),
        (
            "server: relay, clientCertificate: {certFile: own.pem, key: {env: A}}",
            "clientCertificate: {certFile: theirs.pem, key: {env: B}}",
            {"own.pem"},
            set(),
        ),
    ],
)
def test_client_certificates_are_named_by_accounts(
    own_smtp: str, shared: str, paths: set[str], inherited: set[str]
) -> None:
    """Each as it reads for the account that shows it; the key of its MailServer's is one that both must be let name."""
    text = own(own_smtp) + server(f"host: r.example.com{shared and ', ' + shared}")
    assert paths == certificate_paths(located(text))
    (account,) = desired_of(text)
    assert inherited == account.server_secrets
    assert paths == {each["certFile"] for each in [account.spec["smtp"].get("clientCertificate")] if each}


def test_a_client_certificate_that_cannot_be_used() -> None:
    """The error is of whoever names the file, and is another one than that of a CA in the same file."""
    manifests = located(
        own("server: relay, caFile: c.pem")
        + server("host: h.example.com, clientCertificate: {certFile: c.pem, key: {env: A}}")
    )
    reason = "It is empty."
    found = resolve(manifests, CaFiles({}, {"c.pem": reason}), certificates=CertificateFiles({}, {"c.pem": reason}))
    assert ["caFileUnusable", "certFileUnusable"] == sorted(each.code for each in found.problems)
    assert ["a", "relay"] == sorted(each.subject or "" for each in found.problems)


def test_what_is_of_no_use_without_tls_is_told_where_that_is_turned_off() -> None:
    """An account that inherits a CA and encrypts nothing contradicts itself, and its MailServer does not."""
    manifests = located(own("server: relay, encryption: none") + server("host: h.example.com, caFile: ca.pem"))
    (problem,) = resolve(manifests, ca_files({"ca.pem": "a CA"})).problems
    assert f"error contradiction a {PLACE}:7:37: caFile stands beside encryption: none" in _told(problem)
