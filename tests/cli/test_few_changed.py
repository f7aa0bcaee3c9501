"""A plan in which a few manifests have changed looks at these and whom they meet, and is the plan of all to the octet."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import CODES
from reconciler.model.canonical import canonical_json
from reconciler.operations.drafts.draft import draft_of_all
from reconciler.rules.accounts.meetings import TOLD
from tests.cli.keeping import forget, kept, kept_facts
from tests.cli.project import CHECKOUT, PASSWORD, USER, Project, marketing_account, own_account
from tests.support.planfiles import read_document

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

PORT = 2525
SHARED = (
    "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {name}}}\n"
    "spec: {{host: {host}, authentication: {{username: relay, password: {{env: SMTP_RELAY}}}}}}\n"
)
THROUGH = (
    "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}}}\n"
    "spec: {{email: {name}@example.com, displayName: Example, shared: true, smtp: {{server: {server}}}}}\n"
)
SECRETS = ("SMTP_RELAY", "SMTP_PAIR", "SMTP_LONE", "SMTP_WAS", *(f"SMTP_{number}" for number in range(10)))
DIFFERS = ("createdAt", "planDigest", "seal")
Files = dict[str, str]
"""The text of each manifest file by its name without the ending."""


def own(name: str, *, secret: str | None = None, user: str | None = None, **parts: Any) -> str:
    """Return an own account with a login of its own."""
    email = f"{name}@example.com"
    reference = f"{{env: {secret or 'SMTP_LONE'}}}"
    parts = {"host": "relay.example.com", "encryption": "starttls", **parts}
    return own_account(name, PORT, email=email, username=user or email, secret=reference, **parts)


def renamed(before: str, after: str, *, secret: str) -> str:
    """Return an account under another name, with the login that it had."""
    return own(after, secret=secret, user=f"{before}@example.com", metadata=f"previousName: {before}")


def base() -> Files:
    """Return thirty accounts that have much in common."""
    return {
        **{f"own{number}": own(f"own{number}", secret=f"SMTP_{number}") for number in range(8)},
        **{f"through{number}": THROUGH.format(name=f"through{number}", server="shared") for number in range(5)},
        **{f"news{number}": marketing_account(f"news{number}") for number in range(7)},
        "pair": own("pair1", secret="SMTP_PAIR") + "---\n" + own("pair2", secret="SMTP_PAIR"),
        "alike": own("alike1", user="one@example.com") + "---\n" + own("alike2", user="one@example.com"),
        "held": own("held", metadata="preventDelete: true"),
        "was": own("is", secret="SMTP_WAS", user="was@example.com", metadata="previousName: was"),
        "said": own("said", metadata="previousName: never"),
        "servers": SHARED.format(name="shared", host="relay.example.com") + "---\n"
        + SHARED.format(name="other", host="other.example.com"),
        "nothing": "# no account yet\n",
    }  # fmt: skip


class Related:
    """A project that is recorded as it is declared, with a plan kept of it."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count the plans that are made of all accounts."""
        self.project = project
        self.wholes = 0
        self.files: Files = {}
        self._whole = draft_of_all
        monkeypatch.setattr("reconciler.operations.plan.draft_of_all", self._counted)

    def _counted(self, *arguments: Any, **named: Any) -> Any:
        self.wholes += 1
        return self._whole(*arguments, **named)

    def _apply(self, depth: str = "offline") -> None:
        self.project.run_well("apply", "--auto-approve", "--depth", depth, "--allow-deletes", "99")

    def write(self, files: Files) -> None:
        """Put these manifests in the place of all others."""
        folder = self.project.folder / "accounts.d"
        for path in folder.glob("*.yaml"):
            path.unlink()
        for name, text in files.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")

    def settle(self, files: Files, *more: tuple[str, ...], depth: str = "offline") -> None:
        """Record these manifests, do more, and have a plan kept that changes nothing."""
        self.write(files)
        self._apply(depth)
        for words in more:
            self.project.run_well(*words)
        self.plan(depth)
        assert kept(self.project)

    def can_settle(self, files: Files) -> bool:
        """Record these manifests and have a plan kept; tell whether they can be recorded."""
        self.write(files)
        words = ("apply", "--auto-approve", "--depth", "offline", "--allow-deletes", "99")
        if self.project.run(*words).code:
            return False
        forget(self.project)
        self.plan()
        return bool(kept(self.project))

    def plan(self, depth: str = "offline") -> dict[str, Any]:
        """Return the plan as it is saved, without what differs from one minute to the next."""
        outcome = self.project.run("plan", "--depth", depth, "--format", "json", "--out", "x.plan")
        document: dict[str, Any] = outcome.document
        if (self.project.folder / "x.plan").exists():
            document = read_document(self.project.folder / "x.plan")
            (self.project.folder / "x.plan").unlink()
        return {"code": outcome.code, **_steady(document)}

    def both(self, files: Files, *, depth: str = "offline") -> tuple[dict[str, Any], dict[str, Any], bool]:
        """Return the plan of these manifests with and without what is kept, and whether a few accounts were looked at."""
        self.write(files)
        folder = self.project.folder / ".reconciler"
        shutil.copytree(folder / "plans", folder / "aside")
        before = self.wholes
        with_kept = self.plan(depth)
        is_of_few = self.wholes == before
        forget(self.project)
        shutil.rmtree(folder / "evidence", ignore_errors=True)
        without = self.plan(depth)
        forget(self.project)
        shutil.rmtree(folder / "evidence", ignore_errors=True)
        (folder / "aside").rename(folder / "plans")
        return with_kept, without, is_of_few


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _steady(each) for key, each in value.items() if key not in {*DIFFERS, "checkedAt", "seconds", "salt"}
        }
    return [_steady(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def related(project: Project, monkeypatch: pytest.MonkeyPatch) -> Related:
    """Return a project of accounts that have much in common."""
    made = Related(project, monkeypatch)
    for name in SECRETS:
        project.set_variable(name, f"{PASSWORD} {name}")
    made.settle({"was": own("was", secret="SMTP_WAS")})
    made.settle(base())
    return made


def replaced(name: str, before: str, after: str) -> Callable[[Files], Files]:
    """Return an edit of one file."""

    def edit(files: Files) -> Files:
        assert before in files[name]
        return {**files, name: files[name].replace(before, after)}

    return edit


def added(**texts: str) -> Callable[[Files], Files]:
    """Return an edit that adds files, or gives them another text."""
    return lambda files: {**files, **texts}


def without(*names: str) -> Callable[[Files], Files]:
    """Return an edit that removes files."""
    return lambda files: {name: text for name, text in files.items() if name not in names}


FEW: dict[str, Callable[[Files], Files]] = {
    "nothing but a comment": added(own1="# a remark\n" + own("own1", secret="SMTP_1")),
    "another name that is shown": replaced("own1", "Example Sales", "Our Sales"),
    "another address": replaced("own1", "email: own1@", "email: first@"),
    "an account more": added(more=own("more", secret="SMTP_9")),
    "an account of each kind more": added(more=own("more", secret="SMTP_9") + "---\n" + marketing_account("mews")),
    "an account less": without("own2"),
    "two accounts less": without("own2", "news3"),
    "the first of a pair less": replaced("pair", own("pair1", secret="SMTP_PAIR") + "---\n", ""),
    "both of a pair less": without("pair"),
    "a new pair": added(more=own("more", secret="SMTP_9"), fore=own("fore", secret="SMTP_9")),
    "the password of those alike": added(own0=own("own0", user="one@example.com")),
    "a file in another place": lambda files: {**without("own3")(files), "later": files["own3"]},
    "a rename": lambda files: {**without("own3")(files), "new": renamed("own3", "new", secret="SMTP_3")},
    "a rename within its file": added(own3=renamed("own3", "new", secret="SMTP_3")),
    "a rename of one that others share a password with": added(pair=renamed("pair1", "zair", secret="SMTP_PAIR")
        + "---\n" + own("pair2", secret="SMTP_PAIR")),
    "what looks renamed": lambda files: {**without("news1")(files), "new": files["news1"].replace("news1", "new")},
    "a swap": added(
        own3=own("own3", secret="SMTP_3", metadata="previousName: own4"),
        own4=own("own4", secret="SMTP_4", metadata="previousName: own3"),
    ),
    "a chain": added(
        own3=renamed("own3", "own4", secret="SMTP_3"), own4=renamed("own4", "last", secret="SMTP_4"),
    ),
    "a server that is used no more": replaced("through1", "server: shared", "host: own.example.com"),
    "a name that somebody had": added(more=own("was", secret="SMTP_9")),
    "a name that somebody says they had": added(more=own("never", secret="SMTP_9")),
    "no label and another": replaced("news1", "metadata: {name: news1}", "metadata: {name: news1, labels: {team: a}}"),
    "what was empty": added(nothing=own("more", secret="SMTP_9")),
    "some that waited less": without("news0", "news1", "news2"),
    "remarks of one account": added(
        more=own("more", secret="SMTP_9", encryption="tls", display_name="'{{name}}'").replace("port: 2525", "port: 587"),
        mews=marketing_account("mews").partition("  replyTo")[0],
    ),
}  # fmt: skip
"""Edits after which only a few accounts are looked at."""

WHOLE: dict[str, Callable[[Files], Files]] = {
    "a third of a pair": added(own0=own("own0", secret="SMTP_PAIR")),
    "a password of another": added(own0=own("own0", secret="SMTP_1")),
    "another server": replaced("through1", "server: shared", "server: other"),
    "another host of a server": replaced("servers", "host: relay", "host: delay"),
    "a server more": added(more=SHARED.format(name="third", host="third.example.com")),
    "a server that is not there": replaced("through1", "server: shared", "server: absent"),
    "a name twice": added(more=own("own5", secret="SMTP_9")),
    "the name of a server": added(more=SHARED.format(name="own5", host="third.example.com")),
    "an account with the name of a server": added(more=own("shared", secret="SMTP_9")),
    "a previous name twice": added(more=own("more", metadata="previousName: was")),
    "a protected account less": without("held"),
    "a rename taken back": added(was=own("was", secret="SMTP_WAS")),
    "a previous name that is in use": added(own1=own("own1", secret="SMTP_1", metadata="previousName: own2")),
    "another kind": added(own1=marketing_account("own1")),
    "no YAML": added(own1="spec: [", more=own("more")),
    "too many deletions": without("own1", "own2", "own3", "own4", "own5", "own6", "news1", "news2", "news3", "news4", "news5"),
    "no account at all": lambda _: {},
    "a known password elsewhere": replaced("own1", "host: relay", "host: evil"),
    "a password of several at another server": added(
        own1=own("own1", secret="SMTP_9", host="a.example.com"), own2=own("own2", secret="SMTP_9", host="b.example.com")
    ),
}  # fmt: skip
"""Edits after which all accounts are looked at."""


@pytest.mark.parametrize("name", [*FEW, *WHOLE])
def test_a_plan_of_few_is_the_plan_of_all(related: Related, name: str) -> None:
    """Whatever the edit, the plan that is saved is the same, digests and diagnostics included."""
    of_few, of_all, is_of_few = related.both({**FEW, **WHOLE}[name](base()))
    assert of_all == of_few
    assert (name in FEW) == is_of_few


PARTS = ("displayName", "email", "password", "username", "name", "host", "port", "previousName", "server", "kind")


def scrambled(files: Files, chance: random.Random) -> Files:
    """Return files after one to four edits: those of the tables, and parts of an account taken from another."""
    for _ in range(chance.randint(1, 4)):
        edit = chance.choice((_as_in_a_table, _with_anothers_part, _in_anothers_place, _copied))
        files = edit(files, chance) if len(files) > 1 else base()
    return files


def _as_in_a_table(files: Files, chance: random.Random) -> Files:
    edit = chance.choice(list({**FEW, **WHOLE}.values()))
    try:
        return edit(files)
    except (AssertionError, KeyError):  # what it edits was edited already
        return files


def _with_anothers_part(files: Files, chance: random.Random) -> Files:
    name, other = chance.sample(sorted(files), 2)
    part = re.compile(rf"\b{chance.choice(PARTS)}: [^,}}\n]*")
    found = part.search(files[other])
    return {**files, name: part.sub(found.group(), files[name], count=1)} if found is not None else files


def _in_anothers_place(files: Files, chance: random.Random) -> Files:
    name, other = chance.sample(sorted(files), 2)
    return {**without(other)(files), name: files[other]}


def _copied(files: Files, chance: random.Random) -> Files:
    return {**files, f"copy-{chance.randrange(9)}": files[chance.choice(sorted(files))]}


def test_any_edits_have_the_plan_of_all(related: Related) -> None:
    """Accounts that take over parts of others, change places or are copied: the plan is the same, and often one of few."""
    chance = random.Random(20_261_130)  # noqa: S311 - the same edits each time
    count = 0
    for number in range(60):
        files = scrambled(base(), chance)
        of_few, of_all, is_of_few = related.both(files)
        assert of_all == of_few, (number, files)
        count += is_of_few
    assert 10 <= count <= 50


@dataclass(frozen=True, kw_only=True)
class Raising:
    """What raises a remark, and whether it stands on once it is recorded."""

    edit: Callable[[Files], Files]
    project: str = ""
    commands: tuple[tuple[str, ...], ...] = ()
    """What is done to the recorded accounts before the edit."""
    stands: bool = True


def new(**parts: Any) -> Callable[[Files], Files]:
    """Return an edit that adds an account."""
    return added(more=own("more", **{"secret": "SMTP_9", **parts}))


PROXY = "  proxy: {{type: {type}, host: proxy.example.com, port: 1080, username: u, password: {{env: SMTP_8}}}}\n"
UNTIL = "{verification: ['*'], depth: connect, until: 2020-01-01, reason: old}"
RAISING: dict[str, Raising] = {
    "approvalReset": Raising(
        edit=replaced("news6", "email: news@", "email: nows@"), commands=(("approve", "news6"),), stands=False
    ),
    "awaitingApproval": Raising(edit=added(mews=marketing_account("mews"))),
    "basicAuthEnding": Raising(edit=new(host="smtp.office365.com")),
    "doubtfulAddress": Raising(edit=added(mews=marketing_account("mews", email="'=?utf-8?q?x?=@example.com'"))),
    "doubtfulHost": Raising(edit=new(host="relay_one.example.com")),
    "doubtfulUsername": Raising(edit=new(user="'More <more@example.com>'")),
    "exceptionExpired": Raising(edit=new(), project=f"guards: {{exceptions: [{UNTIL}]}}\n", stands=False),
    "grantRedundant": Raising(
        edit=new(), project="secrets: {grants: [{secret: 'env:SMTP_NOBODY', servers: [relay.example.com:2525]}]}\n"
    ),
    "looksRenamed": Raising(edit=FEW["what looks renamed"], stands=False),
    "noPlatformServer": Raising(edit=added(mews=marketing_account("mews"))),
    "noReplyTo": Raising(edit=added(mews=marketing_account("mews").partition("  replyTo")[0])),
    "passwordShared": Raising(edit=FEW["a new pair"]),
    "portMismatch": Raising(edit=added(more=own("more", secret="SMTP_9", encryption="tls").replace("2525", "587"))),
    "previousNameUnknown": Raising(edit=new(metadata="previousName: nobody"), stands=False),
    "previousNameOver": Raising(edit=added(own1=own("own1", secret="SMTP_1", metadata="previousName: own2"))),
    "proxyPasswordUnused": Raising(edit=new(more=PROXY.format(type="socks4"))),
    "scopeCoversNothing": Raising(
        edit=without("own1"), project="scopes: [{manifests: accounts.d/own1.yaml, senders: ['*@example.com']}]\n"
    ),
    "secretsNotRead": Raising(edit=new()),
    "sharedWithoutOwner": Raising(edit=replaced("own1", "  shared: true\n", "")),
    "staysSuspended": Raising(edit=new(), commands=(("suspend", "own1", "--reason", "a test"),)),
    "suspensionEnds": Raising(
        edit=without("own1"), commands=(("suspend", "own1", "--reason", "a test"),), stands=False
    ),
    "unencryptedLogin": Raising(edit=new(encryption="none")),
    "unencryptedProxyLogin": Raising(edit=new(more=PROXY.format(type="socks5"))),
    "unknownPlaceholder": Raising(edit=replaced("own1", "Example Sales", "'{name}'")),
    "unusedServer": Raising(
        edit=lambda files: {name: text for name, text in files.items() if not name.startswith("through")}
    ),
}
ELSEWHERE = frozenset({
    "evidenceReused", "fingerprintKeyChanged", "fingerprintKeyMissing", "heldChange", "noManifests", "operatorUnknown",
    "platformChanged", "recordedFailing",
})  # fmt: skip
"""What is told where secrets are read or the outcome of a verification counts, or where nothing is recorded."""


def codes(plan: dict[str, Any]) -> set[str]:
    """Return the codes of a plan's diagnostics."""
    return {each["code"] for each in plan["diagnostics"]}


@pytest.mark.parametrize("code", RAISING)
def test_a_remark_comes_and_goes_as_in_the_plan_of_all(related: Related, code: str) -> None:
    """What raises a remark raises it among few accounts, and what ends it ends it."""
    raising = RAISING[code]
    related.project.write_project(raising.project)
    related.settle(base(), *raising.commands)
    raised = raising.edit(base())
    of_few, of_all, _ = related.both(raised)
    assert of_all == of_few
    assert code in codes(of_all)
    if raising.stands and related.can_settle(raised):
        of_few, of_all, _ = related.both(base())
        assert of_all == of_few


def test_every_remark_has_an_edit_that_raises_it() -> None:
    """A row of the table of remarks, and of the edits here, go together."""
    assert set(TOLD) == RAISING.keys() | ELSEWHERE


def test_every_remark_of_the_rules_has_its_row() -> None:
    """A new remark of a plan's rules does not go without saying whom it speaks of; errors need no row."""
    rules = CHECKOUT / "reconciler" / "rules"
    made: set[str] = set()
    for noun in ("accounts", "plan", "secrets"):
        for path in (rules / noun).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                    told = node.args[0]
                    if node.func.id in {"warning", "note", "_noted"} and isinstance(told, ast.Constant):
                        made.add(str(told.value))
    assert made
    assert made <= TOLD.keys()
    assert TOLD.keys() <= CODES.keys()


def at(server: MailServer, *names: str, **parts: Any) -> Files:
    """Return accounts at a local server, which all log in as the same user."""
    return {name: own_account(name, server, email=f"{name}@example.com", **parts) for name in names}


VERIFIED: dict[str, tuple[Callable[[Files, MailServer], Files], int, bool]] = {
    "another address": (lambda files, server: {**files, **at(server, "one", display_name="One")}, 0, True),
    "an account more": (lambda files, server: {**files, **at(server, "more")}, 0, True),
    "a relabelling": (lambda files, server: {**files, **at(server, "one", metadata="labels: {team: a}")}, 0, True),
    "an account less": (lambda files, _: without("one")(files), 0, True),
    "a wrong password": (
        lambda files, server: {**files, **at(server, "more", secret="{env: SMTP_WRONG}", username="bad@example.com")}, 3, True
    ),
    "a password that is not there": (
        lambda files, server: {**files, **at(server, "more", secret="{env: SMTP_ABSENT}")}, 3, True
    ),
    "a known password elsewhere": (lambda files, server: {**files, **at(server, "one", host="127.0.0.1")}, 4, False),
    "a copied password elsewhere": (
        lambda files, server: {**files, **at(server, "more", secret="{env: SMTP_COPY}", host="127.0.0.1")}, 4, False
    ),
    "a new password for the same server": (
        lambda files, server: {**files, **at(server, "more", secret="{env: SMTP_NEW}", username="new@example.com")}, 0, True
    ),
}  # fmt: skip
"""Edits of accounts that are verified, each with the exit code of the plan, and whether a few accounts were looked at."""


@pytest.fixture
def verified(project: Project, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Related:
    """Return a project of accounts that were verified, one of which has failed since."""
    server.users |= {"new@example.com": f"{PASSWORD} new", "bad@example.com": "right"}
    for name, value in {"COPY": PASSWORD, "NEW": f"{PASSWORD} new", "WRONG": "wrong", "FAILS": "right"}.items():
        project.set_variable(f"SMTP_{name}", value)
    made = Related(project, monkeypatch)
    files = {**at(server, "one", "two", "three"), "news": marketing_account("news")}
    files |= at(server, "fails", secret="{env: SMTP_FAILS}", username="bad@example.com")
    made.settle(files, depth="auth")
    made.files = files
    return made


@pytest.mark.parametrize("name", VERIFIED)
def test_a_plan_of_few_verifies_those_that_changed(verified: Related, server: MailServer, name: str) -> None:
    """Secrets are read and judged, and those that changed are contacted, as in the plan of all."""
    edit, code, is_few = VERIFIED[name]
    of_few, of_all, is_of_few = verified.both(edit(verified.files, server), depth="auth")
    assert of_all == of_few
    assert (code, is_few) == (of_few["code"], is_of_few)


def test_a_failing_account_is_told_among_few(verified: Related, server: MailServer) -> None:
    """The trouble of an account that does not change is told again, and alone."""
    server.users["bad@example.com"] = "another"
    verified.project.run("verify", "fails", "--recorded", "--depth", "auth")
    verified.plan("auth")
    of_few, of_all, is_of_few = verified.both({**verified.files, **at(server, "more")}, depth="auth")
    assert of_all == of_few
    assert "recordedFailing" in codes(of_few)
    assert is_of_few


def test_a_rotated_secret_has_all_accounts_looked_at(verified: Related, server: MailServer) -> None:
    """What a secret gives now is compared before anything else that is kept counts."""
    verified.project.set_variable("SMTP_FAILS", "rotated")
    of_few, of_all, is_of_few = verified.both({**verified.files, **at(server, "more")}, depth="auth")
    assert of_all == of_few
    assert ["fails", "more"] == [each["name"] for each in of_few["changes"]]
    assert not is_of_few


def test_a_rotation_that_one_change_brings_to_light_is_every_accounts(
    project: Project, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that is dear to read is read for the account that changed; whoever has it too has another value as well."""
    folder = project.folder.parent / "store"
    folder.mkdir()
    store = folder / "common"
    store.write_text(PASSWORD, encoding="utf-8")
    project.write_project(f"secrets: {{sources: {{vault: {{command: [cat, '{folder}/{{key}}']}}}}}}\n")
    made = Related(project, monkeypatch)
    files = at(server, "one", "two", secret="{vault: common}")
    made.settle(files, depth="auth")
    server.users[USER] = "rotated since"
    store.write_text("rotated since", encoding="utf-8")
    of_few, of_all, is_of_few = made.both(
        {**files, **at(server, "one", secret="{vault: common}", display_name="One")}, depth="auth"
    )
    assert of_all == of_few
    assert ["one", "two"] == [each["name"] for each in of_few["changes"]]
    assert not is_of_few


def _without_accounts(found: dict[str, Any]) -> None:
    found["facts"] = []


def _of_nobody(found: dict[str, Any]) -> None:
    found["facts"] = [[[], []] for _ in found["facts"]]


def _others_digests(found: dict[str, Any]) -> None:
    found["digests"] = found["digests"][64:] + found["digests"][:64]


Edit = Callable[[dict[str, Any]], object]
TAMPERED: dict[str, tuple[Edit | None, Edit | None]] = {
    "no accounts": (None, _without_accounts),
    "accounts without facts": (None, _of_nobody),
    "other digests": (None, _others_digests),
    "no facts": (None, dict.clear),
    "facts and their digest": (lambda sealed: sealed.update(octets=digest_of_facts({})), dict.clear),
    "no digest": (lambda sealed: sealed.pop("octets"), None),
    "another plan": (lambda sealed: sealed.update(plan="sha256:0 sha256:0"), None),
    "another key": (lambda sealed: sealed.update(keyId="0" * 16), None),
    "another format": (lambda sealed: sealed.update(formatVersion="9.0"), None),
    "no seal": (lambda sealed: sealed.pop("seal"), None),
    "more": (lambda sealed: sealed.update(more=1), None),
}
"""What somebody does to what is sealed, and to the facts behind it."""


def as_octets(document: dict[str, Any]) -> bytes:
    """Return a document as facts are written."""
    return json.dumps(document, separators=(",", ":")).encode()


def digest_of_facts(document: dict[str, Any]) -> str:
    """Return the digest that is sealed of facts."""
    return f"blake2b:{hashlib.blake2b(as_octets(document), digest_size=32).hexdigest()}"


@pytest.mark.parametrize("tampering", TAMPERED)
def test_facts_that_somebody_else_wrote_do_not_count(related: Related, tampering: str) -> None:
    """Facts that were altered in any part are as if they were not there: all accounts are looked at."""
    (path,) = kept_facts(related.project)
    head, _, octets = path.read_bytes().partition(b"\n")
    sealed, found = json.loads(head), json.loads(octets)
    assert sealed["octets"] == digest_of_facts(found)
    for document, edit in zip((sealed, found), TAMPERED[tampering], strict=True):
        if edit is not None:
            edit(document)
    path.write_bytes(canonical_json(sealed).encode() + b"\n" + as_octets(found))
    of_few, of_all, is_of_few = related.both(FEW["another name that is shown"](base()))
    assert of_all == of_few
    assert not is_of_few


@pytest.mark.parametrize("octets", [b"", b"\n", b"{}", b"\n{}\n", b"\xff"])
def test_facts_without_their_octets_do_not_count(related: Related, octets: bytes) -> None:
    """What stands behind the seal counts as a whole, to its last octet."""
    (path,) = kept_facts(related.project)
    head, _, facts = path.read_bytes().partition(b"\n")
    edit = FEW["another name that is shown"](base())
    for content in (head + octets, head + b"\n" + facts + octets) if octets else (head, head + b"\n" + facts[:-1]):
        path.write_bytes(content)
        assert not related.both(edit)[2]


def test_the_seal_of_a_plan_is_none_of_facts(related: Related) -> None:
    """Neither stands for the other, though one key seals both."""
    (plan,), (facts,) = kept(related.project), kept_facts(related.project)
    facts.write_bytes(plan.read_bytes())
    assert not related.both(FEW["another name that is shown"](base()))[2]


def test_facts_of_an_earlier_plan_do_not_count(related: Related) -> None:
    """Whoever puts an old file of ours back has all accounts looked at."""
    (path,) = kept_facts(related.project)
    old = path.read_bytes()
    related.settle(FEW["an account more"](base()))
    path.write_bytes(old)
    of_few, of_all, is_of_few = related.both(FEW["another name that is shown"](base()))
    assert of_all == of_few
    assert not is_of_few
