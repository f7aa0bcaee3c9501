"""``resolve``: who each contact would see, in every form, from state alone, in bounded memory."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.model.schema.schemas import SCHEMAS
from tests.cli.project import Project, command, environment, marketing_account, own_account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

_OVERRIDES = (
    "  overrideFrom: {emailDetail: keeper_email, displayNameDetail: keeper_name}\n"
    "  overrideTo: {emailDetail: billing_email, onInvalid: skip}\n"
)
_CONTACTS = (
    "email,name,keeper_email,keeper_name,billing_email\n"
    "anna@example.org,Anna,kasia@example.com,Kasia,\n"
    "ben@example.org,Ben,ola@example.net,,bills@example.org\n"
    "cecylia@example.org,,,,\n"
    'dora@example.org,Dora,,,"a@b.example, c@d.example"\n'
    "nobody,,,,\n"
)
_SUMMARY = {"send": 3, "skip": 2, "overridden": 2, "fallback": 3, "invalid": 2, "unaligned": 1, "broken": 0}


@pytest.fixture
def resolving(project: Project) -> Project:
    """Return a project with an approved marketing account that overrides both, and a contacts file."""
    project.write_account("news", marketing_account("news") + _OVERRIDES)
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "news")
    _write(project, _CONTACTS)
    return project


def _write(project: Project, text: str, name: str = "contacts.csv") -> Path:
    path = project.folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _require_valid(document: dict[str, Any]) -> None:
    Draft202012Validator(SCHEMAS["resolution.schema.json"]()).validate(document)


def test_json_is_the_document_of_the_contract(resolving: Project) -> None:
    """JSON has each contact in the order of the file, the counts, and follows the published schema."""
    document = resolving.run_well("resolve", "news", "--contacts", "contacts.csv", "--format", "json").document
    _require_valid(document)
    assert ["formatVersion", "account", "contacts", "summary", "diagnostics"] == list(document)
    assert "news" == document["account"]
    assert _SUMMARY == document["summary"]
    assert [] == document["diagnostics"]
    outcomes = [(each["contact"], each["outcome"]) for each in document["contacts"]]
    assert [
        ("anna@example.org", "send"),
        ("ben@example.org", "send"),
        ("cecylia@example.org", "send"),
        ("dora@example.org", "skip"),
        ("nobody", "skip"),
    ] == outcomes
    anna, ben = document["contacts"][:2]
    assert {"email": "kasia@example.com", "displayName": "Kasia"} == anna["from"]
    assert {"email": "anna@example.org", "displayName": "Anna"} == anna["to"]
    assert {"email": "office@example.com", "displayName": "Example Office"} == anna["replyTo"]
    assert "news@example.com" == anna["envelopeFrom"]
    assert {"email": "bills@example.org", "displayName": "Ben"} == ben["to"]
    assert {"unaligned", "addresseeOverridden", "mixedIdentity"} <= {each["code"] for each in ben["reasons"]}


def test_the_forms_say_the_same(resolving: Project) -> None:
    """JSON lines are the document's contacts; CSV has a line for each; their counts go to stderr."""
    words = ("resolve", "news", "--contacts", "contacts.csv", "--format")
    document = resolving.run_well(*words, "json").document
    lines = resolving.run_well(*words, "jsonl")
    assert document["contacts"] == [json.loads(line) for line in lines.out.splitlines()]
    table = resolving.run_well(*words, "csv")
    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert [each["contact"] for each in document["contacts"]] == [row["contact"] for row in rows]
    assert [(each["from"] or {}).get("email", "") for each in document["contacts"]] == [
        row["fromEmail"] for row in rows
    ]
    counts = resolving.run_well(*words, "text").out.rpartition("\n\n")[2]
    assert (counts, counts) == (lines.err, table.err)


def test_text_tells_who_and_why_and_ends_with_counts(resolving: Project) -> None:
    """The text names each header and each reason, and the counts are the last lines."""
    told = resolving.run_well("resolve", "news", "--contacts", "contacts.csv")
    assert "" == told.err
    expected = (
        "ben@example.org (line 3)\n"
        "  From      Example News <ola@example.net>\n"
        "  Sender    Example News <news@example.com>\n"
        "  To        Ben <bills@example.org>\n"
        "  Reply-To  Example Office <office@example.com>\n"
        "    - From: Taken from the detail keeper_email.\n"
    )
    assert expected in told.out
    assert told.out.endswith(
        "5 contacts\n"
        "  3  would be sent\n"
        "  2    as the contact's own sender\n"
        "  3    fell back to an own value\n"
        "  1    From outside the account's domain\n"
        "  2  would be skipped\n"
        "  2  have a value that cannot be used\n"
    )


