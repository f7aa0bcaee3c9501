"""Killed while it publishes: every file is the old one or the new one, the next run finishes, each is told once."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import VARIABLE, Project, own_account
from tests.support.mailserver import MailServer
from tests.system.support.applying import seconds_to_the_end, wait
from tests.system.support.forked import Forked

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

KILLS = 100
FILES = ("sasl_passwd", "tls_policy", "transport")
SECOND = "SMTP_SECOND_PASSWORD"


@pytest.fixture
def published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Project, Path]]:
    """Return a project with two accounts that are published as maps of Postfix, and the folder of the maps."""
    maps = tmp_path / "maps"
    users = {"sales@example.com": "one password", "second@example.com": "another password"}
    with MailServer(encryption="none", users=users) as server:
        project = Project(tmp_path / "mail", monkeypatch, capsys)
        project.write_project(
            f"consumers:\n  box: {{type: postfix, path: {maps}, accounts: ['*'], maps: texthash}}\n"
            f"secrets:\n  grants: [{{secret: 'env:SMTP_*', consumer: {{name: box, path: {maps}}}}}]\n"
        )
        project.init()
        project.set_variable(VARIABLE, "one password")
        project.set_variable(SECOND, "another password")
        project.write_account("sales", own_account("sales", server))
        second = own_account("second", server, email="second@example.com", username="second@example.com", secret=f"{{env: {SECOND}}}")  # fmt: skip
        project.write_account("second", second)
        project.run_well("apply", "--auto-approve")
        yield project, maps


def contents(maps: Path) -> dict[str, str]:
    """Return the text of each map."""
    return {name: (maps / name).read_text(encoding="utf-8") for name in FILES}


def turn(project: Project, *, is_on: bool) -> None:
    """Suspend or resume sales where nothing is published, so that it is left to the next publication."""
    project.set_variable("RECONCILER_TRUST_PROJECT", "never")
    words = ("resume", "sales") if is_on else ("suspend", "sales", "--reason", "x")
    assert 6 == project.run(*words).code
    project.unset_variable("RECONCILER_TRUST_PROJECT")


def publications(project: Project) -> int:
    """Return how many publications the journal, which must hold, tells of."""
    return [event for event, _ in project.journal()].count("publish")


def require_order(maps: Path) -> None:
    """Require that no route leads to an account whose password is not there: at no moment is mail sent without one."""
    found = contents(maps)
    for line in found["transport"].splitlines():
        if not line.startswith("#"):
            assert line.partition(" ")[0] in found["sasl_passwd"], "a route without a password"


def finish(project: Project, maps: Path, wanted: dict[str, str], told: int) -> None:
    """Run the next publication, and require that all is as it is to be, with nothing left beside it."""
    project.run_well("publish")
    assert wanted == contents(maps)
    assert sorted(FILES) == sorted(path.name for path in maps.iterdir())
    assert told == publications(project)
    project.run_well("publish")
    assert told == publications(project)


@pytest.mark.parametrize("removes", [True, False], ids=["removal", "addition"])
def test_killed_at_each_step(published: tuple[Project, Path], *, removes: bool) -> None:
    """Before each write, rename, removal and transaction."""
    project, maps = published
    states = {True: contents(maps)}
    turn(project, is_on=False)
    project.run_well("publish")
    states[False] = contents(maps)
    was, is_to_be = states[removes], states[not removes]
    told = publications(project)
    for step in range(1, 100):
        if removes or step > 1:
            turn(project, is_on=removes)
            told += 1
            finish(project, maps, was, told)
        turn(project, is_on=not removes)
        code = Forked(project.folder, "publish", steps=step).wait()
        found = contents(maps)
        between = {name for name, text in found.items() if text not in {was[name], is_to_be[name]}}
        assert set() == between - {"sasl_passwd", "tls_policy"}, "neither the old file nor the new one"
        require_order(maps)
        told += 1
        finish(project, maps, is_to_be, told)
        if code == 0:
            return
        assert -signal.SIGKILL == code
    raise AssertionError("it never came to its end")


def test_killed_at_random_moments(published: tuple[Project, Path], moments: random.Random) -> None:
    """A hundred times, wherever it happens to be."""
    project, maps = published
    states = {True: contents(maps)}
    turn(project, is_on=False)
    first = Forked(project.folder, "publish")
    usual_seconds = seconds_to_the_end(first)
    assert 0 == first.returncode
    states[False] = contents(maps)
    told, is_on, killed = publications(project), False, 0
    for _ in range(KILLS):
        is_on = not is_on
        turn(project, is_on=is_on)
        began = time.monotonic()
        publishing = Forked(project.folder, "publish")
        wait(publishing, usual_seconds * 1.1 * moments.random())
        if publishing.kill():
            killed += 1
        else:
            usual_seconds = time.monotonic() - began  # the first run may have been slow
        require_order(maps)
        told += 1
        finish(project, maps, states[is_on], told)
    print(f"{killed} killed")  # noqa: T201 - the record
    assert killed > KILLS // 4
