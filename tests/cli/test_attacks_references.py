"""The attacker's table of references: one secret by another spelling, link or name, and names that are reserved.

Each row is a pull request that names a secret which is none of its business, at the attacker's server, where CI takes
the project file from the protected branch and that allows as much as one can. It must end with 1, at once, without a
login. The same rows, by what they could take: files of the state and keys, another folder's secrets, credentials of the
machine.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.attacks import OUTSIDE_SECRET, SECRET, USER, World, account, besieged
from tests.cli.project import OPERATOR, VARIABLE, Project, own_account
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Attack = Callable[[World], None]

MANY = "canary-Many-9c02b4"
OTHERS = "canary-Other-5be711"
CREDENTIAL = "canary-Machine-03ffa9"
WIDE = ["env:*", "file:**"]
SCOPED = [
    "env:SMTP_*",
    "file:shared/**",
    {"secret": "file:clients/a/**", "manifests": "accounts.d/client-a/**"},
    {"secret": "file:clients/b/**", "manifests": "accounts.d/client-b/**"},
    {"secret": "env:CLIENT_A_*", "manifests": "accounts.d/client-a/**"},
]


@pytest.fixture(scope="module")
def evil_ca() -> TestCA:
    """Return the attacker's CA."""
    return TestCA()


@pytest.fixture
def world(bare: Project, ca: TestCA, evil_ca: TestCA) -> Iterator[World]:
    """Run both servers and settle the project; then lay out files of secrets, and allow all that can be allowed."""
    with besieged(bare, ca, evil_ca) as made:
        made.write("secrets/all.env", f"sales={MANY}\n")
        made.write("clients/a/password", OTHERS)
        made.write("clients/b/password", "canary-of-their-own")
        allow(made, WIDE)
        yield made


def allow(world: World, entries: Sequence[object], **secrets: object) -> None:
    """Write the protected project file, and the checkout's, as one line of JSON; a source of many lies in a file."""
    sources = {
        "vault": {"command": ["echo", "{key}"], "environment": ["STORE_TOKEN", "HOUSE_*"]},
        "many": {"file": "secrets/all.env", "format": "dotenv"},
    }
    document = {
        "apiVersion": "reconciler/v1",
        "kind": "Project",
        "metadata": {"name": "mail"},
        "operator": {"email": OPERATOR},
        "state": f"sqlite:///{world.project.state_file}",
        "secrets": {"allow": entries, "sources": sources, **secrets},
        "verification": {"domainChecks": "off", "servers": ["localhost", "127.0.0.1"], "timeoutSeconds": 5},
    }
    for path in (world.protected_file, world.folder / "reconciler.yaml"):
        path.write_text(json.dumps(document), encoding="utf-8")


def other(login: str, path: str = "accounts.d/other.yaml", more: str = "") -> Attack:
    """Return the attack that adds an account at the attacker's server with this login."""

    def attack(world: World) -> None:
        text = account(world, "other", server=world.evil, ca_file="certs/evil.pem", login=login, more=more)
        world.write(path, text)

    return attack


def named(secret: str, path: str = "accounts.d/other.yaml") -> Attack:
    """Return the attack that adds an account at the attacker's server which names a secret."""

    def attack(world: World) -> None:
        places = {"folder": world.folder, "outside": world.outside, "protected": world.protected_file}
        other(f"password: {secret.format(**places)}", path)(world)

    return attack


def file(key: str, path: str = "accounts.d/other.yaml") -> Attack:
    """Return the attack that names a file."""
    return named(f"{{{{file: '{key}'}}}}", path)


def variable(name: str) -> Attack:
    """Return the attack that names a variable, which is set."""

    def attack(world: World) -> None:
        world.project.set_variable(name, CREDENTIAL)
        named(f"{{{{env: {name}}}}}")(world)

    return attack


def both(*attacks: Attack) -> Attack:
    """Return several attacks as one."""

    def attack(world: World) -> None:
        for each in attacks:
            each(world)

    return attack


