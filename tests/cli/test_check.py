"""``check``: the verification of one set of settings without a project; it finds out what is not said, and writes nothing."""

from __future__ import annotations

import io
import os
import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PASSWORD, USER, VARIABLE, Outcome, Project, command, environment, own_account
from tests.cli.test_canary import files_below, find
from tests.support.mailserver import MailServer, Refusals
from tests.support.nameserver import NameServer
from tests.support.terminal import run_on_terminal
from tests.verification.domains import zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.certificates import TestCA

LOGIN = ("--username", USER, "--password-env", VARIABLE)
QUIET = ("--no-domain-checks",)
CANARY = "canary-Check-90b1"

SERVERS: dict[str, dict[str, Any]] = {
    "starttls": {},
    "tls": {"encryption": "tls"},
    "in the clear, on loopback": {"encryption": "none"},
    "wrong password": {"users": {USER: "another"}},
    "login refused for now": {"refusals": Refusals(login="454 4.7.0 try later")},
    "application password wanted": {"refusals": Refusals(login="534 5.7.9 application-specific password required")},
    "sender refused": {"refusals": Refusals(senders={USER: "553 5.7.1 not owned by user"})},
    "recipient refused": {"refusals": Refusals(recipients={USER: "550 5.1.1 no such user"})},
    "greeting refused": {"refusals": Refusals(greeting="554 5.7.1 go away")},
    "CRAM-MD5 only": {"mechanisms": ("CRAM-MD5",)},
    "another name in its certificate": {"certificate": "elsewhere.example.com"},
}
"""How the server differs from one that takes the account, by a word for it."""


