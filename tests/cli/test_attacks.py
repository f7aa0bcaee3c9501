"""The attacker's table: whoever can write a pull request gets no login, no secret and no file, and is told so.

Each row is one attack: what the pull request changes, the exit code that planning it must end with, and the code of the
diagnostic. Rows of ``PULL_REQUESTS`` run where CI takes the project file from the protected branch, those of
``PROJECT_CHANGES`` where it does not.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import CODES
from tests.cli.attacks import CLIENT_SECRET, SECRET, USER, World, account, git, settle
from tests.cli.project import Project, alter_plan, marketing_account
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Attack = Callable[[World], None]

LOGINS = {USER: SECRET, "client@example.com": CLIENT_SECRET}


@pytest.fixture(scope="module")
def evil_ca() -> TestCA:
    """Return the attacker's CA."""
    return TestCA()


@pytest.fixture
def world(bare: Project, ca: TestCA, evil_ca: TestCA) -> Iterator[World]:
    """Run both servers and settle the project; both take the passwords, so that a login would be seen."""
    right = MailServer(encryption="starttls", tls_context=ca.server_context(), users=LOGINS)
    wrong = MailServer(encryption="starttls", tls_context=evil_ca.server_context(), users=LOGINS)
    with right as server, wrong as evil:
        bare.init()
        made = World(bare, server, evil, ca, evil_ca)
        settle(made)
        yield made


def sales(**parts: Any) -> Attack:
    """Return the attack that changes the applied account's manifest."""
    return lambda world: world.write("accounts.d/sales.yaml", account(world, **parts))


def evil_sales(**parts: Any) -> Attack:
    """Return the attack that points the applied account at the attacker's server, and changes more."""
    trusting = {"ca_file": "certs/evil.pem", **parts}
    return lambda world: world.write("accounts.d/sales.yaml", account(world, server=world.evil, **trusting))


def other(path: str = "accounts.d/other.yaml", name: str = "other", **parts: Any) -> Attack:
    """Return the attack that adds an account at the attacker's server."""
    trusting = {"ca_file": "certs/evil.pem", **parts}
    return lambda world: world.write(path, account(world, name, server=world.evil, **trusting))


def named(secret: str, path: str = "accounts.d/other.yaml") -> Attack:
    """Return the attack that adds an account at the attacker's server which names a secret."""
    return other(path, login=f"password: {secret}")


def written(text: str, path: str = "accounts.d/other.yaml") -> Attack:
    """Return the attack that adds a manifest of this text."""
    return lambda world: world.write(path, text)


def linked(target: str) -> Attack:
    """Return the attack that reads a secret file through a link."""

    def attack(world: World) -> None:
        world.link("secrets/x", target.format(outside=world.outside))
        named("{file: secrets/x}")(world)

    return attack


def both(*attacks: Attack) -> Attack:
    """Return several attacks as one."""

    def attack(world: World) -> None:
        for each in attacks:
            each(world)

    return attack


def swap_ca(world: World) -> None:
    """Replace the private CA in place, and point the account at the server that has its certificate."""
    world.evil_ca.write_pem(world.folder / "certs" / "ca.pem")
    evil_sales(ca_file="certs/ca.pem")(world)


def pin_certificate(world: World) -> None:
    """Have another certificate accepted at the right host and port, where the attacker is on the way."""
    pinned = f"    certificate: sha256:{'e' * 64}\n    caFile: certs/ca.pem\n"
    world.write("accounts.d/sales.yaml", account(world).replace("    caFile: certs/ca.pem\n", pinned))


def use_proxy(kind: str, *, sends_secret: bool = False) -> Attack:
    """Return the attack that puts the attacker's proxy in the way, the secret being its password if asked for."""
    login = ", username: x, password: {env: SMTP_SALES_PASSWORD}" if sends_secret else ""

    def attack(world: World) -> None:
        proxy = f"  proxy: {{type: {kind}, host: localhost, port: {world.evil.port}{login}}}\n"
        world.write("accounts.d/sales.yaml", account(world, more=proxy))

    return attack


