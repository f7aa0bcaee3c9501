"""Problems, verification, accounts, history and apply in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.diagnostics import error, grouped, note
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.model.plan import Summary
from reconciler.model.verification.evidence import (
    DOMAIN_CHECKS,
    UNCHANGED,
    Check,
    CheckName,
    CheckStatus,
    Verification,
    all_skipped,
)
from reconciler.render.text import (
    Style,
    account_in_full,
    account_text,
    accounts_table,
    apply_text,
    diagnostics_text,
    history_text,
    journal_text,
    ruled_text,
    verification_text,
)
from reconciler.render.text.verification import likeness, verification_lines
from tests.render import values

if TYPE_CHECKING:
    from reconciler.model.journal.entries import Revision

STYLE = Style(width=100)


def test_no_problems_are_no_text() -> None:
    """Where there is nothing to tell, there is no output, not even an empty line."""
    assert diagnostics_text([], style=STYLE) == ""


def test_lines_to_copy_stay_whole() -> None:
    """A command in a detail is neither wrapped nor joined with the text around it, however narrow the output."""
    command = "reconciler plan " + "--exclude some-account " * 5 + "--allow-deletes 12"
    text = diagnostics_text([error("tooManyDeletes", f"Run\n    {command}\nthen look.")], style=Style(width=40))

    assert f"        {command}\n" in text


def test_a_note_and_a_problem_without_place() -> None:
    """A note is told like the others; without a place and subject there is no line for them."""
    assert diagnostics_text([note("approvalReset", "It will.")], style=STYLE) == (
        "note: Approval will be asked for again [approvalReset]\n  It will.\n"
    )


def test_neighbours_skipped_for_one_reason_share_a_line() -> None:
    """Checks one after the other that were skipped with the same words are told once; others keep a line each."""
    checks = (
        *all_skipped("serverDown", "Down."),
        *all_skipped("notDeclared", "Off.", DOMAIN_CHECKS),
    )
    found = Verification(status="failed", depth="envelope", checks=checks)
    shown = verification_text({"sales": found}, {"sales": "OwnAccount"}, style=STYLE)
    assert [
        "sales (OwnAccount)",
        "    ○ dns proxy connect greeting tls auth sender recipient message: Down.",
        "    ○ spf dkim dmarc mx replyTo spfServer mtaSts tlsRpt dane: Off.",
    ] == shown.splitlines()[:3]


def test_nothing_verified_is_said() -> None:
    """Verifying nothing says so."""
    assert verification_text({}, {}, style=STYLE) == "Nothing to verify.\n"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (values.passed(), ["✓ verified in 0.41s: connected, encrypted, logged in, sender and recipient accepted"]),
        (UNCHANGED, ["○ no verification needed: these settings are as recorded"]),
        (values.offline(), ["○ not verified: the depth was offline"]),
        (Verification(status="skipped"), ["○ not verified"]),
        (Verification(status="failed"), ["✗ not verified"]),
        (Verification(status="withheld"), ["✗ credential withheld"]),
        (
            values.failed("535"),
            [
                "✗ auth failed (permanent, badCredentials): 535",
                "  passed: dns connect greeting tls",
                "  not reached: sender recipient",
            ],
        ),
        (
            values.withheld(),
            [
                "✗ auth withheld: env:SMTP_RELAY has never been sent to mail.example.net:587.",
                "  passed: dns",
            ],
        ),
        (
            values.server_down(),
            ["✗ not verified (serverDown): smtp.example.com did not answer three accounts in a row."],
        ),
        (
            values.warned(),
            [
                "✓ verified in 0.41s: connected, encrypted, logged in, sender and recipient accepted",
                "! spf (spfMissing): example.com publishes no SPF record.",
            ],
        ),
    ],
)
def test_each_outcome_has_its_line(found: Verification, expected: list[str]) -> None:
    """Whatever a verification came to is told at once: the outcome, the failing step, and what else was seen."""
    assert verification_lines(found, style=STYLE, indent=0) == expected


def _checks(status: CheckStatus, code: str, *names: CheckName) -> list[Check]:
    return [Check(check=name, status=status, class_="transient", code=code, message="No answer.") for name in names]


def test_neighbours_that_found_the_same_share_a_line() -> None:
    """What one silent name server does to five checks is told once, as a failure and as a warning."""
    checks = (*_checks("failed", "dnsTimedOut", "spf", "dkim"), *_checks("warned", "dnsTimedOut", "mx", "replyTo"))
    found = Verification(status="failed", depth="envelope", checks=checks)

    assert verification_lines(found, style=STYLE, indent=0) == [
        "✗ spf dkim failed (transient, dnsTimedOut): No answer.",
        "! mx replyTo (dnsTimedOut): No answer.",
    ]


def test_a_withheld_credential_hides_no_failure() -> None:
    """Where the server could not be reached either, that is told too: the grant alone would not help."""
    found = Verification(
        status="withheld", depth="envelope", checks=tuple(_checks("failed", "connectionRefused", "connect"))
    )

    assert verification_lines(found, style=STYLE, indent=0) == [
        "✗ credential withheld",
        "✗ connect failed (transient, connectionRefused): No answer.",
    ]


def test_the_same_problem_of_many_accounts_is_told_once() -> None:
    """Eighty accounts of one dead server are one problem with their names, not eighty problems."""
    problems = [error("verificationFailed", "The server is down.", subject=f"client-{n:02}") for n in range(80)]
    other = error("verificationFailed", "Wrong password.", subject="sales")

    assert diagnostics_text(grouped([*problems, other]), style=STYLE).splitlines() == [
        "error: Verification failed: 80 accounts: client-00, client-01, client-02 and 77 more",
        "  [verificationFailed]",
        "  The server is down.",
        "",
        "error: Verification failed: sales [verificationFailed]",
        "  Wrong password.",
    ]


def test_a_skip_tells_the_reason_that_matters() -> None:
    """Of skipped steps the one that was not simply left out on purpose is told."""
    checks = (
        Check(check="proxy", status="skipped", code="notDeclared", message="No proxy."),
        Check(check="connect", status="skipped", code="deadline", message="The time of the run is over."),
    )
    found = Verification(status="failed", depth="envelope", checks=checks)

    assert verification_lines(found, style=STYLE, indent=0) == [
        "✗ not verified (deadline): The time of the run is over."
    ]


def test_alike_means_the_same_but_for_time() -> None:
    """Verifications that differ in their times only are alike; another message is another matter."""
    assert likeness(values.passed(seconds=1)) == likeness(values.passed(seconds=2))
    assert likeness(values.failed("a")) != likeness(values.failed("b"))


def test_times_of_alike_verifications_are_a_range() -> None:
    """Told together, verifications give the shortest and the longest time, ordered as numbers."""
    found = [values.passed(seconds=seconds) for seconds in (10.0, 9.5, 0.5)]
    (line,) = verification_lines(found[0], style=STYLE, indent=0, same=found[1:], whose="all 3: ")

    assert line.startswith("✓ all 3: verified in 0.50s to 10.00s: connected")


def test_a_single_account_is_told_check_by_check() -> None:
    """Verifying one account tells each step with its message; where no step was made, the outcome."""
    text = verification_text({"relay": values.failed()}, {"relay": "OwnAccount"}, style=STYLE)
    bare = verification_text({"relay": Verification(status="skipped")}, {"relay": "OwnAccount"}, style=STYLE)

    assert "    ✓ dns        dns is as it should be. (0.05s)\n" in text
    assert "    ○ not verified\n" in bare


def test_no_accounts_are_said() -> None:
    """An empty view is a sentence, not an empty table."""
    assert accounts_table([], style=STYLE) == "No accounts.\n"


def test_titles_have_a_column_where_there_are_any() -> None:
    """Without titles there is no column for them."""
    assert "TITLE" in accounts_table(values.ACCOUNTS, style=Style(width=160))
    assert "TITLE" not in accounts_table([values.PENDING], style=Style(width=130))


def test_an_account_that_was_overridden_says_so() -> None:
    """An account applied without verification shows why; in full the override, and that there is no evidence."""
    overridden = RecordedVerification(outcome="overridden", reason="relay is down")
    account = values.recorded("relay", verification=overridden)
    assert "status    unverified: relay is down\n  verified  never\n" in account_text(account, style=STYLE)

    text = account_in_full(account, style=STYLE)
    assert "status    unverified: relay is down\n" in text
    assert "verified  overridden\n" in text
    assert "no evidence is recorded" in text


def test_an_account_without_verification_has_no_line_for_it() -> None:
    """What was never recorded is left out of everything; on the one screen it says never."""
    assert "verified" not in account_in_full(values.PENDING, style=STYLE)
    assert "verified  never\n" in account_text(values.PENDING, style=STYLE)


def test_a_suspended_account_says_by_whom_and_why() -> None:
    """A suspension shows who stopped the account, when, and why."""
    assert "suspended  by olga at 2026-09-01 12:00:00 UTC: Abused.\n" in account_in_full(values.SUSPENDED, style=STYLE)
    text = account_text(values.SUSPENDED, style=STYLE, since=values.NOON)
    assert "status      suspended since 2026-09-01: Abused\n  stopped by  olga, 2026-09-01 12:00\n" in text


def test_no_history_is_said() -> None:
    """Before the first apply history is a sentence."""
    assert history_text([], style=STYLE) == "Nothing has been applied yet.\n"


def test_long_revisions_are_cut_with_a_count() -> None:
    """A revision of a thousand changes, each another, tells fifty and how many more there are."""
    changes = tuple(
        {
            "action": "update",
            "kind": "OwnAccount",
            "name": f"desk-{number:04}",
            "fields": [{"path": "spec.displayName", "before": "x", "after": f"Desk {number}"}],
        }
        for number in range(1000)
    )
    revision: Revision = values.REVISIONS[0].model_copy(update={"changes": changes})
    text = history_text([revision], style=STYLE)

    assert text.count("~ update OwnAccount") == 50
    assert text.endswith("    and 950 more\n")


def test_changes_that_are_alike_are_one_line_of_history() -> None:
    """Of a hundred new accounts, equal updates and equal decisions all names stand in one line; few are told one by one."""
    moved = [{"path": "spec.smtp.port", "before": 25, "after": 587}]
    changes = (
        *({"action": "create", "kind": "OwnAccount", "name": f"desk-{number:03}"} for number in range(100)),
        *({"action": "update", "kind": "OwnAccount", "name": f"old-{each}", "fields": moved} for each in range(5)),
        *({"action": "delete", "kind": "OwnAccount", "name": name} for name in ("a", "b")),
    )
    revision: Revision = values.REVISIONS[0].model_copy(update={"changes": changes})
    text = history_text([revision], style=STYLE)
    assert "    + create 100 OwnAccounts: desk-000 to desk-099\n" in text
    assert "    ~ update 5 OwnAccounts: old-0 to old-4\n        ~ smtp.port  25 → 587\n" in text
    assert "    - delete OwnAccount a\n    - delete OwnAccount b\n" in text

    accepted = [EventAccount(name=f"news-{number:02}", before="pending", after="active") for number in range(40)]
    event = JournalEvent(sequence=1, at=values.NOON, event="approve", accounts=(*accepted, EventAccount(name="x")))
    text = history_text([], events=[event], style=STYLE)
    assert "    news-00 to news-39: pending to active\n    x\n" in text


def test_equal_decisions_are_one_line() -> None:
    """What is told of all of them alike is told once, with all names; what keeps one from sending stands beside its name."""
    accounts = [replace(values.ACTIVE, name=f"news-{number:02}") for number in range(40)]
    text = ruled_text("approve", accounts, style=STYLE, hindered={"news-07": "its certificate has ended"})
    expected = "Approved 39 accounts: news-00 to news-06, news-08 to news-39; they may send.\n"
    assert expected + "Approved news-07; it cannot send yet: its certificate has ended.\n" == text


@pytest.mark.parametrize(("entries", "expected"), [(1, "1 entry"), (2, "2 entries"), (0, "0 entries")])
def test_journal_counts_its_entries(entries: int, expected: str) -> None:
    """The journal's entries are counted in words that fit the number."""
    assert journal_text(entries, "ab", style=STYLE) == f"The journal holds: {expected}.\nhead  ab\n"


@pytest.mark.parametrize(
    ("summary", "pending", "expected"),
    [
        (Summary(create=2, update=1), [], ["Recorded as revision 7: 2 created, 1 updated."]),
        (Summary(delete=1, unchanged=3), [], ["Recorded as revision 7: 1 deleted."]),
        (
            Summary(create=2),
            ["b", "a"],
            [
                "Recorded as revision 7: 2 created.",
                "a, b await the platform's decision and cannot send before it.",
            ],
        ),
    ],
)
def test_apply_says_what_it_recorded(summary: Summary, pending: list[str], expected: list[str]) -> None:
    """Apply tells the revision and what was done, that it created nothing elsewhere, and who now waits."""
    lines = apply_text(7, summary, style=STYLE, pending=pending).splitlines()

    assert lines.pop(1) == "Apply records what senders read; it created nothing at a mail provider."
    assert lines == expected


def test_nothing_to_apply_is_said() -> None:
    """Applying an empty plan records no revision and says so."""
    assert apply_text(None, Summary(), style=STYLE) == "Nothing to apply.\n"
