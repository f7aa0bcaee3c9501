"""A secret that cannot be read fails the verification of the accounts that need it, and of no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PASSWORD, Outcome, Project, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [f"a{number:02}" for number in range(20)]
LACKING = "a07"


def user(name: str) -> str:
    """Return the user name that an account logs in with."""
    return f"{name}@example.com"


def password(name: str) -> str:
    """Return the account's password; no two have the same, which would be known by value."""
    return f"{PASSWORD}-{name}"


def variable(name: str) -> str:
    """Return the variable that holds an account's password."""
    return f"SMTP_{name.upper()}"


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Run a mail server that knows twenty users."""
    with MailServer(encryption="none", users={user(name): password(name) for name in NAMES}) as running:
        yield running


@pytest.fixture
def fleet(project: Project, server: MailServer) -> Project:
    """Return a project of twenty accounts; the password of one is not there."""
    for name in NAMES:
        write(project, server, name)
        project.set_variable(variable(name), password(name))
    project.unset_variable(variable(LACKING))
    return project


def write(project: Project, server: MailServer, name: str, *, secret: str | None = None, more: str = "") -> None:
    """Write the manifest of an account that logs in as itself."""
    reference = secret or f"{{env: {variable(name)}}}"
    text = own_account(name, server, secret=reference, username=user(name))
    project.write_account(name, text + more)


def errors(outcome: Outcome) -> list[tuple[str, str | None]]:
    """Return code and subject of each error."""
    problems = outcome.document["diagnostics"]
    return [(each["code"], each["subject"]) for each in problems if each["severity"] == "error"]


def failed(document: dict[str, Any], within: str = "changes") -> dict[str, tuple[str, str, str]]:
    """Return, by account, step, class and code of the check that failed."""
    return {
        each["name"]: (check["check"], check["class"], check["code"])
        for each in document[within]
        for check in each["verification"]["checks"]
        if check["status"] == "failed"
    }


def test_one_missing_password_of_twenty_fails_one_account(fleet: Project, server: MailServer) -> None:
    """The others are planned and verified; the plan is blocked by that one, with 3, and says how to go on."""
    planned = fleet.run("plan", "--format", "json")
    document = planned.document
    assert 3 == planned.code
    assert "blocked" == document["status"]
    assert 20 == document["summary"]["create"]
    assert {LACKING: ("auth", "permanent", "secretMissing")} == failed(document)
    statuses = [each["verification"]["status"] for each in document["changes"]]
    assert 19 == statuses.count("passed")
    assert 1 == statuses.count("failed")
    assert 19 == server.login_attempts
    assert [("secretMissing", LACKING)] == errors(planned)
    told = fleet.run("plan")
    assert 3 == told.code
    assert "No plan could be made" not in told.out
    assert f"export {variable(LACKING)}=…" in told.err
    assert f"reconciler plan --exclude {LACKING}" in told.out
    assert "reconciler plan --hold-failing" in told.out


def test_the_account_can_be_left_out(fleet: Project) -> None:
    """--exclude plans the others; --hold-failing holds the one, in plan and in apply."""
    excluded = fleet.run("plan", "--exclude", LACKING, "--format", "json")
    assert (0, 19) == (excluded.code, excluded.document["summary"]["create"])
    held = fleet.run("plan", "--hold-failing", "--format", "json")
    assert 0 == held.code
    assert "ready" == held.document["status"]
    assert 1 == held.document["summary"]["held"]
    assert [] == errors(held)
    assert ["heldChange"] == [each["code"] for each in held.document["diagnostics"] if each["subject"] == LACKING]
    applied = fleet.run_well("apply", "--auto-approve", "--hold-failing", "--format", "json").document
    assert (19, 1) == (applied["summary"]["create"], applied["summary"]["held"])
    assert sorted(set(NAMES) - {LACKING}) == sorted(fleet.statuses())
    fleet.set_variable(variable(LACKING), password(LACKING))
    fleet.run_well("apply", "--auto-approve")
    assert {"active"} == {*fleet.statuses().values()}


def test_apply_records_nothing_while_one_lacks_its_secret(fleet: Project, server: MailServer) -> None:
    """A plan saved while the secret was there records nothing either; nobody else's message is sent in vain."""
    fleet.set_variable(variable(LACKING), password(LACKING))
    fleet.run_well("plan", "--out", "plan.json")
    fleet.unset_variable(variable(LACKING))
    fleet.forget_evidence()
    for words in (("plan.json",), ("--auto-approve",)):
        refused = fleet.run("apply", *words, "--format", "json")
        assert 3 == refused.code
        assert [("secretMissing", LACKING)] == errors(refused)
        assert "refused" == refused.document["status"]
    assert {} == fleet.statuses()