def use_server(world: World) -> None:
    """Have the account inherit the attacker's host from a MailServer."""
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\n"
        f"spec: {{host: localhost, port: {world.evil.port}, encryption: starttls, caFile: certs/evil.pem}}\n---\n"
    )
    text = account(world).replace(f"host: localhost\n    port: {world.server.port}", "server: shared")
    world.write("accounts.d/sales.yaml", server + text.replace("    caFile: certs/ca.pem\n", ""))


def use_token_endpoint(world: World) -> None:
    """Have the secret sent to the attacker's token endpoint."""
    url = f"https://localhost:{world.evil.port}/token"
    oauth2 = (
        f"oauth2: {{tokenUrl: '{url}', clientId: x, clientSecret: {{env: SMTP_SALES_PASSWORD}}, "
        "refreshToken: {env: SMTP_SALES_PASSWORD}}"
    )
    sales(login=f"mechanism: xoauth2, {oauth2}")(world)


def two_first_routes(world: World) -> None:
    """Name a new secret at the right server and at the attacker's."""
    world.project.set_variable("SMTP_NEW", "canary-New-00")
    new = "password: {env: SMTP_NEW}"
    world.write("accounts.d/one.yaml", account(world, "one", login=new))
    other(login=new)(world)


def remove_all(world: World) -> None:
    """Leave no manifest."""
    for path in (world.folder / "accounts.d").rglob("*.yaml"):
        path.unlink()


def remove_news(world: World) -> None:
    """Remove the manifest of a protected account."""
    (world.folder / "accounts.d" / "news.yaml").unlink()


def become_own(world: World) -> None:
    """Turn the marketing account into an own one."""
    world.write("accounts.d/news.yaml", account(world, "news"))


def take_over(world: World) -> None:
    """Claim another client's account from one's own folder, with a login of one's own."""
    (world.folder / "accounts.d" / "client-a" / "client.yaml").unlink()
    world.project.set_variable("CLIENT_B_PASSWORD", "canary-B-00")
    text = account(world, "mine", login="password: {env: CLIENT_B_PASSWORD}")
    world.write("accounts.d/client-b/mine.yaml", text.replace("name: mine", "name: mine, previousName: client"))


def move_over(world: World) -> None:
    """Move another client's account, under its name, into one's own folder."""
    (world.folder / "accounts.d" / "client-a" / "client.yaml").unlink()
    text = account(world, "client", login="password: {env: CLIENT_B_PASSWORD}")
    world.project.set_variable("CLIENT_B_PASSWORD", "canary-B-00")
    world.write("accounts.d/client-b/client.yaml", text)


def track_state(world: World) -> None:
    """Put the state folder into git."""
    git(world, "init", "-q")
    git(world, "add", "-f", ".reconciler")


def track_secret(world: World) -> None:
    """Bring a secret file in the pull request itself."""
    world.write("secrets/x", "canary-of-theirs")
    git(world, "init", "-q")
    git(world, "add", "-f", "secrets/x")
    named("{file: secrets/x}")(world)


def link_folder(world: World) -> None:
    """Make the folder of secrets a link to another."""
    world.link("secrets", str(world.outside))
    named("{file: secrets/secret}")(world)


def link_manifest(world: World) -> None:
    """Have a file from elsewhere read as a manifest."""
    world.link("accounts.d/other.yaml", str(world.outside / "secret"))


def link_manifests(world: World) -> None:
    """Make a folder of manifests a link to another."""
    world.link("accounts.d/more", str(world.outside))


def pipe_manifest(world: World) -> None:
    """Leave a pipe that nobody writes to where a manifest should be."""
    os.mkfifo(world.folder / "accounts.d" / "other.yaml")


def link_ca(world: World) -> None:
    """Trust a certificate from outside the project by a link."""
    world.link("certs/link.pem", str(world.outside / "ca.pem"))
    sales(ca_file="certs/link.pem")(world)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 10)}]\n" for before, after in zip("abcdef", "bcdefg", strict=True)
)
HEAD = "apiVersion: reconciler/v1\nkind: MarketingAccount\n"

