"""Discovery on the command line: what a domain says is shown, confirmed by a person, and taken by check and accounts add."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.cli.project import PASSWORD, USER, VARIABLE, Project, command, environment
from tests.support.mailserver import MailServer
from tests.support.nameserver import NameServer
from tests.support.terminal import run_on_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from tests.support.certificates import TestCA

PASSED_ON = ("--password-env", VARIABLE, "--no-domain-checks")


@contextmanager
def domain(ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> Iterator[tuple[MailServer, str]]:
    """Run a mail server, and a name server whose SRV record for example.com leads to it."""
    (tmp_path / "ca.pem").write_text(ca.pem, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ca.server_context("localhost")
    with MailServer(encryption="tls", tls_context=context, users={USER: PASSWORD}) as server:
        records = (f"_submissions._tcp.example.com. SRV 0 1 {server.port} localhost.", *more)
        with NameServer("\n".join(records)) as names:
            yield server, names.address


def test_check_takes_what_is_confirmed(
    bare: Project, ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --yes, what all agree on is checked; without it, and without a terminal, nothing is contacted."""
    with domain(ca, tmp_path, monkeypatch) as (server, names):
        words = ("check", "--email", USER, "--nameserver", names, *PASSED_ON, "--format", "json")
        refused = bare.run(*words)
        assert 1 == refused.code
        assert ["notConfirmed"] == refused.codes
        assert 0 == server.connections
        assert f"--host localhost --port {server.port} --encryption tls" in refused.document["diagnostics"][0]["detail"]
        checked = bare.run_well(*words, "--yes")
        assert ("passed", 1) == (checked.document["accounts"][0]["verification"]["status"], server.login_attempts)
        assert "the SRV record of _submissions._tcp.example.com" in checked.err


