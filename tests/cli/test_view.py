"""The view of accounts, the history, and the journal that finds tampering."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, USER, VARIABLE, Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer


@pytest.fixture
def viewed(project: Project, server: MailServer) -> Project:
    """Return a project with three applied accounts: one marketing, one shared and one private."""
    labels = "labels: {team: sales}, owner: anna@example.com, title: Sprzedaż Polska"
    project.write_account("news", marketing_account("news", metadata="labels: {team: press}"))
    project.write_account("sales-pl", own_account("sales-pl", server, metadata=labels))
    private = own_account("sales-de", server, metadata=labels, display_name="Vertrieb").replace(
        "shared: true", "shared: false"
    )
    project.write_account("sales-de", private)
    project.run_well("apply", "--auto-approve", "--actor", "anna", "--reference", "https://git.example.com/pull/7")
    return project


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["news", "sales-de", "sales-pl"]),
        (("--search", "VERTRIEB"), ["sales-de"]),
        (("--search", "sprzedaż"), ["sales-de", "sales-pl"]),
        (("--search", "SPRZEDAZ\u0307"), ["sales-de", "sales-pl"]),
        (("--search", "news@"), ["news"]),
        (("--search", "nothing"), []),
        (("--kind", "marketing"), ["news"]),
        (("--kind", "own"), ["sales-de", "sales-pl"]),
        (("--kind", "all"), ["news", "sales-de", "sales-pl"]),
        (("--status", "pending"), ["news"]),
        (("--status", "active"), ["sales-de", "sales-pl"]),
        (("--status", "failing"), []),
        (("--selector", "label:team=sales"), ["sales-de", "sales-pl"]),
        (("--selector", "status:failing"), []),
        (("--search", "news@", "--selector", "label:team=sales"), []),
        (("--selector", "*-pl", "--selector", "news"), ["news", "sales-pl"]),
        (("--as", "anna@example.com"), ["news", "sales-de", "sales-pl"]),
        (("--as", "ANNA@example.com", "--kind", "own"), ["sales-de", "sales-pl"]),
        (("--as", "ben@example.com"), ["news", "sales-pl"]),
    ],
)
def test_the_list_is_narrowed(viewed: Project, words: tuple[str, ...], expected: list[str]) -> None:
    """Search, kind, status, selectors and user narrow the list, in each of its forms alike."""
    document = viewed.run_well("accounts", "list", *words, "--format", "json").document
    assert expected == [account["name"] for account in document["accounts"]]
    rows = list(csv.DictReader(io.StringIO(viewed.run_well("accounts", "list", *words, "--format", "csv").out)))
    assert expected == [row["name"] for row in rows]
    table = viewed.run_well("accounts", "list", *words)
    assert expected == [name for name in ("news", "sales-de", "sales-pl") if name in table.out]
    assert "" == table.err


@pytest.mark.parametrize("sought", ['say "hi"', "back\\slash", "\\", '"', "Zoe\u0308", "ZOË"])
def test_what_json_writes_otherwise_is_found(project: Project, server: MailServer, sought: str) -> None:
    """Quotes, backslashes, and letters in two spellings are found as they are read, in a state of any size."""
    name = "'Zoë: Say \"hi\" to a back\\slash'"
    project.write_account("sales", own_account("sales", server, display_name=name))
    project.write_account("spare", own_account("spare", server, display_name="Spare"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    found = project.run_well("accounts", "list", "--search", sought, "--format", "json").document["accounts"]
    assert ["sales"] == [account["name"] for account in found]


def test_one_account_is_shown_with_settings_and_evidence(viewed: Project) -> None:
    """Show adds the settings, with secrets as references, and the evidence."""
    account = viewed.run_well("accounts", "show", "sales-pl", "--format", "json").document["accounts"][0]
    assert "env:SMTP_SALES_PASSWORD" == account["spec"]["smtp"]["authentication"]["password"]
    assert "passed" == account["evidence"]["verification"]["status"]
    shown = viewed.run_well("accounts", "show", "sales-pl").out
    assert "Sprzedaż Polska" in shown
    assert PASSWORD not in shown


def test_an_ordinary_account_fits_a_screen(viewed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 24 lines and 80 columns, also on a terminal with its last line; with --full everything is there."""
    monkeypatch.setenv("COLUMNS", "80")
    for name in viewed.statuses():
        lines = viewed.run_well("accounts", "show", name).out.splitlines()
        assert 22 >= len(lines), lines
    assert "Settings\n" in viewed.run_well("accounts", "show", name, "--full").out


def test_an_unknown_account_is_an_error_with_the_nearest_name(viewed: Project) -> None:
    """A misspelt name is exit code 1 and names the nearest one."""
    for words in (("accounts", "show", "sales-pk"), ("history", "sales-pk")):
        refused = viewed.run(*words)
        assert (1, "") == (refused.code, refused.out)
        assert "sales-pl" in refused.err
        assert ["unknownAccount"] == viewed.run(*words, "--format", "json").codes


def test_an_account_that_is_only_declared_is_told_with_its_file(project: Project) -> None:
    """What a manifest declares and nobody applied is not taken for a misspelt name."""
    project.write_account("news", marketing_account("news"))
    refused = project.run("accounts", "show", "news", "--format", "json")
    detail = (
        "No account called news is recorded. It is declared in accounts.d/news.yaml, and not applied yet:\n"
        "    reconciler plan"
    )
    assert 1 == refused.code
    assert ["unknownAccount"] == refused.codes
    assert detail == refused.document["diagnostics"][0]["detail"]
    project.write_account("broken", "a: [")
    assert "is declared" not in project.run("accounts", "show", "news").err
    project.write_account("broken", "")
    server = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\nspec: {host: a.example.com}\n"
    project.write_account("office", server)
    assert "is declared" not in project.run("accounts", "show", "office").err


