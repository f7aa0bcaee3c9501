"""Consumers that a command writes: the protocol, its suite, and the two worked examples."""

from __future__ import annotations

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import CHECKOUT, PASSWORD, VARIABLE, Project, own_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.mailserver import MailServer

_MASK = "•" * 12
EMPTY = (
    'global:\n  # reconciler: begin\n  smtp_smarthost: "127.0.0.1:1"\n  smtp_from: "nobody@invalid"\n'
    "  # reconciler: end\n"
)


class Listmonk(HTTPServer):
    """A server that treats settings as listmonk does: masked where read, one object where written, kept by uuid."""

    def __init__(self) -> None:
        """Begin with a server of somebody else's, and another secret."""
        super().__init__(("127.0.0.1", 0), _ListmonkRequest)
        other = {"uuid": "u-1", "name": "email-old", "host": "old.example.com", "password": "their-own-secret"}
        self.settings: dict[str, Any] = {
            "app.site_name": "Lists",
            "upload.s3.aws_secret_access_key": "their-key",
            "smtp": [{**other, "port": 25, "tls_type": "none", "username": "", "from_addresses": []}],
        }
        self.made = 1

    def put(self, settings: dict[str, Any]) -> None:
        """Take the settings: an empty secret stays as it is."""
        assert _MASK not in json.dumps(settings, ensure_ascii=False), "a mask was sent back"
        stored = {each["uuid"]: each for each in self.settings["smtp"]}
        for each in settings["smtp"]:
            if not each.get("uuid"):
                self.made += 1
                each["uuid"] = f"u-{self.made}"
            each["password"] = each["password"] or stored.get(each["uuid"], {}).get("password", "")
        key = "upload.s3.aws_secret_access_key"
        settings[key] = settings[key] or self.settings[key]
        self.settings = settings


class _ListmonkRequest(BaseHTTPRequestHandler):
    server: Listmonk

    def do_GET(self) -> None:
        """Give the settings, secrets masked."""
        shown = copy.deepcopy(self.server.settings)
        shown["upload.s3.aws_secret_access_key"] = _MASK
        for each in shown["smtp"]:
            each["password"] = _MASK if each["password"] else ""
        self._answer(shown)

    def do_PUT(self) -> None:
        """Take the settings."""
        self.server.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer({})

    def _answer(self, told: object) -> None:
        allowed = self.headers["Authorization"] == "token api:the-token"
        body = json.dumps({"data": told}).encode()
        self.send_response(200 if allowed else 403)
        self.end_headers()
        self.wfile.write(body if allowed else b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Reloads(HTTPServer):
    """A server that takes ``POST /-/reload`` as Alertmanager does, or refuses the new settings."""

    def __init__(self) -> None:
        """Take what comes."""
        super().__init__(("127.0.0.1", 0), _ReloadRequest)
        self.status = 200
        self.reloads = 0


class _ReloadRequest(BaseHTTPRequestHandler):
    server: Reloads

    def do_POST(self) -> None:
        """Reload."""
        self.server.reloads += 1
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listmonk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listmonk]:
    """Run a listmonk, and set the variables of the example."""
    server = Listmonk()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LISTMONK_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("LISTMONK_USER", "api")
    monkeypatch.setenv("LISTMONK_TOKEN", "the-token")
    yield server
    server.shutdown()
    server.server_close()


def installed(name: str, tmp_path: Path) -> str:
    """Return the path of an example's command, outside of any checkout."""
    target = tmp_path / "bin" / f"reconciler-{name}"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes((CHECKOUT / "examples" / name / f"reconciler-{name}").read_bytes())
    target.chmod(0o755)
    return str(target)


def declare(project: Project, command: str, environment: str) -> None:
    """Write the project file with one consumer, box, that the command writes."""
    project.write_project(
        f"consumers:\n  box: {{type: exec, command: [{command}], environment: ['{environment}'], accounts: ['*']}}\n"
        f"secrets:\n  grants: [{{secret: 'env:{VARIABLE}', consumer: {{name: box, command: [{command}], "
        f"environment: ['{environment}']}}}}]\n"
    )