def test_apply_of_a_saved_plan_contacts_nobody_where_one_would_fail(fleet: Project, server: MailServer) -> None:
    """What is missing is known before the first connection."""
    fleet.run("plan", "--depth", "offline", "--out", "plan.json")
    refused = fleet.run("apply", "plan.json", "--format", "json")
    assert 3 == refused.code
    assert [("secretMissing", LACKING)] == errors(refused)
    assert 0 == server.connections
    held = fleet.run_well("apply", "plan.json", "--hold-failing", "--format", "json").document
    assert (19, 1) == (held["summary"]["create"], held["summary"]["held"])


def test_a_saved_plan_is_applied_once_the_secret_is_there(fleet: Project) -> None:
    """A plan that was blocked by a missing secret is no dead end: apply looks again."""
    fleet.run("plan", "--out", "plan.json")
    fleet.set_variable(variable(LACKING), password(LACKING))
    fleet.run_well("apply", "plan.json")
    assert {"active"} == {*fleet.statuses().values()}


def test_verify_tells_the_account_among_the_others(fleet: Project, server: MailServer) -> None:
    """It stands with the others, failed; offline no secret is needed."""
    found = fleet.run("verify", "--format", "json")
    assert 3 == found.code
    assert 20 == len(found.document["accounts"])
    assert {LACKING: ("auth", "permanent", "secretMissing")} == failed(found.document, "accounts")
    assert ([("secretMissing", LACKING)], 19) == (errors(found), server.login_attempts)
    assert 0 == fleet.run("verify", "--depth", "offline").code
    assert 0 == fleet.run("plan", "--depth", "offline").code
    report = fleet.run("verify", "--format", "junit")
    assert (3, 1) == (report.code, report.out.count("<failure"))


def test_verify_recorded_fails_it_and_records_nothing_of_it(fleet: Project, server: MailServer) -> None:
    """A secret that is not here says nothing about the account, so its standing stays."""
    fleet.set_variable(variable(LACKING), password(LACKING))
    fleet.run_well("apply", "--auto-approve")
    fleet.unset_variable(variable(LACKING))
    before = server.login_attempts
    found = fleet.run("verify", "--recorded", "--format", "json")
    assert 3 == found.code
    assert {LACKING: ("auth", "permanent", "secretMissing")} == failed(found.document, "accounts")
    assert 19 == server.login_attempts - before
    assert {"active"} == {*fleet.statuses().values()}
    unchanged = fleet.run("plan", "--format", "json")
    assert 0 == unchanged.code
    assert "empty" == unchanged.document["status"]
    assert [] == errors(unchanged)


def test_a_shared_secret_is_one_cause(fleet: Project, server: MailServer) -> None:
    """Each account that needs the secret fails; it is told once, with their names."""
    for name in NAMES[:12]:
        write(fleet, server, name, secret="{env: SMTP_SHARED}")
    fleet.set_variable(variable(LACKING), password(LACKING))
    planned = fleet.run("plan", "--format", "json")
    assert 3 == planned.code
    assert [("secretMissing", "env:SMTP_SHARED")] == errors(planned)
    assert 12 == len(failed(planned.document))
    (problem,) = (each for each in planned.document["diagnostics"] if each["severity"] == "error")
    assert problem["detail"].startswith(
        "a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 2 more were not verified."
    )
    assert 1 == len(fleet.run("apply", "--auto-approve", "--format", "json").document["diagnostics"])


SOURCES = "sources: {all: {env: ALL_SECRETS, format: json}, each: {command: ['false', '{key}']}, none: {command: [no-such-program, '{key}']}}"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("{env: SMTP_EMPTY}", "secretInvalid"),
        ("{env: SMTP_LINES}", "secretInvalid"),
        ("{file: secrets/absent}", "secretMissing"),
        ("{file: secrets}", "secretMissing"),
        ("{file: secrets/empty}", "secretInvalid"),
        ("{all: absent}", "secretMissing"),
        ("{all: number}", "secretInvalid"),
        ("{each: x}", "secretSourceFailed"),
        ("{none: x}", "secretSourceFailed"),
    ],
)
def test_every_kind_of_unreadable_secret_fails_its_account_alone(
    fleet: Project, server: MailServer, reference: str, code: str
) -> None:
    """Whatever keeps a secret from being read, the code says which, and the others pass."""
    fleet.write_project(
        f"secrets: {{allow: ['env:SMTP_*', 'file:secrets**', 'all:*', 'each:*', 'none:*'], {SOURCES}}}\n"
    )
    fleet.set_variable("ALL_SECRETS", json.dumps({"number": 1}))
    fleet.set_variable("SMTP_EMPTY", "")
    fleet.set_variable("SMTP_LINES", "two\nlines")
    (fleet.folder / "secrets").mkdir()
    (fleet.folder / "secrets" / "empty").write_text("", encoding="utf-8")
    write(fleet, server, LACKING, secret=reference)
    for command, within in (("plan", "changes"), ("verify", "accounts")):
        found = fleet.run(command, "--format", "json")
        assert (3, {LACKING: ("auth", "permanent", code)}) == (found.code, failed(found.document, within))
        assert [(code, LACKING)] == errors(found)
    assert 3 == fleet.run("apply", "--auto-approve").code
    fleet.run_well("plan", "--exclude", LACKING)


