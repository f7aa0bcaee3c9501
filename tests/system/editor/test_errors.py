"""The editor underlines what is wrong, at the line where it is, with words that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.editor.editor import ACCOUNT_LINE, PROJECT_LINE, Problem

if TYPE_CHECKING:
    from tests.system.editor.editor import Editor

GOOD = """\
apiVersion: reconciler/v1
kind: OwnAccount
metadata:
  name: sales
spec:
  email: sales@example.com
  displayName: Example Sales
  smtp:
    host: smtp.example.com
    authentication:
      username: "{email}"
      password: {env: SMTP_SALES_PASSWORD}
"""
_SECRET = "{env: SMTP_SALES_PASSWORD}"
PROJECT = "apiVersion: reconciler/v1\nkind: Project\nmetadata:\n  name: mail\n"

WRONG: dict[str, tuple[str, Problem]] = {
    "an unknown field": (
        GOOD.replace("    host:", "    hots:\n    host:"),
        Problem("hots:", "hots", "Property hots is not allowed."),
    ),
    "a field of another place": (
        GOOD.replace("spec:\n", "spec:\n  port: 587\n"),
        Problem("port: 587", "port", "Property port is not allowed."),
    ),
    "an unknown field of the document": (
        GOOD + "status: active\n",
        Problem("status: active", "status", "Property status is not allowed."),
    ),
    "a missing field": (
        GOOD.replace("  displayName: Example Sales\n", ""),
        Problem("spec:", "spec", 'Missing property "displayName".'),
    ),
    "a wrong type": (
        GOOD.replace("    host:", "    port: fast\n    host:"),
        Problem("port: fast", "fast", "Incorrect type. Expected one of integer, null."),
    ),
    "text for true or false": (
        GOOD.replace("spec:\n", "spec:\n  shared: maybe\n"),
        Problem("shared: maybe", "maybe", 'Incorrect type. Expected "boolean".'),
    ),
    "a wrong value": (
        GOOD.replace("    host:", "    encryption: ssl\n    host:"),
        Problem("encryption: ssl", "ssl", 'Value is not accepted. Valid values: "starttls", "tls", "none", null.'),
    ),
    "a number out of range": (
        GOOD.replace("    host:", "    port: 70000\n    host:"),
        Problem("port: 70000", "70000", "Value is above the maximum of 65535."),
    ),
    "an unknown kind": (
        GOOD.replace("OwnAccount", "OwnAcount"),
        Problem(
            "kind: OwnAcount",
            "OwnAcount",
            'Value is not accepted. Valid values: "OwnAccount", "MarketingAccount", "MailServer".',
        ),
    ),
    "no kind": (
        GOOD.replace("kind: OwnAccount\n", ""),
        Problem("apiVersion: reconciler/v1", "a", 'Missing property "kind".'),
    ),
    "another version": (
        GOOD.replace("/v1", "/v9"),
        Problem("apiVersion: reconciler/v9", "reconciler/v9", 'Value must be "reconciler/v1".'),
    ),
    "a key twice": (
        GOOD.replace("    host:", "    host: a.example.com\n    host:"),
        Problem("host: smtp.example.com", "host: smtp.example.com", "Map keys must be unique"),
    ),
    "a secret written out": (
        GOOD.replace(_SECRET, "correct-horse"),
        Problem(
            "password: correct-horse",
            "correct-horse",
            "Write where the secret is, never the secret itself: {env: VARIABLE}, {file: path} or {SOURCE: key}. If a "
            "real secret was committed, change it: it stays in git's history.",
        ),
    ),
    "a variable that is none": (
        GOOD.replace("SMTP_SALES_PASSWORD", "SALES-PASSWORD"),
        Problem(
            "password: {env: SALES-PASSWORD}",
            "SALES-PASSWORD",
            "env takes the name of an environment variable: letters, digits and underscores, not beginning with a "
            "digit.",
        ),
    ),
    "a name that is none": (
        GOOD.replace("name: sales\n", "name: Sales Team\n", 1),
        Problem(
            "name: Sales Team",
            "Sales Team",
            "This is not a name: 1 to 63 characters of a-z, 0-9, '.', '_' and '-', beginning and ending with a letter "
            "or digit, without two dots in a row.",
        ),
    ),
    "an address that is none": (
        GOOD.replace("sales@example.com", "sales at example.com"),
        Problem(
            "email: sales at example.com",
            "sales at example.com",
            "This is not one e-mail address, such as sales@example.com.",
        ),
    ),
    "two credentials": (
        GOOD + "      accessToken: {env: SMTP_SALES_TOKEN}\n",
        Problem(
            "accessToken: {env: SMTP_SALES_TOKEN}",
            "{env: SMTP_SALES_TOKEN}",
            "password, accessToken and oauth2 exclude each other; keep one.",
        ),
    ),
    "a password for a token mechanism": (
        GOOD + "      mechanism: xoauth2\n",
        Problem(
            "password: {env: SMTP_SALES_PASSWORD}",
            "{env: SMTP_SALES_PASSWORD}",
            "xoauth2 and oauthbearer take accessToken or oauth2, not a password.",
        ),
    ),
    "no server": (
        GOOD.replace("    host: smtp.example.com\n", ""),
        Problem("smtp:", "smtp", "This needs host, or server with the name of a MailServer."),
    ),
    "an override on an own account": (
        GOOD + "  overrideFrom: {emailDetail: keeper_email}\n",
        Problem(
            "overrideFrom: {emailDetail: keeper_email}",
            "overrideFrom",
            "Overrides exist on marketing accounts only: most providers refuse or rewrite a foreign sender through "
            "somebody's own mailbox.",
        ),
    ),
    "a label's key": (
        GOOD.replace("name: sales\n", "name: sales\n  labels: {the team: sales}\n", 1),
        Problem(
            "labels: {the team: sales}",
            "the team",
            "Labels are keys with a line of text each. A key is 1 to 63 letters, digits and . _ / -, beginning and "
            "ending with a letter or digit.",
        ),
    ),
    "a proxy's password without user name": (
        GOOD + "  proxy: {type: socks5, host: proxy.example.com, port: 1080, password: {env: SMTP_PROXY_PASSWORD}}\n",
        Problem(
            "proxy: {type: socks5, host: proxy.example.com, port: 1080, password: {env: SMTP_PROXY_PASSWORD}}",
            "proxy",
            "This has a password but no username.",
        ),
    ),
    "not a mapping": (
        "- kind: OwnAccount\n",
        Problem("- kind: OwnAccount", "- kind: OwnAccount", 'Incorrect type. Expected "A manifest of reconciler".'),
    ),
}
"""A text with one mistake, and how it is shown."""

WRONG_PROJECTS: dict[str, tuple[str, Problem]] = {
    "an unknown field": (
        PROJECT + "manifest: a\n",
        Problem("manifest: a", "manifest", "Property manifest is not allowed."),
    ),
    "a wrong value": (
        PROJECT + "platform:\n  approval: never\n",
        Problem("approval: never", "never", 'Value is not accepted. Valid values: "manual", "automatic".'),
    ),
    "a date that is none": (
        PROJECT
        + "secrets:\n  grants:\n    - secret: env:SMTP_A\n      servers: [a.example]\n      expires: 1.2.2027\n",
        Problem("expires: 1.2.2027", "1.2.2027", "This is not a date such as 2027-01-31."),
    ),
    "a grant for nothing": (
        PROJECT + "secrets:\n  grants:\n    - secret: env:SMTP_A\n",
        Problem("- secret: env:SMTP_A", "s", "This needs exactly one of servers, route and consumer."),
    ),
    "a source called env": (
        PROJECT + "secrets:\n  sources:\n    env: {file: secrets/all, format: json}\n",
        Problem(
            "env: {file: secrets/all, format: json}",
            "env",
            "This declares a source called env or file, which exist already.",
        ),
    ),
    "a command without the key": (
        PROJECT + "secrets:\n  sources:\n    vault:\n      command: [vault]\n",
        Problem(
            "command: [vault]",
            "[vault]",
            "This needs {key} in an argument, or format for many secrets at once.",
        ),
    ),
    "a name for a name server": (
        PROJECT + "verification:\n  nameservers: [ns1]\n",
        Problem(
            "nameservers: [ns1]",
            "ns1",
            "This is not the address of a name server: write an IP address such as 192.0.2.53, with a port "
            "192.0.2.53:5353 or [2001:db8::53]:5353; names are not possible here.",
        ),
    ),
    "a limit of nothing": (
        PROJECT + "verification:\n  concurrency: 0\n",
        Problem("concurrency: 0", "0", "Value is below the minimum of 1."),
    ),
    "a key of fingerprints written out": (
        PROJECT + "secrets:\n  fingerprintKey: hunter2\n",
        Problem(
            "fingerprintKey: hunter2",
            "hunter2",
            "Write where the secret is, never the secret itself: {env: VARIABLE}, {file: path} or {SOURCE: key}. If a "
            "real secret was committed, change it: it stays in git's history.",
        ),
    ),
}
"""The same for the project file."""


def test_a_good_manifest(editor: Editor) -> None:
    """The manifest that all mistakes are made in is good."""
    assert [] == editor.problems(GOOD)
    assert [] == editor.problems(PROJECT, line=PROJECT_LINE)


@pytest.mark.parametrize("what", WRONG)
def test_mistakes_in_manifests(editor: Editor, what: str) -> None:
    """A mistake is underlined where it is, and nothing else is but for an override's place."""
    text, expected = WRONG[what]
    shown = editor.problems(text)
    assert expected in shown
    assert {(expected.line, expected.text)} == {(each.line, each.text) for each in shown}


