"""All problems of all accounts in one run: a secret that may not be named, and whatever else is wrong with the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.project import Project

_RESERVED = "{env: GH_TOKEN}"
_NOT_ALLOWED = "{env: HOME}"
_HEAD = "apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
_SERVER = _HEAD.format(kind="MailServer", name="office")


def account(
    *,
    secret: str = _RESERVED,
    username: str = '"{email}"',
    email: str = "a@example.com",
    where: str = "host: smtp.example.com",
    login: str = "",
    name: str = "a",
    kind: str = "OwnAccount",
    more: str = "",
) -> str:
    """Return an account whose secret no manifest may name."""
    login = login or f"{{username: {username}, password: {secret}}}"
    return (
        _HEAD.format(kind=kind, name=name)
        + f"  email: {email}\n  displayName: A\n  shared: true\n  smtp:\n    {where}\n    authentication: {login}\n{more}"
    )


def told(project: Project) -> list[str]:
    """Return the codes of the errors of ``validate``, in order of the alphabet."""
    found = project.run("validate", "--format", "json").document["diagnostics"]
    return sorted(each["code"] for each in found if each["severity"] == "error")


BOTH = {
    "unknown placeholder": (account(username='"{mail}"'), "unknownPlaceholder"),
    "unknown placeholder, not covered": (account(username='"{mail}"', secret=_NOT_ALLOWED), "unknownPlaceholder"),
    "unknown field": (account(more="    prot: 25\n"), "unknownField"),
    "bad port": (account(more="    port: 70000\n"), "invalidValue"),
    "no address": (account(email="nobody"), "invalidEmail"),
    "bad name": (account(name="A_a"), "invalidName"),
    "unknown kind": (account(kind="OwnAcount"), "unknownKind"),
    "no user name": (account(login=f"{{password: {_RESERVED}}}"), "missingField"),
    "mechanism": (account(login=f"{{username: u, mechanism: plain, accessToken: {_RESERVED}}}"), "contradiction"),
    "host with the address": (account(where='host: "{localpart}..example.com"'), "invalidHost"),
    "no such CA": (account(more="    caFile: certs/none.pem\n"), "caFileUnusable"),
    "no such certificate": (
        account(more=f"    clientCertificate: {{certFile: certs/none.pem, key: {_RESERVED}}}\n", secret="{env: SMTP_A}"),
        "certFileUnusable",
    ),
    "a certificate without TLS": (
        account(more=f"    encryption: none\n    clientCertificate: {{certFile: certs/none.pem, key: {_RESERVED}}}\n", secret="{env: SMTP_A}"),
        "contradiction",
    ),
    "no such server": (account(where="server: nowhere"), "unknownServer"),
    "two credentials": (
        account(login=f"{{username: u, password: {_RESERVED}, accessToken: {{env: SMTP_A}}}}"), "contradiction",
    ),
    "proxy": (
        account(secret="{env: SMTP_A}", username='"{mail}"',
                more=f"  proxy: {{type: socks5, host: p.example.com, port: 1, username: u, password: {_RESERVED}}}\n"),
        "unknownPlaceholder",
    ),
    "oauth2": (
        account(login="{username: u, oauth2: {tokenUrl: 'http://l.example.com/', clientId: c, clientSecret: "
                      f"{_RESERVED}}}}}"),
        "invalidValue",
    ),
    "another secret's form": (
        account(login=f"{{username: u, oauth2: {{tokenUrl: 'https://l.example.com/', clientId: c, clientSecret: hunter22, "
                      f"refreshToken: {_RESERVED}}}}}"),
        "literalSecret",
    ),
    "filled in": (account(secret='{env: "GH_{localpart}"}', more="    prot: 25\n"), "unknownField"),
    "inherited": (
        _SERVER + f"  host: smtp.example.com\n  authentication: {{password: {_RESERVED}}}\n---\n"
        + account(where="server: office", login="{username: '{mail}'}"), "unknownPlaceholder",
    ),
    "of a server that is refused": (
        _SERVER + f"  host: smtp.example.com\n  port: 70000\n  authentication: {{username: u, password: {_RESERVED}}}\n---\n"
        + account(where="server: office", login="{mechanism: auto}"), "invalidValue",
    ),
    "of an account whose server is refused": (
        _SERVER + "  host: smtp.example.com\n  port: 70000\n---\n" + account(where="server: office"), "invalidValue",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "other"), BOTH.values(), ids=BOTH.keys())
def test_a_secret_is_judged_whatever_else_is_wrong(project: Project, text: str, other: str) -> None:
    """Both problems are told by one run, each once."""
    project.write_account("a", text)
    assert sorted([other, "secretNotAllowed"]) == told(project)


ONE = {
    "unknown placeholder in the key": (account(secret='{env: "GH_{mail}"}'), "unknownPlaceholder"),
    "literal": (account(secret="hunter2hunter2"), "literalSecret"),
    "not in normal form": (account(secret="{file: secrets//a}"), "invalidValue"),
    "outside": (account(secret="{file: ../a}"), "secretNotAllowed"),
    "two sources": (account(secret="{env: GH_TOKEN, file: a}"), "contradiction"),
    "becomes no key": (account(secret='{env: "GH_{email}"}'), "invalidValue"),
    "no address to fill in": (account(secret='{file: "x/{email}"}', email="nobody"), "invalidEmail"),
    "allowed": (account(secret="{env: SMTP_A}", username='"{mail}"'), "unknownPlaceholder"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), ONE.values(), ids=ONE.keys())
def test_what_is_told_of_a_reference_is_told_once(project: Project, text: str, code: str) -> None:
    """A reference that is refused for its form, or has nothing to fill in, is not judged as well."""
    project.write_account("a", text)
    assert [code] == told(project)


def test_of_many_accounts_all_problems_are_told(project: Project) -> None:
    """An account that can be used and one that cannot name the same secret: one message names both."""
    project.write_account("a", account())
    project.write_account("b", account(name="b", username='"{mail}"', email="b@example.com"))
    problems = project.run("validate", "--format", "json").document["diagnostics"]
    concerned = {each["code"]: each.get("subjects") or [each["subject"]] for each in problems}
    assert {"secretNotAllowed": ["a", "b"], "unknownPlaceholder": ["b"]} == concerned
