"""``report``: the site on disk, whole or not at all, and nobody else's folder."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.cli.project import (
    PASSWORD,
    PROCESS_SECONDS,
    Project,
    environment,
    marketing_account,
    own_account,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

MARK = ".reconciler-report"


class Links(HTMLParser):
    """The addresses that a page leads to or loads."""

    def __init__(self, path: Path) -> None:
        """Read the page."""
        super().__init__()
        self.addresses: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as inherited
        """Note the addresses of an element."""
        self.addresses += [value for name, value in attrs if name in {"href", "src"} and value]


@pytest.fixture
def told(project: Project, server: MailServer) -> Project:
    """Return a project with a past: two accounts applied, one renamed, the other rejected."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--reference", "https://git.example.com/mail/pull/7")
    project.run_well("reject", "news", "--reason", "<b>No contract</b>")
    project.write_account("sales", own_account("sales-pl", server, metadata="previousName: sales"))
    project.run_well("apply", "--auto-approve")
    return project


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_site_is_written_and_says_where_to_begin(told: Project) -> None:
    """The folder holds every page; text and JSON tell what was written."""
    outcome = told.run_well("report", "--out", "site")
    assert "Wrote 2 accounts and 2 revisions. Open\n    site/index.html\n" == outcome.out
    assert "" == outcome.err
    written = tree(told.folder / "site")
    assert {
        "index.html", "all.html", "compare.html", "history.html", "accounts/news.html", "accounts/sales-pl.html", "revisions/1.html",
        "revisions/2.html", "assets/site.css", "assets/site.js", "assets/list.js", "assets/compare.js", "assets/words.js", MARK,
    } == set(written)  # fmt: skip
    document = told.run_well("report", "--out", "site", "--format", "json").document
    expected = {
        "formatVersion": "1.1", "folder": "site", "start": "site/index.html", "language": "auto",
        "files": len(written) - 1, "accounts": 2, "revisions": 2, "diagnostics": [],
    }  # fmt: skip
    assert expected == document


def test_every_link_of_the_site_leads_to_a_file(told: Project) -> None:
    """No page leads out of the folder but to the pull request."""
    told.run_well("report", "--out", "site")
    site = (told.folder / "site").resolve()
    outside = set()
    for page in site.rglob("*.html"):
        for address in Links(page).addresses:
            if address.startswith("https:"):
                outside.add(address)
            elif not address.startswith("#"):
                target = (page.parent / unquote(address.partition("#")[0])).resolve()
                assert target.is_file(), (page, address)
                assert target.is_relative_to(site)
    assert {"https://git.example.com/mail/pull/7"} == outside


def test_the_same_state_gives_the_same_site(told: Project) -> None:
    """Written twice, under another hash seed and by another process, the files are the same to the octet."""
    told.run_well("report", "--out", "one")
    again = told.run_process("report", "--out", "two", variables={"PYTHONHASHSEED": "7"})
    assert 0 == again.code, again
    assert tree(told.folder / "one") == tree(told.folder / "two")


