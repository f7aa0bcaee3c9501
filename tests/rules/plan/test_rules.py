"""The planner's rules one by one, where a whole case would hide them."""

from __future__ import annotations

import pytest

from reconciler.model.text.globs import matches
from reconciler.rules.accounts.desired import ca_paths, resolve
from reconciler.rules.accounts.lint import lint
from reconciler.rules.accounts.servers import CaFiles
from reconciler.rules.secrets.allow import is_allowed
from reconciler.rules.secrets.refused import refused_secrets
from tests.rules.states import ca_files, desired_of, located, project, resolution_of

_HEAD = "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\n"


def _own(smtp: str) -> str:
    return _HEAD + f"spec: {{email: a@example.com, displayName: A, shared: true, smtp: {{{smtp}}}}}\n"


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("env:SMTP_*", "env:SMTP_A", True),
        ("env:SMTP_*", "env:OTHER", False),
        ("file:secrets/*", "file:secrets/a/b", False),
        ("file:secrets/**", "file:secrets/a/b", True),
        ("**/b", "b", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
    ],
)
def test_globs(glob: str, text: str, expected: bool) -> None:  # noqa: FBT001
    """A star and a question mark stop at a slash, two stars do not, and all else stands for itself."""
    assert expected == matches(glob, text)


@pytest.mark.parametrize(
    ("secret", "manifest", "expected"),
    [
        ("env:SMTP_A", "accounts.d/a.yaml", True),
        ("env:HOME", "accounts.d/a.yaml", False),
        ("file:secrets/../key", "accounts.d/a.yaml", False),
        ("file:secrets/*", "accounts.d/a.yaml", False),
        ("env:ONLY_SALES", "accounts.d/sales/a.yaml", True),
        ("env:ONLY_SALES", "accounts.d/a.yaml", False),
        ("vault:mail/a", "accounts.d/a.yaml", True),
        ("other:mail/a", "accounts.d/a.yaml", False),
    ],
)
def test_allowed_secrets(secret: str, manifest: str, expected: bool) -> None:  # noqa: FBT001
    """A manifest names only what secrets.allow covers for it, and no path or wildcard that leads elsewhere."""
    scoped = {"secret": "env:ONLY_*", "manifests": "accounts.d/sales/**"}
    allow = ["env:SMTP_*", "file:secrets/**", scoped]
    secrets = project(secrets={"allow": allow, "sources": {"vault": {"command": ["vault", "{key}"]}}}).secrets
    assert expected == is_allowed(secret, manifest, secrets)


@pytest.mark.parametrize(
    ("reference", "code"),
    [("env: HOME", "secretNotAllowed"), ('file: "**"', "secretNotAllowed"), ("valt: a", "unknownSecretSource")],
)
def test_refused_secrets(reference: str, code: str) -> None:
    """A refused reference is an error, and one with a wildcard is never offered to be allowed."""
    accounts = desired_of(_own(f"host: h.example.com, authentication: {{username: u, password: {{{reference}}}}}"))
    problems = refused_secrets(accounts, project().secrets)
    assert [code] == [problem.code for problem in problems]
    assert not any('allow: ["file:**"]' in problem.detail for problem in problems)


@pytest.mark.parametrize(
    ("smtp", "codes"),
    [
        ("server: nowhere", ["unknownServer"]),
        ("host: h.example.com, authentication: {mechanism: plain}", ["missingField", "missingField"]),
        (
            "host: h.example.com, authentication: {mechanism: plain, username: u, accessToken: {env: SMTP_T}}",
            ["contradiction"],
        ),
        ("host: h.example.com, authentication: {username: u, password: {env: 'SMTP_{email}'}}", ["invalidValue"]),
    ],
)
def test_resolve_errors(smtp: str, codes: list[str]) -> None:
    """What cannot be resolved is an error with a place, and the account is left out."""
    resolution = resolution_of(_own(smtp))
    assert codes == [problem.code for problem in resolution.problems]
    assert () == resolution.accounts
    assert all(problem.location is not None for problem in resolution.problems)


