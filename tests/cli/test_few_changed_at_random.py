"""Projects of any kind, edited in any way: a plan of the few manifests that changed is the plan of all, to the octet."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cli.keeping import forget, kept
from tests.cli.project import PASSWORD, Project
from tests.cli.test_few_changed import Related

if TYPE_CHECKING:
    from tests.support.certificates import TestCA

SECRETS = tuple(f"SMTP_{letter}" for letter in "ABCDEFGH")
USERS = ("sales", "Sales", "office", "desk")
HOSTS = ("relay.example.com", "relay_two.example.com", "smtp.office365.com", "localhost")
FOLDERS = ("", "north/", "south/")
CAS = ("north", "south")


@dataclass(frozen=True, kw_only=True)
class Made:
    """One account's manifest, by its parts."""

    name: str
    file: str
    kind: str = "OwnAccount"
    was: str | None = None
    shown: str = "Example"
    email: str = ""
    metadata: str = ""
    is_shared: bool = True
    replies: bool = True
    server: str | None = None
    host: str = HOSTS[0]
    port: int = 2525
    encryption: str = "starttls"
    ca: str | None = None
    secret: str | None = None
    user: str = USERS[0]
    proxy: str | None = None

    @property
    def text(self) -> str:
        """The manifest."""
        metadata = f"name: {self.name}" + (f", previousName: {self.was}" if self.was else "") + self.metadata
        head = f"apiVersion: reconciler/v1\nkind: {self.kind}\nmetadata: {{{metadata}}}\n"
        spec = [f"email: {self.email or self.name + '@example.com'}", f"displayName: '{self.shown}'"]
        if self.kind == "MarketingAccount":
            spec += ["replyTo: {email: office@example.com}"] * self.replies
            return f"{head}spec: {{{', '.join(spec)}}}\n"
        spec += ["shared: true"] * self.is_shared
        if self.proxy is not None:
            login = f"username: u, password: {{env: {self.proxy}}}"
            spec.append(f"proxy: {{type: socks5, host: proxy.example.com, port: 1080, {login}}}")
        smtp = [f"server: {self.server}"]
        if self.server is None:
            smtp = [f"host: {self.host}", f"port: {self.port}", f"encryption: {self.encryption}"]
            smtp += [f"caFile: certs/{self.ca}.pem"] if self.ca is not None else []
        if self.secret is not None:
            smtp.append(f"authentication: {{username: {self.user}@example.com, password: {{env: {self.secret}}}}}")
        return f"{head}spec: {{{', '.join(spec)}, smtp: {{{', '.join(smtp)}}}}}\n"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The MailServers, all in one file."""

    named: tuple[tuple[str, str, str | None], ...] = (
        ("shared", HOSTS[0], "SMTP_H"),
        ("other", "other.example.com", None),
    )
    """Of each its name, its host, and the secret that those who go through it log in with."""

    @property
    def text(self) -> str:
        """The manifests."""
        return "---\n".join(
            f"apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {{name: {name}}}\nspec: {{host: {host}, port: 2525"
            + (f", authentication: {{username: '{{email}}', password: {{env: {secret}}}}}" if secret else "")
            + "}\n"
            for name, host, secret in self.named
        )


Accounts = dict[str, Made]
"""By a key that outlives a rename: two of them may claim one name."""


def files_of(accounts: Accounts, servers: Servers) -> dict[str, str]:
    """Return the text of each file by its name without the ending."""
    files: dict[str, list[str]] = {"servers": [servers.text]} if servers.named else {}
    for each in accounts.values():
        files.setdefault(each.file, []).append(each.text)
    return {name: "---\n".join(texts) for name, texts in files.items()}


def populated(chance: random.Random, count: int) -> Accounts:
    """Return accounts that can be recorded: each name once, and each password mostly of one account."""
    made: Accounts = {}
    for number in range(count):
        name = f"a{number}"
        each = Made(name=name, file=f"{chance.choice(FOLDERS)}{chance.choice((name, name, 'several'))}")
        if chance.random() < 0.25:
            each = replace(each, kind="MarketingAccount", replies=chance.random() < 0.8)
        elif chance.random() < 0.3:
            each = replace(each, server=chance.choice(("shared", "shared", "other")))
        else:
            each = replace(
                each, secret=chance.choice((None, SECRETS[number % 7], SECRETS[0])), user=chance.choice(USERS)
            )
            each = replace(each, ca=chance.choice((None, None, *CAS)))
        made[name] = _dressed(each, chance)
    return made


def _dressed(each: Made, chance: random.Random) -> Made:
    metadata = chance.choice(("", "", ", labels: {team: a}", ", owner: sales@example.com", ", preventDelete: true"))
    shown = chance.choice(("Example", "Example", "Sales", "{name}"))
    return replace(each, metadata=metadata, shown=shown, is_shared=chance.random() < 0.8)


def _redressed(accounts: Accounts, chance: random.Random) -> None:
    key = _any(accounts, chance)
    accounts[key] = _dressed(accounts[key], chance)


def _readdressed(accounts: Accounts, chance: random.Random) -> None:
    key = _any(accounts, chance)
    accounts[key] = replace(accounts[key], email=chance.choice(("", "new@example.com", "a1@example.com")))


def _rerouted(accounts: Accounts, chance: random.Random) -> None:
    key = _any(accounts, chance)
    accounts[key] = replace(
        accounts[key],
        server=chance.choice((None, None, "shared", "other", "third")),
        host=chance.choice(HOSTS[:3]),
        port=chance.choice((2525, 2525, 587, 465)),
        encryption=chance.choice(("starttls", "starttls", "tls", "none")),
    )


def _with_another_login(accounts: Accounts, chance: random.Random) -> None:
    key = _any(accounts, chance)
    accounts[key] = replace(accounts[key], secret=chance.choice((None, *SECRETS)), user=chance.choice(USERS))


def _with_anothers_login(accounts: Accounts, chance: random.Random) -> None:
    one, other = accounts[key := _any(accounts, chance)], accounts[_any(accounts, chance)]
    accounts[key] = replace(one, secret=other.secret, user=chance.choice((one.user, other.user)))


def _trusting_another(accounts: Accounts, chance: random.Random) -> None:
    key = _any(accounts, chance)
    accounts[key] = replace(accounts[key], ca=chance.choice((None, *CAS)), proxy=chance.choice((None, None, *SECRETS)))


def _deleted(accounts: Accounts, chance: random.Random) -> None:
    for key in chance.sample(sorted(accounts), min(len(accounts), chance.choice((1, 1, 2, 4)))):
        del accounts[key]


def _added(accounts: Accounts, chance: random.Random) -> None:
    name = f"b{chance.randrange(4)}"
    accounts[name] = _dressed(Made(name=name, file=name, secret=chance.choice((None, *SECRETS))), chance)


def _copied(accounts: Accounts, chance: random.Random) -> None:
    one = accounts[_any(accounts, chance)]
    name = chance.choice((one.name, f"c{chance.randrange(4)}", "shared"))
    accounts[f"copy of {one.name}"] = replace(one, name=name, file=chance.choice((one.file, "copies")))


def _renamed(accounts: Accounts, chance: random.Random) -> None:
    one = accounts[key := _any(accounts, chance)]
    name = chance.choice((f"d{chance.randrange(4)}", accounts[_any(accounts, chance)].name))
    file = chance.choice((one.file, name))
    accounts[key] = replace(one, name=name, was=one.name, file=file, email=one.email or f"{one.name}@example.com")


def _swapped(accounts: Accounts, chance: random.Random) -> None:
    key, another = chance.choices(sorted(accounts), k=2)
    one, other = accounts[key], accounts[another]
    accounts[key] = replace(one, name=other.name, was=one.name)
    accounts[another] = replace(other, name=one.name, was=other.name)


def _said_otherwise(accounts: Accounts, chance: random.Random) -> None:
    key = _any(accounts, chance)
    accounts[key] = replace(
        accounts[key], was=chance.choice((None, None, accounts[_any(accounts, chance)].name, "never"))
    )


def _called_otherwise(accounts: Accounts, chance: random.Random) -> None:
    one = accounts[key := _any(accounts, chance)]
    accounts[key] = replace(
        one, name=f"e{chance.randrange(4)}", email=chance.choice((one.email, f"{one.name}@example.com"))
    )


def _moved(accounts: Accounts, chance: random.Random) -> None:
    key = _any(accounts, chance)
    accounts[key] = replace(accounts[key], file=f"{chance.choice(FOLDERS)}{chance.choice(('several', 'moved', key))}")


def _of_the_other_kind(accounts: Accounts, chance: random.Random) -> None:
    one = accounts[key := _any(accounts, chance)]
    accounts[key] = replace(one, kind="OwnAccount" if one.kind == "MarketingAccount" else "MarketingAccount")


def _any(accounts: Accounts, chance: random.Random) -> str:
    return chance.choice(sorted(accounts))


EDITS = (
    _redressed, _redressed, _readdressed, _rerouted, _with_another_login, _with_another_login, _with_anothers_login,
    _trusting_another, _deleted, _deleted, _added, _added, _copied, _renamed, _renamed, _swapped, _said_otherwise,
    _called_otherwise, _moved, _moved, _of_the_other_kind,
)  # fmt: skip


def edited(accounts: Accounts, chance: random.Random) -> Accounts:
    """Return the accounts after one to four edits."""
    after = dict(accounts)
    for _ in range(chance.choice((1, 1, 2, 4))):
        if after:
            chance.choice(EDITS)(after, chance)
    return after


def with_other_servers(servers: Servers, chance: random.Random) -> Servers:
    """Return the MailServers, which mostly stay as they are."""
    return chance.choice((
        *[servers] * 16,
        Servers(named=(*servers.named, ("third", HOSTS[0], None))),
        Servers(named=servers.named[1:]),
        Servers(named=tuple((name, "moved.example.com", secret) for name, _, secret in servers.named)),
        Servers(named=tuple((name, host, "SMTP_A") for name, host, _ in servers.named)),
    ))  # fmt: skip


SCOPES = (
    "", "", "scopes: [{manifests: accounts.d/north/**, senders: ['*@example.com']}]\n",
    "scopes: [{manifests: accounts.d/north/**, secrets: ['env:SMTP_A', 'env:SMTP_B']}]\n",
    "scopes: [{manifests: accounts.d/moved.yaml, ownerRequired: true}]\n",
)  # fmt: skip
GUARDS = ("", "", "guards: {maxDeletes: {count: 1, percent: 20}}\n", "guards: {maxDeletes: {count: 3, percent: 100}}\n")
PLATFORMS = (
    "", "", "platform: {smtp: {host: p.example.com, port: 587}, approval: automatic}\n",
    "platform: {smtp: {host: p.example.com, authentication: {username: p, password: {env: SMTP_P}}}}\n",
)  # fmt: skip
RULES = (
    "", "", "secrets: {allow: ['env:SMTP_A', {secret: 'env:SMTP_*', manifests: '**'}]}\n",
    "secrets: {allow: ['env:*', {secret: 'env:SMTP_*', manifests: 'accounts.d/**'}]}\n",
)  # fmt: skip
ENVIRONMENTS = (
    "",
    "environments: {here: {state: 'sqlite:///.reconciler/here.db', secrets: {firstUse: allow}}, there: {state: 'sqlite:///t.db'}}\n",
)
COMMANDS = (
    ("suspend", "{}", "--reason", "a test"), ("resume", "{}"), ("approve", "{}"), ("reject", "{}", "--reason", "a test"),
    ("accounts", "list"),
)  # fmt: skip


def declared(chance: random.Random) -> str:
    """Return the rules of a project, one of each kind."""
    return "".join(chance.choice(each) for each in (SCOPES, GUARDS, PLATFORMS, RULES))


class Wandering(Related):
    """A project that is edited, planned, and sometimes recorded as it then is."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> None:
        """Make a project of accounts, recorded as they are declared."""
        super().__init__(project, monkeypatch)
        self.chance = chance
        self.of_few = 0
        self.accounts = populated(chance, 14)
        self.servers = Servers()

    def write(self, files: dict[str, str]) -> None:
        """Put these manifests in the place of all others, those in folders too."""
        folder = self.project.folder / "accounts.d"
        for path in folder.rglob("*.yaml"):
            path.unlink()
        for name, text in files.items():
            path = folder / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def settles(self) -> bool:
        """Record the accounts as they are, and have what was decided of them decided; tell whether a plan is kept."""
        if not self.can_settle(files_of(self.accounts, self.servers)):
            return False
        for _ in range(self.chance.randrange(3)):
            name = self.accounts[_any(self.accounts, self.chance)].name
            self.project.run(*(word.format(name) for word in self.chance.choice(COMMANDS)))
        forget(self.project)
        self.plan()
        return bool(kept(self.project))

    def compare(self, times: int) -> None:
        """Compare the plans of several edits of what is recorded; the last edit stays."""
        recorded = self.accounts, self.servers
        for _ in range(times):
            self.accounts = edited(recorded[0], self.chance)
            self.servers = with_other_servers(recorded[1], self.chance)
            files = files_of(self.accounts, self.servers)
            of_few, of_all, is_of_few = self.both(files)
            assert of_all == of_few, files
            self.of_few += is_of_few


