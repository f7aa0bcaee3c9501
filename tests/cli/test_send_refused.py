"""What keeps messages from being sent at all: status, secrets, routes, files and contradictory words."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.mailing import CONTACTS, PLATFORM_PASSWORD, PLATFORM_USER, PLATFORM_VARIABLE, declare, words
from tests.cli.project import USER, marketing_account, own_account
from tests.support.mailserver import MailServer, Refusals

if TYPE_CHECKING:
    from tests.cli.project import Project


@pytest.mark.parametrize("status", ["pending", "rejected", "suspended", "failing", "unverified"])
def test_only_active_accounts_send(sending: Project, server: MailServer, platform: MailServer, status: str) -> None:
    """An account of any other status refuses, with its reason, and nothing is contacted."""
    name = "sales" if status in {"failing", "unverified"} else "news"
    if status == "pending":
        sending.write_account("news", marketing_account("news", email="other@example.com"))
        sending.run_well("apply", "--auto-approve")
    elif status == "rejected":
        sending.run_well("reject", "news", "--reason", "not ours")
    elif status == "suspended":
        sending.run_well("suspend", "news", "--reason", "The password has leaked.")
    elif status == "failing":
        server.refusals = Refusals(senders={USER: "553 5.7.1 not yours"})
        assert 3 == sending.run("verify", "sales", "--recorded").code
    else:
        server.refusals = Refusals(senders={"x@example.com": "553 5.7.1 not yours"})
        sending.write_account("sales", own_account("sales", server, email="x@example.com"))
        sending.run_well("apply", "--auto-approve", "--override-verification", "sales=because")
    assert status == sending.statuses()[name]
    contacted = (server.connections, platform.connections)
    refused = sending.run(*words(name, "--format", "json"))
    assert (4, ["accountNotActive"]) == (refused.code, refused.codes)
    assert f"{name} is {status}" in refused.document["diagnostics"][0]["detail"]
    assert contacted == (server.connections, platform.connections)
    assert not (sending.folder / ".reconciler" / "sending").exists()


def test_a_secret_travels_recorded_routes_only(sending: Project, platform: MailServer) -> None:
    """The platform's password does not go to a server that no apply has recorded; a missing one is an error."""
    sending.unset_variable(PLATFORM_VARIABLE)
    missing = sending.run(*words("news", "--format", "json"))
    assert (1, ["secretMissing"]) == (missing.code, missing.codes)
    sending.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}) as elsewhere:
        declare(sending, elsewhere)
        withheld = sending.run(*words("news", "--format", "json"))
        assert 4 == withheld.code
        assert ["credentialWithheld"] == withheld.codes
        assert 0 == elsewhere.connections
        assert PLATFORM_PASSWORD not in withheld.out + withheld.err
    declare(sending, None)
    none = sending.run(*words("news", "--format", "json"))
    assert (1, ["noPlatformServer"]) == (none.code, none.codes)
    declare(sending, platform, "verification: {servers: [smtp.example.com], domainChecks: off}\n")
    forbidden = sending.run(*words("news", "--format", "json"))
    assert (4, ["destinationForbidden"]) == (forbidden.code, forbidden.codes)
    declare(sending, platform)
    sending.key_file.unlink()
    keyless = sending.run(*words("news", "--format", "json"))
    assert (1, ["fingerprintKeyMissing"]) == (keyless.code, keyless.codes)
    assert [] == platform.messages


@pytest.mark.parametrize("login", ["", f", authentication: {{username: {PLATFORM_USER}, password: {{env: SMTP_NEW}}}}"])
def test_only_the_platform_that_was_verified_gets_messages(sending: Project, platform: MailServer, login: str) -> None:
    """Another server in the project file gets nothing, with a new secret or none, until the account is verified with it."""
    sending.set_variable("SMTP_NEW", "another-password")
    with MailServer(encryption="none", users={PLATFORM_USER: "another-password"}, requires_auth=False) as elsewhere:
        smtp = f"{{host: localhost, port: {elsewhere.port}, encryption: none{login}}}"
        sending.write_project(f"verification: {{domainChecks: off}}\nplatform:\n  smtp: {smtp}\n")
        refused = sending.run(*words("news", "--format", "json"))
        assert 4 == refused.code
        assert ["platformNotVerified"] == refused.codes
        assert 0 == elsewhere.connections
        sending.run_well("verify", "news", "--recorded")
        sending.run_well(*words())
        assert (4, 0) == (len(elsewhere.messages), len(platform.messages))


