"""``reconciler schema``: the JSON Schemas, for editors and for whoever reads what is printed."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", metavar="NAME", type=click.Choice(("account", "project", "plan", "resolution", "send")))
def schema(name: str) -> int:
    """Print the JSON Schema NAME: account, project, plan, resolution or send.

    The first two are for editors: of manifests, and of the project file. The others tell what plan, resolve and send
    print as JSON.

    \b
    Examples:
        reconciler schema account > .schemas/account.schema.json
        reconciler schema project > .schemas/project.schema.json
    """
    from reconciler.cli.output import put
    from reconciler.model.schema.schemas import schema_text

    put(schema_text(f"{name}.schema.json"))
    return 0
