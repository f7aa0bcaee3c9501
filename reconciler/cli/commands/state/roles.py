"""``reconciler state roles``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions


@click.command()
@format_option("text", "sql", "json")
@click.pass_obj
def roles(options: GlobalOptions, format_: str) -> int:
    """Print the roles of a state in PostgreSQL: what each may do, and the grants for it.

    As SQL these are statements for whoever owns the tables, or an administrator, to run after state init and after
    each state migrate; they can be run again. Nothing is connected to. Whoever works with the state logs in by a name
    of its own, which is made a member of a role.

    \b
    Examples:
        reconciler state roles
        reconciler state roles --format sql
    """
    from reconciler.cli.output import hint, put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.state.roles import state_roles
    from reconciler.render.text.state import care_document, roles_text

    found = state_roles(workspace(options, needs_project=False))
    if format_ == "json":
        told = [{"name": each.name, "does": each.does, "grants": list(each.grants)} for each in found.roles]
        put_json(care_document({"schema": found.schema, "roles": told, "statements": list(found.statements)}))
    elif format_ == "sql":
        put("".join(f"{statement};\n" for statement in found.statements))
    else:
        put(roles_text(found.roles, style=style_for(sys.stdout)))
    if not found.is_in_postgres and format_ != "json":
        hint(
            "This state is a file, and whoever may write it may do everything. In PostgreSQL it would have these roles."
        )
    return 0