def test_history_tells_who_and_why(viewed: Project) -> None:
    """A revision names its actor with the source, the reference, and its changes."""
    (revision,) = viewed.run_well("history", "--format", "json").document["revisions"]
    assert ("anna", "flag") == (revision["actor"], revision["actorSource"])
    assert "https://git.example.com/pull/7" == revision["reference"]
    assert ["news", "sales-de", "sales-pl"] == [change["name"] for change in revision["changes"]]
    assert "anna" in viewed.run_well("history").out
    assert 2 == len(viewed.run_well("history", "--format", "csv").out.splitlines())


def test_history_follows_a_rename(viewed: Project) -> None:
    """The history of an account reaches back beyond its rename, and an account that is gone keeps its own."""
    viewed.remove_account("news")
    viewed.write_account("letter", marketing_account("letter", metadata="previousName: news, labels: {team: press}"))
    viewed.run_well("apply", "--auto-approve")
    viewed.remove_account("letter")
    viewed.run_well("apply", "--auto-approve")
    revisions = viewed.run_well("history", "letter", "--format", "json").document["revisions"]
    assert [3, 2, 1] == [revision["revision"] for revision in revisions]
    assert [1] == [
        each["revision"] for each in viewed.run_well("history", "sales-pl", "--format", "json").document["revisions"]
    ]


def test_the_journal_holds(viewed: Project) -> None:
    """The journal of an untouched state holds and contains every head that was noted."""
    head = viewed.run_well("journal", "head").out.strip()
    viewed.write_account("more", marketing_account("more"))
    viewed.run_well("apply", "--auto-approve")
    assert head != viewed.run_well("journal", "head").out.strip()
    viewed.run_well("journal", "check", "--head", head)
    report = viewed.run_well("journal", "check", "--format", "json").document
    assert (True, []) == (report["valid"], report["problems"])
    assert 1 == viewed.run("journal", "check", "--head", "0" * 64).code


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_payloads SET payload = replace(payload, 'anna', 'ben')",
        "UPDATE journal SET at = '2020-01-01T00:00:00Z'",
        "UPDATE journal SET hash = previous",
        "UPDATE accounts SET document = replace(document, 'news@example.com', 'thief@example.com')",
        "DELETE FROM accounts WHERE name = 'news'",
        "UPDATE revisions SET actor = 'ben'",
        "UPDATE projects SET serial = 7",
    ],
)
def test_tampering_is_found(viewed: Project, statement: str) -> None:
    """Whatever is altered behind the program's back, the check ends with 1 and says what does not hold."""
    viewed.execute_sql(statement)
    told = viewed.run("journal", "check")
    assert 1 == told.code
    report = viewed.run("journal", "check", "--format", "json")
    assert 1 == report.code
    assert report.document["valid"] is False
    assert bool(report.document["problems"])


def test_a_journal_cut_short_is_found_by_its_head(viewed: Project) -> None:
    """Removing the last entries leaves a chain that holds in itself, and a noted head that is not in it."""
    head = viewed.run_well("journal", "head").out.strip()
    viewed.execute_sql("DELETE FROM journal_payloads")
    viewed.execute_sql("DELETE FROM journal")
    assert 1 == viewed.run("journal", "check", "--head", head).code


def test_which_accounts_go_through_a_server(project: Project, server: MailServer) -> None:
    """Server, user name, secret and MailServer stand in JSON and CSV, are chosen as columns, searched and selected."""
    project.write_account(
        "office",
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\n"
        f"spec: {{host: localhost, port: {server.port}, encryption: none, authentication: "
        f"{{username: {USER}, password: {{env: {VARIABLE}}}}}}}\n",
    )
    for name in ("help", "sales"):
        project.write_account(name, own_account(name, server))
    project.write_account(
        "shared",
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: shared}\n"
        f"spec: {{email: {USER}, displayName: Shared, shared: true, smtp: {{server: office}}}}\n",
    )
    project.run_well("apply", "--auto-approve")
    listed = project.run_well("accounts", "list", "--format", "json").document["accounts"]
    shared = next(each for each in listed if each["name"] == "shared")
    expected = {"name": "office", "host": "localhost", "port": server.port, "encryption": "none", "username": USER}
    assert expected == shared["server"]
    assert [f"env:{VARIABLE}"] == shared["secrets"]
    words = ("accounts", "list", "--columns", "name,server,host,secrets")
    rows = [line.split() for line in project.run_well(*words).out.splitlines()]
    assert ["NAME", "SERVER", "HOST", "SECRETS"] == rows[0]
    assert ["shared", "office", "localhost", f"env:{VARIABLE}"] == rows[-1]
    as_csv = project.run_well(*words, "--format", "csv", "--selector", "server:office").out
    assert f"name,server,host,secrets\r\nshared,office,localhost,env:{VARIABLE}\r\n" == as_csv
    for sought in ("OFFICE", VARIABLE.lower(), "localhost"):
        assert "shared" in project.run_well("accounts", "list", "--search", sought).out
    refused = project.run("accounts", "list", "--columns", "name,hots")
    assert (1, True) == (refused.code, "There is no column hots. Did you mean host?" in refused.err)