def test_the_history_is_followed_through_the_rename(told: Project) -> None:
    """The page of the account tells of both its names, and of nothing that another account went through."""
    told.run_well("report", "--out", "site", "--lang", "en")
    page = (told.folder / "site" / "accounts" / "sales-pl.html").read_text(encoding="utf-8")
    assert re.search(r"Revision 2.*Revision 1", page[page.index('id="timeline"') :], re.DOTALL)
    assert "No contract" not in page
    news = (told.folder / "site" / "accounts" / "news.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;No contract&lt;/b&gt;" in news
    assert "<b>No" not in news
    assert "accounts.d/sales.yaml" in page


def test_the_language_can_be_fixed(told: Project) -> None:
    """A site in Polish has no English but what was recorded, and no switch."""
    told.run_well("report", "--out", "site", "--lang", "pl")
    page = (told.folder / "site" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="pl">' in page
    assert "2 konta" in page
    assert 'id="language"' not in page
    assert "Search" not in page + (told.folder / "site" / "assets" / "words.js").read_text(encoding="utf-8")


def test_no_secret_and_no_fingerprint_is_in_the_site(told: Project) -> None:
    """The value is nowhere, the reference is; fingerprints and their key stay in state."""
    told.run_well("report", "--out", "site")
    everything = b"".join(tree(told.folder / "site").values())
    assert PASSWORD.encode() not in everything
    assert b"env:SMTP_SALES_PASSWORD" in everything
    assert told.key_file.read_bytes().strip() not in everything
    with closing(sqlite3.connect(told.state_file)) as connection:
        kept = [json.loads(row[0] or "{}") for row in connection.execute("SELECT fingerprints FROM accounts")]
    fingerprints = [value for each in kept for value in each.values()]
    assert 1 == len(fingerprints)
    assert fingerprints[0].encode() not in everything


def test_a_report_replaces_the_one_before(told: Project, server: MailServer) -> None:
    """Pages of accounts that are gone do not stay."""
    told.run_well("report", "--out", "site")
    told.remove_account("news")
    told.run_well("apply", "--auto-approve")
    told.run_well("report", "--out", "site")
    assert not (told.folder / "site" / "accounts" / "news.html").exists()
    assert (told.folder / "site" / "revisions" / "3.html").is_file()
    assert [] == [path.name for path in told.folder.iterdir() if path.name.endswith(".new")]


def test_only_pages_that_hang_on_a_change_are_written_anew(told: Project, server: MailServer) -> None:
    """After a change of one account all others' pages, and those of earlier revisions, are the files that they were."""
    site = told.folder / "site"
    told.run_well("report", "--out", str(site))
    before = {path.relative_to(site).as_posix(): path.stat().st_ino for path in site.rglob("*.html")}
    told.write_account("help", own_account("help", server))
    told.run_well("apply", "--auto-approve")
    told.run_well("report", "--out", str(site))
    after = {path.relative_to(site).as_posix(): path.stat().st_ino for path in site.rglob("*.html")}
    assert {"accounts/help.html", "revisions/3.html"} == after.keys() - before.keys()
    of_all = {"all.html", "compare.html", "history.html", "index.html"}
    told_of_next = {"revisions/2.html"}
    assert of_all | told_of_next == {path for path in before if before[path] != after[path]}


@pytest.mark.parametrize("place", [".", "accounts.d", "reconciler.yaml", "linked"])
def test_a_folder_that_report_did_not_write_is_refused(told: Project, place: str) -> None:
    """Neither the project, nor its manifests, nor a file, nor what a link leads to is replaced."""
    told.run_well("report", "--out", "site")
    (told.folder / "linked").symlink_to(told.folder / "site")
    before = tree(told.folder)
    outcome = told.run("report", "--out", place, "--format", "json")
    assert (1, ["reportFolderForeign"]) == (outcome.code, outcome.codes)
    assert before == tree(told.folder)
    assert "reconciler report --out report" in told.run("report", "--out", place).err


@pytest.mark.parametrize(
    "place", ["accounts.d/report", "accounts.d/empty", ".reconciler/report", ".git/report", "linked/report"]
)
def test_a_folder_among_manifests_or_state_is_refused(told: Project, place: str) -> None:
    """A site would be read as manifests there, or lie beside keys, or go unseen in git's own folder."""
    (told.folder / "accounts.d" / "empty").mkdir()
    (told.folder / ".git").mkdir()
    (told.folder / "linked").symlink_to(told.folder / "accounts.d")
    before = tree(told.folder)
    outcome = told.run("report", "--out", place, "--format", "json")
    assert (1, ["reportFolderForeign"]) == (outcome.code, outcome.codes)
    assert before == tree(told.folder)
    assert "reconciler report --out report" in told.run("report", "--out", place).err


def test_a_project_that_is_all_manifests_takes_a_report(told: Project) -> None:
    """Where the manifests folder is the project folder, a report in it is beside the manifests."""
    told.write_project("manifests: .\n")
    told.run_well("report", "--out", "site")
    assert (told.folder / "site" / "index.html").is_file()


def test_an_empty_folder_is_taken(told: Project) -> None:
    """CI often makes the folder first."""
    (told.folder / "public").mkdir()
    told.run_well("report", "--out", "public")
    assert (told.folder / "public" / "index.html").is_file()


def test_a_place_below_a_file_cannot_be_written(told: Project) -> None:
    """The message says why, in words of the system."""
    outcome = told.run("report", "--out", "reconciler.yaml/site", "--format", "json")
    assert (1, ["reportNotWritten"]) == (outcome.code, outcome.codes)
    assert "not a directory" in outcome.document["diagnostics"][0]["detail"]


def test_a_full_disk_leaves_the_old_report(told: Project) -> None:
    """Where a page cannot be written the report before it stands as it was, and nothing else is left."""
    told.run_well("report", "--out", "site")
    before = tree(told.folder / "site")
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "sys.dont_write_bytecode = True; "  # what is cut off there would be read by the next process
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)); "
        "from reconciler.cli.edge import run; sys.exit(run(['report', '--out', 'site', '--lang', 'pl']))"
    )
    outcome = _python(told, limited)
    assert 1 == outcome.returncode
    assert "[reportNotWritten]" in outcome.stderr
    assert before == tree(told.folder / "site")
    assert [] == [path.name for path in told.folder.iterdir() if path.name.endswith(".new")]


