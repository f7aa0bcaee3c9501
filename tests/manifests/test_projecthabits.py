"""Habits from other tools in the project file: its platform's server, and values that stand in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.errors import InvalidInput
from reconciler.manifests import read_project
from tests.manifests.reading import read_text

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: mail}\n"
SERVER = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\nspec:\n  host: smtp.example.com\n"
NEWS = "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\nspec:\n  email: news@example.com\n  displayName: News\n"
LOGIN = "{{username: {}, password: {{env: SMTP_{}_PASSWORD}}}}"
TIME = ("verification:", "  timeoutSeconds: 30")


def platform(line: str) -> str:
    """Return what stands in the project file with a line among the settings of the platform's server."""
    return f"platform:\n  smtp:\n    host: smtp.example.com\n    {line}\n"


PLATFORM: dict[str, tuple[str, tuple[str, ...]]] = {
    "user": ("user: anna", ("platform:", "  smtp:", "    authentication:", "      username: anna")),
    "pass": ("pass: hunter2", ("      password: {env: SMTP_PLATFORM_PASSWORD}",)),
    "a password outside of the login": ("password: hunter2", ("      password: {env: SMTP_PLATFORM_PASSWORD}",)),
    "nodemailer secure": ("secure: true", ("encryption: tls",)),
    "tls": ("tls: true", ("encryption: starttls",)),
    "Django EMAIL_USE_SSL": ("EMAIL_USE_SSL: true", ("encryption: tls",)),
    "nodemailer auth": ("auth: {user: anna, pass: hunter2}", (f"authentication: {LOGIN.format('anna', 'PLATFORM')}",)),
    "authentication: true": (
        "authentication: true",
        ("authentication: " + LOGIN.format("platform@example.com", "PLATFORM"),),
    ),
    "timeout": ("timeout: 5", TIME),
    "verify": ("verify: false", ("platform:", "  smtp:", "    caFile: certs/ca.pem")),
    "hostname": ("hostname: mail.example.com:465", ("host: mail.example.com", "port: 465", "encryption: tls")),
    "a server by name": ("server: office", ("host: smtp.example.com",)),
    "a port as text": ("port: '465'", ("port: 465",)),
    "encryption: ssl": ("encryption: ssl", ("encryption: tls",)),
}
PROJECT: dict[str, tuple[str, tuple[str, ...]]] = {
    "a server as an address": ("platform: {smtp: 'smtps://a.example.com:465'}", ("smtp:", "  host: a.example.com", "  port: 465", "  encryption: tls")),
    "a host of the platform": ("platform: {host: a.example.com}", ("platform:", "  smtp:", "    host: a.example.com")),
    "a host with its port": ("platform: {smtp: {host: 'a.example.com:587'}}", ("host: a.example.com", "port: 587", "encryption: starttls")),
    "an operator as text": ("operator: ops@example.com", ("operator: {email: ops@example.com}",)),
    "an operator with a name": ("operator: {email: Ops <ops@example.com>}", ("email: ops@example.com",)),
    "timeout": ("timeout: 30", TIME),
    "seconds": ("verification: {timeoutSeconds: 30s}", ("timeoutSeconds: 30",)),
    "minutes": ("verification: {timeoutSeconds: 2m}", ("timeoutSeconds: 120",)),
    "milliseconds": ("verification: {timeoutSeconds: 5000ms}", ("timeoutSeconds: 5",)),
    "one secret": ("secrets: {allow: 'env:SMTP_*'}", ('allow: ["env:SMTP_*"]',)),
    "secrets as a list": ("secrets: ['env:SMTP_*', 'file:secrets/**']", ('secrets: {allow: ["env:SMTP_*", "file:secrets/**"]}',)),
    "depth as a word": ("verification: {depth: message}", ("depth: {plan: message}",)),
    "one name server": ("verification: {nameservers: 192.0.2.1}", ('nameservers: ["192.0.2.1"]',)),
    "a number of deletions": ("guards: {maxDeletes: 5}", ("maxDeletes: {count: 5}",)),
    "a percentage of deletions": ("guards: {maxDeletes: 10%}", ("maxDeletes: {percent: 10}",)),
    "a percentage with its sign": ("guards: {maxDeletes: {percent: 10%}}", ("percent: 10",)),
    "domains as a list": ("domains: [example.com]", ("domains:", "  example.com: {dkimSelectors: [s1]}")),
    "a selector by itself": ("domains: {example.com: s1}", ("example.com: {dkimSelectors: [s1]}",)),
    "one selector": ("domains: {example.com: {dkimSelectors: s1}}", ("dkimSelectors: [s1]",)),
    "a folder as a list": ("manifests: [accounts.d]", ("manifests: accounts.d",)),
    "a name outside of metadata": ("name: Mein Projekt", ("metadata:", "  name: mein-projekt")),
}  # fmt: skip
MANIFESTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "MailServer, user": (SERVER + "  user: anna\n", ("spec:", "  authentication:", "    username: anna")),
    "MailServer, pass": (SERVER + "  pass: hunter2\n", ("    password: {env: SMTP_OFFICE_PASSWORD}",)),
    "MailServer, auth": (SERVER + "  auth: {user: anna, pass: hunter2}\n", (f"authentication: {LOGIN.format('anna', 'OFFICE')}",)),
    "MailServer, authentication": (SERVER + "  authentication: login\n", ('authentication: {mechanism: login, username: "{email}", password: {env: SMTP_OFFICE_PASSWORD}}',)),
    "MailServer, tls_starttls": (SERVER + "  tls_starttls: off\n", ("encryption: tls",)),
    "MailServer, port": (SERVER + "  port: '465'\n", ("port: 465",)),
    "MailServer, certificate check": (SERVER + "  tls_certcheck: off\n", ("spec:", "  caFile: certs/ca.pem")),
    "MailServer, host": (SERVER.replace("smtp.example.com", "smtps://smtp.example.com"), ("host: smtp.example.com", "encryption: tls")),
    "MailServer, proxy": (SERVER + "  proxy: socks5://proxy.example.com:1080\n", ("proxy: {type: socks5, host: proxy.example.com, port: 1080}",)),
    "MarketingAccount, from": (NEWS + "  from: News <news@example.com>\n", ("email: news@example.com", "displayName: News")),
    "MarketingAccount, reply-to": (NEWS + "  replyTo: a@example.com, b@example.com\n", ("replyTo:", "  - {email: a@example.com}", "  - {email: b@example.com}")),
    "MarketingAccount, host": (NEWS + "  host: smtp.example.com\n", ("kind: OwnAccount",)),
    "MarketingAccount, password": (NEWS + "  password: hunter2\n", ("kind: OwnAccount",)),
}  # fmt: skip


