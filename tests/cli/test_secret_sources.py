"""Secrets from the project file's sources, through the command line: what is read when, and what is told."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PASSWORD, USER, VARIABLE, Project, own_account
from tests.cli.test_canary import files_below, find

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

OTHER = "other@example.com"
NEXT = "canary-Next-2b91"


class Vault:
    """A command that gives secrets from a folder beside the project, and counts its calls."""

    def __init__(self, folder: Path) -> None:
        """Write the program."""
        self.folder = folder / "vault"
        self.folder.mkdir()
        self.program = self.folder / "tool"
        self.program.write_text(
            f"#!{sys.executable} -IS\nimport sys\nfrom pathlib import Path\nhere = Path({str(self.folder)!r})\n"
            "with (here / 'calls').open('a') as calls: calls.write(sys.argv[1] + '\\n')\n"
            "sys.stderr.write((here / 'value').read_text())\n"
            "sys.stdout.write((here / 'value').read_text() if sys.argv[1] != 'bad' else '')\n"
            "sys.exit(sys.argv[1] == 'bad')\n",
            encoding="utf-8",
        )
        self.program.chmod(0o755)
        self.put(PASSWORD)

    def put(self, text: str) -> None:
        """Set what the program gives."""
        (self.folder / "value").write_text(text, encoding="utf-8")

    def calls(self) -> list[str]:
        """Return the keys asked for since the last time, in order of text."""
        log = self.folder / "calls"
        calls = sorted(log.read_text(encoding="utf-8").split()) if log.exists() else []
        log.unlink(missing_ok=True)
        return calls


@pytest.fixture
def vault(project: Project) -> Vault:
    """Return the program, declared as the source ``vault`` for each key."""
    made = Vault(project.folder.parent)
    project.write_project(f"secrets: {{sources: {{vault: {{command: [{made.program}, '{{key}}']}}}}}}\n")
    return made


def problems_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return severity and code of each problem."""
    return [(each["severity"], each["code"]) for each in document["diagnostics"]]


def test_a_command_gives_the_password(project: Project, vault: Vault, server: MailServer) -> None:
    """An account whose secret comes from a command is verified and applied; its key is filled in, and asked for once."""
    project.write_account("sales", own_account("sales", server, secret='{vault: "mail/{name}"}'))
    project.run_well("apply", "--auto-approve")
    assert ({"sales": "active"}, ["mail/sales"]) == (project.statuses(), vault.calls())


def test_commands_run_for_changed_accounts_only(project: Project, vault: Vault, server: MailServer) -> None:
    """An unchanged account costs no command, which the plan says; with --rotations all are asked."""
    for name in ("one", "two"):
        project.write_account(name, own_account(name, server, secret="{vault: '{name}'}"))
    project.run_well("apply", "--auto-approve")
    assert ["one", "two"] == vault.calls()
    quiet = project.run_well("plan", "--format", "json").document
    assert ([("note", "secretsNotRead")], []) == (problems_of(quiet), vault.calls())
    assert "--rotations" in quiet["diagnostics"][0]["detail"]
    project.write_account("two", own_account("two", server, secret="{vault: '{name}'}", display_name="New"))
    project.run_well("plan")
    assert ["two"] == vault.calls()
    asked = project.run_well("plan", "--rotations", "--format", "json").document
    assert ([("note", "evidenceReused")], ["one", "two"]) == (problems_of(asked), vault.calls())


def test_rotation_behind_a_command_is_found_when_asked_for(project: Project, vault: Vault, server: MailServer) -> None:
    """A value changed in the vault is a rotation with --rotations, and not looked for without."""
    project.write_account("sales", own_account("sales", server, secret="{vault: sales}"))
    project.run_well("apply", "--auto-approve")
    server.users[USER] = NEXT
    vault.put(NEXT)
    assert [] == project.run_well("plan", "--format", "json").document["changes"]
    found = project.run_well("plan", "--rotations", "--format", "json").document["changes"]
    assert [("sales", "rotation")] == [(each["name"], each["cause"]) for each in found]
    project.run_well("apply", "--auto-approve", "--rotations")
    assert [] == project.run_well("plan", "--rotations", "--format", "json").document["changes"]


