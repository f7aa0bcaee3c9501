"""What a plan tells beside its changes: approvals, stops, trouble already recorded, and secrets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import error
from reconciler.model.accounts.platform import PlatformServer
from reconciler.model.accounts.recorded import Approval, RecordedVerification, Suspension, approval_digest
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.servers.server import Server
from reconciler.rules.plan.make import make_plan
from reconciler.rules.plan.remarks import reused_evidence, unknown_operator
from reconciler.rules.verification.settings import settings_digest
from tests.rules.states import ANOTHER_KEY, KEY, NOW, desired_of, fingerprints_of, policy, project, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState

NAMES = [f"a{number:02}" for number in (7, 3, 11, 0, 9, 5, 1, 10, 8, 2, 6, 4)]
TEN = "a00, a01, a02, a03, a04, a05, a06, a07, a08, a09"


def marketing(*names: str, email: str = "n@example.com", extra: str = "") -> tuple[DesiredAccount, ...]:
    """Return marketing accounts."""
    return desired_of(
        "---\n".join(
            f"apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {{name: {name}{extra}}}\n"
            f"spec: {{email: {email}, displayName: N}}\n"
            for name in names
        )
    )


def own(name: str, password: str, *, title: str = "T") -> DesiredAccount:
    """Return an own account with a password."""
    (account,) = desired_of(
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}, title: {title}}}\nspec: {{email: "
        "a@example.com, displayName: A, smtp: {host: h.example.com, authentication: {username: a, "
        f"password: {{{password}}}}}}}}}\n"
    )
    return account


def changed(state: RecordedState, change: Callable[[RecordedAccount], RecordedAccount]) -> RecordedState:
    """Return the state with every account changed."""
    return replace(state, accounts={name: change(each) for name, each in state.accounts.items()})


def decided(account: RecordedAccount, decision: str = "approved") -> RecordedAccount:
    """Return the account as the platform decided on it."""
    subject = approval_digest(account.kind, account.settings)
    assert subject is not None
    written = {"decision": decision, "actor": "paula", "at": NOW, "subject_digest": subject}
    return replace(account, approval=Approval.model_validate(written, by_name=True))


def stopped(account: RecordedAccount) -> RecordedAccount:
    """Return the account suspended."""
    return replace(account, suspension=Suspension(reason="leak", actor="olga", at=NOW))


def told(desired: Sequence[DesiredAccount], recorded: RecordedState, **parts: Any) -> list[Diagnostic]:
    """Return what the plan tells."""
    return list(make_plan(desired, recorded, policy(**{"allow_deletes": 99, **parts})).problems)


@pytest.mark.parametrize(
    ("names", "listed", "subject"),
    [
        (["b"], "b since 2026-09-01 12:00 UTC.", "b"),
        (["b", "a"], "a since 2026-09-01 12:00 UTC, b since 2026-09-01 12:00 UTC.", None),
        (NAMES[:10], ", ".join(f"{name} since 2026-09-01 12:00 UTC" for name in sorted(NAMES[:10])) + ".", None),
        (
            NAMES[:11],
            ", ".join(f"{name} since 2026-09-01 12:00 UTC" for name in sorted(NAMES[:11])[:10]) + ", and 1 more.",
            None,
        ),
    ],
)
def test_who_waits_for_the_platform(names: list[str], listed: str, subject: str | None) -> None:
    """One note for all: ten by name, the others counted."""
    accounts = marketing(*names)
    (note,) = told(accounts, state_of(accounts))
    assert "note" == note.severity
    assert "awaitingApproval" == note.code
    assert subject == note.subject
    assert f"These wait for the platform's decision: {listed}" == note.detail


def test_the_longest_waiting_comes_first() -> None:
    """The order is that of the last change, not of names."""
    accounts = marketing("a", "b")
    state = state_of(accounts)
    later = replace(state.accounts["a"], updated_at=NOW + timedelta(hours=1))
    (note,) = told(accounts, replace(state, accounts={**state.accounts, "a": later}))
    assert note.detail.endswith(": b since 2026-09-01 12:00 UTC, a since 2026-09-01 13:00 UTC.")


@pytest.mark.parametrize(
    ("names", "listed", "subject"),
    [
        (["b"], "b.", "b"),
        (["b", "a"], "a, b.", None),
        (NAMES[:10], ", ".join(sorted(NAMES[:10])) + ".", None),
        (NAMES, f"{TEN}, and 2 more.", None),
    ],
)
def test_who_stays_suspended(names: list[str], listed: str, subject: str | None) -> None:
    """One note for all that are stopped, changed or not; ten by name, the others counted."""
    accounts = marketing(*names)
    (note,) = told(accounts, changed(state_of(accounts), stopped))
    assert "note" == note.severity
    assert "staysSuspended" == note.code
    assert subject == note.subject
    assert f"These are suspended and cannot send; an apply does not change that: {listed}" == note.detail
    relabelled = marketing(*names, extra=", labels: {a: b}")
    assert note in told(relabelled, changed(state_of(accounts), lambda each: decided(stopped(each))))


def test_a_stop_ends_with_its_account() -> None:
    """Each deleted account that is stopped is a warning, by name; the others stay stopped."""
    state = changed(state_of(marketing("c", "a", "b")), stopped)
    expected = [("warning", "suspensionEnds", "a"), ("warning", "suspensionEnds", "c"), ("note", "staysSuspended", "b")]
    problems = told(marketing("b"), state)
    assert expected == [(each.severity, each.code, each.subject) for each in problems]
    assert problems[0].detail.startswith("a is suspended (leak), and the stop goes with it: ")


def test_a_renamed_account_stays_stopped() -> None:
    """The stop is no deletion's."""
    state = changed(state_of(marketing("old")), lambda each: decided(stopped(each)))
    assert ["staysSuspended"] == [each.code for each in told(marketing("new", extra=", previousName: old"), state)]


