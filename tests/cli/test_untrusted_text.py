"""Nothing untrusted speaks for us: whoever writes into a manifest, a reply, a file name or the state is quoted, not obeyed.

Each test plants text that would steer a terminal, a CI log, a comment or a page in one place, runs the commands that
could show it in every form of their output, and looks at both streams.
"""

from __future__ import annotations

import json
import os
import sqlite3
import ssl
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reconciler.planfile import write_plan
from tests.cli.project import Project, marketing_account, own_account
from tests.cli.speech import ANYTHING, CONTROLS, LINES, MARKUP, PLAN_FORMS, heard, speak_for_us
from tests.render.hostile import hostile_saved_plan
from tests.support.scripted import ScriptedServer, polite
from tests.support.tokenserver import TokenServer, refuse

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.project import Outcome
    from tests.support.certificates import TestCA
    from tests.support.mailserver import MailServer
    from tests.support.scripted import Wire

OFFLINE = (("validate",), ("plan",))
RECORDED = (("accounts", "list"), ("history",), ("journal", "check"))

OWN = """\
apiVersion: {api}
kind: {kind}
metadata: {{name: {name}, title: {title}, owner: {owner}, labels: {labels}, annotations: {annotations}{metadata}}}
spec:
  email: {email}
  displayName: {display}
  replyTo: {{email: {reply}, displayName: {reply_name}}}
  shared: {shared}
  smtp:
    {where}
    port: {port}
    encryption: {encryption}
    caFile: {ca}
    authentication: {{mechanism: {mechanism}, username: {user}, password: {password}}}{more}
"""
DEFAULTS = {
    "api": "reconciler/v1", "kind": "OwnAccount", "name": "x", "title": "T", "owner": "o@example.com", "labels": "{a: b}",
    "annotations": "{a: b}", "metadata": "", "email": "x@example.com", "display": "X", "reply": "r@example.com",
    "reply_name": "R", "shared": "true", "where": "host: localhost", "port": "1", "encryption": "starttls",
    "ca": "certs/x.pem", "mechanism": "auto", "user": "u", "password": "{env: SMTP_X}", "more": "",
}  # fmt: skip
PLACES = {
    **{name: "{}" for name in DEFAULTS if name not in {"where", "more", "metadata", "labels", "annotations"}},
    "labels": "{{a: {}, {}: b}}", "annotations": "{{a: {}, {}: b}}", "metadata": ", {}: 1, previousName: {}",
    "where": "server: {}", "password": "{{env: {}}}", "more": "\n  {}: 1",
}  # fmt: skip


@pytest.mark.parametrize("text", [MARKUP, LINES], ids=["markup", "lines"])
@pytest.mark.parametrize("place", PLACES)
def test_every_field_of_a_manifest(project: Project, place: str, text: str) -> None:
    """Each value and key, valid there or not, is told by validate and plan as text."""
    (project.folder / "certs").mkdir()
    quoted = json.dumps(text)
    written = OWN.format(**{**DEFAULTS, place: PLACES[place].format(quoted, quoted)})
    project.write_account("x", written)
    project.write_account("y", written.replace("  - ", "").replace("{name: x,", "{name: y, name: y,"))
    assert {} == heard(project, *OFFLINE)


@pytest.mark.parametrize("text", [MARKUP, LINES], ids=["markup", "lines"])
@pytest.mark.parametrize(
    "written",
    ["{0}", "!{0} x", "*{0}", "a: &x {0}\nb: [", "{{{0}: 1, {0}: 2}}", "'{0}", "- {0}\n- {0}", "%YAML {0}\n---\na"],
)
def test_yaml_of_every_kind(project: Project, written: str, text: str) -> None:
    """What is no manifest, no YAML or no text at all is told by its place, its words as text."""
    (project.folder / "accounts.d" / "x.yaml").write_bytes(written.format(text).encode("utf-8", "surrogatepass"))
    (project.folder / "accounts.d" / "y.yaml").write_bytes(written.format(json.dumps(text)).encode() + b"\xff")
    assert {} == heard(project, *OFFLINE)