def linked(path: str, target: str) -> Attack:
    """Return the attack that puts a link into the checkout."""
    return lambda world: world.link(path, target.format(folder=world.folder, outside=world.outside))


def hard_linked(path: str, target: str) -> Attack:
    """Return the attack that gives a file another name."""

    def attack(world: World) -> None:
        place = world.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(target.format(folder=world.folder, outside=world.outside), place)

    return attack


def linked_outside(name: str, target: str = ".") -> Attack:
    """Return the attack by way of a link outside the checkout that leads into it."""
    return lambda world: (world.outside / name).symlink_to(world.folder / target)


def next_key(world: World) -> None:
    """Leave the key that a rekey was about to put in place."""
    shutil.copy(world.project.key_file, world.project.key_file.with_name("fingerprint.key.next"))


def state_note(world: World) -> None:
    """Leave a file in a folder below that of the state, as copies and evidence are."""
    world.write(".reconciler/evidence/found", MANY)


def state_elsewhere(world: World) -> None:
    """Move the state with its key out of the checkout, and say so as a pipeline does."""
    folder = world.outside / "state"
    shutil.move(world.project.state_file.parent, folder)
    (folder / "note").write_text(MANY, encoding="utf-8")
    world.project.set_variable("RECONCILER_STATE", f"sqlite:///{folder}/state.db")


def state_among_files(world: World) -> None:
    """Have the state lie in the project folder itself."""
    for name in ("state.db", "fingerprint.key"):
        shutil.move(world.project.state_file.with_name(name), world.folder / name)
    world.project.set_variable("RECONCILER_STATE", f"sqlite:///{world.folder}/state.db")


def own_key(world: World) -> None:
    """Have the project file name the key of fingerprints: the file ``keys/own``."""
    world.write("keys/own", "canary-OwnKey-" + "0123456789abcdef" * 2)
    allow(world, WIDE, fingerprintKey={"file": "keys/own"})
    world.project.unset_variable("CI")
    rekeyed = world.run("state", "rekey", "--old-key-file", ".reconciler/fingerprint.key")
    assert rekeyed.code == 0, rekeyed
    world.project.set_variable("CI", "true")


def scoped(world: World) -> None:
    """Give some files and variables to some folders only."""
    allow(world, SCOPED)


def inherit(world: World) -> None:
    """Name the secret in a MailServer."""
    server = (
        "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\nspec: {authentication: "
        f"{{username: {USER}, password: {{file: secrets//all.env}}}}}}\n---\n"
    )
    text = account(world, "other", server=world.evil, ca_file="certs/evil.pem", login="mechanism: plain")
    world.write("accounts.d/other.yaml", server + text.replace("  smtp:\n", "  smtp:\n    server: shared\n"))


def filled_in(secret: str, email: str) -> Attack:
    """Return the attack by an address that makes a path of another form once it is filled in."""

    def attack(world: World) -> None:
        world.write(f"secrets/{email}", OTHERS)
        text = account(world, "other", server=world.evil, ca_file="certs/evil.pem", login=f"password: {secret}")
        world.write("accounts.d/other.yaml", text.replace(f"email: {USER}", f'email: "{email}"'))

    return attack


def linked_manifest(path: str, secret: str) -> Attack:
    """Return the attack by a manifest that lies in one place and is a link in another."""
    return both(named(secret, "drafts/other.yaml"), linked(path, "{folder}/drafts/other.yaml"))


def linked_grant(world: World) -> None:
    """Use a grant of another folder by a link."""
    grant = {"secret": "env:SMTP_*", "servers": [f"localhost:{world.evil.port}"], "manifests": "accounts.d/trusted/**"}
    allow(world, WIDE, grants=[grant])
    text = account(world, "other", server=world.evil, ca_file=None)
    world.write("drafts/other.yaml", text)
    world.link("accounts.d/trusted/other.yaml", str(world.folder / "drafts" / "other.yaml"))


def linked_manifests_folder(world: World) -> None:
    """Have all manifests lie elsewhere, so that folders have the names of others."""
    (world.folder / "accounts.d").rename(world.folder / "real.d")
    world.link("accounts.d", "real.d")
    file("clients/a/password", "real.d/client-a/other.yaml")(world)


