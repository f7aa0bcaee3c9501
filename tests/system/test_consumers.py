"""Programs that send mail with what is published, each into a server that tells who logged in."""

from __future__ import annotations

import json
import os
import re
import shutil
import smtplib
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reconciler.consumers.dotenv import Dotenv
from reconciler.consumers.form import Entry
from reconciler.consumers.forms import FILES
from reconciler.model.consumers.sender import Sender
from reconciler.model.consumers.settings import Consumer, FileFormat
from reconciler.model.secrets.values import SecretValue
from reconciler.rules.consumers.limits import refuse_value
from tests.cli.project import CHECKOUT
from tests.support.mailserver import MailServer
from tests.system.support.events import go_through
from tests.system.support.processes import free_ports, program, running, wait_for
from tests.system.support.sending import (
    PASSWORDS,
    World,
    is_refused,
    lines_to_add,
    made_relay,
    running_relay,
    send_from,
    trusted_account,
)

NODE = Path(__file__).parent / "node"
SENDER = Sender(
    name="sales",
    kind="own",
    email="sales@example.com",
    display_name="Example",
    host="smtp.example.com",
    port=587,
    encryption="starttls",
    username="sales@example.com",
    secret="env:SMTP_SALES",
)
# --- Postfix


def test_postfix_sends_through_the_account_of_each_sender(
    world: World, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two awkward passwords, implicit TLS on any port; changes are used by the next mail, without a reload."""
    folder, maps = scratch / "relay", scratch / "relay" / "maps"
    made_relay(folder)
    monkeypatch.setenv("MAIL_CONFIG", str(folder))
    world.declare("postfix", maps)
    lines = lines_to_add(world.project.run_well("apply", "--auto-approve", "--format", "json"))
    with running_relay(folder, lines) as port:
        checked = world.project.run_well("publish", "--check", "--format", "json")
        assert [] == checked.codes
        for name in PASSWORDS:
            send_from(port, f"{name}@example.com")
        wait_for(lambda: (len(world.user("starttls")) == 2 and len(world.user("tls")) == 1) or None, "three messages")
        assert ["alpha@example.com", "gamma@example.com"] == sorted(map(str, world.user("starttls")))
        assert ["beta@example.com"] == world.user("tls")
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="no account for this sender"):
            send_from(port, "stranger@example.com")
        # a rename, with another address
        world.project.remove_account("gamma")
        world.write("delta", email="delta@example.com")
        manifest = (world.project.folder / "accounts.d" / "delta.yaml").read_text("utf-8")
        manifest = manifest.replace("{name: delta}", "{name: delta, previousName: gamma}")
        manifest = manifest.replace("username: delta@example.com, password: {env: SMTP_DELTA}", "username: gamma@example.com, password: {env: SMTP_GAMMA}")  # fmt: skip
        world.project.write_account("delta", manifest)
        world.project.run_well("apply", "--auto-approve")
        send_from(port, "delta@example.com")
        wait_for(lambda: (len(world.user("starttls")) == 3) or None, "the message of the renamed account")
        # a suspension and its end
        world.project.run_well("suspend", "beta", "--reason", "leaked")
        assert is_refused(folder, port, "beta@example.com")
        world.project.run_well("resume", "beta")
        send_from(port, "beta@example.com")
        wait_for(lambda: (len(world.user("tls")) == 2) or None, "the message after the suspension")
        # a rotation
        for server in world.servers.values():
            server.users["alpha@example.com"] = "another one"
        world.project.set_variable("SMTP_ALPHA", "another one")
        world.project.run_well("apply", "--auto-approve")
        send_from(port, "alpha@example.com")
        wait_for(lambda: (len(world.user("starttls")) == 4) or None, "the message after the rotation")
        # a deletion
        world.project.remove_account("alpha")
        world.project.run_well("apply", "--auto-approve")
        assert is_refused(folder, port, "alpha@example.com")
        assert (4, 2) == (len(world.user("starttls")), len(world.user("tls")))


def test_what_a_suspended_account_sends_is_held_in_the_queue(
    world: World, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With onSuspend: hold Postfix takes its mail and keeps it; once it is resumed, the queue goes on through the account."""
    folder = scratch / "holding"
    made_relay(folder)
    monkeypatch.setenv("MAIL_CONFIG", str(folder))
    world.declare("postfix", folder / "maps", more=", onSuspend: hold")
    lines = lines_to_add(world.project.run_well("apply", "--auto-approve", "--format", "json"))
    with running_relay(folder, lines) as port:
        world.project.run_well("suspend", "alpha", "--reason", "leaked")
        send_from(port, "alpha@example.com")
        send_from(port, "beta@example.com")
        wait_for(lambda: ("alpha@example.com" in queue(folder)) or None, "the message in the queue")
        wait_for(lambda: (world.user("tls") == ["beta@example.com"]) or None, "the other account's message")
        assert PASSWORDS["alpha"] not in (folder / "maps" / "sasl_passwd").read_text(encoding="utf-8")
        flush(folder)
        wait_for(
            lambda: ((folder / "log").read_text(encoding="utf-8").count("status=deferred") > 1) or None, "a second try"
        )
        assert [] == world.user("starttls")
        world.project.run_well("resume", "alpha")
        # The queue manager remembers its last question for half a minute; another one makes it forget.
        send_from(port, "gamma@example.com")
        wait_for(lambda: (world.user("starttls") == ["gamma@example.com"]) or None, "the message of a third account")
        flush(folder)
        wait_for(lambda: ("alpha@example.com" in world.user("starttls")) or None, "the message after the suspension")
        wait_for(lambda: (queue(folder) == "") or None, "an empty queue")


def queue(folder: Path) -> str:
    """Return what a relay has in its queue, a line a message."""
    asked = [program("postqueue"), "-c", str(folder), "-j"]
    return subprocess.run(asked, capture_output=True, encoding="utf-8", check=True).stdout


def flush(folder: Path) -> None:
    """Have a relay try what is in its queue again."""
    subprocess.run([program("postqueue"), "-c", str(folder), "-f"], check=True)


# --- msmtp


@pytest.mark.parametrize("secrets", ["write", "reference"])
def test_msmtp_sends_through_the_account_of_the_sender(world: World, tmp_path: Path, secrets: str) -> None:
    """One sendmail for cron, PHP, git and mutt; a stranger is refused, and with references no password is written."""
    path = tmp_path / "msmtprc"
    world.declare("msmtp", path, more=f", secrets: {secrets}")
    world.project.run_well("apply", "--auto-approve")
    for name in (*PASSWORDS, "stranger"):
        finished = subprocess.run(
            [program("msmtp"), "-C", str(path), "-f", f"{name}@example.com", "--", "friend@example.net"],
            input="Subject: x\n\nhello\n",
            encoding="utf-8",
            capture_output=True,
            check=False,
        )
        assert (finished.returncode == 0) == (name != "stranger"), finished.stderr
    assert ["alpha@example.com", "gamma@example.com"] == world.user("starttls")
    assert ["beta@example.com"] == world.user("tls")
    assert (secrets == "write") == (PASSWORDS["alpha"] in path.read_text(encoding="utf-8"))


# --- nodemailer

_NODEMAILER = """
const nodemailer = require("nodemailer");
const {transports} = JSON.parse(require("fs").readFileSync(process.argv[2]));
(async () => {
  for (const {options, defaults} of Object.values(transports))
    await nodemailer.createTransport(options, defaults).sendMail({to: "friend@example.net", subject: "x", text: "hello"});
})().catch(failure => { console.error(failure.message); process.exit(1); });
"""


def test_nodemailer_sends_through_its_transports(world: World, tmp_path: Path) -> None:
    """Each transport logs in as its account, also where the password is awkward."""
    path = tmp_path / "mail.json"
    world.declare("nodemailer", path)
    world.project.run_well("apply", "--auto-approve")
    run_node(_NODEMAILER, str(path))
    assert ["alpha@example.com", "gamma@example.com"] == world.user("starttls")
    assert ["beta@example.com"] == world.user("tls")


def run_node(script: str, *words: str) -> str:
    """Run a script with the modules of the system tests, and return what it prints."""
    finished = subprocess.run(
        ["node", "-", *words],
        input=script,
        cwd=NODE,
        encoding="utf-8",
        capture_output=True,
        check=False,
        env={**os.environ, "NODE_PATH": str(NODE / "node_modules")},
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


# --- Django

_DJANGO = """
import sys
sys.path.insert(0, sys.argv[1])
import django
from django.conf import settings
import mail_settings
settings.configure(**{name: getattr(mail_settings, name) for name in dir(mail_settings) if name.isupper()})
django.setup()
from django.core import mail
message = mail.EmailMessage("x", "hello", None, ["friend@example.net"])
if django.VERSION >= (6, 1):
    for name in settings.MAILERS:
        if name != "default" or len(settings.MAILERS) == 1:
            mail.EmailMessage("x", "hello", name + "@example.com", ["friend@example.net"]).send(using=name)
else:
    message.send()
print(settings.DEFAULT_FROM_EMAIL if hasattr(mail_settings, "DEFAULT_FROM_EMAIL") else "")
"""


@pytest.mark.parametrize("name", ["alpha", "beta"])
@pytest.mark.parametrize("secrets", ["write", "reference"])
def test_django_sends_through_its_settings(world: World, tmp_path: Path, name: str, secrets: str) -> None:
    """The one account is the default, also where its password is awkward, or is read from the environment."""
    world.servers["starttls"].users["alpha@example.com"] = PASSWORDS["alpha"]
    path = tmp_path / "mail_settings.py"
    for each in PASSWORDS:
        server = world.servers["tls" if each == "beta" else "starttls"]
        world.project.write_account(each, trusted_account(each, server))
    world.declare("django", path, accounts=f"[{name}]", more=f", secrets: {secrets}")
    (tmp_path / "system-ca.pem").write_text(world.ca.pem, encoding="ascii")
    world.project.set_variable("SSL_CERT_FILE", str(tmp_path / "system-ca.pem"))
    world.project.run_well("apply", "--auto-approve")
    finished = subprocess.run(
        [sys.executable, "-c", _DJANGO, str(tmp_path)], encoding="utf-8", capture_output=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert f"Example <{name}@example.com>" == finished.stdout.strip()
    assert [f"{name}@example.com"] == world.user("tls" if name == "beta" else "starttls")
    assert (secrets == "write") == (repr(PASSWORDS[name]) in path.read_text(encoding="utf-8"))


# --- Alertmanager, through a command

_ALERTMANAGER = """\
global:
  # reconciler: begin
  smtp_smarthost: "127.0.0.1:1"
  smtp_from: "nobody@invalid"
  # reconciler: end
  resolve_timeout: 5m
route: {receiver: people, group_wait: 0s, group_interval: 1s}
receivers: [{name: people, email_configs: [{to: friend@example.net}]}]
"""


def test_alertmanager_sends_through_the_account(world: World, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worked example tells a running Alertmanager of each event, and its next alert goes as it should."""
    folder = scratch / "alertmanager"
    folder.mkdir(mode=0o755)
    command = folder / "reconciler-alertmanager"
    shutil.copy(CHECKOUT / "examples" / "alertmanager" / command.name, command)
    config, trust = folder / "alertmanager.yml", folder / "ca.pem"
    config.write_text(_ALERTMANAGER, encoding="utf-8")
    trust.write_text(world.ca.pem, encoding="ascii")
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("SSL_CERT_FILE", str(trust))
    monkeypatch.setenv("ALERTMANAGER_CONFIG", str(config))
    monkeypatch.setenv("ALERTMANAGER_URL", address)
    words = ["--config.file", str(config), "--storage.path", str(folder), "--cluster.listen-address="]
    listening = f"--web.listen-address=127.0.0.1:{port}"
    users = {f"{name}@example.com": password for name, password in PASSWORDS.items()}
    # Its LOGIN takes one server's prompts for all servers'.
    offered: dict[str, Any] = {
        "mechanisms": ("PLAIN",),
        "tls_context": world.ca.server_context("localhost"),
        "users": users,
    }
    alerts = count()

    def asked(path: str, sent: bytes | None = None) -> str:
        request = urllib.request.Request(address + path, sent, {"Content-Type": "application/json"})  # noqa: S310 - of this machine
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - of this machine
            return str(answer.read().decode())

    def failures() -> float:
        found = re.findall(
            r'^alertmanager_notification_requests_failed_total{integration="email"} (.*)$',
            asked("/metrics"),
            re.MULTILINE,
        )
        return sum(map(float, found))

    def sends(name: str) -> bool:
        shown = json.loads(asked("/api/v2/status"))["config"]["original"]
        if f"smtp_from: {name}@example.com\n" not in shown:
            return False
        failed, arrived = failures(), len(world.logins())
        asked("/api/v2/alerts", json.dumps([{"labels": {"alertname": f"disk-{next(alerts)}"}}]).encode())
        return wait_for(
            lambda: True if len(world.logins()) > arrived else False if failures() > failed else None, "the alert"
        )

    with ExitStack() as stack:
        world.servers["starttls"] = stack.enter_context(MailServer(encryption="starttls", **offered))
        world.project.write_project(
            f"consumers:\n  box: {{type: exec, command: [{command}], environment: ['ALERTMANAGER_*'], "
            f"accounts: ['label:app=yes']}}\nsecrets:\n  grants: [{{secret: 'env:SMTP_*', consumer: {{name: box, "
            f"command: [{command}], environment: ['ALERTMANAGER_*']}}}}]\n"
        )
        stack.enter_context(
            running([program("prometheus-alertmanager"), *words, listening], ports=[port], log=folder / "log")
        )
        go_through(world, sends, only="alpha", is_trusted=True)
        assert "smtp_from: nobody@invalid" in json.loads(asked("/api/v2/status"))["config"]["original"]


# --- dotenv

_READERS = {
    "bash": (
        ["bash", "-c", 'set -a; . "$0"; exec "$1" -c "import json, os; print(json.dumps(dict(os.environ)))"'],
        [sys.executable],
    ),
    "python-dotenv": (
        [sys.executable, "-c", "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))"],
        [],
    ),
    "node dotenv": (
        ["node", "-p", "JSON.stringify(require('dotenv').parse(require('fs').readFileSync(process.argv[1])))"],
        [],
    ),
    "util.parseEnv": (
        ["node", "-p", "JSON.stringify(require('util').parseEnv(require('fs').readFileSync(process.argv[1], 'utf8')))"],
        [],
    ),
}
"""The commands before and after the file's name; each prints what it has read as one JSON object."""
_SIGNS = [chr(code) for code in range(32, 127)] + ["é"]


def test_dotenv_is_read_alike_by_four_readers(tmp_path: Path) -> None:
    """Every printable sign and é, in the middle and at the end, is read as it is, or is refused with the reason."""
    carries = Dotenv.capabilities
    values = [f"a{sign}b" for sign in _SIGNS] + [f"a{sign}{sign}" for sign in _SIGNS if sign != " "]
    values += ["pw-alpha 1", 'pw:beta#"2\\', "a\\nb", "a${HOME}b", "a$(id)b", "export a=b # c"]
    refused = {value for value in values if refuse_value(SENDER, value, carries) is not None}
    assert {"a'b", "a''", "a\\\\", "a${HOME}b", 'pw:beta#"2\\'} == refused
    path = tmp_path / "mail.env"
    wanted = {f"PASSWORD_{number}": value for number, value in enumerate(sorted({*values} - refused))}
    consumer = Consumer(type="files", format="dotenv", path=str(path), accounts=("*",))
    lines = []
    for name, value in wanted.items():
        text = Dotenv().write([Entry(sender=SENDER, secret=SecretValue(value))], consumer, "app")[""]
        lines += [line.replace("SMTP_PASSWORD=", f"{name}=") for line in text.splitlines() if "SMTP_PASSWORD" in line]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for reader, (before, after) in _READERS.items():
        command = [*before, str(path), *after]
        read = subprocess.run(command, cwd=NODE, encoding="utf-8", capture_output=True, check=True).stdout
        found = json.loads(read)
        assert wanted == {name: found.get(name) for name in wanted}, reader


_JSON_READERS = {
    "jq": ["jq", "--compact-output", "."],
    "JSON.parse": ["node", "-p", "JSON.stringify(JSON.parse(require('fs').readFileSync(process.argv[1], 'utf8')))"],
    "a reader of YAML": [
        "node",
        "-p",
        "JSON.stringify(require('yaml').parse(require('fs').readFileSync(process.argv[1], 'utf8')))",
    ],
}
"""What reads JSON in shells and Node.js, and manifests, which programs for Kubernetes take as YAML; each ends with the file."""


@pytest.mark.parametrize("reader", _JSON_READERS)
@pytest.mark.parametrize("form", ["json", "kubernetes", "nodemailer"])
def test_awkward_passwords_are_read_from_json(form: FileFormat, reader: str, tmp_path: Path) -> None:
    """Every printable sign, é, and what quoting gets wrong, as another program reads it from what was written."""
    password = "pw-alpha 1" + 'pw:beta#"2\\' + "".join(_SIGNS) + "\\n${HOME}$(id)\u2028"
    path = tmp_path / "mail.json"
    consumer = Consumer(type="files", format=form, path=str(path), accounts=("*",))
    written = FILES[form].write([Entry(sender=SENDER, secret=SecretValue(password))], consumer, "app")
    path.write_text(written[""], encoding="utf-8")
    command = [*_JSON_READERS[reader], str(path)]
    read = json.loads(subprocess.run(command, cwd=NODE, encoding="utf-8", capture_output=True, check=True).stdout)
    places = {
        "json": lambda: read["accounts"][SENDER.name]["password"],
        "nodemailer": lambda: read["transports"][SENDER.name]["options"]["auth"]["pass"],
        "kubernetes": lambda: read["items"][0]["stringData"]["SMTP_PASSWORD"],
    }
    assert password == places[form]()