def _lines(detail: str) -> set[str]:
    return {line.removeprefix("    ") for line in detail.splitlines()[1:]}


def _refusal(text: str, folder: Path) -> str:
    (folder / "reconciler.yaml").write_text(HEAD + text + "\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        read_project(folder / "reconciler.yaml")
    return next(each.detail for each in refused.value.diagnostics if each.code != "missingField")


@pytest.mark.parametrize("name", PLATFORM)
def test_the_platforms_server_is_answered_as_an_accounts_is(name: str, tmp_path: Path) -> None:
    """The lines are those of the project file, with the value as it was written, and no secret."""
    line, lines = PLATFORM[name]
    detail = _refusal(platform(line), tmp_path)
    assert [each for each in lines if each not in _lines(detail)] == []
    assert ("hunter2" in detail, detail.count("Write\n") > 1) == (False, False)


@pytest.mark.parametrize("name", PROJECT)
def test_a_value_of_the_project_file_in_another_form_is_answered(name: str, tmp_path: Path) -> None:
    """The line to write has the value that stands there."""
    text, lines = PROJECT[name]
    detail = _refusal(text, tmp_path)
    assert [each for each in lines if each not in _lines(detail)] == []
    assert detail.count("Write\n") <= 1


def test_what_accounts_have_is_not_promised_to_the_project(tmp_path: Path) -> None:
    """An answer for accounts is none for the platform's server: it has no sender, no notes and no proxy."""
    for line in ("from: a@example.com", "replyTo: a@example.com", "proxy: socks5://h.example.com:1", "description: x"):
        detail = _refusal(platform(line), tmp_path)
        assert (1, False) == (len(detail.splitlines()), "metadata" in detail), detail


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_kind_of_manifest_is_answered(name: str, tmp_path: Path) -> None:
    """A MailServer has no smtp around its settings, and a marketing account no server."""
    text, lines = MANIFESTS[name]
    (problem,) = (each for each in read_text(tmp_path, text).problems if each.code != "missingField")
    assert [each for each in lines if each not in _lines(problem.detail)] == []
    assert "hunter2" not in problem.detail


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("environments: {staging: {state: a, overlays: x}}", "overlay"),
        ("environments: {staging: {state: a, adoptd: true}}", "adopted"),
        ("environments: {staging: {state: a, secrets: {alow: []}}}", "allow"),
        ("environments: {staging: {state: a, operator: {mail: a@example.com}}}", "email"),
        ("environments: {staging: {state: a, consumers: {web: {typ: files}}}}", "type"),
        ("consumers: {web: {type: files, pth: x}}", "path"),
        ("secrets: {sources: {vault: {env: VAULT, fromat: dotenv}}}", "format"),
        ("secrets: {grants: [{secrt: 'env:A', servers: [a.example.com]}]}", "secret"),
        ("domains: {example.com: {dkimSelector: [s1]}}", "dkimSelectors"),
        ("guards: {maxDelete: {count: 1}}", "maxDeletes"),
        ("scopes: [{manifest: 'accounts.d/**'}]", "manifests"),
    ],
)
def test_a_misspelt_field_is_recognised_below_names_that_people_choose(text: str, field: str, tmp_path: Path) -> None:
    """Whatever stands above it: fields of the document, entries of a list, or names such as an environment's."""
    assert f" Did you mean {field}?" in _refusal(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("scopes:\n  -\n", "Its fields stand behind the hyphen of that entry"),
        ("secrets:\n  grants:\n    -\n", "Its fields stand behind the hyphen of that entry"),
        ("guards:\n", "Its fields stand on the lines below it, indented further than guards itself."),
    ],
)
def test_empty_mapping(tmp_path: Path, text: str, says: str) -> None:
    """Where the fields of an empty mapping are written hangs on what it is: a list's entry begins behind its hyphen."""
    assert says in _refusal(text, tmp_path)