@pytest.mark.parametrize("text", [MARKUP, LINES], ids=["markup", "lines"])
def test_the_project_file(project: Project, text: str) -> None:
    """Values of the project file that are of no use, and reasons that are shown, are text."""
    quoted = json.dumps(text)
    for more in (
        f"guards: {{exceptions: [{{delete: ['*'], until: 2999-01-01, reason: {quoted}}}]}}\n",
        f"secrets: {{allow: [{quoted}], sources: {{{quoted}: {{env: X}}}}}}\n",
        f"secrets: {{grants: [{{secret: {quoted}, servers: [{quoted}]}}]}}\n",
        f"platform: {{smtp: {{host: {quoted}, caFile: {quoted}}}}}\n",
        f"manifests: {quoted}\n",
        f"state: {quoted}\n",
        f"{quoted}: 1\n",
        text,
    ):
        project.write_account("x", OWN.format(**DEFAULTS))
        project.write_project(more)
        assert {} == heard(project, *OFFLINE, ("accounts", "list"))


@pytest.mark.parametrize("name", [MARKUP.replace("/", "_"), LINES.replace("/", "_")], ids=["markup", "lines"])
def test_names_of_files(project: Project, name: str) -> None:
    """A manifest, a folder, a plan file and a contacts file are named as text, whatever they are called."""
    folder = project.folder / "accounts.d" / name[:60]
    folder.mkdir()
    (folder / f"{name[:60]}.yaml").write_text("kind: [", encoding="utf-8")
    (project.folder / "accounts.d" / "link.yaml").symlink_to(name)
    assert {} == heard(project, *OFFLINE)
    (project.folder / name).write_text("email,\n", encoding="utf-8")
    for words in (("show", name), ("apply", name), ("resolve", "x", "--contacts", name), ("state", "restore", name)):
        outcome = project.run(*words)
        assert (1, []) == (outcome.code, speak_for_us(outcome, "text")), words


REPLIES = {
    "GREETING": "554 {}", "EHLO": "250-{}\r\n250-AUTH PLAIN {}\r\n250 {}", "HELO": "250 {}", "AUTH": "535 5.7.8 {}",
    "MAIL": "553-{}\r\n553 {}", "RCPT": "451 {}", "DATA": "554 {}", ".": "250 {} queued as {}", "QUIT": "221 {}", "RSET": "{}",
}  # fmt: skip


@pytest.mark.parametrize("command", REPLIES)
def test_every_reply_of_a_mail_server(project: Project, command: str) -> None:
    """What a server says, in a banner, a capability, a refusal or a queue id, is quoted; and so is what state keeps of it."""
    said = (CONTROLS + MARKUP + "\r::error::OWNED").replace("\n", " ")
    with ScriptedServer(polite({command: REPLIES[command].format(*[said] * 3)})) as server:
        project.write_project("verification: {domainChecks: off, timeoutSeconds: 1, failAfter: 1}\n")
        project.write_account("sales", own_account("sales", server.port))
        for depth in ("envelope", "message"):
            assert {} == heard(project, ("plan", "--depth", depth), forms=PLAN_FORMS)
        assert {} == heard(project, ("verify",))
        applied = project.run("apply", "--auto-approve", "--override-verification", "sales=why")
        assert [] == speak_for_us(applied, "text")
        assert {} == heard(project, ("verify", "--recorded"), ("plan",), *RECORDED)
        assert {} == heard(project, ("accounts", "show", "sales"), forms=("text", "json"))


PROXY_REPLIES = (
    "HTTP/1.1 407 {}\r\nProxy-Authenticate: {}\r\n\r\n",
    "HTTP/1.1 502 {}\r\nX: {}\r\n\r\n",
    "HTTP/1.1 {} {}\r\n\r\n",
    "{} {}\r\n\r\n",
)


