"""The journal from outside: a noted head, what tampering looks like, erased personal data, and history's events."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import USER, VARIABLE, Project, marketing_account, own_account
from tests.support.repositories import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

PERSON = ("anna.kowalska@example.com", "Anna Kowalska", "replies.kowalska@example.com", "Pani Anna", "left in May")


@pytest.fixture
def lived(project: Project, server: MailServer) -> Project:
    """Return a project whose account anna was created, renamed, stopped and resumed, beside one that stays."""
    person, name, replies, title, reason = PERSON
    server.users[person] = server.users[USER]
    metadata = f"title: {title}, owner: {person}, annotations: {{note: {name} of sales}}"
    more = f"  replyTo: {{email: {replies}, displayName: {name}}}\n"
    manifest = own_account("anna", server, email=person, username=person, display_name=name, metadata=metadata)
    project.write_account("anna", manifest.replace("  shared: true\n", f"  shared: true\n{more}"))
    project.write_account("sales", own_account("sales", server, secret="{env: SMTP_OTHER_PASSWORD}"))
    project.write_account("news", marketing_account("news"))
    project.set_variable("SMTP_OTHER_PASSWORD", server.users[USER])
    route = f"{{host: localhost, port: {server.port}, encryption: none}}"
    project.write_project(f"secrets: {{grants: [{{secret: 'env:SMTP_*', route: {route}}}]}}\n")
    project.run_well("apply", "--auto-approve", "--actor", "olga")
    renamed = manifest.replace("name: anna", "name: anna-pl, previousName: anna", 1)
    project.write_account("anna", renamed)
    project.run_well("apply", "--auto-approve", "--actor", "olga")
    project.run_well("suspend", "anna-pl", "--reason", reason)
    project.run_well("verify", "--recorded")
    project.run_well("resume", "anna-pl")
    return project


def gone(project: Project) -> None:
    """Delete the account anna-pl."""
    project.remove_account("anna")
    project.run_well("apply", "--auto-approve", "--allow-deletes", "1", "--actor", "olga")


def told(project: Project) -> list[str]:
    """Return what of the person is found in the state's file and in what history prints."""
    printed = "".join(
        project.run("history", *words).out for words in ((), ("anna-pl",), ("anna-pl", "--format", "json"))
    )
    octets = project.state_file.read_bytes() + printed.encode()
    return [text for text in PERSON if text.encode() in octets]


def check(project: Project, *words: str) -> dict[str, Any]:
    """Return the journal's check as a document."""
    return project.run("journal", "check", *words, "--format", "json").document


CONSUMER = "consumers: {{app: {{type: files, format: json, path: {path}, accounts: ['*'], secrets: none}}}}\n"


def test_what_a_consumer_has_still_is_told_until_it_is_taken_away(lived: Project, tmp_path: Path) -> None:
    """Erasing tells which consumer was given the account and has not let go of it, each time, in both forms."""
    published = tmp_path / "app" / "mail.json"
    published.parent.mkdir()
    before = (lived.folder / "reconciler.yaml").read_text(encoding="utf-8")
    declared = before + CONSUMER.format(path=published)
    (lived.folder / "reconciler.yaml").write_text(declared, encoding="utf-8")
    lived.run_well("publish")
    (lived.folder / "reconciler.yaml").write_text(before, encoding="utf-8")
    gone(lived)
    assert PERSON[0] in published.read_text(encoding="utf-8")
    for _ in range(2):
        erased = lived.run_well("journal", "redact", "anna-pl", "--format", "json").document
        (remark,) = erased["diagnostics"]
        assert ("erasedElsewhere", "warning") == (remark["code"], remark["severity"])
        assert f"app ({published})" in remark["detail"]
    told_too = lived.run_well("journal", "redact", "anna-pl")
    assert "Nothing of anna-pl is left to erase" in told_too.out
    assert "[erasedElsewhere]" in told_too.err
    (lived.folder / "reconciler.yaml").write_text(declared, encoding="utf-8")
    lived.run_well("publish")
    assert PERSON[0] not in published.read_text(encoding="utf-8")
    assert [] == lived.run_well("journal", "redact", "anna-pl", "--format", "json").document["diagnostics"]


