"""What docs/publishing.md shows is run as it stands there; only places of this machine are put in."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import CHECKOUT, own_account
from tests.system.support.processes import program
from tests.system.support.sending import PASSWORDS, World, lines_to_add, made_relay
from tests.system.test_consumers import run_node

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (CHECKOUT / "docs" / "publishing.md").read_text(encoding="utf-8")
OUTSIDE = "## The database itself\n"
BLOCKS = [
    (language, text)
    for part in (PAGE.partition(OUTSIDE)[0], PAGE.partition(OUTSIDE)[2].partition("\n## ")[2])
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
]
LANGUAGES, TEXTS = zip(*BLOCKS, strict=True)
APP, COMMANDS, DJANGO, NODE, MAILHOST, MAIN_CF, SENDMAIL, LISTS, INPUT, CONFORM = TEXTS
"""Every block of the page but those about the database, which tests/system/test_lookups.py runs."""

_COMMAND = """\
#!{python}
import json, os, pathlib, sys
asked = json.load(sys.stdin)
place = pathlib.Path({folder!r}, "accounts.json")
had = json.loads(place.read_text()) if place.exists() else []
answers = {{"capabilities": {{"capabilities": {{"privateCa": True, "byAddress": True}}}}, "read": {{"accounts": had}}, "write": {{"written": True}}}}
if asked["verb"] == "write":
    place.write_text(json.dumps(asked["accounts"]))
    pathlib.Path({folder!r}, "input.json").write_text(json.dumps(asked))