OAUTH2 = (
    "mechanism: xoauth2, oauth2: {{tokenUrl: 'https://localhost:1/t', clientId: x, {}: {{file: secrets//all.env}}}}"
)
PROXY = "  proxy: {type: http, host: localhost, port: 1, username: x, password: {file: secrets/./all.env}}\n"
OWN_KEY = "{folder}/.reconciler/fingerprint.key"

SPELLINGS: dict[str, tuple[Attack, str]] = {
    # A source of many secrets, by other spellings
    "two slashes": (file("secrets//all.env"), "invalidValue"),
    "three slashes": (file("secrets///all.env"), "invalidValue"),
    "a step that stays": (file("secrets/./all.env"), "invalidValue"),
    "a step that stays, first": (file("./secrets/all.env"), "invalidValue"),
    "a step that stays, and slashes": (file("secrets/.//./all.env"), "invalidValue"),
    "a slash at the end": (file("secrets/all.env/"), "invalidValue"),
    "a step that stays, last": (file("secrets/all.env/."), "invalidValue"),
    "up and down again": (file("secrets/../secrets/all.env"), "secretNotAllowed"),
    "absolute": (file("{folder}/secrets/all.env"), "invalidValue"),
    "absolute, two slashes": (file("/{folder}/secrets/all.env"), "invalidValue"),
    "absolute, by a link outside": (both(linked_outside("way"), file("{outside}/way/secrets/all.env")), "invalidValue"),
    "absolute, by a link to the file": (
        both(linked_outside("way", "secrets/all.env"), file("{outside}/way")), "invalidValue",
    ),
    "absolute, by the process's folder": (file("/proc/self/cwd/secrets/all.env"), "secretNotAllowed"),
    "absolute, by the process's root": (file("/proc/self/root{folder}/secrets/all.env"), "secretNotAllowed"),
    "as an access token": (other("mechanism: xoauth2, accessToken: {file: secrets//all.env}"), "invalidValue"),
    "as a client's secret": (other(OAUTH2.format("clientSecret")), "invalidValue"),
    "as a refresh token": (other(OAUTH2.format("refreshToken")), "invalidValue"),
    "as a proxy's password": (other("password: {env: SMTP_NEW}", more=PROXY), "invalidValue"),
    "through a MailServer": (inherit, "invalidValue"),
    # Other sources whose keys are paths
    "a source's key, two slashes": (named("{{vault: mail//a}}"), "invalidValue"),
    "a source's key, a step that stays": (named("{{vault: mail/./a}}"), "invalidValue"),
    "a source's key, a slash at the end": (named("{{vault: mail/a/}}"), "invalidValue"),
    "a source's key, a step that stays, last": (named("{{vault: mail/a/.}}"), "invalidValue"),
    "filled in, two slashes": (filled_in("{file: 'secrets/{email}'}", "a//b@example.com"), "invalidValue"),
    "filled in, a step that stays": (filled_in("{file: 'secrets/{email}'}", "a/./b@example.com"), "invalidValue"),
    "filled in, a source's key": (filled_in("{vault: '{email}'}", "a//b@example.com"), "invalidValue"),
}  # fmt: skip