@pytest.mark.parametrize("kept", ["evidence", "plans"])
def test_a_kept_file_that_stays_is_told(lived: Project, kept: str) -> None:
    """Where a file beside the project cannot be read or removed, the data is erased from state, and the file is named."""
    gone(lived)
    stubborn = lived.folder / ".reconciler" / kept / f"{'0' * 64}.json"
    stubborn.mkdir(parents=True)  # what is no file cannot be removed as one, whoever asks
    erased = lived.run_well("journal", "redact", "anna-pl", "--format", "json").document
    (remark,) = erased["diagnostics"]
    assert "erasedElsewhere" == remark["code"]
    assert str(stubborn) in remark["detail"]
    assert [] == told(lived)


def test_a_file_that_is_not_written_anew_is_told_as_that(lived: Project) -> None:
    """What was erased stays erased; that unused parts of the file still hold it is told, and the same command ends it."""
    gone(lived)
    before = len(check(lived)["redacted"])
    with (
        closing(sqlite3.connect(lived.state_file, isolation_level=None)) as reader,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Whoever reads keeps nobody from committing for long, and from writing the file anew as long as it reads.
        def read_on(*_: object) -> tuple[()]:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM journal").fetchone()
            return ()

        patch.setattr("reconciler.store.opening.BUSY_TIMEOUT_SECONDS", 0.2)
        patch.setattr("reconciler.operations.journal.redact.forget_accounts", read_on)
        refused = lived.run("journal", "redact", "anna-pl", "--format", "json")
    assert (1, ["stateUnavailable"]) == (refused.code, refused.codes)
    detail = refused.document["diagnostics"][0]["detail"]
    assert "no longer tells what was to be erased" in detail
    assert "Nothing was changed" not in detail
    assert before < len(check(lived)["redacted"])
    assert "Nothing of anna-pl is left to erase" in lived.run_well("journal", "redact", "anna-pl").out
    assert [] == told(lived)


def test_erased_data_is_nowhere_in_state_and_the_chain_holds(lived: Project) -> None:
    """E-mail, names, reply-to, title, owner, annotations, user name and reasons go, also of the earlier name."""
    gone(lived)
    head = lived.run_well("journal", "head").out.strip()
    assert list(PERSON) == told(lived)
    done = lived.run_well("journal", "redact", "anna-pl", "--reason", "asked for", "--format", "json").document
    assert (["anna", "anna-pl"], 3) == (done["names"], done["revisions"])
    assert [] == told(lived)
    report = check(lived, "--head", head)
    assert (True, done["payloads"]) == (report["valid"], len(report["redacted"]))
    assert {done["entry"]} == {each["by"] for each in report["redacted"]}
    assert f"as entry {done['entry']} tells" in lived.run_well("journal", "check").out
    event, payload = lived.journal()[-1]
    assert "redact" == event
    assert "asked for" == payload["reason"]
    assert "anna-pl" == payload["name"]


def test_an_address_in_the_reference_of_an_apply_goes(lived: Project, server: MailServer) -> None:
    """Whatever account the apply changed and however the address is written; other references stay, and the journal holds."""
    person = PERSON[0]
    for number, reference in enumerate(
        (f"ticket of {person.upper()}", f"https://x.example/?q={person.replace('@', '%40')}", "T-17")
    ):
        manifest = own_account("sales", server, display_name=f"Sales {number}", secret="{env: SMTP_OTHER_PASSWORD}")
        lived.write_account("sales", manifest)
        lived.run_well("apply", "--auto-approve", "--reference", reference)
    gone(lived)
    head = lived.run_well("journal", "head").out.strip()
    done = lived.run_well("journal", "redact", "anna-pl", "--format", "json").document
    assert 5 == done["revisions"]
    history = lived.run_well("history", "--format", "json").document["revisions"]
    assert ["T-17", "[erased]", "[erased]"] == [each["reference"] for each in history if each["reference"]]
    stored = lived.state_file.read_bytes().decode("latin-1").casefold()
    assert [] == [each for each in (person, person.replace("@", "%40")) if each in stored]
    assert True is check(lived, "--head", head)["valid"]
    assert "Nothing of anna-pl is left to erase" in lived.run_well("journal", "redact", "anna-pl").out


def test_what_belongs_to_others_stays(lived: Project) -> None:
    """Another account of the same revision keeps its fields in history, and its secret its route."""
    gone(lived)
    lived.run_well("journal", "redact", "anna-pl")
    revisions = lived.run_well("history", "sales", "--format", "json").document["revisions"]
    fields = {
        field["path"]: field["after"]
        for change in revisions[0]["changes"]
        if change["name"] == "sales"
        for field in change["fields"]
    }
    assert (USER, "Example Sales") == (fields["spec.email"], fields["spec.displayName"])
    assert 0 == lived.run("verify", "--recorded").code
    assert "Nothing of anna-pl is left to erase" in lived.run_well("journal", "redact", "anna-pl").out


def test_two_erasures_hold_together(lived: Project) -> None:
    """A payload that was erased from twice, and the first erasure's own, are vouched for by the later one."""
    gone(lived)
    lived.remove_account("sales")
    lived.run_well("apply", "--auto-approve", "--allow-deletes", "1")
    first = lived.run_well("journal", "redact", "anna-pl", "--format", "json").document["entry"]
    second = lived.run_well("journal", "redact", "sales", "--format", "json").document["entry"]
    report = check(lived)
    assert True is report["valid"], report
    assert {second} == {each["by"] for each in report["redacted"] if each["entry"] in {1, first}}
    assert "Example Sales" not in lived.state_file.read_bytes().decode("latin-1")


def test_an_erasure_keeps_no_address_in_its_own_reason(lived: Project) -> None:
    """It would stay in the journal for good, so it is refused, and nothing is erased."""
    gone(lived)
    refused = lived.run("journal", "redact", "anna-pl", "--reason", f"{PERSON[0].upper()} asked", "--format", "json")
    assert (1, ["reasonInvalid"]) == (refused.code, refused.codes)
    assert "redact" not in lived.run_well("history").out


def test_a_recorded_account_is_refused_unless_its_past_is_meant(lived: Project) -> None:
    """Sending needs the data, so only past records are erased, and only when told; the account stays as it is."""
    refused = lived.run("journal", "redact", "anna-pl", "--format", "json")
    assert (1, ["accountRecorded"]) == (refused.code, refused.codes)
    renamed = lived.run("journal", "redact", "anna", "--format", "json")
    assert (1, ["accountRecorded"]) == (renamed.code, renamed.codes)
    assert "journal redact anna-pl" in renamed.document["diagnostics"][0]["detail"]
    lived.run_well("journal", "redact", "anna-pl", "--past-only")
    account = lived.run_well("accounts", "show", "anna-pl", "--format", "json").document["accounts"][0]
    assert "active" == account["status"]
    assert PERSON[0] == account["email"]
    assert PERSON[1] == account["displayName"]
    history = lived.run_well("history", "anna-pl", "--format", "json").out
    assert [] == [text for text in PERSON if text in history]
    assert True is check(lived)["valid"]
    assert "empty" == lived.run_well("plan", "--format", "json").document["status"]


def test_a_secret_whose_account_was_erased_stays_known(lived: Project, server: MailServer) -> None:
    """Without its user name the route is of no use, so the secret needs a grant: it is not free to travel again."""
    gone(lived)
    lived.run_well("journal", "redact", "anna-pl")
    lived.write_project()
    lived.write_account("thief", own_account("thief", server, username=PERSON[0]))
    planned = lived.run("plan", "--format", "json")
    assert (4, True) == (planned.code, "credentialWithheld" in planned.codes)


@pytest.mark.parametrize("name", ["nobody", "new"])
def test_an_account_that_never_was_is_unknown(lived: Project, name: str) -> None:
    """What was never recorded is an error with the nearest name, and nothing is journaled."""
    entries = len(lived.journal())
    refused = lived.run("journal", "redact", name, "--format", "json")
    assert (1, ["unknownAccount"]) == (refused.code, refused.codes)
    assert entries == len(lived.journal())
    assert ["reasonInvalid"] == lived.run("journal", "redact", "news", "--reason", " ", "--format", "json").codes


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM journal_payloads WHERE sequence = 2", "The payload of entry 2 is missing."),
        (
            "UPDATE journal_payloads SET payload = replace(payload, 'olga', 'ben') WHERE sequence = 1",
            "entry 1 is not as",
        ),
        ("UPDATE journal_payloads SET payload = '{}' WHERE sequence = 4", "entry 4"),
        ("UPDATE journal_payloads SET payload = replace(payload, 'asked', 'ASKED')", "was altered"),
    ],
)
def test_an_erasure_is_no_cover_for_tampering(lived: Project, statement: str, problem: str) -> None:
    """A payload that is gone or altered without an entry that tells so is found, also one that was erased from."""
    gone(lived)
    lived.run_well("journal", "redact", "anna-pl", "--reason", "asked for")
    lived.execute_sql(statement)
    assert [] != [each for each in check(lived)["problems"] if problem in each]


