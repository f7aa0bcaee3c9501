"""While one types, the editor offers what may come: fields of the chosen kind, values, and whole pieces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reconciler.model.accounts.manifest import MODELS
from tests.system.editor.editor import ACCOUNT_LINE, PROJECT_LINE

if TYPE_CHECKING:
    from tests.system.editor.editor import Editor

_OWN = "apiVersion: reconciler/v1\nkind: OwnAccount\n"
_MARKETING = "apiVersion: reconciler/v1\nkind: MarketingAccount\n"
_SERVER = "apiVersion: reconciler/v1\nkind: MailServer\n"
_SMTP = {"host", "port", "encryption", "heloName", "caFile", "certificate", "clientCertificate", "authentication"}
_FIELDS = {
    _OWN: {"email", "displayName", "replyTo", "shared", "smtp", "proxy"},
    _MARKETING: {"email", "displayName", "replyTo", "overrideFrom", "overrideTo"},
    _SERVER: _SMTP | {"proxy"},
}
_PIECES = {"Settings of an own account", "Settings of a marketing account"}
"""What stands for all required fields at once."""


def test_an_empty_file_offers_whole_documents(editor: Editor) -> None:
    """In an empty file there are the fields of a document, and a whole document of each kind to begin from."""
    offered = editor.completion("^^")
    assert {"apiVersion", "kind", "metadata", "spec", "own account", "marketing account", "mail server"} <= set(offered)
    assert "apiVersion: reconciler/v1" == offered["apiVersion"]


@pytest.mark.parametrize("kind", ["own account", "marketing account", "mail server"])
def test_a_whole_document_is_good(editor: Editor, kind: str) -> None:
    """What the editor puts in for a whole document, with what it suggests in each place, has no error."""
    put_in = editor.completion("^^")[kind]
    assert [] == editor.problems(_as_put_in(put_in) + "\n")


def _as_put_in(snippet: str) -> str:
    """Return the text of a snippet with what it suggests in each place."""
    return re.sub(r"\$\{\d+:([^}]*)\}", r"\1", snippet).replace("\\}", "}")


def test_kinds(editor: Editor) -> None:
    """After kind there are the three kinds and nothing else, each explained."""
    assert set(MODELS) == set(editor.completion("apiVersion: reconciler/v1\nkind: ^^"))
    explained = editor.explanations("apiVersion: reconciler/v1\nkind: ^^")
    assert "One of your own mailboxes, reached over SMTP." == explained["OwnAccount"]


def test_the_next_fields_of_a_document(editor: Editor) -> None:
    """Once kind is chosen, metadata and spec come with the fields that this kind requires, and no other kind's."""
    offered = editor.completion(_OWN + "^^")
    assert {"metadata", "spec", "Own account"} == set(offered)
    assert ["email", "displayName", "smtp"] == [line.split(":")[0].strip() for line in offered["spec"].split("\n")[1:4]]
    marketing = editor.completion(_MARKETING + "^^")
    assert ["email", "displayName"] == [line.split(":")[0].strip() for line in marketing["spec"].split("\n")[1:]]


@pytest.mark.parametrize("kind", _FIELDS)
def test_fields_of_the_kind(editor: Editor, kind: str) -> None:
    """Under spec there are the fields of the chosen kind and of no other."""
    assert _FIELDS[kind] == set(editor.completion(kind + "spec:\n  ^^")) - _PIECES


@pytest.mark.parametrize("kind", _FIELDS)
def test_fields_of_the_kind_once_others_are_there(editor: Editor, kind: str) -> None:
    """A field that is there already is not offered again, and what is begun is completed."""
    first, *others = sorted(_FIELDS[kind])
    offered = set(editor.completion(f"{kind}spec:\n  {first}: x\n  ^^")) - _PIECES
    assert set(others) == offered
    assert others[0] in editor.completion(f"{kind}spec:\n  {first}: x\n  {others[0][:2]}^^")


@pytest.mark.parametrize("kind", [_OWN, _MARKETING, _SERVER])
def test_fields_of_metadata(editor: Editor, kind: str) -> None:
    """Under metadata an account has an owner and a protection; a mail server has none."""
    common = {"name", "title", "labels", "annotations"}
    accounts = set() if kind == _SERVER else {"owner", "previousName", "preventDelete"}
    offered = {each for each in editor.completion(kind + "metadata:\n  ^^") if not each.startswith("About ")}
    assert common | accounts == offered


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("spec:\n  smtp:\n    ^^", _SMTP | {"server"}),
        (
            "spec:\n  smtp:\n    authentication:\n      ^^",
            {"mechanism", "username", "password", "accessToken", "oauth2"},
        ),
        ("spec:\n  replyTo:\n    ^^", {"email", "displayName"}),
        (
            "spec:\n  smtp:\n    authentication:\n      oauth2:\n        ^^",
            {
                "tokenUrl",
                "clientId",
                "clientSecret",
                "clientCertificate",
                "serviceAccount",
                "refreshToken",
                "scope",
                "OAuth2 access",
            },
        ),
        ("spec:\n  smtp: {ho^^}", _SMTP | {"server"}),
        ("spec:\n  proxy:\n    ^^", {"type", "host", "port", "username", "password", "remoteDns", "Proxy"}),
    ],
)
def test_fields_inside(editor: Editor, before: str, expected: set[str]) -> None:
    """Inside a mapping there are its fields, in block and in flow style."""
    assert expected == set(editor.completion(_OWN + before))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("spec:\n  smtp:\n    encryption: ^^", ["starttls", "tls", "none"]),
        (
            "spec:\n  smtp:\n    authentication:\n      mechanism: ^^",
            ["auto", "plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"],
        ),
        ("spec:\n  proxy:\n    type: ^^", ["socks5", "socks4", "http"]),
        ("spec:\n  smtp:\n    port: ^^", ["587 (starttls)", "465 (tls)", "25 (none)"]),
        ("metadata:\n  preventDelete: ^^", ["true", "false"]),
    ],
)
def test_values(editor: Editor, before: str, expected: list[str]) -> None:
    """Where one of several values belongs, they are offered in their order; null, which means nothing, comes last."""
    offered = list(editor.completion(_OWN + before))
    assert expected == [each for each in offered if each != "null"]
    assert "null" not in offered[:-1]