def test_a_command_that_fails_stops_changed_accounts(project: Project, vault: Vault, server: MailServer) -> None:
    """The reason is told without what the command wrote to standard error; nothing is contacted."""
    project.write_account("sales", own_account("sales", server, secret="{vault: bad}"))
    for words in (("plan",), ("apply", "--auto-approve"), ("verify",)):
        refused = project.run(*words, "--format", "json")
        assert (3, ["secretSourceFailed"]) == (refused.code, refused.codes)
        assert "exit code 1" in refused.document["diagnostics"][0]["detail"]
        assert PASSWORD not in refused.out + refused.err
    assert (0, {}) == (server.connections, project.statuses())


def test_a_whole_source_is_read_once(project: Project, server: MailServer) -> None:
    """Many accounts of one bulk source, unchanged ones too, cost one call; a rotation in it is found at once."""
    vault = Vault(project.folder.parent)
    project.write_project(f"secrets: {{sources: {{all: {{command: [{vault.program}, all], format: json}}}}}}\n")
    vault.put(json.dumps({"sales": PASSWORD, "other": PASSWORD}))
    server.users[OTHER] = PASSWORD
    project.write_account("sales", own_account("sales", server, secret="{all: sales}"))
    project.write_account("other", own_account("other", server, secret="{all: other}", username=OTHER))
    project.run_well("apply", "--auto-approve")
    assert ["all"] == vault.calls()
    server.users[OTHER] = NEXT
    vault.put(json.dumps({"sales": PASSWORD, "other": NEXT}))
    planned = project.run_well("plan", "--format", "json").document
    assert (["other"], ["all"]) == ([each["name"] for each in planned["changes"]], vault.calls())


def test_nothing_is_read_before_all_is_allowed(project: Project, server: MailServer) -> None:
    """One secret outside secrets.allow stops plan, verify and apply before any source is asked, for any account."""
    vault = Vault(project.folder.parent)
    sources = f"sources: {{all: {{command: [{vault.program}, all], format: json}}, each: {{command: [{vault.program}, '{{key}}']}}}}"
    project.write_project(f"secrets: {{allow: ['all:*', 'each:sales'], {sources}}}\n")
    vault.put(json.dumps({"sales": PASSWORD}))
    project.write_account("sales", own_account("sales", server, secret="{all: sales}"))
    project.run_well("plan", "--depth", "offline", "--out", "plan.json")
    project.write_account("other", own_account("other", server, secret="{each: other}"))
    for words in (("plan",), ("plan", "--rotations"), ("verify",), ("apply", "--auto-approve")):
        refused = project.run(*words, "--format", "json")
        assert (1, ["secretNotAllowed"]) == (refused.code, refused.codes)
    project.write_project(f"secrets: {{allow: ['all:x', 'each:sales'], {sources}}}\n")
    refused = project.run("apply", "plan.json", "--format", "json")
    assert (1, ["secretNotAllowed"]) == (refused.code, refused.codes)
    assert ([], 0) == (vault.calls(), server.connections)


def test_a_broken_bulk_source_is_told_once(project: Project, server: MailServer) -> None:
    """One problem for all accounts of the source: an error where one changes, a warning where none does."""
    project.write_project("secrets: {sources: {all: {env: ALL_SECRETS, format: dotenv}}}\n")
    project.set_variable("ALL_SECRETS", f"sales={PASSWORD}\nother={PASSWORD}\n")
    for name in ("sales", "other"):
        project.write_account(name, own_account(name, server, secret=f"{{all: {name}}}"))
    project.run_well("apply", "--auto-approve")
    project.set_variable("ALL_SECRETS", f"sales={PASSWORD}\nsales={PASSWORD}\n")
    quiet = project.run_well("plan", "--format", "json").document
    assert [("warning", "secretSourceFailed")] == problems_of(quiet)
    project.write_account("sales", own_account("sales", server, secret="{all: sales}", display_name="New"))
    refused = project.run("plan", "--format", "json")
    assert (3, [("error", "secretSourceFailed")]) == (refused.code, problems_of(refused.document))
    assert 1 == len(project.run("verify", "--format", "json").codes)


