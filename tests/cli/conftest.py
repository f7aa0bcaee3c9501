"""A test CA for all tests of the command line, mail servers, and projects."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from reconciler.operations.conversations.queue import converse
from reconciler.verification import USUAL_RETRIES
from tests.cli.mailing import (
    CONTACTS,
    EML,
    OVERRIDE,
    PLATFORM_PASSWORD,
    PLATFORM_USER,
    PLATFORM_VARIABLE,
    declare,
)
from tests.cli.project import PASSWORD, USER, VARIABLE, Project, marketing_account, own_account
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer, Refusals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def ca() -> TestCA:
    """Return the CA that the tests' servers have their certificates from."""
    return TestCA()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again as often as ever, but soon; the pauses themselves are what tests/verification/test_retries is about."""
    soon = replace(USUAL_RETRIES, first_pause_seconds=0.01)
    monkeypatch.setattr("reconciler.operations.conversations.run.converse", partial(converse, retries=soon))


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Run a mail server that encrypts nothing, on the loopback interface, where that is allowed."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as running:
        yield running


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """Return a project without state and without accounts, the password in its variable."""
    made = Project(tmp_path / "mail", monkeypatch, capsys)
    made.set_variable(VARIABLE, PASSWORD)
    return made


@pytest.fixture
def project(bare: Project) -> Project:
    """Return a project with state and without accounts."""
    bare.init()
    return bare


@pytest.fixture
def platform() -> Iterator[MailServer]:
    """Run the platform's server, which knows one recipient that it refuses."""
    refusals = Refusals(recipients={"no@example.net": "550 5.1.1 no such user"})
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}, refusals=refusals) as running:
        yield running


@pytest.fixture
def sending(project: Project, server: MailServer, platform: MailServer) -> Project:
    """Return a project with an own account, sales, and a marketing account, news, both active, and a message."""
    declare(project, platform)
    project.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news") + OVERRIDE)
    project.run_well("apply", "--auto-approve", "--depth", "auth")
    project.run_well("approve", "news")
    server.messages.clear()
    platform.messages.clear()
    (project.folder / "june.eml").write_bytes(EML.encode())
    (project.folder / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    return project
