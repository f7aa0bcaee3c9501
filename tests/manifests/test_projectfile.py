"""Reading the project file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.diagnostics import Location
from reconciler.errors import InvalidInput
from reconciler.manifests import read_project

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: mail}\n"


def refusal(folder: Path, text: str) -> list[tuple[str, str]]:
    """Return code and line:column of each problem of a project file."""
    path = folder / "reconciler.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read_project(path)
    return [(each.code, str(each.location).removeprefix(f"{path.as_posix()}:")) for each in refused.value.diagnostics]


def test_defaults(tmp_path: Path) -> None:
    """A project needs nothing but its name."""
    path = tmp_path / "reconciler.yaml"
    path.write_text(HEAD)
    found = read_project(path)
    assert (found.project.metadata.name, found.project.manifests) == ("mail", "accounts.d")
    assert (found.project.secrets.first_use, found.project.guards.max_deletes.count) == ("allow", 5)
    assert found.locator.value_at(("metadata", "name")) == Location(path.as_posix(), 3, 18)


def test_everything_at_once(tmp_path: Path) -> None:
    """Every field of the project file can be written."""
    path = tmp_path / "reconciler.yaml"
    path.write_text(
        HEAD
        + """\
manifests: accounts.d
state: sqlite:///.reconciler/state.db
operator: {email: ops@example.com}
platform:
  approval: automatic
  smtp: {host: smtp.example.com, port: 587, encryption: starttls, authentication: {username: x, password: {env: A}}}
secrets:
  allow: ["env:SMTP_*", {secret: "env:X", manifests: "accounts.d/x/**"}]
  sources:
    vault: {command: [vault, kv, get, "{key}"], timeoutSeconds: 10}
    bulk: {command: [vault], format: json}
    one: {env: X, format: json}
    two: {file: secrets.env, format: dotenv}
  firstUse: grant
  grants:
    - {secret: "env:SMTP_*", servers: [smtp.example.com], manifests: "accounts.d/**", expires: 2027-01-31}
    - {secret: "env:X", route: {username: x, host: smtp.example.com, port: 25, encryption: none}}
  fingerprintKey: {env: KEY}
verification:
  depth: {plan: connect, apply: auth, recorded: offline}
  timeoutSeconds: 5
  deadlineSeconds: 50
  concurrency: 2
  perServer: 1
  stopServerAfter: 1
  evidenceTtlHours: 1
  failAfter: 1
  servers: ["*.example.com"]
  domainChecks: enforce
  nameservers: ["192.0.2.1"]
domains: {example.com: {dkimSelectors: [s1]}}
guards:
  maxDeletes: {count: 1, percent: 10}
  exceptions:
    - {delete: ["client-x-*"], until: 2026-12-31, reason: contract ended}
    - {verification: ["relay-*"], depth: offline, until: 2027-01-31, reason: unreachable}
environments: {}
"""
    )
    found = read_project(path).project
    assert found.platform.approval == "automatic"
    assert len(found.secrets.grants) == 2
    assert found.verification.depth.plan == "connect"
    assert str(found.guards.exceptions[0].until) == "2026-12-31"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("notAMapping", "{file}")]),
        (HEAD + "---\n" + HEAD, [("notAMapping", "{file}")]),
        ("a: [\n", [("yamlSyntax", "2:1")]),
        ("- a\n", [("wrongType", "1:1")]),
        (HEAD + "manifest: x\n", [("unknownField", "4:1")]),
        (HEAD + "environments: {a: 1}\n", [("wrongType", "4:19")]),
        (HEAD + "verification: {concurrency: 0, depth: {plan: full}}\n", [("invalidValue", "4:29"), ("invalidValue", "4:46")]),
        (HEAD + "secrets: {allow: [5]}\n", [("wrongType", "4:19")]),
        (HEAD + "secrets: {allow: [{secret: x}]}\n", [("missingField", "4:19")]),
        (HEAD + "secrets: {sources: {x: {env: A, file: b}}}\n", [("contradiction", "4:24")]),
        (HEAD + "secrets: {sources: {x: {env: A}}}\n", [("missingField", "4:24")]),
        (HEAD + "secrets: {grants: [{secret: x}]}\n", [("contradiction", "4:20")]),
        (HEAD + "secrets: {grants: [{secret: x, servers: [a], expires: 20270131}]}\n", [("invalidValue", "4:55")]),
        (HEAD + "guards: {exceptions: [{until: 2027-02-30, reason: x, delete: [a]}]}\n", [("invalidValue", "4:31")]),
        (HEAD + "guards: {exceptions: [{until: 2027-02-03, reason: x}]}\n", [("contradiction", "4:23")]),
    ],
)  # fmt: skip
def test_refused_with_code_and_place(text: str, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    """Each mistake in the project file has its code and its place."""
    file = (tmp_path / "reconciler.yaml").as_posix()
    assert refusal(tmp_path, text) == [(code, place.format(file=file)) for code, place in expected]


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    """A folder named like the project file is a problem, not a traceback."""
    (tmp_path / "reconciler.yaml").mkdir()
    with pytest.raises(InvalidInput) as refused:
        read_project(tmp_path / "reconciler.yaml")
    assert [each.code for each in refused.value.diagnostics] == ["fileUnreadable"]


@pytest.mark.parametrize(
    "more",
    [
        "consumers:\n  App: {type: msmtp, path: /srv/a, accounts: ['*']}\n",
        "secrets: {grants: [{secret: 'env:A', consumer: {name: App, path: /srv/a}}]}\n",
        "secrets: {sources: {Vault: {command: [vault]}}}\n",
        "environments:\n  Staging: {state: 'sqlite:///a.db'}\n",
        "consumers:\n  app: {type: files, format: kubernetes, path: /srv/a, accounts: ['*'], namespace: A}\n",
        "consumers:\n  app: {type: files, format: kubernetes, path: /srv/a, accounts: ['*'], secretStore: {name: A}}\n",
    ],
)
def test_a_name_of_another_form_is_told_the_form(tmp_path: Path, more: str) -> None:
    """Whatever is named: that a name does not have the form that it takes says nothing without the form."""
    path = tmp_path / "reconciler.yaml"
    path.write_text(HEAD + more)
    with pytest.raises(InvalidInput) as refused:
        read_project(path)
    (problem,) = refused.value.diagnostics
    assert "does not have the form that it takes: " in problem.detail
    assert "lower-case letter" in problem.detail
