"""The reference page of commands, read from the command line's own definitions."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import CommandWithMore, reconciler
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
        for name, below in group.more.items() if isinstance(group, CommandWithMore) else ():
            yield click.Context(below, info_name=f"{context.info_name} {name}", parent=context.parent)
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield from leaf_commands(click.Context(command, info_name=name, parent=context))


def _section(context: click.Context) -> str:
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    return "\n\n".join(
        [
            f"## {context.command_path}",
            f"```sh\n{usage}\n```",
            _as_markdown(inspect.cleandoc(context.command.help or "")),
            _parameter_table(context),
        ]
    )


def _as_markdown(help_text: str) -> str:
    """Return a help text with its examples, which click keeps as they are after a line of backspace, as a block."""
    prose, _, examples = help_text.partition("\b\n")
    if not examples:
        return prose
    heading, _, commands = examples.partition("\n")
    return f"{prose}{heading}\n\n```sh\n{inspect.cleandoc(commands)}\n```"


def _parameter_table(context: click.Context) -> str:
    options = (parameter for parameter in context.command.params if isinstance(parameter, click.Option))
    records = (option.get_help_record(context) for option in options)
    rows = [(f"`{record[0]}`", record[1]) for record in records if record]
    return table(("option", "meaning"), rows)
