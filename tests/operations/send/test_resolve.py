"""A run over contacts that ends early: what was given stands, and the end says why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.model.mail.contacts import Contact
from reconciler.operations.opening import open_workspace
from reconciler.operations.send.resolve import resolve_contacts
from tests.cli.conftest import bare, project
from tests.cli.project import marketing_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.project import Project

__all__ = ["bare", "project"]


def _until_the_disk_fails() -> Iterator[Contact]:
    yield Contact(email="anna@example.org")
    raise InvalidInput(error("fileUnreadable", "The contacts cannot be read: input/output error."))


def test_a_file_that_fails_on_the_way_is_told_at_the_end(project: Project) -> None:
    """Where reading fails after some contacts, those are given and counted, and the problem is an error at the end."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    workspace = open_workspace(
        project.folder, project_file=None, state=None, operator=None, environ={}, now=lambda: datetime.now(UTC)
    )
    resolving = resolve_contacts(workspace, "news", contacts=_until_the_disk_fails(), file="contacts.csv")
    assert ["anna@example.org"] == [resolution.contact for resolution in resolving.resolutions]
    assert 1 == resolving.tally.summary.send
    assert ["fileUnreadable", "accountNotActive"] == [problem.code for problem in resolving.diagnostics()]
