"""A fleet of 150 accounts with one mistake in a shared place: told once, there, and nothing that only follows from it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Outcome, Project
from tests.support.fleet import ACCOUNTS, Fleet, names_of, variable_of
from tests.support.mailserver import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_LINES = 25
_MOST_OF_A_PLAN = 30
"""What changes is shown beside it, with every name."""
_HEADING = re.compile(r"(error|warning|note): .*\[(\w+)\]")
_PLACE = re.compile(r" --> (\S+)")
_SERVERS = "accounts.d/servers.yaml"
_PROJECT = "reconciler.yaml"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Run the fleet's servers."""
    with Fleet() as running:
        yield running


@pytest.fixture(scope="module")
def recorded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the recorded project is kept, to be copied."""
    return tmp_path_factory.mktemp("fleet") / "mail"


@pytest.fixture
def project(
    fleet: Fleet,
    recorded_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Project]:
    """Yield the fleet's project, all 150 accounts recorded, in a folder of its own."""
    made = Project(tmp_path / "mail", monkeypatch, capsys)
    for name, value in fleet.variables.items():
        made.set_variable(name, value)
    if not recorded_folder.exists():
        fleet.write(made.folder)
        made.init()
        applied = made.run("apply", "--auto-approve", "--format", "json")
        assert (0, ACCOUNTS) == (applied.code, (applied.document["summary"] or {}).get("create")), applied
        shutil.copytree(made.folder, recorded_folder)
    else:
        shutil.copytree(recorded_folder, made.folder, dirs_exist_ok=True)
    yield made
    fleet.restore()


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake in a shared place, and what is to be told of it."""

    make: Callable[[Project, Fleet], None]
    code: str
    """Of the cause, which is told first."""
    place: str | None
    """The file of the cause; None for what has no place in a file."""
    commands: tuple[tuple[str, ...], ...] = (("validate",), ("plan", "--depth", "offline"))
    """The commands that tell it."""
    says: str = ""
    """What stands in the message."""
    untrue: tuple[str, ...] = ()
    """The codes that only follow from it."""
    counts: int | None = None
    """How many accounts are said to be concerned."""


def _edit(project: Project, file: str, *changes: tuple[str, str]) -> None:
    path = project.folder / file
    text = path.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text, (file, before)
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def _edits(file: str, *changes: tuple[str, str]) -> Callable[[Project, Fleet], None]:
    """Return the mistake of having written one thing for another in a file."""
    return lambda project, _fleet: _edit(project, file, *changes)


def _server(before: str, after: str) -> Callable[[Project, Fleet], None]:
    """Return a mistake in the document of the MailServer ``office``."""

    def make(project: Project, fleet: Fleet) -> None:
        path = project.folder / _SERVERS
        first, *others = path.read_text(encoding="utf-8").split("---\n")
        written = first.replace("PORT", str(fleet.servers["office"].port))
        changed = written.replace(before.replace("PORT", str(fleet.servers["office"].port)), after)
        assert changed != first
        path.write_text("---\n".join([changed, *others]), encoding="utf-8")

    return make


def _remove_server(project: Project, _fleet: Fleet) -> None:
    path = project.folder / _SERVERS
    path.write_text("---\n".join(path.read_text(encoding="utf-8").split("---\n")[1:]), encoding="utf-8")


def _remove(file: str) -> Callable[[Project, Fleet], None]:
    return lambda project, _fleet: (project.folder / file).unlink()


def _write(file: str, text: str) -> Callable[[Project, Fleet], None]:
    def make(project: Project, _fleet: Fleet) -> None:
        (project.folder / file).write_text(text, encoding="utf-8")

    return make


def _append(file: str, text: str) -> Callable[[Project, Fleet], None]:
    def make(project: Project, _fleet: Fleet) -> None:
        path = project.folder / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return make


def _copy(source: str, target: str) -> Callable[[Project, Fleet], None]:
    def make(project: Project, _fleet: Fleet) -> None:
        shutil.copy(project.folder / source, project.folder / target)

    return make


def _all_were(previous: str) -> Callable[[Project, Fleet], None]:
    def make(project: Project, _fleet: Fleet) -> None:
        for name in names_of("office"):
            _edit(
                project, "accounts.d/office.yaml", (f"{{name: {name}}}", f"{{name: {name}, previousName: {previous}}}")
            )

    return make


def _one_file_each(text: str) -> Callable[[Project, Fleet], None]:
    """Return the slip of 36 files that were made from one template; ``{n}`` is the number of the account."""

    def make(project: Project, _fleet: Fleet) -> None:
        (project.folder / "accounts.d/office.yaml").unlink()
        for number, name in enumerate(names_of("office")):
            written = text.replace("{n}", str(number)).replace("{name}", name)
            (project.folder / f"accounts.d/{name}.yaml").write_text(written, encoding="utf-8")

    return make


def _variable(name: str, value: str | None) -> Callable[[Project, Fleet], None]:
    def make(project: Project, _fleet: Fleet) -> None:
        project.unset_variable(name) if value is None else project.set_variable(name, value)

    return make


def _all_rotated(project: Project, _fleet: Fleet) -> None:
    for name in names_of("office"):
        project.set_variable(variable_of(name), f"another-password-{name}")


def _both(*makes: Callable[[Project, Fleet], None]) -> Callable[[Project, Fleet], None]:
    def make(project: Project, fleet: Fleet) -> None:
        for each in makes:
            each(project, fleet)

    return make


def _refusing(server: str, refusals: Refusals) -> Callable[[Project, Fleet], None]:
    def make(_project: Project, fleet: Fleet) -> None:
        fleet.servers[server].refusals = refusals

    return make


def _with_certificate_for(name: str) -> Callable[[Project, Fleet], None]:
    def make(_project: Project, fleet: Fleet) -> None:
        fleet.servers["office"].tls_context = fleet.ca.server_context(name)

    return make


def _no_variables(project: Project, _fleet: Fleet) -> None:
    for name in names_of("office"):
        project.unset_variable(variable_of(name))


def _in_each_file(before: str, after: str) -> Callable[[Project, Fleet], None]:
    """Return the slip of somebody who replaces a text in the manifests of all 150 accounts."""
    files = ("office", "campaigns", "alerts", "partners", "news")
    return _both(*(_edits(f"accounts.d/{name}.yaml", (before, after)) for name in files))


def _scope(rule: str) -> Callable[[Project, Fleet], None]:
    """Return the mistake of a rule over all manifests that none of them keeps."""
    return _edits(_PROJECT, ("secrets:\n", f"scopes: [{{manifests: 'accounts.d/**', {rule}}}]\nsecrets:\n"))


def _not_utf8(project: Project, _fleet: Fleet) -> None:
    (project.folder / _SERVERS).write_bytes(b"\xff\xfe")


def _applied_meanwhile(project: Project, fleet: Fleet) -> None:
    _CHANGED(project, fleet)
    project.run("plan", "--out", "plan.json", "--format", "json")
    _server("mail.example.com", "smtp.example.com")(project, fleet)
    assert project.run("apply", "--auto-approve", "--format", "json").code == 0


def _saved_before(make: Callable[[Fleet], None]) -> Callable[[Project, Fleet], None]:
    """Return what goes wrong after a change was planned, offline, and before the plan is applied."""

    def made(project: Project, fleet: Fleet) -> None:
        _CHANGED(project, fleet)
        project.run("plan", "--depth", "offline", "--out", "plan.json")
        make(fleet)

    return made


def _grant_the_port(project: Project, _fleet: Fleet) -> None:
    told = project.run("plan", "--format", "json").document["diagnostics"]
    withheld = next(each["detail"] for each in told if each["code"] == "credentialWithheld")
    digest = withheld.partition('caDigest: "')[2].partition('"')[0]
    route = f"{{host: localhost, port: 9, encryption: starttls, caDigest: {digest}}}"
    _edit(project, _PROJECT, ("secrets:\n", f"secrets:\n  grants: [{{secret: 'env:SMTP_OFFICE_*', route: {route}}}]\n"))


def _with_an_expired_certificate(_project: Project, fleet: Fleet) -> None:
    expired = datetime(2020, 1, 1), datetime(2021, 1, 1)  # noqa: DTZ001 - as the CA takes them
    fleet.servers["office"].tls_context = fleet.ca.server_context(
        "localhost", not_before=expired[0], not_after=expired[1]
    )


_OF_A_TEMPLATE = (
    "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: {name}}\nspec:\n  email: office-{n}@example.com\n"
    "  displayName: Office {n}\n  shared: true\n"
    "  smtp: {server: office, authentication: {password: {env: SMTP_OFFICE_PASSWORD}}}\n"
)
_FIRST_FILE = "accounts.d/office-00.yaml"


def _slip(before: str, after: str) -> Callable[[Project, Fleet], None]:
    assert before in _OF_A_TEMPLATE
    return _one_file_each(_OF_A_TEMPLATE.replace(before, after))


_CHANGED = _server("spec:\n", "spec:\n  heloName: mail.example.com\n")
"""No mistake: a change that has the 36 accounts of ``office`` verified."""
_VERIFY = (("verify",), ("verify", "--recorded"))
_PLAN = (("plan",),)
_NO_SERVER = ("unknownServer", "unusedServer", "missingField", "tooManyDeletes", "noManifests")

MISTAKES: dict[str, Mistake] = {
    # In servers.yaml
    "bad-port": Mistake(
        make=_server("port: PORT", "port: 70000"),
        code="invalidValue", place=f"{_SERVERS}:7:9", says="36 accounts", untrue=_NO_SERVER,
    ),
    "port-is-text": Mistake(
        make=_server("port: PORT", "port: smtp"), code="wrongType", place=f"{_SERVERS}:7:9", says="36 accounts",
        untrue=_NO_SERVER,
    ),
    "unknown-field-of-a-server": Mistake(
        make=_server("encryption:", "encrypton:"), code="unknownField", place=f"{_SERVERS}:8:3", says="36 accounts",
        untrue=_NO_SERVER,
    ),
    "unknown-encryption": Mistake(
        make=_server("encryption: starttls", "encryption: ssl"), code="invalidValue", place=f"{_SERVERS}:8:15",
        says="36 accounts", untrue=_NO_SERVER,
    ),
    "bad-host": Mistake(
        make=_server("host: localhost", "host: smtp..example.com"), code="invalidHost", place=f"{_SERVERS}:6:9",
        says="36 accounts", untrue=_NO_SERVER,
    ),
    "literal-password": Mistake(
        make=_server('username: "{email}"', 'username: "{email}", password: hunter2hunter2'), code="literalSecret",
        place=f"{_SERVERS}:10:51", untrue=_NO_SERVER,
    ),
    "kind-misspelled": Mistake(
        make=_server("kind: MailServer", "kind: Mailserver"), code="unknownKind", place=f"{_SERVERS}:2:7",
        untrue=_NO_SERVER,
    ),
    "server-without-version": Mistake(
        make=_server("apiVersion: reconciler/v1\n", ""), code="unknownApiVersion", place=f"{_SERVERS}:1:1",
        untrue=_NO_SERVER,
    ),
    "server-name-invalid": Mistake(
        make=_server("name: office", "name: Office"), code="invalidName", place=f"{_SERVERS}:4:9", untrue=_NO_SERVER,
    ),
    "server-without-a-name": Mistake(
        make=_server("  name: office\n", "  labels: {a: b}\n"), code="missingField", place=_SERVERS,
        untrue=("unknownServer", "unusedServer"),
    ),
    "server-missing": Mistake(
        make=_remove_server, code="unknownServer", place="accounts.d/office.yaml:9:13", says="36 accounts",
        untrue=("unusedServer", "tooManyDeletes"),
    ),
    "server-renamed": Mistake(
        make=_server("name: office", "name: office365"), code="unknownServer", place="accounts.d/office.yaml:9:13",
        says="36 accounts",
    ),
    "servers-file-missing": Mistake(
        make=_remove(_SERVERS), code="unknownServer", place="accounts.d/", untrue=("unusedServer",),
    ),
    "tab-in-servers": Mistake(
        make=_server("  port: PORT", "\tport: 25"), code="yamlSyntax", place=f"{_SERVERS}:7", untrue=_NO_SERVER,
    ),
    "quote-left-open": Mistake(
        make=_server('"{email}"', '"{email}'), code="yamlSyntax", place=_SERVERS, untrue=_NO_SERVER,
    ),
    "not-utf8": Mistake(
        make=_not_utf8, code="notUtf8",
        place=_SERVERS, untrue=_NO_SERVER,
    ),
    "duplicate-key": Mistake(
        make=_server("  encryption: starttls\n", "  encryption: starttls\n  encryption: tls\n"), code="duplicateKey",
        place=_SERVERS, untrue=_NO_SERVER,
    ),
    "client-certificate-missing": Mistake(
        make=_server(
            "  caFile: certs/internal.pem\n",
            "  caFile: certs/internal.pem\n  clientCertificate: {certFile: certs/none.pem, key: {env: SMTP_CLIENT_KEY}}\n",
        ),
        code="certFileUnusable", place=f"{_SERVERS}:10:33", says="36 accounts",
    ),
    "encryption-turned-off-with-a-ca": Mistake(
        make=_server("  encryption: starttls\n", "  encryption: none\n"), code="contradiction", place=_SERVERS,
        says="36 accounts",
    ),
    "server-without-host": Mistake(
        make=_server("  host: localhost\n", ""), code="missingField", place=_SERVERS, says="36 accounts",
    ),
    "login-without-username": Mistake(
        make=_server('{username: "{email}"}', "{mechanism: plain}"), code="missingField", place=f"{_SERVERS}:10:3",
        says="36 accounts",
    ),
    "template-makes-no-variable": Mistake(
        make=_server('username: "{email}"', 'username: "{email}", password: {env: "SMTP_{name}"}'),
        code="invalidValue", place="accounts.d/", says="", commands=(),
    ),
    "caFile-missing": Mistake(
        make=_both(_remove("certs/internal.pem"), _edits(_PROJECT, ("    caFile: certs/internal.pem\n", ""))),
        code="caFileUnusable", place=f"{_SERVERS}:9:11", says="110 accounts",
    ),
    "caFile-garbage": Mistake(
        make=_write("certs/internal.pem", "nonsense"), code="caFileUnusable", place=f"{_SERVERS}:9:11",
        says="110 accounts",
    ),
    "server-copied": Mistake(
        make=_append(_SERVERS, "---\napiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: office}\nspec: {}\n"),
        code="duplicateName", place=f"{_SERVERS}:47:18", untrue=("missingField", *_NO_SERVER),
    ),
    "mechanism-of-tokens": Mistake(
        make=_server('username: "{email}"', 'mechanism: xoauth2, username: "{email}"'), code="contradiction",
        place=f"{_SERVERS}:10:31", says="36 accounts",
    ),
    "server-without-login": Mistake(
        make=_server('  authentication: {username: "{email}"}\n', ""), code="missingField", place=f"{_SERVERS}:5:1",
        says="36 accounts",
    ),
    "port-moved": Mistake(
        make=_server("port: PORT", "port: 9"), code="credentialWithheld", place=None, commands=(("plan",), ("verify",)),
        says="and 35 more to localhost:9, starttls, private CA",
    ),
    "ca-forgotten": Mistake(
        make=_server("  caFile: certs/internal.pem\n", ""), code="credentialWithheld", place=None,
        commands=(("plan",), ("verify",)), says='{secret: "env:SMTP_OFFICE_*_PASSWORD", servers: ["localhost:',
    ),
    "port-moved-with-its-ca": Mistake(
        make=_server("port: PORT", "port: 9"), code="credentialWithheld", place=None, commands=(("plan",),),
        says='{secret: "env:SMTP_OFFICE_*_PASSWORD", route: {host: "localhost", port: 9, encryption: "starttls", caDigest:',
    ),
    "unencrypted-server": Mistake(
        make=_server("  host: localhost\n  port: PORT\n  encryption: starttls\n  caFile: certs/internal.pem\n",
                     "  host: smtp.example.com\n  port: 25\n  encryption: none\n"),
        code="unencryptedLogin", place=f"{_SERVERS}:7:9", says="36 accounts", commands=(("validate",),),
    ),
    "port-of-another-encryption": Mistake(
        make=_server("port: PORT", "port: 465"), code="portMismatch", place=f"{_SERVERS}:7:9", says="36 accounts",
        commands=(("validate",),),
    ),
    "provider-without-passwords": Mistake(
        make=_server("host: localhost", "host: smtp.office365.com"), code="basicAuthEnding", place=f"{_SERVERS}:6:9",
        says="36 accounts", commands=(("validate",),),
    ),
    # In a file of accounts
    "accounts-file-broken": Mistake(
        make=_edits("accounts.d/campaigns.yaml", ("kind: OwnAccount\nmetadata: {name: campaigns-00}",
                                                  "kind: OwnAccount\nmetadata: {name: campaigns-00")),
        code="yamlSyntax", place="accounts.d/campaigns.yaml", untrue=("unusedServer", "tooManyDeletes"),
    ),
    "file-copied": Mistake(
        make=_copy("accounts.d/office.yaml", "accounts.d/office-copy.yaml"), code="duplicateName",
        place="accounts.d/office.yaml:3:18", says="36 accounts",
    ),
    "previousName-copied": Mistake(
        make=_all_were("sales"), code="contradiction", place="accounts.d/office.yaml", says="35 accounts",
    ),
    # The same in 36 files
    "unknown-field-in-each": Mistake(
        make=_slip("  displayName", "  ssl: true\n  displayName"), code="unknownField", place=f"{_FIRST_FILE}:6:3",
        says="The same stands in 35 more places: accounts.d/office-01.yaml:6:3,",
    ),
    "name-before-the-address-in-each": Mistake(
        make=_slip("email: office-{n}@example.com", "email: Office {n} <office-{n}@example.com>"), code="invalidEmail",
        place=f"{_FIRST_FILE}:5:10", says="The same goes for 35 more places, each with its own value: ",
    ),
    "tab-in-each": Mistake(
        make=_slip("  smtp", "\tsmtp"), code="yamlSyntax", place=f"{_FIRST_FILE}:8", says="35 more places",
    ),
    "version-forgotten-in-each": Mistake(
        make=_slip("apiVersion: reconciler/v1\n", ""), code="unknownApiVersion", place=f"{_FIRST_FILE}:1:1",
        says="36 accounts",
    ),
    "password-in-each": Mistake(
        make=_slip("{env: SMTP_OFFICE_PASSWORD}", "hunter2-{n}"),
        code="literalSecret", place=f"{_FIRST_FILE}:8:53", says="The same goes for 35 more places, each with its own value",
    ),
    "umlaut-in-each-name": Mistake(
        make=_slip("{name: {name}}", "{name: Büro {n}}"), code="invalidName", place=f"{_FIRST_FILE}:3:18",
        says="35 more places, each with its own value",
    ),
    "nobody-sees-any": Mistake(
        make=_slip("  shared: true\n", ""), code="sharedWithoutOwner", place=f"{_FIRST_FILE}:4:1",
        says="36 accounts", commands=(("validate",),),
    ),
    "addresses-without-a-dot": Mistake(
        make=_slip("@example.com", "@intranet"), code="doubtfulAddress", place=f"{_FIRST_FILE}:5:10",
        says="36 accounts", commands=(("validate",),),
    ),
    "no-replies-to-news": Mistake(
        make=_edits("accounts.d/news.yaml", ("  replyTo: {email: office@example.com}\n", "")), code="noReplyTo",
        place="accounts.d/news.yaml:", says="40 accounts", commands=(("validate",),),
    ),
    # The same in all files of accounts
    "renamed-without-previousName": Mistake(
        make=_edits("accounts.d/office.yaml", ("metadata: {name: ", "metadata: {name: eu-")), code="tooManyDeletes",
        place=None, commands=(("plan", "--depth", "offline"),),
        says="They look renamed: office-00 to eu-office-00, office-01 to eu-office-01,",
    ),
    "a-number-for-a-label-in-each": Mistake(
        make=_in_each_file("metadata: {name: ", "metadata: {labels: {team: 7}, name: "), code="wrongType",
        place="accounts.d/alerts.yaml:3:27", says="150 accounts",
    ),
    "nothing-in-each-spec": Mistake(
        make=_in_each_file("spec:\n", "spec:\nsettings:\n"), code="wrongType", place="accounts.d/alerts.yaml:4:",
        says="150 accounts", untrue=("unusedServer",),
    ),
    "kind-of-the-other-in-each": Mistake(
        make=_edits("accounts.d/news.yaml", ("kind: MarketingAccount", "kind: OwnAccount")), code="missingField",
        place="accounts.d/news.yaml:4:1", says="40 accounts",
    ),
    # In the project file
    "scope-of-other-senders": Mistake(
        make=_scope("senders: ['*@other.example']"), code="outOfScope", place=_PROJECT, says="150 accounts",
    ),
    "scope-of-other-servers": Mistake(
        make=_scope("servers: ['host:other.example']"), code="outOfScope", place=_PROJECT, says="110 accounts",
    ),
    "scope-of-other-secrets": Mistake(
        make=_scope("secrets: ['env:OTHER_*']"), code="outOfScope", place=_PROJECT, says="110 accounts",
    ),
    "scope-that-asks-for-owners": Mistake(
        make=_scope("ownerRequired: true"), code="outOfScope", place=_PROJECT, says="150 accounts",
    ),
    "allow-forgotten": Mistake(
        make=_edits(_PROJECT, ('"env:SMTP_*"', '"env:SMTP_CAMPAIGNS_*"')), code="secretNotAllowed",
        place=f"{_PROJECT}:15:10", says="36 accounts",
    ),
    "allow-nothing": Mistake(
        make=_edits(_PROJECT, ('["env:SMTP_*"]', "[]")), code="secretNotAllowed", place=f"{_PROJECT}:15:10",
    ),
    "source-undeclared": Mistake(
        make=_edits(_PROJECT, ("    bulk: ", "    bulky: ")), code="unknownSecretSource", place=f"{_PROJECT}:17:5",
        says="24 accounts",
    ),
    "project-field-unknown": Mistake(
        make=_edits(_PROJECT, ("secrets:\n", "secret:\n")), code="unknownField", place=f"{_PROJECT}:14:1",
    ),
    "project-value-bad": Mistake(
        make=_edits(_PROJECT, ("domainChecks: off", "domainChecks: maybe")), code="invalidValue",
        place=f"{_PROJECT}:20",
    ),
    "project-tab": Mistake(
        make=_edits(_PROJECT, ("  email: ops", "\temail: ops")), code="yamlSyntax", place=f"{_PROJECT}:6",
    ),
    "project-elsewhere": Mistake(
        make=_edits(_PROJECT, ("operator:\n", "manifests: account.d\noperator:\n")), code="noManifests", place=None,
        commands=(("validate",),),
    ),
    "manifests-elsewhere": Mistake(
        make=_edits(_PROJECT, ("operator:\n", "manifests: account.d\noperator:\n")), code="emptyManifests", place=None,
        commands=(),
    ),
    "platform-login-incomplete": Mistake(
        make=_edits(_PROJECT, ("username: platform@example.com, ", "")), code="missingField", place=f"{_PROJECT}:9",
    ),
    "platform-ca-missing": Mistake(
        make=_edits(_PROJECT, ("certs/internal.pem", "certs/missing.pem")), code="caFileUnusable",
        place=f"{_PROJECT}:9",
    ),
    # Where secrets and state are
    "state-missing": Mistake(
        make=_remove(".reconciler/state.db"), code="stateMissing", place=None, commands=(*_PLAN, *_VERIFY),
    ),
    "key-of-another-state": Mistake(
        make=_write(".reconciler/fingerprint.key", "0123456789abcdef" * 4), code="fingerprintKeyChanged", place=None,
        commands=(*_PLAN, ("verify", "--recorded")), untrue=("secretsNotRead",),
    ),
    "bulk-source-missing": Mistake(
        make=_remove("secrets/alerts.env"), code="secretMissing", place=None, commands=(*_PLAN, *_VERIFY),
    ),
    "bulk-source-broken": Mistake(
        make=_write("secrets/alerts.env", "no line of a dotenv file"), code="secretSourceFailed", place=None,
        commands=(*_PLAN, *_VERIFY),
    ),
    "command-missing": Mistake(
        make=_edits(_PROJECT, ('command: ["', 'command: ["/nonexistent/vault", "')), code="secretSourceFailed",
        place=None, commands=_VERIFY, says="20",
    ),
    "variables-missing": Mistake(
        make=_no_variables,
        code="secretMissing", place=None, commands=(*_PLAN, *_VERIFY), says="36",
    ),
    "shared-variable-missing": Mistake(
        make=_variable("SMTP_CAMPAIGNS_PASSWORD", None), code="secretMissing", place=None,
        commands=(*_PLAN, *_VERIFY),
    ),
    "all-rotated": Mistake(
        make=_all_rotated, code="heldChange", place=None, commands=_PLAN, says="36 accounts",
    ),
    "rekey-after-rotation": Mistake(
        make=_all_rotated, code="rotationNotApplied", place=None, commands=(("state", "rekey"),), says="36 secrets",
    ),
    "hosts-not-allowed": Mistake(
        make=_edits(_PROJECT, ("verification:\n", "verification:\n  servers: [smtp.example.com]\n")),
        code="verificationFailed", place=None, commands=(("verify",),), says="150 accounts",
    ),
    # At the servers
    "shared-login-refused": Mistake(
        make=_variable("SMTP_CAMPAIGNS_PASSWORD", "wrong"), code="verificationFailed", place=f"{_SERVERS}",
        commands=(("verify",),), says="30 accounts",
    ),
    "server-down": Mistake(
        make=lambda _project, fleet: fleet.servers["office"].stop(), code="verificationFailed",
        place=f"{_SERVERS}:6:9", commands=(("verify",),), says="36 accounts",
    ),
    "server-down-for-a-saved-plan": Mistake(
        make=_saved_before(lambda fleet: fleet.servers["office"].stop()), code="verificationFailed", place=None,
        commands=(("apply", "plan.json"),), says="36 accounts",
    ),
    "port-closed": Mistake(
        make=_both(
            _server("port: PORT", "port: 9"),
            _grant_the_port,
        ),
        code="verificationFailed", place=f"{_SERVERS}:6:9", commands=(("verify",), *_PLAN), says="36 accounts",
    ),
    "certificate-expired": Mistake(
        make=_with_an_expired_certificate, code="verificationFailed", place=f"{_SERVERS}:6:9", commands=(("verify",),),
        says="36 accounts",
    ),
    "server-down-recorded": Mistake(
        make=lambda _project, fleet: fleet.servers["office"].stop(), code="verificationFailed", place=None,
        commands=(("verify", "--recorded"),), says="36 accounts",
    ),
    "server-down-while-its-settings-change": Mistake(
        make=_both(_CHANGED, lambda _project, fleet: fleet.servers["office"].stop()), code="verificationFailed",
        place=f"{_SERVERS}:7:9", commands=_PLAN, says="36 accounts",
    ),
    "server-refuses-everybody": Mistake(
        make=_refusing("office", Refusals(greeting="554 5.3.2 not today")), code="verificationFailed",
        place=f"{_SERVERS}:6:9", commands=(("verify",),), says="36 accounts",
    ),
    "certificate-of-another-name": Mistake(
        make=_with_certificate_for("mail.example.org"), code="verificationFailed", place=f"{_SERVERS}:6:9",
        commands=(("verify",),), says="36 accounts",
    ),
    "platform-down": Mistake(
        make=lambda _project, fleet: fleet.servers["platform"].stop(), code="verificationFailed",
        place=f"{_PROJECT}:9:11", commands=(("verify",),), says="40 accounts",
    ),
    "platform-login-refused": Mistake(
        make=_variable("SMTP_PLATFORM_PASSWORD", "wrong"), code="verificationFailed", place=f"{_PROJECT}:9:11",
        commands=(("verify",),), says="40 accounts",
    ),
    "every-login-refused": Mistake(
        make=_refusing("partners", Refusals(login="535 5.7.8 refused")), code="verificationFailed",
        place=f"{_SERVERS}", commands=(("verify",),), says="20 accounts",
    ),
    "no-operator": Mistake(
        make=_edits(_PROJECT, ("operator:\n  email: ops@example.com\n", "")), code="verificationFailed", place=None,
        commands=(("verify", "--depth", "message"),), says="accounts",
    ),
    "command-too-slow": Mistake(
        make=_edits(_PROJECT, ("import sys; sys", "import time; time.sleep(60); import sys; sys"),
                    ("timeoutSeconds: 20", "timeoutSeconds: 1")),
        code="secretSourceFailed", place=None, commands=(("verify",),), says="20",
    ),
    # In time
    "applied-by-somebody-else": Mistake(
        make=_applied_meanwhile, code="planStale", place=None, commands=(("apply", "plan.json"),), says="36 accounts",
    ),
}  # fmt: skip
_RUNS = [
    pytest.param(mistake, command, id=f"{name}:{'-'.join(command)}")
    for name, mistake in MISTAKES.items()
    for command in mistake.commands
]


def told(outcome: Outcome) -> list[tuple[str, str | None]]:
    """Return code and place of each problem on stderr, in order."""
    joined = re.sub(r"\n  (?=\S.*\]$)", " ", outcome.err, flags=re.MULTILINE)
    lines = joined.splitlines()
    found = []
    for number, line in enumerate(lines):
        if heading := _HEADING.match(line):
            place = _PLACE.match(lines[number + 1]) if number + 1 < len(lines) else None
            found.append((heading[2], place[1] if place else None))
    return found


@pytest.mark.parametrize(("mistake", "command"), _RUNS)
def test_a_shared_mistake_is_told_once_where_it_is(
    project: Project, fleet: Fleet, mistake: Mistake, command: tuple[str, ...]
) -> None:
    """At most 25 lines, the first of which is the cause, at its own place; nothing untrue; every account counted.

    Where something changes, the plan stands beside it.
    """
    mistake.make(project, fleet)
    outcome = project.run(*command)
    problems = told(outcome)
    text = f"{outcome.err}{outcome.out}"
    shows_changes = outcome.out.startswith("Plan for")
    assert len((outcome.err if shows_changes else text).splitlines()) <= MOST_LINES, text
    assert len(outcome.out.splitlines()) <= _MOST_OF_A_PLAN, text
    assert outcome.err.startswith(("error: ", "warning: ", "note: ")), text
    assert problems[0][0] == mistake.code, text
    assert str(problems[0][1]).startswith(mistake.place or "None"), text
    assert [code for code, _ in problems if code in mistake.untrue] == [], text
    assert mistake.says in " ".join(text.split()), text
