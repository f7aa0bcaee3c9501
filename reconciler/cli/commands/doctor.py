"""``reconciler doctor``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions


@click.command()
@format_option("text", "json")
@click.pass_obj
def doctor(options: GlobalOptions, format_: str) -> int:
    """Look at the ground that everything stands on: one page to paste into a report.

    State, keys, git, clock, name servers, versions, and whether the declared mail servers take a connection from here on
    ports 25, 465 and 587. No secret, user name or account is in it, and no other host is contacted. The exit code is 1
    where something is wrong.

    \b
    Examples:
        reconciler doctor
        reconciler doctor --format json
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.doctor import examine
    from reconciler.render.text.doctor import examined_document, examined_text

    examined = examine(workspace(options))
    if format_ == "json":
        put_json(examined_document(examined))
    else:
        put(examined_text(examined, style=style_for(sys.stdout)))
    return 1 if any(each.standing == "bad" for each in examined) else 0
