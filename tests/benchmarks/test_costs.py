"""What fixed work costs in calls and in waits for the disk: guarded with a margin, where a time would depend on the day."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.generate_accounts import VARIABLES, write_project
from benchmarks.many_contacts import SETTINGS, write_contacts
from reconciler.cli.edge import run
from reconciler.contacts import open_contacts
from reconciler.envelope import identity_of
from reconciler.model.accounts.settings import Settings
from reconciler.model.canonical import canonical_json
from reconciler.model.text.legible import Legible
from reconciler.operations.send.resolve import Tally, resolutions_of
from reconciler.planfile.parts import read_part
from reconciler.render.json.resolution import resolutions_lines
from reconciler.sending import open_results, send_to_all
from reconciler.sending.results import boot_id
from reconciler.store import create_state, jsonpieces, open_store
from reconciler.store.rows import changes_in_short, revision_from_row
from reconciler.store.sqlite import longtext
from tests.cli.project import environment
from tests.sending.letters import Bench, addresses, cards_of, header
from tests.store.values import AT, LINEAGE, PROJECT, account, change, revision, route
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer
from tests.support.scripted import POLITE, ScriptedServer, polite
from tests.support.work import counted_work
from tests.verification.targets import PASSWORD, check_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from reconciler.model.journal.entries import Revision
    from reconciler.sending import Card

MOST_CALLS_A_PLANNED_ACCOUNT = 870
"""Measured: 829 with Python 3.11."""
MOST_CALLS_AN_UNCHANGED_ACCOUNT = 31
"""Measured: 28.5 with Python 3.11, most of them to open, read, hash and close its file; 34.3 where facts are parsed one by one."""
MOST_CALLS_A_REPORTED_ACCOUNT = 3_250
"""Measured: 2,895 with Python 3.11; 4,524 where each page makes what is around it, and markup is escaped again."""
MOST_CALLS_A_PART_S_ACCOUNT = 24
"""Measured: 18 with Python 3.11; 135 where every line of a part is checked and read as a plan's is."""
MOST_CALLS_AN_APPLIED_ACCOUNT = 1_000
"""Measured: 970 with Python 3.11; 1,022 where what accounts have in common is read and written for each."""
MOST_CALLS_A_CONTACT = 130
"""Measured: 119 with Python 3.11, most of them cheap; later ones make fewer."""
MOST_CALLS_A_MESSAGE = 425
"""Measured: 395 with Python 3.11, 394 with 3.13, of a server that gives each message a name of its own."""
MOST_CALLS_A_MESSAGE_AFTER_A_LOGIN = 660
"""Measured: 603 with Python 3.11, 580 with 3.13, of names of eight characters; 17,000 where the whole reply is read anew for each."""
MOST_CALLS_A_LONG_NAME = 17_400
"""Measured: 15,783 with Python 3.11; 27,308 where each letter of what holds no escape is written by itself."""
MOST_CALLS_A_WRITE = 2300
"""Measured: 2,216 with Python 3.11; a library that makes statements of objects took 16,404."""

MOST_CALLS_A_CHECKED_ACCOUNT = 47
"""Measured: 43 with Python 3.11; 92 where each column of each row is written as JSON, also as it stood in the row before."""
MOST_CALLS_A_SEARCHED_ACCOUNT = 1.5
"""Measured: 1.0; 4.5 where each account's text is put together and looked at by itself."""

MOST_CALLS_A_CHECK = 1_580
"""Measured: 1,469 with Python 3.11 and 3.13; 4,500 where each certificate is read anew, and words that nobody is shown are
read; 44,500 with a file of a hundred CAs that is read anew."""

MOST_PROGRAMS_OF_A_PLAN = 1
"""git, asked whether it tracks the state. Of commits only test messages tell, and whether files differ nobody asks here."""
_PROGRAMS = (
    "import sys\n"
    "from reconciler.__main__ import main\n"
    "sys.addaudithook(lambda event, _: event == 'subprocess.Popen' and print('RUN', file=sys.stderr))\n"
    "main()\n"
)


