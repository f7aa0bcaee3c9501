"""The reference page of commands, read from the command line's own definitions."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import reconciler
from tools.markdown import page, table

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "reconciler"


def commands_page() -> str:
    """Return the page: global options, then each command with its arguments and options."""
    root = click.Context(reconciler, info_name=PROGRAM)
    return page(
        "Commands",
        f"`{PROGRAM} [OPTIONS] COMMAND`. Results go to standard output, everything else to standard error. "
        "What the exit codes mean: [exit codes](exit-codes.md).",
        f"## Options of every command\n\n{_parameter_table(root)}",
        *(_section(context) for context in leaf_commands(root)),
    )


def leaf_commands(context: click.Context) -> Iterator[click.Context]:
    """Yield the context of every command that does something, in the order of ``--help``; hidden ones are left out."""
    group = context.command
    if not isinstance(group, click.Group):
        yield context
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield from leaf_commands(click.Context(command, info_name=name, parent=context))


def _section(context: click.Context) -> str:
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    help_text = inspect.cleandoc(context.command.help or "").replace("\b\n", "")
    return f"## {context.command_path}\n\n{help_text}\n\n```sh\n{usage}\n```\n\n{_parameter_table(context)}"


def _parameter_table(context: click.Context) -> str:
    records = (parameter.get_help_record(context) for parameter in context.command.get_params(context))
    rows = [(f"`{record[0]}`", record[1]) for record in records if record]
    return table(("option", "meaning"), rows)