def test_the_variable_that_holds_many_is_no_password(project: Project, server: MailServer) -> None:
    """A manifest cannot have a whole source sent as one password, though secrets.allow covers its name."""
    project.write_project("secrets: {sources: {all: {env: SMTP_ALL, format: dotenv}}}\n")
    project.set_variable("SMTP_ALL", f"sales={PASSWORD}\n")
    project.write_account("sales", own_account("sales", server, secret="{env: SMTP_ALL}"))
    refused = project.run("plan", "--format", "json")
    assert 1 == refused.code
    assert ["secretNotAllowed"] == refused.codes
    assert 0 == server.connections


@pytest.mark.parametrize("key", ["-field", "../sales", "a..b", "a b", "a;b", "$(id)", "a\\nb", ""])
def test_a_key_is_no_option_path_or_shell(project: Project, vault: Vault, server: MailServer, key: str) -> None:
    """A key of another form than a source takes is an error where it stands, and nothing runs."""
    project.write_account("sales", own_account("sales", server, secret=f'{{vault: "{key}"}}'))
    assert 1 == project.run("plan").code
    assert [] == vault.calls()


def test_a_source_can_be_narrowed(project: Project, vault: Vault, server: MailServer) -> None:
    """Once secrets.allow speaks of a source, it gives what is allowed there and nothing else."""
    text = (project.folder / "reconciler.yaml").read_text(encoding="utf-8")
    scoped = 'secrets: {allow: [{secret: "vault:a/*", manifests: "accounts.d/a*"}], sources'
    (project.folder / "reconciler.yaml").write_text(text.replace("secrets: {sources", scoped), encoding="utf-8")
    project.write_account("a1", own_account("a1", server, secret="{vault: a/1}"))
    project.run_well("plan")
    project.write_account("b1", own_account("b1", server, secret="{vault: a/1}"))
    refused = project.run("plan", "--format", "json")
    assert (1, ["secretNotAllowed"]) == (refused.code, refused.codes)
    assert ["a/1"] == vault.calls()


def test_a_secret_file_in_git_is_refused(project: Project, server: MailServer) -> None:
    """A file that git tracks has published its secret already; plan and verify refuse it, until it is taken out."""
    (project.folder / "secrets").mkdir()
    (project.folder / "secrets" / "sales").write_text(PASSWORD, encoding="utf-8")
    (project.folder / ".gitignore").write_text(".reconciler/\n", encoding="utf-8")
    project.write_account("sales", own_account("sales", server, secret="{file: secrets/sales}"))
    for words in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *words], cwd=project.folder, check=True)
    for command in ("plan", "plan --hold-failing", "verify", "apply --auto-approve --hold-failing"):
        refused = project.run(*command.split(), "--format", "json")
        assert (1, ["secretTracked"]) == (refused.code, refused.codes)
    assert 0 == server.connections
    subprocess.run(["git", "rm", "-q", "--cached", "secrets/sales"], cwd=project.folder, check=True)
    project.run_well("plan")


def test_nothing_of_a_source_is_written_down(project: Project, vault: Vault, server: MailServer) -> None:
    """Values of sources occur in no output and no file, in no form, whatever fails."""
    server.users[USER] = NEXT
    vault.put(NEXT)
    project.unset_variable(VARIABLE)
    project.write_account("sales", own_account("sales", server, secret="{vault: sales}"))
    project.write_account("bad", own_account("bad", server, secret="{vault: bad}"))
    for words in (
        ("plan", "--out", "plan.json"),
        ("plan", "--rotations", "--format", "json"),
        ("apply", "--auto-approve", "--exclude", "bad"),
        ("verify", "--format", "json"),
        ("verify", "--recorded"),
        ("history", "--format", "json"),
    ):
        outcome = project.run(*words)
        assert [] == find((outcome.out + outcome.err).encode(), (NEXT,)), words
    assert {"sales": "active"} == project.statuses()
    for name, content in files_below(project.folder).items():
        assert [] == find(content, (NEXT,)), name