@pytest.mark.parametrize("reply", PROXY_REPLIES)
def test_a_proxy(project: Project, reply: str) -> None:
    """What a proxy says is quoted."""
    said = (CONTROLS + MARKUP).replace("\n", " ")

    def play(wire: Wire) -> None:
        while wire.read_line():
            pass
        wire.send(reply.format(said, said).encode())

    with ScriptedServer(play) as proxy:
        project.write_project("verification: {domainChecks: off, timeoutSeconds: 1}\n")
        through = f"  proxy: {{type: http, host: 127.0.0.1, port: {proxy.port}}}\n"
        project.write_account("sales", own_account("sales", 25, username=None, more=through))
        assert {} == heard(project, ("plan",), ("verify",))


def context_of(name: str, folder: Path) -> ssl.SSLContext:
    """Return the context of a server whose certificate, its own authority, names nobody but the attacker."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:60])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName("b" + name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "server.pem").write_bytes(pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


@pytest.mark.parametrize("trusts", [True, False], ids=["trusted", "not trusted"])
def test_a_certificate(project: Project, *, trusts: bool) -> None:
    """The names in a certificate are quoted, where it is for another host and where nobody trusts it."""
    context = context_of((CONTROLS + MARKUP + "\n::error::OWNED").encode("ascii", "ignore").decode(), project.folder)

    def play(wire: Wire) -> None:
        wire.start_tls(context)

    with ScriptedServer(play) as server:
        text = own_account("sales", server.port, encryption="tls", ca_file="ca.pem" if trusts else None)
        project.write_account("sales", text)
        assert {} == heard(project, ("plan",), ("verify",))
        assert ("certificateWrongName" in project.run("plan", "--format", "json").out) == trusts


@pytest.mark.parametrize("said", [MARKUP, LINES], ids=["markup", "lines"])
def test_a_token_endpoint(project: Project, ca: TestCA, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """The error of a token endpoint, and its description, are quoted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.write_pem(project.folder.parent / "ca.pem")))
    project.set_variable("SMTP_REFRESH", "refresh-1234")
    with (
        TokenServer(ca.server_context(), refuse(said, said)) as endpoint,
        ScriptedServer(polite({"EHLO": "250-test.example\r\n250 AUTH XOAUTH2"})) as server,
    ):
        login = (
            f"mechanism: xoauth2, username: u, oauth2: {{tokenUrl: '{endpoint.url}', clientId: c, "
            "refreshToken: {env: SMTP_REFRESH}}"
        )
        text = own_account("sales", server.port, username=None)
        project.write_account("sales", text + f"    authentication: {{{login}}}\n")
        assert {} == heard(project, ("plan",), ("verify",))
        assert 1 <= len(endpoint.forms)


MARK = "MARKED-TEXT"


def replace_in_state(project: Project, text: str) -> int:
    """Write a text in the place of the mark wherever state holds it, in JSON as JSON; return how often."""
    count = 0
    with closing(sqlite3.connect(project.state_file)) as database, database:
        database.execute("PRAGMA foreign_keys = OFF")
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for column in [f'"{row[1]}"' for row in database.execute(f"PRAGMA table_info({table})")]:
                found = database.execute(
                    f"SELECT rowid, {column} FROM {table} WHERE {column} LIKE ?",  # noqa: S608 - names of ours
                    (f"%{MARK}%",),
                ).fetchall()
                for row, value in found:
                    put = json.dumps(text)[1:-1] if value.startswith(("{", "[")) else text
                    database.execute(
                        f"UPDATE {table} SET {column} = ? WHERE rowid = ?",  # noqa: S608 - the same
                        (value.replace(MARK, put), row),
                    )
                    count += 1
    return count