def test_another_key_of_the_fingerprints_is_no_other_server(sending: Project, platform: MailServer) -> None:
    """With a new key sending goes on; where the key could not be given to the platform's secret, once it is verified."""
    sending.run_well("state", "rekey")
    sending.run_well(*words("news", "--limit", "1"))
    sending.unset_variable(PLATFORM_VARIABLE)
    sending.run_well("state", "rekey")
    sending.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    refused = sending.run(*words("news", "--format", "json"))
    assert 4 == refused.code
    assert ["platformNotVerified"] == refused.codes
    assert 1 == len(platform.messages)
    sending.run_well("verify", "news", "--recorded")
    sending.run_well(*words())
    assert 4 == sum("@example.net" in each.recipients[0] for each in platform.messages)


def test_an_account_that_need_not_be_verified_sends(project: Project, platform: MailServer) -> None:
    """Where the project's guards leave a marketing account out of verification, there is no server to compare with."""
    exception = "{verification: [news], depth: offline, until: 2099-01-31, reason: reachable from elsewhere}"
    declare(project, platform, f"verification: {{domainChecks: off}}\nguards: {{exceptions: [{exception}]}}\n")
    project.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "news")
    (project.folder / "contacts.csv").write_text("email\none@example.net\n", encoding="utf-8")
    project.run_well("send", "news", "--contacts", "contacts.csv", "--subject", "June", "--body", "Hello.")
    assert 1 == len(platform.messages)


def test_a_rotated_password_of_the_platform_is_no_other_server(sending: Project, platform: MailServer) -> None:
    """Sending goes on with the new value at the same server."""
    platform.users[PLATFORM_USER] = "rotated"
    sending.set_variable(PLATFORM_VARIABLE, "rotated")
    sending.run_well(*words())
    assert 4 == len(platform.messages)


def test_in_ci_a_project_file_in_the_checkout_is_not_trusted(sending: Project, platform: MailServer) -> None:
    """Where CI is set no secret is read by the word of that file, unless somebody says that it may be; journaled."""
    contacted = platform.connections
    sending.set_variable("CI", "true")
    refused = sending.run(*words("news", "--format", "json"))
    assert 4 == refused.code
    assert ["projectNotTrusted"] == refused.codes
    assert contacted == platform.connections
    sending.run_well(*words("news", "--trust-project"))
    assert (4, True) == (len(platform.messages), sending.journal()[-1][1]["trustsProject"])


def test_a_secret_that_is_no_longer_allowed_is_not_read(sending: Project, server: MailServer) -> None:
    """What the project file forbids since the apply is an error, and the own account's server is not contacted."""
    contacted = server.connections
    sending.write_project("secrets: {allow: ['env:OTHER_*']}\n")
    refused = sending.run(*words("sales", "--format", "json"))
    assert 1 == refused.code
    assert ["secretNotAllowed"] == refused.codes
    assert contacted == server.connections


def test_a_state_that_git_tracks_is_refused(sending: Project, platform: MailServer) -> None:
    """Who put state into git chose where secrets may travel, so nothing is sent."""
    for more in (("init", "-q"), ("add", "-f", ".reconciler")):
        subprocess.run(["git", *more], cwd=sending.folder, check=True)
    refused = sending.run(*words("news", "--format", "json"))
    assert 4 == refused.code
    assert ["stateTracked"] == refused.codes
    assert [] == platform.messages


