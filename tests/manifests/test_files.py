"""Which files are manifests, what happens to the others, the project file, and private CAs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import trustme

from reconciler.errors import InvalidInput
from reconciler.manifests import read_ca_files, read_manifests, read_project
from tests.manifests.reading import GOOD, places, read_text

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: mail}\n"
EXAMPLE = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: mail}
manifests: accounts.d
state: sqlite:///.reconciler/state.db
operator: {email: ops@example.com}
platform:
  approval: manual
  smtp: {host: p.example.com, port: 587, encryption: starttls, authentication: {username: u, password: {env: SMTP_P}}}
secrets:
  allow: ["env:SMTP_*", "file:secrets/**", {secret: "env:X", manifests: "accounts.d/x/**"}]
  sources:
    vault: {command: [vault, kv, get, -field=password, "{key}"], timeoutSeconds: 10}
    bulk: {command: [vault, kv, get, -format=json, mail], format: json}
    variable: {env: X, format: json}
    written: {file: secrets/all.env, format: dotenv}
  firstUse: allow
  grants:
    - {secret: "env:SMTP_SALES_*", servers: [smtp.new.example], manifests: "accounts.d/sales/**", expires: 2027-01-31}
  fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}
verification:
  depth: {plan: envelope, apply: message, recorded: envelope}
  timeoutSeconds: 30
  deadlineSeconds: 900
  concurrency: 64
  perServer: 4
  stopServerAfter: 3
  evidenceTtlHours: 24
  failAfter: 3
  servers: ["*"]
  domainChecks: warn
  nameservers: []
domains:
  example.com: {dkimSelectors: [s1, s2]}
guards:
  maxDeletes: {count: 5, percent: 30}
  exceptions:
    - {delete: ["client-x-*"], until: 2026-12-31, reason: contract ended}
    - {verification: ["relay-*"], depth: offline, until: 2027-01-31, reason: reachable from the data centre only}
environments: {}
"""


def test_sub_folders_and_both_endings_are_read_in_the_order_of_names(tmp_path: Path) -> None:
    """Manifests are read by path, hidden and other files are passed over."""
    for name in ("b.yml", "sub/a.yaml", "a.yaml", ".hidden.yaml", ".git/x.yaml", "notes.txt"):
        path = tmp_path / "accounts.d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GOOD.replace("sales}", f"{name.replace('/', '-').strip('.')}}}"))
    found = read_manifests(tmp_path / "accounts.d", root=tmp_path)
    expected = ["accounts.d/a.yaml", "accounts.d/b.yml", "accounts.d/sub/a.yaml"]
    assert expected == [each.file for each in found.manifests]
    assert (3, ()) == (found.file_count, found.problems)


def test_a_pipe_named_like_a_manifest_is_refused_at_once(tmp_path: Path) -> None:
    """A FIFO is not waited for."""
    (tmp_path / "accounts.d").mkdir()
    os.mkfifo(tmp_path / "accounts.d" / "x.yaml")
    found = read_manifests(tmp_path / "accounts.d", root=tmp_path)
    assert [("fileUnreadable", "accounts.d/x.yaml")] == places(found)


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    """A link to a file or folder elsewhere is a problem, a link inside the project is followed."""
    root, outside = tmp_path / "project", tmp_path / "outside"
    outside.mkdir()
    (outside / "o.yaml").write_text(GOOD)
    (root / "accounts.d").mkdir(parents=True)
    (root / "inside.txt").write_text(GOOD)
    (root / "accounts.d" / "bad.yaml").symlink_to(outside / "o.yaml")
    (root / "accounts.d" / "folder").symlink_to(outside)
    (root / "accounts.d" / "good.yaml").symlink_to(root / "inside.txt")
    (root / "accounts.d" / "none.yaml").symlink_to(root / "missing")
    (root / "accounts.d" / "dir.yaml").mkdir()
    found = read_manifests(root / "accounts.d", root=root)
    names = ["bad.yaml", "folder", "none.yaml"]
    assert [("fileUnreadable", f"accounts.d/{name}") for name in names] == places(found)
    assert ["accounts.d/good.yaml"] == [each.file for each in found.manifests]