@pytest.mark.parametrize("text", [MARKUP, ANYTHING], ids=["markup", "all"])
def test_the_state(project: Project, server: MailServer, text: str) -> None:
    """Names, titles, reasons, actors and references that somebody has written into the database are text."""
    project.write_account("sales", own_account("sales", server, display_name=MARK, metadata=f"title: {MARK}"))
    project.write_account("news", marketing_account("news", metadata=f"labels: {{a: {MARK}}}"))
    project.run_well("apply", "--auto-approve", "--actor", MARK, "--reference", MARK)
    project.run_well("reject", "news", "--reason", MARK, "--actor", MARK)
    project.run_well("suspend", "sales", "--reason", MARK, "--actor", MARK)
    project.execute_sql("PRAGMA foreign_keys = OFF")
    project.execute_sql("UPDATE projects SET lineage = ?", MARK)
    project.execute_sql("UPDATE journal SET hash = ? WHERE sequence = 3", MARK)
    assert replace_in_state(project, text) >= 6
    project.write_account("sales", own_account("sales", server, display_name="Other"))
    assert {} == heard(project, ("plan",), ("verify", "--recorded"), *RECORDED)
    for name in ("sales", "news"):
        assert {} == heard(project, ("accounts", "show", name), ("history", name), forms=("text", "json"))
        assert [] == speak_for_us(
            project.run("send", name, "--contacts", "x.csv", "--subject", "S", "--body", "B"), "text"
        )
    project.remove_account("news")
    project.remove_account("sales")
    assert {} == heard(project, ("plan", "--allow-deletes", "5"), forms=PLAN_FORMS)
    for words in (
        ("apply", "--auto-approve", "--allow-deletes", "5"),
        ("resume", "sales"),
        ("approve", "news"),
        ("journal", "head"),
        ("state", "init"),
    ):
        assert [] == speak_for_us(project.run(*words), "text")


@pytest.mark.parametrize("text", [MARKUP, LINES], ids=["markup", "lines"])
def test_contacts(project: Project, server: MailServer, text: str) -> None:
    """Columns and details of a contacts file, and a message, are text to whoever resolves, drafts or sends."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    cards = [{"email": text}, {"email": "a@example.net", "name": text, "details": {text: text}}, {text: "x"}, text]
    lines = "".join(json.dumps(card) + "\n" for card in cards) + text
    (project.folder / "c.jsonl").write_text(lines, encoding="utf-8")
    (project.folder / "c.csv").write_text(
        f'email,name,"{text}"\n"{text}","{text}","{text}"\n{text}\n', encoding="utf-8"
    )
    (project.folder / "m.eml").write_bytes(
        b"Subject: " + text.encode() + b"\r\n" + text.encode() + b": x\r\n\r\nHello.\r\n"
    )
    for file in ("c.jsonl", "c.csv"):
        assert {} == heard(project, ("resolve", "sales", "--contacts", file), forms=("text", "json", "jsonl", "csv"))
        for more in (("--subject", "S", "--body", "B"), ("--message", "m.eml"), ("--subject", text, "--body", text)):
            for form in ("text", "json"):
                for number, last in enumerate((("--dry-run", f"d-{file}-{form}-{len(more)}-{len(more[1])}"), ())):
                    sent = project.run("send", "sales", "--contacts", file, *more, *last, "--format", form)
                    assert [] == speak_for_us(sent, form), (file, more, number)


def wordings(text: str) -> tuple[tuple[str, ...], ...]:
    """Return commands that are given a text where they want a name, a selector, a file or a value."""
    return (
        (text,), ("plan", text), (f"--{text}",), ("plan", "--depth", text), ("plan", "--format", text),
        ("accounts", "show", text), ("plan", "--target", text), ("verify", text), ("verify", "--recorded", text),
        ("approve", text), ("suspend", "sales", "--reason", text), ("history", text), ("journal", "redact", text),
        ("journal", "check", "--head", text), ("state", "revoke", text, "--route", text), ("state", "backup", f"x/{text}/y"),
        ("state", "rekey", "--new-key", text), ("plan", "--operator", text), ("plan", "--out", f"x/{text}/y"),
        ("apply", "--auto-approve", "--override-verification", f"{text}={text}"), ("resolve", text, "--contacts", "x"),
        ("accounts", "add", "marketing", text, "--email", text), ("accounts", "rename", text, text), ("accounts", "delete", text),
        ("--project-dir", text, "plan"), ("--project-file", text, "plan"), ("--state", text, "plan"),
        ("--state", f"sqlite:///{text}/x.db", "plan"), ("schema", text), ("completion", text), ("init", f"x/../{text}"),
    )  # fmt: skip


@pytest.mark.parametrize("text", [MARKUP, LINES], ids=["markup", "lines"])
def test_words_of_the_command_line(project: Project, server: MailServer, text: str) -> None:
    """Whoever has a pipeline pass a title or a branch on is quoted where it is of no use."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    for words in wordings(text):
        assert [] == speak_for_us(project.run(*words), "text"), words