def test_results_that_cannot_be_kept_stop_before_anything_is_sent(sending: Project, platform: MailServer) -> None:
    """Where neither the usual folder nor the file that is named can be written, nobody gets anything."""
    (sending.folder / ".reconciler" / "sending").write_text("in the way", encoding="utf-8")
    for more in ((), ("--results", "missing/r.jsonl"), ("--results", "contacts.csv"), ("--results", ".")):
        refused = sending.run(*words("news", *more, "--format", "json"))
        assert 1 == refused.code, more
        assert ["resultsUnusable"] == refused.codes, more
        assert [] == platform.messages, more
    assert CONTACTS == (sending.folder / "contacts.csv").read_text(encoding="utf-8")


def test_a_wrong_password_stops_after_one_login(sending: Project, platform: MailServer) -> None:
    """An authentication failure stops the run: one attempt, exit code 3, nobody spent; no password in any output."""
    sending.set_variable(PLATFORM_VARIABLE, "canary-Wrong-51e8d2")
    before = platform.login_attempts
    stopped = sending.run(*words("news", "--format", "json"))
    assert (3, ["headersLeftOut", "sendStopped"]) == (stopped.code, stopped.codes)
    assert "stopped" == stopped.document["ending"]
    assert 0 == stopped.document["total"]["accepted"]
    assert before + 1 == platform.login_attempts
    detail = stopped.document["diagnostics"][-1]["detail"]
    assert "535 5.7.8 Error: authentication failed" in detail
    sending.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    sending.run_well(*words("news"))
    assert 4 == len(platform.messages)
    kept = b"".join(path.read_bytes() for path in sending.folder.rglob("*") if path.is_file())
    assert [] == [
        each
        for each in ("canary-Wrong-51e8d2", PLATFORM_PASSWORD)
        if each.encode() in kept or each in stopped.out + stopped.err
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('"canary-Wrong-51e8d2"', "quotation marks"),
        ("canary-Wrong-51e8d2 ", "a space"),
        ("${PLATFORM_CANARY}", "${…}"),
        ("abcd efgh ijkl mnop", "app password"),
    ],
)
def test_a_rejected_value_is_remarked_on_as_verify_does(sending: Project, value: str, told: str) -> None:
    """What is known of the value is told where sending stops too, and never the value."""
    sending.set_variable(PLATFORM_VARIABLE, value)
    stopped = sending.run(*words("news", "--format", "json"))
    detail = stopped.document["diagnostics"][-1]["detail"]
    assert (3, True) == (stopped.code, "Of the value that the password's reference leads to: " in detail), detail
    assert told in detail
    assert " It was sent by " in detail
    assert value.strip(' "') not in stopped.out + stopped.err


@pytest.mark.parametrize(
    "more",
    [
        ("--message", "june.eml", "--subject", "x"),
        ("--subject", "x"),
        ("--subject", "x", "--body", "y", "--body-file", "z"),
        ("--body", "y"),
        (),
        ("--message", "june.eml", "--rate", "fast"),
        ("--message", "june.eml", "--limit", "0"),
        ("--message", "june.eml", "--dry-run", "d", "--results", "r"),
    ],
)
def test_contradictory_options_are_refused(sending: Project, more: tuple[str, ...]) -> None:
    """What is unclear is asked for again rather than guessed."""
    refused = sending.run("send", "news", "--contacts", "contacts.csv", *more, "--format", "json")
    assert (1, ["badUsage"]) == (refused.code, refused.codes)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("june.eml", b"no message"), "messageInvalid"),
        (("june.eml", None), "fileUnreadable"),
        (("contacts.csv", None), "fileUnreadable"),
        (("contacts.csv", b"name\nOne\n"), "contactsInvalid"),
    ],
)
def test_what_cannot_be_read_is_told_before_anything_is_sent(
    sending: Project, platform: MailServer, change: tuple[str, bytes | None], code: str
) -> None:
    """A message or contacts file of no use is an error, and nobody gets anything."""
    name, content = change
    path = sending.folder / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    refused = sending.run(*words("news", "--format", "json"))
    assert 1 == refused.code
    assert code == refused.codes[-1]
    assert [] == platform.messages
