"""Accounts behind a proxy on the command line: the way is taken, its password is told nowhere and sent nowhere else."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, USER, Project, own_account
from tests.cli.test_canary import files_below, forms_of
from tests.support.mailserver import MailServer
from tests.support.proxies import ProxyServer
from tests.support.scripted import ScriptedServer

if TYPE_CHECKING:
    from reconciler.model.servers.terms import ProxyType
    from tests.support.certificates import TestCA
    from tests.support.scripted import Wire

SECRET = "canary-Proxy-2b7e90"
VARIABLE = "SMTP_PROXY_PASSWORD"
COMMANDS = (
    ("validate",),
    ("plan", "--out", "plan.json"),
    ("plan", "--format", "json"),
    ("show", "plan.json"),
    ("apply", "plan.json"),
    ("plan",),
    ("verify",),
    ("verify", "--format", "json"),
    ("accounts", "show", "behind", "--format", "json"),
    ("history", "--format", "json"),
    ("journal", "check"),
)


def _behind(
    server: MailServer | int, proxy: ProxyServer | ScriptedServer, kind: ProxyType, *, host: str = "localhost"
) -> str:
    declared = (
        f"  proxy: {{type: {kind}, host: {proxy.host}, port: {proxy.port}, username: mailer, "
        f"password: {{env: {VARIABLE}}}}}\n"
    )
    return own_account("behind", server, host=host, ca_file="ca.pem", encryption="starttls", more=declared)


def _leaks(content: bytes) -> list[bytes]:
    blob = base64.b64encode(f"mailer:{SECRET}".encode())
    return [form for form in (*forms_of(SECRET), blob) if form in content]


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_an_account_is_planned_and_applied_through_its_proxy(project: Project, ca: TestCA, kind: ProxyType) -> None:
    """Plan, apply and verify log in at the proxy, which alone knows the mail host; no output or file has the password."""
    name = "mail.behind.example"
    ca.write_pem(project.folder / "ca.pem")
    project.set_variable(VARIABLE, SECRET)
    with (
        MailServer(host=name, tls_context=ca.server_context(name), users={USER: PASSWORD}) as server,
        ProxyServer(kind, users={"mailer": SECRET}, hosts={name: "127.0.0.1"}) as proxy,
    ):
        project.write_account("behind", _behind(server, proxy, kind, host=name))
        for words in COMMANDS:
            outcome = project.run_well(*words)
            assert [] == _leaks((outcome.out + outcome.err).encode()), words
    assert {"behind": "active"} == project.statuses()
    assert {(name, server.port)} == set(proxy.requests)
    assert {("mailer", SECRET)} == set(proxy.logins)
    assert [USER] * len(server.messages) == [message.username for message in server.messages]
    assert len(server.messages) > 0
    for path, content in files_below(project.folder).items():
        assert [] == _leaks(content), path


def test_an_echoed_proxy_password_is_masked(project: Project, ca: TestCA) -> None:
    """A proxy that says its password back, as text and as HTTP sends it, gets it into no output or file."""
    ca.write_pem(project.folder / "ca.pem")
    project.set_variable(VARIABLE, SECRET)
    blob = base64.b64encode(f"mailer:{SECRET}".encode()).decode()

    def play(wire: Wire) -> None:
        while wire.read_line():
            pass
        wire.send(f"HTTP/1.1 403 no {SECRET} nor {blob}\r\n".encode() + b"\r\n")
        wire.wait_for_close()

    with ScriptedServer(play) as proxy:
        project.write_account("behind", _behind(587, proxy, "http"))
        for words in (("plan",), ("plan", "--format", "json"), ("apply", "--auto-approve"), ("verify",)):
            outcome = project.run(*words)
            assert 3 == outcome.code
            assert "403 no ***" in outcome.out + outcome.err
            assert [] == _leaks((outcome.out + outcome.err).encode()), words
    for path, content in files_below(project.folder).items():
        assert [] == _leaks(content), path


def test_a_known_proxy_password_is_not_sent_to_another_proxy(project: Project, ca: TestCA) -> None:
    """Whoever edits a manifest gets neither password by naming a proxy of their own: it is not even contacted."""
    ca.write_pem(project.folder / "ca.pem")
    project.set_variable(VARIABLE, SECRET)
    with (
        MailServer(tls_context=ca.server_context(), users={USER: PASSWORD}) as server,
        ProxyServer("socks5", users={"mailer": SECRET}) as proxy,
        ProxyServer("socks5", users={"mailer": SECRET}) as other,
    ):
        project.write_account("behind", _behind(server, proxy, "socks5"))
        project.run_well("apply", "--auto-approve")
        project.write_account("behind", _behind(server, other, "socks5"))
        refused = project.run("plan", "--format", "json")
        assert 4 == refused.code
        assert 0 == other.connections
        assert 0 == len(other.logins)
        assert "credentialWithheld" in refused.codes
        checks = {check["check"]: check["code"] for check in refused.document["changes"][0]["verification"]["checks"]}
        assert ("withheld", "earlierFailure") == (checks["proxy"], checks["auth"])
        told = project.run("plan")
        grants = [line.strip() for line in (told.out + told.err).splitlines() if line.strip().startswith("- {secret")]
        project.write_project("secrets:\n  grants:\n" + "".join(f"    {line}\n" for line in grants))
        project.run_well("plan")
    assert [("mailer", SECRET)] == other.logins


def test_a_password_in_clear_text_for_a_proxy_elsewhere_is_warned_of(project: Project) -> None:
    """The login at a proxy is not encrypted, and validate says so."""
    declared = "{type: http, host: proxy.example.com, port: 3128, username: m, password: {env: SMTP_PROXY_PASSWORD}}"
    project.write_account("behind", own_account("behind", 587, encryption="starttls", more=f"  proxy: {declared}\n"))
    outcome = project.run_well("validate", "--format", "json")
    assert ["unencryptedProxyLogin"] == outcome.codes