def test_a_missing_folder_is_told_apart_from_an_empty_one(tmp_path: Path) -> None:
    """The set says whether the folder exists."""
    assert not read_manifests(tmp_path / "none", root=tmp_path).folder_exists
    assert read_manifests(tmp_path, root=tmp_path).folder_exists


def test_the_full_project_file_is_accepted(tmp_path: Path) -> None:
    """Every field that a project file has is read."""
    path = tmp_path / "reconciler.yaml"
    path.write_text(EXAMPLE)
    project = read_project(path).project
    assert "mail" == project.metadata.name
    assert 64 == project.verification.concurrency
    assert 2 == len(project.guards.exceptions)


@pytest.mark.parametrize(
    ("text", "code", "line_and_column"),
    [
        ("", "notAMapping", ""),
        (PROJECT + "---\n" + PROJECT, "notAMapping", ""),
        (PROJECT + "manifest: a\n", "unknownField", ":4:1"),
        (PROJECT + "environments: {a: {}}\n", "missingField", ":4:16"),
        (PROJECT + "guards: {exceptions: [{delete: [a], until: 2027-02-30, reason: r}]}\n", "invalidValue", ":4:44"),
        (PROJECT + "guards: {exceptions: [{delete: [a], until: '20270130', reason: r}]}\n", "invalidValue", ":4:44"),
        (PROJECT + "secrets: {fingerprintKey: hunter2}\n", "literalSecret", ":4:27"),
        (PROJECT.replace("mail}", "Mail}"), "invalidName", ":3:18"),
    ],
)
def test_a_wrong_project_file_is_refused(tmp_path: Path, text: str, code: str, line_and_column: str) -> None:
    """Each problem of the project file names its place and repeats no secret."""
    path = tmp_path / "reconciler.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read_project(path)
    found = [(each.code, str(each.location)) for each in refused.value.diagnostics]
    assert [(code, f"{path.as_posix()}{line_and_column}")] == found
    assert "hunter2" not in repr(refused.value.diagnostics)


def test_a_missing_project_file_says_how_to_begin(tmp_path: Path) -> None:
    """Without a project file the problem shows the command that begins a project."""
    with pytest.raises(InvalidInput) as refused:
        read_project(tmp_path / "reconciler.yaml")
    assert "projectMissing" == refused.value.diagnostics[0].code
    assert refused.value.diagnostics[0].detail.endswith("\n    reconciler init")


def test_private_cas_are_read_from_inside_the_project_only(tmp_path: Path) -> None:
    """A certificate in PEM form is usable; everything else has a reason."""
    authority = trustme.CA()
    root = tmp_path / "project"
    root.mkdir()
    pem = authority.cert_pem.bytes()
    (tmp_path / "out.pem").write_bytes(pem)
    (root / "good.pem").write_bytes(pem)
    (root / "link.pem").symlink_to(tmp_path / "out.pem")
    (root / "text.pem").write_text("no certificate\n")
    (root / "key.pem").write_bytes(pem + authority.private_key_pem.bytes())
    (root / "large.pem").write_bytes(pem + b"#" * 1024 * 1024)
    os.mkfifo(root / "pipe.pem")
    reasons = {
        "../out.pem": "outside the project",
        "link.pem": "outside the project",
        "missing.pem": "cannot be read",
        "pipe.pem": "not a regular file",
        "text.pem": "no certificate in PEM form",
        "key.pem": "private key",
        "large.pem": "larger than 1 MiB",
    }
    usable, unusable = read_ca_files(["good.pem", *reasons], root=root)
    assert ["good.pem"] == list(usable)
    assert dict.fromkeys(reasons, True) == {path: reason in unusable[path] for path, reason in reasons.items()}


def test_what_is_read_does_not_depend_on_the_order_of_problems(tmp_path: Path) -> None:
    """Reading twice gives the same problems in the same order."""
    text = GOOD + "  x: 1\n  y: 2\n"
    assert read_text(tmp_path, text).problems == read_text(tmp_path, text).problems