PULL_REQUESTS: dict[str, tuple[Attack, int, str]] = {
    # A known secret on another way
    "host moved": (evil_sales(), 4, "credentialWithheld"),
    "certificate pinned": (pin_certificate, 4, "credentialWithheld"),
    "host written as an address": (sales(host="127.0.0.1"), 4, "credentialWithheld"),
    "host that looks alike": (sales(host="l\u043ecalhost"), 4, "credentialWithheld"),
    "TLS dropped": (sales(encryption="none", ca_file=None), 4, "credentialWithheld"),
    "TLS of another kind": (sales(encryption="tls"), 4, "credentialWithheld"),
    "CA swapped in place": (swap_ca, 4, "credentialWithheld"),
    "CA named anew": (sales(ca_file="certs/evil.pem"), 4, "credentialWithheld"),
    "CA left out": (sales(ca_file=None), 4, "credentialWithheld"),
    "HTTP proxy added": (use_proxy("http"), 4, "credentialWithheld"),
    "SOCKS proxy added": (use_proxy("socks5"), 4, "credentialWithheld"),
    "secret sent to a proxy": (use_proxy("http", sends_secret=True), 4, "credentialWithheld"),
    "user name changed": (sales(username="client@example.com"), 4, "credentialWithheld"),
    "host moved through a MailServer": (use_server, 4, "credentialWithheld"),
    "secret sent to a token endpoint": (use_token_endpoint, 4, "credentialWithheld"),
    "secret borrowed by another account": (other(), 4, "credentialWithheld"),
    "same value under another name": (named("{env: SMTP_COPY}"), 4, "credentialWithheld"),
    "same value from another source": (named("{many: sales}"), 4, "credentialWithheld"),
    "renamed and moved": (evil_sales(name="vertrieb", metadata="previousName: sales"), 4, "credentialWithheld"),
    "new secret at two servers": (two_first_routes, 4, "credentialWithheld"),
    "link-local address": (sales(host="169.254.169.254"), 4, "credentialWithheld"),
    # Secrets that are none of the manifest's business
    "PATH as a secret": (named("{env: PATH}"), 1, "secretNotAllowed"),
    "the plan key as a secret": (named("{env: RECONCILER_PLAN_KEY}"), 1, "secretNotAllowed"),
    "a whole source as a secret": (named("{env: SMTP_MANY}"), 1, "secretNotAllowed"),
    "another client's secret": (named("{env: CLIENT_A_PASSWORD}"), 1, "secretNotAllowed"),
    "another client's from a client's folder": (
        named("{env: CLIENT_A_PASSWORD}", "accounts.d/client-b/x.yaml"), 1, "secretNotAllowed",
    ),
    "a folder named like the client's": (
        named("{env: CLIENT_A_PASSWORD}", "accounts.d/client-a.evil/x.yaml"), 1, "secretNotAllowed",
    ),
    "look-alike of a variable, in case": (named("{env: smtp_sales_password}"), 1, "secretNotAllowed"),
    "look-alike of a variable, in letters": (named("{env: S\u041cTP_SALES_PASSWORD}"), 1, "invalidValue"),
    "path upwards": (named("{file: ../../etc/passwd}"), 1, "secretNotAllowed"),
    "path up from an allowed folder": (named("{file: secrets/../../outside/secret}"), 1, "secretNotAllowed"),
    "absolute path": (named("{file: /etc/passwd}"), 1, "secretNotAllowed"),
    "the key of fingerprints": (named("{file: .reconciler/fingerprint.key}"), 1, "secretNotAllowed"),
    "a pattern as a path": (named("{file: 'secrets/*'}"), 1, "secretNotAllowed"),
    "link to a file outside": (linked("{outside}/secret"), 1, "secretNotAllowed"),
    "link to the key of fingerprints": (linked("../.reconciler/fingerprint.key"), 1, "secretNotAllowed"),
    "link to the environment": (linked("/proc/self/environ"), 1, "secretNotAllowed"),
    "folder of secrets as a link": (link_folder, 1, "secretNotAllowed"),
    "secret file in the pull request": (track_secret, 1, "secretTracked"),
    "source that is not declared": (named("{evil: key}"), 1, "unknownSecretSource"),
    "option as a key": (named("{vault: -version}"), 1, "invalidValue"),
    "path upwards as a key": (named("{vault: a/../b}"), 1, "invalidValue"),
    "command as a key": (named("{vault: '$(id)'}"), 1, "invalidValue"),
    "two sources at once": (named("{env: SMTP_NEW, file: secrets/x}"), 1, "contradiction"),
    "literal password": (named("hunter2-literal"), 1, "literalSecret"),
    "literal that looks like a reference": (named("env:SMTP_SALES_PASSWORD"), 1, "literalSecret"),
    "token endpoint without TLS": (
        other(login="oauth2: {tokenUrl: 'http://localhost/t', clientId: x, clientSecret: {env: SMTP_COPY}}"),
        1, "invalidValue",
    ),
    "CA from outside": (sales(ca_file="../outside/ca.pem"), 1, "caFileUnusable"),
    "CA from outside through a link": (link_ca, 1, "caFileUnusable"),
    "CA that is the key of fingerprints": (sales(ca_file=".reconciler/fingerprint.key"), 1, "caFileUnusable"),
    # Files that are none of ours, and YAML that is a weapon
    "file outside read as a manifest": (link_manifest, 1, "fileUnreadable"),
    "folder outside read as manifests": (link_manifests, 1, "fileUnreadable"),
    "pipe as a manifest": (pipe_manifest, 1, "fileUnreadable"),
    "alias bomb": (written(BOMB), 1, "yamlTooLarge"),
    "tag that runs a program": (written("!!python/object/apply:os.system ['touch outside/taken']\n"), 1, "yamlTag"),
    "endless nesting": (written("[" * 5000), 1, "yamlTooDeep"),
    "second password under one key": (
        other(login="password: {env: SMTP_NEW}, password: {env: SMTP_COPY}"), 1, "duplicateKey",
    ),
    "name with a path": (written(HEAD + "metadata: {name: ../../outside/x}\n"), 1, "invalidName"),
    "name with a terminal escape": (written(HEAD + 'metadata: {name: "\\e[2J\\e[1A"}\n'), 1, "invalidName"),
    "title with a terminal escape": (
        written(marketing_account("x", metadata='title: "\\e]0;owned\\a"')), 1, "controlCharacter",
    ),
    "title that turns text around": (
        written(marketing_account("x", metadata='title: "\\u202etxt.exe"')), 1, "controlCharacter",
    ),
    "command for the CI log": (
        written(marketing_account("x", metadata='title: "a\\n::add-mask::b"')), 1, "controlCharacter",
    ),
    # What a guard is for
    "all manifests removed": (remove_all, 4, "emptyManifests"),
    "protected account removed": (remove_news, 4, "protectedAccount"),
    "kind changed": (become_own, 4, "changedKind"),
    "another client's account claimed by a rename": (take_over, 4, "changedScope"),
    "another client's account declared elsewhere": (move_over, 4, "changedScope"),
    "state folder in git": (track_state, 4, "stateTracked"),
}  # fmt: skip