def test_a_broken_journal_is_not_rewritten(lived: Project) -> None:
    """Erasing would hide what was altered, so nothing is erased."""
    gone(lived)
    lived.execute_sql("UPDATE journal_payloads SET payload = replace(payload, 'olga', 'ben') WHERE sequence = 1")
    before = lived.state_file.read_bytes()
    refused = lived.run("journal", "redact", "anna-pl", "--format", "json")
    assert (1, ["journalBroken"]) == (refused.code, refused.codes)
    assert before == lived.state_file.read_bytes()


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (["UPDATE journal SET event = 'resume' WHERE event = 'suspend'"], "its hash does not fit its content"),
        (
            ["DELETE FROM journal_payloads WHERE sequence = 3", "DELETE FROM journal WHERE sequence = 3"],
            "entry 3 is missing",
        ),
        (
            [
                f"UPDATE journal SET sequence = {after} WHERE sequence = {before}"  # noqa: S608 - numbers
                for before, after in ((2, 99), (3, 2), (99, 3))
            ],
            "its hash does not fit",
        ),
        (
            ["DELETE FROM journal_payloads WHERE sequence = 5", "DELETE FROM journal WHERE sequence = 5"],
            "The noted head is not in the chain",
        ),
    ],
    ids=["edit", "removal", "swap", "truncation"],
)
def test_a_noted_head_tells_every_kind_of_tampering(lived: Project, statements: list[str], problem: str) -> None:
    """Against a head that CI keeps, an edit, a removal, a swap and a truncation each end with 1 and are told."""
    head = lived.run_well("journal", "head", "--format", "json").document["head"]
    assert head + "\n" == lived.run_well("journal", "head").out
    lived.run_well("journal", "check", "--head", head)
    for statement in statements:
        lived.execute_sql(statement)
    assert 1 == lived.run("journal", "check", "--head", head).code
    assert [] != [each for each in check(lived, "--head", head)["problems"] if problem in each]