PROCESS: dict[str, tuple[Attack, str]] = {
    # What the process itself has: its environment, what it has open, what it is told by
    "the process's environment": (file("/proc/self/environ"), "secretNotAllowed"),
    "the thread's environment": (file("/proc/thread-self/environ"), "secretNotAllowed"),
    "a task's environment": (file("/proc/self/task/1/environ"), "secretNotAllowed"),
    "the first process's environment": (file("/proc/1/environ"), "secretNotAllowed"),
    "what the process has open": (file("/proc/self/fd/3"), "secretNotAllowed"),
    "what the process has open, by the devices": (file("/dev/fd/3"), "secretNotAllowed"),
    "what the process is told": (file("/dev/stdin"), "secretNotAllowed"),
    "the terminal": (file("/dev/tty"), "secretNotAllowed"),
    "link to the process's environment": (both(linked("x", "/proc/self/environ"), file("x")), "secretNotAllowed"),
    "linked folder of the process": (both(linked("way", "/proc/self"), file("way/environ")), "secretNotAllowed"),
    "link to what the process has open": (both(linked("x", "/dev/fd/3"), file("x")), "secretNotAllowed"),
    "linked folder of what it has open": (both(linked("way", "/dev/fd"), file("way/3")), "secretNotAllowed"),
    "link by the process's folder": (
        both(linked("x", "/proc/self/cwd/.reconciler/fingerprint.key"), file("x")), "secretNotAllowed",
    ),
    "link of a link by the process's root": (
        both(linked("y", "/proc/self/root{folder}/secrets/all.env"), linked("x", "y"), file("x")), "secretNotAllowed",
    ),
}  # fmt: skip

LINKS: dict[str, tuple[Attack, str]] = {
    # What holds many secrets, the keys, the state and the project file, by links
    "link to a source of many": (both(linked("secrets/x", "all.env"), file("secrets/x")), "secretNotAllowed"),
    "hard link to a source of many": (
        both(hard_linked("secrets/x", "{folder}/secrets/all.env"), file("secrets/x")), "secretNotAllowed",
    ),
    "linked folder of a source of many": (
        both(linked("way", "secrets"), file("way/all.env")), "secretNotAllowed",
    ),
    "link to the state's key": (both(linked("x", OWN_KEY), file("x")), "secretNotAllowed"),
    "hard link to the state's key": (both(hard_linked("x", OWN_KEY), file("x")), "secretNotAllowed"),
    "linked folder of the state": (both(linked("way", ".reconciler"), file("way/fingerprint.key")), "secretNotAllowed"),
    "linked folder of the state, outside": (
        both(linked_outside("way", ".reconciler"), file("{outside}/way/fingerprint.key")), "invalidValue",
    ),
    "hard link to the next key": (both(next_key, hard_linked("x", f"{OWN_KEY}.next"), file("x")), "secretNotAllowed"),
    "link to the next key": (both(next_key, linked("x", f"{OWN_KEY}.next"), file("x")), "secretNotAllowed"),
    "hard link below the state's folder": (
        both(state_note, hard_linked("x", "{folder}/.reconciler/evidence/found"), file("x")), "secretNotAllowed",
    ),
    "linked folder below the state's": (
        both(state_note, linked("way", ".reconciler/evidence"), file("way/found")), "secretNotAllowed",
    ),
    "key of a state elsewhere": (
        both(state_elsewhere, file("{outside}/state/fingerprint.key")), "secretNotAllowed",
    ),
    "hard link to the key of a state elsewhere": (
        both(state_elsewhere, hard_linked("x", "{outside}/state/fingerprint.key"), file("x")), "secretNotAllowed",
    ),
    "anything beside a state elsewhere": (both(state_elsewhere, file("{outside}/state/note")), "secretNotAllowed"),
    "key of a state among files": (both(state_among_files, file("fingerprint.key")), "secretNotAllowed"),
    "hard link to the key of a state among files": (
        both(state_among_files, hard_linked("x", "{folder}/fingerprint.key"), file("x")), "secretNotAllowed",
    ),
    "link to the key that the project names": (both(own_key, linked("x", "keys/own"), file("x")), "secretNotAllowed"),
    "hard link to the key that the project names": (
        both(own_key, hard_linked("x", "{folder}/keys/own"), file("x")), "secretNotAllowed",
    ),
    "other spelling of the key that the project names": (both(own_key, file("keys//own")), "invalidValue"),
    "absolute path of the key that the project names": (both(own_key, file("{folder}/keys/own")), "invalidValue"),
    "the project file": (file("reconciler.yaml"), "secretNotAllowed"),
    "the protected project file": (file("{protected}"), "secretNotAllowed"),
    "link to the project file": (both(linked("x", "reconciler.yaml"), file("x")), "secretNotAllowed"),
    "hard link to the project file": (
        both(hard_linked("x", "{folder}/reconciler.yaml"), file("x")), "secretNotAllowed",
    ),
}  # fmt: skip