def rules(more: str) -> Attack:
    """Return the attack that writes more into the project file of the checkout."""
    return lambda world: world.write("reconciler.yaml", world.rules(more))


def replaced(before: str, after: str) -> Attack:
    """Return the attack that alters the project file of the checkout."""
    return lambda world: world.write("reconciler.yaml", world.rules().replace(before, after))


def grant_evil(world: World) -> None:
    """Grant the attacker's server everything."""
    route = f"{{host: localhost, port: {world.evil.port}, encryption: starttls}}"
    text = world.rules().replace("secrets:\n", f'secrets:\n  grants: [{{secret: "env:*", route: {route}}}]\n', 1)
    world.write("reconciler.yaml", text)
    evil_sales(ca_file=None)(world)


def move_platform(world: World) -> None:
    """Have marketing accounts log in at the attacker's server."""
    login = "{username: x, password: {env: SMTP_SALES_PASSWORD}}"
    smtp = f"{{host: localhost, port: {world.evil.port}, encryption: starttls, authentication: {login}}}"
    rules(f"platform: {{smtp: {smtp}}}\n")(world)
    world.write("accounts.d/new.yaml", marketing_account("new"))


PROJECT_CHANGES: dict[str, Attack] = {
    "nothing but a moved host": evil_sales(),
    "allows everything": both(replaced("env:SMTP_*", "env:*"), named("{env: ANYTHING_AT_ALL}")),
    "grants the attacker's server": grant_evil,
    "runs a command of its own": both(
        replaced('command: [echo, "{key}"]', 'command: [sh, -c, "touch ../outside/taken {key}"]'), named("{vault: a}"),
    ),
    "reads files from elsewhere": both(replaced("file:secrets/**", "file:/**"), named("{file: /etc/hostname}")),
    "takes a key from a command": both(rules(""), replaced("  sources:\n", "  fingerprintKey: {vault: k}\n  sources:\n"), evil_sales()),
    "asks for less evidence": both(
        replaced("{domainChecks: off,", "{depth: {plan: connect, apply: offline}, domainChecks: off,"), evil_sales(),
    ),
    "excepts its account": both(
        rules("guards: {exceptions: [{verification: ['*'], depth: offline, until: 2999-01-01, reason: x}]}\n"),
        evil_sales(),
    ),
    "moves the platform": move_platform,
}  # fmt: skip


