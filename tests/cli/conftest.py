"""A test CA for all tests of the command line, a mail server, and a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, USER, VARIABLE, Project
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def ca() -> TestCA:
    """Return the CA that the tests' servers have their certificates from."""
    return TestCA()


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
