"""Each command under each role of a state in PostgreSQL does what the table in docs/state.md says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from reconciler.errors import StateUnavailable
from reconciler.store import migrate_state
from tests.cli.mailing import EML
from tests.cli.project import CHECKOUT, PASSWORD, USER, VARIABLE, Outcome, Project, marketing_account, own_account
from tests.cli.statepage import rows_of_roles
from tests.support.mailserver import MailServer
from tests.system.store.test_moving import MIGRATION
from tests.system.support.postgres import PostgresServer, running_postgres
from tests.system.support.processes import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE = (CHECKOUT / "docs" / "state.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ROLES = ("planner", "applier", "approver", "sender", "owner")
PROGRAMS = {"newest": None, "15": Path("/usr/lib/postgresql/15/bin")}


def table() -> dict[str, dict[str, bool]]:
    """Return which role may do what, by the commands of the page."""
    (head,) = re.findall(r"^\| command \| (.*) \|$", PAGE, re.MULTILINE)
    assert ROLES == tuple(head.split(" | "))
    return {command: dict(zip(ROLES, cells, strict=True)) for command, cells in rows_of_roles(PAGE).items()}


@dataclass(frozen=True)
class Words:
    """How a command of the page is tried."""

    words: str
    before: Sequence[str] = ()
    """Commands of the owner before each try."""


TRIES = {
    "plan": Words("plan --depth offline"),
    "plan merge": Words("plan merge whole.plan --out merged.plan", ["plan --shard 1/1 --out whole.plan"]),
    "verify": Words("verify sales --depth connect"),
    "accounts list": Words("accounts list"),
    "accounts show": Words("accounts show news"),
    "accounts add": Words("accounts add marketing {add}"),
    "accounts rename": Words("accounts rename extra{number} other{number}", ["accounts add marketing {add}"]),
    "accounts delete": Words("accounts delete extra{number}", ["accounts add marketing {add}"]),
    "status": Words("status"),
    "history": Words("history sales"),
    "history restore": Words("history restore 1 --to restored{number}"),
    "diff": Words("diff 0 1"),
    "report": Words("report --out site"),
    "export": Words("export"),
    "resolve": Words("resolve news --contacts contacts.csv"),
    "doctor": Words("doctor"),
    "journal check": Words("journal check"),
    "journal head": Words("journal head"),
    "state backup": Words("state backup backup.db --force"),
    "state export": Words("state export --public public{number}.db"),
    "state init": Words("state init"),
    "consumers list": Words("consumers list"),
    "consumers show": Words("consumers show app"),
    "publish --check": Words("publish --check"),
    "apply": Words("apply --auto-approve --depth offline"),
    "verify --recorded": Words("verify sales --recorded --depth connect"),
    "publish": Words("publish"),
    "approve": Words("approve news", ["reject news --reason x"]),
    "reject": Words("reject news --reason x", ["approve news"]),
    "suspend": Words("suspend news --reason x"),
    "resume": Words("resume news", ["suspend news --reason x"]),
    "send": Words("send sales --contacts contacts.csv --message mail.eml --results {number}.jsonl"),
    "state migrate": Words(""),
    "state restore": Words("state restore backup.db --allow-older", ["state backup backup.db --force"]),
    "state rekey": Words("state rekey --new-key env:NEXT_KEY --accept-rotated"),
    "state revoke": Words(f"state revoke env:{VARIABLE}"),
    "journal redact": Words("journal redact news --past-only --reason x"),
}
"""By the commands of the page; a migration is tried by a test of its own."""
_STOPPING = ("suspend ", "state revoke ")
"""What suspends an account begins with one of these."""


def told(outcome: Outcome) -> str:
    """Return what a command says on stderr as one line, however it was wrapped."""
    return " ".join(outcome.err.split())


@pytest.fixture(scope="module", params=PROGRAMS)
def database_server(request: pytest.FixtureRequest, scratch: Path) -> Iterator[PostgresServer]:
    """Run a server of each version: the newest that there is, and the oldest that a distribution still has."""
    programs = PROGRAMS[request.param]
    if programs is not None and not programs.is_dir():
        missing(f"there is no PostgreSQL {request.param}")
    folder = scratch / f"roles-{request.param}"
    folder.mkdir()
    folder.chmod(0o755)
    with running_postgres(folder, programs) as started:
        yield started


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """Run a mail server."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as running:
        yield running