def test_an_own_account_resolves_to_itself(project: Project, server: MailServer) -> None:
    """An own account has no overrides, so everybody sees its own sender; JSON lines are read too."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    _write(project, '{"email": "anna@example.org", "details": {"keeper_email": "x@y.example"}}\n', "contacts.jsonl")
    project.unset_variable("SMTP_SALES_PASSWORD")
    document = project.run_well("resolve", "sales", "--contacts", "contacts.jsonl", "--format", "json").document
    (anna,) = document["contacts"]
    assert {"email": "sales@example.com", "displayName": "Example Sales"} == anna["from"]
    assert (None, anna["from"]) == (anna["sender"], anna["replyTo"])


def test_an_unknown_account_is_an_error_with_the_nearest_name(resolving: Project) -> None:
    """A misspelt name is exit code 1, one error document, and nothing on stdout but that."""
    refused = resolving.run("resolve", "newz", "--contacts", "contacts.csv")
    assert (1, "") == (refused.code, refused.out)
    assert "Did you mean news?" in refused.err
    document = resolving.run("resolve", "newz", "--contacts", "contacts.csv", "--format", "json").document
    _require_valid(document)
    assert ["unknownAccount"] == [each["code"] for each in document["diagnostics"]]


@pytest.mark.parametrize(
    ("text", "code"), [(None, "fileUnreadable"), ("name\nAnna\n", "contactsInvalid"), ("[{}]", "contactsInvalid")]
)
def test_a_file_that_cannot_be_used_is_an_error(resolving: Project, text: str | None, code: str) -> None:
    """A missing file and one without an email column are exit code 1, before anything is printed."""
    if text is not None:
        _write(resolving, text, "other")
    for form in ("text", "jsonl", "csv"):
        refused = resolving.run("resolve", "news", "--contacts", "other", "--format", form)
        assert 1 == refused.code
        assert "" == refused.out
        assert f"[{code}]" in refused.err
    refused = resolving.run("resolve", "news", "--contacts", "other", "--format", "json")
    assert (1, [code]) == (refused.code, refused.codes)


def test_an_account_that_is_not_active_still_resolves(resolving: Project) -> None:
    """A suspended account is resolved, with a note that it would not send; the exit code stays 0."""
    resolving.run_well("suspend", "news", "--reason", "stop")
    told = resolving.run_well("resolve", "news", "--contacts", "contacts.csv")
    assert "[accountNotActive]" in told.err
    assert "stop" in told.err
    document = resolving.run_well("resolve", "news", "--contacts", "contacts.csv", "--format", "json").document
    assert ["accountNotActive"] == [each["code"] for each in document["diagnostics"]]


@pytest.mark.parametrize(
    ("header", "told"), [("email,Name", "Name"), ("email,Full name", "Full name"), ("email,NAME", "NAME")]
)
def test_names_that_count_as_a_detail_are_told(resolving: Project, header: str, told: str) -> None:
    """A column that is called otherwise than name would leave everybody without one: send tells it before, resolve after."""
    _write(resolving, f"{header}\nanna@example.org,Anna\n")
    (resolving.folder / "june.eml").write_text("Subject: June\n\nHello.\n", encoding="utf-8")
    words = ("news", "--contacts", "contacts.csv", "--format", "json")
    for document in (
        resolving.run_well("resolve", *words).document,
        resolving.run("send", *words, "--message", "june.eml", "--dry-run", f"drafts {told}").document,
    ):
        problems = {each["code"]: each["detail"] for each in document["diagnostics"]}
        assert f"what it calls {told} is a detail" in problems["nameNeverPresent"]


@pytest.mark.parametrize("header", ["email,name,Name", "email,keeper_name", "email,company name"])
def test_details_that_are_no_names_are_not_told(resolving: Project, header: str) -> None:
    """Beside a column name, or where the account uses the detail, nothing is amiss."""
    _write(resolving, f"{header}\nanna@example.org{',Anna' * header.count(',')}\n")
    assert "[nameNeverPresent]" not in resolving.run_well("resolve", "news", "--contacts", "contacts.csv").err


def test_a_detail_that_no_contact_has_is_told(resolving: Project) -> None:
    """A misspelt detail or column would silently fall back for everybody: a warning names it and the nearest one."""
    _write(resolving, _CONTACTS.replace("keeper_email", "keeper_mail"))
    told = resolving.run_well("resolve", "news", "--contacts", "contacts.csv")
    assert "[detailNeverPresent]" in told.err
    assert "Did you mean keeper_mail?" in " ".join(told.err.split())
    _write(resolving, "email\n")
    assert "" == resolving.run_well("resolve", "news", "--contacts", "contacts.csv").err


def test_broken_lines_are_told_and_do_not_stop_the_rest(resolving: Project) -> None:
    """Each broken line is told with its place, the other contacts are resolved, and the exit code is 1."""
    _write(resolving, _CONTACTS.replace("cecylia@example.org,,,,", 'cecylia@example.org,"x'))
    told = resolving.run("resolve", "news", "--contacts", "contacts.csv")
    assert 1 == told.code
    assert " --> contacts.csv:4\n" in told.err
    assert "nobody (line 6)" in told.out
    assert told.out.endswith("  1  line could not be read\n")
    outcome = resolving.run("resolve", "news", "--contacts", "contacts.csv", "--format", "json")
    _require_valid(outcome.document)
    assert 1 == outcome.code
    assert ["contactUnreadable"] == outcome.codes
    assert 1 == outcome.document["summary"]["broken"]


def test_many_broken_lines_are_counted(resolving: Project) -> None:
    """Of very many broken lines the first hundred are told, and how many there are."""
    _write(resolving, "email,name\n" + "x\n" * 1234 + "anna@example.org,Anna\n")
    outcome = resolving.run("resolve", "news", "--contacts", "contacts.csv", "--format", "json")
    broken = [each for each in outcome.document["diagnostics"] if each["code"] == "contactUnreadable"]
    assert 1 == outcome.code
    assert 101 == len(broken)
    assert 1234 == outcome.document["summary"]["broken"]
    assert "1,234 lines" in broken[-1]["detail"]


def test_cards_cannot_steer_who_looks_at_them(resolving: Project) -> None:
    """Control characters, log commands and formulas of a card reach neither terminal, CI log nor spreadsheet."""
    steering = '"\x1b[2J\x9b\u202e","\n::error::x\n##[group]y",=1+1@example.com,"=HYPERLINK(""x"")",\n'
    _write(resolving, "email,name,keeper_email,keeper_name,billing_email\n" + steering + '=1@example.org,"@x",,,\n')
    for form in ("text", "json", "jsonl", "csv"):
        told = resolving.run_well("resolve", "news", "--contacts", "contacts.csv", "--format", form)
        assert not set("\x1b\x9b\u202e") & set(told.out + told.err)
        assert not [line for line in told.out.splitlines() if line.startswith(("::", "##["))]
        if form == "csv":
            cells = [cell for row in csv.reader(io.StringIO(told.out)) for cell in row]
            assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_standard_input_is_read(resolving: Project) -> None:
    """A hyphen reads the contacts from standard input."""
    finished = subprocess.run(
        command("resolve", "news", "--contacts", "-", "--format", "json"),
        cwd=resolving.folder,
        env=environment(),
        input=_CONTACTS.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert _SUMMARY == json.loads(finished.stdout)["summary"]


def test_whoever_stops_reading_is_not_told_a_traceback(resolving: Project) -> None:
    """A reader that goes away, as head does, ends the command quietly."""
    _write(resolving, "email\n" + "".join(f"a{number}@example.org\n" for number in range(20_000)))
    with subprocess.Popen(
        command("resolve", "news", "--contacts", "contacts.csv", "--format", "jsonl"),
        cwd=resolving.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        told = running.stderr.read()
    assert (1, b"") == (running.returncode, told)


_MEASURE = (
    "import resource, subprocess, sys\n"
    "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
)
"""A small process between, since a child begins with what its parent had taken."""


def _peak_kibibytes(project: Project, *words: str) -> int:
    """Run a command as a process, its output thrown away, and return the most memory that it took."""
    finished = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command(*words)],
        cwd=project.folder,
        env=environment(),
        capture_output=True,
        check=True,
        timeout=300,
    )
    return int(finished.stdout)


def test_memory_does_not_grow_with_the_file(resolving: Project) -> None:
    """Four times as many contacts take no more memory, bar what caches of fixed size hold."""
    peaks = []
    for count in (10_000, 40_000):
        rows = (
            f"a{number}@example.org,Anna {number},kasia{number % 99}@example.com,Kaśka,\n" for number in range(count)
        )
        _write(resolving, _CONTACTS.partition("\n")[0] + "\n" + "".join(rows))
        peaks.append(_peak_kibibytes(resolving, "resolve", "news", "--contacts", "contacts.csv", "--format", "json"))
    few, many = peaks
    assert many - few < 4 * 1024