def test_a_source_of_many_that_fails_is_one_cause(fleet: Project, server: MailServer) -> None:
    """All accounts of the source fail, the others pass; it is told once."""
    fleet.write_project(f"secrets: {{allow: ['env:SMTP_*', 'all:*'], {SOURCES}}}\n")
    fleet.set_variable("ALL_SECRETS", "no JSON")
    for name in NAMES[:12]:
        write(fleet, server, name, secret=f"{{all: {name}}}")
    planned = fleet.run("plan", "--format", "json")
    assert (3, [("secretSourceFailed", "secrets.sources.all"), 12, 8]) == (
        planned.code,
        [*errors(planned), len(failed(planned.document)), server.login_attempts],
    )


@pytest.mark.parametrize("words", [("plan",), ("verify",), ("apply", "--auto-approve"), ("plan", "--hold-failing")])
def test_what_may_not_be_read_stays_an_error(fleet: Project, server: MailServer, words: tuple[str, ...]) -> None:
    """A secret outside secrets.allow is a fault of the manifests, and nothing is done."""
    write(fleet, server, LACKING, secret="{env: OTHER_PASSWORD}")
    refused = fleet.run(*words, "--format", "json")
    assert 1 == refused.code
    assert ["secretNotAllowed"] == refused.codes
    assert 0 == server.connections


def test_the_proxy_s_password_fails_the_proxy(fleet: Project, server: MailServer) -> None:
    """The step that needs the secret is the one that fails."""
    proxy = "  proxy: {type: http, host: localhost, port: 9, username: m, password: {env: SMTP_PROXY}}\n"
    write(fleet, server, LACKING, more=proxy)
    fleet.set_variable(variable(LACKING), password(LACKING))
    planned = fleet.run("plan", "--format", "json")
    assert {LACKING: ("proxy", "permanent", "secretMissing")} == failed(planned.document)


def test_an_override_records_no_secret_that_nobody_has_read(fleet: Project) -> None:
    """Without its fingerprint the value could be another account's, and its route would count as known from then on."""
    fleet.run("plan", "--out", "plan.json")
    override = ("--override-verification", f"{LACKING}=migration night")
    for words in (("plan.json",), ("--auto-approve",)):
        refused = fleet.run("apply", *words, *override, "--format", "json")
        assert (3, [("secretMissing", LACKING)]) == (refused.code, errors(refused))
    assert {} == fleet.statuses()


def test_an_override_keeps_a_secret_that_state_knows(fleet: Project, server: MailServer) -> None:
    """An account that is recorded with the secret's fingerprint keeps it, so nothing new is opened."""
    fleet.set_variable(variable(LACKING), password(LACKING))
    fleet.run_well("apply", "--auto-approve")
    fleet.unset_variable(variable(LACKING))
    text = own_account(
        LACKING, server, secret=f"{{env: {variable(LACKING)}}}", username=user(LACKING), display_name="New"
    )
    fleet.write_account(LACKING, text)
    assert 3 == fleet.run("plan").code
    fleet.run_well("apply", "--auto-approve", "--override-verification", f"{LACKING}=migration night")
    assert "unverified" == fleet.statuses()[LACKING]


def test_an_account_that_only_gets_a_label_needs_no_secret(fleet: Project, server: MailServer) -> None:
    """What was verified stands, so a missing secret is a warning."""
    fleet.set_variable(variable(LACKING), password(LACKING))
    fleet.run_well("apply", "--auto-approve")
    fleet.unset_variable(variable(LACKING))
    text = own_account(LACKING, server, secret=f"{{env: {variable(LACKING)}}}", username=user(LACKING))
    fleet.write_account(LACKING, text.replace("metadata: {", "metadata: {labels: {team: north}, ", 1))
    planned = fleet.run("plan", "--format", "json")
    assert (0, ["warning secretMissing"]) == (
        planned.code,
        [f"{each['severity']} {each['code']}" for each in planned.document["diagnostics"]],
    )


def test_an_account_that_stays_offline_needs_no_secret(fleet: Project) -> None:
    """Where the project lets an account be recorded unverified, its secret may be elsewhere."""
    exception = f"{{verification: [{LACKING}], depth: offline, until: 2999-01-31, reason: reachable from there only}}"
    fleet.write_project(f"guards: {{exceptions: [{exception}]}}\n")
    planned = fleet.run("plan", "--format", "json")
    assert (0, []) == (planned.code, errors(planned))
    assert 0 == fleet.run("verify").code
    fleet.run_well("apply", "--auto-approve")
    assert "unverified" == fleet.statuses()[LACKING]
    assert 0 == fleet.run("verify", "--recorded").code