def assert_came_to_nothing(world: World, before: dict[str, bytes]) -> None:
    """Fail if the attack has reached anything."""
    assert (0, []) == (world.evil.login_attempts, world.evil.messages)
    assert before == world.untouched()
    assert [] == world.leaks_in_files()
    world.project.unset_variable("CI")
    assert {"client": "active", "news": "pending", "sales": "active"} == world.project.statuses()
    assert 1 == world.project.serial()


@pytest.mark.parametrize(("attack", "exit_code", "code"), PULL_REQUESTS.values(), ids=PULL_REQUESTS)
def test_a_pull_request_comes_to_nothing(world: World, attack: Attack, exit_code: int, code: str) -> None:
    """It is refused with its exit code; no login, no secret in any output or file, nothing outside touched."""
    attack(world)
    before, attempts = world.untouched(), world.server.login_attempts
    planned = world.run("plan", "--out", "plan.json", "--format", "json")
    assert (exit_code, True) == (planned.code, code in planned.codes), planned
    codes = {problem["code"] for problem in planned.document["diagnostics"] if problem["severity"] == "error"}
    assert codes <= CODES.keys()
    for options in (("plan.json",), ("--auto-approve",), ("--auto-approve", "--hold-failing")):
        outcome = world.run("apply", *options)
        assert (True, []) == (outcome.code != 0, world.leaks(outcome)), outcome
    assert [] == world.leaks(planned) + world.leaks(world.run("verify", "--format", "json"))
    text = world.run("plan")
    assert ([], False) == (world.leaks(text), "\x1b" in text.out + text.err)
    assert "hunter2" not in text.out + text.err + planned.out
    if code == "credentialWithheld":
        assert world.server.login_attempts - attempts <= 2  # the accounts that verify finds as they were
    assert_came_to_nothing(world, before)