MOST_WHEN_COLD = {"validate": (5_200, 122, 47, 25, 94, 790), "plan --depth offline": (8_600, 196, 66, 26, 153, 1_640)}
"""Of calls, modules, models, models that are built, files with functions that run, and changes from file to file; measured: 4,678,
119, 43, 22, 91 and 764, then 7,813, 193, 61, 23, 149 and 1,567, and with the lowest versions 5,013 and 8,363 calls. A fifth is for what
is not ours: the finder that waits for pydantic, and pydantic's own dataclasses, which would cost 134 million instructions if they and
its dictionaries were the standard library's."""


def calls(work: Callable[[], object]) -> int:
    """Return how many functions this thread calls while it works, and not what a server's threads call meanwhile."""
    with counted_work() as counted:
        work()
    return counted.calls


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the variables that generated accounts name."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def calls_an_account(made: Callable[[int], Callable[[], object]]) -> float:
    """Return how many calls an account more costs: ``made`` makes so many, and returns the work that is counted."""
    counted = {count: calls(made(count)) for count in (100, 300)}
    return (counted[300] - counted[100]) / 200


def in_new_project(folder: Path, count: int, *, accounts_per_file: int) -> Callable[..., int]:
    """Return what runs a command in a new project of so many accounts, which has its state."""

    def command(*words: str) -> int:
        return run(["--project-dir", str(folder), *words])

    write_project(folder, count, accounts_per_file=accounts_per_file)
    assert command("state", "init") == 0
    return command


@pytest.mark.usefixtures("variables")
def test_an_account_is_planned_in_so_many_calls(tmp_path: Path) -> None:
    """From its file to the plan that is shown, with no plan kept from before: what each account more costs."""

    def made(count: int) -> Callable[[], object]:
        plan = partial(in_new_project(tmp_path / str(count), count, accounts_per_file=1), "plan", "--depth", "offline")
        assert plan() == 0  # what is made once is made
        return plan

    assert calls_an_account(made) <= MOST_CALLS_A_PLANNED_ACCOUNT


@pytest.mark.usefixtures("variables")
def test_an_account_that_a_plan_of_few_does_not_look_at_costs_so_few_calls(tmp_path: Path) -> None:
    """With one file changed, what each account more costs: its file's digest, and its facts."""

    def made(count: int) -> Callable[[], object]:
        folder = tmp_path / str(count)
        command = in_new_project(folder, count, accounts_per_file=1)
        assert command("apply", "--auto-approve", "--depth", "offline") == 0
        plan = partial(command, "plan", "--depth", "offline")
        assert plan() == 0  # kept
        changed = min((folder / "accounts.d").rglob("accounts-*.yaml"))
        changed.write_text(changed.read_text(encoding="utf-8").replace("Example ", "Our "), encoding="utf-8")
        assert plan() == 0  # what is made once is made
        return plan

    assert calls_an_account(made) <= MOST_CALLS_AN_UNCHANGED_ACCOUNT


def _note_look(looks: list[str], phase: str, _: object) -> None:
    looks.append(phase)


