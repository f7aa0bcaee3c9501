"""``status``: how everything stands, on one screen, for programs, and since the night before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, VARIABLE, Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer


@pytest.fixture
def fleet(project: Project, server: MailServer) -> Project:
    """Return a project with three own accounts that pass, and a marketing account that waits."""
    for name in ("help", "office", "sales"):
        project.write_account(name, own_account(name, server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    return project


def fail(project: Project) -> None:
    """Have the password refused, and the nightly verification find it."""
    project.set_variable(VARIABLE, "another")
    assert 3 == project.run("verify", "--recorded").code


def test_what_stands_well_is_short(fleet: Project) -> None:
    """Counts, what waits, the journal and the next command; exit 0."""
    found = fleet.run_well("status")
    assert "mail at revision 1: 4 accounts (1 pending, 3 active).\n" in found.out
    assert "1 waiting for the platform\n  news  since " in found.out
    assert "The journal holds: " in found.out
    assert found.out.endswith("Next:\n    reconciler accounts list --status pending\n")


def test_failing_accounts_come_first_with_their_time(fleet: Project) -> None:
    """Failing accounts are told with the reason and since when, which later failures do not move; exit 3."""
    fail(fleet)
    found = fleet.run("status", "--format", "json")
    assert 3 == found.code
    first = [each for each in found.document["concerns"] if each["matter"] == "failing"]
    assert ["help", "office", "sales"] == [each["account"] for each in first]
    assert PASSWORD not in found.out
    assert 3 == fleet.run("verify", "--recorded").code
    again = fleet.run("status", "--format", "json").document["concerns"]
    assert [each["since"] for each in first] == [each["since"] for each in again if each["matter"] == "failing"]
    assert "3 failing\n" in fleet.run("status").out


@pytest.mark.parametrize(
    ("waiting", "told"), [(2, "chat, news  since "), (3, "chat and 2 more  since "), (1, "news  since ")]
)
def test_accounts_with_one_reason_share_a_line(project: Project, waiting: int, told: str) -> None:
    """Of two both names stand there, which take no more room than a count; of more, the first and how many more."""
    for name in ("news", "chat", "club")[:waiting]:
        project.write_account(name, marketing_account(name))
    project.run_well("apply", "--auto-approve")
    assert f"\n  {told}" in project.run_well("status").out


def test_the_night_before_is_compared(fleet: Project) -> None:
    """With --since only what is new and what is gone is told; the first night has no file yet."""
    last = fleet.folder / "last.json"
    assert "waiting for the platform" in fleet.run_well("status", "--since", str(last)).out
    last.write_text(fleet.run_well("status", "--format", "json").out)
    fleet.run_well("approve", "news")
    fail(fleet)
    found = fleet.run("status", "--since", str(last))
    assert ": 3 new, 1 gone.\n  - news is no longer waiting for the platform\n" in found.out
    assert "3 failing" in found.out
    last.write_text(fleet.run("status", "--format", "json").out)
    text = fleet.run("status", "--since", str(last)).out
    assert "Next:" not in text, "what is not told anew needs no command"
    quiet = fleet.run("status", "--since", str(last), "--format", "json").document
    assert ([], []) == (quiet["since"]["new"], quiet["since"]["gone"])
    assert 3 == len(quiet["concerns"])
    fleet.set_variable(VARIABLE, PASSWORD)
    fleet.run_well("verify", "--recorded")
    assert "  - help, office, sales are no longer failing\n" in fleet.run_well("status", "--since", str(last)).out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "is not what status --format json prints"),
        ("no JSON", "is not what status --format json prints"),
        ('"formatVersion": "2.0"', "has the form 2.0, and this version reads 1.0"),
        ('"project": "other"', "is of the project other, and this is mail"),
    ],
)
def test_another_file_is_no_earlier_status(fleet: Project, text: str, told: str) -> None:
    """What is not an overview of this project is refused with the command that makes one."""
    last = fleet.folder / "last.json"
    if ": " in text:
        key = text.partition(":")[0]
        whole = fleet.run_well("status", "--format", "json").out
        line = next(each for each in whole.split("\n") if each.startswith(f"  {key}:"))
        text = whole.replace(line, f"  {text},")
    last.write_text(text)
    refused = fleet.run("status", "--since", str(last))
    assert 1 == refused.code
    assert told in " ".join(refused.err.split())
    assert "reconciler status --format json > status.json" in refused.err


def test_the_time_of_a_build_is_taken(fleet: Project) -> None:
    """With SOURCE_DATE_EPOCH what is written of one state is the same whenever, metrics too; nothing recorded takes it."""
    fleet.set_variable("SOURCE_DATE_EPOCH", "1767225600")
    first = fleet.run_well("status", "--format", "json", "--metrics", "metrics.prom")
    assert "2026-01-01T00:00:00Z" == first.document["asOf"]
    assert 'reconciler_status_read_seconds{project="mail"} 1767225600' in (fleet.folder / "metrics.prom").read_text()
    assert first.out == fleet.run_well("status", "--format", "json").out
    fleet.run_well("suspend", "sales", "--reason", "x")
    assert "2026-01-01" not in fleet.run_well("history", "--format", "json").out
    fleet.set_variable("SOURCE_DATE_EPOCH", "yesterday")
    refused = fleet.run("status")
    assert (1, True) == (refused.code, "SOURCE_DATE_EPOCH is to be a number" in refused.err)


def test_metrics_are_written_whole(fleet: Project) -> None:
    """The text file has each family once, a sample for each status, and ends as OpenMetrics says."""
    fail(fleet)
    path = fleet.folder / "reconciler.prom"
    fleet.run("status", "--metrics", str(path))
    lines = path.read_text().split("\n")
    assert 'reconciler_accounts{project="mail",status="failing"} 3' in lines
    assert 'reconciler_account_concern{project="mail",account="news",matter="pending"} 1' in lines
    assert 'reconciler_journal_valid{project="mail"} 1' in lines
    assert ["# EOF", ""] == lines[-2:]
    families = [line for line in lines if line.startswith("# TYPE ")]
    assert len(families) == len(set(families))
    refused = fleet.run("status", "--metrics", str(fleet.folder / "missing" / "x.prom"))
    assert (1, True) == (refused.code, "The metrics cannot be written to" in refused.err)


def test_an_altered_state_ends_with_1(fleet: Project) -> None:
    """Where the journal does not hold, that is told and ends with 1, before failing accounts."""
    fail(fleet)
    fleet.execute_sql("UPDATE accounts SET revision = 7 WHERE name = 'news'")
    found = fleet.run("status", "--format", "json")
    assert (1, False) == (found.code, found.document["journal"]["valid"])
    assert "The journal does not hold." in fleet.run("status").out


def test_markdown_keeps_foreign_text_in_code(fleet: Project) -> None:
    """Reasons that people write stand in code spans, so that they mention nobody."""
    fleet.run_well("suspend", "sales", "--reason", "@everybody `look` <img src=x>")
    told = fleet.run_well("status", "--format", "markdown").out
    assert "### 1 stopped\n" in told
    assert "``@everybody `look` <img src=x>``" in told
