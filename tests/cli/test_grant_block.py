"""A server that 150 accounts share has moved: the block of grants is short, and pasting it lets the plan through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_shared_mistakes import MOST_LINES
from tests.rules.secrets.test_grantblock import LETTERS

if TYPE_CHECKING:
    from tests.cli.project import Project

_SERVER = """\
apiVersion: reconciler/v1
kind: MailServer
metadata: {name: office}
spec: {host: HOST, port: 587, encryption: starttls}
"""
_ACCOUNT = """\
---
apiVersion: reconciler/v1
kind: OwnAccount
metadata: {{name: desk-{number}}}
spec:
  shared: true
  email: desk-{number}@example.com
  displayName: Desk
  smtp:
    server: office
    authentication: {{username: "{{email}}", password: {{env: SMTP_{letters}_PASSWORD}}}}
"""
_ACCOUNTS = "".join(_ACCOUNT.format(number=number, letters=letters) for number, letters in enumerate(LETTERS))


@pytest.fixture
def moved(project: Project) -> Project:
    """Return a project of 150 accounts, recorded offline, whose server has another name since."""
    for number, letters in enumerate(LETTERS):
        project.set_variable(f"SMTP_{letters}_PASSWORD", f"correct-horse-{number}")
    project.write_account("office", _SERVER.replace("HOST", "smtp.example.com") + _ACCOUNTS)
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    project.write_account("office", _SERVER.replace("HOST", "mx.example.com") + _ACCOUNTS)
    return project


def test_the_block_is_whole_and_short(moved: Project) -> None:
    """All that is told beside the changes has at most 25 lines, and one line of them grants what 150 accounts need."""
    outcome = moved.run("plan", "--depth", "offline")
    block = [line.strip() for line in outcome.err.splitlines() if "{secret:" in line]
    assert 4 == outcome.code
    assert len(outcome.err.splitlines()) <= MOST_LINES, outcome.err
    assert ['- {secret: "env:SMTP_*_PASSWORD", servers: ["mx.example.com:587"]}'] == block


@pytest.mark.parametrize("more", ["", "RELAY"])
def test_the_block_is_pasted_and_withholds_nothing(moved: Project, more: str) -> None:
    """Also where another account's secret stands between them, which keeps to its own server."""
    if more:
        moved.set_variable("SMTP_RELAY_PASSWORD", "correct-horse-relay")
        own = _ACCOUNT.format(number="relay", letters="RELAY").replace("server: office", "host: relay.example.com")
        moved.write_account("relay", own)
        moved.run_well("apply", "--auto-approve", "--depth", "offline", "--target", "desk-relay")
    problems = moved.run("plan", "--depth", "offline", "--format", "json").document["diagnostics"]
    (detail,) = (each["detail"] for each in problems if each["code"] == "credentialWithheld")
    block = "\n".join(line for line in detail.splitlines() if line.startswith("    "))
    moved.write_project(f"secrets:\n{block}\n")
    again = moved.run("plan", "--depth", "offline", "--format", "json")
    assert 0 == again.code
    assert "ready" == again.document["status"]
    assert 150 == again.document["summary"]["update"]
    if more:
        manifest = moved.folder / "accounts.d" / "relay.yaml"
        manifest.write_text(
            manifest.read_text(encoding="utf-8").replace("relay.example.com", "mx.example.com"), encoding="utf-8"
        )
        stolen = moved.run("plan", "--depth", "offline", "--target", "desk-relay", "--format", "json")
        withheld = [each["subject"] for each in stolen.document["diagnostics"] if each["code"] == "credentialWithheld"]
        assert (4, ["desk-relay"]) == (stolen.code, withheld)
