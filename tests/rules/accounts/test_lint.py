"""Remarks on declarations: what they say, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.rules.accounts.desired import resolve
from reconciler.rules.accounts.lint import lint
from tests.rules.states import ca_files, located, project

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic

LOGIN = "authentication: {username: u, password: {env: SMTP_A}}"


def own(smtp: str, *, name: str = "a", extra: str = "", spec: str = "shared: true") -> str:
    """Return an own account's manifest, of six lines."""
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{extra}}}\nspec:\n"
        f"  smtp: {{{smtp}}}\n  {{email: a@example.com}}\n".replace(
            "  {email: a@example.com}", f"  email: a@example.com\n  displayName: A\n  {spec}"
        )
    )


def marketing(*, name: str = "news", spec: str = "") -> str:
    """Return a marketing account's manifest; its e-mail stands in line 6."""
    return (
        f"apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {{name: {name}}}\nspec:\n"
        f"  displayName: N\n  email: n@example.com\n{spec}"
    )


def server(name: str = "relay", smtp: str = "host: h.example.com") -> str:
    """Return a mail server's manifest."""
    return f"apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {name}}}\nspec: {{{smtp}}}\n"


def remarks(*texts: str, **parts: Any) -> list[Diagnostic]:
    """Return the remarks on manifests, one file each."""
    manifests = [each for number, text in enumerate(texts) for each in located(text, file=f"{number}.yaml")]
    return list(lint(resolve(manifests, ca_files({})).accounts, manifests, project(**parts)))


def told(*texts: str, **parts: Any) -> list[str]:
    """Return severity, code, subject and place of the remarks."""
    return [f"{each.severity} {each.code} {each.subject} {each.location}" for each in remarks(*texts, **parts)]


PLATFORM = {"smtp": {"host": "p.example", "encryption": "starttls"}}


def test_an_account_that_nobody_sees() -> None:
    """Neither shared nor owned; the remark stands at the spec and names what to add."""
    (remark,) = remarks(own("host: h.example.com", spec="shared: false"))
    assert ("warning", "sharedWithoutOwner", "a", "0.yaml:4:1") == (
        remark.severity,
        remark.code,
        remark.subject,
        str(remark.location),
    )
    assert "`accounts list --as USER`" in remark.detail
    assert remark.detail.endswith("Add metadata.owner, or shared: true.")


@pytest.mark.parametrize(
    ("reply_to", "expected"),
    [("", True), ("  replyTo: {displayName: R}\n", True), ("  replyTo: {email: r@example.com}\n", False)],
)
def test_a_marketing_account_without_reply_to(reply_to: str, *, expected: bool) -> None:
    """Without an address for replies they may reach nobody; the remark stands at the e-mail."""
    found = remarks(marketing(spec=reply_to), platform=PLATFORM)
    assert (["warning noReplyTo news 0.yaml:6:3"] if expected else []) == [
        f"{each.severity} {each.code} {each.subject} {each.location}" for each in found
    ]
    assert all(each.detail.startswith("n@example.com need not exist as a mailbox, ") for each in found)
    assert all(each.detail.endswith("\n    replyTo: {email: office@example.com}") for each in found)


@pytest.mark.parametrize(
    ("port", "encryption", "sentence", "better"),
    [
        (465, "starttls", "465 is implicit TLS (RFC 8314 section 3.3); you declared starttls.", "tls"),
        (465, "none", "465 is implicit TLS (RFC 8314 section 3.3); you declared none.", "tls"),
        (587, "tls", "587 begins in clear text; you declared implicit TLS.", "starttls"),
        (25, "tls", "25 begins in clear text; you declared implicit TLS.", "starttls"),
    ],
)
def test_a_port_of_another_encryption(port: int, encryption: str, sentence: str, better: str) -> None:
    """The remark stands at the port, and has the line to write."""
    (remark,) = remarks(own(f"host: h.example.com, port: {port}, encryption: {encryption}"))
    assert ("warning", "portMismatch", "a", "0.yaml:5:37") == (
        remark.severity,
        remark.code,
        remark.subject,
        str(remark.location),
    )
    assert remark.detail.startswith(f"{sentence} Write\n    encryption: {better}\nor another port")


