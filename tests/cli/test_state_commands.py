"""Every command is one that the page on state tells the rights of, or one that uses no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tests.cli.commandtree import commands
from tests.cli.project import CHECKOUT
from tests.cli.statepage import rows_of_roles, without_state
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.project import Project
    from tests.support.certificates import TestCA

PAGE = (CHECKOUT / "docs" / "state.md").read_text(encoding="utf-8")


def test_every_command_is_in_a_row_or_uses_no_state() -> None:
    """No command is left out, none stands there twice, and each that stands there is one; a group stands for its own."""
    told = [name.partition(" --")[0] for name in (*rows_of_roles(PAGE), *without_state(PAGE))]
    paths = {each.path.removeprefix("reconciler "): each.command for each in commands()}
    groups = {path for path, command in paths.items() if isinstance(command, click.Group)}
    assert [] == sorted({*told} - paths.keys())
    assert [] == sorted({*rows_of_roles(PAGE)} & {*without_state(PAGE)})
    left_out = [
        path
        for path in sorted(paths.keys() - groups)
        if path not in told and path.rpartition(" ")[0] not in {*told} & groups
    ]
    assert [] == left_out


TRIES = {
    "ca fetch": "ca fetch localhost:{port} --encryption starttls --out fetched.pem",
    "check": "check --host localhost --port {port} --encryption starttls --ca-file ca.pem --no-domain-checks",
    "completion": "completion bash",
    "consumers conform": "consumers conform {command}",
    "domains records": "domains records",
    "explain": "explain stateMissing",
    "help": "help",
    "import": "import app.env",
    "schema": "schema project",
    "show": "show first.plan",
    "state roles": "state roles",
    "validate": "validate",
    "init": "init fresh",
}
"""How those are tried that use no state."""
COMMAND = """\
#!/usr/bin/env python3
import json, sys
asked = json.load(sys.stdin)
kept = sys.argv[0] + ".json"
answer = {"protocol": 1, "error": "invalid"}
if asked["verb"] == "capabilities":
    answer = {"protocol": 1, "capabilities": {}}
elif asked["verb"] == "write":
    answer = {"protocol": 1, "written": True}
    json.dump([{k: v for k, v in each.items() if k != "password"} for each in asked["accounts"]], open(kept, "w"))
elif asked["verb"] == "read":
    try:
        answer = {"protocol": 1, "accounts": json.load(open(kept))}
    except FileNotFoundError:
        answer = {"protocol": 1, "accounts": []}
json.dump(answer, sys.stdout)
"""


def test_what_uses_no_state_ends_well_without_one(project: Project, ca: TestCA, tmp_path: Path) -> None:
    """The page lists what is tried here, where the state is one that is not there: no command misses it."""
    assert list(TRIES) == without_state(PAGE)
    with MailServer(encryption="starttls", tls_context=ca.server_context("localhost")) as server:
        (project.folder / "ca.pem").write_text(ca.pem, encoding="ascii")
        (project.folder / "app.env").write_text(
            "SMTP_HOST=smtp.example.com\nSMTP_FROM=app@example.com\n", encoding="utf-8"
        )
        project.run_well("plan", "--out", "first.plan")
        command = tmp_path / "command"
        command.write_text(COMMAND, encoding="utf-8")
        command.chmod(0o755)
        project.set_variable("RECONCILER_STATE", "sqlite:///nowhere/state.db")
        assert 1 == project.run("accounts", "list").code
        ended = {
            name: project.run(*words.format(port=server.port, command=command).split()) for name, words in TRIES.items()
        }
    assert {} == {name: outcome for name, outcome in ended.items() if outcome.code != 0}
    assert not (project.folder / "nowhere").exists()
