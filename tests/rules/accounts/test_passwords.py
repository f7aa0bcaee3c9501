"""Passwords at providers that drop them are warned of before anything is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.rules.accounts.desired import resolve
from reconciler.rules.accounts.lint import lint
from tests.rules.states import ca_files, located, project

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic

_PASSWORD = "username: u, password: {env: SMTP_A}"
_TOKEN = "username: u, accessToken: {env: SMTP_A}"


def _account(host: str, login: str, *, name: str = "a") -> str:
    smtp = f"host: {host}, authentication: {{{login}}}"
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\nspec:\n"
        f"  email: a@example.com\n  displayName: A\n  shared: true\n  smtp: {{{smtp}}}\n"
    )


def _remarks(*documents: str) -> list[Diagnostic]:
    manifests = located("---\n".join(documents))
    accounts = resolve(manifests, ca_files({})).accounts
    return [remark for remark in lint(accounts, manifests, project()) if remark.code == "basicAuthEnding"]


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("smtp.office365.com", ("Microsoft 365", "December 2026", "login.microsoftonline.com/TENANT")),
        ("SMTP.Office365.com", ("Microsoft 365",)),
        ("smtp-mail.outlook.com", ("September 2024", "login.microsoftonline.com/consumers")),
    ],
)
@pytest.mark.parametrize("mechanism", ["", "mechanism: auto, ", "mechanism: plain, ", "mechanism: login, "])
def test_a_password_that_is_ending(host: str, words: tuple[str, ...], mechanism: str) -> None:
    """A password at such a provider is a warning at the authentication, with what happens and the lines to write."""
    (remark,) = _remarks(_account(host, mechanism + _PASSWORD))
    assert (remark.severity, remark.subject) == ("warning", "a")
    assert remark.location is not None
    assert (remark.location.line, remark.location.column) == (8, 10 + len(f"host: {host}, "))
    assert [word for word in (*words, "\n      mechanism: xoauth2\n") if word not in remark.detail] == []
    assert "SMTP_A" not in remark.detail


@pytest.mark.parametrize(
    ("host", "login"),
    [
        ("smtp.office365.com", _TOKEN),
        ("smtp.gmail.com", _PASSWORD),
        ("smtp.example.com", _PASSWORD),
        ("smtp.office365.com.example.com", _PASSWORD),
        ("contoso-com.mail.protection.outlook.com", _PASSWORD),
    ],
)
def test_other_logins_are_not_remarked_on(host: str, login: str) -> None:
    """Tokens, other hosts, and Gmail's, where a password may be an app password, are no matter for this warning."""
    assert _remarks(_account(host, login)) == []


def test_accounts_without_login_or_server_are_not_remarked_on() -> None:
    """An account without a login, and one without a server of its own, have no password to warn of."""
    plain = _account("smtp.office365.com", _PASSWORD).replace(f", authentication: {{{_PASSWORD}}}", "")
    marketing = (
        "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\n"
        "spec: {email: news@example.com, displayName: News}\n"
    )
    assert _remarks(plain, marketing) == []


def test_many_accounts_share_one_warning() -> None:
    """Eighty accounts at one provider are one warning each provider, that names some of them and counts the rest."""
    office = [_account("smtp.office365.com", _PASSWORD, name=f"a{number:02}") for number in range(80)]
    first, second = _remarks(*office, _account("smtp-mail.outlook.com", _PASSWORD, name="g"))
    assert first.detail.startswith("a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 70 more log in to Microsoft")
    assert (first.subject, second.subject) == (None, "g")


def test_a_login_that_comes_from_a_mail_server_is_remarked_on() -> None:
    """A password that an account takes over from its MailServer counts, at the nearest place of the account."""
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\n"
        f"spec: {{host: smtp.office365.com, authentication: {{{_PASSWORD}}}}}\n"
    )
    account = _account("x", _PASSWORD).replace(f"host: x, authentication: {{{_PASSWORD}}}", "server: office")
    (remark,) = _remarks(account, server)
    assert remark.location is not None
    assert (remark.subject, remark.location.line) == ("a", 8)


