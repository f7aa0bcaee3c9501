"""Reading secrets for a run: what a person is asked for, what is read of an untrusted project, what is read once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import GuardRefused
from reconciler.operations.conversations.secrets import read_secrets
from reconciler.operations.opening import open_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.operations.workspace import Workspace

KEY = "k" * 40
SOURCES = (
    "sources: {vault: {command: [no-such-program, '{key}']}, all: {env: ALL, format: json}}, "
    "fingerprintKey: {env: FINGERPRINT_KEY}"
)


def workspace(folder: Path, **environ: str) -> Workspace:
    """Return a project with two sources and a named key."""
    head = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: mail}\n"
    (folder / "reconciler.yaml").write_text(f"{head}secrets: {{{SOURCES}}}\n", encoding="utf-8")
    return open_workspace(
        folder,
        project_file=None,
        state=None,
        operator=None,
        environ={"FINGERPRINT_KEY": KEY, **environ},
        now=lambda: datetime(2026, 9, 1, tzinfo=UTC),
    )


def test_a_person_is_asked_for_what_any_source_lacks(tmp_path: Path) -> None:
    """A missing variable, a command that fails and a bulk source without the key are asked for; what is wrong is not."""
    (tmp_path / "link").symlink_to("/etc/hostname")
    place = workspace(tmp_path, ALL='{"there": "v"}', SMTP_EMPTY="")
    wanted = ["env:SMTP_A", "vault:a", "all:b", "all:there", "file:link", "env:SMTP_EMPTY"]
    asked: list[str] = []

    def ask(reference: str) -> str | None:
        asked.append(reference)
        return None if reference == "all:b" else "typed"

    found = read_secrets(place, wanted, depth="auth", ask=ask)
    assert ["all:b", "env:SMTP_A", "vault:a"] == asked
    assert {"all:there": "v", "env:SMTP_A": "typed", "vault:a": "typed"} == {
        reference: value.reveal() for reference, value in found.values.items()
    }
    assert {"all:b": "secretMissing", "env:SMTP_EMPTY": "secretInvalid", "file:link": "secretNotAllowed"} == {
        reference: problem.code for reference, problem in found.unreadable.items()
    }
    assert found.values.keys() == found.fingerprints.keys()


def test_an_untrusted_project_is_not_read_for(tmp_path: Path) -> None:
    """In CI nothing is read by the word of a project file in the checkout, its own key neither."""
    place = workspace(tmp_path, CI="1", SMTP_A="a")
    found = read_secrets(place, ["env:SMTP_A"], depth="auth", ask=lambda _: "typed")
    assert {} == found.values
    assert found.are_withheld is True
    assert found.key is None
    offline = read_secrets(place, ["env:SMTP_A"], depth="offline")
    assert (False, False) == (offline.were_read, offline.are_withheld)
    with pytest.raises(GuardRefused) as refused:
        place.fingerprint_key(place.secret_reader())
    assert ["projectNotTrusted"] == [problem.code for problem in refused.value.diagnostics]


def test_the_key_of_a_plan_that_reads_nothing(tmp_path: Path) -> None:
    """An offline plan is sealed with the plan key, or the key file beside the state; a named key is a secret."""
    assert workspace(tmp_path).keyless_seal_key() is None
    sealed = workspace(tmp_path, RECONCILER_PLAN_KEY="p" * 40).keyless_seal_key()
    assert sealed is not None
    assert b"p" * 40 == sealed.octets


def test_a_run_has_one_reader(tmp_path: Path) -> None:
    """What one part of a run has read, another does not read again."""
    place = workspace(tmp_path)
    assert place.secret_reader() is place.secret_reader()


def test_no_program_of_the_repository_runs(tmp_path: Path) -> None:
    """Beside the project folder, but in its repository, a program is the pull request's as well."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "mail").mkdir()
    program = tmp_path / "no-such-program"
    program.write_text("#!/bin/sh\necho taken\n", encoding="ascii")
    program.chmod(0o755)
    place = workspace(tmp_path / "mail", PATH=str(tmp_path))
    found = read_secrets(place, ["vault:a"], depth="auth")
    assert "lies in the checkout" in found.unreadable["vault:a"].detail
    (tmp_path / ".git").rmdir()
    found = read_secrets(workspace(tmp_path / "mail", PATH=str(tmp_path)), ["vault:a"], depth="auth")
    assert "taken" == found.values["vault:a"].reveal()