@pytest.mark.parametrize("noted", ["sha256:", "sha256:12", "main", "0" * 63, "head  sha256:" + "0" * 64])
def test_what_is_no_hash_says_nothing_of_the_journal(lived: Project, noted: str) -> None:
    """A note that was cut or mixed up is told as that: nobody is to restore a backup for it."""
    told = lived.run("journal", "check", "--head", noted)
    assert (1, "") == (told.code, told.out)
    assert "as journal head prints it" in " ".join(told.err.split())


def test_a_noted_head_may_stand_without_its_kind(lived: Project) -> None:
    """Whoever notes the digits alone notes the same."""
    head = lived.run_well("journal", "head").out.strip()
    lived.run_well("journal", "check", "--head", f"{head} ")
    lived.run_well("journal", "check", "--head", head.removeprefix("sha256:"))


def test_a_chain_rewritten_with_fitting_hashes_lacks_the_noted_head(lived: Project) -> None:
    """Whoever rewrites the whole chain makes it hold; the head noted elsewhere still tells."""
    head = lived.run_well("journal", "head").out.strip()
    rewrite(lived)
    assert True is check(lived)["valid"], check(lived)
    assert ["The noted head is not in the chain: the journal was cut off, rewritten, or is another one."] == check(
        lived, "--head", head
    )["problems"]