@pytest.mark.parametrize(
    ("smtp", "proxy", "expected"),
    [
        (f"host: h.example.com, encryption: none, {LOGIN}", "", True),
        ("host: h.example.com, encryption: none", "", False),
        (f"host: h.example.com, {LOGIN}", "", False),
        (f"host: 127.0.0.1, encryption: none, {LOGIN}", "", False),
        (f"host: '::1', encryption: none, {LOGIN}", "", False),
        (f"host: 192.0.2.1, encryption: none, {LOGIN}", "", True),
        (f"host: localhost, encryption: none, {LOGIN}", "", False),
        (f"host: localhost, encryption: none, {LOGIN}", "\n  proxy: {type: http, host: p.example, port: 80}", True),
    ],
)
def test_a_login_in_clear_text(smtp: str, proxy: str, *, expected: bool) -> None:
    """A login without encryption is remarked on unless it goes to this machine directly."""
    found = remarks(own(f"port: 2525, {smtp}", spec=f"shared: true{proxy}"))
    assert (["warning unencryptedLogin a 0.yaml:5:16"] if expected else []) == [
        f"{each.severity} {each.code} {each.subject} {each.location}" for each in found
    ]
    assert all(each.detail.endswith(" Write\n    encryption: starttls") for each in found)


@pytest.mark.parametrize(
    ("proxy", "code", "sentence"),
    [
        ("type: socks4, host: p.example.com", "proxyPasswordUnused", "SOCKS4 sends a user id and no password, "),
        ("type: socks4, host: localhost", "proxyPasswordUnused", "SOCKS4 sends a user id and no password, "),
        (
            "type: http, host: p.example.com",
            "unencryptedProxyLogin",
            "The login at the http proxy p.example.com travels ",
        ),
        ("type: http, host: localhost", None, ""),
    ],
)
def test_a_password_for_a_proxy(proxy: str, code: str | None, sentence: str) -> None:
    """It travels in clear text or not at all; the remark stands at the password."""
    spec = f"shared: true\n  proxy:\n    {{{proxy}, port: 1, username: m,\n     password: {{env: SMTP_P}}}}"
    found = remarks(own("host: h.example.com", spec=spec))
    assert ([("warning", code, "a", "0.yaml:11:16")] if code else []) == [
        (each.severity, each.code, each.subject, str(each.location)) for each in found
    ]
    assert all(each.detail.startswith(sentence) for each in found)
    assert all(each.detail.endswith("\n    type: socks5") for each in found if code == "proxyPasswordUnused")


def test_servers_that_no_account_names() -> None:
    """Each is noted, at its name; one that is named is not, nor is an account."""
    found = remarks(own("server: relay"), server(), server("idle"), server("other"))
    assert [("note", "unusedServer", "idle", "2.yaml:3:18"), ("note", "unusedServer", "other", "3.yaml:3:18")] == [
        (each.severity, each.code, each.subject, str(each.location)) for each in found
    ]
    assert "No account names the mail server idle." == found[0].detail


@pytest.mark.parametrize(
    ("names", "who"),
    [(["n"], "1 marketing account is declared, "), (["n", "m"], "2 marketing accounts are declared, ")],
)
def test_marketing_accounts_without_a_platform(names: list[str], who: str) -> None:
    """One warning for all of them, with the line to write; none where there are no such accounts."""
    replying = "  replyTo: {email: r@example.com}\n"
    (remark,) = remarks(*(marketing(name=name, spec=replying) for name in names), own("host: h.example.com"))
    assert ("warning", "noPlatformServer", None) == (remark.severity, remark.code, remark.subject)
    assert remark.detail.startswith(f"{who}but the project file has no platform.smtp, ")
    assert remark.detail.endswith("\n    platform: {smtp: {host: …, encryption: …}}")
    assert [] == remarks(own("host: h.example.com"))
    assert [] == remarks(marketing(spec=replying), platform=PLATFORM)


def test_a_marketing_account_has_no_remarks_of_own_ones() -> None:
    """It is looked at for its own matters alone, and an own account for its own."""
    assert ["warning noReplyTo news 0.yaml:6:3"] == told(marketing(), own("host: h.example.com"), platform=PLATFORM)