@pytest.mark.parametrize("attack", PROJECT_CHANGES.values(), ids=PROJECT_CHANGES)
def test_a_project_change_comes_to_nothing(world: World, attack: Attack) -> None:
    """Where the project file is the pull request's own, no secret is read, and whatever would need one ends with 4."""
    attack(world)
    before, attempts = world.untouched(), world.server.login_attempts
    for words in (
        ("plan", "--out", "plan.json", "--format", "json"),
        ("plan", "--rotations"),
        ("apply", "--auto-approve"),
        ("apply", "--auto-approve", "--depth", "offline"),
        ("verify",),
        ("verify", "--recorded"),
    ):
        outcome = world.run_unprotected(*words)
        assert (4, []) == (outcome.code, world.leaks(outcome)), (words, outcome)
    assert attempts == world.server.login_attempts
    assert_came_to_nothing(world, before)


def change_document(document: dict[str, Any]) -> None:
    """Have something else recorded than is shown."""
    document["inputs"]["accounts"]["sales"]["document"]["spec"]["displayName"] = "Somebody Else"


def change_shown(document: dict[str, Any]) -> None:
    """Show something else than is recorded."""
    document["changes"][0]["fields"][0]["after"] = "as it was"


def hide_host(document: dict[str, Any]) -> None:
    """Record another host, and show it as if its author had written the old one."""
    account_of = document["inputs"]["accounts"]["sales"]
    account_of["document"]["spec"]["smtp"]["host"] = "evil.example.net"
    account_of["written"] = {"spec.smtp.host": "localhost"}


def hide_change(document: dict[str, Any]) -> None:
    """Leave a field out of what is shown."""
    document["changes"][0]["fields"] = []


def claim_rotation(document: dict[str, Any]) -> None:
    """Call a change of another field the rotation of a secret."""
    document["changes"][0]["fields"][0]["rotated"] = True


def claim_delete(document: dict[str, Any]) -> None:
    """Call the update a deletion."""
    document["changes"][0]["action"] = "delete"


ALTERATIONS = (change_document, change_shown, hide_host, hide_change, claim_rotation, claim_delete)


@pytest.mark.parametrize("has_key", [True, False], ids=["plan key", "no key"])
@pytest.mark.parametrize("alter", ALTERATIONS, ids=lambda alter: alter.__name__)
def test_an_altered_plan_comes_to_nothing(
    world: World, alter: Callable[[dict[str, Any]], None], *, has_key: bool
) -> None:
    """A plan that would record something else than it shows is refused, its seal stripped and its digests made to fit."""
    sales(metadata="title: Sales")(world)
    if not has_key:
        world.project.unset_variable("RECONCILER_PLAN_KEY")
    assert 0 == world.run("plan", "--out", "plan.json").code
    before = world.untouched()

    def strip(document: dict[str, Any]) -> None:
        document["seal"] = None

    alter_plan(world.folder / "plan.json", alter)
    assert 4 == world.run("apply", "plan.json").code
    alter_plan(world.folder / "plan.json", strip, fits_digest=True)
    refused = world.run("apply", "plan.json", "--format", "json")
    assert (4, "planUnsealed" if has_key else "planAltered") == (refused.code, refused.codes[0]), refused
    assert_came_to_nothing(world, before)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_payloads SET payload = replace(payload, 'sales', 'elsas') WHERE sequence = 1",
        "DELETE FROM journal WHERE sequence = 1",
        "UPDATE accounts SET document = replace(document, 'Example', 'Evil')",
        "UPDATE secret_routes SET route = replace(route, 'localhost', 'evil.example.net')",
        "UPDATE accounts SET manifest = 'accounts.d/client-b/x.yaml' WHERE name = 'client'",
    ],
)
def test_an_altered_state_is_noticed(world: World, statement: str) -> None:
    """Whoever can write the state file cannot do it without the journal's check telling so."""
    world.project.execute_sql("PRAGMA foreign_keys = OFF")
    world.project.execute_sql(statement)
    checked = world.run("journal", "check", "--format", "json")
    assert (1, False) == (checked.code, checked.document["valid"])


def test_the_table_is_long_enough() -> None:
    """There are at least forty attacks by manifests and project changes."""
    assert len(PULL_REQUESTS) + len(PROJECT_CHANGES) >= 40