def rewrite(project: Project) -> None:
    """Give the last entry another time, and every hash what then fits."""
    from reconciler.store.journal import link_hash

    with closing(sqlite3.connect(project.state_file)) as database, database:
        query = "SELECT sequence, event, payload_digest, previous FROM journal ORDER BY sequence DESC LIMIT 1"
        sequence, event, payload_digest, previous = database.execute(query).fetchone()
        at = "2020-01-01T00:00:00Z"
        own = link_hash(sequence, at, event=event, payload_digest=payload_digest, previous=previous)
        database.execute("UPDATE journal SET at = ?, hash = ? WHERE sequence = ?", (at, own, sequence))


def test_history_shows_decisions_stops_and_checks_to_people(lived: Project) -> None:
    """What was decided, stopped and found stands among the revisions, newest first, with who and why."""
    lived.run_well("approve", "news", "--actor", "rita")
    lived.run_well("reject", "news", "--reason", "not ours", "--actor", "rita")
    out = lived.run_well("history").out
    order = ["reject  ", "approve  ", "resume  ", "suspend  ", "revision 2", "revision 1"]
    assert order == sorted(order, key=out.index)
    assert "by rita (flag)" in out
    assert "news: active to rejected (not ours)" in out
    assert f"reason: {PERSON[4]}" in out
    assert "verify" not in out
    of_one = lived.run_well("history", "anna-pl").out
    assert ("rita" in of_one, "suspend  " in of_one) == (False, True)
    document = lived.run_well("history", "news", "--format", "json").document
    assert ["reject", "approve", "apply"] == [event["event"] for event in document["events"]]
    assert ("rita", "flag", "not ours") == tuple(
        document["events"][0][key] for key in ("actor", "actorSource", "reason")
    )


def test_history_shows_a_change_of_status_that_verification_found(lived: Project, server: MailServer) -> None:
    """A recorded account that fails is told with its status before and after, and why."""
    server.users[PERSON[0]] = "another"
    assert 3 == lived.run("verify", "--recorded", "anna-pl").code
    out = lived.run_well("history", "anna-pl").out
    assert "verify  " in out
    assert "anna-pl: active to failing" in out