@dataclass
class World:
    """A project whose state several roles use."""

    project: Project
    server: PostgresServer
    mail: MailServer
    tries: int = 0
    stops: bool = False
    """Whether what was tried last may have suspended an account."""

    def become(self, role: str) -> None:
        """Work as a role from here on."""
        name = "reconciler" if role == "owner" else f"its_{role}"
        self.project.set_variable("RECONCILER_STATE", self.server.url("roles", user=name))

    def prepare(self, words: Words) -> None:
        """As the owner, change what the manifests declare, do what comes before, and take away what was published."""
        self.become("owner")
        self.tries += 1
        self.project.write_account("sales", own_account("sales", self.mail, display_name=f"Sales {self.tries}"))
        for each in ("resume sales", "resume news") if self.stops else ():
            self.project.run(*each.split())
        for each in words.before:
            self.project.run(*self.filled(each))
        self.stops = any(each.startswith(_STOPPING) for each in (words.words, *words.before))
        (self.project.folder.parent / "app.json").unlink(missing_ok=True)

    def filled(self, words: str) -> list[str]:
        """Return words with what is another for each try."""
        add = f"extra{self.tries} --email extra{self.tries}@example.com --display-name Extra"
        return words.format(number=self.tries, add=add).split()

    def statements(self, *blocks: str) -> None:
        """Run statements as an administrator."""
        for block in blocks:
            for statement in block.split(";\n"):
                if statement.strip():
                    self.server.execute(statement, database="roles")


@pytest.fixture
def world(
    database_server: PostgresServer,
    mail: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[World]:
    """Return a project with a state that its owner made as the page says, and a login for each role."""
    project = Project(tmp_path / "mail", monkeypatch, capsys)
    path = tmp_path / "app.json"
    project.write_project(
        f"state: {database_server.url('roles', user='reconciler')}\n"
        f"consumers: {{app: {{type: files, format: json, path: {path}, accounts: ['*'], secrets: none}}}}\n"
        "secrets: {fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}}\n"
    )
    for name, value in ((VARIABLE, PASSWORD), ("RECONCILER_FINGERPRINT_KEY", "k" * 40), ("NEXT_KEY", "k" * 40)):
        project.set_variable(name, value)
    project.write_account("news", marketing_account("news"))
    (project.folder / "contacts.csv").write_text("email,name\none@example.net,One\n", encoding="utf-8")
    (project.folder / "mail.eml").write_text(EML, encoding="utf-8", newline="")
    database_server.make_database("roles")
    found = World(project, database_server, mail)
    try:
        found.statements(BLOCKS[0])
        found.prepare(Words(""))
        project.run_well("state", "init")
        found.statements(project.run_well("state", "roles", "--format", "sql").out)
        for role in (*ROLES[:-1], "lookup"):
            found.statements(f"CREATE ROLE its_{role} LOGIN IN ROLE reconciler_{role}")
        project.run_well("apply", "--auto-approve")
        project.run_well("approve", "news")
        yield found
    finally:
        database_server.execute("DROP DATABASE roles WITH (FORCE)")
        for (name,) in database_server.execute(
            "SELECT rolname FROM pg_roles WHERE rolname ~ '^(reconciler|its_|nina|pipeline|billing)'"
        ):
            database_server.execute(f"DROP ROLE {name}")


def test_each_command_under_each_role(world: World) -> None:
    """What the table allows ends well, and what it does not is refused with the privilege that is missing."""
    allowed = table()
    assert set(TRIES) == set(allowed)
    found: dict[tuple[str, str], bool] = {}
    for command, words in TRIES.items():
        for role in ROLES if words.words else ():
            world.prepare(words)
            world.become(role)
            outcome = world.project.run(*world.filled(words.words))
            names_it = any(each in told(outcome) for each in ("the privilege", "only the owner"))
            assert (outcome.code == 0) != (outcome.code in {1, 6} and names_it), (command, role, outcome)
            found[command, role] = outcome.code == 0
    expected = {(command, role): allowed[command][role] for command in TRIES if TRIES[command].words for role in ROLES}
    assert {} == {each: found[each] for each in found if found[each] != expected[each]}
    world.become("owner")
    world.project.run_well("journal", "check")


def test_the_role_for_look_ups_reads_the_view_alone(world: World) -> None:
    """It sees the senders; no command that needs a state works under it, and no table can be read."""
    with psycopg.connect(world.server.url("roles", user="its_lookup"), autocommit=True) as connection:
        assert [("news", True), ("sales", True)] == connection.execute(
            "SELECT name, active FROM reconciler.senders ORDER BY name"
        ).fetchall()
        relations = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'reconciler'::regnamespace AND relkind IN ('r', 'v')"
        ).fetchall()
        for (name,) in relations:
            if name != "senders":
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier("reconciler", name)))
    world.become("lookup")
    found: dict[str, set[str]] = {"ends well": set(), "is refused": set(), "tells it": set()}
    for command, words in TRIES.items():
        if words.words:
            world.prepare(words)
            world.become("lookup")
            outcome = world.project.run(*world.filled(words.words))
            names_it = "the privilege SELECT on the table state_format is missing" in told(outcome)
            found["ends well" if outcome.code == 0 else "is refused" if names_it else "tells it"].add(command)
    assert {"accounts add", "accounts rename", "accounts delete"} == found["ends well"]  # they write manifests
    assert {"doctor"} == found["tells it"]


