"""``reconciler consumers``: what each consumer is to have, and has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.completion import consumer_names
from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions


@click.group()
def consumers() -> None:
    """See which programs use what is applied, and whether each has it.

    \b
    Examples:
        reconciler consumers list
        reconciler consumers show mailhost
    """


@consumers.command("list")
@format_option("text", "json")
@click.pass_obj
def list_(options: GlobalOptions, format_: str) -> int:
    """List the consumers.

    Each with where it is, how many accounts it is to have, and whether it was given them.

    \b
    Examples:
        reconciler consumers list
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.consumers.view import view_consumers
    from reconciler.render.json.consumers import consumers_document
    from reconciler.render.text.consumers import consumers_text

    shown = view_consumers(workspace(options))
    if format_ == "json":
        put_json(consumers_document(shown))
        return 0
    rows = [(each.name, each.type, each.place, len(each.accounts), each.waiting, each.problem) for each in shown]
    put(consumers_text(rows, style=style_for(sys.stdout)))
    return 0


@consumers.command("show")
@click.argument("name", metavar="NAME", shell_complete=consumer_names)
@format_option("text", "json")
@click.pass_obj
def show(options: GlobalOptions, name: str, format_: str) -> int:
    """Show one consumer.

    Of each account: whether the consumer is to have it, was given it, since when, or why not. That is what state says. What the consumer really has is looked at by reconciler publish --check.

    \b
    Examples:
        reconciler consumers show mailhost
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.consumers.view import view_consumers
    from reconciler.render.json.consumers import consumers_document
    from reconciler.render.text.consumers import consumer_text

    (shown,) = view_consumers(workspace(options), name)
    if format_ == "json":
        put_json(consumers_document([shown]))
        return 0
    head = f"{shown.name} ({shown.type}) at {shown.place}; secrets: {shown.secrets}"
    if shown.problem is not None:
        head += f". {shown.problem}"
    rows = [(each.account, each.is_wanted, each.is_published, each.since, each.reason) for each in shown.accounts]
    put(consumer_text(head, rows, style=style_for(sys.stdout)))
    return 0


@consumers.command("conform")
@click.option(
    "--environment", metavar="GLOB", multiple=True, help="A variable that the command gets, too; a glob. Repeatable."
)
@format_option("text", "json")
@click.argument("command", metavar="COMMAND...", nargs=-1, required=True)
def conform(environment: tuple[str, ...], command: tuple[str, ...], format_: str) -> int:
    """Try a command of an exec consumer.

    Step by step it is tried whether the command keeps the protocol; its own options stand after --. It writes accounts that do not exist and takes them away again, so run it against a test instance. Needs no project.

    \b
    Examples:
        reconciler consumers conform --environment 'LISTS_*' /opt/lists
    """
    import os

    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for
    from reconciler.operations.consumers.conform import conform as try_all
    from reconciler.render.json.consumers import conformance_document
    from reconciler.render.text.consumers import conformance_text

    tried = try_all(command, environment, os.environ)
    if format_ == "json":
        put_json(conformance_document(tried.steps, tried.problem))
    else:
        put(conformance_text(tried.steps, style=style_for(sys.stdout)))
        tell(() if tried.problem is None else (tried.problem,))
    return 0 if tried.problem is None else 1