@pytest.mark.parametrize(
    ("host", "extra", "codes"),
    [
        ("localhost", "", []),
        ("127.0.0.1", "", []),
        ("localhost.evil.example", "", ["unencryptedLogin"]),
        ("127.evil.example", "", ["unencryptedLogin"]),
        ("localhost", ", proxy: {type: http, host: p.example.com, port: 80}", ["unencryptedLogin"]),
    ],
)
def test_unencrypted_login(host: str, extra: str, codes: list[str]) -> None:
    """A login in clear text is remarked on unless it goes to this machine directly."""
    smtp = f"host: {host}, encryption: none, authentication: {{username: u, password: {{env: SMTP_A}}}}"
    text = _own(smtp).replace("}}}}\n", "}}}" + extra + "}\n")
    manifests = located(text)
    remarks = lint(resolve(manifests, ca_files({})).accounts, manifests, project())
    assert codes == [remark.code for remark in remarks]


@pytest.mark.parametrize(
    ("proxy", "codes"),
    [
        ("type: socks5, host: p.example.com, username: m, password: {env: SMTP_P}", ["unencryptedProxyLogin"]),
        ("type: http, host: p.example.com, username: m, password: {env: SMTP_P}", ["unencryptedProxyLogin"]),
        ("type: http, host: 127.0.0.1, username: m, password: {env: SMTP_P}", []),
        ("type: socks4, host: p.example.com, username: m, password: {env: SMTP_P}", ["proxyPasswordUnused"]),
        ("type: socks5, host: p.example.com", []),
    ],
)
def test_a_password_for_a_proxy(proxy: str, codes: list[str]) -> None:
    """A password that travels to a proxy in clear text is remarked on, and one that goes nowhere too."""
    text = _own("host: mail.example.com").replace("}}\n", "}, proxy: {port: 1080, " + proxy + "}}\n")
    manifests = located(text)
    remarks = lint(resolve(manifests, ca_files({})).accounts, manifests, project())
    assert codes == [remark.code for remark in remarks]
    assert [4 for _ in codes] == [remark.location.line for remark in remarks if remark.location]


@pytest.mark.parametrize(
    ("mechanism", "line"),
    [
        ("auto", "password: {env: SMTP_A_PASSWORD}"),
        ("xoauth2", "accessToken: {env: SMTP_A_TOKEN}"),
        ("oauthbearer", "accessToken: {env: SMTP_A_TOKEN}"),
    ],
)
def test_a_login_without_a_credential_says_which_to_add(mechanism: str, line: str) -> None:
    """The line to add is a password, or a token where the mechanism takes one."""
    login = f"authentication: {{mechanism: {mechanism}, username: u}}"
    (problem,) = resolution_of(_own(f"host: h.example.com, {login}")).problems
    assert line == problem.detail.rpartition("\n    ")[2]


def _server(spec: str) -> str:
    return f"---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: relay}}\nspec: {{{spec}}}\n"


def test_a_host_is_named_somewhere() -> None:
    """Where neither the account nor its server names a host, the account is refused."""
    resolution = resolution_of(_own("server: relay") + _server("port: 25"))
    (problem,) = resolution.problems
    assert ("missingField", "a") == (problem.code, problem.subject)
    assert "Neither the account nor the mail server relay names a host" in problem.detail
    assert () == resolution.accounts


@pytest.mark.parametrize(
    ("mechanism", "credential", "told"),
    [
        ("xoauth2", "password", "takes accessToken or oauth2, not a password"),
        ("oauthbearer", "password", "takes accessToken or oauth2, not a password"),
        ("plain", "accessToken", "takes a password, not accessToken"),
        ("xoauth2", "accessToken", None),
        ("plain", "password", None),
        ("auto", "accessToken", None),
    ],
)
def test_a_credential_fits_the_mechanism_of_the_server(mechanism: str, credential: str, told: str | None) -> None:
    """An account's credential that the mechanism of its mail server does not take is refused."""
    own = _own(f"server: relay, authentication: {{username: u, {credential}: {{env: SMTP_A}}}}")
    problems = resolution_of(own + _server(f"host: h.example.com, authentication: {{mechanism: {mechanism}}}")).problems
    expected = [] if told is None else [("contradiction", f"The mechanism {mechanism} {told}. Change one of the two.")]
    assert expected == [(problem.code, problem.detail) for problem in problems]