@pytest.mark.parametrize(
    ("field", "variable"),
    [("password", "SMTP_${1:NAME}_PASSWORD"), ("accessToken", "SMTP_${1:NAME}_TOKEN")],
)
def test_a_secret_is_offered_as_a_reference(editor: Editor, field: str, variable: str) -> None:
    """Where a secret belongs there are references to complete: a variable, a file, a source; behind the colon too."""
    place = f"{_OWN}spec:\n  smtp:\n    authentication:\n      {field}:"
    offered = editor.completion(f"{place}\n        ^^")
    assert f"env: {variable}" == offered["environment variable"]
    assert {"environment variable", "secret file", "source of secrets"} == set(offered)
    assert {"environment variable", "secret file", "source of secrets"} <= set(editor.completion(f"{place} ^^"))
    assert {"env", "file"} <= set(editor.completion(f"{place}\n        e^^"))


def test_labels(editor: Editor) -> None:
    """Under labels a label is offered to be renamed: the keys are the author's."""
    assert {"team": "${1:team}: ${2:sales}"} == editor.completion(_OWN + "metadata:\n  labels:\n    ^^")


def test_required_fields_come_at_once(editor: Editor) -> None:
    """A proxy is put in with what it requires; a whole spec too."""
    offered = editor.completion(_OWN + "spec:\n  ^^")
    assert "proxy:\n  type: $1\n  host: $2\n  port: $3" == offered["proxy"]
    assert "email: $1\ndisplayName: $2\nsmtp:\n  $3" == offered["Settings of an own account"]


def test_overrides(editor: Editor) -> None:
    """An override offers its fields, and their values."""
    spec = f"{_MARKETING}spec:\n  overrideFrom:\n    "
    fields = {"emailDetail", "displayNameDetail", "onMissing", "onInvalid", "pairing"}
    assert fields == set(editor.completion(spec + "^^"))
    assert ["perField", "together"] == list(editor.completion(spec + "pairing: ^^"))


def test_later_documents_of_a_file(editor: Editor) -> None:
    """Each document of a file that names the schema has completion by its own kind, from the first letter on."""
    spec = f"{_OWN}---\n{ACCOUNT_LINE}{_MARKETING}spec:\n  "
    assert _FIELDS[_MARKETING] == set(editor.completion(spec + "e^^")) - _PIECES
    assert _FIELDS[_MARKETING] - {"email"} == set(editor.completion(f"{spec}email: a@example.com\n  ^^")) - _PIECES


def test_a_mapping_with_a_merge_key(editor: Editor) -> None:
    """Beside a merge key the fields of the mapping are offered."""
    text = f"{_OWN}metadata: &meta\n  name: sales\nspec:\n  smtp:\n    <<: {{host: smtp.example.com}}\n    ^^"
    assert {"port", "encryption", "server"} <= set(editor.completion(text))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (
            "^^",
            {
                "manifests",
                "state",
                "operator",
                "platform",
                "secrets",
                "verification",
                "domains",
                "guards",
                "scopes",
                "consumers",
            }
            | {"environments"},
        ),
        ("platform:\n  approval: ^^", {"manual", "automatic"}),
        ("verification:\n  depth:\n    plan: ^^", {"offline", "connect", "auth", "envelope", "message"}),
        ("verification:\n  domainChecks: ^^", {'"off"', "warn", "enforce"}),
        ("verification:\n  timeoutSeconds: ^^", {"30"}),
        ("secrets:\n  firstUse: ^^", {"allow", "grant"}),
        (
            "secrets:\n  grants:\n    - ^^",
            {"secret", "servers", "route", "consumer", "manifests", "expires", "Grant for a secret"},
        ),
        (
            "secrets:\n  sources:\n    vault:\n      ^^",
            {"command", "env", "file", "format", "timeoutSeconds", "environment"},
        ),
        ("guards:\n  maxDeletes:\n    ^^", {"count", "percent"}),
    ],
)
def test_the_project_file(editor: Editor, before: str, expected: set[str]) -> None:
    """The project file has completion of its fields and values at every depth."""
    begun = "apiVersion: reconciler/v1\nkind: Project\nmetadata:\n  name: mail\n"
    assert expected == set(editor.completion(begun + before, line=PROJECT_LINE))


def test_numbers_come_with_their_default(editor: Editor) -> None:
    """A limit is put in with its default, to be changed."""
    begun = "apiVersion: reconciler/v1\nkind: Project\nmetadata:\n  name: mail\nverification:\n  ^^"
    offered = editor.completion(begun, line=PROJECT_LINE)
    assert ("timeoutSeconds: 30", "concurrency: 64") == (offered["timeoutSeconds"], offered["concurrency"])


def test_what_init_wrote_has_completion(editor: Editor) -> None:
    """The project file and the example that init writes name their schemas by a line that works."""
    text = (editor.folder / "accounts.d" / "example.yaml").read_text(encoding="utf-8")
    assert "own account" in editor.completion(text + "^^", line="", path="accounts.d/example.yaml")
    project = (editor.folder / "reconciler.yaml").read_text(encoding="utf-8")
    assert "guards" in editor.completion(project + "^^", line="", path="reconciler.yaml")
