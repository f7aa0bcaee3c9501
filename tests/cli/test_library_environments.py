"""Programs that send as an account of an environment: its state is enough, since it records whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import reconciler
from tests.cli.test_environments import both

if TYPE_CHECKING:
    from tests.cli.project import Project
    from tests.support.mailserver import MailServer

__all__ = ["both"]


@pytest.mark.parametrize("has_project", [False, True])
@pytest.mark.parametrize(("environment", "expected"), [("staging", "Staging Sales"), ("production", "Example Sales")])
def test_a_sender_comes_from_the_state_that_is_named(
    both: Project, server: MailServer, environment: str, expected: str, *, has_project: bool
) -> None:
    """With the project folder, whose file has environments, and without it; it connects either way."""
    both.run_well("--env", environment, "apply", "--auto-approve")
    address = f"sqlite:///{both.folder / '.reconciler' / f'{environment}.db'}"
    place, chosen = (both.folder, environment) if has_project else (None, None)
    (found,) = reconciler.senders(address, project_dir=place, environment=chosen)
    assert (expected, True) == (found.display_name, found.is_active)
    with reconciler.sender(address, "sales", project_dir=place, environment=chosen).connect() as smtp:
        assert 250 == smtp.noop()[0]


def test_the_state_of_another_environment_is_refused(both: Project) -> None:
    """What a program says of the environment is compared with what the state records; saying nothing is told."""
    both.run_well("--env", "staging", "apply", "--auto-approve")
    address = f"sqlite:///{both.folder / '.reconciler' / 'staging.db'}"
    for chosen in ("production", "elsewhere", None):
        with pytest.raises(reconciler.ReconcilerError):
            reconciler.senders(address, project_dir=both.folder, environment=chosen)