OWN_FOLDER = "accounts.d/client-b/other.yaml"
SCOPES: dict[str, tuple[Attack, str]] = {
    "link to another client's secret": (
        both(scoped, linked("clients/b/x", "../a/password"), file("clients/b/x", OWN_FOLDER)), "secretNotAllowed",
    ),
    "linked folder of another client": (
        both(scoped, linked("clients/b/in", "../a"), file("clients/b/in/password", OWN_FOLDER)), "secretNotAllowed",
    ),
    "link of a link to another client's secret": (
        both(
            scoped, linked("shared/y", "../clients/a/password"), linked("clients/b/x", "../../shared/y"),
            file("clients/b/x", OWN_FOLDER),
        ),
        "secretNotAllowed",
    ),
    "link of all to another client's secret": (
        both(scoped, linked("shared/x", "../clients/a/password"), file("shared/x")), "secretNotAllowed",
    ),
    "hard link to another client's secret": (
        both(scoped, hard_linked("clients/b/x", "{folder}/clients/a/password"), file("clients/b/x", OWN_FOLDER)),
        "secretNotAllowed",
    ),
    "linked manifest in another client's folder": (
        both(scoped, linked_manifest("accounts.d/client-a/other.yaml", "{{file: clients/a/password}}")),
        "secretNotAllowed",
    ),
    "linked manifest that names a variable": (
        both(scoped, linked_manifest("accounts.d/client-a/other.yaml", "{{env: CLIENT_A_NEW}}")), "secretNotAllowed",
    ),
    "linked manifest that uses a grant": (linked_grant, "secretNotAllowed"),
    "linked folder of all manifests": (both(scoped, linked_manifests_folder), "secretNotAllowed"),
}  # fmt: skip

RESERVED = (
    "RECONCILER_DATABASE_PASSWORD", "NEW_FINGERPRINT_KEY", "PGPASSWORD", "DATABASE_URL", "GH_TOKEN", "GITHUB_TOKEN",
    "GITLAB_TOKEN", "CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SYSTEM_ACCESSTOKEN", "JENKINS_API_TOKEN", "TEAMCITY_AUTH_PASSWORD", "BUILDKITE_AGENT_ACCESS_TOKEN", "CIRCLE_TOKEN",
    "bamboo_password", "AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET", "GOOGLE_CREDENTIALS",
    "GCP_SERVICE_KEY", "CLOUDSDK_AUTH_ACCESS_TOKEN", "VAULT_TOKEN", "OP_SERVICE_ACCOUNT_TOKEN", "SOPS_AGE_KEY",
    "BW_SESSION", "NPM_TOKEN", "PIP_PASSWORD", "SSH_PRIVATE_KEY", "DOCKER_AUTH_CONFIG", "KUBE_TOKEN", "STORE_TOKEN",
    "HOUSE_KEY", "SSHPASS", "COSIGN_PASSWORD", "SIGSTORE_ID_TOKEN", "MSSQL_SA_PASSWORD", "ORACLE_PWD", "HETZNER_TOKEN",
    "HCLOUD_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "SLACK_BOT_TOKEN", "DISCORD_TOKEN",
    "REDISCLI_AUTH", "RABBITMQ_DEFAULT_PASS", "DEPLOY_KEY", "DATABRICKS_TOKEN", "OKTA_CLIENT_TOKEN", "EXPO_TOKEN",
)  # fmt: skip
FILES = (
    ".git-credentials",
    "home/.netrc",
    "home/.ssh/id_ed25519",
    "home/.SSH/Id_RSA",
    "keys/id_ed25519",
    "home/.config/git/credentials",
    "home/_netrc",
    "home/.authinfo.gpg",
    "home/.pulumi/credentials.json",
    "home/.terraformrc",
    "home/.config/rclone/rclone.conf",
    "home/.gradle/gradle.properties",
    "home/.config/composer/auth.json",
    "actions-runner/.credentials_rsaparams",
    "home/.local/share/keyrings/login.keyring",
    "tmp/krb5cc_0",
    ".vault-token",
    "in/kubernetes.io/serviceaccount/token",
)