def test_listmonk_is_brought_to_what_is_applied(
    project: Project, server: MailServer, listmonk: Listmonk, tmp_path: Path
) -> None:
    """Others' servers and secrets stay, masks are never sent back, uuids are kept, a hand edit is drift."""
    declare(project, installed("listmonk", tmp_path), "LISTMONK_*")
    before = copy.deepcopy(listmonk.settings)
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    others, ours = listmonk.settings["smtp"]
    assert before == {**listmonk.settings, "smtp": [others]}
    assert "reconciler-sales" == ours["name"]
    assert PASSWORD == ours["password"]
    assert "u-2" == ours["uuid"]
    assert "has its 1 account as applied" in project.run_well("publish").out
    ours["host"] = "elsewhere.example.com"
    plan = project.run("plan", "--format", "json").document
    assert [{"account": "sales", "drift": "edited"}] == plan["consumers"][0]["differences"]
    project.run_well("publish")
    assert ("localhost", "u-2") == (listmonk.settings["smtp"][1]["host"], listmonk.settings["smtp"][1]["uuid"])
    project.run_well("suspend", "sales", "--reason", "leaked")
    assert before == listmonk.settings


def test_what_the_command_cannot_do_is_told_without_its_words(
    project: Project, server: MailServer, listmonk: Listmonk, tmp_path: Path
) -> None:
    """A wrong token is exit code 6, what is applied stands, and the next publication finishes it."""
    declare(project, installed("listmonk", tmp_path), "LISTMONK_*")
    project.set_variable("LISTMONK_TOKEN", "wrong-token")
    project.write_account("sales", own_account("sales", server))
    applied = project.run("apply", "--auto-approve", "--format", "json")
    assert (6, "applied") == (applied.code, applied.document["status"])
    assert "refused its login" in applied.out
    assert "wrong-token" not in applied.out
    project.set_variable("LISTMONK_TOKEN", "the-token")
    project.run_well("publish")
    assert 2 == len(listmonk.settings["smtp"])


def test_a_limit_that_a_command_tells_refuses_the_plan(
    project: Project, server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alertmanager cannot be given an account without TLS: the plan says so before anything is applied."""
    config = tmp_path / "alertmanager.yml"
    config.write_text(EMPTY, encoding="utf-8")
    monkeypatch.setenv("ALERTMANAGER_CONFIG", str(config))
    declare(project, installed("alertmanager", tmp_path), "ALERTMANAGER_*")
    project.write_account("sales", own_account("sales", server))
    refused = project.run("apply", "--auto-approve", "--format", "json")
    assert 4 == refused.code
    assert "limit encryption: it is reached with encryption: none" in refused.out
    assert {} == project.statuses()


@pytest.mark.parametrize("name", ["listmonk", "alertmanager"])
def test_the_examples_conform(
    bare: Project, name: str, listmonk: Listmonk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both commands pass the suite that others can run on theirs."""
    alertmanager = Reloads()
    threading.Thread(target=alertmanager.serve_forever, daemon=True).start()
    config = tmp_path / "alertmanager.yml"
    config.write_text(EMPTY, encoding="utf-8")
    before = config.read_bytes()
    monkeypatch.setenv("ALERTMANAGER_CONFIG", str(config))
    monkeypatch.setenv("ALERTMANAGER_URL", f"http://127.0.0.1:{alertmanager.server_port}")
    variables = f"{name.upper()}_*"
    ran = bare.run("consumers", "conform", "--environment", variables, installed(name, tmp_path))
    assert (0, "") == (ran.code, ran.err), ran
    assert "an unknown verb is answered with an error" in ran.out
    assert before == config.read_bytes()
    alertmanager.shutdown()
    alertmanager.server_close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("nothing", "answers no JSON object"),
        *[
            (
                f'{{"protocol": 1, "capabilities": {{}}, "accounts": [{{"name": "a", "port": {number}}}]}}',
                "answers no JSON object",
            )
            for number in ("NaN", "-Infinity", "1e999")
        ],
        ('{"protocol": 2}', "does not answer by protocol 1"),
        ('{"protocol": 1, "error": "unreachable"}', "could not reach"),
        ('{"protocol": 1, "error": "the password is hunter2"}', "it failed"),
        ('{"protocol": 1, "capabilities": {"nope": 1}}', "capabilities that are none"),
    ],
)
def test_a_command_that_does_not_conform_is_told_why(bare: Project, tmp_path: Path, answer: str, why: str) -> None:
    """Nothing that it writes is shown."""
    command = tmp_path / "command"
    command.write_text(f"#!/bin/sh\necho hunter2 >&2\nprintf '%s' '{answer}'\n", encoding="utf-8")
    command.chmod(0o755)
    ran = bare.run("consumers", "conform", str(command))
    assert 1 == ran.code
    assert why in " ".join(ran.out.split())
    assert "consumerDoesNotConform" in ran.err
    assert "hunter2" not in ran.out + ran.err
