"""`state roles`: the roles of a state in PostgreSQL, as the address of this project's state would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.store import is_postgres

if TYPE_CHECKING:
    from reconciler.model.roles import Role
    from reconciler.operations.workspace import Workspace


class StateRoles(FrozenByName):
    """The roles, and the statements that make them."""

    schema: str
    is_in_postgres: bool
    """Whether the state is in PostgreSQL; a file has no roles, and these are those that it would have there."""
    roles: tuple[Role, ...]
    statements: tuple[str, ...]


def state_roles(workspace: Workspace) -> StateRoles:
    """Return the roles; nothing is connected to."""
    from reconciler.store.address import DEFAULT_SCHEMA
    from reconciler.store.postgres.roles import PREFIX, ROLES, role_statements, schema_of

    is_there = is_postgres(workspace.state_url)
    schema = schema_of(workspace.trusted_state_url()) if is_there else DEFAULT_SCHEMA
    return StateRoles(
        schema=schema,
        is_in_postgres=is_there,
        roles=tuple(each.named(PREFIX, schema) for each in ROLES),
        statements=tuple(role_statements(schema)),
    )
