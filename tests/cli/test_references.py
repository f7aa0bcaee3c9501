"""References have one normal form wherever one is written: manifests, the project file and the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, Project, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer


@pytest.fixture
def files(project: Project) -> Project:
    """Return the project with a password in a file, which it may name."""
    (project.folder / "secrets").mkdir()
    (project.folder / "secrets" / "sales").write_text(PASSWORD, encoding="utf-8")
    return project


GRANT = "servers: [smtp.example.com]"
PLACES = {
    "allow": ("secrets: {{allow: ['file:{}']}}\n", "file:secrets/x"),
    "allow with a scope": ("secrets: {{allow: [{{secret: 'file:{}', manifests: '**'}}]}}\n", "file:secrets/x"),
    "a grant": (f"secrets: {{{{grants: [{{{{secret: 'file:{{}}', {GRANT}}}}}]}}}}\n", "file:secrets/x"),
    "a source": ("secrets: {{sources: {{all: {{file: '{}', format: dotenv}}}}}}\n", "secrets/x"),
    "the key": ("secrets: {{fingerprintKey: {{file: '{}'}}}}\n", "secrets/x"),
    "the platform": (
        "platform: {{smtp: {{host: h.example.com, authentication: {{username: u, password: {{file: '{}'}}}}}}}}\n",
        "secrets/x",
    ),
    "the platform's client": (
        (
            "platform: {{smtp: {{host: h.example.com, authentication: {{username: u, oauth2: {{tokenUrl: 'https://l.example/t', "
            "clientId: c, clientSecret: {{file: '{}'}}}}}}}}}}\n"
        ),
        "secrets/x",
    ),
}
SPELLINGS = (
    "secrets//x",
    "./secrets/x",
    "secrets/./x",
    "secrets/x/",
    "{root}/secrets/x",
    "{root}/secrets/./x",
    "a/../secrets/x",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(("text", "normal"), PLACES.values(), ids=PLACES)
def test_the_project_file_takes_one_spelling(project: Project, text: str, normal: str, spelling: str) -> None:
    """Every other is refused before anything else is done, and the message ends with the one to write."""
    project.write_project(text.format(spelling.format(root=project.folder)))
    refused = project.run("validate", "--format", "json")
    assert 1 == refused.code
    (problem,) = refused.document["diagnostics"]
    assert problem["code"] in {"invalidValue", "secretNotAllowed"}
    assert problem["detail"].rstrip(".").endswith(normal) or "{root}" in spelling


@pytest.mark.parametrize(("text", "normal"), PLACES.values(), ids=PLACES)
def test_the_project_file_takes_the_normal_form(project: Project, text: str, normal: str) -> None:
    """What the message says to write is taken."""
    project.write_project(text.format(normal.removeprefix("file:")))
    assert "invalidValue" not in project.run("validate", "--format", "json").codes


def test_an_absolute_glob_may_cover_the_project(project: Project) -> None:
    """A glob over files elsewhere is none inside the project folder, though it covers that too."""
    project.write_project("secrets: {allow: ['file:/**', 'file:/run/secrets/*']}\n")
    assert [] == [code for code in project.run("validate", "--format", "json").codes if code != "noManifests"]


@pytest.mark.parametrize("glob", ["file:secrets//*", "file:{root}/secrets/*", "file:./**", "vault:mail//x"])
def test_revoke_takes_one_spelling(files: Project, glob: str) -> None:
    """A glob that could match nothing is an error, with the one that was meant."""
    refused = files.run("state", "revoke", glob.format(root=files.folder), "--format", "json")
    assert (1, ["badUsage"]) == (refused.code, refused.codes)
    normal = {"vault:mail//x": "vault:mail/x", "file:./**": "file:**"}.get(glob, "file:secrets/*")
    assert refused.document["diagnostics"][0]["detail"].rstrip(".").endswith(normal)


@pytest.mark.parametrize("reference", ["file:keys//next", "file:{root}/keys/next", "file:keys/next/"])
def test_rekey_takes_one_spelling(project: Project, reference: str) -> None:
    """The next key is named as it will be in the project file."""
    project.set_variable("RECONCILER_FINGERPRINT_KEY", "0123456789abcdef" * 4)
    project.write_project("secrets: {fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}}\n")
    refused = project.run("state", "rekey", "--new-key", reference.format(root=project.folder), "--format", "json")
    assert (1, ["badUsage"]) == (refused.code, refused.codes)
    assert refused.document["diagnostics"][0]["detail"].rstrip(".").endswith("file:keys/next")


def test_an_account_is_added_with_one_spelling(files: Project) -> None:
    """Nothing is written for a password file that is spelt otherwise."""
    words = (
        "accounts",
        "add",
        "own",
        "sales",
        "--email",
        "sales@example.com",
        "--display-name",
        "S",
        "--host",
        "h.example.com",
    )
    refused = files.run(*words, "--password-file", "secrets//sales")
    assert (1, True) == (refused.code, "Write secrets/sales" in refused.err)
    assert [] == list((files.folder / "accounts.d").iterdir())


def test_the_platform_may_have_a_reserved_name(project: Project) -> None:
    """What the project file names is its owner's choice: reserved names are kept from manifests."""
    login = "{username: u, password: {env: RECONCILER_PLATFORM_PASSWORD}}"
    project.write_project(f"platform: {{smtp: {{host: h.example.com, authentication: {login}}}}}\n")
    assert [] == [code for code in project.run("validate", "--format", "json").codes if code != "noManifests"]


def test_a_reserved_name_is_told_with_its_reason(project: Project, server: MailServer) -> None:
    """The error says whose credentials go by such names, and stands at the account."""
    project.write_project('secrets: {allow: ["env:*"]}\n')
    project.write_account("sales", own_account("sales", server, secret="{env: VAULT_TOKEN}"))
    checked = project.run("validate", "--format", "json")
    (problem,) = json.loads(checked.out)["diagnostics"]
    assert 1 == checked.code
    assert "secretNotAllowed" == problem["code"]
    assert "accounts.d/sales.yaml" == problem["location"]["file"]
    assert "stores of secrets" in problem["detail"]