print(json.dumps({{"protocol": 1, **answers.get(asked["verb"], {{"error": "invalid"}})}}))
"""


@pytest.fixture
def page(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the world with the accounts that the page's consumers select, and its programs."""
    declare(world, "alpha", team="billing")
    declare(world, "beta", team="news")
    world.project.remove_account("gamma")
    (tmp_path / "bin").mkdir()
    for name, text in (
        ("systemctl", f"#!/bin/sh\necho $* >> {tmp_path}/restarted\n"),
        ("reconciler-listmonk", _COMMAND.format(python=sys.executable, folder=str(tmp_path))),
    ):
        (tmp_path / "bin" / name).write_text(text, encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    return world


def declare(world: World, name: str, *, team: str, login: str | None = None, is_trusted: bool = False) -> None:
    """Write an account of a team, whose server the system trusts or a CA of its own does."""
    login = login or name
    server = world.servers["starttls" if login == "alpha" else "tls"]
    address, variable = f"{login}@example.com", f"SMTP_{team.upper()}_PASSWORD"
    world.project.set_variable(variable, PASSWORDS[login])
    if is_trusted:
        world.project.set_variable("SSL_CERT_FILE", str(world.project.folder / "ca.pem"))
    manifest = own_account(
        name, server, email=address, username=address, secret=f"{{env: {variable}}}", metadata=f"labels: {{team: {team}}}",
        ca_file=None if is_trusted else "ca.pem",
    )  # fmt: skip
    world.project.write_account(name, manifest)


def here(text: str, folder: Path) -> str:
    """Return a text of the page with the places of this machine."""
    for place in ("/srv/app", "/etc/postfix/reconciler", "/etc/msmtprc"):
        text = text.replace(place, str(folder / place.rpartition("/")[2]))
    return text.replace("/usr/local/bin", str(folder / "bin"))


def with_grant(text: str, consumer: str) -> str:
    """Return a consumer of the page with the grant that its section leaves to the plan."""
    return f"{text}secrets:\n  grants: [{{secret: 'env:SMTP_*', consumer: {{{consumer}}}}}]\n"


def test_the_page_has_these_languages() -> None:
    """A block that comes is run by a test of its own."""
    assert ("yaml", "sh", "python", "js", "yaml", "", "yaml", "yaml", "json", "sh") == LANGUAGES


def test_the_first_consumer_and_the_commands(page: World, tmp_path: Path) -> None:
    """The file is published and the program restarted once; each command below it ends well."""
    (tmp_path / "app").mkdir()
    page.project.write_project(here(APP, tmp_path))
    declare(page, "alpha", team="billing", is_trusted=True)
    page.project.run_well("apply", "--auto-approve")
    assert f"SMTP_PASSWORD='{PASSWORDS['alpha']}'" in (tmp_path / "app" / "mail.env").read_text(encoding="utf-8")
    for line in COMMANDS.splitlines():
        _, *words = shlex.split(line, comments=True)
        page.project.run_well(*words)
    assert "restart app\n" == (tmp_path / "restarted").read_text(encoding="utf-8")


def test_django_and_node_read_what_is_published(page: World, tmp_path: Path) -> None:
    """The lines for settings.py and for nodemailer find the accounts."""
    (tmp_path / "app").mkdir()
    settings, transports = tmp_path / "app" / "mail_settings.py", tmp_path / "app" / "mail.json"
    declare(page, "sales", team="news", login="beta", is_trusted=True)
    page.project.remove_account("alpha")
    page.project.remove_account("beta")
    page.project.write_project(
        f"consumers:\n  d: {{type: files, format: django, path: {settings}, accounts: [sales]}}\n"
        f"  n: {{type: files, format: nodemailer, path: {transports}, accounts: [sales]}}\n"
        f"secrets:\n  grants:\n    - {{secret: 'env:SMTP_*', consumer: {{name: d, path: {settings}}}}}\n"
        f"    - {{secret: 'env:SMTP_*', consumer: {{name: n, path: {transports}}}}}\n"
    )
    page.project.run_well("apply", "--auto-approve")
    (tmp_path / "app" / "settings.py").write_text(DJANGO, encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-c", "import settings; print(settings.DEFAULT_FROM_EMAIL)"],
        cwd=tmp_path / "app", encoding="utf-8", capture_output=True, check=True,
    )  # fmt: skip
    assert "beta@example.com" in told.stdout
    head = 'const fs = require("fs"), nodemailer = require("nodemailer");\n'
    said = run_node(head + here(NODE, tmp_path) + "console.log(sales.options.auth.user)\n")
    assert "beta@example.com\n" == said


def test_main_cf_is_what_publish_misses(page: World, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of the page are those that a Postfix without any of them is told, for the consumer above them."""
    folder = scratch / "page"
    made_relay(folder)
    monkeypatch.setenv("MAIL_CONFIG", str(folder))
    page.project.write_project(with_grant(here(MAILHOST, folder), f"name: mailhost, path: {folder}/reconciler"))
    told = lines_to_add(page.project.run_well("apply", "--auto-approve", "--format", "json"))
    assert here(MAIN_CF, folder) == told


def test_msmtp_knows_the_accounts(page: World, tmp_path: Path) -> None:
    """The consumer of the page writes no password, and msmtp reads what it writes."""
    page.project.write_project(here(SENDMAIL, tmp_path))
    page.project.run_well("apply", "--auto-approve")
    shown = subprocess.run(
        [program("msmtp"), "-C", str(tmp_path / "msmtprc"), "-f", "alpha@example.com", "--pretend", "--", "x@example.net"],
        encoding="utf-8", capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert "user = alpha@example.com" in shown
    assert PASSWORDS["alpha"] not in (tmp_path / "msmtprc").read_text(encoding="utf-8")


def test_a_command_is_given_what_the_page_shows(page: World, tmp_path: Path) -> None:
    """The object on its standard input has the fields of the page, each of the same type; conform tries it as shown."""
    command = tmp_path / "bin" / "reconciler-listmonk"
    grant = f"name: lists, command: [{command}], environment: ['LISTMONK_*']"
    page.project.write_project(with_grant(here(LISTS, tmp_path), grant))
    page.project.run_well("apply", "--auto-approve")
    given, shown = json.loads((tmp_path / "input.json").read_text(encoding="utf-8")), json.loads(INPUT)
    assert shown["accounts"][0].keys() <= given["accounts"][0].keys()
    for mine, theirs in (
        (given, shown),
        (given["accounts"][0], shown["accounts"][0]),
        (given["consumer"], shown["consumer"]),
    ):
        assert {name: type(theirs[name]) for name in theirs} == {name: type(mine[name]) for name in theirs}
    assert given["consumer"].keys() == shown["consumer"].keys()
    (tmp_path / "accounts.json").unlink()  # a test instance has none
    _, *words = shlex.split(here(CONFORM, tmp_path))
    page.project.run_well(*words)