@pytest.mark.parametrize(
    ("smtp", "subject", "line"),
    [
        ("host: h.example.com, caFile: ca.pem", "a", 4),
        ("server: relay, caFile: ca.pem", "a", 4),
        ("server: relay", "relay", 9),
    ],
)
def test_a_private_ca_that_cannot_be_used_is_told_where_it_is_named(smtp: str, subject: str, line: int) -> None:
    """The error stands at the manifest whose caFile counts: the account's own, else the server's."""
    manifests = located(_own(smtp) + _server("host: h.example.com, caFile: ca.pem"))
    assert frozenset({"ca.pem"}) == ca_paths(manifests)
    resolution = resolve(manifests, CaFiles({}, {"ca.pem": "It is empty."}))
    (problem,) = resolution.problems
    assert problem.location is not None
    assert "caFileUnusable" == problem.code
    assert subject == problem.subject
    assert line == problem.location.line
    assert () == resolution.accounts


def test_an_accounts_own_proxy_takes_the_place_of_the_servers() -> None:
    """The server's proxy and its secret are inherited, unless the account declares a proxy of its own."""
    proxy = "proxy: {type: http, host: p.example.com, port: 80, username: m, password: {env: SMTP_%s}}"
    server = _server("host: h.example.com, " + proxy % "SERVER")
    (inherits,) = desired_of(_own("server: relay") + server)
    (own,) = desired_of(_own("server: relay").replace("}}\n", "}, " + proxy % "OWN" + "}\n") + server)
    assert ("env:SMTP_SERVER", frozenset({"env:SMTP_SERVER"})) == (
        inherits.spec["proxy"]["password"],
        inherits.server_secrets,
    )
    assert ("env:SMTP_OWN", frozenset()) == (own.spec["proxy"]["password"], own.server_secrets)


def test_an_empty_reply_to_is_none() -> None:
    """An empty replyTo means what leaving it out means."""
    text = _own("host: h.example.com")
    (without,) = desired_of(text)
    (empty,) = desired_of(text.replace("shared: true", "shared: true, replyTo: {}"))
    assert without.document == empty.document


def test_one_account_only_was_called_so() -> None:
    """Two accounts with the same previousName are refused with the place of the first, other names are not."""
    heads = [f"name: {name}, previousName: {previous}" for name, previous in (("a", "x"), ("b", "y"), ("c", "x"))]
    text = "---\n".join(_own("host: h.example.com").replace("name: a", head, 1) for head in heads)
    (problem,) = resolution_of(text).problems
    assert ("contradiction", "c") == (problem.code, problem.subject)
    assert "a has the same previousName at accounts.d/accounts.yaml:3:" in problem.detail


@pytest.mark.parametrize(
    ("metadata", "shared", "codes"),
    [
        ("name: a", "shared: false", ["sharedWithoutOwner"]),
        ("name: a, owner: anna", "shared: false", []),
        ("name: a", "shared: true", []),
    ],
)
def test_an_account_for_nobody(metadata: str, shared: str, codes: list[str]) -> None:
    """An account that is neither shared nor owned is remarked on."""
    text = _own("host: h.example.com").replace("name: a", metadata).replace("shared: true", shared)
    manifests = located(text)
    remarks = lint(resolve(manifests, ca_files({})).accounts, manifests, project())
    assert codes == [remark.code for remark in remarks]


@pytest.mark.parametrize(
    ("port", "encryption", "better"),
    [
        (465, "tls", None),
        (465, "starttls", "tls"),
        (465, "none", "tls"),
        (587, "tls", "starttls"),
        (25, "tls", "starttls"),
        (587, "starttls", None),
        (25, "none", None),
        (2525, "tls", None),
    ],
)
def test_a_port_that_speaks_otherwise(port: int, encryption: str, better: str | None) -> None:
    """A port known for another encryption than is declared is remarked on, with the line to write."""
    manifests = located(_own(f"host: h.example.com, port: {port}, encryption: {encryption}"))
    remarks = lint(resolve(manifests, ca_files({})).accounts, manifests, project())
    expected = [] if better is None else [("portMismatch", True)]
    assert expected == [(each.code, f"Write\n    encryption: {better}\n" in each.detail) for each in remarks]


@pytest.mark.parametrize(("smtp", "codes"), [("server: relay", []), ("host: h.example.com", ["unusedServer"])])
def test_a_server_that_no_account_names(smtp: str, codes: list[str]) -> None:
    """A MailServer without accounts is noted."""
    manifests = located(_own(smtp) + _server("host: h.example.com"))
    remarks = lint(resolve(manifests, ca_files({})).accounts, manifests, project())
    assert [(code, "relay") for code in codes] == [(remark.code, remark.subject) for remark in remarks]