def test_an_applier_does_all_that_a_plan_can_hold(world: World) -> None:
    """Creating, changing, renaming two into each other's names, deleting, asking for a decision anew: all but deciding."""
    world.become("applier")
    project = world.project
    project.write_account("other", marketing_account("other", email="other@example.com"))
    project.run_well("apply", "--auto-approve")
    assert "pending" == project.statuses()["other"]
    assert 1 == project.run("approve", "other").code
    project.write_account(
        "news",
        marketing_account("other", email="other@example.com").replace("name: other", "name: news, previousName: other"),
    )
    project.write_account("other", marketing_account("news").replace("name: news", "name: other, previousName: news"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    assert {"news": "pending", "other": "active"}.items() <= project.statuses().items()
    project.write_account("other", marketing_account("other", email="another@example.com"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    assert "pending" == project.statuses()["other"]
    project.remove_account("other")
    project.run_well("apply", "--auto-approve", "--allow-deletes", "1")
    project.run_well("journal", "check")


def test_automatic_approval_needs_both_roles(world: World) -> None:
    """Where the platform approves everything, who applies decides, and has to be one who may."""
    project = world.project
    path = project.folder / "reconciler.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "platform: {approval: automatic}\n", encoding="utf-8")
    project.write_account("other", marketing_account("other", email="other@example.com"))
    world.become("applier")
    outcome = project.run("apply", "--auto-approve")
    assert "the privilege EXECUTE on the function may_decide is missing" in told(outcome)
    world.statements("GRANT reconciler_approver TO its_applier")
    project.run_well("apply", "--auto-approve")
    assert "active" == project.statuses()["other"]


def test_a_team_sees_its_own_accounts(world: World) -> None:
    """The recipe of the page: by its label, in lists and in what contacts would see, without a right on any route."""
    project = world.project
    project.write_account(
        "bills",
        marketing_account("bills", email="bills@example.com").replace(
            "name: bills", "name: bills, labels: {team: billing}"
        ),
    )
    world.become("applier")
    project.run_well("apply", "--auto-approve")
    world.statements(BLOCKS[1], BLOCKS[2])
    project.set_variable("RECONCILER_STATE", world.server.url("roles", user="billing"))
    assert ["bills"] == list(project.statuses())
    project.run_well("accounts", "show", "bills")
    project.run_well("resolve", "bills", "--contacts", "contacts.csv")
    assert 1 == project.run("accounts", "show", "news").code
    assert "shows this database user no more than some rows of the table accounts" in told(project.run("plan"))
    for role in ("planner", "approver", "sender", "owner"):
        world.become(role)
        assert ["bills", "news", "sales"] == list(project.statuses())
        project.run_well("journal", "check")
    world.become("applier")
    world.prepare(Words(""))
    world.become("applier")
    project.run_well("apply", "--auto-approve")


def test_the_owner_migrates_and_grants_anew(world: World, tmp_path: Path) -> None:
    """Nobody else can bring an older state up to date; the grants after it are those of before."""
    world.statements(
        "DROP VIEW reconciler.senders;\nDROP TABLE reconciler.state_lock;\nUPDATE reconciler.state_format SET version = 3"
    )
    for role in ROLES[:-1]:
        with pytest.raises(StateUnavailable):
            migrate_state(world.server.url("roles", user=f"its_{role}"), base=tmp_path, order=MIGRATION)
    assert 3 == migrate_state(world.server.url("roles", user="reconciler"), base=tmp_path, order=MIGRATION).before
    world.become("applier")
    assert "the privilege UPDATE on the table state_lock is missing" in told(world.project.run("publish"))
    world.statements(world.project.run_well("state", "roles", "--format", "sql").out)
    world.project.run_well("publish")