def test_an_interrupted_report_leaves_the_old_one(told: Project) -> None:
    """Ctrl-C in the middle of writing ends with 130 and touches nothing."""
    told.run_well("report", "--out", "site")
    before = tree(told.folder / "site")
    interrupted = (
        "import os, signal, sys\n"
        "from reconciler.cli.edge import run\n"
        "from reconciler.render.html import site\n"
        "whole = site.site_files\n"
        "def some(*arguments, **options):\n"
        "    for number, file in enumerate(whole(*arguments, **options)):\n"
        "        if number == 5: os.kill(os.getpid(), signal.SIGINT)\n"
        "        yield file\n"
        "site.site_files = some\n"
        "sys.exit(run(['report', '--out', 'site', '--lang', 'pl']))\n"
    )
    outcome = _python(told, interrupted)
    assert 130 == outcome.returncode, outcome
    assert before == tree(told.folder / "site")
    assert [] == [path.name for path in told.folder.iterdir() if path.name.endswith(".new")]


def _python(project: Project, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=project.folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PROCESS_SECONDS,
        check=False,
    )


def test_a_missing_state_is_an_error(bare: Project) -> None:
    """An empty report of a state that is not there would look as if nothing were recorded."""
    outcome = bare.run("report", "--out", "site", "--format", "json")
    assert (1, ["stateMissing"]) == (outcome.code, outcome.codes)
    assert not (bare.folder / "site").exists()


def test_a_state_without_accounts_has_a_report(project: Project) -> None:
    """The list is empty and says so."""
    assert "Wrote 0 accounts and 0 revisions. Open" in project.run_well("report", "--out", "site").out
    page = (project.folder / "site" / "index.html").read_text(encoding="utf-8")
    assert "0 accounts" in page
    assert "Nothing has been applied yet." in page


def test_out_is_demanded(project: Project) -> None:
    """Nothing is written anywhere that nobody named."""
    outcome = project.run("report")
    assert (1, True) == (outcome.code, "--out" in outcome.err)


def test_a_name_that_somebody_put_into_state_does_not_lead_out(told: Project) -> None:
    """The page lies in the folder, and the name on it is text."""
    hostile = '../../../evil"><script>alert(1)</script>'
    for table in ("accounts", "revised_accounts"):
        told.execute_sql(f"UPDATE {table} SET name = ? WHERE name = 'news'", hostile)  # noqa: S608 - a fixed name
    told.run_well("report", "--out", "site")
    assert [] == list(told.folder.parent.glob("evil*"))
    (page,) = [path for path in (told.folder / "site" / "accounts").iterdir() if path.name != "sales-pl.html"]
    assert re.fullmatch(r"[0-9a-f]{64}\.html", page.name)
    assert "<script>alert" not in page.read_text(encoding="utf-8")
    assert "<script>alert" not in (told.folder / "site" / "index.html").read_text(encoding="utf-8")