def test_history_shows_the_ways_round_that_an_apply_took(project: Project, server: MailServer) -> None:
    """Overrides with their reasons, lifted guards and grants used stand with the revision."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve", "--override-verification", "sales=migration night")
    project.remove_account("sales")
    project.run_well("apply", "--auto-approve", "--allow-deletes", "3")
    out = project.run_well("history").out
    assert "override of verification: sales (migration night)" in out
    assert "guard lifted: emptyManifests, by --allow-deletes 3" in out


def test_history_of_an_account_tells_its_own_changes(lived: Project, server: MailServer) -> None:
    """Of a revision that changed several accounts, only the changes of those asked for are told, as text and JSON."""
    whole = lived.run_well("history", "--revision", "1", "--format", "json").document["revisions"]
    assert 1 < len(whole[0]["changes"])
    for words in (("news",), ("kind:marketing",), ("n*",)):
        (own,) = lived.run_well("history", *words, "--format", "json").document["revisions"]
        assert ["news"] == [change["name"] for change in own["changes"]]
    assert "sales" not in lived.run_well("history", "news").out
    renamed = lived.run_well("history", "anna-pl", "--format", "json").document["revisions"]
    names = {
        name for each in renamed for change in each["changes"] for name in (change["name"], change.get("previousName"))
    }
    assert {"anna-pl", "anna", None} >= names


def test_history_is_narrowed(lived: Project) -> None:
    """By time, actor, revision and number, of revisions and events together; the newest come first."""
    lived.run_well("approve", "news", "--actor", "rita")
    everything = lived.run_well("history").out
    assert everything == lived.run_well("history", "--since", "1h").out
    assert everything == lived.run_well("history", "--until", "2199-01-01").out
    nothing = "Nothing in the history is what these options ask for.\n"
    assert nothing == lived.run_well("history", "--since", "2199-01-01T08:00+02:00").out
    assert nothing == lived.run_well("history", "--until", "1w").out
    assert nothing == lived.run_well("history", "--actor", "nobody", "--format", "table").out
    swapped = lived.run("history", "--since", "2026-12-01", "--until", "2026-11-01")
    assert (1, True) == (swapped.code, "--since is later than --until" in swapped.err)
    by_rita = lived.run_well("history", "--actor", "r*").out
    assert ("approve  " in by_rita, "revision 1" in by_rita) == (True, False)
    newest = lived.run_well("history", "--limit", "1").out
    assert ("approve  " in newest, "revision" in newest) == (True, False)
    assert ["revision 1"] == [
        line[:10] for line in lived.run_well("history", "--revision", "1").out.split("\n") if line.startswith("rev")
    ]


def test_the_newest_are_told_without_a_look_at_the_oldest(lived: Project) -> None:
    """So many of the newest are those that all of history begins with, also where an older payload cannot be read."""
    lived.run_well("approve", "news", "--actor", "rita")
    whole = lived.run_well("history", "--format", "json").document
    for limit in range(1, 9):
        newest = lived.run_well("history", "--limit", str(limit), "--format", "json").document
        for each in ("revisions", "events"):
            assert whole[each][: len(newest[each])] == newest[each]
    assert whole == newest
    last = lived.run_well("history", "--limit", "1").out
    with closing(sqlite3.connect(lived.state_file)) as database, database:
        database.execute("UPDATE journal_payloads SET payload = 'no JSON' WHERE sequence = 1")
    assert last == lived.run_well("history", "--limit", "1").out
    assert 1 == lived.run("history").code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--since", "yesterday"), "is no moment. Write a day (2026-11-01)"),
        (("--until", "2026-13-01"), "is no moment."),
        (("--revision", "99"), "There is no revision 99: the last one is 2."),
        (("nobody",), "No account called nobody was ever recorded."),
        (("x*",), "No account's name matches x*."),
    ],
)
def test_a_past_that_there_is_not_is_an_error(lived: Project, words: tuple[str, ...], told: str) -> None:
    """A moment that is none, a revision to come and accounts that never were are errors that say so."""
    refused = lived.run("history", *words)
    assert 1 == refused.code
    assert told in " ".join(refused.err.split())


def test_history_says_what_was_not_committed(project: Project, server: MailServer) -> None:
    """Where the manifests were not as committed, the commit is not what was applied, and history says so."""
    git(project.folder, "init", "--quiet")
    project.write_account("sales", own_account("sales", server))
    git(project.folder, "add", ".")
    git(project.folder, "commit", "--quiet", "--message", "First")
    project.run_well("apply", "--auto-approve")
    assert "uncommitted" not in project.run_well("history").out
    project.write_account("help", own_account("help", server))
    project.run_well("apply", "--auto-approve")
    assert 1 == project.run_well("history").out.count(" + uncommitted changes")
    assert 1 == project.run_well("history", "--format", "table").out.count("+\n")


def test_history_says_which_secret_was_rotated(project: Project, server: MailServer) -> None:
    """A new value that a plan or a nightly verification finds is told as rotated, by its reference."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    for number, find in enumerate((("apply", "--auto-approve"), ("verify", "--recorded"))):
        server.users[USER] = f"rotated-password-{number}"
        project.set_variable(VARIABLE, f"rotated-password-{number}")
        project.run_well(*find)
        assert VARIABLE in (out := project.run_well("history", "--limit", "1").out)
        assert "rotated" in out