def wandering(project: Project, monkeypatch: pytest.MonkeyPatch, ca: TestCA, seed: int) -> Wandering:
    """Return a project made from a seed, with rules of its own."""
    chance = random.Random(seed)  # noqa: S311 - the same project each time
    for name in ("P", *"ABCDEFGH"):
        project.set_variable(f"SMTP_{name}", f"{PASSWORD} {name}")
    (project.folder / "certs").mkdir()
    for name in CAS:
        ca.write_pem(project.folder / "certs" / f"{name}.pem")
    environments = chance.choice(ENVIRONMENTS)
    if environments:
        monkeypatch.setattr(project, "run", partial(project.run, "--env", "here"))
        project.write_project(environments)
        project.init()
    made = Wandering(project, monkeypatch, chance)
    for _ in range(20):  # some rules refuse some accounts
        project.write_project(declared(chance) + environments)
        made.accounts = populated(chance, 14)
        if made.settles():
            return made
    pytest.fail("No such project can be recorded")


@pytest.mark.parametrize("seed", range(4))
def test_any_project_edited_in_any_way_has_the_plan_of_all(
    project: Project, monkeypatch: pytest.MonkeyPatch, ca: TestCA, seed: int
) -> None:
    """Scopes, guards, servers in common, environments and decisions of people make no difference either."""
    made = wandering(project, monkeypatch, ca, seed)
    made.compare(8)
    if made.settles():
        made.compare(4)
    assert made.of_few