@pytest.mark.parametrize("words", ["plan --depth offline", "plan --depth offline --out first.plan", "validate"])
def test_no_account_more_has_rubbish_looked_for_or_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """What contacts nobody keeps all that it makes: Python does not look through it, and there would be nothing to find."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    threshold = gc.get_threshold()
    counted, left = {}, {}
    for count in (3, 20, 200):  # with the first, what is made once is made
        folder = tmp_path / str(count)
        write_project(folder, count, accounts_per_file=1)
        monkeypatch.chdir(folder)
        assert run(["state", "init"]) == 0
        gc.collect()
        looks: list[str] = []
        listener = partial(_note_look, looks)
        gc.callbacks.append(listener)
        gc.set_threshold(700, 10, 10)
        try:
            assert run(words.split()) == 0
        finally:
            gc.set_threshold(*threshold)
            gc.callbacks.remove(listener)
        counted[count] = len(looks)
        left[count] = gc.collect()
    assert gc.isenabled()
    assert counted[200] <= counted[20] + 2
    assert left[200] <= left[20] + 180


@pytest.mark.usefixtures("variables")
def test_an_account_is_applied_in_so_many_calls(tmp_path: Path) -> None:
    """From the saved plan to what the journal tells: what each new account more costs."""

    def made(count: int) -> Callable[[], object]:
        command = in_new_project(tmp_path / str(count), count, accounts_per_file=1)
        saved = str(tmp_path / f"{count}.plan")
        assert command("plan", "--depth", "offline", "--out", saved) == 0
        return partial(command, "apply", saved, "--depth", "offline")

    calls(made(20))  # what is made once is made
    assert calls_an_account(made) <= MOST_CALLS_AN_APPLIED_ACCOUNT


def test_a_plan_without_test_messages_runs_one_program(tmp_path: Path) -> None:
    """In a repository git is asked one thing, though it could tell the commit and what differs from it."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **VARIABLES}
    folder = tmp_path / "project"
    write_project(folder, 1)
    author = ("-c", "user.name=sales", "-c", "user.email=sales@example.com")
    for words in (("init", "--quiet"), ("add", "accounts.d"), (*author, "commit", "--quiet", "--message", "accounts")):
        subprocess.run(["git", "-C", str(folder), *words], env=variables, check=True)
    assert run(["--project-dir", str(folder), "state", "init"]) == 0
    plan = [sys.executable, "-c", _PROGRAMS, "--project-dir", str(folder), "plan", "--depth", "offline"]
    finished = subprocess.run(plan, env=variables, capture_output=True, encoding="utf-8", check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.splitlines().count("RUN") <= MOST_PROGRAMS_OF_A_PLAN


@pytest.mark.usefixtures("variables")
def test_an_account_is_reported_in_so_many_calls(tmp_path: Path) -> None:
    """Its page, its row in both lists, and its change on a page of the revision: what each account more costs."""

    def made(count: int) -> Callable[[], object]:
        command = in_new_project(tmp_path / str(count), count, accounts_per_file=20)
        assert command("apply", "--auto-approve", "--depth", "offline") == 0
        assert command("report", "--out", str(tmp_path / f"{count}-warm")) == 0  # what is made once is made
        return partial(command, "report", "--out", str(tmp_path / f"{count}-site"))  # new: another's pages stay

    assert calls_an_account(made) <= MOST_CALLS_A_REPORTED_ACCOUNT


@pytest.mark.usefixtures("variables")
def test_a_part_of_a_plan_is_read_in_so_few_calls(tmp_path: Path) -> None:
    """Of each account that another part verified, a merge takes the digest of its settings and nothing else."""

    def made(count: int) -> Callable[[], object]:
        part = tmp_path / f"{count}.plan"
        command = in_new_project(tmp_path / str(count), count, accounts_per_file=20)
        assert command("plan", "--depth", "offline", "--shard", "1/2", "--out", str(part)) == 0
        read = partial(read_part, part, is_sealed=lambda _: True)
        read()  # what is made once is made
        return read

    assert calls_an_account(made) <= MOST_CALLS_A_PART_S_ACCOUNT


def test_a_contact_is_resolved_in_so_many_calls(tmp_path: Path) -> None:
    """Reading, resolving with both overrides and writing a line of JSON cost no more for a contact than they did."""
    path = tmp_path / "contacts.csv"
    identity = identity_of("MarketingAccount", Settings.model_validate_json(json.dumps(SETTINGS)))

    def resolve() -> None:
        with open_contacts(str(path), stdin=sys.stdin.buffer) as cards:
            for _ in resolutions_lines(resolutions_of(identity, cards, tally=Tally(), file="contacts.csv")):
                pass

    write_contacts(path, 10)
    resolve()  # what is made once is made
    write_contacts(path, 500)
    assert calls(resolve) / 500 <= MOST_CALLS_A_CONTACT


def test_a_search_looks_at_hundreds_of_accounts_at_once(tmp_path: Path) -> None:
    """An account more that is not found costs a call to read it and hardly anything else; who finds one parses that one."""
    url = "sqlite:///state.db"
    create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        counted = {}
        for last in (1_000, 2_000):
            with store.write() as transaction:
                for number in range(last - 1_000, last):
                    transaction.put_account(account(f"sales-{number:05}"))
                transaction.append_journal("apply", {}, at=AT)
            found: set[str] = set()
            counted[last] = calls(lambda: found.update(store.find_accounts(lambda text: "sales-00001" in text)))  # noqa: B023 - called at once
            assert {"sales-00001"} == found
    assert (counted[2_000] - counted[1_000]) / 1_000 <= MOST_CALLS_A_SEARCHED_ACCOUNT


def test_history_reads_each_revision_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a revision changed may be as large as the state: the last one is read for what is told of it, and not again."""
    monkeypatch.setenv("CI", "")
    write_project(tmp_path, 1)
    for command in (["state", "init"], ["apply", "--auto-approve", "--depth", "offline"]):
        assert run(["--project-dir", str(tmp_path), *command]) == 0
    read = 0

    def counted(row: Sequence[object]) -> Revision:
        nonlocal read
        read += 1
        return revision_from_row(row)

    monkeypatch.setattr("reconciler.store.reading.revision_from_row", counted)
    assert run(["--project-dir", str(tmp_path), "history", "--limit", "20"]) == 0
    assert read == 1


def characters_scanned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the list to which reading of JSON piece by piece adds how many characters it parses."""
    scan, scanned = json.JSONDecoder().scan_once, []  # type: ignore[attr-defined]

    def counted(text: str, start: int) -> tuple[Any, int]:
        found, end = scan(text, start)
        scanned.append(end - start)
        return found, end

    monkeypatch.setattr(jsonpieces, "_scan", counted)
    return scanned


@pytest.mark.usefixtures("variables")
def test_history_looks_at_no_field_of_what_was_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As people are told it, an apply of very many accounts is names and counts: the rest is passed over, and the text is the same."""
    monkeypatch.setenv("CI", "")
    command = in_new_project(tmp_path, 100, accounts_per_file=20)
    assert command("apply", "--auto-approve", "--depth", "offline") == 0

    def told() -> list[str]:
        capsys.readouterr()
        for form in ("text", "table", "csv"):
            assert command("history", "--limit", "20", "--format", form) == 0
        return capsys.readouterr().out.splitlines()

    whole = told()
    for place in ("sql.LONG_TEXT", "sqlite.longtext.LONG_OCTETS"):
        monkeypatch.setattr(f"reconciler.store.{place}", 0)
    parsed = characters_scanned(monkeypatch)

    def in_short(pieces: Iterable[str]) -> str:
        parsed.append(len(text := changes_in_short(pieces)))
        return text

    monkeypatch.setattr("reconciler.store.reading.changes_in_short", in_short)
    assert whole == told()
    with open_store("sqlite:///.reconciler/state.db", base=tmp_path, project="generated") as store:
        (made,) = store.revisions()
    assert sum(parsed) / 3 < 0.5 * len(canonical_json(list(made.changes)))


@pytest.mark.usefixtures("variables")
def test_history_reads_of_an_apply_of_very_many_no_more_than_it_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The payload begins with what people are told: neither the rest of it nor the revision's changes are read."""
    monkeypatch.setenv("CI", "")
    command = in_new_project(tmp_path, 100, accounts_per_file=20)
    for place in ("sql.LONG_TEXT", "sqlite.longtext.LONG_OCTETS"):
        monkeypatch.setattr(f"reconciler.store.{place}", 0)
    monkeypatch.setattr("reconciler.rules.journal.abridge.LEAST_CHANGES", 100)
    assert command("apply", "--auto-approve", "--depth", "offline") == 0
    parsed, read = characters_scanned(monkeypatch), longtext.StoredText.pieces
    pieces: list[int] = []

    def counted(text: longtext.StoredText) -> Iterator[str]:
        for piece in read(text):
            pieces.append(len(piece))
            yield piece

    monkeypatch.setattr(longtext, "_PIECE_OCTETS", 4096)
    monkeypatch.setattr(longtext.StoredText, "pieces", counted)
    for form in ("text", "table", "csv"):
        assert command("history", "--limit", "20", "--format", form) == 0
    assert "80 OwnAccounts" in capsys.readouterr().out
    assert sum(parsed) / 3 < 3_000
    assert len(pieces) == 3
    assert command("journal", "check") == 0


def test_a_check_reads_what_a_revision_changed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal tells it in the same words, which are compared and not parsed again."""
    monkeypatch.setattr(longtext, "LONG_OCTETS", 0)
    scanned = characters_scanned(monkeypatch)
    changes = [{**change(f"sales-{number:05}"), "cause": "x" * 500} for number in range(1_000)]
    url = "sqlite:///state.db"
    create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        with store.write() as transaction:
            transaction.add_revision(revision(1, *changes))
            transaction.append_journal("apply", {"revision": {"changes": changes, "revision": 1}}, at=AT)
        assert () == store.check_journal().problems
    assert sum(scanned) <= 1.2 * len(canonical_json(changes))


def test_a_check_makes_so_many_calls_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row, its route, its change and what the payload tells of it: what an account more costs, of an apply of all at once."""
    monkeypatch.setattr(longtext, "LONG_OCTETS", 0)

    def made(count: int) -> Callable[[], object]:
        url, names = f"sqlite:///{count}.db", [f"sales-{number:05}" for number in range(count)]
        changes = [change(name) for name in names]
        create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
        with open_store(url, base=tmp_path, project=PROJECT) as store:
            with store.write() as transaction:
                for name in names:
                    transaction.put_account(account(name))
                    transaction.put_routes(name, [route(name)])
                transaction.add_revision(revision(1, *changes))
                transaction.append_journal("apply", {"revision": {"changes": changes, "revision": 1}}, at=AT)
            assert not store.check_journal().account_problems  # what is made once is made
        return store.check_journal

    assert calls_an_account(made) <= MOST_CALLS_A_CHECKED_ACCOUNT


def test_a_state_is_made_written_read_and_checked_in_so_many_calls(tmp_path: Path) -> None:
    """What one small write costs, as `suspend` is one, with a read and a check after it."""

    def work(url: str) -> None:
        create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
        with open_store(url, base=tmp_path, project=PROJECT) as store:
            with store.write() as transaction:
                transaction.put_account(account("sales"))
                transaction.append_journal("apply", {}, at=AT)
            assert {"sales"} == set(store.read_state().accounts)
            assert () == store.check_journal().problems

    work("sqlite:///warm.db")
    assert calls(lambda: work("sqlite:///state.db")) <= MOST_CALLS_A_WRITE


@pytest.mark.parametrize(
    ("login", "most"),
    [
        ({}, MOST_CALLS_A_MESSAGE),
        ({"username": "anna", "password": "not a secret"}, MOST_CALLS_A_MESSAGE_AFTER_A_LOGIN),
    ],
    ids=["no login", "login"],
)
def test_a_message_is_sent_in_so_many_calls_and_few_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, login: dict[str, str], most: int
) -> None:
    """With PIPELINING a message costs no more calls than it did; 300 messages wait for the disk about 40 times."""
    waits = 0
    fsync = os.fsync

    def counted(descriptor: int) -> None:
        nonlocal waits
        waits += 1
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", counted)

    @contextmanager
    def cards() -> Iterator[Iterator[Card]]:
        yield iter(cards_of(addresses(300)))

    pipelined = POLITE["EHLO"].replace("250-8BITMIME", "250-8BITMIME\r\n250-PIPELINING")
    names = [f"250 2.0.0 Ok: queued as {number:08X}" for number in range(310)]
    with ScriptedServer(polite({"EHLO": pipelined, ".": names})) as server:
        bench = Bench(port=server.port, path=tmp_path / "warm", **login)  # type: ignore[arg-type]
        bench.run(addresses(2))
        bench = Bench(port=server.port, path=tmp_path / "r", **login)  # type: ignore[arg-type]
        waits = 0
        with open_results(bench.path, header()) as results:
            counted_calls = calls(lambda: send_to_all(cards, results, bench.sending()))
    assert {"accepted"} == set(bench.outcomes().values())
    assert counted_calls / 300 <= most
    assert waits <= 60 or boot_id() is None