def test_every_entry_has_a_salt_of_its_own(lived: Project) -> None:
    """Equal payloads have different digests, so that what was erased cannot be guessed from the chain."""
    salts = [payload["salt"] for _, payload in lived.journal()]
    assert len(salts) == len(set(salts))
    assert all(len(salt) == 32 for salt in salts)
    assert "salt" not in json.dumps(lived.run_well("history", "--format", "json").document)


_VIEW = "The view senders does not give what the accounts are: programs that look senders up there send as it says."
_TRIGGER = 'The trigger a of accounts is not reconciler\'s, and can change or swallow what is written. Whoever does not know it takes it away by DROP TRIGGER "a".'
ALTERED = {
    "the view calls everybody active": (
        ("DROP VIEW senders; CREATE VIEW senders AS SELECT project, name, '' AS kind, "
        "'' AS email, '' AS display_name, NULL AS reply_to, NULL AS host, NULL AS port, NULL AS encryption, "
        "NULL AS mechanism, NULL AS username, NULL AS secret, 1 AS active, NULL AS demands FROM accounts"),
        [_VIEW], [],
    ),
    "the view is gone": ("DROP VIEW senders", [_VIEW], []),
    "the view cannot be read": ("DROP VIEW senders; CREATE VIEW senders AS SELECT * FROM lost", [_VIEW], []),
    "a trigger resumes": (
        "CREATE TRIGGER a AFTER UPDATE ON accounts BEGIN UPDATE accounts SET suspension = NULL; END", [], [_TRIGGER],
    ),
}  # fmt: skip
"""What whoever may write to the file does beside the tables; what a migration makes anew of it, and what it leaves."""


@pytest.mark.parametrize("way", ALTERED)
def test_what_stands_beside_the_tables_and_was_altered_is_told(lived: Project, way: str) -> None:
    """A check, the status and the doctor tell of it; a migration makes anew what is ours, and journals what it found."""
    statements, made_anew, left = ALTERED[way]
    assert (0, []) == ((found := lived.run("journal", "check", "--format", "json")).code, found.document["unguarded"])
    assert "guards of the state" in lived.run("doctor").out
    with closing(sqlite3.connect(lived.state_file)) as database:
        database.executescript(statements)
    found = lived.run("journal", "check", "--format", "json")
    assert 1 == found.code
    assert found.document["valid"] is True
    assert made_anew + left == found.document["unguarded"]
    assert ["guardsAltered"] == found.codes
    text = lived.run("journal", "check")
    assert "The journal holds" in text.out
    assert "reconciler state migrate" in text.err
    status = lived.run("status")
    assert (1, True) == (status.code, "What guards it was altered:" in status.out)
    assert "**What guards it was altered:**" in lived.run("status", "--format", "markdown").out
    assert 'reconciler_journal_guarded{project="mail"} 0' in lived.run("status", "--metrics", "-").out
    assert "1 altered; journal check tells which" in lived.run("doctor").out
    done = lived.run("state", "migrate", "--actor", "olga", "--format", "json")
    assert (int(bool(left)), made_anew) == (done.code, done.document["madeAnew"])
    assert (["guardsAltered"] if left else []) == done.codes
    assert left == check(lived)["unguarded"]
    with closing(sqlite3.connect(lived.state_file)) as database:
        database.execute("DROP TRIGGER IF EXISTS a")
    event, payload = lived.journal()[-1]
    assert (event == "migrate") == bool(made_anew)
    if made_anew:
        assert (made_anew, "olga") == (payload["madeAnew"], payload["actor"])
        assert "what guards the state was made anew" in " ".join(lived.run_well("history").out.split())
    assert "nothing was changed" in lived.run_well("state", "migrate").out
