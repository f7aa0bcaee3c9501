"""``state roles``: what each role of PostgreSQL may do, in words, as statements and as a document; nothing is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.store.postgres.roles import ROLES

if TYPE_CHECKING:
    from tests.cli.project import Project

ELSEWHERE = "postgresql://db.invalid/mail?schema=senders_of_us"


def test_each_role_is_told_with_its_grants(project: Project) -> None:
    """The text names every role, what it is for and each grant."""
    outcome = project.run_well("state", "roles")
    told = " ".join(outcome.out.split())
    assert [] == [each.name for each in ROLES if f"reconciler_{each.name}: {each.does}" not in told]
    grants = [grant.format(schema="reconciler") for each in ROLES for grant in each.grants]
    assert [] == [grant for grant in grants if f"GRANT {grant}" not in told]


@pytest.mark.parametrize("form", ["sql", "json"])
def test_statements_are_for_the_schema_of_the_address(project: Project, form: str) -> None:
    """As SQL a statement a line, as a document the same; the server need not be there."""
    outcome = project.run_well("--state", ELSEWHERE, "state", "roles", "--format", form)
    statements = outcome.out.splitlines() if form == "sql" else outcome.document["statements"]
    assert f"GRANT SELECT ON senders_of_us.senders TO reconciler_lookup{';' if form == 'sql' else ''}" in statements
    assert "reconciler." not in outcome.out