def reserved_file(key: str) -> Attack:
    """Return the attack that names a file which is there under a reserved name."""
    return both(lambda world: world.write(key, CREDENTIAL), file(key))


NAMES: dict[str, tuple[Attack, str]] = {
    **{name: (variable(name), "secretNotAllowed") for name in RESERVED},
    **{name: (reserved_file(name), "secretNotAllowed") for name in FILES},
    "link to a reserved file": (
        both(
            lambda world: world.write("home/.ssh/id", CREDENTIAL), linked("secrets/x", "../home/.ssh/id"),
            file("secrets/x"),
        ),
        "secretNotAllowed",
    ),
}  # fmt: skip


def of_source(source: dict[str, object], key: str) -> Attack:
    """Return the attack that names a key of a source which gives whatever the machine's environment holds."""

    def attack(world: World) -> None:
        for name in ENVIRONMENT:
            world.project.set_variable(name, CREDENTIAL)
        lines = "".join(f"{name}={CREDENTIAL}\n" for name in (*ENVIRONMENT, "sales"))
        (world.outside / "environment").write_text(lines, encoding="utf-8")
        members = {**dict.fromkeys(ENVIRONMENT, CREDENTIAL), "env": dict.fromkeys(ENVIRONMENT, CREDENTIAL)}
        (world.outside / "environment.json").write_text(json.dumps(members), encoding="utf-8")
        world.project.set_variable("SMTP_ALL", lines)
        told = json.loads(json.dumps(source).replace("OUTSIDE", str(world.outside)))
        allow(world, [*WIDE, "wide:**"], sources={"wide": told, "store": STORE})
        named(f"{{{{wide: '{key}'}}}}")(world)

    return attack


ENVIRONMENT = ("GITHUB_TOKEN", "PGPASSWORD", "RECONCILER_STATE_PASSWORD", "npm_config__auth", "HOUSE_KEY", "SMTP_SALES")
STORE = {"command": ["echo", "{key}"], "environment": ["HOUSE_*"]}
WIDE_SOURCES: dict[str, dict[str, object]] = {
    "dotenv of a variable": {"env": "SMTP_ALL", "format": "dotenv"},
    "dotenv of a file": {"file": "OUTSIDE/environment", "format": "dotenv"},
    "dotenv of a command": {"command": ["cat", "OUTSIDE/environment"], "format": "dotenv"},
    "json of a command": {"command": ["cat", "OUTSIDE/environment.json"], "format": "json"},
    "a variable a key": {"command": ["printenv", "{key}"], "environment": ["*"]},
    "a variable a key, by way of another program": {"command": ["env", "printenv", "{key}"], "environment": ["*"]},
}
OF_SOURCES: dict[str, tuple[Attack, str]] = {
    f"{key} of {name}": (of_source(source, key), "secretNotAllowed")
    for name, source in WIDE_SOURCES.items()
    for key in ENVIRONMENT
    if key != "SMTP_SALES"
} | {
    "lower case of dotenv": (of_source(WIDE_SOURCES["dotenv of a file"], "github_token"), "secretNotAllowed"),
    "member of json": (of_source(WIDE_SOURCES["json of a command"], "env/GITHUB_TOKEN"), "secretNotAllowed"),
    "variable of a source of many, in another": (
        of_source({"command": ["cat", "OUTSIDE/environment"], "format": "dotenv"}, "RECONCILER_PLAN_KEY"),
        "secretNotAllowed",
    ),
    "origin of a source of many, by a command": (
        of_source({"env": "SMTP_ALL", "format": "dotenv"}, "SMTP_ALL"), "secretNotAllowed",
    ),
    "reserved file by a command": (
        of_source({"command": ["cat", "OUTSIDE/{key}"]}, "home/.ssh/id_ed25519"), "secretNotAllowed",
    ),
    "a service account's token by a command": (
        of_source({"command": ["cat", "/run/secrets/{key}"]}, "kubernetes.io/serviceaccount/token"),
        "secretNotAllowed",
    ),
}  # fmt: skip


