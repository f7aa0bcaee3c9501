"""``reconciler state``."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions


@click.group()
def state() -> None:
    """Make and look after the state."""


@state.command("init")
@click.pass_obj
def init(options: GlobalOptions) -> int:
    """Make the state of this project, and beside a SQLite file the key of fingerprints.

    A state that is there already is left as it is.

    \b
    Example:
        reconciler state init
    """
    from reconciler.cli.output import put
    from reconciler.cli.session import workspace
    from reconciler.operations.state import init_state

    made = init_state(workspace(options), lineage=str(uuid.uuid4()))
    if made.was_made:
        put(f"Made the state {made.lineage}. Keep it and its fingerprint key out of git.\n")
    else:
        put(f"The state {made.lineage} is there already; nothing was changed.\n")
    return 0
