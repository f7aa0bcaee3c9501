"""doctor looks at the ground, tells what is wrong, and tells nothing that must not be in a report."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from tests.cli.project import PASSWORD, USER, own_account

if TYPE_CHECKING:
    from tests.cli.project import Outcome, Project
    from tests.support.mailserver import MailServer


def standing(outcome: Outcome) -> dict[str, str]:
    """Return how each topic stands."""
    return {each["topic"]: each["standing"] for each in outcome.document["examined"]}


def test_all_is_well(project: Project, server: MailServer) -> None:
    """With a state, its key and a server that takes connections nothing is bad."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    outcome = project.run("doctor", "--format", "json")
    assert "bad" not in standing(outcome).values(), outcome.document
    assert 0 == outcome.code
    assert {"state", "key of fingerprints", "plan key", "git", "clock", "name servers", "proxy", "Python", "OpenSSL",
            "to localhost"} <= standing(outcome).keys()  # fmt: skip
    assert f"{server.port} open; declared: {server.port}" in outcome.out


def test_what_is_wrong_is_told(project: Project, server: MailServer) -> None:
    """No state, a closed port, a manifest that cannot be read: each is told, and the exit code is 1."""
    project.write_account("sales", own_account("sales", server).replace(f"port: {server.port}", "port: 1"))
    project.write_account("wrong", "kind: [")
    project.state_file.unlink()
    outcome = project.run("doctor", "--format", "json")
    found = standing(outcome)
    assert 1 == outcome.code
    assert ("bad", "bad") == (found["state"], found["manifests"])
    assert "stateMissing" in outcome.out
    told = project.run("doctor").out
    assert "stateMissing" in told
    assert "Python" in told


def test_nothing_in_it_is_anybodys(project: Project, server: MailServer) -> None:
    """Neither secrets nor user names, accounts, addresses or paths of the machine stand in the page."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    project.set_variable("HTTPS_PROXY", "http://anna:hunter2@proxy.example.com:3128")
    key = project.key_file.read_text(encoding="utf-8").strip()
    for outcome in (project.run("doctor"), project.run("doctor", "--format", "json")):
        assert "HTTPS_PROXY" in outcome.out
        for private in (PASSWORD, USER, "hunter2", "anna", key, str(project.folder), "sales"):
            assert private not in outcome.out
        user = getpass.getuser()
        assert user == "root" or user not in outcome.out