def test_a_long_name_of_a_message_is_read_in_so_many_calls() -> None:
    """A server that names each message as Microsoft 365 does has each read in every way: that costs no more than it did."""
    sought = Legible([PASSWORD])
    name = "<AM0PR01MB{0}F8D1C4A79E2B35{0}@AM0PR01MB4711.eurprd01.prod.exchangelabs.com> [Hostname=AM0PR01MB4711.eurprd01.prod.outlook.com] 12{0} 0.321, 45.678"

    def read(number: int) -> None:
        words = name.format(number)
        assert not sought.is_written_in(words)
        assert not sought.is_read_in(words)

    read(314159)  # what is made once is made
    assert calls(lambda: read(271828)) <= MOST_CALLS_A_LONG_NAME


@pytest.mark.parametrize("others", [0, 100], ids=["one CA", "a file of many CAs"])
def test_an_account_is_verified_in_so_many_calls(others: int) -> None:
    """A further account of a server costs no more calls, with STARTTLS, a login and the envelope, than it did."""
    ca = TestCA()
    trusted = "".join(each.pem for each in (*(TestCA() for _ in range(others)), ca))
    checks = 20
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:

        def check(count: int) -> None:
            for _ in range(count):
                assert "passed" == check_settings(server, ca_pem=trusted, depth="envelope").verification.status

        check(1)  # what is made once is made
        counted_calls = calls(lambda: check(checks))
    assert counted_calls / checks <= MOST_CALLS_A_CHECK