@pytest.mark.parametrize("what", WRONG_PROJECTS)
def test_mistakes_in_the_project_file(editor: Editor, what: str) -> None:
    """Mistakes in the project file are shown likewise."""
    text, expected = WRONG_PROJECTS[what]
    assert [expected] == editor.problems(text, line=PROJECT_LINE)


def test_each_document_has_its_own_errors(editor: Editor) -> None:
    """In a file of several documents the line of the second one is underlined, by the rules of its own kind."""
    second = GOOD.replace("OwnAccount", "MarketingAccount")
    shown = editor.problems(f"{GOOD}---\n{ACCOUNT_LINE}{second}")
    assert [Problem("smtp:", "smtp", "Property smtp is not allowed.")] == shown


def test_a_document_without_the_line_is_let_be(editor: Editor) -> None:
    """A document that does not name the schema has no errors: the line belongs into each one."""
    assert [] == editor.problems(f"{GOOD}---\nkind: Nonsense\n")


def test_anchors_and_merge_keys(editor: Editor) -> None:
    """What is merged or referred to counts as written: nothing is missing, and a mistake is shown where it stands."""
    keyed = "name: sales\n  labels: &keys {team: sales}\n  annotations: {<<: *keys, note: x}\n"
    merged = GOOD.replace("name: sales\n", keyed, 1).replace("  smtp:\n", "  smtp:\n    <<: {port: 587}\n")
    assert [] == editor.problems(merged)
    wrong = merged.replace("port: 587", "port: fast")
    assert [("<<: {port: fast}", "fast")] == [(each.line, each.text) for each in editor.problems(wrong)]


def test_empty_fields(editor: Editor) -> None:
    """A field without a value counts as absent where it is optional, as it does for validate."""
    assert [] == editor.problems(GOOD.replace("    host:", "    port:\n    encryption: null\n    caFile: ~\n    host:"))


def test_comments_only(editor: Editor) -> None:
    """A file of comments, such as the example that init writes, has no errors."""
    text = (editor.folder / "accounts.d" / "example.yaml").read_text(encoding="utf-8")
    assert [] == editor.problems(text, line="", path="accounts.d/example.yaml")
    project = (editor.folder / "reconciler.yaml").read_text(encoding="utf-8")
    assert [] == editor.problems(project, line="", path="reconciler.yaml")


def test_the_example_uncommented(editor: Editor) -> None:
    """The manifest inside the example's comments is good."""
    text = (editor.folder / "accounts.d" / "example.yaml").read_text(encoding="utf-8")
    _, _, commented = text.partition("\n# apiVersion")
    lines = ["apiVersion" + commented.splitlines()[0], *(line[2:] for line in commented.splitlines()[1:])]
    assert [] == editor.problems("\n".join(lines) + "\n")
