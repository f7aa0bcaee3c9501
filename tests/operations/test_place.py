"""Where a project is and what of it is trusted, told at a glance, is what opening the project tells."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.operations.opening import open_workspace
from reconciler.operations.place import place_at_a_glance

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: mail}\n"
TOLD_AT_A_GLANCE = {
    "nothing more": "",
    "a comment and a start of a document": "# ours\n---\n",
    "other folders": "manifests: senders/d\nstate: sqlite:///elsewhere/mail.db\n",
    "quoted": "manifests: 'accounts.d'\nstate: \"sqlite:////tmp/of mail.db\"\n",
    "a folder with a slash at its end": "manifests: accounts.d/\n",
    "PostgreSQL": "state: postgresql://db.example.com/mail\n",
    "an operator": "operator: {email: ops@example.com}\n",
    "a depth": "verification: {depth: {plan: auth, apply: offline}, domainChecks: off}\n",
    "a policy without a depth": "verification: {timeoutSeconds: 3}\n",
    "secrets": "secrets: {allow: ['env:*', 'file:secrets/**']}\n",
    "sources": "secrets:\n  sources: {vault: {command: [cat, '{key}']}}\n",
    "scopes": "scopes: [{manifests: accounts.d/**, senders: ['*@example.org']}]\n",
    "an anchor": "domains: {example.com: &known {dkimSelectors: [a]}, example.org: *known}\n",
}
NOT_TOLD_AT_A_GLANCE = {
    "environments": "environments: {staging: {state: 'sqlite:///s.db'}}\n",
    "no environments, named": "environments: {}\n",
    "consumers": "consumers: {rows: {kind: csv, path: rows.csv}}\n",
    "a key": "secrets: {fingerprintKey: {env: KEY}}\n",
    "a state that is a list": "state: [a]\n",
    "a state that is nothing": "state:\n",
    "manifests that are a number": "manifests: 7\n",
    "an operator without a text": "operator: {email: 7}\n",
    "an unknown depth": "verification: {depth: {plan: deepest}}\n",
    "a password in the address": "state: postgresql://mail:s3cret@db.example.com/mail\n",
    "two documents": "---\na: b\n",
    "a field twice": "manifests: a\nmanifests: b\n",
    "no YAML": "manifests: [a\n",
}
VARIABLES: tuple[dict[str, str], ...] = (
    {},
    {"CI": "true"},
    {"RECONCILER_TRUST_PROJECT": "never"},
    {"RECONCILER_OPERATOR": "anna@example.com"},
    {"GITHUB_ACTIONS": "true", "RECONCILER_OPERATOR": ""},
)
FLAGS = tuple(itertools.product((None, "sqlite:///of-the-flag.db"), (None, "otto@example.com"), (False, True)))


def at() -> datetime:
    """Return a moment."""
    return datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("more", TOLD_AT_A_GLANCE)
def test_what_a_glance_tells_is_what_opening_tells(tmp_path: Path, more: str) -> None:
    """With all flags and variables, in a repository and in none, both find the same place and the same depth of plans."""
    (tmp_path / "reconciler.yaml").write_text(PROJECT + TOLD_AT_A_GLANCE[more])
    for environ, (state, operator, trusts_project), _ in itertools.product(VARIABLES, FLAGS, range(2)):
        if trusts_project and "RECONCILER_TRUST_PROJECT" in environ:
            continue
        given: dict[str, Any] = {"project_file": None, "state": state, "operator": operator, "environ": environ}
        found = place_at_a_glance(tmp_path, **given, now=at, trusts_project=trusts_project)
        opened = open_workspace(tmp_path, **given, now=at, trusts_project=trusts_project)
        assert (opened.place, opened.project.verification.depth.plan) == found
        (tmp_path / ".git").mkdir(exist_ok=True)


@pytest.mark.parametrize("more", NOT_TOLD_AT_A_GLANCE)
def test_what_says_more_is_not_told_at_a_glance(tmp_path: Path, more: str) -> None:
    """Where more of the file decides, or it has to be checked first, a glance tells nothing."""
    (tmp_path / "reconciler.yaml").write_text(PROJECT + NOT_TOLD_AT_A_GLANCE[more])
    assert glance(tmp_path, {}) is None


@pytest.mark.parametrize("octets", [b"", b"\xff", b"- a\n", b"mail\n", b"\0", b"a: " + b"[" * 10_000])
def test_any_octets_in_the_place_of_a_project_file_are_taken_for_none(tmp_path: Path, octets: bytes) -> None:
    """Nothing is raised for what is no project file, nor for a folder or for nothing in its place."""
    (tmp_path / "reconciler.yaml").write_bytes(octets)
    assert glance(tmp_path, {}) is None
    (tmp_path / "reconciler.yaml").unlink()
    assert glance(tmp_path, {}) is None
    (tmp_path / "reconciler.yaml").mkdir()
    assert glance(tmp_path, {}) is None


@pytest.mark.parametrize(
    "environ", [{"RECONCILER_STATE": "sqlite:///a.db"}, {"RECONCILER_TRUST_PROJECT": "alwyas"}], ids=" ".join
)
def test_what_opening_remarks_on_or_refuses_is_not_told_at_a_glance(tmp_path: Path, environ: dict[str, str]) -> None:
    """A state that a variable names is remarked on, and a misspelt word of trust is an error: both when it is opened."""
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    assert glance(tmp_path, environ) is None


def glance(folder: Path, environ: dict[str, str]) -> object:
    """Return what a glance tells."""
    return place_at_a_glance(
        folder, project_file=None, state=None, operator=None, environ=environ, now=at, trusts_project=False
    )
