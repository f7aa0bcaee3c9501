"""``reconciler schema``: the JSON Schemas, for editors and for whoever reads what is printed."""

from __future__ import annotations

import click


@click.command()
@click.argument(
    "name",
    metavar="NAME",
    type=click.Choice(("account", "overlay", "project", "plan", "resolution", "send", "status", "log")),
)
def schema(name: str) -> int:
    """Print the JSON Schema NAME: account, overlay, project, plan, resolution, send, status or log.

    The first three are for editors: of manifests, of an environment's overlays, and of the project file. The others tell
    what plan, resolve, send and status print as JSON, and what a line of --log-format json is.

    \b
    Examples:
        reconciler schema account > .schemas/account.schema.json
        reconciler schema project > .schemas/project.schema.json
    """
    from reconciler.cli.output import put
    from reconciler.model.schema.schemas import schema_text

    put(schema_text(f"{name}.schema.json"))
    return 0