def by_another_way(command: str, **secrets: object) -> Attack:
    """Return the attack that names a source of the project file whose command gives one of our keys."""

    def attack(world: World) -> None:
        key = world.project.state_file.parent / "fingerprint.key"
        world.project.set_variable("RECONCILER_DATABASE_PASSWORD", OF_DATABASE)
        told = command.replace("FILE", str(key)).replace("STATE", str(key.parent))
        source = {"command": ["sh", "-c", f"{told} # {{key}}"], "environment": ["*"]}
        bulk = {"command": ["sh", "-c", told], "environment": ["*"], "format": "dotenv"}
        is_bulk = told.startswith("echo sales=")
        allow(world, [*WIDE, "wide:**"], sources={"wide": bulk if is_bulk else source}, **secrets)
        named("{{wide: sales}}")(world)

    return attack


OF_DATABASE = "canary-Database-77d1e0"
WAYS_TO_KEYS: dict[str, tuple[Attack, str]] = {
    "the key of fingerprints": (by_another_way("cat FILE"), "secretIsKey"),
    "the key of fingerprints, base64 of its text": (by_another_way("base64 -w0 FILE"), "secretIsKey"),
    "the key of fingerprints in capitals": (by_another_way("tr a-f A-F < FILE"), "secretIsKey"),
    "the key of fingerprints backwards": (by_another_way("rev FILE"), "secretIsKey"),
    "the key of fingerprints in a line": (by_another_way('echo "key: $(cat FILE)"'), "secretIsKey"),
    "the key of fingerprints as one of many": (by_another_way("echo sales=$(cat FILE)"), "secretIsKey"),
    "the plan key": (by_another_way("printenv RECONCILER_PLAN_KEY"), "secretIsKey"),
    "the plan key, base64": (by_another_way("printenv RECONCILER_PLAN_KEY | base64 -w0"), "secretIsKey"),
    "the plan key, hexadecimal": (by_another_way("printenv RECONCILER_PLAN_KEY | od -An -v -tx1 | tr -d ' \\n'"), "secretIsKey"),
    "the plan key as one of many": (by_another_way("echo sales=$RECONCILER_PLAN_KEY"), "secretIsKey"),
    "a password of ours": (by_another_way("printenv RECONCILER_DATABASE_PASSWORD"), "secretIsKey"),
    "a password of ours, base64": (by_another_way("printf %s $RECONCILER_DATABASE_PASSWORD | base64"), "secretIsKey"),
}  # fmt: skip
TABLE = {**SPELLINGS, **PROCESS, **LINKS, **SCOPES, **NAMES, **OF_SOURCES, **WAYS_TO_KEYS}


NAMED_KEYS = {
    "by the same command": {"command": ["cat", "OUTSIDE/{key}"]},
    "by another command": {"command": ["sh", "-c", "base64 -w0 OUTSIDE/safe-key # {key}"]},
    "among many": {"command": ["sh", "-c", "echo safe-key=$(cat OUTSIDE/safe-key)"], "format": "dotenv"},
}


@pytest.mark.parametrize("source", NAMED_KEYS.values(), ids=NAMED_KEYS)
def test_a_key_that_the_project_file_names_is_known_by_its_value(bare: Project, source: dict[str, object]) -> None:
    """A second source that gives what the first gives as key gives nothing to a manifest."""
    folder = bare.folder.parent / "safe"
    folder.mkdir()
    (folder / "safe-key").write_text("canary-Key-" + "0123456789abcdef" * 2 + "\n", encoding="utf-8")
    sources = {"keys": {"command": ["cat", "OUTSIDE/{key}"]}, "second": source}
    rules = {"allow": ["second:*"], "sources": sources, "fingerprintKey": {"keys": "safe-key"}}
    bare.write_project(f"secrets: {json.dumps(rules).replace('OUTSIDE', str(folder))}\n")
    bare.init()
    with MailServer(encryption="none", users={}) as evil:
        bare.write_account("other", own_account("other", evil).replace(f"{{env: {VARIABLE}}}", "{second: safe-key}"))
        planned = bare.run("plan", "--format", "json")
        assert (1, True) == (planned.code, "secretIsKey" in planned.codes), planned
        assert "canary-Key" not in planned.out + planned.err
        assert 0 == evil.login_attempts


