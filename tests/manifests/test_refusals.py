"""Every way in which a manifest is refused: the code, the exact place, and words that help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.manifests.reading import GOOD, HEAD, own, places, read_text, with_authentication

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "hunter2!Canary"
_REST = "email: a@example.com, displayName: A"

CASES: dict[str, tuple[str | bytes, str, str, str]] = {
    "file too large": (b"#" * (5 * 1024 * 1024 + 1), "fileTooLarge", "a.yaml", "5 MiB"),
    "latin-1": (b"a: \xb1\n", "notUtf8", "a.yaml:1:4", "Save it as UTF-8"),
    "utf-16": ("a: 1\n".encode("utf-16"), "notUtf8", "a.yaml:1:1", "UTF-16"),
    "NUL": (b"a: \0\n", "controlCharacter", "a.yaml:1:4", "U+0000"),
    "bidi override": ("a: \u202ex\n", "controlCharacter", "a.yaml:1:4", "U+202E"),
    "unclosed quote": ("a: 'x\n", "yamlSyntax", "a.yaml:1:4", "Close the quote"),
    "tag": ("a: !!python/object:os.system x\n", "yamlTag", "a.yaml:1:4", "Remove the tag"),
    "101 levels": ("[" * 101 + "]" * 101, "yamlTooDeep", "a.yaml:1:101", "100 levels"),
    "many values": ("[" + "a," * 10_001 + "]", "yamlTooLarge", "a.yaml:1:20000", "10,000 values"),
    "unknown alias": ("a: *b\n", "yamlAlias", "a.yaml:1:4", "names no anchor"),
    "recursive alias": ("a: &b [*b]\n", "yamlAlias", "a.yaml:1:8", "would never end"),
    "duplicate key": (GOOD + "kind: OwnAccount\n", "duplicateKey", "a.yaml:8:1", "in line 2"),
    "a list": ("- a\n", "notAMapping", "a.yaml:1:1", "a list"),
    "other version": ("apiVersion: v2\nkind: MailServer\n", "unknownApiVersion", "a.yaml:1:13", "apiVersion: reconciler/v1"),
    "no version": ("kind: OwnAccount\n", "unknownApiVersion", "a.yaml:1:1", "is missing"),
    "misspelt kind": ("apiVersion: reconciler/v1\nkind: OwnAcount\n", "unknownKind", "a.yaml:2:7", "Did you mean OwnAccount?"),
    "misplaced project": ("apiVersion: reconciler/v1\nkind: Project\n", "unknownKind", "a.yaml:2:7", "reconciler.yaml"),
    "misspelt field": (GOOD + "  dispalyName: A\n", "unknownField", "a.yaml:8:3", "Did you mean displayName?"),
    "misplaced field": (GOOD + "  port: 25\n", "unknownField", "a.yaml:8:3", "belongs under spec.smtp"),
    "tick box TLS": (
        own(_REST + ", smtp: {host: x.example, TLS: true}"),
        "unknownField",
        "a.yaml:4:70",
        "encryption: starttls",
    ),
    "tick box SSL": (
        own(_REST + ", smtp: {host: x.example, ssl: true}"),
        "unknownField",
        "a.yaml:4:70",
        "encryption: tls",
    ),
    "missing field": (own("displayName: A, smtp: {host: x.example}"), "missingField", "a.yaml:4:1", "email: sales@example.com"),
    "no server": (own(_REST + ", smtp: {port: 25}"), "missingField", "a.yaml:4:52", "needs host"),
    "null": (own("email: , displayName: A, smtp: {host: x.example}"), "wrongType", "a.yaml:4:15", "has no value"),
    "quoted number": (own(_REST + ", smtp: {host: x.example, port: '587'}"), "wrongType", "a.yaml:4:76", "port: 587"),
    "no is text": (own(_REST + ", shared: no, smtp: {host: x.example}"), "wrongType", "a.yaml:4:54", "shared: false"),
    "0755 is text": (own(_REST + ", smtp: {host: x.example, port: 0755}"), "wrongType", "a.yaml:4:76", "port: 755"),
    "1e3 is text": (own(_REST + ", smtp: {host: x.example, port: 1e3}"), "wrongType", "a.yaml:4:76", "this is text"),
    "12:30 is text": (own(_REST + ", smtp: {host: x.example, port: 12:30}"), "wrongType", "a.yaml:4:76", "this is text"),
    "number for text": (own("email: a@example.com, displayName: 12, smtp: {host: x.example}"), "wrongType", "a.yaml:4:43", 'displayName: "12"'),
    "bad enum": (own(_REST + ", smtp: {host: x.example, encryption: STARTLS}"), "invalidValue", "a.yaml:4:82", "Did you mean starttls?"),
    "port zero": (own(_REST + ", smtp: {host: x.example, port: 0}"), "invalidValue", "a.yaml:4:76", "at least 1"),
    "bad name": (GOOD.replace("sales}", "Sales}"), "invalidName", "a.yaml:3:18", "1 to 63 characters"),
    "two dots": (GOOD.replace("sales}", "a..b}"), "invalidName", "a.yaml:3:18", "two dots"),
    "two addresses": (GOOD.replace("sales@example.com", "'a@example.com, b@example.com'"), "invalidEmail", "a.yaml:5:10", "not one e-mail address"),
    "bad host": (own(_REST + ", smtp: {host: 'a:25'}"), "invalidHost", "a.yaml:4:59", "field port"),
    "literal password": (with_authentication(f"{{password: '{CANARY}'}}"), "literalSecret", "a.yaml:9:32", "{env: SMTP_SALES_PASSWORD}"),
    "number as password": (with_authentication("{password: 12345}"), "literalSecret", "a.yaml:9:32", "never the secret itself"),
    "two sources": (with_authentication("{password: {env: A, file: b}}"), "contradiction", "a.yaml:9:32", "exactly one"),
    "two credentials": (with_authentication("{password: {env: A}, accessToken: {env: B}}"), "contradiction", "a.yaml:9:21", "keep one"),
    "no secret for a token": (with_authentication("{oauth2: {tokenUrl: 'https://x.example', clientId: a}}"), "missingField", "a.yaml:9:30", "needs refreshToken, clientSecret, clientCertificate or serviceAccount"),
    "no client for a token": (with_authentication("{oauth2: {tokenUrl: 'https://x.example', clientSecret: {env: A}}}"), "missingField", "a.yaml:9:30", "needs clientId"),
    "two proofs of a client": (with_authentication("{oauth2: {tokenUrl: 'https://x.example', clientId: a, clientSecret: {env: A}, clientCertificate: {env: B}}}"), "contradiction", "a.yaml:9:30", "keep one"),
    "a service account without scope": (with_authentication("{oauth2: {tokenUrl: 'https://x.example', serviceAccount: {env: A}}}"), "missingField", "a.yaml:9:30", "https://mail.google.com/"),
    "a service account with a refresh token": (with_authentication("{oauth2: {tokenUrl: 'https://x.example', scope: a, serviceAccount: {env: A}, refreshToken: {env: B}}}"), "contradiction", "a.yaml:9:30", "needs no refreshToken"),
    "a written-out service account": (with_authentication("{oauth2: {tokenUrl: 'https://x.example', scope: a, serviceAccount: hunter2}}"), "literalSecret", "a.yaml:9:88", "serviceAccount: {env:"),
    "source of no form": (with_authentication("{password: {Vault!: a}}"), "unknownSecretSource", "a.yaml:9:32", "such as env"),
    "an underscore in EHLO": (own(_REST + ", smtp: {host: x.example, heloName: a_b}"), "invalidHost", "a.yaml:4:80", "no underscore"),
    "override on own account": (GOOD + "  overrideFrom: {emailDetail: a}\n", "overrideNotAllowed", "a.yaml:8:3", "marketing accounts only"),
    "duplicate name": (GOOD + "---\n" + HEAD.replace("OwnAccount", "MailServer") + "metadata: {name: sales}\nspec: {}\n", "duplicateName", "a.yaml:11:18", "accounts.d/a.yaml:3:18"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_refusal_names_its_place_and_what_helps(tmp_path: Path, case: str) -> None:
    """A refused manifest gives exactly one problem, at the character where it stands, with words that help."""
    text, code, place, helpful = CASES[case]
    found = read_text(tmp_path, text)
    assert [(code, f"accounts.d/{place}")] == places(found)
    assert helpful in found.problems[0].detail


@pytest.mark.parametrize(
    "text",
    [
        with_authentication(f"{{password: '{CANARY}'}}"),
        with_authentication(f"{{pasword: '{CANARY}'}}"),
        with_authentication(f"{{password: ['{CANARY}']}}"),
        with_authentication(f"{{password: {{env: '{CANARY}'}}}}"),
        with_authentication(f"{{password: {{vault: '{CANARY} {CANARY}'}}}}"),
        with_authentication(f"{{password: {{'{CANARY}': x}}}}"),
        with_authentication(f"{{password: {{env: ['{CANARY}']}}}}"),
        with_authentication(f"{{password: {{env: {{'{CANARY}': x}}}}}}"),
        with_authentication(f"{{password: {{'{CANARY}': [x]}}}}"),
        with_authentication(f"{{password: {{env: A, x: '{CANARY}'}}}}"),
        with_authentication(f"{{password: '{CANARY}', password: '{CANARY}'}}"),
        with_authentication(f"{{password: !secret '{CANARY}'}}"),
        with_authentication(f"{{password: '{CANARY}}}"),
        with_authentication(f"{{password: *{CANARY}}}"),
        with_authentication(f"{{oauth2: {{tokenUrl: 'https://u:{CANARY}@example.com/', clientId: a}}}}"),
        with_authentication(f"{{oauth2: {{tokenUrl: https://example.com/, clientId: a, clientSecret: '{CANARY}'}}}}"),
        f"password: '{CANARY}'\n",
        f"'{CANARY}'\n",
        GOOD + f"  proxy: {{type: http, host: p.example, port: 1, username: u, password: '{CANARY}'}}\n",
    ],
)
def test_a_secret_that_was_written_out_is_never_repeated(tmp_path: Path, text: str) -> None:
    """No problem of a manifest with a literal secret repeats it, however the secret was misplaced or misspelt."""
    found = read_text(tmp_path, text)
    assert found.problems
    assert CANARY not in repr(found.problems)
    assert () == found.manifests


def test_all_problems_of_all_files_come_in_one_run(tmp_path: Path) -> None:
    """Problems of several files and documents come together, ordered by file and line."""
    folder = tmp_path / "accounts.d"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "b.yml").write_text("- x\n---\n- y\n")
    (folder / "z.yaml").write_text("a: 'x\n")
    found = read_text(tmp_path, GOOD.replace("sales@example.com", "x") + "  nothing: 1\n")
    expected = [
        ("invalidEmail", "accounts.d/a.yaml:5:10"),
        ("unknownField", "accounts.d/a.yaml:8:3"),
        ("notAMapping", "accounts.d/sub/b.yml:1:1"),
        ("notAMapping", "accounts.d/sub/b.yml:3:1"),
        ("yamlSyntax", "accounts.d/z.yaml:1:4"),
    ]
    assert expected == places(found)


def test_a_broken_document_does_not_hide_the_ones_after_it(tmp_path: Path) -> None:
    """The documents before and after a broken one are read."""
    found = read_text(tmp_path, GOOD + "---\na: [\n---\n" + GOOD.replace("sales}", "help}"))
    assert [("yamlSyntax", "accounts.d/a.yaml:10:1")] == places(found)
    assert ["sales", "help"] == [each.manifest.metadata.name for each in found.manifests]


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    """A merged mapping gives its values, and those written beside it win."""
    text = GOOD.replace("{host: smtp.example.com}", "{<<: {host: a.example, port: 25}, port: 26}")
    spec = read_text(tmp_path, text).manifests[0].manifest.spec.model_dump()
    assert ("a.example", 26) == (spec["smtp"]["host"], spec["smtp"]["port"])


def test_a_file_lists_a_thousand_problems_at_most(tmp_path: Path) -> None:
    """A file with more problems ends its list with one that says so."""
    found = read_text(tmp_path, own(", ".join(f"f{number}: 1" for number in range(3000))))
    assert 1001 == len(found.problems)
    assert ["tooManyProblems"] == [each.code for each in found.problems if each.location and each.location.line is None]