@pytest.mark.parametrize(
    ("host", "told", "token_url", "scope"),
    [
        (
            "smtp.office365.com",
            "a logs in to Microsoft 365 by password. Microsoft turns login by password ",
            "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token",
            "https://outlook.office.com/SMTP.Send offline_access",
        ),
        (
            "smtp-mail.outlook.com",
            "a logs in to Outlook.com by password. Outlook.com has taken ",
            "https://login.microsoftonline.com/consumers/oauth2/v2.0/token",
            "https://outlook.office.com/SMTP.Send offline_access",
        ),
    ],
)
def test_the_lines_to_write_instead(host: str, told: str, token_url: str, scope: str) -> None:
    """They are a whole login by OAuth2, with the provider's own token endpoint and scope."""
    (remark,) = _remarks(_account(host, _PASSWORD))
    text, *lines = remark.detail.split("\n")
    assert text.startswith(told)
    assert [
        "    authentication:",
        "      mechanism: xoauth2",
        '      username: "{email}"',
        "      oauth2:",
        f"        tokenUrl: {token_url}",
        "        clientId: …",
        "        clientSecret: {env: SMTP_CLIENT_SECRET}",
        "        refreshToken: {env: SMTP_REFRESH_TOKEN}",
        f"        scope: {scope}",
    ] == lines


@pytest.mark.parametrize("mechanism", ["cram-md5", "scram-sha-256"])
def test_a_password_that_does_not_travel_is_not_remarked_on(mechanism: str) -> None:
    """What a provider drops is login by password in clear text."""
    assert _remarks(_account("smtp.office365.com", f"mechanism: {mechanism}, " + _PASSWORD)) == []


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "a00 logs in to "),
        (2, "a00, a01 log in to "),
        (10, "a08, a09 log in to "),
        (11, "a09 and 1 more log in to "),
    ],
)
def test_up_to_ten_accounts_are_named(count: int, told: str) -> None:
    """The others are counted."""
    (remark,) = _remarks(
        *(_account("smtp-mail.outlook.com", _PASSWORD, name=f"a{number:02}") for number in range(count))
    )
    assert f"{told}Outlook.com by password." in remark.detail
    assert remark.detail.startswith("a00")


@pytest.mark.parametrize(
    ("count", "subject", "subjects", "place"),
    [(1, "a0", (), "accounts.d/accounts.yaml:13:9"), (2, None, ("a0", "a1"), "accounts.d/accounts.yaml:4:14")],
)
def test_a_login_of_several_is_told_at_their_server(
    count: int, subject: str | None, subjects: tuple[str, ...], place: str
) -> None:
    """Of one account alone it is told at the account."""
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: relay}\n"
        f"spec: {{host: smtp.office365.com, authentication: {{{_PASSWORD}}}}}\n"
    )
    accounts = [
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: a{number}}}\nspec:\n"
        "  email: a@example.com\n  displayName: A\n  shared: true\n  smtp: {server: relay}\n"
        for number in range(count)
    ]
    (remark,) = _remarks(server, *accounts)
    assert subject == remark.subject
    assert subjects == remark.subjects
    assert place == str(remark.location)


def test_a_login_at_several_servers_is_told_at_the_first() -> None:
    """Each of two MailServers may name the provider; the place of one is enough to look for the other."""
    servers = [
        f"apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {name}}}\n"
        f"spec: {{host: smtp.office365.com, authentication: {{{_PASSWORD}}}}}\n"
        for name in ("one", "two")
    ]
    accounts = [
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: a-{name}}}\nspec:\n"
        f"  email: a@example.com\n  displayName: A\n  shared: true\n  smtp: {{server: {name}}}\n"
        for name in ("one", "two")
    ]
    (remark,) = _remarks(*servers, *accounts)
    assert (("a-one", "a-two"), "accounts.d/accounts.yaml:4:14") == (remark.subjects, str(remark.location))