@pytest.mark.parametrize("source", WIDE_SOURCES.values(), ids=WIDE_SOURCES)
def test_a_mailbox_of_such_a_source_is_free(world: World, source: dict[str, object]) -> None:
    """What begins with SMTP_ is a mailbox's in every source, whatever else it could give."""
    of_source(source, "SMTP_SALES")(world)
    assert 0 == world.run("validate").code


@pytest.mark.parametrize(("attack", "code"), TABLE.values(), ids=TABLE)
def test_a_reference_to_what_is_none_of_its_business(world: World, attack: Attack, code: str) -> None:
    """It ends with 1 and says why; nothing is sent, shown or written, whatever is run."""
    attack(world)
    before = world.untouched()
    planned = world.run("plan", "--out", "plan.json", "--format", "json")
    assert (1, True) == (planned.code, code in planned.codes), planned
    outcomes = [
        planned,
        world.run("apply", "--auto-approve", "--depth", "envelope"),
        world.run("verify"),
        world.run("plan"),
    ]
    assert [1, 1, 1, 1] == [each.code for each in outcomes]
    secrets = (SECRET, OUTSIDE_SECRET, MANY, OTHERS, CREDENTIAL)
    assert [] == [secret for secret in secrets for each in outcomes if secret in each.out + each.err]
    assert (0, []) == (world.evil.login_attempts, world.evil.messages)
    assert before == world.untouched()


@pytest.mark.parametrize(("attack", "code"), [*LINKS.values(), *SCOPES.values()], ids=[*LINKS, *SCOPES])
def test_validation_finds_it_without_reading_a_secret(world: World, attack: Attack, code: str) -> None:
    """Where a link leads is told before anything is read, so that an offline plan records none of it."""
    attack(world)
    checked = world.run("validate", "--format", "json")
    offline = world.run("apply", "--auto-approve", "--depth", "offline")
    assert ((1, True), 1) == ((checked.code, code in checked.codes), offline.code), checked


ELSEWHERE = {
    "backslashes": "secrets\\\\all.env",
    "other case": "Secrets/All.env",
    "other case of the state": ".RECONCILER/Fingerprint.key",
    "wide letters": "\uff53ecrets/all.env",
    "encoded for a URL": "secrets%2Fall.env",
    "a stream of the file": "secrets/all.env::$DATA",
    "a dot at the end": "secrets/all.env.",
    "a blank at the end": "secrets/all.env ",
    "home": "~/secrets/all.env",
    "a variable in it": "$PWD/secrets/all.env",
    "a folder": "secrets",
    "a link that leads to itself": "x",
}
"""Names that some other system would take for a file that is kept from manifests; here they are nobody's."""


@pytest.mark.parametrize("key", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_name_that_leads_nowhere_gives_nothing(world: World, key: str) -> None:
    """No name is taken for another: the account cannot be verified, and nobody is asked."""
    both(linked("x", "x"), file(key))(world)
    planned = world.run("plan", "--out", "plan.json", "--format", "json")
    assert planned.code in {1, 3}, planned
    told = json.dumps(planned.document)
    assert any(code in told for code in ("secretMissing", "invalidValue", "secretNotAllowed", "secretSourceFailed"))
    assert [] == [secret for secret in (SECRET, MANY, OTHERS) if secret in planned.out + planned.err]
    assert (0, []) == (world.evil.login_attempts, world.evil.messages)


def test_the_table_is_long_enough() -> None:
    """There are at least thirty-five attacks by references."""
    assert len(TABLE) >= 35