_COLD = """
import sys
calls = changes = 0
last = None
files = set()
def count(frame, event, _):
    global calls, changes, last
    path = frame.f_code.co_filename
    if event == "call" and "/reconciler/" in path:
        calls += 1
        if frame.f_code.co_name != "<module>":
            files.add(path)
            changes += path != last
            last = path
sys.setprofile(count)
from reconciler.__main__ import main
try:
    main()
finally:
    sys.setprofile(None)
    from pydantic import BaseModel
    def below(model):
        return {model}.union(*map(below, model.__subclasses__()))
    modules = [name for name in sys.modules if name.partition(".")[0] == "reconciler"]
    models = below(BaseModel)
    built = sum(each.__pydantic_complete__ for each in models)
    print(calls, len(modules), len(models), built, len(files), changes, file=sys.stderr)
"""


@pytest.mark.parametrize("words", MOST_WHEN_COLD, ids=lambda words: words.split()[0])
def test_a_cold_process_calls_imports_and_makes_so_much(tmp_path: Path, words: str) -> None:
    """What a new process does of ours in a project of three accounts.

    That are calls, modules, models, which cost the most, those of them whose schema is built, files with functions that run, and
    changes from file to file.
    """
    write_project(tmp_path / "mail", 3)
    command = [sys.executable, "-c", _COLD, "--project-dir", str(tmp_path / "mail")]
    variables = environment(VARIABLES)
    subprocess.run([*command, "state", "init"], env=variables, check=True, capture_output=True)
    ran = subprocess.run([*command, *words.split()], env=variables, check=True, capture_output=True, encoding="utf-8")
    counted = tuple(int(each) for each in ran.stderr.splitlines()[-1].split())
    assert [] == [(most, each) for most, each in zip(MOST_WHEN_COLD[words], counted, strict=True) if each > most]


MOST_CALLS_BESIDE_A_CHANGED_ACCOUNT = 50
"""Measured: 41 with Python 3.11."""


@pytest.mark.usefixtures("variables")
def test_an_account_beside_a_changed_one_costs_so_many_calls(tmp_path: Path) -> None:
    """One manifest has changed since a plan that changed nothing: what each account more costs, of which only facts are kept."""

    def made(count: int) -> Callable[[], object]:
        folder = tmp_path / str(count)
        command = in_new_project(folder, count, accounts_per_file=1)
        assert command("apply", "--auto-approve", "--depth", "offline") == 0
        plan = partial(command, "plan", "--depth", "offline")
        assert plan() == 0  # which is kept
        manifest = min((folder / "accounts.d").rglob("accounts-*.yaml"))
        manifest.write_text(manifest.read_text(encoding="utf-8").replace("displayName: Example ", "displayName: Our "))
        assert plan() == 0  # what is made once is made
        return plan

    assert calls_an_account(made) <= MOST_CALLS_BESIDE_A_CHANGED_ACCOUNT