def test_recorded_trouble_is_told_where_nothing_changes() -> None:
    """An account whose last verification failed is a warning with its reason, unless it changes here."""
    accounts = marketing("a")

    def failing(account: RecordedAccount) -> RecordedAccount:
        return replace(decided(account), verification=RecordedVerification(outcome="failed", reason="auth: refused"))

    (warning,) = told(accounts, changed(state_of(accounts), failing))
    assert "warning" == warning.severity
    assert "recordedFailing" == warning.code
    assert "a" == warning.subject
    assert "a does not change here, but its last verification failed: auth: refused" == warning.detail
    assert [] == told(marketing("a", extra=", labels: {a: b}"), changed(state_of(accounts), failing))


@pytest.mark.parametrize(
    ("approval", "outcome"),
    [
        ("manual", "after apply the account is pending until the platform decides again."),
        ("automatic", "apply approves the account as it will be, because the project file says approval: automatic."),
    ],
)
@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_decision_that_is_reset_is_told(approval: str, outcome: str, decision: str) -> None:
    """The warning says who decided what and when, and what becomes of the account."""
    state = changed(state_of(marketing("a")), lambda each: decided(each, decision))
    (warning,) = told(marketing("a", email="m@example.com"), state, project=project(platform={"approval": approval}))
    assert "warning" == warning.severity
    assert "approvalReset" == warning.code
    assert "a" == warning.subject
    assert (
        f"The platform has {decision} a as it is recorded (paula, 2026-09-01 12:00 UTC). The change alters what was "
        f"decided on, so {outcome}"
    ) == warning.detail


@pytest.mark.parametrize(
    ("names", "listed", "line", "subject"),
    [
        (["b"], "for b. ", "    reconciler verify b", "b"),
        (["b", "a"], "for a, b. ", "    reconciler verify", None),
        (NAMES[:10], ", ".join(sorted(NAMES[:10])) + ". ", "    reconciler verify", None),
        (NAMES, f"{TEN}, and 2 more. ", "    reconciler verify", None),
    ],
)
def test_evidence_that_was_reused_is_told(names: list[str], listed: str, line: str, subject: str | None) -> None:
    """One note for all, with how long evidence counts and the line that verifies anew."""
    (note,) = reused_evidence(names, 24)
    assert "note" == note.severity
    assert "evidenceReused" == note.code
    assert subject == note.subject
    assert ("less than 24 hours ago" in note.detail, listed in note.detail) == (True, True)
    assert line == note.detail.rpartition("\n")[2]
    assert [] == reused_evidence([], 24)


@pytest.mark.parametrize(
    ("names", "listed", "subject"),
    [
        (["b"], "b,", "b"),
        (["b", "a"], "a, b,", None),
        (NAMES[:10], ", ".join(sorted(NAMES[:10])) + ",", None),
        (NAMES, f"{TEN}, and 2 more,", None),
    ],
)
def test_a_test_message_for_nobody_is_told(names: list[str], listed: str, subject: str | None) -> None:
    """One warning for all accounts, with the line to write."""
    (warning,) = unknown_operator(names)
    assert "warning" == warning.severity
    assert "operatorUnknown" == warning.code
    assert subject == warning.subject
    assert f"before it records {listed} and nobody is named" in warning.detail
    assert "    operator: {email: you@example.com}" == warning.detail.rpartition("\n")[2]
    assert [] == unknown_operator([])


VALUES = {"env:SMTP_A": "one", "env:SMTP_B": "two"}
STEADY, MOVED = own("a", "env: SMTP_A"), own("b", "env: SMTP_B")