@pytest.mark.parametrize("text", [MARKUP, LINES], ids=["markup", "lines"])
def test_the_environment(project: Project, server: MailServer, text: str) -> None:
    """What CI says of who started the run, and variables that are of no use, are text; a secret's value is not told."""
    project.write_account("sales", own_account("sales", server))
    for variable in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        project.set_variable(variable, text)
    project.set_variable("GITHUB_ACTIONS", "true")
    project.run_well("apply", "--auto-approve", "--trust-project", "--reference", text)
    assert {} == heard(project, *RECORDED)
    for variable in ("RECONCILER_OPERATOR", "RECONCILER_STATE", "RECONCILER_PLAN_KEY"):
        project.set_variable(variable, text)
        assert {} == heard(project, ("plan", "--trust-project"), forms=PLAN_FORMS)
        project.unset_variable(variable)
    project.set_variable("SMTP_SALES_PASSWORD", text)
    told = {
        words: project.run(*words, "--trust-project") for words in (("plan",), ("verify",), ("verify", "--recorded"))
    }
    assert {} == {words: spoken for words, each in told.items() if (spoken := speak_for_us(each, "text"))}
    assert [] == [words for words, each in told.items() if "OWNED" in each.out + each.err]


@pytest.mark.parametrize("text", [MARKUP, ANYTHING], ids=["markup", "all"])
def test_a_plan_file(project: Project, text: str) -> None:
    """A plan that somebody made up says what it likes, as text."""
    write_plan(project.folder / "plan.json", hostile_saved_plan(text))
    assert {} == heard(project, ("show", "plan.json"), forms=PLAN_FORMS)
    for words in (("apply", "plan.json"), ("apply", "--auto-approve", "--reviewed", "plan.json")):
        assert [] == speak_for_us(project.run(*words), "text")


def test_a_repository(project: Project, server: MailServer) -> None:
    """Branch, author and subject of a commit are not even read."""
    project.write_account("sales", own_account("sales", server))
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(project.folder.parent)}
    author = ("-c", f"user.name={MARKUP}", "-c", "user.email=x@example.com")
    for words in (
        ("init", "-q", "-b", "x-$(id)@everyone"),
        ("add", "accounts.d"),
        (*author, "commit", "-q", "-m", ANYTHING.replace("\x00", "")),
        ("remote", "add", "origin", "https://evil.invalid/%1b[2J/@everyone"),
    ):
        subprocess.run(["git", *words], cwd=project.folder, env=quiet, check=True, capture_output=True)
    outcome: Outcome = project.run_well("apply", "--auto-approve")
    assert [] == speak_for_us(outcome, "text")
    assert {} == heard(project, ("plan",), *RECORDED)
    told = json.dumps(project.run_well("history", "--format", "json").document)
    assert ("OWNED" in told, "everyone" in told) == (False, False)


def test_the_check_itself_hears() -> None:
    """Were one of these texts put out raw, in any form, it would be found."""
    from tests.cli.project import Outcome as Said

    for form in (*PLAN_FORMS, "csv"):
        for raw in (CONTROLS, LINES, "x\n" + MARKUP):
            assert [] != speak_for_us(Said(0, "" if form == "json" else raw, raw), form)
    assert [] != speak_for_us(Said(0, "x @everyone\n", ""), "markdown")
    assert [] != speak_for_us(Said(0, "<p><img src=x></p>", ""), "html")
    assert [] == speak_for_us(Said(0, "::error title=x::y ::error::OWNED\n", ""), "github")
    assert [] != speak_for_us(Said(0, "::error::OWNED\n", ""), "github")
