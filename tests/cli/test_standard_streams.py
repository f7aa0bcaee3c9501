"""- is standard input or output wherever a file is named; what machines read of plans and nightly verifications."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.cli.mailing import EML
from tests.cli.project import VARIABLE, Project, command, environment, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from tests.support.certificates import TestCA


def run(project: Project, words: tuple[str, ...], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command as a process, with octets as its standard input; it must end with 0."""
    ran = subprocess.run(
        command(*words), cwd=project.folder, env=environment(), input=given, capture_output=True, check=False
    )
    assert 0 == ran.returncode, ran
    return ran


def test_a_backup_goes_through_a_pipe(project: Project, server: MailServer) -> None:
    """The copy is all there is on stdout, and is put back from stdin."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    copied = run(project, ("state", "backup", "-"))
    assert copied.stdout.startswith(b"SQLite format 3")
    assert b"The copy has revision 1" in copied.stderr
    project.run_well("suspend", "sales", "--reason", "for now")
    run(project, ("state", "restore", "-", "--allow-older"), copied.stdout)
    assert {"sales": "active"} == project.statuses()


def test_a_message_is_read_from_standard_input(sending: Project, server: MailServer) -> None:
    """``send --message -`` and ``--body-file -`` send what is piped in."""
    words = ("send", "sales", "--contacts", "contacts.csv", "--limit", "1", "--results")
    run(sending, (*words, "one.jsonl", "--message", "-"), EML.encode())
    run(sending, (*words, "two.jsonl", "--subject", "Closed", "--body-file", "-"), b"Until Monday.\n")
    first, second = [message.content for message in server.messages]
    assert b"X-Campaign: june" in first
    assert b"Until Monday." in second


def test_metrics_are_written_by_the_nightly_verification(project: Project, server: MailServer) -> None:
    """``verify --recorded --metrics`` writes how all stand after it, as status does; - puts it alone on stdout."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    project.set_variable(VARIABLE, "wrong")
    assert 3 == project.run("verify", "--recorded", "--metrics", "mail.prom").code
    written = (project.folder / "mail.prom").read_text(encoding="utf-8")
    assert 'reconciler_accounts{project="mail",status="failing"} 1\n' in written
    assert written.endswith("# EOF\n")
    alone = project.run("verify", "--recorded", "--metrics", "-")
    assert alone.out.startswith("# TYPE reconciler_accounts gauge\n")
    assert project.run("status", "--metrics", "-").out.startswith("# TYPE reconciler_accounts gauge\n")


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--metrics", "mail.prom"),
        ("verify", "--recorded", "--metrics", "-", "--format", "json"),
        ("state", "backup", "-", "--format", "json"),
    ],
)
def test_two_documents_on_one_stream_are_refused(project: Project, words: tuple[str, ...]) -> None:
    """A command line that would mix them is an error, before anything is done."""
    assert 1 == project.run(*words).code


def test_a_plan_is_a_report_for_scanners_and_ci_systems(project: Project) -> None:
    """SARIF and code quality have a finding at the manifest of the account that fails, JUnit a case for each check."""
    with MailServer(encryption="none", users={"somebody@example.com": "else"}) as server:
        project.write_account("sales", own_account("sales", server))
        results = project.run("plan", "--format", "sarif").document["runs"][0]["results"]
        quality = json.loads(project.run("plan", "--format", "codequality").out)
        cases = ET.fromstring(project.run("plan", "--format", "junit").out).iter("testcase")  # noqa: S314 - our own
    (failed,) = [each for each in results if each["ruleId"] == "verificationFailed"]
    place = failed["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("accounts.d/sales.yaml")
    assert ["accounts.d/sales.yaml"] == [
        each["location"]["path"][-21:] for each in quality if each["check_name"] == "verificationFailed"
    ]
    assert ["auth"] == [case.get("name") for case in cases if case.find("failure") is not None]


def test_the_certificate_of_a_server_goes_to_standard_output(project: Project, ca: TestCA) -> None:
    """``ca fetch --out -`` writes the PEM alone; what it says stands on stderr."""
    with MailServer(tls_context=ca.server_context("localhost")) as server:
        fetched = run(project, ("ca", "fetch", f"localhost:{server.port}", "--out", "-"))
    assert fetched.stdout.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert b"sha256:" in fetched.stderr


def test_an_account_that_nobody_owns_is_shared_and_told(project: Project) -> None:
    """Without a terminal too ``accounts add`` writes nothing that is warned of at once."""
    words = ("accounts", "add", "own", "sales", "--email", "sales@example.com", "--display-name", "Sales")
    added = project.run_well(*words, "--host", "smtp.example.com", "--username", "sales")
    assert "Without an owner it is shown to everybody: shared: true." in " ".join(added.err.split())
    assert [] == project.run_well("validate", "--format", "json").codes


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--out"), ("state", "backup", "--force"), ("status", "--metrics"), ("verify", "--recorded", "--metrics"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_pipe_or_device_is_replaced_by_a_file(project: Project, server: MailServer, words: tuple[str, ...]) -> None:
    """Whoever writes to /dev/null as root would else take it from everybody: it is told, and stays what it is."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    pipe = project.folder / "pipe"
    os.mkfifo(pipe)
    told = project.run(*words, str(pipe))
    assert told.code == 1
    assert "something there that is not a regular file" in " ".join(told.err.split())
    assert pipe.is_fifo()
    assert [] == list(project.folder.glob(".pipe.*"))