def secret_remarks(readings: SecretsRead, *, state: RecordedState | None = None) -> list[tuple[str, str, str | None]]:
    """Return severity, code and subject of what is told where b is relabelled and a is not."""
    recorded = state or state_of([STEADY, MOVED], VALUES)
    desired = [STEADY, own("b", "env: SMTP_B", title="other")]
    return [(each.severity, each.code, each.subject) for each in told(desired, recorded, secrets=readings)]


def test_secrets_that_cannot_be_read() -> None:
    """A warning where nothing needs one; one problem of a source is told once."""
    missing = {secret: error("secretMissing", f"{secret} is missing.", subject=secret) for secret in VALUES}
    both = SecretsRead(key=KEY, unreadable={**missing, "env:OTHER": error("secretMissing", "x")})
    assert [("warning", "secretMissing", "env:SMTP_A"), ("warning", "secretMissing", "env:SMTP_B")] == secret_remarks(
        both
    )
    source = error("secretMissing", "The source cannot be read.")
    one = SecretsRead(key=KEY, unreadable=dict.fromkeys(VALUES, source))
    assert [("warning", "secretMissing", None)] == secret_remarks(one)
    forbidden = {secret: error("secretNotAllowed", "x", subject=secret) for secret in VALUES}
    refused = SecretsRead(key=KEY, unreadable=forbidden)
    assert [
        ("error", "secretNotAllowed", "env:SMTP_B"),
        ("warning", "secretNotAllowed", "env:SMTP_A"),
    ] == secret_remarks(refused)


def test_secrets_that_cannot_be_read_are_told_in_order() -> None:
    """By reference, whatever the order of accounts."""
    references = [f"env:SMTP_{letter}" for letter in "HEDGACBF"]
    accounts = [own(f"a{number}", text.replace(":", ": ")) for number, text in enumerate(references)]
    unreadable = {text: error("secretMissing", text, subject=text) for text in references}
    readings = SecretsRead(key=KEY, unreadable=unreadable)
    problems = told(accounts, state_of(accounts), secrets=readings)
    assert sorted(references) == [each.subject for each in problems]
    assert [] == told(accounts, state_of([]), secrets=readings)
    forbidden = {text: error("secretNotAllowed", text, subject=text) for text in references}
    fresh = told(accounts, state_of([]), secrets=SecretsRead(key=KEY, unreadable=forbidden))
    assert sorted(references) == [each.subject for each in fresh]


def details(readings: SecretsRead, state: RecordedState) -> str:
    """Return the only thing told where nothing changes."""
    (problem,) = told([STEADY, MOVED], state, secrets=readings)
    return f"{problem.severity} {problem.code}: {problem.detail}"


def test_why_rotation_was_not_checked() -> None:
    """Nothing was read, the fingerprint key is missing, or it is another one; without secrets nothing is said."""
    state = state_of([STEADY, MOVED], VALUES, key_id="state-key")
    unread = SecretsRead(were_read=False)
    assert details(unread, state).startswith("note secretsNotRead: This plan read no secret, so it cannot tell ")
    assert details(SecretsRead(), state).startswith(
        "warning fingerprintKeyMissing: State was made with the fingerprint key state-key, and there is none here, "
    )
    assert details(SecretsRead(key=ANOTHER_KEY), state).startswith(
        f"warning fingerprintKeyChanged: State was made with the fingerprint key state-key; the one here is {ANOTHER_KEY.key_id}. "
    )
    accounts = marketing("a")
    approved = changed(state_of(accounts, key_id="state-key"), decided)
    assert [] == told(accounts, approved, secrets=unread)


@pytest.mark.parametrize(
    ("passed_over", "told_as"),
    [
        (["env:SMTP_A"], "1 secret of accounts that do not change would each need a command of their source (env), "),
        (
            ["vault:a", "env:SMTP_A", "env:SMTP_B"],
            "3 secrets of accounts that do not change would each need a command of their source (env, vault), ",
        ),
    ],
)
def test_what_was_passed_over(passed_over: list[str], told_as: str) -> None:
    """References that each cost a command are counted, their sources named, and the flag that looks at them."""
    state = state_of([STEADY, MOVED, own("c", "vault: a")], VALUES)
    readings = SecretsRead(
        key=KEY, fingerprints=fingerprints_of(VALUES), passed_over=frozenset([*passed_over, "env:UNUSED"])
    )
    (problem,) = told([STEADY, MOVED, own("c", "vault: a")], state, secrets=readings)
    assert "note" == problem.severity
    assert "secretsNotRead" == problem.code
    assert problem.subject is None
    assert problem.detail.startswith(told_as)
    assert problem.detail.endswith("\n    reconciler plan --rotations")


def platform(host: str = "p.example") -> PlatformServer:
    """Return the platform's server."""
    login = {"username": "p", "password": "env:SMTP_PLATFORM"}
    return PlatformServer(
        server=Server.model_validate({"host": host, "port": 587, "encryption": "starttls", "authentication": login})
    )