def nowhere(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go into an empty folder outside the project and return it."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert not (folder / "reconciler.yaml").exists()
    return folder


@pytest.fixture
def nothing(bare: Project, tmp_path: Path, ca: TestCA, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return the command line in an empty folder, with the test CA trusted by the system; the folder stays empty."""
    (tmp_path / "ca.pem").write_text(ca.pem, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    folder = nowhere(bare, tmp_path, monkeypatch)
    yield bare
    assert [] == [*folder.iterdir()]


def run_with_stdin(project: Project, typed: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> Outcome:
    """Run a command with a text as its standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
    return project.run(*words)


def checks_of(outcome: Outcome) -> dict[str, tuple[str, str, str | None]]:
    """Return status, code and class of each check of the one account."""
    (account,) = outcome.document["accounts"]
    return {each["check"]: (each["status"], each["code"], each["class"]) for each in account["verification"]["checks"]}


@pytest.mark.parametrize("title", SERVERS)
def test_the_verdict_is_that_of_verify(
    bare: Project, ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    """Of the same settings at the same server, check finds check by check what verify finds with a manifest."""
    options = dict(SERVERS[title])
    name = options.pop("certificate", "localhost")
    (tmp_path / "ca.pem").write_text(ca.pem, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with MailServer(tls_context=ca.server_context(name), **{"users": {USER: PASSWORD}, **options}) as server:
        bare.init()
        bare.write_project("")
        bare.write_account("sales", own_account("sales", server, encryption=server.encryption))
        verified = bare.run("verify", "--operator", USER, "--format", "json")
        nowhere(bare, tmp_path, monkeypatch)
        words = ("check", f"localhost:{server.port}", "--encryption", server.encryption, "--operator", USER)
        checked = bare.run(*words, *LOGIN, *QUIET, "--name", "sales", "--format", "json")
    assert verified.code == checked.code
    assert checks_of(verified) == checks_of(checked)
    assert verified.document.keys() == checked.document.keys()
    assert {3 if checks_of(checked)["recipient"][0] != "passed" else 0} == {checked.code}


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_encryption_is_found_out_and_one_login_is_made(nothing: Project, ca: TestCA, encryption: Any) -> None:
    """Whatever a port speaks that says nothing of itself, check finds it, says so, and logs in once, there."""
    context = ca.server_context("localhost")
    with MailServer(encryption=encryption, tls_context=context, users={USER: PASSWORD}) as server:
        checked = nothing.run_well("check", f"localhost:{server.port}", *LOGIN, *QUIET, "--format", "json")
        assert 1 == server.login_attempts
    assert ["settingsFoundOut"] == checked.codes
    assert f"speaks {encryption} on port {server.port}" in checked.document["diagnostics"][0]["detail"]


@pytest.mark.parametrize("written", ["localhost:{port}", "smtps://localhost:{port}", "localhost.:{port}"])
def test_a_server_is_taken_as_people_paste_it(nothing: Project, ca: TestCA, written: str) -> None:
    """Host and port in one, a scheme and a trailing dot say what the options say, as the argument and as --host."""
    with MailServer(encryption="tls", tls_context=ca.server_context("localhost"), users={USER: PASSWORD}) as server:
        place = written.format(port=server.port)
        for words in ((place,), ("--host", place)):
            nothing.run_well("check", *words, *LOGIN, *QUIET)
        assert 2 == server.login_attempts


def test_what_cannot_be_meant_is_told_before_anybody_is_contacted(nothing: Project, server: MailServer) -> None:
    """An address that is none is told as what it is, by the account's name; TLS as a word, with both that it may mean."""
    place = f"localhost:{server.port}"
    refused = nothing.run("check", place, *LOGIN, *QUIET, "--email", "Anna <anna@example.com>", "--format", "json")
    assert 1 == refused.code
    assert ["invalidEmail"] == refused.codes
    assert 0 == server.connections
    assert "way-" not in refused.out
    assert "--encryption tls for 465" in nothing.run("check", place, *LOGIN, "--encryption", "TLS").err


def test_no_login_is_tried_where_nothing_is_encrypted(nothing: Project, server: MailServer) -> None:
    """A server without TLS is asked for it in each way, and is not given the password."""
    refused = nothing.run("check", f"localhost:{server.port}", *LOGIN, *QUIET, "--format", "json")
    assert (3, 0) == (refused.code, server.login_attempts)
    assert {"noWayFound", "verificationFailed"} == set(refused.codes)
    assert "passed" != checks_of(refused)["tls"][0]


def test_the_manifest_that_check_prints_is_the_one_that_verify_takes(
    bare: Project, ca: TestCA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What --as-manifest prints, saved among the manifests, verifies as it was checked."""
    bare.init()
    (bare.folder / "ca.pem").write_text(ca.pem, encoding="utf-8")
    with MailServer(tls_context=ca.server_context("localhost"), users={USER: PASSWORD}) as server:
        words = ("check", f"localhost:{server.port}", *LOGIN, *QUIET, "--ca-file", "ca.pem", "--as-manifest")
        printed = bare.run_well(*words)
        assert "Verified 1 account" in printed.err
        bare.write_account("sales", printed.out)
        bare.run_well("verify")
        assert 2 == server.login_attempts
    assert "SMTP_SALES_PASSWORD" in printed.out
    assert PASSWORD not in printed.out + printed.err


def test_as_manifest_needs_an_address(nothing: Project, server: MailServer) -> None:
    """Without an address the check ends with the login and says so; a manifest cannot be made."""
    nothing.set_variable("OTHER", PASSWORD)
    server.users["sales"] = PASSWORD
    words = (
        "check",
        f"localhost:{server.port}",
        "--encryption",
        "none",
        "--username",
        "sales",
        "--password-env",
        "OTHER",
    )
    checked = nothing.run_well(*words, "--format", "json")
    assert (["senderUnknown"], "auth") == (checked.codes, checked.document["accounts"][0]["verification"]["depth"])
    refused = nothing.run(*words, "--as-manifest", "--format", "json")
    assert (1, ["badUsage"]) == (refused.code, refused.codes)
    assert "--email" in refused.document["diagnostics"][0]["detail"]


@pytest.mark.parametrize("url", ["smtp://{user}@{place}", "smtp://{user}:{password}@{place}"])
def test_an_address_is_read_and_its_password_is_never_shown(
    nothing: Project, ca: TestCA, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """User name, host, port and password are taken from an address; a password in it is warned of and not repeated."""
    context = ca.server_context("localhost")
    with MailServer(tls_context=context, users={USER: CANARY}) as server:
        text = url.format(user=USER.replace("@", "%40"), password=CANARY, place=f"localhost:{server.port}")
        for form in ((), ("--format", "json"), ("--as-manifest",), ("--port", "nope")):
            words = ("check", text, *QUIET, *(() if CANARY in text else ("-",)), *form)
            outcome = run_with_stdin(nothing, CANARY, monkeypatch, *words)
            assert (1 if "nope" in form else 0) == outcome.code, outcome
            assert [] == find((outcome.out + outcome.err).encode(), (CANARY,))
            if CANARY in text and "nope" not in form:
                assert "passwordOnCommandLine" in outcome.out + outcome.err


@pytest.mark.parametrize(
    "url",
    [
        f"http://{USER}:{CANARY}@host.example",
        f"smtp://sales:{CANARY}@host.example:99999",
        f"smtp://sales:{CANARY}@host.example:x",
        f"smtps://sales:{CANARY}@",
        f"smtps://sales:{CANARY}@bad host",
        f"smtps://sales:{CANARY}\n@host.example",
        f"smtps://sales:{CANARY}@host.example/{CANARY}?{CANARY}={CANARY}@host@",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(nothing: Project, url: str) -> None:
    """What is wrong with an address is told without it: it may hold a password."""
    refused = nothing.run("check", url, "--depth", "connect", *QUIET)
    assert refused.code in {1, 3}
    assert CANARY not in refused.out + refused.err


def test_the_password_is_asked_for_on_the_terminal(server: MailServer, tmp_path: Path) -> None:
    """On a terminal the password is asked for and not shown; nothing is written there."""
    words = command("check", f"localhost:{server.port}", "--encryption", "none", "--username", USER, *QUIET)
    shown = run_on_terminal(words, folder=tmp_path, environ=environment(), answers=[("Password", PASSWORD)])
    assert (0, 1) == (shown.code, server.login_attempts), shown.text
    assert PASSWORD not in shown.text
    assert {} == files_below(tmp_path)


def test_without_a_terminal_nobody_is_asked(nothing: Project, server: MailServer) -> None:
    """A password that nobody can be asked for is named by what gives it instead; nothing is contacted."""
    refused = nothing.run("check", f"localhost:{server.port}", "--username", USER, "--format", "json")
    assert 1 == refused.code
    assert ["badUsage"] == refused.codes
    assert 0 == server.connections
    assert "--password-env" in refused.document["diagnostics"][0]["detail"]


def test_a_password_comes_from_a_file_or_from_standard_input(
    nothing: Project, server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, - in its place and - alone give the password without the line end at its end."""
    (tmp_path / "secret").write_text(f"{PASSWORD}\n", encoding="utf-8")
    plain = ("check", f"localhost:{server.port}", "--encryption", "none", "--username", USER, *QUIET)
    assert 0 == nothing.run(*plain, "--password-file", str(tmp_path / "secret")).code
    for words in ((*plain, "--password-file", "-"), (*plain, "-")):
        assert 0 == run_with_stdin(nothing, f"{PASSWORD}\n", monkeypatch, *words).code
    assert 3 == server.login_attempts


WRONG_USE: dict[str, tuple[tuple[str, ...], str]] = {
    "no host": ((), "Which server?"),
    "two hosts": (("a.example", "b.example"), "One host or address"),
    "host twice": (("a.example", "--host", "b.example"), "keep one"),
    "two passwords": (("a.example", "--password-env", "A", "--password-file", "b"), "exclude each other"),
    "unset variable": (("a.example", "--username", "u", "--password-env", "NOT_SET"), "NOT_SET is not set"),
    "no such file": (("a.example", "--username", "u", "--password-file", "/no/such"), "cannot be read"),
    "bad address": (("a.example", "--email", "not an address"), "is not one e-mail address"),
    "bad host": (("a_b..c",), "is not a host name"),
    "bad name server": (("a.example", "--nameserver", "ns.example"), "--nameserver takes an address"),
    "no such CA": (("a.example", "--ca-file", "/no/such.pem"), "cannot be read"),
}


@pytest.mark.parametrize("title", WRONG_USE)
def test_wrong_use_is_told_and_nothing_is_contacted(nothing: Project, title: str) -> None:
    """Bad input ends with 1, with a sentence that says what to write instead."""
    words, told = WRONG_USE[title]
    refused = nothing.run("check", *words, "--format", "json")
    assert 1 == refused.code, refused
    assert told in " ".join(problem["detail"] for problem in refused.document["diagnostics"])


def test_a_closed_port_is_a_failed_verification(nothing: Project) -> None:
    """A server that is not there ends with 3, and the ways that were tried are named."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    refused = nothing.run("check", f"localhost:{port}", *LOGIN, *QUIET, "--format", "json")
    assert 3 == refused.code
    assert ("failed", "connectionRefused", "transient") == checks_of(refused)["connect"]


def test_domain_checks_are_made_of_the_address(nothing: Project, server: MailServer) -> None:
    """SPF, DMARC and MX of the address's domain are looked at by the name server that is given, as verify does it."""
    with NameServer(zone("@ MX 10 mail.example.com.", "mail A 192.0.2.1")) as names:
        words = ("check", f"localhost:{server.port}", "--encryption", "none", *LOGIN, "--nameserver", names.address)
        checked = nothing.run_well(*words, "--format", "json")
    assert ("warned", "spfMissing", None) == checks_of(checked)["spf"]
    assert ("passed", "ok", None) == checks_of(checked)["mx"]


def test_a_project_around_it_is_not_looked_at(project: Project, server: MailServer) -> None:
    """In a project whose file cannot be read, and whose state is gone, check works all the same and touches neither."""
    (project.folder / "reconciler.yaml").write_text("nonsense: [", encoding="utf-8")
    before = files_below(project.folder)
    project.run_well("check", f"localhost:{server.port}", "--encryption", "none", *LOGIN, *QUIET)
    assert before == files_below(project.folder)
    assert "CI" not in os.environ


def test_settings_come_from_another_program(nothing: Project, server: MailServer, tmp_path: Path) -> None:
    """An account of msmtp is checked with its own password, which is not shown; of several one must be named."""
    rc = (
        f"defaults\nhost localhost\nport {server.port}\nauth on\n"
        f"account good\nfrom {USER}\nuser {USER}\npassword {PASSWORD}\naccount bad\nuser {USER}\npassword {CANARY}\n"
    )
    (tmp_path / "msmtprc").write_text(rc, encoding="utf-8")
    assert 0 == nothing.run("check", "--from", f"msmtp:{tmp_path}/msmtprc#good", *QUIET).code
    wrong = nothing.run("check", "--from", f"{tmp_path}/msmtprc#bad", *QUIET)
    assert (3, 2) == (wrong.code, server.login_attempts)
    assert CANARY not in wrong.out + wrong.err
    several = nothing.run("check", "--from", f"{tmp_path}/msmtprc")
    assert 1 == several.code
    assert "good, bad" in several.err
    assert 1 == nothing.run("check", "--from", f"msmtp:{tmp_path}/missing").code


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (f"{USER}", f"--email {USER}"),
        (f"sales:{CANARY}@smtp.example.com", "--email ADDRESS"),
    ],
)
def test_an_address_is_no_host(nothing: Project, where: str, words: str) -> None:
    """Without a scheme what has an @ is not taken for a host; a password in it is not repeated, and nobody is contacted."""
    outcome = nothing.run("check", where, "--no-domain-checks")
    assert 1 == outcome.code
    assert words in outcome.err
    assert CANARY not in outcome.err


def test_an_unknown_kind_of_source_is_told(nothing: Project) -> None:
    """What stands before the colon is taken for a kind where there is no such file, and the kinds are named."""
    outcome = nothing.run("check", "--from", "exim:/etc/exim4/passwd.client")
    assert (1, True) == (outcome.code, "no kind of source; there are:" in " ".join(outcome.err.split()))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--host", "x" * 300), "spec.smtp.host may have 253 characters at most."),
        (("--email", "nobody"), "The address is not one e-mail address: it has no @."),
    ],
    ids=["too long", "no address"],
)
def test_what_is_wrong_with_a_word_is_told_of_that_word(bare: Project, words: tuple[str, ...], told: str) -> None:
    """A host has characters and not entries, and an address of --email is nobody's who receives test messages."""
    refused = bare.run("check", *words)
    assert 1 == refused.code
    assert told in " ".join(refused.err.split())
