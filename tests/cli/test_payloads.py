"""What every verb writes into the journal, against payloads that the version before their classes wrote."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.cli.mailing import words
from tests.cli.project import PASSWORD, VARIABLE, Project, own_account
from tests.kept import FIRST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

KEPT = FIRST / "payloads.jsonl"
VERSION_1 = FIRST / "state-1.sql"
_VARIABLE = (
    (re.compile(r'"routeRegister":"[^"]*",'), ""),
    (re.compile(r"[0-9a-f]{64}"), "<digest>"),
    (re.compile(r'"(_?salt|[a-z]+KeyId|fingerprint_key_id)":"[^"]+"'), r'"\1":"<random>"'),
    (re.compile(r'"run":"[0-9a-f]{32}"'), '"run":"<random>"'),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r'"actor":"[^"]+","actorSource":"login"'), '"actor":"<user>","actorSource":"login"'),
    (re.compile(r'"reason":"auth: (?:[^"\\]|\\.)*"'), '"reason":"auth: <sentence>"'),
    (re.compile(r'"seconds":[0-9.]+'), '"seconds":<time>'),
    (re.compile(r"\b[1-9]\d{4}\b"), "<port>"),
    (re.compile(r'"after":\d,"before":1'), '"after":<format>,"before":1'),
    (re.compile(r'"accountParts":\{.*?\}\}'), '"accountParts":<parts>'),
    (re.compile(r'"(routeDigests|forgottenRoutes)":\[[^]]*\]'), r'"\1":<digests>'),
)  # fmt: skip
"""What is another in each run, digests, salts, times and ports; and what the store adds since, beside what verbs tell."""


def settled(text: str) -> str:
    """Return a payload's text with a mark in the place of what is another in each run."""
    for pattern, mark in _VARIABLE:
        text = pattern.sub(mark, text)
    return text


def written(state: Path) -> list[tuple[str, str]]:
    """Return event and payload, as text, of every entry of a state."""
    query = "SELECT event, payload FROM journal JOIN journal_payloads USING (project, sequence) ORDER BY sequence"
    with closing(sqlite3.connect(state)) as connection:
        return [(event, payload) for event, payload in connection.execute(query)]


def live(project: Project, server: MailServer) -> list[tuple[str, str]]:
    """Let everything happen that the journal tells of, and return what it holds."""
    run = project.run_well
    run("suspend", "sales", "--reason", "spam complaints", "--actor", "anna")
    run("resume", "sales", "--actor", "anna")
    run("reject", "news", "--reason", "not yet", "--actor", "anna")
    run("approve", "news", "--if-revision", "1", "--actor", "anna")
    run(*words("sales", "--limit", "1", "--actor", "anna"))
    project.run(*words("news", "--actor", "anna"))
    run("verify", "--recorded", "--trust-project")
    project.set_variable(VARIABLE, "wrong")
    project.run("verify", "--recorded")
    project.set_variable(VARIABLE, PASSWORD)
    project.execute_sql("UPDATE accounts SET manifest = 'accounts.d/other.yaml' WHERE name = 'sales'")
    run("verify", "--recorded", "--accept-altered", "sales=moved by hand")
    (project.folder / "backup.db").unlink(missing_ok=True)
    run("state", "backup", "backup.db")
    project.write_account("more", own_account("more", server, display_name="More"))
    project.write_account("spare", own_account("spare", server, secret="{env: SMTP_ABSENT}"))
    run("apply", "--auto-approve", "--target", "more", "--exclude", "spare", "--actor", "anna", "--hold-failing", "--depth", "connect")  # fmt: skip
    project.remove_account("spare")
    project.write_account("more", own_account("more", server, display_name="Less"))
    project.set_variable(VARIABLE, "wrong")
    run("apply", "--auto-approve", "--actor", "anna", "--override-verification", "more=provider is down", "--reference", "https://example.com/pull/7", "--trust-project")  # fmt: skip
    project.set_variable(VARIABLE, PASSWORD)
    news = (project.folder / "accounts.d" / "news.yaml").read_text(encoding="utf-8")
    project.write_account("news", news.replace("Example News", "Other News"))
    project.remove_account("more")
    project.write_account("spare", own_account("spare", server, secret="{env: SMTP_SPARE_PASSWORD}"))
    run("plan", "--exclude", "spare", "--out", "plan.json")
    run("apply", "--auto-approve", "--exclude", "spare", "--reviewed", "plan.json", "--actor", "anna")
    run("approve", "news", "--actor", "anna")
    project.set_variable("SMTP_SPARE_PASSWORD", "never read")
    run("plan", "--depth", "offline", "--out", "plan.json")
    run("apply", "plan.json", "--depth", "offline", "--actor", "anna")
    for name in ("spare", "sales", "news"):
        project.remove_account(name)
    run("apply", "--auto-approve", "--actor", "anna", "--allow-deletes", "3")
    told = written(project.state_file)
    run("journal", "redact", "more", "--reason", "asked for", "--actor", "anna")
    run("state", "revoke", f"env:{VARIABLE}", "--reason", "left the house", "--actor", "anna", "--route", f"localhost:{server.port}")  # fmt: skip
    run("state", "rekey", "--actor", "anna")
    told += written(project.state_file)[len(told) :]
    run("state", "restore", "backup.db", "--actor", "anna", "--allow-older", "--force")
    told += written(project.state_file)[-1:]
    project.state_file.unlink()
    with closing(sqlite3.connect(project.state_file)) as database:
        database.executescript(VERSION_1.read_text(encoding="utf-8"))
    project.state_file.chmod(0o600)
    run("state", "migrate", "--actor", "anna")
    return told + written(project.state_file)[-1:]


def kept() -> list[tuple[str, str]]:
    """Return event and payload of the kept entries, in their order."""
    lines = KEPT.read_text(encoding="utf-8").splitlines()
    # Publications came later; what they tell is in test_publish.
    return [(each["event"], each["payload"]) for each in map(json.loads, lines) if each["event"] != "publish"]


def test_every_verb_writes_the_text_that_it_always_wrote(sending: Project, server: MailServer) -> None:
    """The hash chain covers this text: but for digests, salts, times and ports it is the kept one, byte for byte."""
    now = [(event, settled(text)) for event, text in live(sending, server)]
    assert [(event, settled(text)) for event, text in kept()] == now