def test_the_platforms_secret_is_needed_where_a_marketing_account_is_verified() -> None:
    """Where it may not be read, it is an error then, and nothing where no marketing account needs evidence."""
    unreadable = {"env:SMTP_PLATFORM": error("secretNotAllowed", "x", subject="env:SMTP_PLATFORM")}
    parts = {"platform": platform(), "secrets": SecretsRead(key=KEY, unreadable=unreadable)}
    assert [("error", "secretNotAllowed")] == [
        (each.severity, each.code) for each in told(marketing("a"), state_of([]), **parts)
    ]
    both = told([*marketing("a"), own("b", "env: SMTP_B")], state_of([]), **parts)
    assert ["secretNotAllowed"] == [each.code for each in both]
    approved = changed(state_of(marketing("a")), decided)
    relabelled = marketing("a", extra=", labels: {a: b}")
    assert [] == [each for each in told(relabelled, approved, **parts) if each.code == "secretNotAllowed"]
    renewed = own("b", "env: SMTP_B")
    assert [] == [each for each in told([renewed], state_of([]), **parts) if each.code == "secretNotAllowed"]
    assert [] == told(marketing("a"), state_of([]), secrets=parts["secrets"])


def test_trouble_of_both_kinds_is_told() -> None:
    """Accounts that fail do not hide those that wait."""
    accounts = marketing("a", "b")
    state = state_of(accounts)
    failed = RecordedVerification(outcome="failed", reason="auth: refused")
    failing = replace(decided(state.accounts["a"]), verification=failed)
    problems = told(accounts, replace(state, accounts={**state.accounts, "a": failing}))
    assert ["recordedFailing", "awaitingApproval"] == [each.code for each in problems]


def test_a_new_account_with_an_unread_secret_is_enough() -> None:
    """That nothing was read is told where only a change uses secrets, or only an account that stays."""
    unread = SecretsRead(were_read=False)
    for recorded in (state_of([]), state_of([STEADY], VALUES)):
        assert ["secretsNotRead"] == [each.code for each in told([STEADY], recorded, secrets=unread)]


def test_the_sources_of_what_was_passed_over_come_in_order() -> None:
    """By name, each once."""
    accounts = [
        own(f"a{number}", f"{source}: 'b:c'") for number, source in enumerate(("z", "m", "k", "a", "q", "f", "z"))
    ]
    secrets = {each.secret for account in accounts for each in account.secret_routes}
    readings = SecretsRead(key=KEY, passed_over=frozenset(secrets))
    (problem,) = told(accounts, state_of(accounts), secrets=readings)
    assert "command of their source (a, f, k, m, q, z)," in problem.detail


@pytest.mark.parametrize(
    ("names", "listed", "line", "subject"),
    [
        (["b"], "b. Once", "b --recorded", "b"),
        (["b", "a"], "a, b. Once", "a b --recorded", None),
        (NAMES[:10], ", ".join(sorted(NAMES[:10])) + ". Once", " ".join(sorted(NAMES[:10])) + " --recorded", None),
        (NAMES, f"{TEN}, and 2 more. Once", "--recorded", None),
    ],
)
def test_another_platform_is_told(names: list[str], listed: str, line: str, subject: str | None) -> None:
    """One warning for all that were verified with another server, with the line that verifies them with this one."""
    accounts = marketing(*names)
    state = changed(state_of(accounts), lambda each: replace(decided(each), settings_digest="of another server"))
    (warning,) = told(accounts, state, platform=platform())
    assert "warning" == warning.severity
    assert "platformChanged" == warning.code
    assert subject == warning.subject
    assert "were not verified with p.example:587 as platform.smtp of the project file" in warning.detail
    assert f"through them: {listed}" in warning.detail
    assert f"    reconciler verify {line}" == warning.detail.rpartition("\n")[2]


def test_the_platform_that_an_account_was_verified_with_is_not_told() -> None:
    """With a value of its secret that state knows; failing accounts have other trouble."""
    accounts = marketing("a")
    known = platform().secret_routes[0].model_copy(update={"fingerprint": "f1"})

    def verified(account: RecordedAccount) -> RecordedAccount:
        made = settings_digest(
            account.kind,
            account.settings,
            ca_digest=None,
            fingerprints={"env:SMTP_PLATFORM": "f1"},
            platform=platform(),
        )
        return replace(decided(account), settings_digest=made)

    state = replace(changed(state_of(accounts), verified), routes=(known,))
    assert [] == told(accounts, state, platform=platform())
    assert ["platformChanged"] == [each.code for each in told(accounts, state, platform=platform("other.example"))]
    failed = RecordedVerification(outcome="failed", reason="auth: refused")
    failing = changed(state, lambda each: replace(each, verification=failed))
    assert ["recordedFailing"] == [each.code for each in told(accounts, failing, platform=platform("other.example"))]