def test_disagreement_is_never_taken_unseen(
    bare: Project, ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where those who were asked name different servers, --yes takes none of them, and that is told."""
    other = "_submission._tcp.example.com. SRV 0 1 587 mail.example.net."
    with domain(ca, tmp_path, monkeypatch, other) as (server, names):
        refused = bare.run("check", "--email", USER, "--nameserver", names, "--yes", *PASSED_ON)
        assert (1, 0) == (refused.code, server.connections)
    assert "They name different servers." in refused.err
    assert "mail.example.net:587 (starttls)" in refused.err


def test_a_person_confirms_on_the_terminal(ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the candidates are numbered, and one is taken by its number."""
    with domain(ca, tmp_path, monkeypatch) as (server, names):
        words = command("check", "--email", USER, "--nameserver", names, "--no-domain-checks")
        answers = [("Which one", "1"), ("Password", PASSWORD)]
        shown = run_on_terminal(words, folder=tmp_path, environ=environment(), answers=answers)
        assert (0, 1) == (shown.code, server.login_attempts), shown.text


def test_nothing_found_is_told_with_who_was_silent(bare: Project) -> None:
    """Where nobody says anything the message names who was asked, and what to write."""
    with NameServer("_submissions._tcp.example.com. SRV 0 0 0 .") as names:
        refused = bare.run("check", "--email", USER, "--nameserver", names.address, "--format", "json")
    assert (1, ["nothingDiscovered"]) == (refused.code, refused.codes)
    detail = refused.document["diagnostics"][0]["detail"]
    assert "there is no such service" in detail
    assert "https://autoconfig.example.com/mail/config-v1.1.xml" in detail


def test_accounts_add_takes_what_is_discovered(
    bare: Project, ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts add --discover writes the server that the domain names; a provider's own mailbox gets its preset."""
    add = ("accounts", "add", "own", "--display-name", "X", "--shared", "--discover", "--yes")
    with domain(ca, tmp_path, monkeypatch) as (server, names):
        bare.write_project(f'verification: {{domainChecks: off, nameservers: ["{names}"]}}\n')
        bare.run_well(*add, "sales", "--email", USER)
        manifest = (bare.folder / "accounts.d" / "sales.yaml").read_text(encoding="utf-8")
        assert [True] * 3 == [
            line in manifest for line in ("host: localhost", f"port: {server.port}", "encryption: tls")
        ]
        assert 0 == server.connections
        bare.run_well(*add, "private", "--email", "somebody@gmail.com")
    assert "host: smtp.gmail.com" in (bare.folder / "accounts.d" / "private.yaml").read_text(encoding="utf-8")
    assert 1 == bare.run(*add, "x", "--email", USER, "--host", "h.example").code


def test_accounts_add_offers_what_is_discovered_on_a_terminal(
    bare: Project, ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address without a server is enough: who is asked is told, candidates are shown, and the person takes one."""
    add = command("accounts", "add", "own", "sales", "--email", USER, "--display-name", "X", "--shared")
    with domain(ca, tmp_path, monkeypatch) as (server, names):
        bare.write_project(f'verification: {{domainChecks: off, nameservers: ["{names}"]}}\n')
        shown = run_on_terminal(add, folder=bare.folder, environ=environment(), answers=[("Which one", "1")])
        assert (0, 0) == (shown.code, server.connections), shown.text
    manifest = (bare.folder / "accounts.d" / "sales.yaml").read_text(encoding="utf-8")
    assert f"port: {server.port}" in manifest
    assert shown.text.index("Asking where mail of example.com is sent") < shown.text.index("the SRV record of")


def test_accounts_add_asks_for_the_server_where_none_of_those_found_is_wanted(
    bare: Project, ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zero stands for none of them, and then the server is asked for; so it is where nobody says anything."""
    add = ("accounts", "add", "own", "--display-name", "X", "--shared", "--owner", "anna")
    by_hand = ("Provider, or", "mail.example.com")
    with domain(ca, tmp_path, monkeypatch) as (_, names):
        bare.write_project(f'verification: {{domainChecks: off, nameservers: ["{names}"]}}\n')
        words = command(*add, "sales", "--email", USER)
        shown = run_on_terminal(words, folder=bare.folder, environ=environment(), answers=[("Which one", "0"), by_hand])
        assert 0 == shown.code, shown.text
        silent = run_on_terminal(
            command(*add, "other", "--email", "anna@example.net"),
            folder=bare.folder, environ=environment(), answers=[by_hand],
        )  # fmt: skip
    assert "Nobody says through which server mail of example.net is sent." in silent.text
    for name in ("sales", "other"):
        assert "host: mail.example.com" in (bare.folder / "accounts.d" / f"{name}.yaml").read_text(encoding="utf-8")


def test_nobody_is_asked_of_an_address_without_being_wanted(bare: Project) -> None:
    """Without a terminal nothing is asked unless --discover says so; on one, --no-discover and any server keep quiet."""
    add = ("accounts", "add", "own", "--display-name", "X", "--shared", "--owner", "anna", "--email", USER)
    with NameServer("") as names:
        bare.write_project(f'verification: {{domainChecks: off, nameservers: ["{names.address}"]}}\n')
        refused = bare.run(*add, "a")
        assert (1, True) == (refused.code, "--discover" in refused.err)
        for name, word in (("b", "--no-discover"), ("c", "--host=mail.example.com"), ("d", "--preset=gmail")):
            answers = [("Provider, or", "mail.example.com")] if name == "b" else []
            words = command(*add, name, word)
            assert 0 == run_on_terminal(words, folder=bare.folder, environ=environment(), answers=answers).code
        assert 0 == names.questions()


def test_a_preset_of_the_domain_is_offered_without_asking_anybody(bare: Project) -> None:
    """A provider's own mailboxes are known: its preset is offered on a terminal, and no name server hears of it."""
    add = command("accounts", "add", "own", "mine", "--email", "a@gmail.com", "--display-name", "X", "--shared")
    with NameServer("") as names:
        bare.write_project(f'verification: {{domainChecks: off, nameservers: ["{names.address}"]}}\n')
        shown = run_on_terminal(add, folder=bare.folder, environ=environment(), answers=[("Which one", "1")])
        assert 0 == shown.code, shown.text
        assert 0 == names.questions(), shown.text
        assert "Asking where" not in shown.text, shown.text
    assert "host: smtp.gmail.com" in (bare.folder / "accounts.d" / "mine.yaml").read_text(encoding="utf-8")


def test_discovery_is_of_one_address(bare: Project) -> None:
    """A table names its servers, and --yes is the answer to what --discover finds."""
    (bare.folder / "team.csv").write_text("email,host\na@example.com,mail.example.com\n", encoding="utf-8")
    add = ("accounts", "add", "own")
    assert 1 == bare.run(*add, "--from-csv", "team.csv", "--discover").code
    assert 1 == bare.run(*add, "x", "--email", USER, "--display-name", "X", "--host", "h.example", "--yes").code


def test_plan_and_validate_never_discover(project: Project, server: MailServer) -> None:
    """Names of presets and records play no part where manifests are read: a missing host stays an error."""
    project.write_account(
        "sales",
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: sales}}\n"
        f"spec: {{email: {USER}, displayName: X, smtp: {{port: {server.port}}}}}\n",
    )
    with NameServer("") as names:
        project.write_project(f'verification: {{nameservers: ["{names.address}"]}}\n')
        assert {1} == {project.run(each).code for each in ("validate", "plan", "verify")}
        assert 0 == names.questions()
